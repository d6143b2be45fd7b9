// Package datadir keeps two servers off one data folder. The embedded store and bus would both start on
// a folder that is in use, and damage it without an error.
package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const lockFile = "lock"

// ErrInUse is the error of a folder that another process holds.
var ErrInUse = errors.New("PARKBFF_DATA: another server runs on this data folder")

// Dir is a data folder held by this process.
type Dir struct {
	path string
	lock *os.File
}

// Hold makes the folder if need be, for this user alone, and holds it until Release or the end of the
// process, however that comes: the lock is the kernel's (flock) and leaves nothing to clean up. Commands
// that work beside a running server do not hold it.
//
// Errors: ErrInUse; others name PARKBFF_DATA and tell the cause, not the path.
func Hold(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, failed("make the folder", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, failed("open the lock", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrInUse
		}
		return nil, failed("lock the folder", err)
	}
	return &Dir{path, lock}, nil
}

// File answers the path of a name in the folder.
func (d *Dir) File(name string) string { return filepath.Join(d.path, name) }

// Release lets the folder go. The lock's file stays: removing it would let two processes lock two files
// of one name.
func (d *Dir) Release() error {
	if err := d.lock.Close(); err != nil {
		return failed("release the lock", err)
	}
	return nil
}

func failed(what string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("PARKBFF_DATA: %s: %w", what, err)
}
