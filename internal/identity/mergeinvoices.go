package identity

import (
	"context"
	"fmt"

	"parkbff/ent/invoice"
	"parkbff/ent/invoicedelivery"
	"parkbff/ent/invoicetitle"
)

// Where package invoice seals what an account typed.
const (
	fieldTitle    = "invoice_title.details"
	fieldInvoice  = "invoice.contents"
	fieldSendInto = "invoice_delivery.address"
)

// moveInvoices moves invoices, what is sent of them, and titles; of one that both have kept the survivor's stays.
func (g *merging) moveInvoices(ctx context.Context) error {
	if err := g.moveTitles(ctx); err != nil {
		return err
	}
	rows, err := g.tx.Invoice.Query().Where(invoice.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read invoices: %w", err)
	}
	for _, row := range rows {
		change := g.tx.Invoice.UpdateOneID(row.ID).SetAccountID(g.to)
		if row.Contents != nil {
			contents, err := g.reseal(ctx, fieldInvoice, row.Contents)
			if err != nil {
				return err
			}
			change.SetContents(contents)
		}
		if err := change.Exec(ctx); err != nil {
			return fmt.Errorf("move the invoice: %w", err)
		}
	}
	sent, err := g.tx.InvoiceDelivery.Query().Where(invoicedelivery.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read what is sent: %w", err)
	}
	for _, row := range sent {
		address, err := g.reseal(ctx, fieldSendInto, row.Address)
		if err != nil {
			return err
		}
		if err := g.tx.InvoiceDelivery.UpdateOneID(row.ID).SetAddress(address).Modify(g.moved).Exec(ctx); err != nil {
			return fmt.Errorf("move what is sent: %w", err)
		}
	}
	return nil
}

func (g *merging) moveTitles(ctx context.Context) error {
	rows, err := g.tx.InvoiceTitle.Query().Where(invoicetitle.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read titles: %w", err)
	}
	for _, row := range rows {
		twice, err := g.tx.InvoiceTitle.Query().Where(invoicetitle.AccountID(g.to), invoicetitle.DetailsIndex(row.DetailsIndex)).Exist(ctx)
		if err == nil && !twice {
			var details []byte
			if details, err = g.reseal(ctx, fieldTitle, row.Details); err != nil {
				return err
			}
			err = g.tx.InvoiceTitle.Create().SetAccountID(g.to).SetDetails(details).SetDetailsIndex(row.DetailsIndex).
				SetCreatedAt(row.CreatedAt).Exec(ctx)
		}
		if err == nil {
			err = g.tx.InvoiceTitle.DeleteOne(row).Exec(ctx)
		}
		if err != nil {
			return fmt.Errorf("move the title: %w", err)
		}
	}
	return nil
}
