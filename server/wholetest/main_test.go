// Package wholetest proves what only the whole program can show: the built binary is started on folders
// and databases of its own, spoken to over loopback, killed and started again.
package wholetest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"parkbff/server/wholetest/rig"
	"parkbff/server/wholetest/storm"
)

// program is built once, before any test.
var program rig.Program

func TestMain(m *testing.M) {
	if rig.Played(rig.BusNode, storm.Listener) {
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "parkbff-program-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if program, err = rig.Build(context.Background(), folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
