package billing_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
	"parkbff/internal/testkit"
)

// channel takes money as the stand-ins of package partner/sandbox do, without their wire: so that thousands of
// histories can be tried. It keeps what it did with whose money, and loses answers, refuses and is away when told.
type channel struct {
	clock *testkit.Clock

	mu      sync.Mutex
	charges map[string]*charged
	refunds map[string]*returned

	// before and after are called around each call of ours; an error stands for a call that never arrived, or whose
	// answer never came.
	before, after func() error
	// busy refunds are done when they are asked for a second time.
	busy bool
	// hopeless refunds fail for good.
	hopeless bool
	// hasty says of pending payments that they were made: a bug.
	hasty bool
	// restate changes a statement that has lines.
	restate func([]charge.Line) []charge.Line
	// deducting is what becomes of deductions: Done at once, Pending until deducts is called, or Closed.
	deducting charge.State
	// overpay is added to what the next payer pays.
	overpay int64
}

type charged struct {
	charge.Charge
	state  charge.State
	paid   int64
	paidAt time.Time
	back   int64
}

type returned struct {
	charge.Refund
	state charge.State
	at    time.Time
}

func newChannel(clock *testkit.Clock) *channel {
	quiet := func() error { return nil }
	return &channel{
		clock: clock, charges: map[string]*charged{}, refunds: map[string]*returned{}, deducting: charge.Done,
		before: quiet, after: quiet,
	}
}

var errAway = errors.New("away")

func (c *channel) call(do func() error) error {
	if err := c.before(); err != nil {
		return fault.Unavailable.Because(err)
	}
	c.mu.Lock()
	err := do()
	c.mu.Unlock()
	if lost := c.after(); lost != nil {
		return fault.Unavailable.Because(lost)
	}
	return err
}

// Prepare makes a charge, or answers the one of that number.
func (c *channel) Prepare(_ context.Context, asked charge.Charge) (launch charge.Launch, err error) {
	err = c.call(func() error {
		known := c.charges[asked.Number]
		switch {
		case known == nil:
			c.charges[asked.Number] = &charged{Charge: asked, state: charge.Pending}
		case known.Fen != asked.Fen, known.state == charge.Closed:
			return charge.Refused
		case known.state == charge.Done:
			return charge.AlreadyPaid
		}
		launch = charge.Launch{URL: "https://pay.example/" + asked.Number}
		return nil
	})
	return launch, err
}

// Find answers what became of a charge.
func (c *channel) Find(_ context.Context, of charge.Named) (found charge.Receipt, err error) {
	err = c.call(func() error {
		found = charge.Receipt{Number: of.Number, State: charge.Unknown}
		if known := c.charges[of.Number]; known != nil {
			found.State = known.state
			if c.hasty && known.state == charge.Pending {
				found.State, found.Fen, found.PaidAt = charge.Done, known.Fen, c.clock.Now()
			}
			if known.state == charge.Done {
				found.Transaction, found.Fen, found.PaidAt = "T"+of.Number, known.paid, known.paidAt
			}
		}
		return nil
	})
	return found, err
}

// Close keeps a charge from being paid.
func (c *channel) Close(_ context.Context, of charge.Named) error {
	return c.call(func() error {
		known := c.charges[of.Number]
		switch {
		case known == nil:
			return nil
		case known.state == charge.Done:
			return charge.AlreadyPaid
		}
		known.state = charge.Closed
		return nil
	})
}

// Refund gives money back, once for each number and never more than was paid.
func (c *channel) Refund(_ context.Context, asked charge.Refund) (charge.RefundReceipt, error) {
	return c.refund(asked, false)
}

// FindRefund answers what became of a refund.
func (c *channel) FindRefund(_ context.Context, asked charge.Refund) (charge.RefundReceipt, error) {
	return c.refund(asked, true)
}

func (c *channel) refund(asked charge.Refund, again bool) (receipt charge.RefundReceipt, err error) {
	err = c.call(func() error {
		of, known := c.charges[asked.PaymentNumber], c.refunds[asked.Number]
		switch {
		case c.hopeless:
			return charge.Refused
		case known == nil && (of == nil || of.state != charge.Done || of.back+asked.Fen > of.paid || asked.PaidFen != of.paid):
			return charge.Refused
		case known == nil:
			known = &returned{Refund: asked, state: charge.Pending, at: c.clock.Now()}
			c.refunds[asked.Number] = known
			of.back += asked.Fen
		}
		if !c.busy || again {
			known.state = charge.Done
		}
		receipt = charge.RefundReceipt{Number: asked.Number, State: known.state, Fen: known.Fen, At: known.at}
		return nil
	})
	return receipt, err
}

var errNotPayable = errors.New("it cannot be paid any more")

