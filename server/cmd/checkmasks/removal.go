package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// removal takes a directive out of the SDL.
type removal struct {
	guard guard
	file  string
}

// removals are of each way of guarding one: a half name, nothing, a part of the day, a plate, a list.
var removals = []removal{
	{guard{"ParkingSession", "lotName", "mask"}, "graph/schema/parking.graphql"},
	{guard{"ParkingSession", "lot", "mask"}, "graph/schema/parking.graphql"},
	{guard{"ParkingSession", "exitedAt", "mask"}, "graph/schema/parking.graphql"},
	{guard{"Notice", "plate", "mask"}, "graph/schema/notice.graphql"},
	{guard{"Lot", "sessions", "requires"}, "graph/schema/lot.graphql"},
}

// from answers an SDL without the directive.
func (r removal) from(sdl string) (string, error) {
	start := strings.Index(sdl, "\ntype "+r.guard.typ+" ")
	if start < 0 {
		return "", fmt.Errorf("%s has no type %s", r.file, r.guard.typ)
	}
	end := start + strings.Index(sdl[start:], "\n}")
	line := regexp.MustCompile(`(?m)^(  ` + r.guard.field + `(?:: [^@\n]*|\([^)]*\): [^@\n]*)) @` + r.guard.directive + `\([^)]*\)`)
	within := line.ReplaceAllString(sdl[start:end], "$1")
	if within == sdl[start:end] {
		return "", fmt.Errorf("%s is not in %s", r.guard, r.file)
	}
	return sdl[:start] + within + sdl[end:], nil
}

// regenerated is what stands differently after the directive was taken out of the SDL and everything was
// generated anew, in a copy of the module: the paths of the changed files there, by their true paths.
func (b *bench) regenerated(ctx context.Context, r removal) (map[string]string, error) {
	if err := b.copyModule(ctx); err != nil {
		return nil, err
	}
	path := filepath.Join(b.copied, r.file)
	sdl, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the SDL: %w", err)
	}
	without, err := r.from(string(sdl))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, []byte(without), 0o600); err != nil {
		return nil, fmt.Errorf("write the SDL: %w", err)
	}
	defer func() { _ = os.WriteFile(path, sdl, 0o600) }()
	command := exec.CommandContext(ctx, "go", "run", "./graph/gen")
	command.Dir = b.copied
	if out, err := command.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("generate: %w", err), errors.New(string(out)))
	}
	return b.differences()
}

// copyModule copies what belongs to the module, once.
func (b *bench) copyModule(ctx context.Context) error {
	if b.copied != "" {
		return nil
	}
	command := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	command.Dir = b.root
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("list the module's files: %w", err)
	}
	into := filepath.Join(b.folder, "module")
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(b.root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, but not yet for git
		}
		target := filepath.Join(into, name)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(target), 0o700), os.WriteFile(target, content, 0o600)); err != nil {
			return fmt.Errorf("copy the module: %w", err)
		}
	}
	b.copied = into
	return nil
}

// differences compares what is generated in the copy with the true files. What the executor is made of and
// the contract are all that a directive can change.
func (b *bench) differences() (map[string]string, error) {
	changed := map[string]string{}
	for _, folder := range []string{"graph/generated", "graph/contract", "graph/model", "graph/schema"} {
		files, err := os.ReadDir(filepath.Join(b.copied, folder))
		if err != nil {
			return nil, fmt.Errorf("compare what was generated: %w", err)
		}
		for _, file := range files {
			if file.IsDir() {
				continue
			}
			truth, lie := filepath.Join(b.root, folder, file.Name()), filepath.Join(b.copied, folder, file.Name())
			was, errWas := os.ReadFile(truth)
			is, errIs := os.ReadFile(lie)
			if err := errors.Join(errWas, errIs); err != nil {
				return nil, fmt.Errorf("compare what was generated: %w", err)
			}
			if string(was) != string(is) {
				changed[truth] = lie
			}
		}
	}
	if len(changed) == 0 {
		return nil, errors.New("the generator makes the same without the directive")
	}
	return changed, nil
}
