package invoice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/invoice"
	"parkbff/ent/invoicedelivery"
	"parkbff/ent/task"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/outbox"
	"parkbff/internal/partner/einvoice"
	"parkbff/internal/partner/mail"
	"parkbff/internal/partner/message"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

const (
	mostSends = 5
	sendsIn   = 24 * time.Hour
)

// Resend has an issued invoice of the viewer's own sent once more: to a mail address or to a mobile. Errors:
// UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED, NOT_FOUND; NotOffered; InvalidRecipient, NotIssued; RATE_LIMITED after
// five within a day.
func (s *Service) Resend(ctx context.Context, row int64, toMail, toMobile *string) (*Invoice, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.EInvoice, 0); err != nil {
		return nil, err
	}
	if s.Press == nil {
		return nil, NotOffered
	}
	address, mobile, err := recipient(toMail, toMobile)
	switch {
	case err != nil:
		return nil, err
	case (address == nil) == (mobile == nil):
		return nil, InvalidRecipient.At("to")
	}
	found, err := s.seen(ctx, row)
	switch {
	case err != nil:
		return nil, err
	case found.Number == nil:
		return nil, NotIssued
	}
	way := invoicedelivery.WayMAIL
	if mobile != nil {
		way = invoicedelivery.WayMESSAGE
	}
	err = s.write(ctx, jobSend, func(ctx context.Context, tx *ent.Tx) error {
		return s.putDelivery(ctx, tx, v.AccountID, row, way, first(address, mobile))
	})
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, found)
}

func (s *Service) putDelivery(ctx context.Context, tx *ent.Tx, accountID, row int64, way invoicedelivery.Way, address string) error {
	now := s.Clock.Now()
	// Held, so that of two at once one counts the other.
	n, err := tx.Invoice.Update().Where(invoice.ID(row), invoice.AccountID(accountID)).Modify(store.Hold(invoice.FieldState)).Save(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("hold the invoice: %w", err)
	case n == 0:
		return fault.NotFound
	}
	lately, err := tx.InvoiceDelivery.Query().Where(invoicedelivery.InvoiceID(row), invoicedelivery.CreatedAtGT(now.Add(-sendsIn))).
		Order(ent.Asc(invoicedelivery.FieldCreatedAt)).All(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("count what was sent: %w", err)
	case len(lately) >= mostSends:
		return fault.RateLimited.With("retryAfter", int(lately[len(lately)-mostSends].CreatedAt.Add(sendsIn).Sub(now)/time.Second)+1)
	}
	sealed, err := s.Vault.SealString(ctx, vault.AccountKey(accountID), FieldAddress, address)
	if err != nil {
		return err
	}
	number, err := s.draw()
	if err != nil {
		return err
	}
	put, err := tx.InvoiceDelivery.Create().SetAccountID(accountID).SetInvoiceID(row).SetWay(way).SetNumber(number).
		SetAddress(sealed).SetCreatedAt(now).Save(ctx)
	if err != nil {
		return fmt.Errorf("write what is to be sent: %w", err)
	}
	return s.Tasks.Put(ctx, tx, task.KindINVOICE_DELIVERY, put.ID, 0)
}

// deliver sends an invoice (task INVOICE_DELIVERY). A mail that was sent twice, because its answer was lost, has one
// Message-ID. What went with its account is not sent.
func (s *Service) deliver(ctx context.Context, job outbox.Job) error {
	to, err := s.Store.Fresh(ctx).InvoiceDelivery.Get(ctx, job.AboutID)
	switch {
	case ent.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("read what is to be sent: %w", err)
	case to.State != invoicedelivery.StateQUEUED:
		return nil
	case s.Press == nil:
		return NotOffered
	}
	row, err := s.Store.Fresh(ctx).Invoice.Query().Where(invoice.ID(to.InvoiceID), invoice.AccountID(to.AccountID), invoice.NumberNotNil()).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return s.delivered(ctx, to, invoicedelivery.StateFAILED)
	case err != nil:
		return fmt.Errorf("read the invoice: %w", err)
	}
	address, err := s.Vault.OpenString(ctx, vault.AccountKey(to.AccountID), FieldAddress, to.Address)
	if err != nil {
		return err
	}
	switch err := s.send(ctx, row, to, address); {
	case errors.Is(err, message.Gone), errors.Is(err, message.Invalid), errors.Is(err, einvoice.Refused):
		return s.delivered(ctx, to, invoicedelivery.StateFAILED)
	case err != nil && !errors.Is(err, message.Unsure):
		return err
	}
	return s.delivered(ctx, to, invoicedelivery.StateSENT)
}

func (s *Service) send(ctx context.Context, row *ent.Invoice, to *ent.InvoiceDelivery, address string) error {
	if to.Way == invoicedelivery.WayMESSAGE {
		return s.Press.Deliver(ctx, *row.Number, "", address)
	}
	if s.Post == nil {
		return s.Press.Deliver(ctx, *row.Number, address, "")
	}
	pdf, err := s.fetch(ctx, row)
	if err != nil {
		return err
	}
	what := "电子发票"
	if row.Kind == invoice.KindRED {
		what = "红字电子发票"
	}
	return s.Post.Send(ctx, mail.Letter{
		Number: to.Number, To: address, Subject: "您的停车费" + what + " " + *row.Number,
		Text: "您好：\n\n附件是您的停车费" + what + "，号码" + *row.Number + "，价税合计" + yuan(row.Fen) + "元。\n\n捷停车\n",
		File: "invoice-" + *row.Number + LinkEnd, PDF: pdf,
	})
}

func yuan(fen int64) string {
	if fen < 0 {
		return "-" + money.Yuan(-fen)
	}
	return money.Yuan(fen)
}

func (s *Service) delivered(ctx context.Context, to *ent.InvoiceDelivery, state invoicedelivery.State) error {
	return s.write(ctx, jobSend, func(ctx context.Context, tx *ent.Tx) error {
		err := tx.InvoiceDelivery.Update().Where(invoicedelivery.ID(to.ID), invoicedelivery.StateEQ(invoicedelivery.StateQUEUED)).
			SetState(state).Exec(ctx)
		if err != nil {
			return fmt.Errorf("note what was sent: %w", err)
		}
		return nil
	})
}
