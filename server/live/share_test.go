package live_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"parkbff/server/live"
	"parkbff/server/live/livetest"
)

// counted answers a house and how many executions there were for events.
func counted(change ...func(*live.Options)) (h *livetest.House, executions func() float64) {
	registry := prometheus.NewRegistry()
	h = livetest.New(append(change, func(o *live.Options) { o.Metrics = registry })...)
	return h, func() float64 {
		gathered, err := registry.Gather()
		if err != nil {
			panic(err)
		}
		for _, family := range gathered {
			for _, one := range family.GetMetric() {
				if len(one.GetLabel()) == 1 && one.GetLabel()[0].GetValue() == "event" {
					return one.GetCounter().GetValue()
				}
			}
		}
		return 0
	}
}

func TestAnEventOfManyWatchersIsExecutedOncePerDocument(t *testing.T) {
	const watchers, changes = 500, 3
	h, executions := counted()
	var tapes []*tape
	for i := range watchers {
		k := newTape()
		tapes = append(tapes, k)
		query := `subscription{ published{ number } }`
		if i%2 == 1 {
			query = `subscription{ published{ ...all } } fragment all on Publication { number __typename }`
		}
		starts(t, h, anybody(t, h), live.Request{Query: query}, k)
	}
	eventually(t, "all watch", func() bool { return h.Open() == watchers })

	for number := range changes {
		h.Publish("x")
		for i, k := range tapes {
			kind := ""
			if i%2 == 1 {
				kind = `,"__typename":"Publication"`
			}
			k.wants(t, fmt.Sprintf(`next {"data":{"published":{"number":%d%s}}}`, number+1, kind))
		}
	}

	if got := executions(); got != 2*changes {
		t.Errorf("%v executions", got)
	}
}

func TestVariablesAreNotConfused(t *testing.T) {
	h, executions := counted()
	const query = `{"query":"subscription($n: Boolean!){ published{ number @include(if: $n) __typename } }","variables":{"n":%t}}`
	with, _ := run(t, h, "", fmt.Sprintf(query, true))
	without, _ := run(t, h, "", fmt.Sprintf(query, false))
	eventually(t, "both watch", func() bool { return h.Open() == 2 })
	h.Publish("x")
	with.wants(t, `next {"data":{"published":{"number":1,"__typename":"Publication"}}}`)
	without.wants(t, `next {"data":{"published":{"__typename":"Publication"}}}`)
	if got := executions(); got != 2 {
		t.Errorf("%v executions", got)
	}
}

func TestWhatDependsOnTheViewerIsNotShared(t *testing.T) {
	h, executions := counted(func(o *live.Options) {
		resolved := o.Resolved
		o.Resolved = func(object, field string) bool {
			return resolved(object, field) || object == "Publication" && field == "body"
		}
	})
	for range 2 {
		run(t, h, "", `{"query":"subscription{ published{ number ... { body } } }"}`)
	}
	for range 2 {
		run(t, h, "", `{"query":"subscription{ published{ number ... @defer { body } } }"}`)
	}
	first, _ := run(t, h, "", `{"query":"subscription{ published{ ...a } } fragment a on Publication { body }"}`)
	second, _ := run(t, h, "", `{"query":"subscription{ published{ ...a } } fragment a on Publication { body }"}`)
	eventually(t, "they watch", func() bool { return h.Open() >= 4 })
	h.Publish("x")
	first.read(t)
	second.read(t)
	eventually(t, "each has its own", func() bool { return executions() == float64(h.Open()) })
}

func TestASharedEventIsNotToldToWhoseSignInHasEnded(t *testing.T) {
	h, _ := counted()
	who := must(h.Authenticate(t.Context(), h.Token("ann", 0)))
	k, other := newTape(), newTape()
	starts(t, h, who, listening, k)
	starts(t, h, anybody(t, h), listening, other)
	eventually(t, "both watch", func() bool { return h.Open() == 2 })
	h.Revoke("ann")
	h.Publish("x")
	other.wants(t, `next {"data":{"published":{"number":1}}}`)
	ends(t, k.ended, live.SignInEnded)
	k.quiet(t)
}

func TestARenderingThatFailsIsTriedByTheNext(t *testing.T) {
	h, executions := counted(func(o *live.Options) { o.Concurrent = 1 })
	failing, tapes := newTape(), []*tape{newTape(), newTape(), newTape()}
	// It is asked for at the start, before the event is shared, and for the execution, which then fails.
	starts(t, h, &fading{Principal: anybody(t, h), left: 2}, listening, failing)
	eventually(t, "the first watches", func() bool { return h.Open() == 1 })
	h.Publish("x")
	ends(t, failing.ended, live.SignInEnded)
	for _, k := range tapes {
		starts(t, h, anybody(t, h), listening, k)
		k.wants(t, `next {"data":{"published":{"number":1}}}`)
	}
	if got := executions(); got != 2 {
		t.Errorf("%v executions", got)
	}
}

// fading is somebody who may be served a few times.
type fading struct {
	live.Principal
	left int
}

func (f *fading) Context(ctx context.Context) (context.Context, error) {
	if f.left--; f.left < 0 {
		return nil, live.SignInEnded
	}
	return f.Principal.Context(ctx)
}

func TestOldRenderingsAreForgotten(t *testing.T) {
	h, executions := counted()
	const changes = 1100 // more than are kept
	k := newTape()
	k.lines = make(chan string, changes)
	starts(t, h, anybody(t, h), listening, k)
	for range changes {
		h.Publish("x")
	}
	for range changes {
		k.read(t)
	}
	late := newTape()
	late.lines = make(chan string, changes)
	starts(t, h, anybody(t, h), listening, late)
	for range changes {
		late.read(t)
	}
	if got := executions(); got <= changes {
		t.Errorf("%v executions of %d events: nothing was forgotten", got, changes)
	}
}

func TestWhatIsLargeIsNotKept(t *testing.T) {
	const large = 64 << 10
	for name, request := range map[string]string{
		"document":  `{"query":"subscription{ published{ number } } #` + strings.Repeat("x", large) + `"}`,
		"variables": `{"query":"subscription{ published{ number } }","variables":{"x":"` + strings.Repeat("x", large) + `"}}`,
		"result":    `{"query":"subscription{ published{ body } }"}`,
	} {
		t.Run(name, func(t *testing.T) {
			h, executions := counted()
			h.Publish(strings.Repeat("x", large))
			for range 3 {
				k, _ := run(t, h, "", request)
				k.read(t)
			}
			if got := executions(); got != 3 {
				t.Errorf("%v executions for three who came one after another", got)
			}
		})
	}
}
