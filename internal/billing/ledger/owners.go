package ledger

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/ent/paymentorder"
	"parkbff/ent/reservation"
	"parkbff/ent/settlement"
	"parkbff/ent/settlementitem"
	"parkbff/ent/sharedspace"
)

// LeastPayout is from how much on an owner is paid, in fen: one yuan, so that no payout costs more than it brings. While as
// much is owed, nothing is taken away by which it is known to whom.
const LeastPayout = 100

// ownerChecks hold of what the owners of shared bays earn and are paid.
func ownerChecks() []check {
	return []check{
		{"reservation", "the ledger says that its bay's owner earned by it", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(reservation.Table)
			return differing(b, t, t.C(reservation.FieldSharedFen), moved(b, owners(), -1, causedBy(ledgerentry.CauseSHARE, t)))
		}},
		{"settlement", "its items sum to", func(b *sql.DialectBuilder) *sql.Selector {
			t, i := b.Table(settlement.Table), b.Table(settlementitem.Table)
			return differing(b, t, t.C(settlement.FieldFen), b.Select(total(i.C(settlementitem.FieldFen), 1)).From(i).
				Where(sql.ColumnsEQ(i.C(settlementitem.FieldSettlementID), t.C(settlement.FieldID))))
		}},
		{"settlement item", "the ledger says that was paid out", func(b *sql.DialectBuilder) *sql.Selector {
			t, of := b.Table(settlementitem.Table), b.Table(settlement.Table)
			oncePaid := fmt.Sprintf("(SELECT CASE WHEN %s = '%s' THEN %s ELSE 0 END FROM %s WHERE %s = %s)", of.C(settlement.FieldState),
				settlement.StatePAID, t.C(settlementitem.FieldFen), settlement.Table, of.C(settlement.FieldID), t.C(settlementitem.FieldSettlementID))
			return differing(b, t, oncePaid, moved(b, owners(), 1, causedBy(ledgerentry.CausePAYOUT, t)))
		}},
		{"space", "the ledger says that its owner was paid, beyond what was earned,", func(b *sql.DialectBuilder) *sql.Selector {
			t, l := b.Table(sharedspace.Table), b.Table(ledgerline.Table)
			sum := "COALESCE(SUM(" + l.C(ledgerline.FieldFen) + "), 0)"
			return differing(b, t, "0", b.Select("CAST(CASE WHEN "+sum+" > 0 THEN "+sum+" ELSE 0 END AS bigint)").From(l).Where(sql.And(
				sql.ColumnsEQ(l.C(ledgerline.FieldSpaceID), t.C(sharedspace.FieldID)), sql.EQ(l.C(ledgerline.FieldAccount), ledgerline.AccountOWNERS))))
		}},
	}
}

func owners() []ledgerline.Account { return []ledgerline.Account{ledgerline.AccountOWNERS} }

// sharedOf is what the owner of a shared bay earned by the reservation of an order.
func sharedOf(b *sql.DialectBuilder, order *sql.SelectTable) string {
	r := b.Table(reservation.Table)
	return fmt.Sprintf("COALESCE((SELECT %s FROM %s WHERE %s = %s), 0)",
		r.C(reservation.FieldSharedFen), reservation.Table, r.C(reservation.FieldID), order.C(paymentorder.FieldReservationID))
}

// OwedToOwners answers what is owed to the owner of each of some spaces, in fen, as the system; 0 is left out. What is
// being paid is owed until it is paid.
func OwedToOwners(ctx context.Context, lines *ent.LedgerLineClient, spaces []int64) (map[int64]int64, error) {
	var sums []struct {
		SpaceID int64 `json:"space_id"`
		Fen     int64 `json:"fen"`
	}
	err := lines.Query().Where(ledgerline.AccountEQ(ledgerline.AccountOWNERS), ledgerline.SpaceIDIn(spaces...)).
		Modify(func(q *sql.Selector) {
			q.Select(q.C(ledgerline.FieldSpaceID), sql.As(total(q.C(ledgerline.FieldFen), -1), "fen")).GroupBy(q.C(ledgerline.FieldSpaceID))
		}).Scan(ctx, &sums)
	if err != nil {
		return nil, fmt.Errorf("sum up what owners are owed: %w", err)
	}
	owed := map[int64]int64{}
	for _, sum := range sums {
		if sum.Fen != 0 {
			owed[sum.SpaceID] = sum.Fen
		}
	}
	return owed, nil
}
