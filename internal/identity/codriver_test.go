package identity_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/codriverinvitation"
	"parkbff/ent/signin"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/viewer"
)

// owner arrives with a vehicle of their own, verified.
func (h *house) owner(mobile string) (*person, *identity.Vehicle) {
	h.t.Helper()
	p := h.arrives(mobile, signin.ChannelAPP)
	v := p.binds(plate)
	h.must(p.verifies(v, licence(plate, "张三"), card("张三", adult)))
	return p, v
}

func (p *person) invites(v *identity.Vehicle) string {
	p.h.t.Helper()
	made, err := p.h.InviteCoDriver(p.ctx, v.Row)
	p.h.must(err)
	return made.Code
}

func (p *person) accepts(code string) *identity.Vehicle {
	p.h.t.Helper()
	v, err := p.h.AcceptCoDriverInvitation(p.ctx, code, true)
	p.h.must(err)
	return v
}

func (p *person) coDrivers(v *identity.Vehicle) []*identity.CoDriver {
	p.h.t.Helper()
	found, err := p.h.CoDrivers(p.ctx, v.VehicleID)
	p.h.must(err)
	return found
}

func TestACoDriverHasTheCarUnverifiedAndBesideThreePlates(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, car := h.owner(mobile)
		guest := h.arrives("13900139000", signin.ChannelAPP)
		for _, other := range []string{"粤B11111", "粤B22222", "粤B33333"} {
			guest.binds(other)
		}
		code := owner.invites(car)
		if !regexp.MustCompile(`^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$`).MatchString(code) {
			t.Error("the code is not of 80 bits in four groups")
		}
		shared := guest.accepts(strings.ToLower(strings.ReplaceAll(code, "-", " ")))
		if !shared.CoDriven || shared.Verified || shared.Plate != plate || shared.Row == car.Row {
			t.Error("a co-driver's vehicle is the plate, shared and not verified")
		}
		if guest.viewer().BoundPlates() != 4 || guest.viewer().HasVerified() {
			t.Error("the facts of a co-driver are wrong")
		}
		found := owner.coDrivers(car)
		if len(found) != 1 || found[0].Mobile != "139****9000" || !found[0].BoundAt.Equal(h.clock.Now()) {
			t.Errorf("%d co-drivers", len(found))
		}
		if len(guest.coDrivers(shared)) != 0 {
			t.Error("a co-driver sees co-drivers")
		}
		if got := h.told.kinds(owner.id()); got != "BOUND_BY_ANOTHER" {
			t.Errorf("the owner was told %q", got)
		}
		_, err := h.InviteCoDriver(guest.ctx, shared.Row)
		refused(t, err, viewer.FactRequired)
		refused(t, guest.verifies(shared, licence(plate, "李四"), card("李四", another)), identity.PlateProtected)
		_, err = h.RemoveCoDriver(guest.ctx, found[0].Row)
		refused(t, err, fault.NotFound)
		h.must(h.UnbindPlate(guest.ctx, h.first(guest).Row))
		guest.binds("粤B44444") // the shared one takes no place
		if again := guest.accepts(owner.invites(car)); again.Row != shared.Row {
			t.Error("bound twice")
		}
	})
}

func TestAnInvitationIsGoodOnceForADayAndForOthers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, car := h.owner(mobile)
		guest, late := h.arrives("13900139000", signin.ChannelAPP), h.arrives("13700137000", signin.ChannelAPP)
		try := func(p *person, code string) error {
			_, err := h.AcceptCoDriverInvitation(p.ctx, code, true)
			return err
		}
		code, unused := owner.invites(car), owner.invites(car)
		_, err := h.AcceptCoDriverInvitation(guest.ctx, code, false)
		refused(t, err, viewer.ConsentRequired)
		refused(t, try(owner, code), identity.InvitationInvalid)
		guest.accepts(code)
		for _, bad := range []string{"", "AAAA-AAAA-AAAA-AAAA", code} {
			refused(t, try(late, bad), identity.InvitationInvalid)
		}
		h.clock.Pass(24 * time.Hour)
		refused(t, try(late, unused), identity.InvitationInvalid)
		owner.invites(car)
		h.system(func(ctx context.Context, tx *ent.Tx) {
			if n := tx.CoDriverInvitation.Query().CountX(ctx); n != 1 {
				t.Errorf("%d invitations are kept", n)
			}
		})
	})
}

func TestAVehicleHasFiveCoDriversAndFiveOpenInvitations(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, car := h.owner(mobile)
		codes := make([]string, 5)
		for i := range codes {
			codes[i] = owner.invites(car)
		}
		_, err := h.InviteCoDriver(owner.ctx, car.Row)
		refused(t, err, identity.TooManyCoDrivers)
		for i, code := range codes {
			h.arrives(fmt.Sprintf("1390013900%d", i), signin.ChannelH5).accepts(code)
		}
		_, err = h.InviteCoDriver(owner.ctx, car.Row)
		refused(t, err, identity.TooManyCoDrivers)
	})
}

