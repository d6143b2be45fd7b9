//go:build linux || darwin

// Command withpg runs a command beside a PostgreSQL server of its own:
//
//	go run ./internal/testkit/cmd/withpg -- go test ./...
//
// The command finds the server's URL in PARKBFF_TEST_DATABASE_URL. When that is set already, no server is
// started. The server is gone when the command has ended, however it ended. The exit status is the
// command's own, or 1 when it could not run.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"parkbff/internal/testkit/pgtest"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withpg [--] command [argument ...]")
		os.Exit(2)
	}
	status, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
	}
	os.Exit(status)
}

func run(args []string) (status int, err error) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)

	command := exec.Command(args[0], args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = os.Environ()
	if os.Getenv(pgtest.Env) == "" {
		cluster, startErr := pgtest.Start()
		if startErr != nil {
			return 1, startErr
		}
		defer func() { err = errors.Join(err, cluster.Stop()) }()
		command.Env = append(command.Env, pgtest.Env+"="+cluster.URL)
	}
	if err := command.Start(); err != nil {
		return 1, err
	}
	go func() {
		for s := range signals {
			// A command that has ended already needs no signal.
			_ = command.Process.Signal(s)
		}
	}()
	var ended *exec.ExitError
	switch err := command.Wait(); {
	case err == nil:
		return 0, nil
	case errors.As(err, &ended) && ended.Exited():
		return ended.ExitCode(), nil
	default:
		return 1, err
	}
}
