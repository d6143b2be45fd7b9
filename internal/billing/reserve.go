package billing

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerline"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/refund"
	"parkbff/internal/idempotent"
	"parkbff/internal/parking"
	"parkbff/internal/reservation"
	"parkbff/internal/viewer"
)

// Reservations are bays that orders pay for. All of it but Want, Due, Opened and One takes place in a transaction of
// ours.
type Reservations interface {
	Want(ctx context.Context, w reservation.Wish) (reservation.Wanted, error)
	Made(ctx context.Context, tx *ent.Tx, key []byte) (*ent.Reservation, error)
	Make(ctx context.Context, tx *ent.Tx, w reservation.Wanted, key, terms []byte) (*ent.Reservation, error)
	Confirm(ctx context.Context, tx *ent.Tx, row, fen int64) (bool, error)
	Release(ctx context.Context, tx *ent.Tx, orders []*ent.PaymentOrder) error
	Cancel(ctx context.Context, tx *ent.Tx, accountID, row int64) (int64, error)
	GiveBack(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64) error
	Due(ctx context.Context) (rows []int64, more bool, err error)
	GoOn(ctx context.Context, tx *ent.Tx, row int64) (int64, error)
	Opened(ctx context.Context, row *ent.Reservation) (*reservation.Reservation, error)
	One(ctx context.Context, row int64) (*reservation.Reservation, error)
	Holder(ctx context.Context) (*viewer.Viewer, error)
}

// NewReservation is a bay that an account wants for one of its vehicles.
type NewReservation struct {
	IdempotencyKey string
	reservation.Wish
}

// Reserved is a reservation, and the order that pays for it; nil for one that costs nothing.
type Reserved struct {
	Reservation *reservation.Reservation
	Order       *Order
}

// ReserveSpace keeps a bay of a lot for the asking driver's vehicle during a window, and orders what it costs: the price
// is firm and the bay kept while the order is open, and the reservation is CONFIRMED once it is PAID, or at once when
// it costs nothing. The same key answers the same reservation.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; reservation.UnknownLot, parking.NotOffered; NOT_FOUND for a
// vehicle that is not the account's; idempotent.InvalidKey, KeyReused; reservation.InvalidWindow, NoBayLeft, Overlaps, TooMany.
func (s *Service) ReserveSpace(ctx context.Context, n NewReservation) (*Reserved, error) {
	wanted, err := s.reservations.Want(ctx, n.Wish)
	if err != nil {
		return nil, err
	}
	v := viewer.Of(ctx)
	key, err := idempotent.Hash(s.vault, v, "reservation", n.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	terms := s.vault.Index("order_terms", written(wanted.LotID, n.Wish))
	var made *ent.Reservation
	var order *ent.PaymentOrder
	err = s.write(ctx, jobOrder, func(ctx context.Context, tx *ent.Tx) (err error) {
		made, order, err = s.reserveOnce(ctx, tx, v, key, terms, wanted)
		return err
	})
	if err != nil {
		return nil, err
	}
	shown := &Reserved{}
	if shown.Reservation, err = s.reservations.Opened(ctx, made); err != nil || order == nil {
		return shown, err
	}
	shown.Order, err = s.opened(ctx, order)
	return shown, err
}

// written are the terms of a wish.
func written(lotID int64, w reservation.Wish) string {
	terms := fmt.Sprintf("reserve|%d|%d|%d|%d", lotID, w.Vehicle, w.From.UnixMicro(), w.Until.UnixMicro())
	if w.Space != nil {
		terms += fmt.Sprintf("|%d", *w.Space)
	}
	return terms
}

func (s *Service) reserveOnce(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, key, terms []byte, w reservation.Wanted) (*ent.Reservation, *ent.PaymentOrder, error) {
	known, err := s.reservations.Made(ctx, tx, key)
	switch {
	case err != nil:
		return nil, nil, err
	case known != nil && !bytes.Equal(known.TermsHash, terms):
		return nil, nil, idempotent.KeyReused
	case known != nil:
		order, err := orderOf(ctx, tx, known.ID)
		return known, order, err
	}
	if err := s.closeOrders(ctx, tx, paymentorder.CloseReasonEXPIRED, w.RunOut(s.clock.Now())); err != nil {
		return nil, nil, err
	}
	made, err := s.reservations.Make(ctx, tx, w, key, terms)
	if err != nil || made.FeeFen == 0 {
		return made, nil, err
	}
	order, err := s.open(ctx, tx, key, opening{
		kind: paymentorder.KindRESERVATION, account: accountOfPayer(v), reservation: &made.ID, lot: made.LotID, fee: made.FeeFen, terms: terms,
		until: made.HeldUntil,
	})
	return made, order, err
}

// orderOf reads the order of a reservation, or nil.
func orderOf(ctx context.Context, tx *ent.Tx, row int64) (*ent.PaymentOrder, error) {
	found, err := tx.PaymentOrder.Query().Where(paymentorder.ReservationID(row)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the reservation's order: %w", err)
	}
	return found, nil
}

// CancelReservation gives up the bay of a reservation of the asking driver's account. What goes back of what was paid for
// it, its own terms say; an order that is open is closed. Cancelled again, nothing goes back again.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; NOT_FOUND; reservation.TooLate.
func (s *Service) CancelReservation(ctx context.Context, row int64) (*reservation.Reservation, error) {
	v, err := s.reservations.Holder(ctx)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, jobOrder, func(ctx context.Context, tx *ent.Tx) error {
		fen, err := s.reservations.Cancel(ctx, tx, v.AccountID, row)
		if err != nil {
			return err
		}
		if err := s.closeOrders(ctx, tx, paymentorder.CloseReasonCANCELLED, paymentorder.ReservationID(row)); err != nil {
			return err
		}
		if err := s.giveBackOf(ctx, tx, row, fen, "cancelled"); err != nil {
			return err
		}
		return s.shareOf(ctx, tx, row)
	})
	if err != nil {
		return nil, err
	}
	return s.reservations.One(ctx, row)
}

