package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
)

// InvoiceTitle is whom an account has invoices made out to, if it wants that kept (R074).
type InvoiceTitle struct{ ent.Schema }

// Mixin of InvoiceTitle.
func (InvoiceTitle) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Recorded{}}
}

// Fields of InvoiceTitle. details are all that the account typed, as JSON; details_index is the keyed hash of them, so
// that a title is kept once.
func (InvoiceTitle) Fields() []ent.Field {
	return []ent.Field{
		field.Bytes("details").GoType(vault.Sealed{}).Immutable().Sensitive(),
		field.Bytes("details_index").Immutable().Sensitive(),
	}
}

// Indexes of InvoiceTitle.
func (InvoiceTitle) Indexes() []ent.Index {
	return []ent.Index{index.Fields("account_id", "details_index").Unique()}
}

// Policy of InvoiceTitle.
func (InvoiceTitle) Policy() ent.Policy { return policy.InvoiceTitle() }

// Invoice is one that somebody wants, blue, or one that takes a blue one back, red.
type Invoice struct{ ent.Schema }

// Mixin of Invoice.
func (Invoice) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Invoice. order_number is ours, and the service knows the request by it; number is the tax bureau's. A red
// one names the blue one that it takes back, and its fen are below zero. contents are what is written on it, as JSON,
// and go with the account. refunded says that money went back while it was being issued: it is taken back as soon
// as it is there. asked_hash is of what was asked for under the client's key.
func (Invoice) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("account_id").Optional().Nillable(),
		field.Enum("kind").Values("BLUE", "RED").Immutable(),
		field.Int64("reverses_id").Optional().Nillable().Immutable(),
		field.Enum("reason").Values("MISTAKEN", "REFUNDED").Optional().Nillable().Immutable(),
		field.Enum("state").Values("REQUESTED", "ISSUING", "ISSUED", "FAILED", "REVERSING", "REVERSED").Default("REQUESTED"),
		field.Enum("failure").Values("REFUSED", "REFUNDED", "WITHDRAWN").Optional().Nillable(),
		field.String("partner_code").Optional(),
		field.String("order_number").Unique().Immutable(),
		field.String("number").Unique().Optional().Nillable(),
		field.Int64("fen").Immutable(),
		field.Int64("tax_fen").Immutable(),
		field.Bytes("contents").GoType(vault.Sealed{}).Optional().Sensitive(),
		field.Bool("refunded").Default(false),
		field.Int("retries").Default(0),
		mixin.Instant("issued_at"),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
		field.Bytes("asked_hash").Immutable().Sensitive(),
	}
}

// Indexes of Invoice: of a blue one at most one red one is on its way or there.
func (Invoice) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("account_id", "id"),
		index.Fields("reverses_id").Unique().StorageKey("invoice_one_red").
			Annotations(entsql.IndexWhere("state <> 'FAILED' AND reverses_id IS NOT NULL")),
	}
}

// Policy of Invoice.
func (Invoice) Policy() ent.Policy { return policy.Invoice() }

// InvoicedOrder is an order that stands on a blue invoice, with what of it was not given back by then.
type InvoicedOrder struct{ ent.Schema }

// Mixin of InvoicedOrder.
func (InvoicedOrder) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of InvoicedOrder. It is released when the invoice has failed or was taken back: then it may be invoiced again.
func (InvoicedOrder) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("invoice_id").Immutable(),
		field.Int64("order_id").Immutable(),
		field.Int64("fen").Immutable(),
		mixin.Instant("released_at"),
	}
}

// Edges of InvoicedOrder.
func (InvoicedOrder) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("invoice", Invoice.Type).Field("invoice_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
		edge.To("order", PaymentOrder.Type).Field("order_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of InvoicedOrder: an order is invoiced once at a time.
func (InvoicedOrder) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("order_id").Unique().StorageKey("invoicedorder_once").Annotations(entsql.IndexWhere("released_at IS NULL")),
		index.Fields("invoice_id", "order_id").Unique(),
	}
}

// Policy of InvoicedOrder.
func (InvoicedOrder) Policy() ent.Policy { return policy.InvoicedOrder() }

// InvoiceDelivery is an invoice that somebody wants sent once more.
type InvoiceDelivery struct{ ent.Schema }

// Mixin of InvoiceDelivery.
func (InvoiceDelivery) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Recorded{}}
}

// Fields of InvoiceDelivery. number is ours, and stands in the mail; address is a mail address or a mobile.
func (InvoiceDelivery) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("invoice_id").Immutable(),
		field.Enum("way").Values("MAIL", "MESSAGE").Immutable(),
		field.String("number").Unique().Immutable(),
		field.Bytes("address").GoType(vault.Sealed{}).Sensitive(),
		field.Enum("state").Values("QUEUED", "SENT", "FAILED").Default("QUEUED"),
	}
}

// Indexes of InvoiceDelivery.
func (InvoiceDelivery) Indexes() []ent.Index {
	return []ent.Index{index.Fields("invoice_id", "created_at")}
}

// Policy of InvoiceDelivery.
func (InvoiceDelivery) Policy() ent.Policy { return policy.InvoiceDelivery() }
