//go:build !linux

package rig

import "errors"

// Disk is Linux's.
type Disk struct{}

// NewDisk fails.
func NewDisk(string, int) (*Disk, error) {
	return nil, errors.New("only Linux mounts a file system in memory")
}

// Folder is none.
func (*Disk) Folder() string { return "" }

// Fill does nothing.
func (*Disk) Fill() error { return nil }

// Free does nothing.
func (*Disk) Free() error { return nil }

// Close does nothing.
func (*Disk) Close() error { return nil }
