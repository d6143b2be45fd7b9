package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// packages whose tests must miss a guard: those that go through the running API, the quicker first.
var packages = []string{"parkbff/server", "parkbff/server/twoworld"}

// onSQLite runs the subtests of one engine, and tests that have none: masks know nothing of the store.
const onSQLite = "./sqlite"

var failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// bench runs the tests with guards taken away.
type bench struct {
	root   string // of the module
	folder string // for what is laid over it
}

func newBench(ctx context.Context) (*bench, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("find the module: %w", err)
	}
	folder, err := os.MkdirTemp("", "checkmasks-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	return &bench{root: filepath.Dir(strings.TrimSpace(string(out))), folder: folder}, nil
}

func (b *bench) close() { _ = os.RemoveAll(b.folder) }

// test runs the tests without a guard, or with all of them, and answers the first that failed, or none.
// An error says that they could not be run.
func (b *bench) test(ctx context.Context, taken *guard) (failed string, err error) {
	args := []string{"test", "-count=1", "-failfast", "-run", onSQLite}
	if taken != nil {
		overlay, err := b.overlay(*taken)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	for _, pkg := range packages {
		if failed, err = b.run(ctx, append(args, pkg)...); failed != "" || err != nil {
			break
		}
	}
	return failed, err
}

func (b *bench) run(ctx context.Context, args ...string) (failed string, err error) {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = b.root
	out, err := command.CombinedOutput()
	if err == nil {
		return "", nil
	}
	if found := failedTest.FindSubmatch(out); found != nil {
		return string(found[1]), nil
	}
	return "", errors.Join(err, errors.New(string(out)))
}

// overlay writes the changed source and the file that lays it over the true one.
func (b *bench) overlay(g guard) (path string, err error) {
	truth := filepath.Join(b.root, "graph", "directive", sources[g.directive].file)
	source, err := os.ReadFile(truth)
	if err != nil {
		return "", fmt.Errorf("read the directive: %w", err)
	}
	changed, err := without(string(source), g)
	if err != nil {
		return "", err
	}
	lie := filepath.Join(b.folder, g.coordinate()+"."+g.directive+".go")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{truth: lie}})
	if err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	path = lie + ".json"
	if err := errors.Join(os.WriteFile(lie, []byte(changed), 0o600), os.WriteFile(path, list, 0o600)); err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	return path, nil
}
