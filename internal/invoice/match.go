package invoice

import (
	"entgo.io/ent/dialect/sql"

	"parkbff/ent/invoicedorder"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/predicate"
)

// paidBy selects orders for which an account has paid.
func paidBy(accountID int64) predicate.PaymentOrder {
	return func(s *sql.Selector) {
		made := sql.Dialect(s.Dialect()).Select().From(sql.Table(payment.Table).As("made"))
		made.Where(sql.And(
			sql.ColumnsEQ(made.C(payment.FieldOrderID), s.C(paymentorder.FieldID)),
			sql.EQ(made.C(payment.FieldAccountID), accountID),
			sql.GT(made.C(payment.FieldTakenFen), 0),
		))
		s.Where(sql.Exists(made))
	}
}

// onNoInvoice selects orders that stand on no invoice.
func onNoInvoice(s *sql.Selector) {
	standing := sql.Dialect(s.Dialect()).Select().From(sql.Table(invoicedorder.Table).As("standing"))
	standing.Where(sql.And(
		sql.ColumnsEQ(standing.C(invoicedorder.FieldOrderID), s.C(paymentorder.FieldID)),
		sql.IsNull(standing.C(invoicedorder.FieldReleasedAt)),
	))
	s.Where(sql.NotExists(standing))
}

// onInvoice selects the orders that stand, or stood, on an invoice.
func onInvoice(row int64) predicate.PaymentOrder {
	return func(s *sql.Selector) {
		standing := sql.Dialect(s.Dialect()).Select().From(sql.Table(invoicedorder.Table).As("standing"))
		standing.Where(sql.And(
			sql.ColumnsEQ(standing.C(invoicedorder.FieldOrderID), s.C(paymentorder.FieldID)),
			sql.EQ(standing.C(invoicedorder.FieldInvoiceID), row),
		))
		s.Where(sql.Exists(standing))
	}
}
