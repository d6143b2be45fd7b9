package billing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/paymentorder"
	"parkbff/ent/predicate"
	"parkbff/internal/discount"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// NewOrder is what a client asks for: the quote, and the client's own key.
type NewOrder struct {
	IdempotencyKey string
	Quote          string   // its token
	Vouchers       []int64  // rows of the account's vouchers
	Codes          []string // of vouchers that belong to whoever holds them
}

// Ordered is an order and the proof by which whoever ordered shows it (R010).
type Ordered struct {
	Order *Order
	Proof string
}

// CreateOrder makes an order of a quote, for anybody who holds one. The amount is firm until the quote expires,
// unless less is owed by then. A stay has one open order: the one before is replaced, and what somebody is just
// paying for it is taken as long as it is owed. The same key answers the same order. Vouchers are reserved for the
// order while it is open; one of which they leave nothing to pay is settled at once.
//
// Errors: what discount.Service.Weigh answers; idempotent.InvalidKey, KeyReused, parking.QuoteExpired, PriceChanged; RATE_LIMITED for an address that asks too often;
// FORBIDDEN for machines and staff; CONSENT_REQUIRED.
func (s *Service) CreateOrder(ctx context.Context, n NewOrder) (*Ordered, error) {
	v, err := s.payer(ctx)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "order", n.IdempotencyKey)
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
	wish := discount.Wish{Account: v.AccountID, Vouchers: n.Vouchers, Codes: n.Codes}
	var row *ent.PaymentOrder
	err = s.write(ctx, jobOrder, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = s.orderOnce(ctx, tx, v, key, offer, wish)
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

func (s *Service) orderOnce(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, key []byte, offer parking.Offer, wish discount.Wish) (*ent.PaymentOrder, error) {
	terms := s.termsHash(wish)
	known, err := tx.PaymentOrder.Query().Where(paymentorder.KeyHash(key)).Only(ctx)
	switch {
	case err == nil && (known.SessionID == nil || *known.SessionID != offer.SessionID ||
		known.DueFen+known.DiscountFen != offer.Fen || !bytes.Equal(known.TermsHash, terms)):
		return nil, idempotent.KeyReused
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
	if err := s.closeOpen(ctx, tx, offer.SessionID); err != nil {
		return nil, err
	}
	parts, err := s.weigh(ctx, tx, wish, offer, owed)
	if err != nil {
		return nil, err
	}
	row, err := s.open(ctx, tx, key, opening{
		kind: paymentorder.KindSTAY, account: accountOfPayer(v), session: &offer.SessionID, lot: owed.LotID, fee: offer.Fen, discount: discount.Total(parts), terms: terms, until: offer.ExpiresAt,
	})
	if err != nil {
		return nil, err
	}
	if err := s.discounts.Reserve(ctx, tx, row, parts); err != nil {
		return nil, err
	}
	if row.DueFen == 0 {
		return s.settleByVouchers(ctx, tx, row, parts)
	}
	return row, nil
}

// closeOpen replaces the open order of a stay, if it has one. Its payments go on: whoever is just paying is not
// interrupted by whoever asks next.
func (s *Service) closeOpen(ctx context.Context, tx *ent.Tx, sessionID int64) error {
	return s.closeOrders(ctx, tx, paymentorder.CloseReasonREPLACED, paymentorder.SessionID(sessionID))
}

// closeOrders closes those of some orders that are open, and lets go what they have reserved.
func (s *Service) closeOrders(ctx context.Context, tx *ent.Tx, why paymentorder.CloseReason, which ...predicate.PaymentOrder) error {
	open, err := tx.PaymentOrder.Query().Where(which...).Where(paymentorder.StateEQ(paymentorder.StateOPEN)).All(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("look for open orders: %w", err)
	case len(open) == 0:
		return nil
	}
	rows := make([]int64, len(open))
	for i, order := range open {
		rows[i] = order.ID
	}
	n, err := tx.PaymentOrder.Update().Where(paymentorder.IDIn(rows...), paymentorder.StateEQ(paymentorder.StateOPEN)).
		SetState(paymentorder.StateCLOSED).SetCloseReason(why).Save(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("close orders: %w", err)
	case n != len(open):
		return store.Retry(errors.New("an order has just moved on"))
	}
	if err := s.discounts.Release(ctx, tx, open); err != nil {
		return err
	}
	if err := s.permits.Release(ctx, tx, open); err != nil {
		return err
	}
	if err := s.reservations.Release(ctx, tx, open); err != nil {
		return err
	}
	return s.mall.Release(ctx, tx, open)
}

// opening is what a new order is made of.
type opening struct {
	kind          paymentorder.Kind
	account       *int64 // nil: nobody's
	session       *int64 // of STAY
	offer         *int64 // of VOUCHER
	permit        *int64 // of PERMIT
	periods       int    // of PERMIT
	reservation   *int64 // of RESERVATION
	item          *int64 // of MALL
	lot           int64
	fee, discount int64
	terms         []byte
	until         time.Time
}

// accountOfPayer is the account of somebody who pays, or nil.
func accountOfPayer(v *viewer.Viewer) *int64 {
	if v.Kind != viewer.Driver {
		return nil
	}
	return &v.AccountID
}

func (s *Service) open(ctx context.Context, tx *ent.Tx, key []byte, o opening) (*ent.PaymentOrder, error) {
	row, err := tx.PaymentOrder.Create().SetKind(o.kind).SetLotID(o.lot).SetNillableAccountID(o.account).SetNillableSessionID(o.session).SetNillableVoucherOfferID(o.offer).
		SetNillablePermitID(o.permit).SetPeriods(o.periods).SetNillableReservationID(o.reservation).SetNillableMallItemID(o.item).
		SetDueFen(o.fee - o.discount).SetDiscountFen(o.discount).SetTermsHash(o.terms).
		SetExpiresAt(o.until).SetCreatedAt(s.clock.Now()).SetKeyHash(key).Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("it has just been ordered: %w", err))
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
		if err := s.closeOrders(ctx, tx, paymentorder.CloseReasonCANCELLED, paymentorder.ID(row)); err != nil {
			return err
		}
		known, err = tx.PaymentOrder.Get(ctx, row)
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
		return s.closeOrders(ctx, tx, paymentorder.CloseReasonEXPIRED, paymentorder.ExpiresAtLT(s.clock.Now()))
	})
}
