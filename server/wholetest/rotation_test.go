package wholetest

import (
	"net/http"
	"strings"
	"testing"

	"parkbff/server/wholetest/rig"
)

func TestTokensOutliveTheChangeOfTheSigningKeyUntilItIsRetired(t *testing.T) {
	t.Parallel()
	h := open(t)
	const asking = `{ viewer { tier } }`
	step := func(name string) {
		t.Helper()
		said := must(h.Run(t.Context(), "keys", "rotate-signing", name))(t)
		hides(t, "what the command says", said, "seed", "private")
		if err := h.Stop(); err != nil {
			t.Fatal(err)
		}
		if err := h.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	published := func() int {
		t.Helper()
		set := must(h.anybody().Get(t.Context(), "/.well-known/jwks.json"))(t)
		return strings.Count(set.Body, `"kid"`)
	}
	refusedStep := func(name string) {
		t.Helper()
		if _, err := h.Run(t.Context(), "keys", "rotate-signing", name); err == nil {
			t.Errorf("%s is no step to take now", name)
		}
	}

	old, _ := h.driver(signedIn)
	gate := h.gate(rig.Lot)
	refusedStep("sign")
	step("publish")
	refusedStep("publish")
	refusedStep("retire")
	between, _ := h.driver(rig.Person{Mobile: "13912340012", Channel: "APP"})
	if n := published(); n != 2 {
		t.Errorf("%d keys are published", n)
	}
	step("sign")
	young, tokens := h.driver(rig.Person{Mobile: "13912340013", Channel: "APP"})
	next := h.bearer(lastLine(must(h.Run(t.Context(), "gate-token", "--lot", rig.Lot, "--rotate"))(t)))
	for name, a := range map[string]asker{"the old key": old, "the old key, as the new was published": between, "the new key": young} {
		holds(t, "a token of "+name, a.asks(asking, nil).Body, "REGISTERED")
	}
	for name, a := range map[string]asker{"of the old key": gate, "of the new key": next} {
		holds(t, "a gate's token "+name, a.asks(`{ gate { code } }`, nil).Body, `"G1"`)
	}
	if keyOf(t, old) != keyOf(t, between) || keyOf(t, old) == keyOf(t, young) {
		t.Error("the published key signed before its turn, or not at it")
	}
	step("retire")
	for name, a := range map[string]asker{"a driver": old, "a driver later": between, "a gate": gate} {
		got := a.asks(asking, nil)
		refuses(t, name+" of the retired key", got, "UNAUTHENTICATED")
		if got.Status != http.StatusUnauthorized {
			t.Errorf("%s: status %d", name, got.Status)
		}
	}
	holds(t, "the new key", young.asks(asking, nil).Body, "REGISTERED")
	holds(t, "the gate's next token", next.asks(`{ gate { code } }`, nil).Body, `"G1"`)
	if n := published(); n != 1 {
		t.Errorf("%d keys are published", n)
	}
	h.logHides(tokens.AccessToken, tokens.RefreshToken)
}

// keyOf is the header of a token, which names its key.
func keyOf(t *testing.T, a asker) string {
	t.Helper()
	header, _, _ := strings.Cut(a.Token, ".")
	return header
}

func lastLine(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return lines[len(lines)-1]
}
