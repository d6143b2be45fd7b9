package ws_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"pgregory.net/rapid"
)

func TestEveryPingIsAnsweredWhereverItStands(t *testing.T) {
	r := serve(t, nil)
	rapid.Check(t, func(rt *rapid.T) {
		l := r.connects(t, "")
		defer l.breaks()
		var heard, want []string
		l.SetPongHandler(func(data string) error {
			heard = append(heard, "pong "+data)
			return nil
		})
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 3), 1, 20).Draw(rt, "steps") {
			data := rapid.StringMatching(`[a-z]{0,125}`).Draw(rt, "data")
			switch step {
			case 0:
				_ = l.WriteControl(websocket.PingMessage, []byte(data), time.Now().Add(patience))
				want = append(want, "pong "+data)
			case 1:
				_ = l.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(patience))
			case 2:
				l.says(`{"type":"ping","payload":{"a":"` + data + `"}}`)
				want = append(want, `{"type":"pong","payload":{"a":"`+data+`"}}`)
			case 3: // in the middle of a message
				w, err := l.NextWriter(websocket.TextMessage)
				if err != nil {
					rt.Fatal(err)
				}
				_, _ = io.WriteString(w, strings.Repeat(" ", 5000)) // beyond the buffer, so that a frame leaves
				_ = l.WriteControl(websocket.PingMessage, []byte(data), time.Now().Add(patience))
				_, _ = io.WriteString(w, `{"type":"ping"}`)
				_ = w.Close()
				want = append(want, "pong "+data, `{"type":"pong"}`)
			}
		}
		l.says(`{"type":"ping","payload":{"last":true}}`)
		for {
			text, err := l.hear()
			if err != nil {
				rt.Fatal(err)
			}
			if strings.Contains(text, "last") {
				break
			}
			heard = append(heard, text)
		}
		if diff := cmp.Diff(want, heard); diff != "" {
			rt.Fatalf("heard (-want +got):\n%s", diff)
		}
	})
}

func TestAMalformedControlFrameEndsTheLine(t *testing.T) {
	r := serve(t, nil)
	for name, frame := range map[string]string{
		"unmasked":   "\x89\x00",
		"too long":   "\x89\xfe\x00\x80\x00\x00\x00\x00" + strings.Repeat("x", 128),
		"not final":  "\x09\x80\x00\x00\x00\x00",
		"extensions": "\xc9\x80\x00\x00\x00\x00",
	} {
		l := r.connects(t, "")
		if _, err := io.WriteString(l.NetConn(), frame); err != nil {
			t.Fatal(err)
		}
		if _, err := l.hear(); !websocket.IsCloseError(err, websocket.CloseProtocolError) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
