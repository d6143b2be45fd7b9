package twoworld_test

import (
	"slices"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	soon  = 5 * time.Second        // for what must come
	quiet = 150 * time.Millisecond // for what must not
)

func TestWhoeverMayNotSeeHiddenValuesHearsTheSameInBothWorlds(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "R024", "R025", "R069", "R070")
	eachEngine(t, func(t *testing.T, both worlds) {
		both.settle()
		both.goTo(0, "11:55")
		listeners := both.signIn()
		listeners[anonymous] = pair{both[0].Anonymous(), both[1].Anonymous()}
		delete(listeners, owner)
		delete(listeners, hiding) // it hides a record when it is there

		met, ears := map[string]*acquaintance{}, map[string][2]*servertest.Watch{}
		listeners.each(func(who string, p pair) {
			met[who] = newAcquaintance(nothing())
			ears[who] = watch(p, noticeReceived(t))
		})
		for _, s := range chapters[0].sights {
			both.report(s, map[string]string{})
		}
		listeners.each(func(who string, p pair) {
			for range newsFor(who) {
				hearsTheSame(t, who+", live", ears[who], soon, met[who])
			}
			hearsTheSame(t, who+", live", ears[who], quiet, met[who])
			subscribesToAll(t, who, p, met[who])
			subscribesOtherwise(t, who, p, met[who])
		})
	})
}

// newsFor is how many events the watch of a viewer hears: an entry and an exit, or why it is refused.
func newsFor(who string) int {
	switch who {
	case followed, masking, other, coDriver:
		return 2
	case anonymous:
		return 1
	}
	return 0
}

// noticeReceived is the operation without a cursor: only what comes from now on.
func noticeReceived(t *testing.T) operation {
	t.Helper()
	ops := newAuthor(t, newAcquaintance(nothing())).subscriptions()
	i := slices.IndexFunc(ops, func(op operation) bool { return op.field == "noticeReceived" && len(op.vars) == 0 })
	return ops[i]
}

// subscribesToAll compares how every subscription of the contract begins, resumed ones included.
func subscribesToAll(t *testing.T, who string, p pair, met *acquaintance) {
	t.Helper()
	for _, op := range newAuthor(t, met).subscriptions() {
		ears := watch(p, op)
		for hearsTheSame(t, who+", "+op.text, ears, quiet, met) == "next" && op.field == "noticeReceived" {
			continue // as long as there is something to catch up with
		}
		ears[0].Leaves()
		ears[1].Leaves()
	}
}

// subscribesOtherwise compares how each subscription of the contract begins on the other ways in.
func subscribesOtherwise(t *testing.T, who string, p pair, met *acquaintance) {
	t.Helper()
	for _, way := range otherWays {
		if way.streams {
			sameOn(t, who, way, p, onceEach(newAuthor(t, met).subscriptions()))
		}
	}
}

func watch(p pair, op operation) (ears [2]*servertest.Watch) {
	for i, c := range p {
		ears[i] = c.Watches(op.text, op.vars)
	}
	return ears
}

// hearsTheSame compares the next frames of both worlds and answers of which kind they were.
func hearsTheSame(t *testing.T, who string, ears [2]*servertest.Watch, wait time.Duration, met *acquaintance) string {
	t.Helper()
	kind, this := ears[0].Hears(wait)
	otherKind, that := ears[1].Hears(wait)
	switch { // one that is late is not silent
	case kind == "" && otherKind != "":
		kind, this = ears[0].Hears(soon)
	case kind != "" && otherKind == "":
		otherKind, that = ears[1].Hears(soon)
	}
	this, that = withoutPorts(this), withoutPorts(that)
	if kind == "next" && otherKind == "next" {
		met.listen(t, operation{}, reply{Body: this})
	}
	if kind != otherKind || this != that {
		t.Errorf("%s tells the worlds apart:\n%s %s\n%s %s", who, kind, this, otherKind, that)
	}
	if wait == soon && kind == "" {
		t.Errorf("%s heard nothing", who)
	}
	return kind
}
