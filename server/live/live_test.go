package live_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/graph/event"
	"parkbff/internal/fault"
	"parkbff/server/live"
	"parkbff/server/live/livetest"
)

const notices = `{"query":"subscription($after: String){ noticeReceived(after: $after){ cursor notice{ id seenAs } } }"`

// tape is a sink that writes down what it is told, one line each, and can stop after some results.
type tape struct {
	lines chan string
	full  error
	shut  atomic.Bool // there is no room
	ended chan error
}

func newTape() *tape { return &tape{lines: make(chan string, 100), ended: make(chan error, 1)} }

func (k *tape) Room() bool               { return !k.shut.Load() }
func (k *tape) Next(result []byte) error { k.lines <- "next " + string(result); return k.full }
func (k *tape) Refuse(errs []byte) error { k.lines <- "error " + string(errs); return nil }
func (k *tape) Complete() error          { k.lines <- "complete"; return nil }
func (k *tape) Ended(err error)          { k.ended <- err }

func (k *tape) quiet(t *testing.T) {
	t.Helper()
	select {
	case line := <-k.lines:
		t.Fatalf("told %s", line)
	case <-time.After(20 * time.Millisecond):
	}
}

func (k *tape) read(t *testing.T) string {
	t.Helper()
	select {
	case line := <-k.lines:
		return line
	case <-time.After(5 * time.Second):
		t.Fatal("nothing was told")
		return ""
	}
}

func (k *tape) wants(t *testing.T, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if diff := cmp.Diff(want, k.read(t)); diff != "" {
			t.Fatalf("told (-want +got):\n%s", diff)
		}
	}
}

