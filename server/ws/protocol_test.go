package ws_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parkbff/server/ws"
)

func TestASubscriptionDeliversAndCompletes(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	l.asks("subscribe", "1", published)
	r.Publish("x")
	l.hears(`{"type":"next","id":"1","payload":{"data":{"published":{"number":1}}}}`)
	r.Finish(io.EOF)
	l.hears(`{"type":"complete","id":"1"}`)
}

func TestQueriesAndMutationsRunOverTheSocket(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, r.Token("ann", 0))
	l.asks("subscribe", "q", "{ whoami }")
	l.hears(`{"type":"next","id":"q","payload":{"data":{"whoami":"ann"}}}`, `{"type":"complete","id":"q"}`)
	l.asks("subscribe", "m", `mutation{ remember(text: \"x\") }`)
	l.hears(`{"type":"next","id":"m","payload":{"data":{"remember":"x"}}}`, `{"type":"complete","id":"m"}`)
}

func TestAnErrorIsTheLastMessageOfItsID(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	l.asks("subscribe", "1", "{ nothing }")
	l.hearsOf(`{"type":"error","id":"1","payload":[{"message":"Cannot query field`)
	l.asks("subscribe", "2", notices)
	l.hearsOf(`{"type":"error","id":"2","payload":[{`, `UNAUTHENTICATED`)
	l.says(`{"type":"ping"}`)
	l.hears(`{"type":"pong"}`)
}

func TestAnIDIsFreeAgainOnceItEnded(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	for range 3 {
		l.asks("subscribe", "1", "{ whoami }")
		l.hears(`{"type":"next","id":"1","payload":{"data":{"whoami":""}}}`, `{"type":"complete","id":"1"}`)
	}
}

func TestAfterTheClientCompletesNothingMoreComes(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	l.asks("subscribe", "1", published)
	r.Publish("x")
	l.hearsOf(`"number":1`)
	l.says(`{"type":"complete","id":"1"}`)
	eventually(t, "the source is closed", func() bool { return r.Open() == 0 })
	r.Publish("y")
	l.says(`{"type":"complete","id":"1"}`)
	l.says(`{"type":"ping"}`)
	l.hears(`{"type":"pong"}`)
}

func TestPingsAreAnsweredWithTheirPayload(t *testing.T) {
	r := serve(t, nil)
	l := r.opens(t, "graphql-transport-ws")
	l.says(`{"type":"ping","payload":{"a":[1,{"b":"c"}]}}`)
	l.hears(`{"type":"pong","payload":{"a":[1,{"b":"c"}]}}`)
	l.says(`{"type":"pong"}`)
	l.says(`{"type":"ping","payload":null}`)
	l.hears(`{"type":"pong"}`)
}

func TestWhatIsNoMessageCloses4400AndIsNotEchoed(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":             `{"secret`,
		"no object":            `["secret"]`,
		"no type":              `{}`,
		"unknown type":         `{"type":"secret"}`,
		"a server's type":      `{"type":"next","id":"1","payload":{}}`,
		"legacy type":          `{"type":"start","id":"1","payload":{"query":"{ whoami }"}}`,
		"numeric id":           `{"type":"subscribe","id":1,"payload":{"query":"{ whoami }"}}`,
		"no id":                `{"type":"subscribe","payload":{"query":"{ whoami }"}}`,
		"empty id":             `{"type":"subscribe","id":"","payload":{"query":"{ whoami }"}}`,
		"no payload":           `{"type":"subscribe","id":"1"}`,
		"no query":             `{"type":"subscribe","id":"1","payload":{}}`,
		"query of another":     `{"type":"subscribe","id":"1","payload":{"query":1}}`,
		"variables of another": `{"type":"subscribe","id":"1","payload":{"query":"{ whoami }","variables":"x"}}`,
		"name of another":      `{"type":"subscribe","id":"1","payload":{"query":"{ whoami }","operationName":1}}`,
		"payload of another":   `{"type":"ping","payload":"x"}`,
		"complete without id":  `{"type":"complete"}`,
		"key of other letters": `{"Type":"ping"}`,
		"Query for query":      `{"type":"subscribe","id":"1","payload":{"Query":"{ whoami }"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, nil)
			l := r.connects(t, "")
			l.says(text)
			l.closed(4400, "Invalid message received")
		})
	}
}

func TestABinaryMessageCloses4400(t *testing.T) {
	r := serve(t, nil)
	l := r.opens(t, "graphql-transport-ws")
	_ = l.WriteMessage(websocket.BinaryMessage, []byte(`{"type":"connection_init"}`))
	l.closed(4400, "Invalid message received")
}

func TestSubscribingBeforeTheAckCloses4401(t *testing.T) {
	r := serve(t, nil)
	for _, protocol := range []string{"graphql-transport-ws", "graphql-ws"} {
		l := r.opens(t, protocol)
		l.asks(map[string]string{"graphql-transport-ws": "subscribe", "graphql-ws": "start"}[protocol], "1", "{ whoami }")
		l.closed(4401, "Unauthorized")
	}
}

