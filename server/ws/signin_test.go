package ws_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/server/live"
	"parkbff/server/ws"
)

func TestTheTokenMayStandInTheHandshake(t *testing.T) {
	r := serve(t, nil)
	l, _, err := r.dial(t, "/graphql", http.Header{"Authorization": {r.Token("ann", 0)}}, "graphql-transport-ws")
	if err != nil {
		t.Fatal(err)
	}
	l.says(`{"type":"connection_init"}`)
	l.hears(`{"type":"connection_ack"}`)
	l.asks("subscribe", "1", "{ whoami }")
	l.hearsOf(`"whoami":"ann"`)
}

func TestATokenIsFoundInAnyCase(t *testing.T) {
	r := serve(t, nil)
	l := r.opens(t, "graphql-transport-ws")
	l.says(`{"type":"connection_init","payload":{"other":1,"authorization":"` + r.Token("ann", 0) + `"}}`)
	l.hears(`{"type":"connection_ack"}`)
	l.asks("subscribe", "1", "{ whoami }")
	l.hearsOf(`"whoami":"ann"`)
}

func TestHowConnectionInitIsRefused(t *testing.T) {
	r := serve(t, nil)
	stale := r.Token("ann", time.Minute)
	r.Clock.Pass(time.Minute)
	revoked := r.Token("bob", 0)
	r.Revoke("bob")
	for name, c := range map[string]struct {
		payload string
		code    int
		reason  string
	}{
		"expired":  {`"` + stale + `"`, 4403, "Token expired"},
		"hopeless": {`"Bearer nonsense"`, 4401, "Unauthorized"},
		"revoked":  {`"` + revoked + `"`, 4401, "Sign-in ended"},
		"no text":  {`{"a":1}`, 4401, "Unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			l := r.opens(t, "graphql-transport-ws")
			l.says(`{"type":"connection_init","payload":{"Authorization":` + c.payload + `}}`)
			l.closed(c.code, c.reason)
		})
	}
}

func TestTroubleWithinIsNotTheClientsFault(t *testing.T) {
	for name, c := range map[string]struct {
		trouble error
		code    int
		reason  string
	}{
		"a bug":         {errors.New("a secret of the store"), 4500, "Internal server error"},
		"the store":     {fault.Unavailable, 1013, "Try again later"},
		"a departure":   {context.Canceled, 1013, "Try again later"},
		"not permitted": {fault.Forbidden, 4403, "Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, nil)
			r.Trouble(c.trouble)
			l := r.opens(t, "graphql-transport-ws")
			l.says(`{"type":"connection_init"}`)
			l.closed(c.code, c.reason)
		})
		t.Run(name+" later", func(t *testing.T) {
			r := serve(t, nil)
			l := r.connects(t, "")
			r.Trouble(c.trouble)
			l.asks("subscribe", "1", "{ whoami }")
			l.closed(c.code, c.reason)
		})
	}
}

func TestAnExpiredTokenClosesAnIdleConnection(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, r.Token("ann", time.Hour))
	r.Clock.Pass(time.Hour)
	l.closed(4403, "Token expired")
}

func TestARevokedSignInClosesAnIdleConnection(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, r.Token("ann", time.Hour))
	other := r.connects(t, r.Token("bob", time.Hour))
	r.Revoke("ann")
	l.closed(4401, "Sign-in ended")
	other.says(`{"type":"ping"}`)
	other.hears(`{"type":"pong"}`)
}

func TestNothingIsRenderedAfterTheTokenEnded(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.Timing.Tick = time.Minute })
	l := r.connects(t, r.Token("ann", time.Hour))
	l.asks("subscribe", "1", notices)
	r.Notify("ann", "in")
	l.hearsOf(`"cursor":"1"`)
	r.Clock.Pass(time.Hour)
	r.Notify("ann", "out")
	l.closed(4403, "Token expired")
}

