package ws_test

import (
	"io"
	"testing"
	"time"

	"parkbff/server/live"
	"parkbff/server/ws"
)

func TestTheLegacyProtocolDeliversAndCompletes(t *testing.T) {
	r := serve(t, nil)
	l := r.connectsLegacy(t, "")
	l.asks("start", "1", published)
	r.Publish("x")
	l.hears(`{"type":"data","id":"1","payload":{"data":{"published":{"number":1}}}}`)
	r.Finish(io.EOF)
	l.hears(`{"type":"complete","id":"1"}`)
	l.says(`{"type":"connection_terminate"}`)
	l.closed(1000, "Normal closure")
}

func TestALegacyStopIsConfirmed(t *testing.T) {
	r := serve(t, nil)
	l := r.connectsLegacy(t, "")
	l.asks("start", "1", published)
	r.Publish("x")
	l.hearsOf(`"number":1`)
	l.says(`{"type":"stop","id":"1"}`)
	l.hears(`{"type":"complete","id":"1"}`)
	r.Publish("y")
	l.asks("start", "2", "{ whoami }")
	l.hears(`{"type":"data","id":"2","payload":{"data":{"whoami":""}}}`, `{"type":"complete","id":"2"}`)
}

func TestALegacyErrorIsOneError(t *testing.T) {
	r := serve(t, nil)
	l := r.connectsLegacy(t, "")
	l.asks("start", "1", "{ nothing }")
	l.hearsOf(`{"type":"error","id":"1","payload":{"message":"Cannot query field`)
}

func TestALegacyIDStartedAgainReplacesTheFirst(t *testing.T) {
	r := serve(t, nil)
	l := r.connectsLegacy(t, "")
	l.asks("start", "1", published)
	eventually(t, "it runs", func() bool { return r.Open() == 1 })
	l.asks("start", "1", "{ whoami }")
	l.hears(`{"type":"data","id":"1","payload":{"data":{"whoami":""}}}`, `{"type":"complete","id":"1"}`)
	eventually(t, "the first is closed", func() bool { return r.Open() == 0 })
}

func TestALegacyClientIsToldWhyItIsTurnedAway(t *testing.T) {
	r := serve(t, nil)
	l := r.opens(t, "graphql-ws")
	l.says(`{"type":"connection_init","payload":{"Authorization":"Bearer unknown"}}`)
	l.hears(`{"type":"connection_error","payload":{"message":"Unauthorized"}}`)
	l.closed(4401, "Unauthorized")
}

func TestALegacyConnectionSurvivesAMalformedMessage(t *testing.T) {
	r := serve(t, nil)
	l := r.connectsLegacy(t, "")
	l.says(`{"type":"secret"}`)
	l.hears(`{"type":"connection_error","payload":{"message":"Invalid message received"}}`)
	l.asks("start", "1", "{ whoami }")
	l.hearsOf(`"whoami"`)
}

func TestALegacyConnectionIsKeptAlive(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Ping = 10 * time.Millisecond })
	l := r.connectsLegacy(t, "")
	l.hears(`{"type":"ka"}`, `{"type":"ka"}`)
}

func TestALegacyConnectionEndsWithItsToken(t *testing.T) {
	r := serve(t, nil)
	l := r.connectsLegacy(t, r.Token("ann", time.Minute))
	r.Clock.Pass(time.Minute)
	l.closed(4403, "Token expired")
	if _, err := r.Authenticate(t.Context(), "Bearer ann.x"); err != live.TokenExpired {
		t.Fatal(err)
	}
}
