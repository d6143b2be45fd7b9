package billing_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"parkbff/ent/observation"
	"parkbff/ent/plateright"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/permit"
)

const third = "粤B33333"

// group has an account hold a permit of so many bays for some plates.
func (h *house) group(owner context.Context, bays int, plates ...string) *permit.Permit {
	h.Helper()
	n := h.monthlyPlan(1)
	n.Bays, n.Plates = bays, len(plates)
	held := h.holds(owner, h.publishes(n), plates[0])
	held, err := h.permits.SetPlates(owner, held.Row, written(plates...))
	h.must(err)
	return held
}

func written(plates ...string) (all []permit.Plate) {
	for _, p := range plates {
		all = append(all, permit.Plate{Text: p})
	}
	return all
}

func TestOfMorePlatesThanBaysTheNextPaysAsAVisitorAndStaysOne(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.group(h.driver(), 2, car, other, third)
		h.sees(in, car)
		h.sees(in, other)
		h.sees(in, third)
		h.pass(time.Hour)
		if got := h.leaves(car); got != 0 {
			t.Errorf("the first pays %d fen", got)
		}
		h.pass(time.Hour) // a bay is free now, and the third a visitor still
		if got := h.leaves(third); got != 1000 {
			t.Errorf("the third pays %d fen", got)
		}
		h.sees(in, third)
		h.sees(in, car)
		h.pass(time.Hour)
		if two, visitor := h.leaves(third), h.leaves(car); two != 0 || visitor != 500 {
			t.Errorf("with a bay free it pays %d fen, without one %d", two, visitor)
		}
		if got := h.leaves(other); got != 0 {
			t.Errorf("the second pays %d fen", got)
		}
	})
}

func TestNoMoreCarsThanBaysParkForNothingHoweverManyEnterAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		plates := make([]string, 6)
		for i := range plates {
			plates[i] = fmt.Sprintf("粤B1111%d", i)
		}
		h.group(h.driver(), 2, plates...)
		var all sync.WaitGroup
		gate := h.gate("A")
		for i, plate := range plates {
			all.Go(func() {
				_, err := h.parking.Observe(gate, parking.Observation{
					EventID: fmt.Sprint("at-once-", i), LotCode: "A", GateCode: "G1", Direction: in, Plate: plate, ObservedAt: h.clock.Now(), Confidence: 1,
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		h.pass(time.Hour)
		free := 0
		for _, plate := range plates {
			if h.leaves(plate) == 0 {
				free++
			}
		}
		if free != 2 {
			t.Errorf("%d cars park for nothing on two bays", free)
		}
	})
}

func TestACarWhoseExitNobodySawKeepsItsBayOnlyUntilThatIsKnown(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.group(h.driver(), 1, car, other)
		h.sees(in, car)
		h.pass(time.Hour)
		h.seesAt("B", in, car) // it has left unseen
		h.sees(in, other)
		h.pass(time.Hour)
		if got := h.leaves(other); got != 0 {
			t.Errorf("it pays %d fen", got)
		}
	})
}

func TestPlatesOfAPermitAreItsHoldersToChangeNowAndThen(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner := h.driver()
		held := h.holds(owner, h.publishes(h.monthlyPlan(1)), car)
		h.sees(in, car)
		h.pass(2 * time.Hour)
		_, err := h.permits.SetPlates(h.driver(), held.Row, written(other))
		refused(t, err, fault.NotFound)
		_, err = h.permits.SetPlates(owner, held.Row, written(car, other))
		refused(t, err, permit.TooManyPlates)
		_, err = h.permits.SetPlates(owner, held.Row, nil)
		refused(t, err, permit.TooManyPlates)
		_, err = h.permits.SetPlates(owner, held.Row, written("粤?"))
		refused(t, err, cnid.InvalidPlate)
		held, err = h.permits.SetPlates(owner, held.Row, written(other))
		h.must(err)
		if len(held.Plates) != 1 || held.Plates[0] != other {
			t.Errorf("it is for %v", held.Plates)
		}
		h.sees(in, other)
		h.pass(time.Hour)
		if first, second := h.leaves(car), h.leaves(other); first != 500 || second != 0 {
			t.Errorf("the plate that was taken off pays %d fen, the other %d", first, second)
		}
		for i := range 4 {
			_, err = h.permits.SetPlates(owner, held.Row, written(fmt.Sprintf("粤B2222%d", i)))
			h.must(err)
		}
		_, err = h.permits.SetPlates(owner, held.Row, written(car))
		refused(t, err, permit.TooManyChanges)
		if got := h.permitsOf(owner)[0].Plates; len(got) != 1 || got[0] != "粤B22223" {
			t.Errorf("it is for %v", got)
		}
	})
}