func TestWhatTheOwnerLosesHisGuestsLose(t *testing.T) {
	for name, loses := range map[string]func(h *house, owner *person, car *identity.Vehicle) error{
		"unbinding": func(h *house, owner *person, car *identity.Vehicle) error { return h.UnbindPlate(owner.ctx, car.Row) },
		"removal": func(h *house, owner *person, car *identity.Vehicle) error {
			_, err := h.RemoveCoDriver(owner.ctx, owner.coDrivers(car)[0].Row)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				owner, car := h.owner(mobile)
				guest := h.arrives("13900139000", signin.ChannelAPP)
				shared := guest.accepts(owner.invites(car))
				open := owner.invites(car)
				h.stays(guest.id(), shared.VehicleID)
				h.must(loses(h, owner, car))
				h.must(guest.returns())
				if guest.viewer().BoundPlates() != 0 || h.reason(shared.Row) != vehiclebinding.EndReasonREVOKED {
					t.Error("the co-driver has the car")
				}
				if got := h.told.kinds(guest.id()); got != "CO_DRIVER_REMOVED" {
					t.Errorf("told %q", got)
				}
				if got := h.views(guest.id()); len(got) != 1 || got[0] != "bound=false paid=true" {
					t.Errorf("views %q", got)
				}
				if name == "removal" {
					return
				}
				_, err := h.AcceptCoDriverInvitation(guest.ctx, open, true)
				refused(t, err, identity.InvitationInvalid)
				again := owner.binds(plate) // not what was granted before
				h.must(owner.verifies(again, licence(plate, "张三"), card("张三", adult)))
				_, err = h.AcceptCoDriverInvitation(guest.ctx, open, true)
				refused(t, err, identity.InvitationInvalid)
			})
		})
	}
}

func (h *house) reason(binding int64) (why vehiclebinding.EndReason) {
	h.system(func(ctx context.Context, tx *ent.Tx) { why = *tx.VehicleBinding.GetX(ctx, binding).EndReason })
	return why
}

func TestOneInvitationAdmitsOneOfMany(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, car := h.owner(mobile)
		var many []*person
		for i := range 4 {
			many = append(many, h.arrives(fmt.Sprintf("1390013900%d", i), signin.ChannelAPP))
		}
		code := owner.invites(car)
		errs := atOnce(len(many), func(i int) error {
			_, err := h.AcceptCoDriverInvitation(many[i].ctx, code, true)
			return err
		})
		if successes(errs) != 1 || len(owner.coDrivers(car)) != 1 {
			t.Errorf("admitted %d: %v", len(owner.coDrivers(car)), errs)
		}
	})
}

func TestOnlyTheHashOfAnInvitationIsKept(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, car := h.owner(mobile)
		made, err := h.InviteCoDriver(owner.ctx, car.Row)
		h.must(err)
		if text := fmt.Sprintf("%v %+v %#v", made, made, made); strings.Contains(text, made.Code) {
			t.Error("an invitation prints its code")
		}
		h.system(func(ctx context.Context, tx *ent.Tx) {
			kept := tx.CoDriverInvitation.Query().Where(codriverinvitation.VehicleID(car.VehicleID)).OnlyX(ctx)
			if bare := strings.ReplaceAll(made.Code, "-", ""); strings.Contains(string(kept.CodeHash), bare) || len(kept.CodeHash) != 16 {
				t.Error("the code is kept")
			}
		})
	})
}

func TestNobodyIsAdmittedToAVehicleThatItsOwnerGivesUp(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, car := h.owner(mobile)
		guest := h.arrives("13900139000", signin.ChannelAPP)
		for range 5 {
			code := owner.invites(car)
			errs := atOnce(2, func(i int) error {
				if i == 0 {
					return h.UnbindPlate(owner.ctx, car.Row)
				}
				_, err := h.AcceptCoDriverInvitation(guest.ctx, code, true)
				return err
			})
			h.must(errs[0])
			h.must(guest.returns())
			if guest.viewer().BoundPlates() != 0 {
				t.Fatal("a co-driver outlived the ownership")
			}
			h.clock.Pass(time.Second)
			car = owner.binds(plate)
			h.must(h.proves(owner, car))
		}
	})
}

// proves makes a vehicle its account's own without a try.
func (h *house) proves(p *person, v *identity.Vehicle) error {
	h.system(func(ctx context.Context, tx *ent.Tx) {
		h.must(tx.VehicleBinding.UpdateOneID(v.Row).SetVerification(vehiclebinding.VerificationPASSED).Exec(ctx))
		h.must(tx.Vehicle.UpdateOneID(v.VehicleID).SetOwnerAccountID(p.id()).Exec(ctx))
	})
	h.Forget()
	return p.returns()
}

// first answers what a person bound first.
func (h *house) first(p *person) *identity.Vehicle {
	h.t.Helper()
	all, err := h.Vehicles(p.ctx)
	h.must(err)
	return all[0]
}

func TestAnInvitationRestsOnWhatIsTrueNow(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, car := h.owner(mobile)
		guest, heir := h.arrives("13900139000", signin.ChannelAPP), h.arrives("13700137000", signin.ChannelAPP)
		code := owner.invites(car)
		own := func(by int64) {
			h.system(func(ctx context.Context, tx *ent.Tx) {
				h.must(tx.Vehicle.UpdateOneID(car.VehicleID).SetOwnerAccountID(by).Exec(ctx))
			})
		}
		own(heir.id())
		_, err := h.AcceptCoDriverInvitation(guest.ctx, code, true)
		refused(t, err, identity.InvitationInvalid)
		own(owner.id())

		late := &person{h, viewer.With(t.Context(), owner.viewer()), owner.tokens} // asked before what follows
		h.must(h.UnbindPlate(owner.ctx, car.Row))
		_, err = h.InviteCoDriver(late.ctx, owner.binds(plate).Row)
		refused(t, err, fault.NotFound)
	})
}
