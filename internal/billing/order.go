package billing

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/paymentorder"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// NewOrder is what a client asks for: the quote, and the client's own key.
type NewOrder struct {
	IdempotencyKey string
	Quote          string // its token
}

// Ordered is an order and the proof by which whoever ordered shows it (R010).
type Ordered struct {
	Order *Order
	Proof string
}

// CreateOrder makes an order of a quote, for anybody who holds one. The amount is firm until the quote expires,
// unless less is owed by then. A stay has one open order: the one before is replaced, and what somebody is just
// paying for it is taken as long as it is owed. The same key answers the same order.
//
// Errors: InvalidKey, KeyReused, parking.QuoteExpired, PriceChanged; RATE_LIMITED for an address that asks too often;
// FORBIDDEN for machines and staff; CONSENT_REQUIRED.
func (s *Service) CreateOrder(ctx context.Context, n NewOrder) (*Ordered, error) {
	v, err := s.payer(ctx)
	if err != nil {
		return nil, err
	}
	key, err := s.keyHash(v, "order", n.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	offer, err := s.stays.OpenOffer(n.Quote)
	if err != nil {
		return nil, atQuote(err)
	}
	if wait := s.pace.Wait(ctx, "order"); v.Kind == viewer.Anonymous && wait > 0 {
		return nil, fault.RateLimited.With("retryAfter", int(wait/time.Second)+1)
	}
	var row *ent.PaymentOrder
	err = s.write(ctx, jobOrder, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = s.orderOnce(ctx, tx, v, key, offer)
		return err
	})
	if err != nil {
		return nil, err
	}
	order, err := s.opened(ctx, row)
	if err != nil {
		return nil, err
	}
	return &Ordered{Order: order, Proof: s.proof(row.ID)}, nil
}

// payer answers the viewer, if it is somebody who pays.
func (s *Service) payer(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver && v.Kind != viewer.Anonymous {
		return nil, fault.Forbidden
	}
	return v, entitlement.Require(v, entitlement.PayParking, 0)
}

func atQuote(err error) error {
	if f := fault.As(err); f != nil {
		return f.At("quote")
	}
	return err
}

func (s *Service) orderOnce(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, key []byte, offer parking.Offer) (*ent.PaymentOrder, error) {
	known, err := tx.PaymentOrder.Query().Where(paymentorder.KeyHash(key)).Only(ctx)
	switch {
	case err == nil && (known.SessionID == nil || *known.SessionID != offer.SessionID || known.DueFen != offer.Fen):
		return nil, KeyReused
	case err == nil:
		return known, nil
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for the order: %w", err)
	}
	owed, err := s.stays.Owed(ctx, tx, offer.SessionID, s.clock.Now())
	switch {
	case err != nil:
		return nil, err
	case owed.Fen < offer.Fen:
		return nil, PriceChanged.At("quote")
	}
	if err := closeOpen(ctx, tx, offer.SessionID); err != nil {
		return nil, err
	}
	return s.open(ctx, tx, v, key, owed.LotID, offer)
}

// closeOpen replaces the open order of a stay, if it has one. Its payments go on: whoever is just paying is not
// interrupted by whoever asks next.
func closeOpen(ctx context.Context, tx *ent.Tx, sessionID int64) error {
	err := tx.PaymentOrder.Update().
		Where(paymentorder.SessionID(sessionID), paymentorder.StateEQ(paymentorder.StateOPEN)).
		SetState(paymentorder.StateCLOSED).SetCloseReason(paymentorder.CloseReasonREPLACED).Exec(ctx)
	if err != nil {
		return fmt.Errorf("replace the open order: %w", err)
	}
	return nil
}

func (s *Service) open(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, key []byte, lotID int64, offer parking.Offer) (*ent.PaymentOrder, error) {
	create := tx.PaymentOrder.Create().SetKind(paymentorder.KindSTAY).SetLotID(lotID).SetSessionID(offer.SessionID).
		SetDueFen(offer.Fen).SetExpiresAt(offer.ExpiresAt).SetCreatedAt(s.clock.Now()).SetKeyHash(key)
	if v.Kind == viewer.Driver {
		create.SetAccountID(v.AccountID)
	}
	row, err := create.Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("the stay has just been ordered: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the order: %w", err)
	}
	return row, nil
}

// CancelOrder closes an open order for whoever may see it. A payment that is under way is taken if it comes and is
// owed. Errors: NOT_FOUND, OrderPaid.
func (s *Service) CancelOrder(ctx context.Context, row int64, proof string) (*Order, error) {
	known, err := s.seen(ctx, row, proof)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, jobOrder, func(ctx context.Context, tx *ent.Tx) error {
		if known, err = tx.PaymentOrder.Get(ctx, row); err != nil {
			return fmt.Errorf("read the order: %w", err)
		}
		switch known.State {
		case paymentorder.StatePAID, paymentorder.StateREFUNDED:
			return OrderPaid.At("orderId")
		case paymentorder.StateCLOSED:
			return nil
		}
		known, err = tx.PaymentOrder.UpdateOne(known).
			SetState(paymentorder.StateCLOSED).SetCloseReason(paymentorder.CloseReasonCANCELLED).Save(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, known)
}

// CloseExpired closes the open orders whose amount holds no more.
func (s *Service) CloseExpired(ctx context.Context) error {
	return s.write(ctx, jobExpire, func(ctx context.Context, tx *ent.Tx) error {
		err := tx.PaymentOrder.Update().
			Where(paymentorder.StateEQ(paymentorder.StateOPEN), paymentorder.ExpiresAtLT(s.clock.Now())).
			SetState(paymentorder.StateCLOSED).SetCloseReason(paymentorder.CloseReasonEXPIRED).Exec(ctx)
		if err != nil {
			return fmt.Errorf("close expired orders: %w", err)
		}
		return nil
	})
}
