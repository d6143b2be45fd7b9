//go:build linux || darwin

package pgtest_test

import (
	"bufio"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parkbff/internal/testkit/pgtest"
)

func TestEachTestHasAnEmptyDatabaseOfItsOwn(t *testing.T) {
	one, other := open(t, pgtest.URL(t)), open(t, pgtest.URL(t))
	mustExec(t, one, "CREATE TABLE mine (id int)")
	mustExec(t, other, "CREATE TABLE mine (id int)")
}

func TestADatabaseIsDroppedWithItsTestEvenWhileInUse(t *testing.T) {
	var url string
	t.Run("borrow", func(t *testing.T) {
		url = pgtest.URL(t)
		db := open(t, url)
		db.SetMaxIdleConns(1)
		if err := db.Ping(); err != nil {
			t.Fatal(err)
		}
	})
	if err := open(t, url).Ping(); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Fatalf("want the database gone, got %v", err)
	}
}

func TestAMigrationRunsOnceAndIsCloned(t *testing.T) {
	fingerprint := t.Name() + time.Now().String()
	var runs atomic.Int32
	migrate := func(url string) error {
		runs.Add(1)
		db, err := sql.Open("postgres", url)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.Exec("CREATE TABLE migrated (id int)")
		return err
	}
	for range 3 {
		mustExec(t, open(t, pgtest.Migrated(t, fingerprint, migrate)), "INSERT INTO migrated VALUES (1)")
	}
	if runs.Load() != 1 {
		t.Errorf("the migration ran %d times", runs.Load())
	}
}

// childEnv makes this test binary play the process that dies.
const childEnv = "PGTEST_CHILD"

func TestNoServerOutlivesAKilledProcess(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		playChild(t)
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), childEnv+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	dir, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dir = strings.TrimSpace(dir)
	if _, err := os.Stat(filepath.Join(dir, "postmaster.pid")); err != nil {
		t.Fatalf("the child has no server: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	for range 500 {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("the server's folder is still there")
}

func playChild(t *testing.T) {
	cluster, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	var dir string
	if err := open(t, cluster.URL).QueryRow("SHOW data_directory").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString(dir + "\n")
	time.Sleep(time.Minute)
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func mustExec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}
