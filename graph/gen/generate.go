package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"
)

const readable = 0o644

// generate composes the contract, runs gqlgen, makes its executor serial and compiles the result.
func generate(settings, contracts string) error {
	cfg, err := config.LoadConfig(settings)
	if err != nil {
		return err
	}
	if err := writeContract(contracts, cfg.Sources); err != nil {
		return err
	}
	sources := cfg.Sources

	// go.mod is kept by hand, and the executor is compiled once, when it is in its last form.
	cfg.SkipModTidy, cfg.SkipValidation = true, true
	if err := api.Generate(cfg); err != nil {
		return fmt.Errorf("running gqlgen: %w", err)
	}
	if err := removeStale(cfg.Exec, sources); err != nil {
		return err
	}
	if err := serializeFolder(cfg.Exec.Dir()); err != nil {
		return err
	}
	return compile(cfg.Exec.Dir())
}

func writeContract(files string, sources []*ast.Source) error {
	if files == "" {
		return nil
	}
	text, err := compose(sources)
	if err != nil {
		return err
	}
	for file := range strings.SplitSeq(files, ",") {
		if err := writeChanged(file, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// removeStale deletes what gqlgen once made of an SDL file that is gone; gqlgen itself leaves it, and
// the executor would not compile. An executor in one file has nothing to leave.
func removeStale(layout config.ExecConfig, sources []*ast.Source) error {
	if layout.Layout != config.ExecLayoutFollowSchema {
		return nil
	}
	template := layout.FilenameTemplate
	if template == "" {
		template = "{name}.generated.go"
	}
	fresh := map[string]bool{}
	for _, name := range append(sourceNames(sources), "root_", "prelude", "common!") {
		fresh[strings.ReplaceAll(template, "{name}", name)] = true
	}
	found, err := filepath.Glob(filepath.Join(layout.Dir(), strings.ReplaceAll(template, "{name}", "*")))
	if err != nil {
		return err
	}
	for _, file := range found {
		if fresh[filepath.Base(file)] {
			continue
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return nil
}

func sourceNames(sources []*ast.Source) []string {
	names := make([]string, len(sources))
	for i, source := range sources {
		base := filepath.Base(source.Name)
		names[i] = strings.TrimSuffix(base, filepath.Ext(base))
	}
	return names
}

func compile(folder string) error {
	build := exec.Command("go", "build", folder)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("the executor does not compile: %w\n%s", err, out)
	}
	return nil
}

// writeChanged leaves a file alone that already says what it should.
func writeChanged(file string, text []byte) error {
	if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return os.WriteFile(file, text, readable)
}
