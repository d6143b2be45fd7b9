package sse_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/bus"
	"parkbff/server/sse"
)

// replica is another handler for the clients of a rig, on the same bus.
func (r *rig) replica(t *testing.T, b sse.Bus) *rig {
	t.Helper()
	handler, err := sse.New(sse.Options{
		Runner: r.Runner, Authenticate: r.Authenticate, Clock: r.Clock, Log: slog.New(slog.DiscardHandler),
		Bus: b, Key: make([]byte, 32), Drain: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	other := &rig{House: r.House, handler: handler, url: server.URL, client: r.client}
	t.Cleanup(func() {
		if err := handler.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		r.client.CloseIdleConnections()
		server.Close()
	})
	return other
}

func TestEveryRequestMayReachAnotherReplica(t *testing.T) {
	b := openBus(t)
	first := serve(t, func(o *sse.Options) { o.Bus = b })
	second, third := first.replica(t, b), first.replica(t, b)
	ann := first.Token("ann", 0)

	ticket := first.reserves(t, ann)
	second.runs(t, ann, ticket, "1", notices).is(http.StatusAccepted)
	s := third.opens(t, ann, ticket)
	s.is(http.StatusOK)
	first.Notify("ann", "in")
	s.hearsOf(`{"id":"1","payload":`, `"cursor":"1"`)
	first.runs(t, ann, ticket, "2", whoami).is(http.StatusAccepted)
	s.hears(nextOf("2", `{"data":{"whoami":"ann"}}`), completeOf("2"))
	second.opens(t, ann, ticket).refused(http.StatusConflict, "STREAM_ALREADY_OPEN")
	second.stops(t, ann, ticket, "1").is(http.StatusOK)
	eventually(t, "it is stopped", func() bool { return first.Open() == 0 })
}

func TestOnlyOneOfManyOpensAStream(t *testing.T) {
	b := openBus(t)
	first := serve(t, func(o *sse.Options) { o.Bus = b })
	replicas := []*rig{first, first.replica(t, b)}
	for range 10 {
		ticket := first.reserves(t, "")
		statuses := make(chan int, 8)
		var opening sync.WaitGroup
		for i := range cap(statuses) {
			opening.Go(func() { statuses <- replicas[i%2].opens(t, "", ticket).StatusCode })
		}
		opening.Wait()
		close(statuses)
		got := map[int]int{}
		for status := range statuses {
			got[status]++
		}
		if diff := cmp.Diff(map[int]int{http.StatusOK: 1, http.StatusConflict: 7}, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// listening is a bus that keeps what goes over it.
type listening struct {
	*bus.Bus
	mu   sync.Mutex
	text strings.Builder
}

func (l *listening) Request(ctx context.Context, subject string, payload []byte) ([]byte, error) {
	answer, err := l.Bus.Request(ctx, subject, payload)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.WriteString(subject)
	l.text.Write(payload)
	l.text.Write(answer)
	return answer, err
}

func TestTheBusCarriesNeitherTicketNorTokenNorDocument(t *testing.T) {
	l := &listening{Bus: openBus(t)}
	r := serve(t, func(o *sse.Options) { o.Bus = l })
	ann := r.Token("ann", 0)
	ticket := r.reserves(t, ann)
	r.runs(t, ann, ticket, "an-id", whoami).is(http.StatusAccepted)
	s := r.opens(t, "", ticket)
	s.hears(nextOf("an-id", `{"data":{"whoami":"ann"}}`), completeOf("an-id"))
	r.stops(t, ann, ticket, "an-id").is(http.StatusOK)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() == 0 {
		t.Error("nothing went over the bus")
	}
	for _, part := range []string{ticket, ann, "ann", "whoami", "an-id"} {
		if strings.Contains(l.text.String(), part) {
			t.Errorf("%s went over the bus", part)
		}
	}
}

// away is a bus that cannot be reached.
type away struct{}

func (away) Request(context.Context, string, []byte) ([]byte, error) { return nil, bus.ErrDisconnected }

func (away) Answer(string, func([]byte) []byte) (func(), error) { return nil, bus.ErrDisconnected }

func TestWithoutTheBusThereAreDistinctStreamsOnly(t *testing.T) {
	r := serve(t, func(o *sse.Options) { o.Bus = away{} })
	r.does(t, http.MethodPut, "", "", "", "").refused(http.StatusServiceUnavailable, "UNAVAILABLE")
	r.opens(t, "", "t").refused(http.StatusServiceUnavailable, "UNAVAILABLE")
	r.runs(t, "", "t", "1", whoami).refused(http.StatusServiceUnavailable, "UNAVAILABLE")
	r.posts(t, "", whoami).hears("event: next\ndata: " + `{"data":{"whoami":""}}`)
}

// forged is a bus on which somebody else answers.
type forged struct{ answer []byte }

func (f forged) Request(context.Context, string, []byte) ([]byte, error) { return f.answer, nil }

func (f forged) Answer(_ string, handle func([]byte) []byte) (func(), error) {
	if len(handle(f.answer)) == 0 {
		return nil, errors.New("it does not answer")
	}
	return func() {}, nil
}

func TestWhatIsNotSealedIsNotBelieved(t *testing.T) {
	r := serve(t, func(o *sse.Options) { o.Bus = forged{[]byte(`{"status":200,"who":""}`)} })
	r.reserves(t, "")
	r.opens(t, "", "t").refused(http.StatusServiceUnavailable, "UNAVAILABLE")
	r.stops(t, "", "t", "1").refused(http.StatusServiceUnavailable, "UNAVAILABLE")
}
