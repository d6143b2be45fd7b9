package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"parkbff/internal/parking"
	"parkbff/server/wholetest/rig"
)

// WatchOptions of a run in which many watch one lot. Program, Watchers, Documents, Changes and Progress are
// required.
type WatchOptions struct {
	Program  string
	Database string   // as of Options
	Settings []string // as of Options

	Watchers       int
	Documents      int           // how many different ones they send
	Changes        int           // of the lot's public vacancy
	MostExecutions float64       // for each change; 0: no limit
	Settle         time.Duration // as of Options

	Progress io.Writer
}

func (o WatchOptions) check() error {
	if o.Documents < 1 || o.Documents > o.Watchers || o.Changes < 1 || o.Changes > capacity {
		return errors.New("there must be a document, no more of them than watchers, and a change")
	}
	return o.common().check()
}

func (o WatchOptions) common() Options {
	return Options{Program: o.Program, Database: o.Database, Settings: o.Settings, Subscribers: o.Watchers, Settle: o.Settle, Progress: o.Progress}
}

// Watch measures how often the server executes for watchers of one lot. Vacancies are published once a minute,
// so latencies count from the first watcher that was told.
func Watch(ctx context.Context, o WatchOptions) (_ *Report, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s, err := openStage(ctx, o.common(), o.Watchers+warmers)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return nil, err
	}
	w := &watch{stage: s, WatchOptions: o, report: &Report{Subscribers: o.Watchers, asked: o.common(), watched: &Watched{
		Documents: o.Documents, Changes: o.Changes, most: o.MostExecutions,
	}}}
	if err := w.run(ctx); err != nil {
		s.keepLog(o.Progress)
		return nil, err
	}
	return w.report, nil
}

// Watched is what was found of watchers.
type Watched struct {
	Documents, Changes int
	Executions         float64 // for each change
	most               float64
}

type watch struct {
	*stage
	WatchOptions
	report   *Report
	watchers []*watcher
}

// watcher is somebody who watches the lot.
type watcher struct {
	ledger

	conn *websocket.Conn
	last vacancyShown // under mu of the ledger
	err  error        // that ended it; under mu of the ledger
}

// vacancyShown is what a watcher was told last.
type vacancyShown struct {
	bays string // free ones; empty while nobody has counted
	at   time.Time
}

// published is how long a change may take to be told: the lot is counted in the next minute.
const published = parking.VacancyInterval + time.Minute

func (w *watch) run(ctx context.Context) error {
	if err := (&run{stage: w.stage, Options: w.common()}).warmUp(ctx, "cold", firstWarm); err != nil {
		return err
	}
	scale, err := weigh(ctx, w.house, w.Watchers)
	if err != nil {
		return err
	}
	var listening sync.WaitGroup
	defer func() {
		for _, one := range w.watchers {
			part(one.conn)
		}
		listening.Wait()
	}()
	if err := w.connect(ctx, &listening); err != nil {
		return err
	}
	if err := w.awaitShown(ctx, capacity); err != nil {
		return err
	}
	if err := scale.idle(ctx); err != nil {
		return err
	}
	if err := w.change(ctx); err != nil {
		return err
	}
	if err := scale.settled(ctx, w.Settle); err != nil {
		return err
	}
	w.report.memory = scale.Memory
	w.closeBooks()
	return nil
}

