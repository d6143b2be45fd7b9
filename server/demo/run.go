package demo

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/parking/lotfile"
)

// House is what the demo needs beside the public API.
type House interface {
	// ImportLots adds lots or changes those of the same codes.
	ImportLots(ctx context.Context, lots []lotfile.Lot) error
	// GateToken answers a token for one gate.
	GateToken(ctx context.Context, lotCode, gateCode string) (string, error)
}

// Options of a demo. Everything without a stated default is required.
type Options struct {
	URL      string // of the server, such as http://127.0.0.1:8080
	House    House
	Accounts []Account
	Since    time.Time // what Settle answered
	Clock    clock.Clock
	// Rate shortens stays and pauses; 0 means 1, at which something happens every few seconds.
	Rate float64
	// Wait sleeps for a while or until ctx ends, and then answers its error; nil means a timer.
	Wait func(ctx context.Context, d time.Duration) error
	HTTP *http.Client // nil means one with a time limit of its own
	Log  *slog.Logger // nil: silent
}

const (
	// ahead is how much of the future is planned at a time.
	ahead = time.Minute
	// Pauses between two tries to reach the server.
	shortestPause, longestPause = 250 * time.Millisecond, 10 * time.Second
	requestLimit                = 30 * time.Second
)

// Run imports the lots and reports what their gates see, until ctx ends; then it answers nil. The server
// may come late, go away and come back: what could not be reported is reported then, and what is reported
// twice changes nothing. Other errors: of the import, and mistakes of this package.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	lots, err := Lots()
	if err != nil {
		return err
	}
	timetable, err := NewTimetable(lots, o.Accounts, o.Since, o.Rate)
	if err != nil {
		return err
	}
	if err := o.House.ImportLots(ctx, lots); err != nil {
		return err
	}
	r := &runner{Options: o, gates: &gates{url: o.URL, http: o.HTTP, house: o.House, tokens: map[string]string{}}}
	if err := r.play(ctx, timetable); ctx.Err() == nil {
		return err
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Wait == nil {
		o.Wait = clock.Wait
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: requestLimit}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

type runner struct {
	Options
	gates *gates
}

// play reports the past and then each event at its time. It ends with ctx only.
func (r *runner) play(ctx context.Context, timetable *Timetable) error {
	known := r.Clock.Now()
	past := timetable.UpTo(known)
	if err := r.report(ctx, past); err != nil {
		return err
	}
	r.Log.Info("demo gates are reporting", "observations", len(past))
	for {
		until := known.Add(ahead)
		if err := r.follow(ctx, timetable.Between(known, until)); err != nil {
			return err
		}
		known = until
		if err := r.awaitTime(ctx, known); err != nil {
			return err
		}
	}
}

// follow reports each event when it is due, those that are due at once together.
func (r *runner) follow(ctx context.Context, events []Event) error {
	for len(events) > 0 {
		if err := r.awaitTime(ctx, events[0].At); err != nil {
			return err
		}
		due, now := 1, r.Clock.Now()
		for due < len(events) && !events[due].At.After(now) {
			due++
		}
		if err := r.report(ctx, events[:due]); err != nil {
			return err
		}
		events = events[due:]
	}
	return nil
}

func (r *runner) awaitTime(ctx context.Context, t time.Time) error {
	for {
		left := t.Sub(r.Clock.Now())
		if left <= 0 {
			return ctx.Err()
		}
		if err := r.Wait(ctx, left); err != nil {
			return err
		}
	}
}

// report sends events and does not give up before ctx ends.
func (r *runner) report(ctx context.Context, events []Event) error {
	for _, batch := range batches(events) {
		if err := r.insist(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// batches parts events by lot, because a gate speaks for one lot only. The accounts' cars come first and
// in order of time across lots, so that their records are made in that order; the others stay with one
// lot each and may be reported lot by lot.
func batches(events []Event) [][]Event {
	var own, public [][]Event
	open := map[string]int{} // the batch of each lot that still has room
	for _, e := range events {
		if e.own {
			if n := len(own); n == 0 || own[n-1][0].LotCode != e.LotCode || len(own[n-1]) == atOnce {
				own = append(own, nil)
			}
			own[len(own)-1] = append(own[len(own)-1], e)
			continue
		}
		i, ok := open[e.LotCode]
		if !ok || len(public[i]) == atOnce {
			i = len(public)
			open[e.LotCode] = i
			public = append(public, nil)
		}
		public[i] = append(public[i], e)
	}
	return append(own, public...)
}

func (r *runner) insist(ctx context.Context, batch []Event) error {
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		refused, err := r.gates.send(ctx, batch)
		if err == nil {
			if refused > 0 {
				r.Log.Debug("demo observations refused", "lot", batch[0].LotCode, "refused", refused)
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !errors.Is(err, errBadToken) {
			r.Log.Debug("demo gates wait for the server", "error", err)
		}
		if err := r.Wait(ctx, pause); err != nil {
			return err
		}
	}
}
