package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/invoice"
	"parkbff/ent/invoicedelivery"
	"parkbff/ent/invoicedorder"
	"parkbff/ent/invoicetitle"
	"parkbff/ent/privacy"
)

// InvoiceTitle is read by its account.
func InvoiceTitle() ent.Policy {
	return own(privacy.InvoiceTitleQueryRuleFunc(func(ctx context.Context, q *gen.InvoiceTitleQuery) error {
		return driver(ctx, func(id int64) { q.Where(invoicetitle.AccountID(id)) })
	}))
}

// Invoice is read by its account: not even the staff of the lot see who it is made out to.
func Invoice() ent.Policy {
	return own(privacy.InvoiceQueryRuleFunc(func(ctx context.Context, q *gen.InvoiceQuery) error {
		return driver(ctx, func(id int64) { q.Where(invoice.AccountID(id)) })
	}))
}

// InvoicedOrder is read by the account of the invoice.
func InvoicedOrder() ent.Policy {
	return own(privacy.InvoicedOrderQueryRuleFunc(func(ctx context.Context, q *gen.InvoicedOrderQuery) error {
		return driver(ctx, func(id int64) { q.Where(invoicedorder.HasInvoiceWith(invoice.AccountID(id))) })
	}))
}

// InvoiceDelivery is read by its account.
func InvoiceDelivery() ent.Policy {
	return own(privacy.InvoiceDeliveryQueryRuleFunc(func(ctx context.Context, q *gen.InvoiceDeliveryQuery) error {
		return driver(ctx, func(id int64) { q.Where(invoicedelivery.AccountID(id)) })
	}))
}
