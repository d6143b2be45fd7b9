package identity

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/codriverinvitation"
	"parkbff/ent/consent"
	"parkbff/ent/fleet"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/permit"
	"parkbff/ent/platedispute"
	"parkbff/ent/plateright"
	"parkbff/ent/predicate"
	"parkbff/ent/reservation"
	"parkbff/ent/sessionaccess"
	"parkbff/ent/vehicle"
	"parkbff/ent/vehiclebinding"
	"parkbff/ent/voucher"
	"parkbff/internal/vault"
)

// column is where every entity of an account names it.
const column = "account_id"

// moved gives a row to the survivor: the one moment at which an account's rows change hands.
func (g *merging) moved(u *sql.UpdateBuilder) { u.Set(column, g.to) }

// reseal opens a value with the other account's key and seals it with the survivor's.
func (g *merging) reseal(ctx context.Context, field string, value vault.Sealed) (vault.Sealed, error) {
	plain, err := g.s.vault.Open(ctx, vault.AccountKey(g.from), field, value)
	defer clear(plain)
	if err != nil {
		return nil, err
	}
	return g.s.vault.Seal(ctx, vault.AccountKey(g.to), field, plain)
}

// moveBindings moves all of the other's bindings, those that have ended too. Of a car that both have bound
// one binding ends, and the consent to its movement data with it: the other's too where the survivor's was taken
// back.
func (g *merging) moveBindings(ctx context.Context) error {
	own := map[int64]*ent.VehicleBinding{}
	for _, b := range g.bindings {
		if b.AccountID == g.to {
			own[b.VehicleID] = b
		}
	}
	for _, b := range g.bindings {
		twin := own[b.VehicleID]
		if b.AccountID != g.from || twin == nil {
			continue
		}
		lesser := b
		if verified(b) {
			lesser = twin
		}
		if err := g.endTwin(ctx, lesser); err != nil {
			return err
		}
		if !twin.Tracked {
			if err := g.endTracking(ctx, g.from, b.VehicleID); err != nil {
				return err
			}
		}
	}
	rows, err := g.tx.VehicleBinding.Query().Where(vehiclebinding.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read bindings: %w", err)
	}
	for _, row := range rows {
		if err := g.moveBinding(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func (g *merging) endTwin(ctx context.Context, b *ent.VehicleBinding) error {
	err := g.tx.VehicleBinding.UpdateOneID(b.ID).SetEndedAt(g.s.clock.Now()).SetEndReason(vehiclebinding.EndReasonMERGED).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end the binding: %w", err)
	}
	return g.endTracking(ctx, b.AccountID, b.VehicleID)
}

// endTracking ends an account's consent to a vehicle's movement data.
func (g *merging) endTracking(ctx context.Context, accountID, vehicleID int64) error {
	return g.endConsents(ctx, consent.AccountID(accountID), consent.VehicleID(vehicleID))
}

func (g *merging) moveBinding(ctx context.Context, row *ent.VehicleBinding) error {
	plate, err := g.reseal(ctx, FieldPlate, row.Plate)
	if err != nil {
		return err
	}
	change := g.tx.VehicleBinding.UpdateOneID(row.ID).SetPlate(plate).Modify(g.moved)
	if row.Nickname != nil {
		name, err := g.reseal(ctx, fieldNickname, row.Nickname)
		if err != nil {
			return err
		}
		change.SetNickname(name)
	}
	if err := change.Exec(ctx); err != nil {
		return fmt.Errorf("move the binding: %w", err)
	}
	return nil
}

func (g *merging) moveOwnership(ctx context.Context) error {
	// Who owns a vehicle has it bound.
	err := g.tx.Vehicle.Update().Where(vehicle.IDIn(g.vehicles...), vehicle.OwnerAccountID(g.from)).SetOwnerAccountID(g.to).Exec(ctx)
	if err != nil {
		return fmt.Errorf("move the protection: %w", err)
	}
	return nil
}

// moveInvitations moves what the owner has given: invitations, and the co-drivers who came by them.
func (g *merging) moveInvitations(ctx context.Context) error {
	err := g.tx.CoDriverInvitation.Update().Where(codriverinvitation.AccountID(g.from)).Modify(g.moved).Exec(ctx)
	if err != nil {
		return fmt.Errorf("move invitations: %w", err)
	}
	err = g.tx.VehicleBinding.Update().Where(vehiclebinding.InvitedByAccountID(g.from)).
		Modify(func(u *sql.UpdateBuilder) { u.Set(vehiclebinding.FieldInvitedByAccountID, g.to) }).Exec(ctx)
	if err != nil {
		return fmt.Errorf("move co-drivers: %w", err)
	}
	return nil
}

func (g *merging) moveFleets(ctx context.Context) error {
	rows, err := g.tx.Fleet.Query().Where(fleet.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read fleets: %w", err)
	}
	for _, row := range rows {
		twin, err := g.tx.Fleet.Query().Where(fleet.AccountID(g.to), fleet.CreditCodeIndex(row.CreditCodeIndex)).Only(ctx)
		switch {
		case ent.IsNotFound(err):
			err = g.moveFleet(ctx, row)
		case err == nil:
			err = g.joinFleets(ctx, twin, row)
		}
		if err != nil {
			return fmt.Errorf("move the fleet: %w", err)
		}
	}
	return nil
}

func (g *merging) moveFleet(ctx context.Context, row *ent.Fleet) error {
	name, err := g.reseal(ctx, fieldFleetName, row.Name)
	if err != nil {
		return err
	}
	code, err := g.reseal(ctx, fieldFleetCredit, row.CreditCode)
	if err != nil {
		return err
	}
	return g.tx.Fleet.UpdateOneID(row.ID).SetName(name).SetCreditCode(code).Modify(g.moved).Exec(ctx)
}

// joinFleets makes one of two rows of one company. It has ended only if both have.
func (g *merging) joinFleets(ctx context.Context, keep, drop *ent.Fleet) error {
	err := g.tx.VehicleBinding.Update().Where(vehiclebinding.FleetID(drop.ID)).SetFleetID(keep.ID).Exec(ctx)
	if err != nil {
		return err
	}
	if drop.EndedAt == nil && keep.EndedAt != nil {
		if err := g.tx.Fleet.UpdateOneID(keep.ID).ClearEndedAt().Exec(ctx); err != nil {
			return err
		}
	}
	return g.tx.Fleet.DeleteOneID(drop.ID).Exec(ctx)
}

// moveDisputes moves the other's claims. One to a plate that the survivor now owns, or claims as well, is
// withdrawn, and the consent that the other gave with it ends.
func (g *merging) moveDisputes(ctx context.Context) error {
	rows, err := g.tx.PlateDispute.Query().Where(platedispute.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read disputes: %w", err)
	}
	for _, row := range rows {
		plate, err := g.reseal(ctx, fieldClaimed, row.Plate)
		if err != nil {
			return err
		}
		change := g.tx.PlateDispute.UpdateOneID(row.ID).SetPlate(plate).Modify(g.moved)
		if err := change.Exec(ctx); err != nil {
			return fmt.Errorf("move the dispute: %w", err)
		}
	}
	return g.withdrawDisputes(ctx)
}

func (g *merging) withdrawDisputes(ctx context.Context) error {
	open, err := g.tx.PlateDispute.Query().Where(platedispute.AccountID(g.to), platedispute.StateEQ(platedispute.StateOPEN)).
		Order(platedispute.ByCreatedAt(), platedispute.ByID()).All(ctx)
	if err != nil {
		return fmt.Errorf("read disputes: %w", err)
	}
	claimed := map[int64]bool{}
	for _, row := range open {
		car, err := g.tx.Vehicle.Get(ctx, row.VehicleID)
		if err != nil {
			return fmt.Errorf("read the vehicle: %w", err)
		}
		owns := car.OwnerAccountID != nil && *car.OwnerAccountID == g.to
		if !owns && !claimed[row.VehicleID] {
			claimed[row.VehicleID] = true
			continue
		}
		err = g.tx.PlateDispute.UpdateOneID(row.ID).SetState(platedispute.StateWITHDRAWN).
			SetDecidedAt(g.s.clock.Now()).ClearPersonIndex().Exec(ctx)
		if err != nil {
			return fmt.Errorf("withdraw the dispute: %w", err)
		}
		if err := g.endTracking(ctx, g.from, row.VehicleID); err != nil {
			return err
		}
	}
	return nil
}

// moveAccess moves the right to see stays. What both may see, the survivor sees by whatever right either
// had, and not in its lists when either has hidden it.
func (g *merging) moveAccess(ctx context.Context) error {
	access := g.tx.SessionAccess
	shared := func(with predicate.SessionAccess) *ent.SessionAccessUpdate {
		return access.Update().Where(sessionaccess.AccountID(g.to), seenToo(g.from, with))
	}
	for _, change := range []*ent.SessionAccessUpdate{
		shared(sessionaccess.Bound(true)).SetBound(true),
		shared(sessionaccess.Paid(true)).SetPaid(true),
		shared(sessionaccess.Hidden(true)).SetHidden(true),
	} {
		if err := change.Exec(ctx); err != nil {
			return fmt.Errorf("join the views of stays: %w", err)
		}
	}
	if _, err := access.Delete().Where(sessionaccess.AccountID(g.from), seenToo(g.to)).Exec(ctx); err != nil {
		return fmt.Errorf("drop the second views of stays: %w", err)
	}
	if err := access.Update().Where(sessionaccess.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move the views of stays: %w", err)
	}
	return nil
}

// moveOrders moves what was ordered and paid, and the vouchers. The ledger knows no account.
func (g *merging) moveOrders(ctx context.Context) error {
	if err := g.tx.PaymentOrder.Update().Where(paymentorder.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move orders: %w", err)
	}
	if err := g.tx.Payment.Update().Where(payment.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move payments: %w", err)
	}
	if err := g.tx.Voucher.Update().Where(voucher.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move vouchers: %w", err)
	}
	if err := g.tx.Permit.Update().Where(permit.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move permits: %w", err)
	}
	if err := g.tx.PlateRight.Update().Where(plateright.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move the rights of plates: %w", err)
	}
	if err := g.tx.Reservation.Update().Where(reservation.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move reservations: %w", err)
	}
	return nil
}

// seenToo selects rights to stays that another account has a right to as well, one of that kind.
func seenToo(by int64, kind ...predicate.SessionAccess) predicate.SessionAccess {
	return func(s *sql.Selector) {
		theirs := sql.Dialect(s.Dialect()).Select(sessionaccess.FieldSessionID).From(sql.Table(sessionaccess.Table).As("theirs"))
		theirs.Where(sql.EQ(theirs.C(sessionaccess.FieldAccountID), by))
		for _, p := range kind {
			p(theirs)
		}
		s.Where(sql.In(s.C(sessionaccess.FieldSessionID), theirs))
	}
}

// moveConsents ends the consents that were given for the other account as such, and moves all as evidence.
// So none of them is a consent of the survivor's, which may have been refused there.
func (g *merging) moveConsents(ctx context.Context) error {
	err := g.endConsents(ctx, consent.AccountID(g.from), consent.VehicleIDIsNil(), consent.PurposeNEQ(consentToLink))
	if err != nil {
		return err
	}
	if err := g.tx.Consent.Update().Where(consent.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move consents: %w", err)
	}
	return nil
}

func (g *merging) endConsents(ctx context.Context, which ...predicate.Consent) error {
	err := g.tx.Consent.Update().Where(which...).Where(consent.WithdrawnAtIsNil(), consent.EndedAtIsNil()).
		SetEndedAt(g.s.clock.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end consents: %w", err)
	}
	return nil
}

// moveLinks moves linked accounts. On a channel on which both have one, the other's ends.
func (g *merging) moveLinks(ctx context.Context) error {
	rows, err := g.tx.LinkedAccount.Query().Where(linkedaccount.AccountID(g.from), linkedaccount.EndedAtIsNil()).All(ctx)
	if err != nil {
		return fmt.Errorf("read linked accounts: %w", err)
	}
	for _, row := range rows {
		if err := g.moveLink(ctx, row); err != nil {
			return err
		}
	}
	if err := g.tx.LinkedAccount.Update().Where(linkedaccount.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move linked accounts: %w", err)
	}
	return nil
}

func (g *merging) moveLink(ctx context.Context, row *ent.LinkedAccount) error {
	taken, err := g.tx.LinkedAccount.Query().Where(linkedaccount.AccountID(g.to), linkedaccount.ChannelEQ(row.Channel),
		linkedaccount.EndedAtIsNil()).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read linked accounts: %w", err)
	}
	if taken {
		return g.s.endLink(ctx, g.tx, row)
	}
	subject, err := g.reseal(ctx, fieldSubject, row.Subject)
	if err != nil {
		return err
	}
	if err := g.tx.LinkedAccount.UpdateOneID(row.ID).SetSubject(subject).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move the linked account: %w", err)
	}
	return nil
}

