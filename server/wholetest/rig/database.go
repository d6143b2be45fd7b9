//go:build linux || darwin

package rig

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"parkbff/internal/testkit/pgtest"
)

// Database is a PostgreSQL server of its own that can be stopped and started again.
type Database struct {
	cluster *pgtest.Cluster
	folder  string // of its data
	again   *Process
}

// NewDatabase makes and starts a server; Close ends it.
func NewDatabase(ctx context.Context) (*Database, error) {
	cluster, err := pgtest.Start()
	if err != nil {
		return nil, err
	}
	d := &Database{cluster: cluster}
	if d.folder, err = dataFolder(ctx, cluster.URL); err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return d, nil
}

func dataFolder(ctx context.Context, url string) (folder string, err error) {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return "", err
	}
	err = db.QueryRowContext(ctx, "SHOW data_directory").Scan(&folder)
	return folder, errors.Join(err, db.Close())
}

// URL names its maintenance database, the same after each start.
func (d *Database) URL() string { return d.cluster.URL }

// Stop shuts it down as `pg_ctl stop -m fast` does: what is connected is cut.
func (d *Database) Stop() error {
	pidFile := filepath.Join(d.folder, "postmaster.pid")
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return fmt.Errorf("stop the database: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGINT)
	}
	if err != nil {
		return fmt.Errorf("stop the database: %w", err)
	}
	return until(stopWithin, "the database stops", func() bool {
		_, err := os.Stat(pidFile)
		return errors.Is(err, os.ErrNotExist)
	})
}

// Start starts it as it was started before, and returns when it takes connections.
func (d *Database) Start() error {
	text, err := os.ReadFile(filepath.Join(d.folder, "postmaster.opts"))
	if err != nil {
		return fmt.Errorf("start the database: %w", err)
	}
	before := strings.Fields(string(text))
	for i := range before {
		before[i] = strings.Trim(before[i], `"`)
	}
	command := exec.Command(before[0], before[1:]...)
	command.Dir = d.folder
	if command.SysProcAttr, err = d.owner(); err != nil {
		return err
	}
	if d.again, err = Spawn(command); err != nil {
		return fmt.Errorf("start the database: %w", err)
	}
	return until(startWithin, "the database takes connections", func() bool {
		pid, err := os.ReadFile(filepath.Join(d.folder, "postmaster.pid"))
		return err == nil && strings.Contains(string(pid), "ready")
	})
}

// owner lets the server run as before: PostgreSQL does not run as root.
func (d *Database) owner() (*syscall.SysProcAttr, error) {
	attributes := leash()
	if os.Geteuid() != 0 {
		return attributes, nil
	}
	info, err := os.Stat(d.folder)
	if err != nil {
		return nil, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, errors.New("the owner of the database's folder is not known")
	}
	if attributes == nil {
		attributes = &syscall.SysProcAttr{}
	}
	attributes.Credential = &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}
	return attributes, nil
}

// Close ends it and removes its folder.
func (d *Database) Close() (err error) {
	if d.again != nil {
		if _, there := os.Stat(filepath.Join(d.folder, "postmaster.pid")); there == nil {
			err = d.Stop()
		}
		<-d.again.Ended()
	}
	return errors.Join(err, d.cluster.Stop())
}

// until asks again and again whether something is done.
func until(within time.Duration, what string, done func() bool) error {
	for end := time.Now().Add(within); !done(); time.Sleep(askEvery) {
		if time.Now().After(end) {
			return fmt.Errorf("not within %s: %s", within, what)
		}
	}
	return nil
}