// pay is what a payer does in the channel's app.
func (c *channel) pay(number string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.charges[number]
	if known == nil || known.state != charge.Pending || c.clock.Now().After(known.ExpiresAt) {
		return errNotPayable
	}
	known.state, known.paid, known.paidAt = charge.Done, known.Fen+c.overpay, c.clock.Now()
	c.overpay = 0
	return nil
}

// payLate is a payment that the channel took although it had closed it.
func (c *channel) payLate(number string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.charges[number]
	known.state, known.paid, known.paidAt = charge.Done, known.Fen, c.clock.Now()
}

// keeps is what the channel took and has not given back.
func (c *channel) keeps() (fen int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.charges {
		fen += one.paid - one.back
	}
	return fen
}

// said is what the channel tells of a payment that was made.
func (c *channel) said(number string) (charge.Receipt, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.charges[number]
	if known == nil || known.state != charge.Done {
		return charge.Receipt{}, false
	}
	return charge.Receipt{
		Number: number, Transaction: "T" + number, State: charge.Done, Fen: known.paid, PaidAt: known.paidAt,
	}, true
}

func (c *channel) isClosed(number string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.charges[number] != nil && c.charges[number].state == charge.Closed
}

// net is what the channel took by a payment and has not given back.
func (c *channel) net(number string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.charges[number] == nil {
		return 0
	}
	return c.charges[number].paid - c.charges[number].back
}

// Statement names what moved on a day.
func (c *channel) Statement(_ context.Context, day time.Time) (lines []charge.Line, err error) {
	err = c.call(func() error {
		within := func(t time.Time) bool { return !t.Before(day) && t.Before(day.AddDate(0, 0, 1)) }
		for number, one := range c.charges {
			if one.state == charge.Done && within(one.paidAt) {
				lines = append(lines, charge.Line{Number: number, Transaction: "T" + number, Fen: one.paid, At: one.paidAt})
			}
		}
		for number, one := range c.refunds {
			if within(one.at) {
				lines = append(lines, charge.Line{Number: one.PaymentNumber, RefundNumber: number, Fen: one.Fen, At: one.at})
			}
		}
		if c.restate != nil && len(lines) > 0 {
			lines = c.restate(lines)
		}
		return nil
	})
	return lines, err
}

// Agreement is open with everybody.
func (*channel) Agreement(context.Context, charge.Plate, string) (charge.Agreement, error) {
	return charge.Agreement{State: charge.AgreementOpen}, nil
}

// Opening leads nowhere.
func (*channel) Opening(charge.Plate, string) (charge.Launch, error) { return charge.Launch{}, nil }

// Enter answers a reference of the entry.
func (c *channel) Enter(_ context.Context, e charge.Entry) (reference string, err error) {
	err = c.call(func() error {
		reference = "R" + e.Number
		return nil
	})
	return reference, err
}

// Leave takes in that a car has gone.
func (c *channel) Leave(_ context.Context, e charge.Entry, reference string, _ time.Time) error {
	return c.call(func() error {
		if reference != "R"+e.Number {
			return charge.Refused
		}
		return nil
	})
}

// Deduct takes money, once for each number.
func (c *channel) Deduct(_ context.Context, d charge.Deduction) (receipt charge.Receipt, err error) {
	err = c.call(func() error {
		known := c.charges[d.Charge.Number]
		switch {
		case d.EntryReference != "R"+d.Entry.Number || d.Charge.Payer == "" || d.Entry.Plate.Text == "":
			return charge.Refused
		case known == nil && c.deducting == charge.Closed:
			return charge.Declined
		case known == nil:
			known = &charged{Charge: d.Charge, state: c.deducting}
			c.charges[d.Charge.Number] = known
			if known.state == charge.Done {
				known.paid, known.paidAt = known.Fen, c.clock.Now()
			}
		case known.Fen != d.Charge.Fen:
			return charge.Refused
		case known.state == charge.Done:
			return charge.AlreadyPaid
		}
		receipt = charge.Receipt{Number: d.Charge.Number, State: known.state, Fen: known.Fen}
		if known.state == charge.Done {
			receipt.Transaction, receipt.PaidAt = "T"+d.Charge.Number, known.paidAt
		}
		return nil
	})
	return receipt, err
}

// FindDeduction is Find.
func (c *channel) FindDeduction(ctx context.Context, of charge.Named) (charge.Receipt, error) {
	return c.Find(ctx, of)
}

// ends is what becomes of the deductions that are pending.
func (c *channel) ends(state charge.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.charges {
		if one.state != charge.Pending {
			continue
		}
		if one.state = state; state == charge.Done {
			one.paid, one.paidAt = one.Fen, c.clock.Now()
		}
	}
}
