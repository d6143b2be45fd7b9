package invoice

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"parkbff/ent"
	"parkbff/ent/invoice"
	"parkbff/ent/invoicedorder"
	"parkbff/ent/task"
	"parkbff/internal/entitlement"
	"parkbff/internal/outbox"
	"parkbff/internal/partner/einvoice"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// askBuyerAgain is the pause between two looks at a reversal that waits for its buyer's word, 72 hours at most.
const askBuyerAgain = 30 * time.Minute

// Reverse has an issued invoice of the viewer's own taken back. Asked again it answers alike. Errors:
// UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED, NOT_FOUND; NotOffered; NotIssued.
func (s *Service) Reverse(ctx context.Context, row int64) (*Invoice, error) {
	if err := entitlement.Require(viewer.Of(ctx), entitlement.EInvoice, 0); err != nil {
		return nil, err
	}
	if s.Press == nil {
		return nil, NotOffered
	}
	found, err := s.seen(ctx, row)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, jobReverse, func(ctx context.Context, tx *ent.Tx) error {
		if found, err = tx.Invoice.Get(ctx, row); err != nil {
			return fmt.Errorf("read the invoice: %w", err)
		}
		switch {
		case found.Kind == invoice.KindRED:
			return NotIssued
		case found.State == invoice.StateREVERSING, found.State == invoice.StateREVERSED:
			return nil
		case found.State != invoice.StateISSUED:
			return NotIssued
		}
		if err := s.reverse(ctx, tx, found, invoice.ReasonMISTAKEN); err != nil {
			return err
		}
		found, err = tx.Invoice.Get(ctx, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, found)
}

// Refunded has the invoice on which an order stands taken back, because money of the order goes back: in the
// transaction that says so. One that nobody was asked to issue yet fails; one that is being issued is taken back once
// it is there. Then the orders may be invoiced again, for what is left.
func (s *Service) Refunded(ctx context.Context, tx *ent.Tx, orderID int64) error {
	on, err := tx.InvoicedOrder.Query().Where(invoicedorder.OrderID(orderID), invoicedorder.ReleasedAtIsNil()).WithInvoice().Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("read the order's invoice: %w", err)
	}
	row := on.Edges.Invoice
	change := tx.Invoice.Update().Where(invoice.ID(row.ID), invoice.StateEQ(row.State))
	switch row.State {
	case invoice.StateREQUESTED:
		n, err := change.SetState(invoice.StateFAILED).SetFailure(invoice.FailureREFUNDED).Save(ctx)
		if err := store.ChangedOne(n, err, "give the invoice up"); err != nil {
			return err
		}
		return s.release(ctx, tx, row.ID)
	case invoice.StateISSUING:
		n, err := change.SetRefunded(true).Save(ctx)
		return store.ChangedOne(n, err, "note that the invoice is too much")
	case invoice.StateISSUED:
		return s.reverse(ctx, tx, row, invoice.ReasonREFUNDED)
	}
	return nil
}

// reverse writes a red invoice down, with the task that has it issued.
func (s *Service) reverse(ctx context.Context, tx *ent.Tx, blue *ent.Invoice, why invoice.Reason) error {
	n, err := tx.Invoice.Update().Where(invoice.ID(blue.ID), invoice.StateEQ(invoice.StateISSUED)).SetState(invoice.StateREVERSING).Save(ctx)
	if err := store.ChangedOne(n, err, "begin to take the invoice back"); err != nil {
		return err
	}
	number, err := s.draw()
	if err != nil {
		return err
	}
	key := s.Vault.Index("idempotency", "invoice|own|"+strconv.FormatInt(blue.ID, 10)+"|"+number)
	create := tx.Invoice.Create().SetKind(invoice.KindRED).SetReversesID(blue.ID).SetReason(why).SetOrderNumber(number).
		SetFen(-blue.Fen).SetTaxFen(-blue.TaxFen).SetKeyHash(key).SetAskedHash(key).SetCreatedAt(s.Clock.Now()).
		SetNillableAccountID(blue.AccountID)
	if blue.Contents != nil {
		create.SetContents(blue.Contents)
	}
	red, err := create.Save(ctx)
	if err != nil {
		return fmt.Errorf("write the red invoice: %w", err)
	}
	return s.Tasks.Put(ctx, tx, task.KindINVOICE, red.ID, 0)
}

