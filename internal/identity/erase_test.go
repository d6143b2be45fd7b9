package identity_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/agreement"
	"parkbff/ent/erasure"
	"parkbff/ent/signin"
	"parkbff/ent/vehicle"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/bus"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

func TestNothingBeginsInAnAccountWhileItCloses(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for range 5 {
			h.clock.Pass(24 * time.Hour) // for the limit of codes
			p := h.arrives(mobile, signin.ChannelAPP)
			v := p.binds(plate)
			h.clock.Pass(time.Minute)
			code := h.code(mobile)
			closing, name := p.id(), "小红"
			asP := func() context.Context { return viewer.With(t.Context(), p.viewer()) }
			errs := atOnce(6, func(i int) (err error) {
				switch i {
				case 0:
					return h.CloseAccount(asP())
				case 1:
					_, err = h.SignIn(viewer.With(t.Context(), viewer.Nobody()), identity.Login{Mobile: mobile, Code: code, Channel: signin.ChannelAPP})
				case 2:
					_, err = h.BindPlate(asP(), "粤BD12345", "", true)
				case 3:
					_, err = h.UpdateProfile(asP(), identity.Profile{Nickname: &name})
				case 4:
					err = p.verifies(v, licence(plate, "张三"), card("张三", adult))
				case 5:
					err = h.ChangeMobile(asP(), "13700137000", "000000")
				}
				return err
			})
			h.must(errs[0])
			for i, err := range errs[1:] {
				if err != nil && fault.As(err) == nil {
					t.Errorf("%d failed with %v", i+1, err)
				}
			}
			h.mustBeEmpty(closing)
			if again := h.arrives(mobile, signin.ChannelAPP); again.id() == closing || again.viewer().BoundPlates() != 0 {
				t.Error("the closed account lives on")
			}
		}
	})
}

// mustBeEmpty fails the test unless nothing is left of an account.
func (h *house) mustBeEmpty(id int64) {
	h.t.Helper()
	h.system(func(ctx context.Context, tx *ent.Tx) {
		row, err := tx.Account.Get(ctx, id)
		h.must(err)
		if row.ClosedAt == nil || len(row.Mobile)+len(row.MobileIndex)+len(row.Profile)+len(row.PersonIndex) != 0 {
			h.t.Error("the account names somebody")
		}
		living, err := tx.SignIn.Query().Where(signin.AccountID(id), signin.RevokedAtIsNil()).Count(ctx)
		h.must(err)
		bound, err := tx.VehicleBinding.Query().Where(vehiclebinding.AccountID(id), vehiclebinding.EndedAtIsNil()).Count(ctx)
		h.must(err)
		owned, err := tx.Vehicle.Query().Where(vehicle.OwnerAccountID(id)).Count(ctx)
		h.must(err)
		if living+bound+owned != 0 {
			h.t.Errorf("%d sign-ins live, %d vehicles are bound, %d owned", living, bound, owned)
		}
	})
}

func TestASignInThatFoundTheAccountOpenEndsWithIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		number, err := cnid.ParseMobile(mobile)
		h.must(err)
		closing, id, begun := make(chan error, 1), p.id(), sync.Once{}
		h.system(func(ctx context.Context, tx *ent.Tx) {
			found, err := h.AccountOf(ctx, number)
			h.must(err)
			begun.Do(func() { go func() { closing <- h.CloseAccount(p.ctx) }() })
			time.Sleep(100 * time.Millisecond) // for the closing to go as far as it can
			h.must(tx.SignIn.Create().SetAccountID(found).SetChannel(signin.ChannelAPP).SetCreatedAt(h.clock.Now()).
				SetFamilyHash([]byte("f")).SetRefreshHash([]byte("r")).SetRefresh(vault.Sealed("s")).
				SetRotatedAt(h.clock.Now()).SetExpiresAt(h.clock.Now().Add(time.Hour)).Exec(ctx))
		})
		h.must(<-closing)
		h.mustBeEmpty(id)
	})
}

func TestWhoWasLetInBeforeTheClosingChangesNothingAfterIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		v := p.binds(plate)
		before, name := viewer.With(t.Context(), p.viewer()), "小红"
		h.must(h.CloseAccount(p.ctx))
		_, accountErr := h.Account(before)
		_, profileErr := h.UpdateProfile(before, identity.Profile{Nickname: &name})
		_, bindErr := h.BindPlate(before, "粤BD12345", "", true)
		_, messagesErr := h.SetVehicleMessages(before, v.Row, identity.MessageEntered, false)
		for _, err := range []error{
			accountErr, profileErr, bindErr, messagesErr,
			h.ChangeMobile(before, "13700137000", h.codeFor(identity.CodeForChangeMobile, "13700137000")),
			h.GiveGuardianConsent(before, "13700137000", h.codeFor(identity.CodeForGuardianConsent, "13700137000")),
		} {
			refused(t, err, fault.NotFound)
		}
		h.mustBeEmpty(viewer.Of(before).AccountID)
	})
}

