package rig

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Process is another program that was started; it does not outlive the one that started it.
type Process struct {
	command *exec.Cmd
	ended   chan struct{} // closed when it has, and all that it wrote was read
	err     error         // of Wait; read after ended
}

// Spawn starts a command.
func Spawn(command *exec.Cmd) (*Process, error) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = leash()
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &Process{command: command, ended: make(chan struct{})}
	go func() {
		p.err = command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// Kill ends it by SIGKILL, as a power cut would, and waits until it is gone.
func (p *Process) Kill() error {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.command.Args[0], err)
	}
	<-p.ended
	return nil
}

// Freeze lets it stand still, as a machine does that is overloaded or moved, until Thaw.
func (p *Process) Freeze() error { return p.command.Process.Signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (p *Process) Thaw() error { return p.command.Process.Signal(syscall.SIGCONT) }

// Ended is closed when it has ended by itself or was killed.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Role is what this very executable does when it is started again as another process, which can be killed.
type Role struct {
	Name string
	// Play does it until the process is killed. The part is what PlayedBy was given.
	Play func(part []byte) error
}

// Played plays the role that this process was started in, if it was. Call it before anything else in main.
func Played(roles ...Role) bool {
	if len(os.Args) != 3 {
		return false
	}
	for _, role := range roles {
		if os.Args[1] != role.flag() {
			continue
		}
		if err := role.Play([]byte(os.Args[2])); err != nil {
			fmt.Fprintln(os.Stderr, role.Name+":", err)
			os.Exit(1)
		}
		return true
	}
	return false
}

// PlayedBy is the command that starts this executable in the role.
func (r Role) PlayedBy(part []byte) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return exec.Command(self, r.flag(), string(part)), nil
}

func (r Role) flag() string { return "role:" + r.Name }
