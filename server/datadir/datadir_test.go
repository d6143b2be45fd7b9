package datadir_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"parkbff/server/datadir"
)

const heldBy = "DATADIR_TEST_HOLD"

// TestMain lets the test binary be the other server: it holds the folder until it is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(heldBy); path != "" {
		os.Exit(holdUntilKilled(path))
	}
	os.Exit(m.Run())
}

func holdUntilKilled(path string) int {
	if _, err := datadir.Hold(path); err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		return 1
	}
	os.Stdout.WriteString("held\n")
	_, _ = os.Stdin.Read(make([]byte, 1))
	return 0
}

func anotherServer(t *testing.T, path string) (says string, server *exec.Cmd) {
	t.Helper()
	server = exec.CommandContext(t.Context(), os.Args[0])
	server.Env = append(os.Environ(), heldBy+"="+path)
	if _, err := server.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	says, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(says), server
}

func TestTwoServersOnOneFolderAreOneTooMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "data")
	says, first := anotherServer(t, path)
	if says != "held" {
		t.Fatalf("the first says %q", says)
	}

	if _, err := datadir.Hold(path); !errors.Is(err, datadir.ErrInUse) || strings.Contains(err.Error(), path) {
		t.Errorf("the second here: %v", err)
	}
	if says, second := anotherServer(t, path); says != datadir.ErrInUse.Error() {
		t.Errorf("the second elsewhere says %q", says)
	} else if err := second.Wait(); err == nil {
		t.Error("the second elsewhere ended well")
	}

	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	d, err := datadir.Hold(path)
	if err != nil {
		t.Fatalf("after the first was killed: %v", err)
	}
	if err := d.Release(); err != nil {
		t.Error(err)
	}
}

func TestAReleasedFolderIsFree(t *testing.T) {
	path := t.TempDir()
	for range 2 {
		d, err := datadir.Hold(path)
		if err != nil {
			t.Fatal(err)
		}
		if d.File("keys") != filepath.Join(path, "keys") {
			t.Errorf("a file is at %s", d.File("keys"))
		}
		if err := d.Release(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheFolderIsForThisUserAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	d, err := datadir.Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Release() }()

	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestAPathThatIsNoFolderIsRefusedByVariable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	_, err := datadir.Hold(path)

	if err == nil || !strings.Contains(err.Error(), "PARKBFF_DATA") || strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}
