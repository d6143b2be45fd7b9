package invoice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/invoice"
	"parkbff/ent/invoicedorder"
	"parkbff/internal/fault"
	"parkbff/internal/outbox"
	"parkbff/internal/partner/einvoice"
	"parkbff/internal/store"
	"parkbff/internal/vault"
)

const (
	// An invoice is looked at again after a pause that grows with its age, between these two.
	soonest = 3 * time.Second
	latest  = 10 * time.Minute
	// mostRetries is how often the service is asked to try again what has failed.
	mostRetries = 3
	// knownWithin is how long after a request the service is believed when it has not heard of it.
	knownWithin = 10 * time.Minute
	// goods are what is sold, on every line.
	goods = "停车费"
)

// work has an invoice issued, and asks until it is known what became of it (task INVOICE).
func (s *Service) work(ctx context.Context, job outbox.Job) error {
	row, err := s.Store.Fresh(ctx).Invoice.Get(ctx, job.AboutID)
	switch {
	case err != nil:
		return fmt.Errorf("read the invoice: %w", err)
	case s.Press == nil:
		return NotOffered // an operator has taken it away too early
	case row.State == invoice.StateREQUESTED:
		if row, err = s.begin(ctx, row); err != nil {
			return err
		}
	}
	switch {
	case row.State != invoice.StateISSUING:
		return nil
	case row.Kind == invoice.KindRED:
		return s.takeBack(ctx, row)
	}
	return s.issue(ctx, row)
}

// begin notes that the service is about to be asked: from now on it may know of the invoice.
func (s *Service) begin(ctx context.Context, row *ent.Invoice) (begun *ent.Invoice, err error) {
	err = s.write(ctx, jobIssue, func(ctx context.Context, tx *ent.Tx) error {
		err := tx.Invoice.Update().Where(invoice.ID(row.ID), invoice.StateEQ(invoice.StateREQUESTED)).SetState(invoice.StateISSUING).Exec(ctx)
		if err != nil {
			return fmt.Errorf("begin the invoice: %w", err)
		}
		begun, err = tx.Invoice.Get(ctx, row.ID)
		return err
	})
	return begun, err
}

func (s *Service) issue(ctx context.Context, row *ent.Invoice) error {
	found, err := s.Press.Find(ctx, row.OrderNumber)
	if err != nil {
		return err
	}
	switch found.State {
	case einvoice.Issued:
		if found.Fen != row.Fen {
			return outbox.Hopeless(errOtherAmount)
		}
		return s.issued(ctx, row, found)
	case einvoice.Unknown:
		return s.ask(ctx, row)
	case einvoice.Failed:
		return s.retry(ctx, row, found)
	case einvoice.Issuing, einvoice.Confirming:
		if found.FailureCode != "" { // it waits for its seal
			if err := s.Press.Retry(ctx, row.OrderNumber, found.Serial); err != nil && !errors.Is(err, einvoice.Refused) {
				return err
			}
		}
	}
	return s.lookAgain(row)
}

func (s *Service) lookAgain(row *ent.Invoice) error {
	now := s.Clock.Now()
	return outbox.Postpone(now.Add(min(latest, max(soonest, now.Sub(row.CreatedAt)/2))))
}

// ask asks for an invoice. The same number asked for again is issued once.
func (s *Service) ask(ctx context.Context, row *ent.Invoice) error {
	written, err := s.openContents(ctx, row)
	switch {
	case err != nil && !errors.Is(err, vault.NoKey):
		return err
	case written == nil && s.Clock.Now().Before(row.CreatedAt.Add(knownWithin)):
		return s.lookAgain(row)
	case written == nil:
		return s.failed(ctx, row, invoice.FailureWITHDRAWN, "")
	}
	_, err = s.Press.Issue(ctx, s.request(row, written))
	switch {
	case errors.Is(err, einvoice.Refused):
		return s.failed(ctx, row, invoice.FailureREFUSED, "")
	case err != nil:
		return err
	}
	return s.lookAgain(row)
}