// moveFollowing moves the following that is known by events, where its link has moved. What rested on
// sign-ins has ended with them.
func (g *merging) moveFollowing(ctx context.Context) error {
	links, err := g.tx.ChannelLink.Query().Where(channellink.AccountID(g.from), channellink.EndedAtIsNil()).All(ctx)
	if err != nil {
		return fmt.Errorf("read channels: %w", err)
	}
	for _, link := range links {
		told := platformOf(link.Channel).told()
		if string(told) != string(link.Channel) {
			continue
		}
		if err := g.s.settleFollowing(ctx, g.tx, g.to, told); err != nil {
			return err
		}
	}
	if _, err := g.tx.ChannelLink.Delete().Where(channellink.AccountID(g.from)).Exec(ctx); err != nil {
		return fmt.Errorf("drop channels: %w", err)
	}
	return nil
}

// moveAccount joins what stands in the accounts' own rows. Limits that were used up stay so.
func (g *merging) moveAccount(ctx context.Context) error {
	a, b := g.survivor, g.other
	change := g.tx.Account.UpdateOneID(g.to).SetFullMask(a.FullMask || b.FullMask).
		SetVerifyTries(a.VerifyTries + b.VerifyTries).SetNillableVerifySince(later(a.VerifySince, b.VerifySince)).
		SetBindTries(a.BindTries + b.BindTries).SetNillableBindSince(later(a.BindSince, b.BindSince)).
		SetNillableMinorSince(earlier(a.MinorSince, b.MinorSince)).
		SetNillableGuardianConsentedAt(earlier(a.GuardianConsentedAt, b.GuardianConsentedAt))
	if len(a.PersonIndex) == 0 && len(b.PersonIndex) > 0 {
		change.SetPersonIndex(b.PersonIndex).SetNillableAdult(b.Adult)
	}
	if a.Profile == nil && b.Profile != nil {
		profile, err := g.reseal(ctx, fieldProfile, b.Profile)
		if err != nil {
			return err
		}
		change.SetProfile(profile)
	}
	if err := change.Exec(ctx); err != nil {
		return fmt.Errorf("join the accounts: %w", err)
	}
	return nil
}

func later(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

func earlier(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}
