// Command conformance shows the running program to the clients that the rest of the world uses: the audits
// of graphql-http, scenarios of which the reference server of graphql-ws says how they end (docs/close-codes.md),
// the npm client graphql-sse in both of its modes, and the npm client graphql-ws, which receives 1,000 notices
// through 20 TCP resets.
//
//	go run ./server/wholetest/cmd/conformance
//
// It needs Node and npm; `npm ci` fetches what server/ws/conformance/package-lock.json pins. The server it
// starts has a data folder of its own, which is removed in the end.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"parkbff/server/wholetest/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := conform(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func conform(ctx context.Context) (err error) {
	scripts, err := openScripts(ctx)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "parkbff-conformance-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	house, err := open(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Stop()) }()
	if err := scripts.audit(ctx, house); err != nil {
		return err
	}
	if err := scripts.auditProduction(ctx, house.Program, folder); err != nil {
		return err
	}
	if err := scripts.speakProtocols(ctx, house); err != nil {
		return err
	}
	return scripts.receiveNotices(ctx, house)
}

func open(ctx context.Context, folder string) (*rig.House, error) {
	program, err := rig.Build(ctx, folder)
	if err != nil {
		return nil, err
	}
	lots, err := rig.WriteLots(folder)
	if err != nil {
		return nil, err
	}
	house := &rig.House{Program: program, Data: filepath.Join(folder, "data")}
	return house, house.Start(ctx, "--lots", lots)
}

// scripts is the folder of the Node programs.
type scripts string

// openScripts installs what they need, when that is not done yet.
func openScripts(ctx context.Context) (scripts, error) {
	module, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	s := scripts(filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), "server", "ws", "conformance"))
	return s, s.run(ctx, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
}

func (s scripts) run(ctx context.Context, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = string(s)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, args[0], err)
	}
	return nil
}
