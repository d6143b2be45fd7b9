//go:build linux || darwin

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parkbff/internal/testkit/pgtest"
)

func TestTheCommandHasAServerThatEndsWithIt(t *testing.T) {
	t.Setenv(pgtest.Env, "")
	seen := filepath.Join(t.TempDir(), "seen")
	status, err := run([]string{"sh", "-c", `printf '%s' "$` + pgtest.Env + `" >"$0"; exit 7`, seen})
	if status != 7 || err != nil {
		t.Fatalf("got status %d, error %v", status, err)
	}
	url, err := os.ReadFile(seen)
	if err != nil || !strings.HasPrefix(string(url), "postgres://") {
		t.Errorf("the command saw %q, %v", url, err)
	}
}

func TestAServerNamedAlreadyIsUsed(t *testing.T) {
	t.Setenv(pgtest.Env, "postgres://somewhere/else")
	status, err := run([]string{"sh", "-c", `test "$` + pgtest.Env + `" = postgres://somewhere/else`})
	if status != 0 || err != nil {
		t.Fatalf("got status %d, error %v", status, err)
	}
}

func TestACommandThatCannotRunIsAnError(t *testing.T) {
	t.Setenv(pgtest.Env, "postgres://somewhere/else")
	if status, err := run([]string{"/no/such/program"}); status != 1 || err == nil {
		t.Fatalf("got status %d, error %v", status, err)
	}
}
