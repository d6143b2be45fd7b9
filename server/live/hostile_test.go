package live_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"pgregory.net/rapid"

	"parkbff/server/live"
	"parkbff/server/live/livetest"
)

func TestASourceThatPanicsWhenItIsClosedEndsItsOperationOnly(t *testing.T) {
	asked := make(chan struct{}, 2)
	h := livetest.New(func(o *live.Options) {
		o.Source = func(context.Context, *graphql.OperationContext, func()) (live.Events, error) {
			return unclosable{asked}, nil
		}
	})
	k := newTape()
	o := starts(t, h, anybody(t, h), listening, k)
	<-asked
	o.Stop()
	ends(t, k.ended, nil)
}

// unclosable never has an event.
type unclosable struct{ asked chan<- struct{} }

func (u unclosable) Next(context.Context) (any, bool, error) {
	u.asked <- struct{}{}
	return nil, false, nil
}

func (unclosable) Close() { panic("13800138000") }

// TestNothingThatSourcesAndLinesDoIsToldTwiceOrLostOrAfterTheEnd lets many subscriptions at few workers ring, run
// out of room, fail, panic and stop as they like.
func TestNothingThatSourcesAndLinesDoIsToldTwiceOrLostOrAfterTheEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := livetest.New(func(o *live.Options) {
			o.Concurrent, o.Source = rapid.IntRange(1, 3).Draw(rt, "workers"), openPlay
		})
		plays := make([]*play, rapid.IntRange(1, 8).Draw(rt, "subscriptions"))
		var noise sync.WaitGroup
		for i := range plays {
			p := drawPlay(rt)
			plays[i] = p
			p.starts(t, h)
			noise.Go(p.disturb)
		}
		noise.Wait()
		for _, p := range plays {
			p.mustPark(t)
		}
		k, _ := run(t, h, "", `{"query":"{ whoami }"}`) // no worker is held
		k.wants(t, `next {"data":{"whoami":""}}`, "complete")
		for _, p := range plays {
			p.operation.Stop()
			<-p.over
			p.mustHaveGoneWell(rt)
		}
	})
}

// play is a subscription that misbehaves as drawn: its source, and its line.
type play struct {
	events  int   // that there are
	shared  bool  // whether others may have them alike
	finale  error // what follows the last; nil: silence
	panics  bool  // instead
	breaks  int   // at which event the line fails; 0: at none
	narrow  int   // every which question finds no room; 0: none does
	quits   bool
	visits  int // of the disturber
	stopped atomic.Bool

	operation *live.Operation
	bell      func()

	busy           atomic.Bool
	next           int
	opened, closed atomic.Int32

	mu     sync.Mutex
	asked  int
	told   []string
	final  bool
	faults []string
	over   chan struct{}
}

type playKey struct{}

var errBroken = errors.New("broken")

func drawPlay(rt *rapid.T) *play {
	return &play{
		events: rapid.IntRange(0, 60).Draw(rt, "events"),
		shared: rapid.Bool().Draw(rt, "shared"),
		finale: rapid.SampledFrom([]error{nil, nil, io.EOF, live.SlowConsumer, errBroken}).Draw(rt, "finale"),
		panics: rapid.IntRange(0, 5).Draw(rt, "panics") == 0,
		breaks: max(0, rapid.IntRange(-60, 20).Draw(rt, "breaks")),
		narrow: max(0, rapid.IntRange(-2, 4).Draw(rt, "narrow")),
		quits:  rapid.IntRange(0, 3).Draw(rt, "quits") == 0,
		visits: rapid.IntRange(0, 30).Draw(rt, "visits"),
		over:   make(chan struct{}),
	}
}

func (p *play) starts(t *testing.T, h *livetest.House) {
	ctx := context.WithValue(context.Background(), playKey{}, p)
	p.mu.Lock() // the line may be asked before Start has returned
	defer p.mu.Unlock()
	p.operation = h.Runner.Start(ctx, anybody(t, h), listening, playLine{p})
}

func (p *play) disturb() {
	for range p.visits {
		p.operation.Ring()
	}
	if p.quits {
		p.stopped.Store(true)
		p.operation.Stop()
	}
}

func openPlay(ctx context.Context, _ *graphql.OperationContext, bell func()) (live.Events, error) {
	p, _ := ctx.Value(playKey{}).(*play)
	bell() // before the source has returned
	p.bell = bell
	p.opened.Add(1)
	return p, nil
}

// alone notes a fault when the source is used by two at once, or after it was closed.
func (p *play) alone() (done func()) {
	if !p.busy.CompareAndSwap(false, true) {
		p.fault("the source is used by two at once")
	}
	if p.closed.Load() > 0 {
		p.fault("the source is used after it was closed")
	}
	return func() { p.busy.Store(false) }
}

func (p *play) Next(context.Context) (any, bool, error) {
	defer p.alone()()
	if p.next == p.events {
		if p.panics {
			panic("13800138000")
		}
		return nil, false, p.finale
	}
	p.next++
	happened := &livetest.Publication{Number: p.next}
	if p.shared {
		return live.Shared{Event: happened, Key: p.next}, true, nil
	}
	return happened, true, nil
}

func (p *play) Close() {
	defer p.alone()()
	p.closed.Add(1)
	p.bell() // and after it was closed
}

func (p *play) fault(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, what)
}

func (p *play) mustHaveGoneWell(rt *rapid.T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faults) > 0 || p.opened.Load() != p.closed.Load() {
		rt.Fatalf("%v; opened %d times, closed %d times", p.faults, p.opened.Load(), p.closed.Load())
	}
	for i, result := range p.told {
		if want := fmt.Sprintf(`{"data":{"published":{"number":%d}}}`, i+1); result != want {
			rt.Fatalf("told %s, want %s", result, want)
		}
	}
	want := p.events
	if p.breaks > 0 {
		want = min(want, p.breaks)
	}
	if !p.stopped.Load() && len(p.told) != want {
		rt.Fatalf("told %d of %d", len(p.told), want)
	}
}

// mustPark waits until nothing more is to be told.
func (p *play) mustPark(t *testing.T) {
	eventually(t, "it has told all or is over", func() bool {
		select {
		case <-p.over:
			return true
		default:
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.told) == p.events && p.finale == nil && !p.panics
	})
}

// playLine is a play as its line. The two interfaces have a method Next each.
type playLine struct{ *play }

func (p playLine) Room() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.narrow == 0 || p.asked%(p.narrow+1) != 0 {
		return true
	}
	go p.operation.Ring() // there is room soon
	return false
}

func (p playLine) Next(result []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.final {
		p.faults = append(p.faults, "told after the end")
	}
	p.told = append(p.told, string(result))
	if p.breaks == len(p.told) {
		p.final = true
		return errBroken
	}
	return nil
}

func (p playLine) Refuse([]byte) error { return p.end() }

func (p playLine) Complete() error { return p.end() }

func (p playLine) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.final {
		p.faults = append(p.faults, "ended twice")
	}
	p.final = true
	return nil
}

func (p playLine) Ended(error) {
	if p.opened.Load() != p.closed.Load() {
		p.fault("the source is open at the end")
	}
	close(p.over) // once
}