func TestNobodyStandsBehindATokenOfAClosedAccount(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		in := p.viewer().SignInID
		h.must(h.CloseAccount(p.ctx))
		h.system(func(ctx context.Context, tx *ent.Tx) { // whatever else may go wrong
			h.must(tx.SignIn.UpdateOneID(in).ClearRevokedAt().Exec(ctx))
		})
		h.Forget()
		refused(t, p.returns(), identity.SignInEnded)
	})
}

// besideAnother makes the house one of two replicas, and answers the vault of the other.
func (h *house) besideAnother() *vault.Vault {
	h.t.Helper()
	b, err := bus.Open(h.t.Context(), bus.Options{})
	h.must(err)
	h.t.Cleanup(func() { h.must(b.Close(context.WithoutCancel(h.t.Context()))) })
	keys := vaulttest.Keys(h.t)
	replica := func() (*identity.Service, *vault.Vault) {
		c := h.config
		c.Bus, c.Vault = b, vault.New(keys, h.store.DataKeys())
		s, err := identity.New(c)
		h.must(err)
		stop, err := s.Watch(h.t.Context())
		h.must(err)
		h.t.Cleanup(stop)
		return s, c.Vault
	}
	h.Service, _ = replica()
	_, held := replica()
	return held
}

func TestAnotherReplicaOpensNothingOfAnErasedAccount(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		held := h.besideAnother()
		p := h.arrives(mobile, signin.ChannelAPP)
		key := vault.AccountKey(p.id())
		sealed, err := held.SealString(t.Context(), key, "a.b", mobile)
		h.must(err)
		h.must(h.CloseAccount(p.ctx))
		eventually(t, func() bool { _, err := held.Open(t.Context(), key, "a.b", sealed); return err != nil })
	})
}

func TestCoDriversLoseTheCarWithItsOwnersAccount(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, v := h.owner(mobile)
		friend, later := h.arrives("13900139000", signin.ChannelAPP), h.arrives("13700137000", signin.ChannelAPP)
		friend.accepts(owner.invites(v))
		open := owner.invites(v)
		h.must(h.CloseAccount(owner.ctx))
		h.must(friend.returns())
		if friend.viewer().BoundPlates() != 0 || h.told.kinds(friend.id()) != "CO_DRIVER_REMOVED" {
			t.Errorf("%d plates are bound; told %q", friend.viewer().BoundPlates(), h.told.kinds(friend.id()))
		}
		_, err := h.AcceptCoDriverInvitation(later.ctx, open, true)
		refused(t, err, identity.InvitationInvalid)
		later.binds(plate) // it is protected no more
	})
}

func TestADeadlineIsKeptOnceAndStoppedByAGuardianWhoComesInTime(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		born := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
		tell := func() error { _, err := h.UpdateProfile(p.ctx, identity.Profile{Birthday: &born}); return err }
		noticed := h.clock.Now()
		refused(t, tell(), identity.GuardianConsentRequired)
		h.clock.Pass(5 * 24 * time.Hour)
		refused(t, tell(), identity.GuardianConsentRequired)
		h.system(func(ctx context.Context, tx *ent.Tx) {
			due, err := tx.Erasure.Query().Only(ctx)
			h.must(err)
			if !due.Deadline.Equal(noticed.Add(7 * 24 * time.Hour)) {
				t.Errorf("the deadline is %v after it was noticed", due.Deadline.Sub(noticed))
			}
		})
		h.clock.Pass(2 * 24 * time.Hour)
		code := h.codeFor(identity.CodeForGuardianConsent, "13900139000")
		errs := atOnce(2, func(i int) error {
			if i == 0 {
				return h.EraseOverdue(t.Context())
			}
			return h.GiveGuardianConsent(viewer.With(t.Context(), p.viewer()), "13900139000", code)
		})
		h.must(errs[0])
		h.system(func(ctx context.Context, tx *ent.Tx) {
			row, err := tx.Account.Query().Where(account.ID(p.id())).Only(ctx)
			h.must(err)
			pending, err := tx.Erasure.Query().Where(erasure.ErasedAtIsNil()).Exist(ctx)
			h.must(err)
			if consented := row.GuardianConsentedAt != nil; consented == (row.ClosedAt != nil) || pending || consented != (errs[1] == nil) {
				t.Errorf("consent %v, closed %v, pending %v, answered %v", consented, row.ClosedAt, pending, errs[1])
			}
		})
	})
}

