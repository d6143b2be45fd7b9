package rig

import "syscall"

// leash lets no server outlive the process that started it, however that process ends.
func leash() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
