package wholetest

import (
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit/pgtest"
	"parkbff/server/wholetest/rig"
)

// house is a running server with the lots of the rig.
type house struct {
	*rig.House
	t *testing.T
}

// open starts a server on SQLite in a folder of the test's.
func open(t *testing.T) *house {
	t.Helper()
	return start(t, &rig.House{Program: program, Data: t.TempDir()}, sampleLots(t))
}

func sampleLots(t *testing.T) (path string) {
	t.Helper()
	return must(rig.WriteLots(t.TempDir()))(t)
}

// eachStore runs a test on a server on each engine, both at a time.
func eachStore(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, open(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, start(t, &rig.House{Program: program, Data: t.TempDir(), Database: pgtest.URL(t)}, sampleLots(t)))
	})
}

// start starts a server that knows the lots of a file and is killed when the test ends.
func start(t *testing.T, h *rig.House, lots string) *house {
	t.Helper()
	if err := h.Start(t.Context(), "--lots", lots); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Kill(); err != nil {
			t.Error(err)
		}
		hides(t, "the log", h.Log.String(), "level=ERROR", "goroutine ")
		if t.Failed() {
			t.Logf("the server wrote:\n%s", tail(h.Log.String()))
		}
	})
	return &house{h, t}
}

const longestTail = 8 << 10

func tail(text string) string { return text[max(0, len(text)-longestTail):] }

// must fails the test for an error and answers the value otherwise.
func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// anybody asks without a token.
func (h *house) anybody() asker { return asker{h.t, rig.Client{House: h.House}} }

// gate is the gate G1 of a lot.
func (h *house) gate(lotCode string) asker {
	h.t.Helper()
	return h.bearer(must(h.House.Token(h.t.Context(), rig.GateToken, lotCode))(h.t))
}

func (h *house) bearer(token string) asker {
	return asker{h.t, rig.Client{House: h.House, Token: token}}
}

// driver signs a person in and binds the plate.
func (h *house) driver(p rig.Person) (asker, rig.Tokens) {
	h.t.Helper()
	tokens := must(h.SignIn(h.t.Context(), p))(h.t)
	a := h.bearer(tokens.AccessToken)
	if p.Plate != "" {
		a.bind(p)
	}
	return a, tokens
}

// owner is a driver whose vehicle is verified.
func (h *house) owner(p rig.Person) asker {
	h.t.Helper()
	tokens := must(h.SignIn(h.t.Context(), p))(h.t)
	a := h.bearer(tokens.AccessToken)
	if err := a.Verify(h.t.Context(), p, a.bind(p)); err != nil {
		h.t.Fatal(err)
	}
	return a
}

// logHides fails when the log of all the server's starts holds any of the texts.
func (h *house) logHides(hidden ...string) {
	h.t.Helper()
	hides(h.t, "the log", h.Log.String(), hidden...)
}

func hides(t *testing.T, where, text string, hidden ...string) {
	t.Helper()
	for _, secret := range hidden {
		if secret == "" {
			t.Fatal("nothing is not a secret")
		}
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("%s holds %q: …%s…", where, secret, text[max(0, at-80):min(len(text), at+len(secret)+80)])
		}
	}
}

// asker is a client of a test.
type asker struct {
	t *testing.T
	rig.Client
}

func (a asker) bind(p rig.Person) (vehicle string) {
	a.t.Helper()
	return must(a.Bind(a.t.Context(), p))(a.t)
}

func (a asker) asks(query string, variables any) rig.Answer {
	a.t.Helper()
	return must(a.Ask(a.t.Context(), query, variables))(a.t)
}

func (a asker) posts(contentType, body string) rig.Answer {
	a.t.Helper()
	return must(a.Post(a.t.Context(), contentType, []byte(body)))(a.t)
}

func (a asker) reports(o rig.Observation) rig.Answer {
	a.t.Helper()
	return must(a.Report(a.t.Context(), o))(a.t)
}

// eventually asks again until done or out of patience.
func eventually(t *testing.T, within time.Duration, what string, done func() bool) {
	t.Helper()
	for until := time.Now().Add(within); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
