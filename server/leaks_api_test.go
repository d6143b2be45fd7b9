package server_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// A list in the order of the minutes at which cars came would tell which of two masked ones was earlier.
func TestTheOrderOfAListTellsNoMinute(t *testing.T) {
	testkit.Covers(t, "R069", "R070")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		h.Clock.Set(servertest.At("11:00"))
		driver = driver.Refreshes()
		var reported []any
		for _, stay := range []struct{ lot, from, to string }{{"WXC", "09:50", "10:00"}, {"WXT", "09:10", "09:40"}} {
			gate := h.Gate(stay.lot)
			gate.Sees("粤B12345", servertest.Entering, servertest.At(stay.from)).OK()
			reported = append([]any{idOf(gate.Sees("粤B12345", servertest.Leaving, servertest.At(stay.to)))}, reported...)
		}

		got := servertest.Nodes(driver.Asks(`{ viewer { sessions { edges { node { id } } } } }`).OK().Shown(), "viewer.sessions")

		var listed []any
		for _, node := range got.([]any) {
			listed = append(listed, servertest.Part(node, "id"))
		}
		if diff := cmp.Diff(reported, listed); diff != "" {
			t.Errorf("not in the order in which they were recorded, newest first:\n%s", diff)
		}
	})
}

// Nothing that is kept between requests (documents, facts, lots, statements) may carry one viewer's values over
// to another who asks for the same.
func TestWhatOneViewerIsShownIsNeverAnothersAnswer(t *testing.T) {
	testkit.Covers(t, "R069", "R070")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		askers := []*servertest.Client{h.Bound("APP", "粤B12345"), h.Verified("APP", "粤B67890"), h.Driver("APP"), h.Anonymous(), h.Staff("WXC")}
		gate := h.Gate("WXC")
		for _, plate := range []string{"粤B12345", "粤B67890"} {
			gate.Sees(plate, servertest.Entering, servertest.Morning).OK()
		}
		const question = `{ viewer { tier sessions { edges { cursor node { id plate lotName enteredAt lot { name } } } } } lot(code: "WXC") { sessions { edges { cursor node { plate } } } } }`
		alone := make([]string, len(askers))
		for i, asker := range askers {
			alone[i] = asker.Asks(question).Text
		}

		var all sync.WaitGroup
		for i, asker := range askers {
			for range 3 {
				all.Go(func() {
					for range 20 {
						if got := asker.Asks(question).Text; got != alone[i] {
							t.Errorf("asker %d was answered %s, alone %s", i, got, alone[i])
						}
					}
				})
			}
		}
		all.Wait()
		for i, own := range alone {
			for j, other := range alone[:i] {
				if own == other {
					t.Errorf("%d and %d are answered alike, so nothing was proved", i, j)
				}
			}
		}
	})
}

// A subscription that was opened with more rights than its viewer has now shows what is allowed now.
func TestAnOpenSubscriptionShowsWhatItsViewerMaySeeNow(t *testing.T) {
	testkit.Covers(t, "R069", "R070")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		owner, gate := h.Driver("APP"), h.Gate("WXC")
		car := owner.Binds(plate)
		ears := owner.Watches(`subscription { noticeReceived { notice { plate lotName } } }`)
		sees := func(direction string) {
			h.Clock.Pass(time.Minute)
			gate.Sees(plate, direction, h.Clock.Now()).OK()
		}
		sees(servertest.Entering)
		ears.Next().MustContain("粤B***45").MustNotContain(plate, "万象城")
		owner.Verifies(car, plate)
		sees(servertest.Leaving)
		ears.Next().MustContain(plate, "万象城停车场")
		owner.Asks(`mutation { setFullMask(input: {on: true}) { userErrors { code } } }`).OK()
		sees(servertest.Entering)
		ears.Next().MustContain("捷停车智慧停车场").MustNotContain("万象")
		owner.Asks(`mutation($v: ID!) { unbindPlate(input: {vehicleId: $v}) { userErrors { code } } }`, servertest.Vars{"v": car}).OK()
		sees(servertest.Leaving)
		ears.Quiet(300 * time.Millisecond)
	})
}
