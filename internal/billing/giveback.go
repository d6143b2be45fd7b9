package billing

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/refund"
)

// GivingBack is that so much of what an account has paid for a stay goes back, because it disputes the charge.
type GivingBack struct {
	DisputeID, AccountID, SessionID int64
	Fen                             int64
	StaffID                         int64 // 0: the program
}

// PaidBy answers what an account has paid for a stay and not got back. The caller is the system.
func (s *Service) PaidBy(ctx context.Context, tx *ent.Tx, accountID, sessionID int64) (fen int64, err error) {
	rows, err := paidBy(ctx, tx, accountID, sessionID)
	for _, row := range rows {
		fen += kept(row)
	}
	return fen, err
}

// GiveBack gives so much back of what an account has paid for a stay, the way it came, the last payment first. The
// caller is the system, and has asked PaidBy in the same transaction. Error: RefundTooLarge.
func (s *Service) GiveBack(ctx context.Context, tx *ent.Tx, g GivingBack) error {
	rows, err := paidBy(ctx, tx, g.AccountID, g.SessionID)
	if err != nil {
		return err
	}
	left := g.Fen
	for _, row := range rows {
		fen := min(left, kept(row))
		if fen == 0 {
			continue
		}
		_, err := s.decide(ctx, tx, decision{
			payment: row, fen: fen, reason: refund.ReasonDISPUTED, key: s.ownKey("dispute "+fmt.Sprint(g.DisputeID), row.ID), staff: g.StaffID,
		})
		if err != nil {
			return err
		}
		left -= fen
	}
	if left > 0 {
		return RefundTooLarge
	}
	return nil
}

func paidBy(ctx context.Context, tx *ent.Tx, accountID, sessionID int64) ([]*ent.Payment, error) {
	rows, err := tx.Payment.Query().Where(payment.AccountID(accountID), payment.StateEQ(payment.StateSUCCEEDED), payment.TakenFenGT(0),
		payment.HasOrderWith(paymentorder.SessionID(sessionID))).Order(ent.Desc(payment.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what was paid for the stay: %w", err)
	}
	return rows, nil
}
