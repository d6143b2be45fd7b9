package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/progress"
	"parkbff/server/wholetest/rig"
)

// stage is a server with people in it, that nobody else uses.
type stage struct {
	*progress.Progress
	house  *rig.House
	stock  *rig.House // gqlgen's own transport with the same keys; not started
	people []person
	lanes  []lane
	stop   func() error // the server
	undo   []func() error
}

// openStage settles people and starts the server. It must be closed in every case.
func openStage(ctx context.Context, o Options, people int) (s *stage, err error) {
	s = &stage{Progress: progress.New(o.Progress, clock.System{})}
	if err := allowFiles(people); err != nil {
		return s, err
	}
	dir, err := os.MkdirTemp("", "parkbff-load-")
	if err != nil {
		return s, err
	}
	s.undo = append(s.undo, func() error { return os.RemoveAll(dir) })
	database := ""
	if o.Database != "" {
		at, drop, err := rig.MakeDatabase(ctx, o.Database, "parkbff_load")
		if err != nil {
			return s, err
		}
		s.undo, database = append(s.undo, drop), at
	}
	data := filepath.Join(dir, "data")
	s.Begin("accounts settled", people)
	if s.people, s.lanes, err = settle(ctx, data, database, people, s.Add); err != nil {
		return s, err
	}
	s.End()
	extra := append([]string{"PARKBFF_KEYS=" + keyFile(data)}, o.Settings...)
	s.house = &rig.House{Program: rig.Program(o.Program), Data: data, Database: database, Extra: extra}
	s.stock = &rig.House{
		Program: rig.Program(o.Program), Data: filepath.Join(dir, "stock"), Extra: extra,
		Serves: []string{"loadtest", "stock-server"},
	}
	s.stop, err = s.start(ctx, s.house)
	return s, err
}

// start starts a server, which is stopped at the end if not before.
func (s *stage) start(ctx context.Context, house *rig.House) (stop func() error, err error) {
	if err := house.Start(ctx); err != nil {
		return nil, err
	}
	stop = sync.OnceValue(house.Stop)
	s.undo = append(s.undo, stop)
	return stop, nil
}

// close takes everything down in reverse order.
func (s *stage) close() error {
	var errs []error
	for _, undo := range slices.Backward(s.undo) {
		errs = append(errs, undo())
	}
	return errors.Join(errs...)
}

const (
	subscribesWithin = 2 * time.Minute
	quietFor         = 2 * time.Second
)

// awaitRunning waits until the server says that it runs as many subscriptions as were asked for: the
// sub-protocol confirms none, and what happens before is not told.
func awaitRunning(ctx context.Context, house *rig.House, count int) error {
	var running float64
	held, err := until(ctx, subscribesWithin, func() (_ bool, err error) {
		running, err = metric(ctx, house, metricRunning, "", "")
		return running >= float64(count), err
	})
	if err == nil && !held {
		err = fmt.Errorf("the server runs %.0f of %d subscriptions", running, count)
	}
	return err
}

// quiet lets the server come to rest.
func quiet(ctx context.Context) error { return sleepUntil(ctx, time.Now().Add(quietFor)) }

// keepLog leaves what the server has said where a failed run can be looked into.
func (s *stage) keepLog(out io.Writer) {
	if s.house == nil {
		return
	}
	file, err := os.CreateTemp("", "parkbff-load-*.log")
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }()
	if _, err := io.WriteString(file, s.house.Log.String()); err == nil {
		fmt.Fprintln(out, "the server's log is in", file.Name())
	}
}
