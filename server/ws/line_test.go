package ws_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"parkbff/internal/fault"
	"parkbff/server/live/livetest"
	"parkbff/server/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTenThousandConnectionsLeaveNothing(t *testing.T) {
	const clients, times = 10, 1000
	r := serve(t, nil)
	before := goleak.IgnoreCurrent()
	ann := r.Token("ann", 0)
	var coming sync.WaitGroup
	for client := range clients {
		coming.Go(func() {
			for i := range times {
				l := r.connects(t, ann)
				l.asks("subscribe", "1", notices)
				if (client+i)%3 == 0 {
					_ = l.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""))
				}
				if (client+i)%3 == 1 {
					l.says(`{"type":"complete","id":"1"}`)
				}
				l.breaks()
			}
		})
	}
	coming.Wait()
	eventually(t, "all are gone", func() bool { return r.transport.Connections() == 0 && r.Open() == 0 })
	if err := goleak.Find(before); err != nil {
		t.Fatal(err)
	}
}

func TestASlowConsumerIsClosed1013AndSlowsNobody(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Slow, o.Timing.Close = time.Second, patience })
	const number, body = 200, 100 << 10
	slow, quick := r.connects(t, ""), r.connects(t, "")
	for _, l := range []*line{slow, quick} {
		l.asks("subscribe", "1", `subscription{ published{ number body } }`)
	}
	eventually(t, "both are subscribed", func() bool { return r.Open() == 2 })
	text := strings.Repeat("x", body)
	for range number {
		r.Publish(text)
	}
	for range number {
		quick.hearsOf(`"number"`)
	}
	eventually(t, "the slow one is given up", func() bool { return r.Open() == 1 })
	for {
		_, err := slow.hear()
		var end *websocket.CloseError
		if errors.As(err, &end) {
			if end.Code != websocket.CloseTryAgainLater {
				t.Fatal(end)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnOutageClosesALineSoThatItsClientComesBack(t *testing.T) {
	for _, away := range []func(*livetest.House, error){(*livetest.House).Shut, (*livetest.House).Forget} {
		r := serve(t, nil)
		ann := r.Token("ann", 0)
		away(r.House, fault.Unavailable)
		l := r.connects(t, ann)
		l.asks("subscribe", "1", notices)
		l.closed(websocket.CloseTryAgainLater, "Try again later")
		away(r.House, nil)
		l = r.connects(t, ann)
		l.asks("subscribe", "1", notices)
		r.Notify("ann", "in")
		l.hearsOf(`"cursor":"1"`)
	}
}

func TestAnOutageAtAnEventClosesTheLine(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, r.Token("ann", 0))
	l.asks("subscribe", "1", notices)
	eventually(t, "it is subscribed", func() bool { return r.Open() == 1 })
	r.Forget(fault.Unavailable)
	r.Notify("ann", "in")
	l.closed(websocket.CloseTryAgainLater, "Try again later")
}

func TestAFullQueueLosesNothing(t *testing.T) {
	const operations, number = 4, 200
	r := serve(t, func(o *ws.Options) { o.MaxQueue, o.Timing.Slow = 2, time.Minute })
	l := r.connects(t, "")
	for id := range operations {
		l.asks("subscribe", strconv.Itoa(id), `subscription{ published{ number body } }`)
	}
	eventually(t, "all are subscribed", func() bool { return r.Open() == operations })
	text := strings.Repeat("x", 20<<10) // so that the line is full, too
	for range number {
		r.Publish(text)
	}
	told := map[string]int{}
	for range operations * number {
		var m struct {
			ID      string
			Payload struct {
				Data struct{ Published struct{ Number int } }
			}
		}
		_ = l.SetReadDeadline(time.Now().Add(patience))
		if err := l.ReadJSON(&m); err != nil {
			t.Fatal(err)
		}
		if told[m.ID]++; told[m.ID] != m.Payload.Data.Published.Number {
			t.Fatalf("%s was told %d as the %dth", m.ID, m.Payload.Data.Published.Number, told[m.ID])
		}
	}
}

func TestALineThatTakesNothingIsCut(t *testing.T) {
	r := serve(t, func(o *ws.Options) {
		o.Timing.Slow, o.Timing.Write, o.Timing.Close = time.Minute, 100*time.Millisecond, 100*time.Millisecond
	})
	l := r.connects(t, "")
	l.asks("subscribe", "1", `subscription{ published{ body } }`)
	eventually(t, "it is subscribed", func() bool { return r.Open() == 1 })
	text := strings.Repeat("x", 1<<20)
	for range 20 {
		r.Publish(text)
	}
	eventually(t, "the line is cut", func() bool { return r.transport.Connections() == 0 && r.Open() == 0 })
}

func TestASilentLineIsCut(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Silence = 50 * time.Millisecond })
	r.connects(t, "") // does not read, so it answers no ping
	eventually(t, "the line is cut", func() bool { return r.transport.Connections() == 0 })
}

