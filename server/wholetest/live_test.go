package wholetest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"

	"parkbff/internal/clock"
	"parkbff/internal/testkit"
	"parkbff/server/wholetest/rig"
)

// soon is how long a notice may take from the gate's report to the phone.
const soon = 2 * time.Second

func TestANoticeComesWithinTwoSecondsMaskedUntilTheCarIsVerified(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "R024", "R025", "R069")
	h := open(t)
	owner := h.owner(plantedOwner)
	follower, _ := h.driver(plantedFollower)
	gate := h.gate(rig.Lot)
	for name, wire := range wires {
		gate.seesAStay(plantedOwner.Plate)
		gate.seesAStay(plantedFollower.Plate)
		clear := wire(t, h, owner.Token, owner.newestNotice())
		masked := wire(t, h, follower.Token, follower.newestNotice())

		at := fractional(time.Now())
		gate.sees(rig.Entry, plantedOwner.Plate, at)
		gate.sees(rig.Entry, plantedFollower.Plate, at)

		local := at.In(clock.Shanghai)
		part := time.Date(local.Year(), local.Month(), local.Day(), local.Hour()/6*6, 0, 0, 0, clock.Shanghai)
		holds(t, name+": the owner's notice", must(clear.next(soon))(t), `"kind":"ENTERED"`,
			`"plate":"`+plantedOwner.Plate+`"`, `"lotName":"`+rig.LotName+`"`,
			`"occurredAt":"`+stamp(local)+`"`, `"occurredAtPrecision":"EXACT"`)
		got := must(masked.next(soon))(t)
		holds(t, name+": the follower's notice", got, `"kind":"ENTERED"`,
			`"plate":"浙B***47"`, `"nameVisibility":"HALF"`,
			`"occurredAt":"`+stamp(part)+`"`, `"occurredAtPrecision":"PART_OF_DAY"`)
		hides(t, name+": the follower's notice", got, plantedFollower.Plate, "B8TR", rig.LotName, "东区", at.Format(".000"))
		clear.close()
		masked.close()
	}
	h.logHides(plantedOwner.Plate, plantedFollower.Plate, owner.Token, follower.Token)
}

// fractional is t in milliseconds, but no whole second: so it differs from the beginning of its part of the
// day, and can be told by its fraction.
func fractional(t time.Time) time.Time {
	t = t.Truncate(time.Millisecond)
	if t.Nanosecond() == 0 {
		t = t.Add(-time.Millisecond)
	}
	return t
}

func TestSigningOutClosesTheSocketForGoodWithinASecond(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "R024")
	h := open(t)
	follower, _ := h.driver(plantedFollower)
	h.gate(rig.Lot).seesAStay(plantedFollower.Plate)
	after := follower.newestNotice()
	open := socketAt(t, h, "/graphql", "graphql-transport-ws", follower.Token, after)
	events := streamOf(t, h, follower.Token, after)

	holds(t, "signing out", follower.asks(`mutation { logout { viewer { tier } userErrors { code } } }`, nil).Body, "ANONYMOUS")

	if code, reason := open.ending(time.Second); code != 4401 {
		t.Errorf("the socket is closed by %d %s", code, reason)
	}
	if got, err := events.next(time.Second); !errors.Is(err, errStreamEnded) {
		t.Errorf("the stream goes on: %q, %v", got, err)
	}
	again := dial(t, h, "/graphql", "graphql-transport-ws", follower.Token)
	if code, reason := again.ending(time.Second); code != 4401 {
		t.Errorf("a socket with the old token is closed by %d %s", code, reason)
	}
	if got := follower.asks(`{ viewer { tier } }`, nil); got.Status != http.StatusUnauthorized {
		t.Errorf("a request with the old token: status %d", got.Status)
	}
}

func TestASocketTellsATokenThatCanBeRenewedFromAHopelessOne(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, tokens := h.driver(plantedFollower)
	forge := newForger(t, h, tokens.AccessToken)
	for name, bad := range map[string]struct {
		token string
		code  int
	}{
		"expired":        {forge.expired(), 4403},
		"unsigned":       {forge.signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), 4401},
		"of another key": {forge.signed(jwt.SigningMethodEdDSA, forge.strange), 4401},
		"for refreshing": {tokens.RefreshToken, 4401},
		"a plate":        {plantedPlate, 4401},
	} {
		if code, reason := dial(t, h, "/graphql", "graphql-transport-ws", bad.token).ending(soon); code != bad.code {
			t.Errorf("a token %s: closed by %d %s, want %d", name, code, reason, bad.code)
		}
	}
	h.logHides(plantedPlate, tokens.AccessToken, tokens.RefreshToken)
}

func TestAServerThatLeavesAsksItsSocketsToComeBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	follower, _ := h.driver(plantedFollower)
	h.gate(rig.Lot).seesAStay(plantedFollower.Plate)
	open := socketAt(t, h, "/graphql", "graphql-transport-ws", follower.Token, follower.newestNotice())

	left := make(chan error, 1)
	go func() { left <- h.Stop() }()

	if code, reason := open.ending(stopping); code != websocket.CloseServiceRestart {
		t.Errorf("the socket is closed by %d %s", code, reason)
	}
	if err := <-left; err != nil {
		t.Errorf("the server left with %v", err)
	}
}

// stopping is how long a server may take to leave.
const stopping = 15 * time.Second

func TestASubscriberResumesBehindItsCursorAfterAKillWithNoGapAndNoRepeat(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "R024")
	eachStore(t, func(t *testing.T, h *house) {
		follower, _ := h.driver(plantedFollower)
		gate := h.gate(rig.Lot)
		gate.seesAStay(plantedFollower.Plate)
		cursor := follower.newestNotice()
		var seen []string
		for round := range 3 {
			listening := socketAt(t, h, "/graphql", "graphql-transport-ws", follower.Token, cursor)
			for range 2 {
				gate.seesAStay(plantedFollower.Plate)
			}
			// The last notice of a round is left unread; it comes after the kill.
			for range min(3+round, 4) {
				var got told
				got.read(t, must(listening.next(soon))(t))
				cursor, seen = got.cursor, append(seen, got.id)
			}
			listening.close()
			restart(t, h)
		}
		last := socketAt(t, h, "/graphql", "graphql-transport-ws", follower.Token, cursor)
		for len(seen) < 12 {
			var got told
			got.read(t, must(last.next(soon))(t))
			seen = append(seen, got.id)
		}
		want := follower.notices()[2:] // without those of the first stay
		if fmt.Sprint(seen) != fmt.Sprint(want) {
			t.Errorf("got %v,\nwant %v", seen, want)
		}
	})
}

func restart(t *testing.T, h *house) {
	t.Helper()
	if err := errors.Join(h.Kill(), h.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// sees reports a car as a new event.
func (a asker) sees(direction, plate string, at time.Time) {
	a.t.Helper()
	answer := a.reports(rig.Seen(rand.Text(), rig.Lot, direction, plate, at))
	if err := answer.Into(new(any)); err != nil {
		a.t.Fatalf("report an observation: %v", err)
	}
}

// seesAStay lets a car come and go.
func (a asker) seesAStay(plate string) {
	a.t.Helper()
	a.sees(rig.Entry, plate, time.Now())
	a.sees(rig.Exit, plate, time.Now())
}
