package live_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"parkbff/server/live"
	"parkbff/server/live/livetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func anybody(t testing.TB, h *livetest.House) live.Principal {
	t.Helper()
	return must(h.Authenticate(t.Context(), ""))
}

var listening = live.Request{Query: `subscription{ published{ number } }`}

func TestASinkMayBlockAsLongAsItLikes(t *testing.T) {
	h := livetest.New(func(o *live.Options) { o.Concurrent = 1 })
	slow := blocking{newTape(), make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- h.Runner.Run(ctx, anybody(t, h), listening, slow) }()
	for range 100 {
		h.Publish("x")
	}
	other, _ := run(t, h, "", `{"query":"{ whoami }"}`)
	other.wants(t, `next {"data":{"whoami":""}}`, "complete")

	close(slow.release)
	for number := range 100 {
		slow.wants(t, fmt.Sprintf(`next {"data":{"published":{"number":%d}}}`, number+1))
	}
	cancel()
	ends(t, ended, context.Canceled)
	if h.Open() != 0 {
		t.Fatal("the source is still open")
	}
}

// blocking is a sink that takes nothing until it is released.
type blocking struct {
	*tape
	release chan struct{}
}

func (b blocking) Next(result []byte) error {
	<-b.release
	return b.tape.Next(result)
}

func TestRunAnswersAsTheOperationEnds(t *testing.T) {
	h := livetest.New()
	k := newTape()
	if err := h.Runner.Run(t.Context(), anybody(t, h), live.Request{Query: "{ whoami }"}, k); err != nil {
		t.Fatal(err)
	}
	k.wants(t, `next {"data":{"whoami":""}}`, "complete")
	k.full = errors.New("the line is gone")
	if err := h.Runner.Run(t.Context(), anybody(t, h), live.Request{Query: "{ whoami }"}, k); !errors.Is(err, k.full) {
		t.Fatalf("Run answered %v", err)
	}
	h.Finish(live.SlowConsumer)
	if err := h.Runner.Run(t.Context(), anybody(t, h), listening, newTape()); !errors.Is(err, live.SlowConsumer) {
		t.Fatalf("Run answered %v", err)
	}
}

func TestAnIdleSubscriptionHoldsNoGoroutine(t *testing.T) {
	h, before := livetest.New(), goleak.IgnoreCurrent()
	for range 100 {
		starts(t, h, anybody(t, h), listening, newTape())
	}
	eventually(t, "all listen", func() bool { return h.Open() == 100 })
	if err := goleak.Find(before); err != nil {
		t.Fatal(err)
	}
}

func TestAStoppedSubscriptionClosesItsSourceAndEndsOnce(t *testing.T) {
	h, k := livetest.New(), newTape()
	o := starts(t, h, anybody(t, h), listening, k)
	eventually(t, "it listens", func() bool { return h.Open() == 1 })

	o.Stop()
	o.Stop()

	ends(t, k.ended, nil)
	if h.Open() != 0 {
		t.Fatal("the source is still open")
	}
	h.Publish("x")
	o.Ring()
	k.quiet(t)
}

func TestStoppingEndsAnExecutionThatIsAtWork(t *testing.T) {
	h, k := livetest.New(), newTape()
	o := starts(t, h, anybody(t, h), live.Request{Query: "{ slow }"}, k)
	time.Sleep(10 * time.Millisecond)
	o.Stop()
	ends(t, k.ended, nil)
}

func TestASubscriptionWithoutRoomWaitsUntilItIsRung(t *testing.T) {
	h, k := livetest.New(), newTape()
	o := starts(t, h, anybody(t, h), listening, k)
	eventually(t, "it listens", func() bool { return h.Open() == 1 })
	k.shut.Store(true)
	h.Publish("x")
	k.quiet(t)

	k.shut.Store(false)
	o.Ring()

	k.wants(t, `next {"data":{"published":{"number":1}}}`)
}

func TestWhoCatchesUpDoesNotHoldUpTheOthers(t *testing.T) {
	h := livetest.New(func(o *live.Options) { o.Concurrent = 1 })
	for range 1000 {
		h.Notify("ann", "x")
	}
	long := newTape()
	long.lines = make(chan string, 1000)
	who := must(h.Authenticate(t.Context(), h.Token("ann", 0)))
	starts(t, h, who, live.Request{Query: `subscription{ noticeReceived{ cursor } }`}, long)
	<-long.lines // it has begun

	short, ended := run(t, h, "", `{"query":"{ whoami }"}`)
	short.wants(t, `next {"data":{"whoami":""}}`, "complete")
	ends(t, ended, nil)

	if told := len(long.lines); told == 1000 {
		t.Error("all was told before the other had its turn")
	}
	for range 999 {
		long.read(t)
	}
}

func TestWhateverHappensEveryEventIsToldOnceAndTheSourceIsClosed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := livetest.New(func(o *live.Options) { o.Concurrent = rapid.IntRange(1, 4).Draw(rt, "workers") })
		events := rapid.IntRange(0, 40).Draw(rt, "events")
		listeners := make([]*listener, rapid.IntRange(1, 5).Draw(rt, "listeners"))
		var noise sync.WaitGroup
		for i := range listeners {
			k := &listener{over: make(chan struct{})}
			listeners[i] = k
			o := h.Runner.Start(context.Background(), anybody(t, h), listening, k)
			quit := rapid.IntRange(0, 2).Draw(rt, "quits") == 0
			noise.Go(func() {
				for range 20 {
					o.Ring()
				}
				if quit {
					o.Stop()
				}
			})
			k.stop = o.Stop
			k.quits = quit
		}
		for range events {
			h.Publish("x")
		}
		noise.Wait()
		for _, k := range listeners {
			if !k.quits {
				eventually(t, "all is told", func() bool { return len(k.heard()) == events })
			}
			k.stop()
			<-k.over
			if want := numbers(len(k.heard())); !slices.Equal(k.heard(), want) {
				rt.Fatalf("told %v", k.heard())
			}
		}
		if h.Open() != 0 {
			rt.Fatalf("%d sources are open", h.Open())
		}
	})
}

// listener keeps what it is told, and panics when it is told of its end twice.
type listener struct {
	mu    sync.Mutex
	told  []string
	over  chan struct{}
	stop  func()
	quits bool
}

func (k *listener) Room() bool { return true }

func (k *listener) Next(result []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told = append(k.told, string(result))
	return nil
}

func (k *listener) Refuse([]byte) error { return nil }
func (k *listener) Complete() error     { return nil }
func (k *listener) Ended(error)         { close(k.over) }

func (k *listener) heard() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.told)
}

// numbers are the results of the first publications.
func numbers(count int) []string {
	var all []string
	for i := range count {
		all = append(all, fmt.Sprintf(`{"data":{"published":{"number":%d}}}`, i+1))
	}
	return all
}

// eventually waits until holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
