package billing

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerline"
	"parkbff/ent/paymentorder"
	"parkbff/ent/permitplan"
	"parkbff/internal/cnid"
	"parkbff/internal/idempotent"
	"parkbff/internal/parking"
	"parkbff/internal/permit"
	"parkbff/internal/viewer"
)

// Permits are what orders of periods pay for. All of it but Holder and PlateFor takes place in the order's transaction.
type Permits interface {
	Holder(ctx context.Context) (*viewer.Viewer, error)
	PlateFor(ctx context.Context, bindingRow int64) (cnid.Plate, error)
	For(ctx context.Context, tx *ent.Tx, account, plan int64, kind permitplan.Kind, p cnid.Plate) (*ent.Permit, error)
	Own(ctx context.Context, tx *ent.Tx, account, row int64) (*ent.Permit, error)
	Hold(ctx context.Context, tx *ent.Tx, row int64, periods int, at time.Time) (permit.Term, error)
	Release(ctx context.Context, tx *ent.Tx, orders []*ent.PaymentOrder) error
	Extend(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64, at time.Time) (int64, error)
	Revoke(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) error
}

// NewPermit is a permit that an account wants for one of its vehicles.
type NewPermit struct {
	IdempotencyKey string
	Plan           int64 // its row
	Kind           permitplan.Kind
	Vehicle        int64 // the row of its binding
	Periods        int
}

// BuyPermit orders the first periods of a permit for the asking driver's account. One of the plan's stock is kept while
// the order is open; the order is paid as any other, and the permit holds once it is PAID. The same key answers the
// same order, and asked with another the order of the same permit is replaced.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; NOT_FOUND for a vehicle that is not the account's;
// idempotent.InvalidKey, KeyReused; permit.SoldOut, AlreadyHeld, InvalidPeriods.
func (s *Service) BuyPermit(ctx context.Context, n NewPermit) (*Order, error) {
	v, err := s.permits.Holder(ctx)
	if err != nil {
		return nil, err
	}
	plate, err := s.permits.PlateFor(ctx, n.Vehicle)
	if err != nil {
		return nil, err
	}
	terms := fmt.Sprintf("buy|%d|%s|%d|%d", n.Plan, n.Kind, n.Vehicle, n.Periods)
	return s.orderPeriods(ctx, v, n.IdempotencyKey, terms, n.Periods, func(ctx context.Context, tx *ent.Tx) (*ent.Permit, error) {
		return s.permits.For(ctx, tx, v.AccountID, n.Plan, n.Kind, plate)
	})
}

// Renewal is that an account wants further periods of its permit.
type Renewal struct {
	IdempotencyKey string
	Permit         int64 // its row
	Periods        int
}

// RenewPermit orders further periods of a permit of the asking driver's account; see BuyPermit. They begin at the end
// of the permit or today, whichever is later.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; NOT_FOUND; idempotent.InvalidKey, KeyReused; permit.SoldOut, InvalidPeriods.
func (s *Service) RenewPermit(ctx context.Context, n Renewal) (*Order, error) {
	v, err := s.permits.Holder(ctx)
	if err != nil {
		return nil, err
	}
	terms := fmt.Sprintf("renew|%d|%d", n.Permit, n.Periods)
	return s.orderPeriods(ctx, v, n.IdempotencyKey, terms, n.Periods, func(ctx context.Context, tx *ent.Tx) (*ent.Permit, error) {
		return s.permits.Own(ctx, tx, v.AccountID, n.Permit)
	})
}

func (s *Service) orderPeriods(ctx context.Context, v *viewer.Viewer, clientKey, asked string, periods int, of func(context.Context, *ent.Tx) (*ent.Permit, error)) (*Order, error) {
	key, err := idempotent.Hash(s.vault, v, "permit", clientKey)
	if err != nil {
		return nil, err
	}
	terms := s.vault.Index("order_terms", asked)
	var row *ent.PaymentOrder
	err = s.write(ctx, jobOrder, func(ctx context.Context, tx *ent.Tx) error {
		row, err = tx.PaymentOrder.Query().Where(paymentorder.KeyHash(key)).Only(ctx)
		switch {
		case err == nil && !bytes.Equal(row.TermsHash, terms):
			return idempotent.KeyReused
		case err == nil:
			return nil
		case !ent.IsNotFound(err):
			return fmt.Errorf("look for the order: %w", err)
		}
		wanted, err := of(ctx, tx)
		if err != nil {
			return err
		}
		if err := s.closeOrders(ctx, tx, paymentorder.CloseReasonREPLACED, paymentorder.PermitID(wanted.ID)); err != nil {
			return err
		}
		now := s.clock.Now()
		term, err := s.permits.Hold(ctx, tx, wanted.ID, periods, now)
		if err != nil {
			return err
		}
		row, err = s.open(ctx, tx, key, opening{
			kind: paymentorder.KindPERMIT, account: accountOfPayer(v), permit: &wanted.ID, periods: periods, lot: wanted.LotID, fee: term.AmountFen, terms: terms,
			until: now.Add(keptFor),
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, row)
}

// permitting pays for periods of a permit.
type permitting struct{ permits Permits }

func (permitting) owed(_ context.Context, _ *ent.Tx, order *ent.PaymentOrder, _ time.Time) (int64, error) {
	if order.State == paymentorder.StatePAID || order.State == paymentorder.StateREFUNDED {
		return 0, nil
	}
	return order.DueFen, nil
}

// settle adds the periods when all is paid that they cost; else the money goes back.
func (p permitting) settle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, by parking.Payment) (parking.Settled, error) {
	owed, err := p.owed(ctx, tx, order, by.PaidAt)
	if err != nil || owed == 0 || by.Fen < owed || order.AccountID == nil {
		return parking.Settled{}, err
	}
	taken, err := p.permits.Extend(ctx, tx, order, owed, by.PaidAt)
	return parking.Settled{Fen: taken}, err
}

// unsettle takes the periods back, for all that they cost.
func (p permitting) unsettle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64) error {
	if fen != order.TakenFen {
		return AmountDiffers.With("owedFen", order.TakenFen)
	}
	return p.permits.Revoke(ctx, tx, order)
}

// tellRefunded tells nobody: a notice is about a stay, and the order says that it is refunded.
func (permitting) tellRefunded(context.Context, *ent.Tx, *ent.PaymentOrder, parking.Payment) error {
	return nil
}

func (permitting) earning() ledgerline.Account { return ledgerline.AccountPERMITS }
