package ledger

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/ent/reservation"
	"parkbff/ent/settlement"
	"parkbff/ent/settlementitem"
	"parkbff/ent/sharedspace"
	"parkbff/internal/balance"
)

// LeastPayout is from how much on an owner is paid, in fen: one yuan, so that no payout costs more than it brings. While as
// much is owed, nothing is taken away by which it is known to whom.
const LeastPayout = 100

// ownerChecks hold of what the owners of shared bays earn and are paid.
func ownerChecks() []balance.Check {
	owners := only(ledgerline.AccountOWNERS)
	return []balance.Check{
		{
			What: "reservation", Why: "the ledger says that its bay's owner earned by it", Table: reservation.Table, Word: reservation.FieldSharedFen,
			Sum: moved(owners, -1, causedBy(ledgerentry.CauseSHARE)),
		},
		{
			What: "settlement", Why: "its items sum to", Table: settlement.Table, Word: settlement.FieldFen,
			Sum: balance.Of(settlementitem.Table, "SUM(fen)", settlementitem.FieldSettlementID),
		},
		{
			What: "settlement item", Why: "the ledger says that was paid out", Table: settlementitem.Table, Other: paidItems,
			Sum: moved(owners, 1, causedBy(ledgerentry.CausePAYOUT)),
		},
		{
			What: "space", Why: "the ledger says that its owner was paid, beyond what was earned,", Table: sharedspace.Table, Word: "0",
			Sum: balance.Of(ledgerline.Table, "CASE WHEN SUM(fen) > 0 THEN SUM(fen) ELSE 0 END", ledgerline.FieldSpaceID,
				sql.EQ(ledgerline.FieldAccount, ledgerline.AccountOWNERS)),
		},
	}
}

// paidItems are the items of settlements that were paid.
func paidItems(b *sql.DialectBuilder) *sql.Selector {
	i, of := b.Table(settlementitem.Table).As("i"), b.Table(settlement.Table).As("of")
	return balance.Grouped(b.Select().From(i).Join(of).On(i.C(settlementitem.FieldSettlementID), of.C(settlement.FieldID)).
		Where(sql.EQ(of.C(settlement.FieldState), settlement.StatePAID)),
		"SUM("+i.C(settlementitem.FieldFen)+")", i.C(settlementitem.FieldID))
}

// sharedOf is what the owner of a shared bay earned by the reservation of an order.
const sharedOf = "COALESCE((SELECT r.shared_fen FROM reservations AS r WHERE r.id = reservation_id), 0)"

// OwedToOwners answers what is owed to the owner of each of some spaces, in fen, as the system; 0 is left out. What is
// being paid is owed until it is paid.
func OwedToOwners(ctx context.Context, lines *ent.LedgerLineClient, spaces []int64) (map[int64]int64, error) {
	var sums []struct {
		SpaceID int64 `json:"space_id"`
		Fen     int64 `json:"fen"`
	}
	err := lines.Query().Where(ledgerline.AccountEQ(ledgerline.AccountOWNERS), ledgerline.SpaceIDIn(spaces...)).
		Modify(func(q *sql.Selector) {
			q.Select(q.C(ledgerline.FieldSpaceID), sql.As("CAST(-SUM("+q.C(ledgerline.FieldFen)+") AS bigint)", "fen")).GroupBy(q.C(ledgerline.FieldSpaceID))
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
