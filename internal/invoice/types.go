package invoice

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent/invoice"
)

// Invoice is one with its values opened, for its account. Instants are UTC, money is fen. It prints as "invoice".
type Invoice struct {
	Row       int64
	Kind      invoice.Kind
	State     invoice.State
	Failure   *invoice.Failure
	Number    *string // the tax bureau's
	IssuedAt  *time.Time
	Fen       int64 // with tax; below zero: it takes another back
	TaxFen    int64
	TitleName string
	PdfURL    *string // path at which it lies for ten minutes

	blue int64 // the row whose orders stand on it
}

// Format prints nobody's name.
func (Invoice) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "invoice") }

// LogValue keeps its values out of structured logs.
func (Invoice) LogValue() slog.Value { return slog.StringValue("invoice") }

// contents are what is written on an invoice, sealed while its account is there.
type contents struct {
	Title  Title
	Lines  []int64 // fen of each order
	Remark string
	Mail   string
	Mobile string
}

// FieldContents is where they are sealed.
const FieldContents = "invoice.contents"

// FieldAddress is where the address of a delivery is sealed.
const FieldAddress = "invoice_delivery.address"
