package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"parkbff/ent"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/task"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

const (
	// leastTime is how long a payment may at least be made, also of an order that is about to expire.
	leastTime = 2 * time.Minute
	// thisMachine is from where is asked who has no address.
	thisMachine = "127.0.0.1"
	// mostUnderWay bounds the payments of one order that are not over.
	mostUnderWay = 5
)

// described is what the payer reads at the channel, which is told nothing of car or lot (R104).
var described = map[paymentorder.Kind]string{paymentorder.KindSTAY: "停车费", paymentorder.KindVOUCHER: "停车券", paymentorder.KindPERMIT: "车位长租", paymentorder.KindRESERVATION: "预约停车", paymentorder.KindMALL: "车主商城"}

// Attempt is how somebody is going to pay an order.
type Attempt struct {
	IdempotencyKey string
	Order          int64  // its row
	Proof          string // of whoever ordered without an account
	Channel        money.Channel
	Way            money.Way
	Code           string // one-time, of the channel's own app, for MINI_PROGRAM without a linked account
}

// Pay begins a payment of an order and answers what the client hands to the channel. The same key answers the same
// payment, ready to be launched again. The money has not moved until the channel says so; see Received.
//
// Errors: NOT_FOUND, idempotent.InvalidKey, KeyReused, OrderClosed, OrderPaid, PriceChanged, ChannelNotOffered,
// RegistrationRequired in the app (R060), PaymentRefused, TooManyPayments; what Payers answers; UNAVAILABLE when the
// channel does not answer: the same key goes on.
func (s *Service) Pay(ctx context.Context, a Attempt) (*Payment, error) {
	v, err := s.payer(ctx)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "pay", a.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	offer, err := s.offer(v, a)
	if err != nil {
		return nil, err
	}
	order, err := s.seen(ctx, a.Order, a.Proof)
	if err != nil {
		return nil, err
	}
	payer := ""
	if a.Way == money.MiniProgram {
		if payer, err = s.payers.PayerOn(ctx, a.Channel, a.Code); err != nil {
			return nil, err
		}
	}
	begun, err := s.begin(ctx, v, key, order, a)
	if err != nil {
		return nil, err
	}
	return s.launch(ctx, offer.Till, begun, charge.Charge{
		Number: begun.Number, Fen: begun.Fen, Description: described[order.Kind], Way: a.Way, Payer: payer,
		Address: cmp.Or(viewer.Address(ctx), thisMachine), CreatedAt: begun.CreatedAt, ExpiresAt: begun.ExpiresAt,
	})
}

func (s *Service) offer(v *viewer.Viewer, a Attempt) (Offer, error) {
	offer, ok := s.tills[a.Channel]
	switch {
	case !ok || !slices.Contains(offer.Ways, a.Way):
		return Offer{}, ChannelNotOffered
	case a.Way == money.App && v.Kind != viewer.Driver:
		return Offer{}, RegistrationRequired.With("nextStep", string(viewer.Register))
	}
	return offer, nil
}

// begin writes the payment down before its channel is asked, with the task that follows it up.
func (s *Service) begin(ctx context.Context, v *viewer.Viewer, key []byte, of *ent.PaymentOrder, a Attempt) (row *ent.Payment, err error) {
	err = s.write(ctx, jobPay, func(ctx context.Context, tx *ent.Tx) error {
		row, err = tx.Payment.Query().Where(payment.KeyHash(key)).Only(ctx)
		switch {
		case err == nil && (row.OrderID != of.ID || row.Channel != a.Channel || *row.Way != a.Way):
			return idempotent.KeyReused
		case err == nil:
			return nil
		case !ent.IsNotFound(err):
			return fmt.Errorf("look for the payment: %w", err)
		}
		order, err := tx.PaymentOrder.Get(ctx, of.ID)
		if err != nil {
			return fmt.Errorf("read the order: %w", err)
		}
		if err := s.payable(ctx, tx, order); err != nil {
			return err
		}
		row, err = s.create(ctx, tx, v, key, order, a)
		return err
	})
	return row, err
}

