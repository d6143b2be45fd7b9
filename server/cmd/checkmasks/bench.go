package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

var failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// bench builds tests with guards that can be taken away, and runs them.
type bench struct {
	root     string // of the module
	folder   string // for what is built and laid over it
	copied   string // the copy of the module in which the generator runs; empty: none yet
	switched string // the overlay with all switches; empty: none yet
	built    map[string]bool
	sound    map[tests]bool // those that pass while no guard is missing
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
	return &bench{root: filepath.Dir(strings.TrimSpace(string(out))), folder: folder, built: map[string]bool{}, sound: map[tests]bool{}}, nil
}

func (b *bench) close() { _ = os.RemoveAll(b.folder) }

// try takes a guard away and answers the first test that failed, or none. An error says that the tests could
// not be run, or fail anyhow.
func (b *bench) try(ctx context.Context, m mutation) (failed string, err error) {
	if m.remove != nil {
		return b.tryRemoval(ctx, m)
	}
	for _, those := range m.killer {
		binary, err := b.switchboard(ctx, those)
		if err != nil {
			return "", err
		}
		if failed, err = b.run(ctx, binary, those, m.name); failed != "" || err != nil {
			return failed, err
		}
	}
	return "", nil
}

func (b *bench) tryRemoval(ctx context.Context, m mutation) (failed string, err error) {
	changed, err := b.regenerated(ctx, *m.remove)
	if err != nil {
		return "", err
	}
	overlay, err := b.overlay("removed.json", changed)
	if err != nil {
		return "", err
	}
	for _, those := range m.killer {
		if _, err := b.switchboard(ctx, those); err != nil {
			return "", err
		}
		binary, err := b.build(ctx, those.pkg, "removed", overlay)
		if err != nil {
			return "", err
		}
		if failed, err = b.run(ctx, binary, those, ""); failed != "" || err != nil {
			return failed, err
		}
	}
	return "", nil
}

// switchboard answers a package's tests with every guard under a switch. Those asked for pass with none off.
func (b *bench) switchboard(ctx context.Context, those tests) (binary string, err error) {
	if b.switched == "" {
		if b.switched, err = b.layOver(); err != nil {
			return "", err
		}
	}
	binary = filepath.Join(b.folder, "switched-"+filepath.Base(those.pkg)+".test")
	if !b.built[binary] {
		if binary, err = b.build(ctx, those.pkg, "switched", b.switched); err != nil {
			return "", err
		}
		b.built[binary] = true
	}
	if b.sound[those] {
		return binary, nil
	}
	failed, err := b.run(ctx, binary, those, "")
	if failed != "" {
		err = fmt.Errorf("%s fails already: the tests must pass before a guard is taken away", failed)
	}
	b.sound[those] = err == nil
	return binary, err
}

// layOver writes all sources with switches, and answers the overlay.
func (b *bench) layOver() (overlay string, err error) {
	changed, written := map[string]string{}, map[string]string{}
	for _, s := range switches {
		if written[s.file] != "" {
			continue
		}
		source, err := os.ReadFile(filepath.Join(b.root, s.file))
		if err != nil {
			return "", fmt.Errorf("read what guards: %w", err)
		}
		if written[s.file], err = switchable(s.file, string(source)); err != nil {
			return "", err
		}
	}
	for folder, helper := range helpers {
		written[folder+"/checkmasks_switches.go"] = helper
	}
	for name, source := range written {
		lie := filepath.Join(b.folder, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(lie, []byte(source), 0o600); err != nil {
			return "", fmt.Errorf("write the switches: %w", err)
		}
		changed[filepath.Join(b.root, name)] = lie
	}
	return b.overlay("switches.json", changed)
}

func (b *bench) overlay(name string, replace map[string]string) (path string, err error) {
	list, err := json.Marshal(map[string]any{"Replace": maps.Clone(replace)})
	path = filepath.Join(b.folder, name)
	if err = errors.Join(err, os.WriteFile(path, list, 0o600)); err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	return path, nil
}

func (b *bench) build(ctx context.Context, pkg, kind, overlay string) (binary string, err error) {
	binary = filepath.Join(b.folder, kind+"-"+filepath.Base(pkg)+".test")
	command := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, "./"+pkg)
	command.Dir = b.root
	if out, err := command.CombinedOutput(); err != nil {
		return "", errors.Join(fmt.Errorf("build the tests of %s: %w", pkg, err), errors.New(string(out)))
	}
	return binary, nil
}

// run runs tests with one guard switched off and answers the first that failed, or none.
func (b *bench) run(ctx context.Context, binary string, those tests, off string) (failed string, err error) {
	command := exec.CommandContext(ctx, binary, "-test.failfast", "-test.timeout=10m", "-test.run", those.run)
	command.Dir = filepath.Join(b.root, those.pkg)
	command.Env = append(os.Environ(), variable+"="+off)
	out, err := command.CombinedOutput()
	if err == nil {
		return "", nil
	}
	if found := failedTest.FindSubmatch(out); found != nil {
		return string(found[1]), nil
	}
	return "", errors.Join(err, errors.New(string(out)))
}