func (h *house) lists(kind plateright.Kind, plate string, until *time.Time) *permit.Right {
	h.Helper()
	right, err := h.permits.ListPlate(h.manager(), permit.Listing{LotCode: "A", Plate: permit.Plate{Text: plate}, Kind: kind, Until: until, Reason: "消防"})
	h.must(err)
	return right
}

func TestAnExemptCarPaysNothingUntilItsDay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car) // it stands there when it is listed
		h.pass(time.Hour)
		until := h.clock.Now().Add(2 * time.Hour)
		right := h.lists(plateright.KindEXEMPT, car, &until)
		if right.Plate != car || right.Reason == nil || *right.Reason != "消防" {
			t.Errorf("%+v", right)
		}
		h.pass(3 * time.Hour)
		if got := h.leaves(car); got != 1000 {
			t.Errorf("it pays %d fen, and not an hour before and one after", got)
		}
		for range 2 { // the second replaces the first
			right = h.lists(plateright.KindEXEMPT, other, nil)
		}
		h.sees(in, other)
		h.pass(time.Hour)
		if _, err := h.permits.EndRight(h.manager(), right.Row); err != nil {
			t.Error(err)
		}
		h.pass(time.Hour)
		if got := h.leaves(other); got != 500 {
			t.Errorf("it pays %d fen", got)
		}
		listed, err := h.permits.Rights(h.manager(), "A", new(plateright.KindEXEMPT), page.Request{First: 5})
		if err != nil || len(listed.Items) != 0 {
			t.Errorf("%d are listed, %v", len(listed.Items), err)
		}
	})
}

func TestABlockedCarWaitsForTheStaff(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		right := h.lists(plateright.KindBLOCKED, car, nil)
		for range 2 { // read again it waits still
			got := h.sees(in, car)
			if got.Barrier.Decision != observation.DecisionHOLD || got.Barrier.Reason != observation.ReasonBLOCKED || got.Barrier.DisplayText == "" || got.Stay == nil {
				t.Errorf("the barrier: %+v", got.Barrier)
			}
		}
		if got := h.sees(in, other).Barrier.Decision; got != observation.DecisionRELEASE {
			t.Errorf("another car: %s", got)
		}
		h.pass(time.Hour) // the staff have let it in
		if got := h.leaves(car); got != 500 {
			t.Errorf("it pays %d fen", got)
		}
		_, err := h.permits.EndRight(h.manager(), right.Row)
		h.must(err)
		h.pass(10 * time.Minute)
		if got := h.sees(in, car).Barrier.Decision; got != observation.DecisionRELEASE {
			t.Errorf("off the list: %s", got)
		}
	})
}