func TestAnotherProtocolCloses4406(t *testing.T) {
	r := serve(t, nil)
	for _, offer := range []struct {
		path      string
		protocols []string
	}{
		{"/graphql", nil},
		{"/graphql", []string{"mqtt"}},
		{"/graphql/transport-ws", []string{"graphql-ws"}},
		{"/graphql/legacy-ws", []string{"graphql-transport-ws"}},
	} {
		l, _, err := r.dial(t, offer.path, nil, offer.protocols...)
		if err != nil {
			t.Fatal(err)
		}
		l.says(`{"type":"connection_init"}`)
		l.closed(4406, "Subprotocol not acceptable")
	}
}

func TestTheModernProtocolIsPreferred(t *testing.T) {
	r := serve(t, nil)
	l, _, err := r.dial(t, "/graphql", nil, "graphql-ws", "graphql-transport-ws")
	if err != nil || l.Subprotocol() != "graphql-transport-ws" {
		t.Fatalf("%v, %v", l.Subprotocol(), err)
	}
}

func TestAPathMayStandForTheProtocol(t *testing.T) {
	r := serve(t, nil)
	l, _, err := r.dial(t, "/graphql/transport-ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	l.says(`{"type":"connection_init"}`)
	l.hears(`{"type":"connection_ack"}`)
	l, _, err = r.dial(t, "/graphql/legacy-ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	l.says(`{"type":"connection_init"}`)
	l.hears(`{"type":"connection_ack"}`, `{"type":"ka"}`)
}

func TestNoInitialisationCloses4408(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Init = 20 * time.Millisecond })
	l := r.opens(t, "graphql-transport-ws")
	l.closed(4408, "Connection initialisation timeout")
}

func TestARepeatedIDCloses4409(t *testing.T) {
	r := serve(t, nil)
	for id, reason := range map[string]string{
		"a":                      "Subscriber for a already exists",
		strings.Repeat("停", 100): "Subscriber already exists",
	} {
		l := r.connects(t, "")
		l.asks("subscribe", id, published)
		l.asks("subscribe", id, published)
		l.closed(4409, reason)
	}
}

func TestASecondInitialisationCloses4429(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	l.says(`{"type":"connection_init"}`)
	l.closed(4429, "Too many initialisation requests")
}

func TestATooLargeMessageCloses1009(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	l.says(`{"type":"ping","payload":{"a":"` + strings.Repeat("x", 64<<10) + `"}}`)
	l.closed(websocket.CloseMessageTooBig, "")
}

func TestTheCloseCodeReachesWhoSendsTooMuch(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	if err := l.WriteMessage(websocket.TextMessage, make([]byte, 8<<20)); err != nil {
		t.Fatal(err)
	}
	l.closed(websocket.CloseMessageTooBig, "")
}

func TestTheCloseCodeReachesWhoSendsTooMuchAndIsToldMuch(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	l.asks("subscribe", "1", `subscription{ published{ number } }`)
	eventually(t, "it is subscribed", func() bool { return r.Open() == 1 })
	sent := make(chan error, 1)
	go func() { sent <- l.WriteMessage(websocket.TextMessage, make([]byte, 8<<20)) }()
	for said := false; !said; {
		select {
		case err := <-sent:
			if said = true; err != nil {
				t.Fatal(err)
			}
		default:
			r.Publish("x")
			time.Sleep(100 * time.Microsecond)
		}
	}
	for {
		if _, err := l.hear(); err != nil {
			if !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
				t.Fatal(err)
			}
			return
		}
	}
}

func TestTextThatIsNotUTF8Closes1007(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, "")
	l.says("{\"type\":\"ping\",\"payload\":{\"a\":\"\xc3(\"}}")
	l.closed(websocket.CloseInvalidFramePayloadData, "Text is not UTF-8")
}

func TestAForeignOriginIsNotLetIn(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Origins = []string{"https://h5.example.com"} })
	for origin, want := range map[string]int{
		"":                                      http.StatusSwitchingProtocols,
		"http://" + r.address:                   http.StatusSwitchingProtocols,
		"https://h5.example.com":                http.StatusSwitchingProtocols,
		"http://h5.example.com":                 http.StatusForbidden,
		"https://evil.example":                  http.StatusForbidden,
		"null":                                  http.StatusForbidden,
		"http://" + r.address + ".evil.example": http.StatusForbidden,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		_, response, _ := r.dial(t, "/graphql", header, "graphql-transport-ws")
		if response == nil || response.StatusCode != want {
			t.Errorf("%q: got %v, want %d", origin, response, want)
		}
	}
}

func TestAPlainRequestIsToldToUpgrade(t *testing.T) {
	r := serve(t, nil)
	response, err := http.Get("http://" + r.address + "/graphql")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusUpgradeRequired {
		t.Fatalf("got %d", response.StatusCode)
	}
}
