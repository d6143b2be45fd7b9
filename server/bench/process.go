//go:build linux

package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Process is a program under measurement: one that was started here, or one that somebody else started.
type Process struct {
	URL string // of its GraphQL endpoint
	PID int

	command *exec.Cmd // nil: it is somebody else's
	log     *os.File
}

const (
	startWithin = time.Minute
	stopWithin  = 15 * time.Second
)

// Start starts a program with the settings of a world and waits until it listens. What it has to say
// goes to a file beside the world's data. It ends with this process at the latest.
func Start(ctx context.Context, w *World, name string, args ...string) (*Process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(filepath.Dir(w.Keys), name+".log"))
	if err != nil {
		return nil, err
	}
	p := &Process{URL: "http://" + addr + "/graphql", log: log, command: exec.Command(args[0], args[1:]...)}
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.command.Env = append(os.Environ(),
		"PARKBFF_ADDR="+addr, "PARKBFF_DATA="+filepath.Join(filepath.Dir(w.Keys), name),
		"PARKBFF_DATABASE_URL="+w.URL, "PARKBFF_KEYS="+w.Keys)
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), log.Close())
	}
	p.PID = p.command.Process.Pid
	if err := listens(ctx, addr); err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, errors.Join(fmt.Errorf("%s does not listen: %w\n%s", name, err, said), p.Stop())
	}
	return p, nil
}

// Join answers somebody else's program at a URL, which must run on this machine, once it listens.
func Join(ctx context.Context, at string) (*Process, error) {
	parsed, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	if err := listens(ctx, parsed.Host); err != nil {
		return nil, fmt.Errorf("nobody listens at %s: %w", at, err)
	}
	pid, err := listenerOf(parsed.Port())
	return &Process{URL: at, PID: pid}, err
}

// Stop ends a program that was started here.
func (p *Process) Stop() error {
	if p.command == nil {
		return nil
	}
	killer := time.AfterFunc(stopWithin, func() { _ = p.command.Process.Kill() })
	defer killer.Stop()
	// It may have ended already, which Wait tells better.
	_ = p.command.Process.Signal(syscall.SIGTERM)
	err := p.command.Wait()
	if asked := (*exec.ExitError)(nil); errors.As(err, &asked) && !asked.Exited() {
		err = nil // by our signal
	}
	return errors.Join(err, p.log.Close())
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func listens(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
