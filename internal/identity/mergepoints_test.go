package identity_test

import (
	"context"
	"testing"

	"parkbff/ent"
	"parkbff/ent/membership"
	"parkbff/ent/pointentry"
	"parkbff/ent/pointlot"
	"parkbff/ent/signin"
)

func TestOfTwoMembershipsOneHasAllThatBothHaveAndOwe(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const second = "13900139000"
		p, other := h.arrives(mobile, signin.ChannelAPP), h.arrives(second, signin.ChannelAPP)
		h.system(func(ctx context.Context, tx *ent.Tx) {
			for account, points := range map[int64]int64{p.id(): 7, other.id(): 5} {
				m := tx.Membership.Create().SetAccountID(account).SetBalance(points).SetOwedPoints(points + 1).SetCreatedAt(h.clock.Now()).SaveX(ctx)
				e := tx.PointEntry.Create().SetMembershipID(m.ID).SetKind(pointentry.KindEARNED).SetCause(pointentry.CausePAYMENT).SetCauseID(account).
					SetPoints(points).SetBalance(points).SetCreatedAt(h.clock.Now()).SaveX(ctx)
				tx.PointLot.Create().SetMembershipID(m.ID).SetEntryID(e.ID).SetPoints(points).SetRemaining(points).SetExpiresAt(h.clock.Now()).ExecX(ctx)
			}
		})
		h.must(p.merges(second))
		h.system(func(ctx context.Context, tx *ent.Tx) {
			left := tx.Membership.Query().OnlyX(ctx)
			if *left.AccountID != p.id() || left.Balance != 12 || left.OwedPoints != 14 {
				t.Errorf("%+v", left)
			}
			entries := tx.PointEntry.Query().Where(pointentry.HasMembershipWith(membership.AccountID(p.id()))).CountX(ctx)
			if lots := tx.PointLot.Query().Where(pointlot.MembershipID(left.ID)).CountX(ctx); entries != 2 || lots != 2 {
				t.Errorf("%d entries, %d lots", entries, lots)
			}
		})
	})
}