// run starts an operation of the bearer and answers its tape and how it will have ended.
func run(t *testing.T, h *livetest.House, authorization, body string) (*tape, <-chan error) {
	t.Helper()
	request, err := live.ParseRequest([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return runRequest(t, h, authorization, request)
}

func runRequest(t *testing.T, h *livetest.House, authorization string, request live.Request) (*tape, <-chan error) {
	t.Helper()
	who, err := h.Authenticate(t.Context(), authorization)
	if err != nil {
		t.Fatal(err)
	}
	k := newTape()
	starts(t, h, who, request, k)
	return k, k.ended
}

// starts an operation that is stopped when the test ends.
func starts(t *testing.T, h *livetest.House, who live.Viewer, request live.Request, k *tape) *live.Operation {
	t.Helper()
	o := h.Runner.Start(context.WithoutCancel(t.Context()), who, request, k)
	t.Cleanup(o.Stop)
	return o
}

func ends(t *testing.T, ended <-chan error, want error) {
	t.Helper()
	select {
	case err := <-ended:
		if !errors.Is(err, want) {
			t.Fatalf("ended with %v, want %v", err, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it goes on")
	}
}

func TestEveryEventIsSeenByTheViewerOfThatMoment(t *testing.T) {
	h := livetest.New()
	k, _ := run(t, h, h.Token("ann", 0), notices+`}`)

	h.Notify("ann", "in")
	k.wants(t, `next {"data":{"noticeReceived":{"cursor":"1","notice":{"id":"n1","seenAs":"ann"}}}}`)
	h.Rename("ann", "Annie")
	h.Notify("ann", "out")
	k.wants(t, `next {"data":{"noticeReceived":{"cursor":"2","notice":{"id":"n2","seenAs":"Annie"}}}}`)
}

func TestVariablesHoldForEveryEvent(t *testing.T) {
	h := livetest.New()
	for _, text := range []string{"a", "b", "c"} {
		h.Notify("ann", text)
	}
	k, _ := run(t, h, h.Token("ann", 0), notices+`,"variables":{"after":"1"}}`)
	k.wants(t,
		`next {"data":{"noticeReceived":{"cursor":"2","notice":{"id":"n2","seenAs":"ann"}}}}`,
		`next {"data":{"noticeReceived":{"cursor":"3","notice":{"id":"n3","seenAs":"ann"}}}}`)
}

func TestAWithdrawnConsentEndsTheSubscriptionAndTellsNothingOfTheEvent(t *testing.T) {
	h := livetest.New()
	k, ended := run(t, h, h.Token("ann", 0), notices+`}`)
	h.Notify("ann", "in")
	k.read(t)

	h.Withdraw("ann")
	h.Notify("ann", "out")

	line := k.read(t)
	if !strings.HasPrefix(line, "error ") || !strings.Contains(line, "CONSENT_REQUIRED") || strings.Contains(line, "n2") {
		t.Fatalf("told %s", line)
	}
	ends(t, ended, nil)
	if h.Open() != 0 {
		t.Fatal("the source is still open")
	}
}

func TestARootDirectiveRefusesAtOnceAndNotAtTheFirstEvent(t *testing.T) {
	h := livetest.New()
	k, ended := run(t, h, "", notices+`}`)
	if line := k.read(t); !strings.Contains(line, "UNAUTHENTICATED") {
		t.Fatalf("told %s", line)
	}
	ends(t, ended, nil)
}

func TestASourceRefusesWithItsCode(t *testing.T) {
	h := livetest.New()
	k, ended := run(t, h, h.Token("ann", 0), notices+`,"variables":{"after":"unknown"}}`)
	if line := k.read(t); !strings.Contains(line, "RESYNC_REQUIRED") {
		t.Fatalf("told %s", line)
	}
	ends(t, ended, nil)
}

func TestTheEndOfTheSourceCompletes(t *testing.T) {
	h := livetest.New()
	k, ended := run(t, h, "", `{"query":"subscription{ published{ number } }"}`)
	h.Publish("x")
	k.wants(t, `next {"data":{"published":{"number":1}}}`)
	h.Finish(io.EOF)
	k.wants(t, "complete")
	ends(t, ended, nil)
}

func TestAFailingSourceTellsNoSecret(t *testing.T) {
	h := livetest.New()
	k, _ := run(t, h, "", `{"query":"subscription{ published{ number } }"}`)
	h.Finish(errors.New("a secret of the store"))
	k.wants(t, `error [{"message":"Internal error.","extensions":{"code":"INTERNAL"}}]`)
}

func TestAConsumerTooSlowForItsSourceIsReported(t *testing.T) {
	h := livetest.New()
	_, ended := run(t, h, "", `{"query":"subscription{ published{ number } }"}`)
	h.Finish(live.SlowConsumer)
	ends(t, ended, live.SlowConsumer)
}

func TestAnEndedSignInIsTheTransportsAffair(t *testing.T) {
	h := livetest.New()
	k, ended := run(t, h, h.Token("ann", time.Minute), notices+`}`)
	h.Notify("ann", "in")
	k.read(t)
	h.Clock.Pass(time.Minute)
	h.Notify("ann", "out")
	ends(t, ended, live.TokenExpired)
}

func TestQueriesAndMutationsAnswerOnceAndComplete(t *testing.T) {
	h := livetest.New()
	ann := h.Token("ann", 0)
	k, ended := run(t, h, ann, `{"query":"{ whoami }"}`)
	k.wants(t, `next {"data":{"whoami":"ann"}}`, "complete")
	ends(t, ended, nil)
	k, _ = run(t, h, ann, `{"query":"mutation($t: String!){ remember(text: $t) }","variables":{"t":"x"}}`)
	k.wants(t, `next {"data":{"remember":"x"}}`, "complete")
}

func TestAReadOnlyRequestCannotMutate(t *testing.T) {
	h := livetest.New()
	k, _ := runRequest(t, h, h.Token("ann", 0), live.Request{Query: `mutation{ remember(text: "x") }`, ReadOnly: true})
	if line := k.read(t); !strings.Contains(line, "METHOD_NOT_ALLOWED") {
		t.Fatalf("told %s", line)
	}
}

func TestFailuresOfFieldsTellNoSecret(t *testing.T) {
	h := livetest.New()
	for _, query := range []string{`{ broken }`, `{ panicking }`} {
		k, _ := run(t, h, "", `{"query":"`+query+`"}`)
		line := k.read(t)
		if !strings.Contains(line, "Internal error.") || strings.Contains(line, "secret") {
			t.Errorf("%s told %s", query, line)
		}
	}
}

func TestAnInvalidDocumentIsRefusedBeforeExecution(t *testing.T) {
	h := livetest.New()
	for _, query := range []string{``, `{`, `{ nothing }`, `subscription { __typename }`, `subscription { published @skip(if: true) { number } }`} {
		k, ended := runRequest(t, h, "", live.Request{Query: query})
		if line := k.read(t); !strings.HasPrefix(line, "error [{") {
			t.Errorf("%s told %s", query, line)
		}
		ends(t, ended, nil)
	}
}

func TestAnExecutionTakesNoLongerThanItsTimeout(t *testing.T) {
	h := livetest.New(func(o *live.Options) { o.Timeout = 20 * time.Millisecond })
	k, ended := run(t, h, "", `{"query":"{ slow }"}`)
	k.wants(t, `next {"errors":[{"message":"Internal error.","path":["slow"],"locations":[{"line":1,"column":3}],"extensions":{"code":"INTERNAL"}}],"data":null}`, "complete")
	ends(t, ended, nil)
}

func TestExecutionsWaitForAWorkerAndSubscriptionsHoldNone(t *testing.T) {
	h := livetest.New(func(o *live.Options) { o.Concurrent = 1 })
	listener, _ := run(t, h, "", `{"query":"subscription{ published{ number } }"}`)
	h.Publish("x")
	listener.read(t)
	slow, _ := run(t, h, "", `{"query":"{ slow }"}`)
	time.Sleep(20 * time.Millisecond)
	next, _ := run(t, h, "", `{"query":"{ whoami }"}`)
	select {
	case line := <-next.lines:
		t.Fatalf("told %s", line)
	case <-time.After(20 * time.Millisecond):
	}
	h.Release <- struct{}{}
	slow.wants(t, `next {"data":{"slow":"at last"}}`, "complete")
	next.wants(t, `next {"data":{"whoami":""}}`, "complete")
}

type panicking struct{}

func (panicking) Context(context.Context) (context.Context, error) { panic("a secret of the store") }

func TestAPanicEndsOneOperationOnly(t *testing.T) {
	h, k := livetest.New(), newTape()
	starts(t, h, panicking{}, live.Request{Query: "{ whoami }"}, k)
	k.wants(t, `error [{"message":"Internal error.","extensions":{"code":"INTERNAL"}}]`)
	ends(t, k.ended, nil)
}

func TestAnErrorOfTheSinkEndsTheOperation(t *testing.T) {
	h, k := livetest.New(), newTape()
	k.full = errors.New("the line is gone")
	starts(t, h, must(h.Authenticate(t.Context(), "")), live.Request{Query: "{ whoami }"}, k)
	ends(t, k.ended, k.full)
}

func must(p live.Principal, err error) live.Principal {
	if err != nil {
		panic(err)
	}
	return p
}

func TestASubscriptionNeedsAStream(t *testing.T) {
	if _, err := event.One[int](t.Context()); fault.As(err) == nil || fault.As(err).Code() != "SUBSCRIPTION_NEEDS_STREAM" {
		t.Fatalf("One answered %v", err)
	}
}

func TestAQuotaNeverExceedsItsLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 4).Draw(t, "limit")
		quota, held := live.NewQuota(limit), map[string]int{}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			key := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
			if held[key] > 0 && rapid.Bool().Draw(t, "release") {
				quota.Release(key)
				held[key]--
				continue
			}
			took := quota.Take(key)
			if took != (held[key] < limit) {
				t.Fatalf("%d of %d held, took %v", held[key], limit, took)
			}
			if took {
				held[key]++
			}
		}
	})
}

func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{notices + `}`, `{"query":"{ a }","variables":null}`, `[]`, `null`, `{"query":1}`, `{"query":"","variables":[1]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := live.ParseRequest(body)
		if err != nil && !errors.Is(err, fault.BadInput) {
			t.Fatalf("ParseRequest answered %v", err)
		}
	})
}
