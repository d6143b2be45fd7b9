package bus_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"parkbff/internal/bus"
)

func TestThoseWhoAttendHearTheirSubjectInOrderAndNoOther(t *testing.T) {
	eachBus(t, func(t *testing.T, b *bus.Bus) {
		first, second := attend(t, b, "notice.12"), attend(t, b, "notice.12")
		other, deaf := attend(t, b, "notice.13"), attend(t, b, "lots.counted")
		for i := range 100 {
			publish(t, b, "notice.12", fmt.Sprint(i))
		}
		publish(t, b, "notice.14", "nobody's")
		publish(t, b, "notice.13", "end")
		for i := range 100 {
			mustReceive(t, first, message{"notice.12", fmt.Sprint(i)})
			mustReceive(t, second, message{"notice.12", fmt.Sprint(i)})
		}
		mustReceive(t, other, message{"notice.13", "end"})
		publish(t, b, "lots.counted", "")
		mustReceive(t, deaf, message{"lots.counted", ""})
	})
}

func TestWhoHasLeftHearsNothingMore(t *testing.T) {
	eachBus(t, func(t *testing.T, b *bus.Bus) {
		var heard atomic.Int32
		leave, err := b.Attend("notice.12", func(string, []byte) { heard.Add(1) })
		if err != nil {
			t.Fatal(err)
		}
		stays := attend(t, b, "notice.12")
		leave()
		leave()
		publish(t, b, "notice.12", "1")
		mustReceive(t, stays, message{"notice.12", "1"})
		if heard.Load() != 0 {
			t.Error("it still hears")
		}
	})
}

func TestAMessagePublishedRightAfterAttendingIsNotMissed(t *testing.T) {
	url := startCluster(t).url()
	listener, speaker := open(t, bus.Options{URL: url}), open(t, bus.Options{URL: url})
	for i := range 50 {
		subject := fmt.Sprintf("notice.%d", i)
		inbox := attend(t, listener, subject)
		publish(t, speaker, subject, "1")
		mustReceive(t, inbox, message{subject, "1"})
	}
}

func TestAServerKnowsOneInterestHoweverManyAttend(t *testing.T) {
	cluster := startCluster(t)
	b := open(t, bus.Options{URL: cluster.url()})
	before, goroutines := cluster.server.NumSubscriptions(), runtime.NumGoroutine()
	var leave []func()
	for range 5000 {
		l, err := b.Attend("lots.counted", func(string, []byte) {})
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	if n := cluster.server.NumSubscriptions() - before; n != 1 {
		t.Errorf("the server knows %d interests, want 1", n)
	}
	if n := runtime.NumGoroutine() - goroutines; n > 10 {
		t.Errorf("%d more goroutines", n)
	}
	for _, l := range leave {
		l()
	}
	for end := time.Now().Add(patience); cluster.server.NumSubscriptions() != before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d interests are left", cluster.server.NumSubscriptions()-before)
		}
	}
}

func TestAServerInsideKnowsOneInterestOfAFamily(t *testing.T) {
	b := open(t, bus.Options{})
	for i := range 1000 {
		attend(t, b, fmt.Sprintf("notice.%d", i))
	}
	if n := b.Interests(); n != 1 {
		t.Errorf("%d interests, want 1", n)
	}
}

func TestAttendingWhileTheServerIsAwayIsHeardOnceItIsBack(t *testing.T) {
	cluster := startCluster(t)
	b := open(t, bus.Options{URL: cluster.url()})
	back := make(chan struct{}, 10)
	b.OnReconnect(func() { back <- struct{}{} })
	before := attend(t, b, "notice.12")
	cluster.stop()
	mustBecome(t, b, bus.ErrDisconnected)
	meanwhile := attend(t, b, "notice.13")

	cluster.start()
	mustHappen(t, back)

	speaker := open(t, bus.Options{URL: cluster.url()})
	publish(t, speaker, "notice.12", "a")
	publish(t, speaker, "notice.13", "b")
	mustReceive(t, before, message{"notice.12", "a"})
	mustReceive(t, meanwhile, message{"notice.13", "b"})
}

func TestThoseTooSlowToAttendAreToldThatMessagesWereDropped(t *testing.T) {
	b := open(t, bus.Options{})
	dropped := make(chan struct{}, 1000)
	b.OnReconnect(func() { dropped <- struct{}{} })
	release := make(chan struct{})
	defer close(release)
	if _, err := b.Attend("notice.12", func(string, []byte) { <-release }); err != nil {
		t.Fatal(err)
	}
	for range 20_000 {
		publish(t, b, "notice.12", "1")
	}
	mustHappen(t, dropped)
}

func TestNobodyAttendsAPatternOrAClosedBus(t *testing.T) {
	eachBus(t, func(t *testing.T, b *bus.Bus) {
		leave, err := b.Attend("notice.12", func(string, []byte) {})
		if err != nil {
			t.Fatal(err)
		}
		for _, pattern := range []string{"notice.*", "notice.>"} {
			if _, err := b.Attend(pattern, func(string, []byte) {}); err == nil {
				t.Errorf("%s is attended", pattern)
			}
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		leave()
		for _, subject := range []string{"notice.12", "lots.counted"} {
			if _, err := b.Attend(subject, func(string, []byte) {}); err == nil {
				t.Errorf("%s of a closed bus is attended", subject)
			}
		}
	})
}

// BenchmarkAttend measures the time and the memory of one interest among 15,000: of this process alone, with a
// server inside it, and together with a server that only the measurement put into the same process.
func BenchmarkAttend(b *testing.B) {
	const many = 15_000
	node, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		b.Fatal(err)
	}
	node.Start()
	if !node.ReadyForConnections(patience) {
		b.Fatal("the server does not start")
	}
	defer func() { node.Shutdown(); node.WaitForShutdown() }()
	for name, url := range map[string]string{"embedded": "", "cluster and its server": node.ClientURL()} {
		b.Run(name, func(b *testing.B) {
			opened, err := bus.Open(b.Context(), bus.Options{URL: url})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = opened.Close(b.Context()) }()
			heed := func(string, []byte) {}
			for b.Loop() {
				leave := make([]func(), many)
				before, began := heap(), time.Now()
				for i := range many {
					if leave[i], err = opened.Attend(fmt.Sprintf("notice.%d", 1_000_000+i), heed); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(time.Since(began).Microseconds())/many, "µs/interest")
				b.ReportMetric(float64(heap()-before)/many, "B/interest")
				for _, l := range leave {
					l()
				}
			}
		})
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// eachBus runs a test with a server inside the process and with one outside.
func eachBus(t *testing.T, test func(t *testing.T, b *bus.Bus)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { test(t, open(t, bus.Options{})) })
	t.Run("cluster", func(t *testing.T) { test(t, open(t, bus.Options{URL: startCluster(t).url()})) })
}

func attend(t *testing.T, b *bus.Bus, subject string) <-chan message {
	t.Helper()
	inbox := make(chan message, 1000)
	leave, err := b.Attend(subject, func(s string, p []byte) { inbox <- message{s, string(p)} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(leave)
	return inbox
}
