//go:build !linux

package rig

import "syscall"

// leash is Linux's; elsewhere a server is ended by whoever started it.
func leash() *syscall.SysProcAttr { return nil }