func TestADocumentOfAConsentedMinorSetsNoDeadline(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		v := p.binds(plate)
		h.must(h.GiveGuardianConsent(p.ctx, "13900139000", h.codeFor(identity.CodeForGuardianConsent, "13900139000")))
		refused(t, p.verifies(v, licence(plate, "张三"), card("张三", child)), identity.VerificationRefused)
		h.clock.Pass(30 * 24 * time.Hour)
		h.must(h.EraseOverdue(t.Context()))
		h.system(func(ctx context.Context, tx *ent.Tx) {
			row, err := tx.Account.Get(ctx, p.id())
			h.must(err)
			if row.ClosedAt != nil || row.MinorSince == nil {
				t.Errorf("closed %v, a minor since %v", row.ClosedAt, row.MinorSince)
			}
		})
	})
}

func TestAMinorWhoClosesTheAccountIsOnRecordAsHavingClosedIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		born := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
		_, err := h.UpdateProfile(p.ctx, identity.Profile{Birthday: &born})
		refused(t, err, identity.GuardianConsentRequired)
		h.must(h.CloseAccount(p.ctx))
		h.system(func(ctx context.Context, tx *ent.Tx) {
			if why := tx.Erasure.Query().OnlyX(ctx).Reason; why != erasure.ReasonACCOUNT_CLOSED {
				t.Errorf("erased because of %s", why)
			}
		})
	})
}

func TestWhoWasLetInBeforeTheClosingSetsNothingAfterIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p, _ := h.owner(mobile)
		v := p.viewer()
		before := func() context.Context { return viewer.With(t.Context(), v) }
		h.must(h.CloseAccount(p.ctx))
		_, codeErr := h.SendStepUpCode(before())
		_, stepErr := h.StepUp(before(), "000000")
		whole := viewer.Display("FULL")
		for _, err := range []error{codeErr, stepErr, h.SetFullMask(before(), true), h.SetMessageDisplay(before(), &whole)} {
			refused(t, err, fault.NotFound)
		}
		h.mustBeEmpty(v.AccountID)
	})
}

func TestWhatWasPaidOutlivesTheAccountAndForgetsIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p, guest := h.arrives(mobile, signin.ChannelAPP), h.arrives("13900000002", signin.ChannelAPP)
		car := p.binds(plate)
		h.owns(p.id(), car.VehicleID, guest.id())
		closed := p.id()
		h.must(h.CloseAccount(p.ctx))
		h.system(func(ctx context.Context, tx *ent.Tx) {
			orders, err := tx.PaymentOrder.Query().All(ctx)
			h.must(err)
			payments, err := tx.Payment.Query().All(ctx)
			h.must(err)
			vouchers, err := tx.Voucher.Query().All(ctx)
			h.must(err)
			agreements, err := tx.Agreement.Query().All(ctx)
			h.must(err)
			if len(agreements) != 1 || agreements[0].AccountID != nil || agreements[0].Payer != nil || agreements[0].State != agreement.StateCLOSED {
				t.Error("an agreement to deduct is gone, somebody's, or open")
			}
			if len(vouchers) != 1 || vouchers[0].AccountID != nil || vouchers[0].CodeHash != nil {
				t.Error("a voucher is gone, or somebody's")
			}
			permits, err := tx.Permit.Query().All(ctx)
			h.must(err)
			rights, err := tx.PlateRight.Query().Count(ctx)
			h.must(err)
			kept := tx.Reservation.Query().OnlyX(ctx)
			if kept.AccountID != nil || len(kept.PlateIndex) != 0 || kept.State != "CANCELLED" {
				t.Error("a reservation is somebody's still, or names its car, or keeps a bay")
			}
			points, had := tx.Membership.Query().OnlyX(ctx), tx.MallOrder.Query().OnlyX(ctx)
			if points.AccountID != nil || points.Balance != 5 || had.AccountID != nil || had.CodeHash != nil {
				t.Error("points, or what was had of the mall, are gone or somebody's")
			}
			if len(permits) != 1 || permits[0].AccountID != nil || rights != 0 {
				t.Error("a permit is gone, or somebody's, or its plates are still there")
			}
			if len(orders) != 1 || len(payments) != 1 || orders[0].AccountID != nil || payments[0].AccountID != nil {
				t.Errorf("account %d is still named, or its money is gone", closed)
			}
		})
	})
}
