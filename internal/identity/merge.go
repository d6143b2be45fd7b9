package identity

import (
	"context"
	"fmt"
	"slices"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/erasure"
	"parkbff/ent/notice"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/viewer"
)

// MergeAccounts joins the account of another mobile, proved by a code sent there, to the viewer's, which
// keeps its own mobile. What both may see and have becomes the viewer's; the other account is closed: its
// sign-ins end, on open sockets too, its notices go with it, and its key is destroyed.
//
// The viewer's own choices stand: its profile, its consents, its link of a channel that both have linked.
// The other's consents to what moves (a vehicle, a linked account) move with it, and those that were given
// for the account end with the account (R092). A car that both have bound is kept as verified, where one of
// them is the owner, else as the viewer has it. A record that either has hidden stays hidden, and full
// masking stays on if either has it on. There may be more unverified plates than can be bound.
//
// Errors: UNAUTHENTICATED; STEP_UP_REQUIRED; INVALID_MOBILE; CODE_INVALID; NOTHING_TO_MERGE, which only
// whoever holds that mobile learns; NOT_MERGEABLE for accounts of two persons by their verifications, and
// where one of them is to be erased.
func (s *Service) MergeAccounts(ctx context.Context, mobile, code string) error {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.EndAccount, 0); err != nil {
		return err
	}
	m, err := cnid.ParseMobile(mobile)
	if err != nil {
		return at(err, "mobile")
	}
	if err := s.steppedUp(ctx, v); err != nil {
		return err
	}
	var refusal error
	err = s.write(ctx, "merge accounts", func(ctx context.Context, tx *ent.Tx) error {
		refusal = CodeInvalid
		good, err := s.redeem(ctx, tx, m, CodeForMerge, code)
		if err != nil || !good {
			return err // a wrong code is counted, so this commits
		}
		refusal, err = s.mergeWith(ctx, tx, v.AccountID, m)
		return err
	})
	if err != nil {
		return err
	}
	if refusal != nil {
		return refusal
	}
	return s.renew(ctx, v.AccountID, v.SignInID)
}

// mergeWith answers why the account of a mobile is not joined, or joins it.
func (s *Service) mergeWith(ctx context.Context, tx *ent.Tx, survivor int64, m cnid.Mobile) (refusal, err error) {
	other, err := tx.Account.Query().Where(account.MobileIndex(s.mobileIndex(m)), account.IDNEQ(survivor)).OnlyID(ctx)
	if ent.IsNotFound(err) {
		return NothingToMerge, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the account: %w", err)
	}
	g := merging{s: s, tx: tx, to: survivor, from: other}
	if err := g.hold(ctx); err != nil {
		return nil, err
	}
	fit, err := g.fit(ctx)
	if err != nil {
		return nil, err
	}
	if !fit {
		return NotMergeable, nil
	}
	return nil, g.run(ctx)
}

// merging is one account on its way into another.
type merging struct {
	s        *Service
	tx       *ent.Tx
	to, from int64

	survivor, other *ent.Account
	bindings        []*ent.VehicleBinding // living, of both
	vehicles        []int64               // of these
}

// hold holds the vehicles of both and then both accounts, each in the order of their rows. With a vehicle
// are held the stays that are being opened for it.
func (g *merging) hold(ctx context.Context) (err error) {
	g.bindings, err = g.tx.VehicleBinding.Query().
		Where(vehiclebinding.AccountIDIn(g.to, g.from), vehiclebinding.EndedAtIsNil()).All(ctx)
	if err != nil {
		return fmt.Errorf("read bindings: %w", err)
	}
	for _, b := range g.bindings {
		g.vehicles = append(g.vehicles, b.VehicleID)
	}
	slices.Sort(g.vehicles)
	g.vehicles = slices.Compact(g.vehicles)
	for _, id := range g.vehicles {
		if _, err := holdVehicle(ctx, g.tx, id); err != nil {
			return err
		}
	}
	held := map[int64]*ent.Account{}
	for _, id := range []int64{min(g.to, g.from), max(g.to, g.from)} {
		if held[id], err = holdAccount(ctx, g.tx, id); err != nil {
			return err
		}
	}
	g.survivor, g.other = held[g.to], held[g.from]
	return nil
}

// fit tells whether both may be one person's, and neither is to be erased: nobody escapes that by merging.
func (g *merging) fit(ctx context.Context) (bool, error) {
	one, another := g.survivor.PersonIndex, g.other.PersonIndex
	if len(one) > 0 && len(another) > 0 && !equal(one, another) {
		return false, nil
	}
	doomed, err := g.tx.Erasure.Query().Where(erasure.AccountIDIn(g.to, g.from)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("read erasures: %w", err)
	}
	return !doomed, nil
}

func (g *merging) run(ctx context.Context) error {
	g.s.accountChanged(ctx, g.to)
	g.s.accountChanged(ctx, g.from)
	for _, step := range []func(context.Context) error{
		g.signOut,
		g.moveBindings, g.moveOwnership, g.moveInvitations, g.moveFleets, g.moveDisputes,
		g.moveAccess, g.moveOrders, g.movePoints, g.moveInvoices, g.moveComplaints, g.moveSpaces, g.moveEarnings, g.moveAgreements, g.moveConsents, g.trackVehicles, g.moveLinks, g.moveFollowing, g.moveMessages,
		g.moveAccount, g.close,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// trackVehicles records stays of the survivor's vehicles as the consents of both together allow.
func (g *merging) trackVehicles(ctx context.Context) error { return g.s.track(ctx, g.tx, g.to) }

// signOut ends the other account's sign-ins. The following that rests on them goes with its channels; see
// moveFollowing.
func (g *merging) signOut(ctx context.Context) error {
	if _, err := g.s.endSignIns(ctx, g.tx, g.from); err != nil {
		return fmt.Errorf("end sign-ins: %w", err)
	}
	return nil
}

// close empties the other account, as closing it does, and keeps the evidence. Without its key, whatever is left
// of it sealed is noise.
func (g *merging) close(ctx context.Context) error {
	notices, err := g.tx.Notice.Delete().Where(notice.AccountID(g.from)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("drop notices: %w", err)
	}
	emptied, err := g.s.emptyAccount(ctx, g.tx, g.from)
	if err != nil {
		return fmt.Errorf("close the account: %w", err)
	}
	if err := g.s.shred(ctx, g.tx, g.from); err != nil {
		return err
	}
	return g.s.recordErasure(ctx, g.tx, g.from, erasure.ReasonACCOUNTS_MERGED, notices+emptied)
}
