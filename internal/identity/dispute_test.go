package identity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/ent/platedispute"
	"parkbff/ent/signin"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/page"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/viewer"
)

func (p *person) claims(plate, name, id string) (*identity.PlateDispute, error) {
	return p.h.DisputePlate(p.ctx, identity.Claim{
		Plate: plate, TrackConsent: true,
		DrivingLicence: paper(strings.NewReader(licence(plate, name))), IDCard: paper(strings.NewReader(card(name, id))),
	})
}

// officer is a context in which an officer of the platform asks.
func (h *house) officer() context.Context {
	return viewer.With(h.t.Context(), &viewer.Viewer{Kind: viewer.Staff, StaffID: 7, Office: []viewer.Role{viewer.Officer}})
}

func (h *house) decides(d *identity.PlateDispute, uphold bool) *identity.PlateDispute {
	h.t.Helper()
	decided, err := h.DecidePlateDispute(h.officer(), d.Row, uphold, "工单1024")
	h.must(err)
	return decided
}

// trackConsents are the states of an account's consents to movement data.
func (h *house) trackConsents(accountID int64) (standing, over int) {
	h.system(func(ctx context.Context, tx *ent.Tx) {
		for _, c := range tx.Consent.Query().Where(consent.AccountID(accountID), consent.PurposeEQ(consent.PurposeMOVEMENT_TRACK)).AllX(ctx) {
			if c.EndedAt == nil && c.WithdrawnAt == nil {
				standing++
			} else {
				over++
			}
		}
	})
	return standing, over
}

func TestAClaimThatIsUpheldMovesThePlateFromItsOwnerAndTheirGuests(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, car := h.owner(mobile)
		guest, claimant := h.arrives("13900139000", signin.ChannelAPP), h.arrives("13700137000", signin.ChannelAPP)
		shared := guest.accepts(owner.invites(car))
		open := owner.invites(car)
		h.clock.Pass(time.Minute)
		d, err := claimant.claims(plate, "李四", another)
		h.must(err)
		if d.State != platedispute.StateOPEN || d.Plate != plate {
			t.Errorf("the claim is %s", d.State)
		}
		again, err := claimant.claims(plate, "李四", another)
		h.must(err)
		if again.Row != d.Row {
			t.Error("one plate was claimed twice")
		}
		decided := h.decides(d, true)
		if decided.State != platedispute.StateUPHELD || decided.Plate != "粤B***45" || !decided.DecidedAt.Equal(h.clock.Now()) {
			t.Errorf("decided %s", decided.State)
		}
		for _, p := range []*person{owner, guest, claimant} {
			h.must(p.returns())
		}
		if owner.viewer().BoundPlates()+guest.viewer().BoundPlates() != 0 || !claimant.viewer().HasVerified() {
			t.Error("the plate did not pass to the claimant alone")
		}
		if h.reason(car.Row) != vehiclebinding.EndReasonEVICTED || h.reason(shared.Row) != vehiclebinding.EndReasonREVOKED {
			t.Error("the reasons are wrong")
		}
		got := h.told.kinds(owner.id()) + "; " + h.told.kinds(guest.id()) + "; " + h.told.kinds(claimant.id())
		if got != "BOUND_BY_ANOTHER DISPUTE_OPENED EVICTED; DISPUTE_OPENED CO_DRIVER_REMOVED; DISPUTE_DECIDED" {
			t.Errorf("told %q", got)
		}
		_, err = h.AcceptCoDriverInvitation(guest.ctx, open, true)
		refused(t, err, identity.InvitationInvalid)
		own, err := h.Vehicles(claimant.ctx)
		h.must(err)
		if *own[0].Verification.Method != vehiclebinding.VerificationMethodDISPUTE || own[0].CoDriven {
			t.Error("verified otherwise than by the claim")
		}
		if standing, over := h.trackConsents(claimant.id()); standing != 1 || over != 0 {
			t.Errorf("%d consents stand, %d are over", standing, over)
		}
		h.mustKeepTheDecision(d.Row)
		_, err = h.DecidePlateDispute(h.officer(), d.Row, false, "工单1024")
		refused(t, err, identity.AlreadyDecided)
	})
}

