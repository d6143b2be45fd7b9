package sse_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parkbff/internal/fault"
	"parkbff/server/live"
	"parkbff/server/sse"
)

const (
	patience  = 5 * time.Second
	notices   = `{"query":"subscription($after: String){ noticeReceived(after: $after){ cursor notice{ seenAs } } }"}`
	published = `{"query":"subscription{ published{ number } }"}`
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASubscriptionStreamsAndCompletes(t *testing.T) {
	r := serve(t, nil)
	s := r.posts(t, "", published)
	if got := s.Header.Get("Content-Type"); s.StatusCode != http.StatusOK || got != "text/event-stream" {
		t.Fatalf("got %d %s", s.StatusCode, got)
	}
	r.Publish("x")
	s.hears("event: next\ndata: " + `{"data":{"published":{"number":1}}}`)
	r.Publish("y")
	s.hears("event: next\ndata: " + `{"data":{"published":{"number":2}}}`)
	r.Finish(io.EOF)
	s.hears(end, "")
}

func TestASubscriptionComesOverGetToo(t *testing.T) {
	r := serve(t, nil)
	r.Publish("x")
	s := r.gets(t, url.Values{"query": {"subscription A($b: Boolean!){ published{ number body @include(if: $b) } }"}, "operationName": {"A"}, "variables": {`{"b":false}`}})
	s.hears("event: next\ndata: " + `{"data":{"published":{"number":1}}}`)
}

func TestAQueryAnswersOnce(t *testing.T) {
	r := serve(t, nil)
	r.posts(t, r.Token("ann", 0), `{"query":"{ whoami }"}`).
		hears("event: next\ndata: "+`{"data":{"whoami":"ann"}}`, end, "")
}

func TestWhatTheDocumentDoesWrongComesAsAnEvent(t *testing.T) {
	r := serve(t, nil)
	s := r.posts(t, "", `{"query":"{ nothing }"}`)
	s.hearsOf("event: next\ndata: {\"errors\":[{", "Cannot query field")
	s.hears(end, "")
	s = r.posts(t, "", notices)
	s.hearsOf("UNAUTHENTICATED")
	s.hears(end, "")
	s = r.gets(t, url.Values{"query": {`mutation{ remember(text: "x") }`}})
	s.hearsOf("METHOD_NOT_ALLOWED")
	s.hears(end, "")
}

func TestWhatIsNoGraphQLRequestIsRefusedAndNotEchoed(t *testing.T) {
	r := serve(t, nil)
	for _, body := range []string{``, `{"secret`, `["secret"]`, `{}`, `{"query":1}`, `{"query":"{ whoami }","variables":"secret"}`} {
		r.posts(t, "", body).refused(http.StatusBadRequest, "BAD_USER_INPUT")
	}
	r.posts(t, "", `{"query":"`+strings.Repeat("secret ", 10_000)+`"}`).refused(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE")
	r.gets(t, url.Values{}).refused(http.StatusBadRequest, "BAD_USER_INPUT")
	r.gets(t, url.Values{"query": {"{ whoami }"}, "variables": {`{"secret`}}).refused(http.StatusBadRequest, "BAD_USER_INPUT")
	r.gets(t, url.Values{"query": {strings.Repeat("a", 65<<10)}}).refused(http.StatusRequestURITooLong, "PAYLOAD_TOO_LARGE")

	request, _ := http.NewRequest(http.MethodPost, r.url, strings.NewReader(published))
	request.Header.Set("Content-Type", "text/plain")
	r.send(t, request, "").refused(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
	request, _ = http.NewRequest(http.MethodPatch, r.url, nil)
	r.send(t, request, "").refused(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
}

func TestABadTokenIsRefusedBeforeTheStream(t *testing.T) {
	r := serve(t, nil)
	stale := r.Token("ann", time.Minute)
	r.Clock.Pass(time.Minute)
	s := r.posts(t, stale, notices)
	s.refused(http.StatusUnauthorized, "TOKEN_EXPIRED")
	if s.Header.Get("WWW-Authenticate") == "" {
		t.Error("no challenge")
	}
	r.posts(t, "Bearer nonsense", notices).refused(http.StatusUnauthorized, "TOKEN_INVALID")
	for _, trouble := range []error{fault.Unavailable, context.Canceled} {
		r.Trouble(trouble)
		r.posts(t, "", notices).refused(http.StatusServiceUnavailable, "UNAVAILABLE")
	}
	r.Trouble(io.ErrUnexpectedEOF)
	r.posts(t, "", notices).refused(http.StatusInternalServerError, "INTERNAL")
}

func TestAnExpiredTokenEndsAnIdleStream(t *testing.T) {
	r := serve(t, nil)
	s := r.posts(t, r.Token("ann", 20*time.Millisecond), notices)
	eventually(t, "it is subscribed", func() bool { return r.Open() == 1 })
	r.Clock.Pass(time.Second)
	s.hearsOf("event: next\ndata: {\"errors\":[{", `"code":"TOKEN_EXPIRED"`)
	s.hears(end, "")
}

func TestARevokedSignInEndsAnIdleStream(t *testing.T) {
	r := serve(t, nil)
	s := r.posts(t, r.Token("ann", time.Hour), notices)
	eventually(t, "it is subscribed", func() bool { return r.Open() == 1 })
	r.Revoke("ann")
	s.hearsOf(`"code":"SIGN_IN_ENDED"`)
	s.hears(end, "")
}

func TestNothingIsRenderedAfterTheTokenEnded(t *testing.T) {
	r := serve(t, nil)
	s := r.posts(t, r.Token("ann", time.Hour), notices)
	r.Notify("ann", "in")
	s.hearsOf(`"cursor":"1"`)
	r.Clock.Pass(time.Hour)
	r.Notify("ann", "out")
	s.hearsOf(`"code":"TOKEN_EXPIRED"`)
	s.hears(end, "")
}

func TestAnOutageWhileASubscriptionBeginsIsAStatus(t *testing.T) {
	r := serve(t, nil)
	ann := r.Token("ann", 0)
	for name, away := range map[string]func(error){"the source": r.Shut, "what is known of people": r.Forget} {
		away(fault.Unavailable)
		s := r.posts(t, ann, notices)
		s.refused(http.StatusServiceUnavailable, "UNAVAILABLE")
		if s.Header.Get("Retry-After") == "" || s.Header.Get("Content-Type") == "text/event-stream" {
			t.Errorf("%s: %v", name, s.Header)
		}
		away(nil)
		if s = r.posts(t, ann, notices); s.StatusCode != http.StatusOK {
			t.Errorf("%s is back: status %d", name, s.StatusCode)
		}
	}
}

func TestWhatPassesEndsAStreamWithoutComplete(t *testing.T) {
	for _, why := range []error{live.SlowConsumer, fault.Unavailable} {
		r := serve(t, nil)
		s := r.posts(t, "", published)
		r.Finish(why)
		s.hears("")
	}
}

func TestAnOutageAtAnEventEndsTheStreamWithoutComplete(t *testing.T) {
	r := serve(t, nil)
	s := r.posts(t, r.Token("ann", 0), notices)
	r.Forget(fault.Unavailable)
	r.Notify("ann", "in")
	s.hears("")
}

func TestADisconnectCancels(t *testing.T) {
	r := serve(t, nil)
	for range 50 {
		s := r.posts(t, "", published)
		eventually(t, "it runs", func() bool { return r.Open() == 1 })
		s.cancel()
		eventually(t, "it is cancelled", func() bool { return r.Open() == 0 })
	}
}

func TestAReaderThatTakesNothingIsCut(t *testing.T) {
	r := serve(t, func(o *sse.Options) { o.Write = 50 * time.Millisecond })
	r.posts(t, "", `{"query":"subscription{ published{ body } }"}`)
	eventually(t, "it runs", func() bool { return r.Open() == 1 })
	for range 20 {
		r.Publish(strings.Repeat("x", 1<<20))
	}
	eventually(t, "it is cut", func() bool { return r.Open() == 0 })
}

func TestAnIdleStreamIsKeptAliveBeyondTheServersTimeouts(t *testing.T) {
	r := serve(t, func(o *sse.Options) { o.KeepAlive = 10 * time.Millisecond })
	s := r.posts(t, "", published)
	for range 120 * 2 { // a comment and an empty line each, 1.2 s in all
		if !s.lines.Scan() {
			t.Fatal(s.lines.Err())
		}
	}
	r.Publish("x")
	s.hearsOf(`"number":1`)
}

func TestWhatBeginsSlowlyOutlastsTheServersTimeouts(t *testing.T) {
	r := serve(t, nil)
	answers := make(chan *stream, 2)
	for range cap(answers) {
		go func() { answers <- r.posts(t, "", `{"query":"{ slow }"}`) }()
	}
	time.Sleep(1200 * time.Millisecond)
	r.Release <- struct{}{}
	s := <-answers
	s.hears("event: next\ndata: "+`{"data":{"slow":"at last"}}`, end, "")
	if err := r.handler.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	(<-answers).refused(http.StatusServiceUnavailable, "UNAVAILABLE")
}

func TestStreamsAreCapped(t *testing.T) {
	r := serve(t, func(o *sse.Options) { o.PerViewer, o.PerAddress = live.NewQuota(1), live.NewQuota(2) })
	ann := r.Token("ann", 0)
	first := r.posts(t, ann, notices)
	r.posts(t, ann, notices).refused(http.StatusTooManyRequests, "RATE_LIMITED")
	r.posts(t, "", published)
	r.posts(t, "", published).refused(http.StatusTooManyRequests, "RATE_LIMITED")
	eventually(t, "both run", func() bool { return r.Open() == 2 })
	first.cancel()
	eventually(t, "one is gone", func() bool { return r.Open() == 1 })
	eventually(t, "its place is free", func() bool { return r.posts(t, ann, notices).StatusCode == http.StatusOK })
}

func TestDrainEndsStreamsWithoutComplete(t *testing.T) {
	r := serve(t, nil)
	s := r.posts(t, "", published)
	eventually(t, "it runs", func() bool { return r.Open() == 1 })
	if err := r.handler.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.hears("")
	r.posts(t, "", published).refused(http.StatusServiceUnavailable, "UNAVAILABLE")
}

func TestSupportsAsksForTheMediaType(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "application/json": false,
		"text/event-stream": true, "application/json;q=0.5, Text/Event-Stream;q=1": true,
	} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
		r.Header.Set("Accept", accept)
		if sse.Supports(r) != want {
			t.Errorf("%q: %v", accept, !want)
		}
	}
}
