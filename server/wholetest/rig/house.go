package rig

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startWithin = 30 * time.Second
	stopWithin  = 20 * time.Second
	askEvery    = 10 * time.Millisecond
)

// House is a data folder, and the server that may run on it.
type House struct {
	Program  Program
	Data     string   // the data folder
	Database string   // URL of a PostgreSQL database; empty is SQLite in the folder
	Addr     string   // where to listen; empty is a free port, another one at each start
	Extra    []string // further settings, NAME=value
	Log      Log

	mu     sync.Mutex
	url    string
	server *Process
}

// URL of the server, such as http://127.0.0.1:40123. It changes with every start.
func (h *House) URL() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.url
}

// PID of the server that was started last.
func (h *House) PID() int { return h.running().command.Process.Pid }

// Start runs `serve` with further arguments and returns when the server is ready. The error of a server
// that ends instead holds its log.
func (h *House) Start(ctx context.Context, args ...string) error {
	from := h.Log.size()
	command := h.command(context.WithoutCancel(ctx), append([]string{"serve"}, args...)...)
	command.Stdout, command.Stderr = &h.Log, &h.Log
	started, err := Spawn(command)
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	h.mu.Lock()
	h.server = started
	h.mu.Unlock()
	if err := h.awaitReady(ctx, started, from); err != nil {
		_ = started.Kill()
		return fmt.Errorf("%w; it wrote:\n%s", err, h.Log.String()[from:])
	}
	return nil
}

func (h *House) awaitReady(ctx context.Context, server *Process, from int) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for url := ""; ; {
		if url == "" {
			url = h.Log.servingAt(from)
		}
		if url != "" && isReady(ctx, url) {
			h.mu.Lock()
			h.url = url
			h.mu.Unlock()
			return nil
		}
		select {
		case <-server.ended:
			return fmt.Errorf("the server ended at its start: %w", errors.Join(server.err, errEnded))
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w", ctx.Err())
		case <-time.After(askEvery):
		}
	}
}

var errEnded = errors.New("it serves no more")

func isReady(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// Kill ends the server by SIGKILL, as a power cut would.
func (h *House) Kill() error { return h.running().Kill() }

// Freeze lets the server stand still until Thaw.
func (h *House) Freeze() error { return h.running().Freeze() }

// Thaw lets it go on.
func (h *House) Thaw() error { return h.running().Thaw() }

func (h *House) running() *Process {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.server
}

// Stop asks the server to leave and waits until it has. The error is that of its exit.
func (h *House) Stop() error {
	server := h.running()
	if err := server.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	select {
	case <-server.ended:
		return server.err
	case <-time.After(stopWithin):
		return errors.Join(errors.New("the server does not leave"), h.Kill())
	}
}

// Run runs a command beside the server, such as import-lots, and answers its standard output. The error
// holds what it wrote to its standard error.
func (h *House) Run(ctx context.Context, args ...string) (string, error) {
	var said, complained bytes.Buffer
	command := h.command(ctx, args...)
	command.Stdout, command.Stderr = &said, &complained
	if err := command.Run(); err != nil {
		return said.String(), fmt.Errorf("parkbff %s: %w\n%s", args[0], err, complained.String())
	}
	return said.String(), nil
}

func (h *House) command(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, string(h.Program), args...)
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, "PARKBFF_") {
			command.Env = append(command.Env, setting)
		}
	}
	command.Env = append(command.Env, "PARKBFF_ADDR="+cmp.Or(h.Addr, "127.0.0.1:0"), "PARKBFF_DATA="+h.Data, "PARKBFF_DATABASE_URL="+h.Database)
	command.Env = append(command.Env, h.Extra...)
	return command
}

// Token runs gate-token or staff-token and answers the token.
func (h *House) Token(ctx context.Context, kind, lotCode string) (string, error) {
	said, err := h.Run(ctx, kind, "--lot", lotCode)
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return lines[len(lines)-1], nil
}

// The kinds of Token.
const (
	GateToken  = "gate-token"
	StaffToken = "staff-token"
)