// EndReservations goes on with the reservations for which it is time: bays for which no car has come are let go, what goes
// back of them is given back, and of what is left owners of shared bays are owed their part.
func (s *Service) EndReservations(ctx context.Context) error {
	ctx = viewer.AsSystem(ctx, jobReserved)
	for more := true; more; {
		var due []int64
		var err error
		if due, more, err = s.reservations.Due(ctx); err != nil {
			return err
		}
		for _, row := range due {
			err := s.write(ctx, jobReserved, func(ctx context.Context, tx *ent.Tx) error {
				fen, err := s.reservations.GoOn(ctx, tx, row)
				if err != nil {
					return err
				}
				if err := s.giveBackOf(ctx, tx, row, fen, "no show"); err != nil {
					return err
				}
				return s.shareOf(ctx, tx, row)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// giveBackOf gives so much back of what was paid for a reservation, once.
func (s *Service) giveBackOf(ctx context.Context, tx *ent.Tx, row, fen int64, why string) error {
	if fen == 0 {
		return nil
	}
	from, err := tx.Payment.Query().
		Where(payment.HasOrderWith(paymentorder.ReservationID(row)), payment.StateEQ(payment.StateSUCCEEDED), payment.TakenFenGT(0)).Only(ctx)
	if err != nil {
		return fmt.Errorf("read the reservation's payment: %w", err)
	}
	_, err = s.decide(ctx, tx, decision{
		payment: from, fen: fen, reason: refund.ReasonREQUESTED, key: s.ownKey("reservation", row), note: why,
	})
	return err
}

// reserving pays for a bay that is kept.
type reserving struct{ reservations Reservations }

func (reserving) owed(_ context.Context, _ *ent.Tx, order *ent.PaymentOrder, _ time.Time) (int64, error) {
	if order.State == paymentorder.StatePAID || order.State == paymentorder.StateREFUNDED {
		return 0, nil
	}
	return order.DueFen, nil
}

// settle confirms the reservation when all is paid that it costs and its bay is kept still, or one is left; else the
// money goes back.
func (p reserving) settle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, by parking.Payment) (parking.Settled, error) {
	owed, err := p.owed(ctx, tx, order, by.PaidAt)
	if err != nil || owed == 0 || by.Fen < owed || order.AccountID == nil {
		return parking.Settled{}, err
	}
	kept, err := p.reservations.Confirm(ctx, tx, *order.ReservationID, owed)
	if err != nil || !kept {
		return parking.Settled{}, err
	}
	return parking.Settled{Fen: owed}, nil
}

func (p reserving) unsettle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64) error {
	return p.reservations.GiveBack(ctx, tx, order, fen)
}

// tellRefunded tells nobody: a notice is about a stay, and the order says that it is refunded.
func (reserving) tellRefunded(context.Context, *ent.Tx, *ent.PaymentOrder, parking.Payment) error {
	return nil
}

func (reserving) earning() ledgerline.Account { return ledgerline.AccountRESERVATIONS }
