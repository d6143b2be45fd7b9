package identity

import (
	"context"
	"fmt"

	"parkbff/ent/chargedispute"
)

// Where package dispute seals what an account typed.
const fieldComplaint = "charge_dispute.words"

// moveComplaints moves disputes of charges; of two about one stay the survivor's stays.
func (g *merging) moveComplaints(ctx context.Context) error {
	rows, err := g.tx.ChargeDispute.Query().Where(chargedispute.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read disputes of charges: %w", err)
	}
	for _, row := range rows {
		twice, err := g.tx.ChargeDispute.Query().Where(chargedispute.AccountID(g.to), chargedispute.SessionID(row.SessionID)).Exist(ctx)
		if err == nil && twice {
			err = g.tx.ChargeDispute.DeleteOne(row).Exec(ctx)
		} else if err == nil {
			var words []byte
			if words, err = g.reseal(ctx, fieldComplaint, row.Words); err == nil {
				err = g.tx.ChargeDispute.UpdateOneID(row.ID).SetWords(words).Modify(g.moved).Exec(ctx)
			}
		}
		if err != nil {
			return fmt.Errorf("move the dispute of a charge: %w", err)
		}
	}
	return nil
}
