package discount

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/voucher"
)

// Exchange makes a voucher on the terms of an offer for an account that has it for points, in the transaction that takes
// them. What it takes off, the lot gives away. cause is by what it is made once.
func (s *Service) Exchange(ctx context.Context, tx *ent.Tx, offer *ent.VoucherOffer, accountID int64, cause []byte) (int64, error) {
	now := s.clock.Now()
	row, err := create(tx, offer.LotID, sold(offer)).SetSource(voucher.SourceEXCHANGED).SetAccountID(accountID).
		SetCreatedAt(now).SetExpiresAt(expiry(now, offer.HoldsDays)).SetKeyHash(cause).Save(ctx)
	if err != nil {
		return 0, fmt.Errorf("write the voucher that was exchanged: %w", err)
	}
	return row.ID, nil
}
