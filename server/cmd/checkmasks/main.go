// Command checkmasks tries the tests: it switches off one guard of the contract at a time, each @mask and
// each @requires, and expects a test to fail every time. A guard that nobody misses is not proved.
//
// It changes no file: the changed directives are laid over the true ones for the compiler only. Arguments
// name the coordinates to try, such as ParkingSession.lotName; without any, all are tried.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "checkmasks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, only []string) error {
	guards, err := guardsOfContract()
	if err != nil {
		return err
	}
	guards = slices.DeleteFunc(guards, func(g guard) bool {
		return len(only) > 0 && !slices.Contains(only, g.coordinate())
	})
	if len(guards) == 0 {
		return fmt.Errorf("no guard stands on any of %v", only)
	}
	bench, err := newBench(ctx)
	if err != nil {
		return err
	}
	defer bench.close()
	switch failed, err := bench.test(ctx, nil); {
	case err != nil:
		return err
	case failed != "":
		return fmt.Errorf("%s fails already: the tests must pass before a guard is taken away", failed)
	}
	return tryEach(ctx, out, bench, guards)
}

func tryEach(ctx context.Context, out io.Writer, bench *bench, guards []guard) error {
	unproved := 0
	for _, g := range guards {
		failed, err := bench.test(ctx, &g)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", g, err)
		case failed == "":
			unproved++
			fmt.Fprintf(out, "NOT MISSED  %s\n", g)
		default:
			fmt.Fprintf(out, "missed      %s by %s\n", g, failed)
		}
	}
	fmt.Fprintf(out, "check-masks: %d of %d guards are proved\n", len(guards)-unproved, len(guards))
	if unproved > 0 {
		return fmt.Errorf("%d guards can be taken away without a test failing", unproved)
	}
	return nil
}