// takeBack has a red invoice issued, and asks until it is known what became of it.
func (s *Service) takeBack(ctx context.Context, red *ent.Invoice) error {
	found, err := s.Press.FindReversal(ctx, red.OrderNumber)
	if err != nil {
		return err
	}
	switch found.State {
	case einvoice.Issued:
		return s.tookBack(ctx, red, found)
	case einvoice.Unknown:
		return s.askBack(ctx, red)
	case einvoice.Failed:
		return s.notTakenBack(ctx, red, found.FailureCode)
	case einvoice.Confirming:
		return outbox.Postpone(s.Clock.Now().Add(askBuyerAgain))
	}
	return s.lookAgain(red)
}

func (s *Service) askBack(ctx context.Context, red *ent.Invoice) error {
	written, err := s.openContents(ctx, red)
	switch {
	case err != nil && !errors.Is(err, vault.NoKey):
		return err
	case written == nil && s.Clock.Now().Before(red.CreatedAt.Add(knownWithin)):
		return s.lookAgain(red)
	case written == nil: // the buyer's name went with the account, and is asked for
		return s.notTakenBack(ctx, red, "")
	}
	blue, err := s.Store.Fresh(ctx).Invoice.Get(ctx, *red.ReversesID)
	if err != nil {
		return fmt.Errorf("read the blue invoice: %w", err)
	}
	why := einvoice.Mistaken
	if *red.Reason == invoice.ReasonREFUNDED {
		why = einvoice.Returned
	}
	err = s.Press.Reverse(ctx, einvoice.Reversal{
		Number: red.OrderNumber, Blue: *blue.Number, Buyer: buyer(written.Title), Reason: why,
	})
	switch {
	case errors.Is(err, einvoice.Refused):
		return s.notTakenBack(ctx, red, "")
	case err != nil:
		return err
	}
	return s.lookAgain(red)
}

// tookBack notes that a red invoice is there, and frees the orders of the blue one.
func (s *Service) tookBack(ctx context.Context, red *ent.Invoice, found einvoice.Result) error {
	return s.write(ctx, jobReverse, func(ctx context.Context, tx *ent.Tx) error {
		n, err := tx.Invoice.Update().Where(invoice.ID(red.ID), invoice.StateEQ(invoice.StateISSUING)).
			SetState(invoice.StateISSUED).SetNumber(found.InvoiceNumber).SetIssuedAt(found.IssuedAt).Save(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("note the red invoice: %w", err)
		case n == 0:
			return nil
		}
		n, err = tx.Invoice.Update().Where(invoice.ID(*red.ReversesID), invoice.StateEQ(invoice.StateREVERSING)).
			SetState(invoice.StateREVERSED).Save(ctx)
		if err := store.ChangedOne(n, err, "note that the invoice is taken back"); err != nil {
			return err
		}
		return s.release(ctx, tx, *red.ReversesID)
	})
}

// notTakenBack notes that a blue invoice stands as it was. Where money went back, somebody must see to it.
func (s *Service) notTakenBack(ctx context.Context, red *ent.Invoice, partnerCode string) error {
	err := s.write(ctx, jobReverse, func(ctx context.Context, tx *ent.Tx) error {
		n, err := tx.Invoice.Update().Where(invoice.ID(red.ID), invoice.StateEQ(invoice.StateISSUING)).
			SetState(invoice.StateFAILED).SetFailure(invoice.FailureREFUSED).SetPartnerCode(partnerCode).Save(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("note that the red invoice failed: %w", err)
		case n == 0:
			return nil
		}
		n, err = tx.Invoice.Update().Where(invoice.ID(*red.ReversesID), invoice.StateEQ(invoice.StateREVERSING)).
			SetState(invoice.StateISSUED).Save(ctx)
		return store.ChangedOne(n, err, "note that the invoice stands")
	})
	if err != nil || *red.Reason != invoice.ReasonREFUNDED {
		return err
	}
	return outbox.Hopeless(ReversalRefused)
}
