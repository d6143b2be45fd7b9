package identity_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/ent/parkingsession"
	"parkbff/ent/sessionaccess"
	"parkbff/ent/signin"
	"parkbff/internal/identity"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
)

func TestMergesAtOnceLoseNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const second = "13900139000"
		both := []*person{h.arrives(mobile, signin.ChannelAPP), h.arrives(second, signin.ChannelAPP)}
		both[0].binds("粤B00001")
		both[1].binds("粤B00002")
		codes := []string{h.codeFor(identity.CodeForMerge, second), h.codeFor(identity.CodeForMerge, mobile)}
		errs := atOnce(2, func(i int) error { return h.MergeAccounts(both[i].ctx, []string{second, mobile}[i], codes[i]) })
		if n := successes(errs); n != 1 {
			t.Fatalf("each swallowed the other: %v", errs)
		}
		for i, err := range errs {
			if err != nil {
				continue
			}
			if h.must(both[i].returns()); both[i].viewer().BoundPlates() != 2 {
				t.Error("a car is lost")
			}
			refused(t, both[1-i].returns(), identity.SignInEnded)
		}
	})
}

// sees is what an account sees of stays, by their rows.
func (h *house) sees(accountID int64) map[int64]string {
	h.t.Helper()
	all := map[int64]string{}
	h.system(func(ctx context.Context, tx *ent.Tx) {
		for _, row := range tx.SessionAccess.Query().Where(sessionaccess.AccountID(accountID)).AllX(ctx) {
			all[row.SessionID] = fmt.Sprint(row.Bound, row.Paid, row.Hidden)
		}
	})
	return all
}

// A model of the rule: the survivor sees what either saw and no more, by either's right; a bystander sees
// what it saw.
func TestTheSurvivorSeesWhatEitherSawAndNobodySeesMore(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	var lot int64
	h.system(func(ctx context.Context, tx *ent.Tx) { lot, _ = h.lot(ctx, tx, "SZ001") })
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		h.clock.Pass(24 * time.Hour)
		mobiles := []string{"1380013" + fourDigits(round), "1390013" + fourDigits(round), "1370013" + fourDigits(round)}
		people := make([]*person, 3) // survivor, other, bystander
		for i := range people {
			people[i] = h.arrives(mobiles[2-i], signin.ChannelAPP)
		}
		bound := map[int64]bool{}
		for i, p := range people[:2] {
			for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, 4), 0, 3, rapid.ID[int]).Draw(rt, fmt.Sprint("cars of ", i)) {
				bound[p.binds(fmt.Sprintf("粤B%d%s", n, fourDigits(round))).VehicleID] = true
			}
		}
		want := map[int64]string{}
		h.system(func(ctx context.Context, tx *ent.Tx) {
			for range rapid.IntRange(0, 6).Draw(rt, "stays") {
				stay := tx.ParkingSession.Create().SetLotID(lot).SetState(parkingsession.StateCLOSED).SetPlate(vault.Sealed{1}).
					SetPlateIndex([]byte{1}).SetPlateColor("BLUE").SetEnteredAt(h.clock.Now()).SetCreatedAt(h.clock.Now()).SaveX(ctx)
				var either [3]bool
				seen := false
				for i, p := range people {
					if !rapid.Bool().Draw(rt, "sees it") {
						continue
					}
					b, paid, hidden := rapid.Bool().Draw(rt, "bound"), rapid.Bool().Draw(rt, "paid"), rapid.Bool().Draw(rt, "hidden")
					tx.SessionAccess.Create().SetAccountID(p.id()).SetSessionID(stay.ID).SetBound(b).SetPaid(paid).SetHidden(hidden).ExecX(ctx)
					if i < 2 {
						seen = true
						either = [3]bool{either[0] || b, either[1] || paid, either[2] || hidden}
					}
				}
				if seen {
					want[stay.ID] = fmt.Sprint(either[0], either[1], either[2])
				}
			}
		})
		before := h.sees(people[2].id())
		h.must(people[0].merges(mobiles[1]))
		if d := cmp.Diff(want, h.sees(people[0].id())); d != "" {
			rt.Errorf("the survivor: %s", d)
		}
		if d := cmp.Diff(before, h.sees(people[2].id())); d != "" {
			rt.Errorf("the bystander: %s", d)
		}
		vehicles, err := h.Vehicles(people[0].ctx)
		h.must(err)
		if len(vehicles) != len(bound) {
			rt.Errorf("%d vehicles of %d", len(vehicles), len(bound))
		}
		refused(t, people[1].returns(), identity.SignInEnded)
	})
}

func TestTrackingThatTheSurvivorTookBackStaysTakenBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const second = "13900139000"
		other, p := h.arrives(second, signin.ChannelAPP), h.arrives(mobile, signin.ChannelAPP)
		car := other.binds(plate)
		h.must(other.verifies(car, licence(plate, "张三"), card("张三", adult)))
		own := p.accepts(other.invites(car))
		agreed := consents.New(consents.Config{Store: h.store, Clock: h.clock, Catalogue: h.config.Catalogue, Accounts: h.Service})
		h.must(agreed.Withdraw(p.ctx, consent.PurposeMOVEMENT_TRACK, &own.Row))
		h.must(p.merges(second))
		if h.tracked(p.id()) {
			t.Error("the other account's consent came in its place")
		}
	})
}

func TestTheConsentOfAClaimThatMergingEndsDoesNotCount(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const second = "13900139000"
		other := h.arrives(second, signin.ChannelAPP)
		p, car := h.owner(mobile)
		_, err := other.claims(plate, "张三", adult)
		h.must(err)
		agreed := consents.New(consents.Config{Store: h.store, Clock: h.clock, Catalogue: h.config.Catalogue, Accounts: h.Service})
		h.must(agreed.Withdraw(p.ctx, consent.PurposeMOVEMENT_TRACK, &car.Row))
		h.must(p.merges(second))
		if h.tracked(p.id()) {
			t.Error("a claim's consent brought back what was taken back")
		}
	})
}