func (h *house) mustKeepTheDecision(row int64) {
	h.t.Helper()
	h.system(func(ctx context.Context, tx *ent.Tx) {
		kept := tx.PlateDispute.GetX(ctx, row)
		if len(kept.PersonIndex) != 0 || kept.StaffID == nil || *kept.StaffID != 7 || kept.Purpose != "工单1024" {
			h.t.Error("who decided and why must be kept, and of the person nothing")
		}
	})
}

func TestACoDriverWhoseClaimIsUpheldKeepsTheirView(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, car := h.owner(mobile)
		guest := h.arrives("13900139000", signin.ChannelAPP)
		shared := guest.accepts(owner.invites(car))
		h.stays(guest.id(), shared.VehicleID)
		h.clock.Pass(time.Minute)
		d, err := guest.claims(plate, "李四", another)
		h.must(err)
		h.decides(d, true)
		own, err := h.Vehicles(guest.ctx)
		h.must(err)
		if len(own) != 1 || own[0].Row != shared.Row || own[0].CoDriven || !own[0].Verified || len(h.views(guest.id())) != 2 {
			t.Error("the binding was not kept as the owner's")
		}
		if got := h.told.kinds(guest.id()); got != "DISPUTE_DECIDED" {
			t.Errorf("told %q", got)
		}
	})
}

func TestAClaimThatIsRejectedChangesNothingElse(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, _ := h.owner(mobile)
		claimant := h.arrives("13900139000", signin.ChannelAPP)
		h.clock.Pass(time.Minute)
		d, err := claimant.claims(plate, "李四", another)
		h.must(err)
		if decided := h.decides(d, false); decided.State != platedispute.StateREJECTED {
			t.Errorf("decided %s", decided.State)
		}
		h.must(owner.returns())
		h.must(claimant.returns())
		if !owner.viewer().HasVerified() || claimant.viewer().BoundPlates() != 0 || h.told.kinds(owner.id()) != "DISPUTE_OPENED" {
			t.Error("a rejected claim had an effect")
		}
		if got := h.told.kinds(claimant.id()); got != "DISPUTE_DECIDED" {
			t.Errorf("told %q", got)
		}
		if standing, over := h.trackConsents(claimant.id()); standing != 0 || over != 1 {
			t.Errorf("%d consents stand, %d are over", standing, over)
		}
		h.mustKeepTheDecision(d.Row)
	})
}

func TestAClaimFallsWithItsGround(t *testing.T) {
	for name, falls := range map[string]func(h *house, owner, claimant *person, car *identity.Vehicle){
		"the plate was given up": func(h *house, owner, _ *person, car *identity.Vehicle) { h.must(h.UnbindPlate(owner.ctx, car.Row)) },
		"another owner proved it since": func(h *house, owner, _ *person, car *identity.Vehicle) {
			h.must(h.UnbindPlate(owner.ctx, car.Row))
			h.owner("13600136000")
		},
		"it is the claimant's by now": func(h *house, owner, claimant *person, car *identity.Vehicle) {
			h.must(h.UnbindPlate(owner.ctx, car.Row))
			h.must(claimant.verifies(claimant.binds(plate), licence(plate, "李四"), card("李四", another)))
		},
		"the claimant is somebody else": func(h *house, _, claimant *person, _ *identity.Vehicle) {
			h.must(claimant.verifies(claimant.binds("粤B99999"), licence("粤B99999", "张三"), card("张三", adult)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				owner, car := h.owner(mobile)
				claimant := h.arrives("13900139000", signin.ChannelAPP)
				h.clock.Pass(time.Minute)
				d, err := claimant.claims(plate, "李四", another)
				h.must(err)
				h.clock.Pass(time.Minute)
				falls(h, owner, claimant, car)
				if decided := h.decides(d, true); decided.State != platedispute.StateWITHDRAWN {
					t.Errorf("decided %s", decided.State)
				}
			})
		})
	}
}

func TestWhoLeavesClaimsNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.owner(mobile)
		claimant := h.arrives("13900139000", signin.ChannelAPP)
		d, err := claimant.claims(plate, "李四", another)
		h.must(err)
		h.must(h.CloseAccount(claimant.ctx))
		waiting, err := h.OpenDisputes(h.officer(), page.Request{First: 10})
		h.must(err)
		if len(waiting.Items) != 0 {
			t.Error("a claim of nobody's waits")
		}
		_, err = h.DecidePlateDispute(h.officer(), d.Row, true, "x")
		refused(t, err, fault.NotFound)
	})
}

func TestPlatesAreNotProbedByClaims(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, _ := h.owner(mobile)
		_, err := owner.claims(plate, "张三", adult)
		refused(t, err, identity.NotDisputable)
		claimant := h.arrives("13900139000", signin.ChannelAPP)
		for _, claimed := range []string{plate, "粤B00001"} { // one protected, one that nobody knows
			_, err := h.DisputePlate(claimant.ctx, identity.Claim{
				Plate: claimed, TrackConsent: true,
				DrivingLicence: paper(strings.NewReader(licence("粤B88888", "李四"))), IDCard: paper(strings.NewReader(card("李四", another))),
			})
			refused(t, err, identity.VerificationRefused)
			if fault.As(err).Details()["reason"] != "PLATE_MISMATCH" {
				t.Errorf("%v", fault.As(err).Details())
			}
		}
		_, err = claimant.claims("粤B00001", "李四", another)
		refused(t, err, identity.NotDisputable)
		claimant.binds("粤B00002")
		_, err = claimant.claims("粤B00002", "李四", another) // bound, and verified by nobody
		refused(t, err, identity.NotDisputable)
		_, err = claimant.claims(plate, "张三", child)
		refused(t, err, identity.VerificationRefused)
		_, err = claimant.claims(plate, "李四", another) // the sixth try
		refused(t, err, fault.RateLimited)
		h.system(func(ctx context.Context, tx *ent.Tx) {
			row := tx.Account.GetX(ctx, claimant.id())
			if n := tx.PlateDispute.Query().CountX(ctx); n != 0 || len(row.PersonIndex) != 0 || row.Adult != nil {
				t.Error("something is kept of documents that were refused")
			}
		})
	})
}

func TestOnlyAnOfficerWithASecondFactorDecides(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.owner(mobile)
		claimant := h.arrives("13900139000", signin.ChannelAPP)
		d, err := claimant.claims(plate, "李四", another)
		h.must(err)
		admin := &viewer.Viewer{Kind: viewer.Staff, StaffID: 8, Office: []viewer.Role{viewer.Admin}}
		for _, ctx := range []context.Context{t.Context(), claimant.ctx, viewer.With(t.Context(), admin)} {
			_, err := h.DecidePlateDispute(ctx, d.Row, true, "x")
			refused(t, err, fault.Forbidden)
			_, err = h.OpenDisputes(ctx, page.Request{First: 1})
			refused(t, err, fault.Forbidden)
		}
		h.factor = identity.StepUpRequired
		_, err = h.DecidePlateDispute(h.officer(), d.Row, true, "x")
		refused(t, err, identity.StepUpRequired)
		h.factor = nil
		for _, purpose := range []string{"", "  ", "a\nb", strings.Repeat("长", 101)} {
			_, err = h.DecidePlateDispute(h.officer(), d.Row, true, purpose)
			refused(t, err, fault.BadInput)
		}
		_, err = h.DecidePlateDispute(h.officer(), 999, true, "x")
		refused(t, err, fault.NotFound)
		h.decides(d, true)
	})
}

func TestOfTwoDecisionsAtOnceOneCounts(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.owner(mobile)
		claimant := h.arrives("13900139000", signin.ChannelAPP)
		d, err := claimant.claims(plate, "李四", another)
		h.must(err)
		errs := atOnce(4, func(i int) error {
			_, err := h.DecidePlateDispute(h.officer(), d.Row, i%2 == 0, "x")
			return err
		})
		if successes(errs) != 1 || h.told.kinds(claimant.id()) != "DISPUTE_DECIDED" {
			t.Errorf("%v, told %q", errs, h.told.kinds(claimant.id()))
		}
		for _, err := range errs {
			if err != nil {
				refused(t, err, identity.AlreadyDecided)
			}
		}
	})
}

