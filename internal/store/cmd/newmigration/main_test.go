package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	atlas "ariga.io/atlas/sql/migrate"

	"parkbff/internal/testkit/pgtest"
)

const scripts = "../../migrations"

func TestTheScriptsMakeTheModel(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(scripts)); err != nil {
		t.Fatal(err)
	}
	err := write(context.Background(), dir, "missing", pgtest.URL(t))
	if errors.Is(err, atlas.ErrNoPlan) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Errorf("the model has changed; run newmigration, which would write:\n%s", written(t, dir))
}

func TestAnEmptyFolderGetsTheWholeModelOnce(t *testing.T) {
	dir, url := t.TempDir(), pgtest.URL(t)
	if err := write(context.Background(), dir, "missing", url); err != nil {
		t.Fatal(err)
	}
	if script := written(t, dir); !strings.Contains(script, `CREATE TABLE "parking_sessions"`) {
		t.Errorf("wrote:\n%s", script)
	}
	if err := write(context.Background(), dir, "again", url); !errors.Is(err, atlas.ErrNoPlan) {
		t.Errorf("a second time: got %v", err)
	}
}

func written(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*_missing.sql"))
	if err != nil || len(names) != 1 {
		t.Fatalf("found %v, %v", names, err)
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
