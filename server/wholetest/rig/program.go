package rig

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Program is the path of the built binary.
type Program string

// Build builds the program into a folder. The error holds what the compiler said.
func Build(ctx context.Context, folder string) (Program, error) {
	path := filepath.Join(folder, "parkbff")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "parkbff/server/cmd/parkbff")
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, said)
	}
	return Program(path), nil
}