func (s *Service) request(row *ent.Invoice, c *contents) einvoice.Request {
	r := einvoice.Request{Number: row.OrderNumber, Buyer: buyer(c.Title), Remark: c.Remark, Mail: c.Mail, Mobile: c.Mobile}
	for _, fen := range c.Lines {
		r.Lines = append(r.Lines, einvoice.Line{Name: goods, Fen: fen})
	}
	return r
}

func buyer(t Title) einvoice.Buyer {
	return einvoice.Buyer{
		Name: t.Name, TaxNumber: first(t.TaxNumber), Address: first(t.Address), Phone: first(t.Phone),
		Bank: first(t.Bank), Account: first(t.Account), NaturalPerson: t.Kind == Person,
	}
}

// retry has the service try again what has failed, some times.
func (s *Service) retry(ctx context.Context, row *ent.Invoice, found einvoice.Result) error {
	if row.Retries >= mostRetries {
		return s.failed(ctx, row, invoice.FailureREFUSED, found.FailureCode)
	}
	// Counted first: whatever happens to the call, there is an end.
	err := s.write(ctx, jobIssue, func(ctx context.Context, tx *ent.Tx) error {
		return tx.Invoice.UpdateOneID(row.ID).AddRetries(1).Exec(ctx)
	})
	if err != nil {
		return err
	}
	err = s.Press.Retry(ctx, row.OrderNumber, found.Serial)
	if err != nil && !errors.Is(err, einvoice.Refused) {
		return err
	}
	return outbox.Postpone(s.Clock.Now().Add(time.Duration(row.Retries+1) * time.Minute))
}

// issued notes that an invoice is there. One of whose orders something went back meanwhile is taken back at once.
func (s *Service) issued(ctx context.Context, row *ent.Invoice, found einvoice.Result) error {
	return s.write(ctx, jobIssue, func(ctx context.Context, tx *ent.Tx) error {
		n, err := tx.Invoice.Update().Where(invoice.ID(row.ID), invoice.StateEQ(invoice.StateISSUING)).
			SetState(invoice.StateISSUED).SetNumber(found.InvoiceNumber).SetIssuedAt(found.IssuedAt).Save(ctx)
		if err != nil {
			return fmt.Errorf("note the invoice: %w", err)
		}
		if n == 0 {
			return nil
		}
		now, err := tx.Invoice.Get(ctx, row.ID)
		if err != nil {
			return fmt.Errorf("read the invoice: %w", err)
		}
		if now.Refunded {
			return s.reverse(ctx, tx, now, invoice.ReasonREFUNDED)
		}
		return nil
	})
}

// failed notes that an invoice will not be issued, and frees its orders.
func (s *Service) failed(ctx context.Context, row *ent.Invoice, why invoice.Failure, partnerCode string) error {
	return s.write(ctx, jobIssue, func(ctx context.Context, tx *ent.Tx) error {
		n, err := tx.Invoice.Update().Where(invoice.ID(row.ID), invoice.StateEQ(row.State)).
			SetState(invoice.StateFAILED).SetFailure(why).SetPartnerCode(partnerCode).Save(ctx)
		if err != nil {
			return fmt.Errorf("note that the invoice failed: %w", err)
		}
		if n == 0 {
			return nil
		}
		return s.release(ctx, tx, row.ID)
	})
}

// release frees the orders of an invoice.
func (s *Service) release(ctx context.Context, tx *ent.Tx, row int64) error {
	err := tx.InvoicedOrder.Update().Where(invoicedorder.InvoiceID(row), invoicedorder.ReleasedAtIsNil()).
		SetReleasedAt(s.Clock.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("free the orders of the invoice: %w", err)
	}
	return nil
}

// unseen answers NOT_FOUND for what is not there and for what the viewer may not see.
func unseen(err error, doing string) error {
	if store.IsUnseen(err) {
		return fault.NotFound
	}
	return fmt.Errorf("%s: %w", doing, err)
}
