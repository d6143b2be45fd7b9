package ws_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parkbff/server/ws"
)

// sentAway answers a line that the server is closing, and whose client has not noticed.
func (r *rig) sentAway(t *testing.T) *line {
	t.Helper()
	l := r.connects(t, "")
	l.says(`nonsense`)
	return l
}

func TestWhoGoesOnSendingWhileSentAwayIsCut(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Close = time.Minute })
	l := r.sentAway(t)
	text := []byte(strings.Repeat("x", 16<<10))
	for sent := 0; l.WriteMessage(websocket.TextMessage, text) == nil; sent += len(text) {
		if sent > 256<<20 {
			t.Fatal("the server reads without end")
		}
	}
	eventually(t, "it is gone", func() bool { return r.transport.Connections() == 0 })
}

func TestAMessageTooLargeIsNotReadToItsEnd(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Close = time.Minute })
	l := r.connects(t, "")
	w, err := l.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat(" ", 16<<10))
	for sent := 0; err == nil; sent += len(text) {
		if _, err = w.Write(text); sent > 256<<20 {
			t.Fatal("the server reads without end")
		}
	}
	eventually(t, "it is gone", func() bool { return r.transport.Connections() == 0 })
}

func TestWhoIsSentAwayMaySayWhatWasOnItsWayAndGoodbye(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Close = time.Minute })
	for _, size := range []int{0, 1, 125, 126, 500, 1<<16 - 1, 1 << 16, 300 << 10} {
		l := r.sentAway(t)
		for range 2 {
			l.says(strings.Repeat("x", size))
			_ = l.WriteControl(websocket.PingMessage, []byte("still here"), time.Now().Add(patience))
		}
		l.closed(4400, "Invalid message received") // and answers it
		eventually(t, "it is gone", func() bool { return r.transport.Connections() == 0 })
	}
}

func TestAFrameThatClaimsToBeEndlessIsNotWaitedFor(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Close = time.Minute })
	l := r.sentAway(t)
	head := append([]byte{0x82, 0xff}, strings.Repeat("\xff", 8+4)...)
	if _, err := l.NetConn().Write(head); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is gone", func() bool { return r.transport.Connections() == 0 })
}

func TestWhoSendsTooMuchIsHeldUpAndNotRefused(t *testing.T) {
	const rate, atOnce, more = 100, 400, 50
	for name, say := range map[string]func(l *line) error{
		"messages": func(l *line) error { return l.WriteMessage(websocket.TextMessage, []byte(`{"type":"pong"}`)) },
		"pings": func(l *line) error {
			return l.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience))
		},
		"pongs": func(l *line) error {
			return l.WriteControl(websocket.PongMessage, nil, time.Now().Add(patience))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, func(o *ws.Options) { o.MaxRate = rate })
			l := r.connects(t, "")
			l.SetPongHandler(func(string) error { return nil })
			started := time.Now()
			for range atOnce + more {
				if err := say(l); err != nil {
					t.Fatal(err)
				}
			}
			l.says(`{"type":"ping"}`)
			l.hears(`{"type":"pong"}`)
			if took, least := time.Since(started), more*time.Second/rate; took < least {
				t.Errorf("so many were taken within %v, want %v at least", took, least)
			}
		})
	}
}
