package rig

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Disk is a small file system in memory, which only root may mount.
type Disk struct {
	point string
}

// NewDisk mounts one of so many MB on an empty folder.
func NewDisk(point string, mb int) (*Disk, error) {
	if err := unix.Mount("parkbff-test", point, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=700", mb)); err != nil {
		return nil, err
	}
	return &Disk{point}, nil
}

// Folder is for what is to be kept on it.
func (d *Disk) Folder() string { return filepath.Join(d.point, "data") }

func (d *Disk) ballast() string { return filepath.Join(d.point, "ballast") }

// Fill takes all the room there is.
func (d *Disk) Fill() error {
	file, err := os.Create(d.ballast())
	if err != nil {
		return err
	}
	_, err = io.Copy(file, endlessly{})
	if errors.Is(err, syscall.ENOSPC) {
		err = nil
	}
	return errors.Join(err, file.Close())
}

// Free gives it back.
func (d *Disk) Free() error { return os.Remove(d.ballast()) }

// Close unmounts it.
func (d *Disk) Close() error { return unix.Unmount(d.point, unix.MNT_DETACH) }

// endlessly reads zeros.
type endlessly struct{}

// Read leaves p as it is.
func (endlessly) Read(p []byte) (int, error) { return len(p), nil }