func TestATokenIsRenewedInBandAndTheSubscriptionGoesOn(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, r.Token("ann", 10*time.Minute))
	l.asks("subscribe", "1", notices)
	r.Notify("ann", "in")
	l.hearsOf(`"cursor":"1"`)

	r.Clock.Pass(9*time.Minute + 30*time.Second)
	l.hears(`{"type":"ping","payload":{"tokenExpiresIn":30}}`)
	l.says(`{"type":"pong"}`)
	l.says(`{"type":"ping","payload":{"authorization":"` + r.Token("ann", 15*time.Minute) + `"}}`)
	l.hears(`{"type":"pong","payload":{"tokenExpiresIn":900}}`)

	r.Clock.Pass(5 * time.Minute)
	r.Notify("ann", "out")
	l.hearsOf(`"cursor":"2"`)

	r.Clock.Pass(9*time.Minute + 10*time.Second)
	l.hears(`{"type":"ping","payload":{"tokenExpiresIn":50}}`)
	r.Clock.Pass(time.Minute)
	l.closed(4403, "Token expired")
}

func TestATokenOfAnotherViewerIsNotTaken(t *testing.T) {
	r := serve(t, nil)
	for _, first := range []string{r.Token("ann", 0), ""} {
		l := r.connects(t, first)
		l.says(`{"type":"ping","payload":{"authorization":"` + r.Token("bob", 0) + `"}}`)
		l.closed(4403, "Token of another viewer")
	}
}

func TestABadTokenInBandIsAsBadAsAtTheStart(t *testing.T) {
	r := serve(t, nil)
	l := r.connects(t, r.Token("ann", 0))
	l.says(`{"type":"ping","payload":{"authorization":"Bearer nonsense"}}`)
	l.closed(4401, "Unauthorized")
	l = r.connects(t, r.Token("ann", 0))
	l.says(`{"type":"ping","payload":{"authorization":1}}`)
	l.closed(4400, "Invalid message received")
}

func TestATokenInAPingBeforeTheAckIsNeitherUsedNorEchoed(t *testing.T) {
	r := serve(t, nil)
	l := r.opens(t, "graphql-transport-ws")
	l.says(`{"type":"ping","payload":{"authorization":"` + r.Token("ann", 0) + `"}}`)
	l.hears(`{"type":"pong"}`)
	l.asks("subscribe", "1", "{ whoami }")
	l.closed(4401, "Unauthorized")
}

func TestConnectionsOfAViewerAreCapped(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.PerViewer = live.NewQuota(2) })
	ann := r.Token("ann", 0)
	first := r.connects(t, ann)
	r.connects(t, ann)
	third := r.opens(t, "graphql-transport-ws")
	third.says(`{"type":"connection_init","payload":{"Authorization":"` + ann + `"}}`)
	third.closed(1013, "Too many connections")
	r.connects(t, r.Token("bob", 0))
	for range 3 {
		r.connects(t, "")
	}
	_ = first.Close()
	eventually(t, "the place is free", func() bool { return r.transport.Connections() == 5 })
	r.connects(t, ann)
}

func TestConnectionsOfAnAddressAreCapped(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.PerAddress = live.NewQuota(2) })
	r.connects(t, "")
	second := r.connects(t, "")
	_, response, err := r.dial(t, "/graphql", nil, "graphql-transport-ws")
	if err == nil || response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
		t.Fatalf("%v, %v", response, err)
	}
	_ = second.Close()
	eventually(t, "the place is free", func() bool { return r.transport.Connections() == 1 })
	r.connects(t, "")
}

func TestOperationsOfAConnectionAreCapped(t *testing.T) {
	r := serve(t, func(o *ws.Options) { o.MaxOperations = 3 })
	l := r.connects(t, "")
	for i := range 3 {
		l.asks("subscribe", strconv.Itoa(i), published)
	}
	eventually(t, "they run", func() bool { return r.Open() == 3 })
	l.asks("subscribe", "more", published)
	l.hearsOf(`{"type":"error","id":"more","payload":[{`, "RATE_LIMITED")
	l.says(`{"type":"complete","id":"0"}`)
	eventually(t, "one ended", func() bool { return r.Open() == 2 })
	l.asks("subscribe", "more", published)
	eventually(t, "it runs", func() bool { return r.Open() == 3 })
}
