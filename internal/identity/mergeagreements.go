package identity

import (
	"context"
	"fmt"

	"parkbff/ent/agreement"
)

// moveAgreements moves the other's agreements to deduct with their payers.
func (g *merging) moveAgreements(ctx context.Context) error {
	rows, err := g.tx.Agreement.Query().Where(agreement.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read agreements: %w", err)
	}
	for _, row := range rows {
		change := g.tx.Agreement.UpdateOneID(row.ID).SetAccountID(g.to)
		if row.Payer != nil {
			payer, err := g.reseal(ctx, FieldPayer, row.Payer)
			if err != nil {
				return err
			}
			change.SetPayer(payer)
		}
		if err := change.Exec(ctx); err != nil {
			return fmt.Errorf("move the agreement: %w", err)
		}
	}
	return nil
}