func (w *watch) connect(ctx context.Context, listening *sync.WaitGroup) error {
	w.Begin("watchers connected", w.Watchers)
	line := newLine(w.house.URL())
	group, within := limited(ctx, connectAtOnce)
	var mu sync.Mutex
	for n, p := range w.people[:w.Watchers] {
		group.Go(func() error {
			conn, err := line.open(within, n, p.token, w.asked(n), false)
			if err != nil {
				return fmt.Errorf("connect watcher %d: %w", n, err)
			}
			one := &watcher{conn: conn}
			mu.Lock()
			w.watchers = append(w.watchers, one)
			mu.Unlock()
			listening.Go(one.listen)
			w.Add(1)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	w.End()
	return awaitRunning(ctx, w.house, w.Watchers)
}

// asked is the n-th watcher's subscription: documents differ in the name of one field.
func (w *watch) asked(n int) subscription {
	return subscription{
		Query: fmt.Sprintf(`subscription Watch($code: String!) { lotOccupancyChanged(lotCode: $code) { code name bays%d: capacity vacancy { band bays asOf } } }`, n%w.Documents),
		Variables: map[string]any{
			"code": w.lanes[0].lot,
		},
	}
}

func (w *watcher) listen() {
	err := listen(w.conn, func(data []byte, at time.Time) (bool, error) {
		var result struct {
			Data struct {
				LotOccupancyChanged struct{ Vacancy struct{ Bays *int } }
			}
		}
		if err := json.Unmarshal(data, &result); err != nil {
			return false, err
		}
		shown := vacancyShown{at: at}
		if bays := result.Data.LotOccupancyChanged.Vacancy.Bays; bays != nil {
			shown.bays = strconv.Itoa(*bays)
		}
		w.receive(receipt{id: shown.bays, kind: shown.bays, at: at})
		w.mu.Lock()
		defer w.mu.Unlock()
		w.last = shown
		return true, nil
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

// awaitShown waits until every watcher was told how many bays are free, or until none will be any more.
func (w *watch) awaitShown(ctx context.Context, free int) error {
	_, err := until(ctx, published, func() (bool, error) {
		for _, one := range w.watchers {
			one.mu.Lock()
			shown, err := one.last.bays, one.err
			one.mu.Unlock()
			if err != nil {
				return false, fmt.Errorf("a watcher's connection ended: %w", err)
			}
			if shown != strconv.Itoa(free) {
				return false, nil
			}
		}
		return true, nil
	})
	return err
}

// change has cars enter, one for each change, and counts what the server executes for it.
func (w *watch) change(ctx context.Context) error {
	for _, one := range w.watchers {
		one.forget()
	}
	before, err := w.executions(ctx)
	if err != nil {
		return err
	}
	gate := rig.Client{House: w.house, Token: w.lanes[0].token}
	w.Begin("changes told", w.Changes)
	for n := range w.Changes {
		// Nobody's car: it makes no notices.
		seen := rig.Seen(fmt.Sprintf("watch-%d", n), w.lanes[0].lot, rig.Entry, fmt.Sprintf("粤Z%05d", n), time.Now())
		if err := record(ctx, gate, seen); err != nil {
			return err
		}
		free := capacity - n - 1
		if err := w.awaitShown(ctx, free); err != nil {
			return err
		}
		w.owe(strconv.Itoa(free))
		w.Add(1)
	}
	w.End()
	after, err := w.executions(ctx)
	w.report.watched.Executions = (after - before) / float64(w.Changes)
	return err
}

// executions is how many events the server has executed subscriptions for.
func (w *watch) executions(ctx context.Context) (float64, error) {
	return metric(ctx, w.house, metricOperations, "type", "subscription")
}

// owe writes down a change that everybody should have been told by now, since the first of them was.
func (w *watch) owe(bays string) {
	var first time.Time
	for _, one := range w.watchers {
		if at := one.toldAt(bays); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, one := range w.watchers {
		one.accept(one.begin(telling{due: first, written: first, kind: bays}))
	}
}

func (w *watch) closeBooks() {
	for _, one := range w.watchers {
		w.report.add(one.sum(true))
	}
	w.report.sort()
}

// toldAt is when a value arrived; zero when it has not.
func (l *ledger) toldAt(id string) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.receipts {
		if r.id == id {
			return r.at
		}
	}
	return time.Time{}
}

// forget drops what was received so far, which nobody owed.
func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.receipts = nil
}