// payable tells whether an order may be paid now, and checks its price again.
func (s *Service) payable(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) error {
	now := s.clock.Now()
	switch {
	case order.State == paymentorder.StatePAID || order.State == paymentorder.StateREFUNDED:
		return OrderPaid.At("orderId")
	case order.State == paymentorder.StateCLOSED || now.After(order.ExpiresAt):
		return OrderClosed.At("orderId")
	}
	owed, err := s.purposeOf(order).owed(ctx, tx, order, now)
	switch {
	case err != nil:
		return err
	case owed < order.DueFen+order.DiscountFen:
		return PriceChanged.At("orderId")
	}
	underWay, err := tx.Payment.Query().Where(payment.OrderID(order.ID),
		payment.StateIn(payment.StateCREATED, payment.StatePENDING)).Count(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("count the order's payments: %w", err)
	case underWay >= mostUnderWay:
		return TooManyPayments
	}
	return nil
}

func (s *Service) create(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, key []byte, order *ent.PaymentOrder, a Attempt) (*ent.Payment, error) {
	number, err := charge.Draw(s.random)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	until := order.ExpiresAt
	if least := now.Add(leastTime); until.Before(least) {
		until = least
	}
	row, err := tx.Payment.Create().SetOrderID(order.ID).SetLotID(order.LotID).SetChannel(a.Channel).SetWay(a.Way).
		SetNumber(number).SetFen(order.DueFen).SetExpiresAt(until).SetCreatedAt(now).SetKeyHash(key).
		SetNillableAccountID(accountOfPayer(v)).Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("the payment has just begun: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the payment: %w", err)
	}
	return row, s.tasks.Put(ctx, tx, task.KindPAYMENT, row.ID, 0)
}

// launch has the channel make the charge.
func (s *Service) launch(ctx context.Context, till Till, row *ent.Payment, c charge.Charge) (*Payment, error) {
	if row.State == payment.StateSUCCEEDED || row.State == payment.StateCLOSED {
		return paymentOf(row, nil), nil
	}
	launch, err := till.Prepare(ctx, c)
	switch {
	case errors.Is(err, charge.AlreadyPaid):
		return s.paidMeanwhile(ctx, till, row)
	case errors.Is(err, charge.Refused), errors.Is(err, charge.Declined):
		if err := s.closePayment(ctx, row.ID); err != nil {
			return nil, err
		}
		return nil, PaymentRefused.Because(err)
	case err != nil:
		return nil, fault.Unavailable.Because(err)
	}
	if err := s.pending(ctx, row.ID); err != nil {
		return nil, err
	}
	row.State = payment.StatePENDING
	return paymentOf(row, LaunchOf(launch)), nil
}

func (s *Service) paidMeanwhile(ctx context.Context, till Till, row *ent.Payment) (*Payment, error) {
	if err := s.receiveFound(ctx, till, row); err != nil {
		return nil, fault.Unavailable.Because(err)
	}
	row.State = payment.StateSUCCEEDED
	return paymentOf(row, nil), nil
}

// closePayment says that a payment will not be made. Should its channel say otherwise after all, it is believed.
func (s *Service) closePayment(ctx context.Context, row int64) error {
	return s.write(ctx, jobPay, func(ctx context.Context, tx *ent.Tx) error {
		err := tx.Payment.Update().
			Where(payment.ID(row), payment.StateIn(payment.StateCREATED, payment.StatePENDING)).
			SetState(payment.StateCLOSED).Exec(ctx)
		if err != nil {
			return fmt.Errorf("close the payment: %w", err)
		}
		return nil
	})
}

// named is what a channel is asked after a payment by.
func named(row *ent.Payment) charge.Named {
	return charge.Named{Number: row.Number, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}
}

func paymentOf(row *ent.Payment, launch *Launch) *Payment {
	return &Payment{
		Row: row.ID, Number: row.Number, Channel: row.Channel, State: row.State, Fen: row.Fen, ExpiresAt: row.ExpiresAt,
		Launch: launch,
	}
}