func TestListsAreTheirLotsManagers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		right := h.lists(plateright.KindBLOCKED, car, nil)
		good := permit.Listing{LotCode: "A", Plate: permit.Plate{Text: other}, Kind: plateright.KindEXEMPT, Reason: "x"}
		for _, c := range []struct {
			ctx  context.Context
			want error
		}{{t.Context(), fault.Unauthenticated}, {h.driver(), fault.Forbidden}, {h.staff(8, "ATTENDANT"), fault.Forbidden}, {h.gate("A"), fault.Forbidden}} {
			_, err := h.permits.ListPlate(c.ctx, good)
			refused(t, err, c.want)
		}
		past := h.clock.Now()
		for _, change := range []func(l *permit.Listing){
			func(l *permit.Listing) { l.Kind = plateright.KindPERMIT },
			func(l *permit.Listing) { l.Kind = plateright.KindVISITOR },
			func(l *permit.Listing) { l.Reason = "" },
			func(l *permit.Listing) { l.Until = &past },
		} {
			bad := good
			change(&bad)
			_, err := h.permits.ListPlate(h.manager(), bad)
			refused(t, err, permit.InvalidRight)
		}
		for _, ctx := range []context.Context{t.Context(), h.driver(), h.staff(8, "ATTENDANT"), h.gate("A")} {
			_, err := h.permits.EndRight(ctx, right.Row)
			refused(t, err, fault.NotFound)
		}
		owner := h.driver()
		h.holds(owner, h.publishes(h.monthlyPlan(1)), third)
		sold, err := h.permits.Rights(h.manager(), "A", new(plateright.KindPERMIT), page.Request{First: 5})
		h.must(err)
		for _, ctx := range []context.Context{h.manager(), owner} { // what was bought is refunded, or changed by its holder
			_, err := h.permits.EndRight(ctx, sold.Items[0].Row)
			refused(t, err, fault.NotFound)
		}
	})
}

func TestWhoHasAPermitInvitesAFewVisitors(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner := h.driver()
		visit := permit.Visit{LotCode: "A", Plate: permit.Plate{Text: other}, From: h.clock.Now().Add(time.Hour), Until: h.clock.Now().Add(3 * time.Hour)}
		_, err := h.permits.InviteVisitor(owner, visit)
		refused(t, err, fault.Forbidden)
		h.holds(owner, h.publishes(h.monthlyPlan(1)), car)
		invited, err := h.permits.InviteVisitor(owner, visit)
		h.must(err)
		h.sees(in, other)
		h.pass(4 * time.Hour)
		if got := h.leaves(other); got != 1000 {
			t.Errorf("it pays %d fen, and not an hour before the visit and one after", got)
		}
		_, err = h.permits.EndRight(h.driver(), invited.Row)
		refused(t, err, fault.NotFound)
		for _, change := range []func(v *permit.Visit){
			func(v *permit.Visit) { v.Until = h.clock.Now() },
			func(v *permit.Visit) { v.Until = h.clock.Now().AddDate(0, 0, 9) },
			func(v *permit.Visit) {
				v.From, v.Until = h.clock.Now().AddDate(0, 0, 40), h.clock.Now().AddDate(0, 0, 41)
			},
		} {
			bad := visit
			change(&bad)
			_, err := h.permits.InviteVisitor(owner, bad)
			refused(t, err, permit.InvalidWindow)
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		now, made := h.clock.Now(), 0
		for i := range 8 {
			all.Go(func() {
				_, err := h.permits.InviteVisitor(owner, permit.Visit{
					LotCode: "A", Plate: permit.Plate{Text: fmt.Sprintf("粤B4444%d", i)}, Until: now.Add(time.Hour),
				})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else {
					refused(t, err, permit.TooManyVisitors)
				}
			})
		}
		all.Wait()
		if made != 5 {
			t.Errorf("%d were invited at a time", made)
		}
		if got, err := h.permits.Visitors(owner, page.Request{First: 20}); err != nil || len(got.Items) != 5 {
			t.Errorf("%d visitors, %v", len(got.Items), err)
		}
		_, err = h.permits.InviteVisitor(h.manager(), permit.Visit{LotCode: "A", Plate: permit.Plate{Text: third}, Until: now.Add(time.Hour)})
		h.must(err)
		_, err = h.permits.InviteVisitor(h.staff(8, "ATTENDANT"), permit.Visit{LotCode: "A", Plate: permit.Plate{Text: third}, Until: now.Add(time.Hour)})
		refused(t, err, fault.Forbidden)
	})
}