// However accounts bind, verify and give up one plate at once, it has one owner at most, and where it
// has one, nobody else has it bound.
func TestAPlateHasOneOwnerWhateverHappensAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		names, ids := []string{"张三", "李四", "王五"}, []string{adult, another, "11010119900307803X"}
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			contested := fmt.Sprintf("粤B%05d", round)
			moves := rapid.SliceOfN(rapid.IntRange(0, 1), 3, 3).Draw(rt, "unbinds")
			var all []*person
			for i := range names {
				all = append(all, h.arrives(fmt.Sprintf("13%d%03d%05d", 5+i, i, round), signin.ChannelAPP))
			}
			atOnce(len(all), func(i int) error {
				car, err := h.BindPlate(all[i].ctx, contested, "", true)
				if err != nil {
					return err
				}
				err = all[i].verifies(car, licence(contested, names[i]), card(names[i], ids[i]))
				if err == nil && moves[i] == 1 {
					return h.UnbindPlate(all[i].ctx, car.Row)
				}
				if err != nil && !errors.Is(err, identity.PlateProtected) && !errors.Is(err, fault.NotFound) {
					rt.Errorf("verifying: %v", err)
				}
				return err
			})
			owners, binders := 0, 0
			for _, p := range all {
				h.must(p.returns())
				owners += p.viewer().VerifiedVehicles()
				binders += p.viewer().BoundPlates()
			}
			if owners > 1 || owners == 1 && binders != 1 {
				rt.Errorf("%d owners and %d binders", owners, binders)
			}
		})
	})
}

func TestAPlateThatIsHandedOverIsTrackedOnlyWhileItsNewOwnerAgrees(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.owner(mobile)
		claimant := h.arrives("13900139000", signin.ChannelAPP)
		h.clock.Pass(time.Minute)
		d, err := claimant.claims(plate, "李四", another)
		h.must(err)
		agreed := consents.New(consents.Config{Store: h.store, Clock: h.clock, Catalogue: h.config.Catalogue, Accounts: h.Service})
		h.must(agreed.Withdraw(claimant.ctx, consent.PurposePARKING_CORE, nil))
		h.decides(d, true)
		h.must(claimant.returns())
		if !claimant.viewer().HasVerified() {
			t.Fatal("the plate was not handed over")
		}
		if h.tracked(claimant.id()) {
			t.Error("stays are recorded for somebody who takes no part in parking")
		}
	})
}

func TestAClaimsConsentCountsAsItWasGiven(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.owner(mobile)
		claimant := h.arrives("13900139000", signin.ChannelAPP)
		h.clock.Pass(time.Minute)
		d, err := claimant.claims(plate, "李四", another)
		h.must(err)
		h.system(func(ctx context.Context, tx *ent.Tx) { // as when the words have changed since
			rows := tx.Consent.Query().Where(consent.AccountID(claimant.id()), consent.PurposeEQ(consent.PurposeMOVEMENT_TRACK)).AllX(ctx)
			for _, row := range rows {
				tx.Consent.DeleteOne(row).ExecX(ctx)
				tx.Consent.Create().SetAccountID(row.AccountID).SetPurpose(row.Purpose).SetNillableVehicleID(row.VehicleID).
					SetPolicyVersion("2024-01-01").SetGrantedAt(row.GrantedAt).ExecX(ctx)
			}
		})
		h.decides(d, true)
		if standing, _ := h.trackConsents(claimant.id()); standing != 1 {
			t.Errorf("%d consents stand, one of which nobody gave", standing)
		}
		if h.tracked(claimant.id()) {
			t.Error("stays are recorded by an outdated consent")
		}
	})
}

// tracked says whether stays of any of an account's vehicles are recorded for it.
func (h *house) tracked(accountID int64) (yes bool) {
	h.t.Helper()
	h.system(func(ctx context.Context, tx *ent.Tx) {
		yes = tx.VehicleBinding.Query().Where(vehiclebinding.AccountID(accountID), vehiclebinding.EndedAtIsNil(),
			vehiclebinding.Tracked(true)).ExistX(ctx)
	})
	return yes
}
