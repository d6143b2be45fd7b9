//go:build linux

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Options of a run.
type Options struct {
	Server   string // path of the built server
	Handler  string // path of the handler written by hand; empty: it is built first
	Baseline string // URL of a program to compare with in the handler's place; empty: none
	Stays    int    // in the table
	Few      int    // in the small table
	Effort   Effort
	Progress io.Writer
}

// Result is what a run found.
type Result struct {
	Verified   History
	Unverified History
	Statements float64
	Growth     Growth
	Ingest     Ingest
	Took       time.Duration
}

// Run makes the worlds, starts the programs, measures and takes everything down again.
func Run(ctx context.Context, o Options) (r Result, err error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "parkbff-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	postgres, err := OpenPostgres()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, postgres.Close()) }()
	run := &run{Options: o, dir: dir, postgres: postgres}
	defer func() { err = errors.Join(err, run.stop()) }()
	if err := run.prepare(ctx); err != nil {
		return r, err
	}
	err = run.measure(ctx, &r)
	r.Took = time.Since(began)
	return r, err
}

type run struct {
	Options
	dir           string
	postgres      *Postgres
	small, large  *World
	few           *Process // the server in the small world
	server, other *Process // in the large one
}

func (r *run) say(format string, values ...any) { fmt.Fprintf(r.Progress, format+"\n", values...) }

func (r *run) prepare(ctx context.Context) (err error) {
	if r.small, err = r.world(ctx, "few", r.Few); err != nil {
		return err
	}
	if r.large, err = r.world(ctx, "many", r.Stays); err != nil {
		return err
	}
	if r.few, err = r.serve(ctx, "server")(r.small); err != nil {
		return err
	}
	if r.server, err = r.serve(ctx, "server")(r.large); err != nil {
		return err
	}
	if r.Baseline == "" {
		return r.startHandler(ctx)
	}
	r.say("waiting for %s; its database is at %s and its keys are in %s", r.Baseline, r.large.URL, r.large.Keys)
	r.other, err = Join(ctx, r.Baseline)
	return err
}

const handlerPackage = "parkbff/server/bench/baseline"

func (r *run) startHandler(ctx context.Context) (err error) {
	if r.Handler == "" {
		r.Handler = filepath.Join(r.dir, "handler")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", r.Handler, handlerPackage)
		if said, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build the handler: %w\n%s", err, said)
		}
	}
	r.other, err = Start(ctx, r.large, "baseline", r.Handler)
	return err
}

func (r *run) world(ctx context.Context, name string, stays int) (*World, error) {
	began := time.Now()
	database, err := r.postgres.Database(ctx)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(r.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	w, err := NewWorld(ctx, database, dir, stays)
	if err != nil {
		return nil, fmt.Errorf("make a world of %d stays: %w", stays, err)
	}
	r.say("%d stays are in the table after %s", stays, time.Since(began).Round(time.Second))
	return w, nil
}

// serve answers how the server is started in a world.
func (r *run) serve(ctx context.Context, name string) func(w *World) (*Process, error) {
	return func(w *World) (*Process, error) { return Start(ctx, w, name, r.Server, "serve") }
}

func (r *run) measure(ctx context.Context, result *Result) (err error) {
	r.say("the history page of a verified driver")
	if result.Verified, err = CompareHistory(ctx, r.server, r.other, r.large.Verified, r.Effort); err != nil {
		return err
	}
	r.say("the history page of an unverified driver")
	if result.Unverified, err = CompareHistory(ctx, r.server, r.other, r.large.Unverified, r.Effort); err != nil {
		return err
	}
	r.say("its statements")
	if result.Statements, err = Statements(ctx, r.large, r.serve(ctx, "tapped")); err != nil {
		return err
	}
	r.say("its cost among few stays and among many")
	if result.Growth, err = CompareGrowth(ctx, r.few, r.server, r.small.Unverified, r.large.Unverified, r.Effort); err != nil {
		return err
	}
	r.say("observations")
	result.Ingest, err = CompareIngest(ctx, r.large, r.server, r.other, r.Effort)
	return err
}

func (r *run) stop() error {
	var errs []error
	for _, p := range []*Process{r.few, r.server, r.other} {
		if p != nil {
			errs = append(errs, p.Stop())
		}
	}
	return errors.Join(errs...)
}