func TestAnsweringPingsKeepsALineOpen(t *testing.T) {
	r := serve(t, func(o *ws.Options) {
		o.Timing.Silence, o.Timing.Ping = time.Second, 50*time.Millisecond
	})
	l := r.connects(t, "")
	pinged := make(chan struct{}, 1000)
	answer := l.PingHandler()
	l.SetPingHandler(func(data string) error {
		pinged <- struct{}{}
		return answer(data)
	})
	cut := make(chan error, 1)
	go func() {
		_, err := l.hear()
		cut <- err
	}()
	for range 30 { // longer than the silence that is borne
		select {
		case <-pinged:
		case err := <-cut:
			t.Fatal(err)
		}
	}
	if r.transport.Connections() != 1 {
		t.Fatal("the line was cut")
	}
}

func TestAClientsWebSocketPingIsAnswered(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	ponged := make(chan string, 1)
	l.SetPongHandler(func(data string) error {
		ponged <- data
		return nil
	})
	_ = l.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(patience))
	go func() { _, _ = l.hear() }()
	if data := <-ponged; data != "x" {
		t.Fatalf("heard %q", data)
	}
}

func TestDrainSendsEverybodyElsewhere(t *testing.T) {
	r := serve(t, nil)
	var lines []*line
	for range 20 {
		l := r.connects(t, "")
		l.asks("subscribe", "1", published)
		lines = append(lines, l)
	}
	eventually(t, "all are subscribed", func() bool { return r.Open() == len(lines) })
	drained := make(chan error, 1)
	go func() { drained <- r.transport.Drain(t.Context()) }()
	for _, l := range lines {
		l.closed(websocket.CloseServiceRestart, "Service restart")
	}
	if err := <-drained; err != nil {
		t.Fatal(err)
	}
	_, response, err := r.dial(t, "/graphql", nil, "graphql-transport-ws")
	if err == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("%v, %v", response, err)
	}
}

func TestDrainSpreadsTheClosings(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Drain = 300 * time.Millisecond })
	var lines []*line
	for range 4 {
		lines = append(lines, r.connects(t, ""))
	}
	go func() { _ = r.transport.Drain(context.WithoutCancel(t.Context())) }()
	instants := make(chan time.Time, len(lines))
	for _, l := range lines {
		go func() {
			l.closed(websocket.CloseServiceRestart, "Service restart")
			instants <- time.Now()
		}()
	}
	first := <-instants
	var last time.Time
	for range len(lines) - 1 {
		last = <-instants
	}
	if spread := last.Sub(first); spread < 150*time.Millisecond {
		t.Fatalf("all left within %v", spread)
	}
}

func TestDrainCutsWhatDoesNotLeaveInTime(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Close = time.Minute })
	r.connects(t, "") // does not read, so it answers no close frame
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.transport.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	eventually(t, "it is cut", func() bool { return r.transport.Connections() == 0 })
}

func TestALostLineCancelsWhatItAsked(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	l.asks("subscribe", "1", "{ slow }")
	l.asks("subscribe", "2", published)
	eventually(t, "it runs", func() bool { return r.Open() == 1 })
	_ = l.NetConn().Close()
	eventually(t, "it is cancelled", func() bool { return r.transport.Connections() == 0 && r.Open() == 0 })
}

func TestTheClientsCloseIsAnswered(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	_ = l.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, "interrupted"))
	l.closed(1000, "")
	eventually(t, "it is gone", func() bool { return r.transport.Connections() == 0 })
}
