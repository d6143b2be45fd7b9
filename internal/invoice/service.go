// Package invoice has electronic invoices issued for what accounts have paid, taken back when money went back, and
// sent to people.
//
// The service that issues them answers late, or not at all, so each invoice is written down under a number of its
// own before the service is asked, together with a task that asks what became of it until that is known. Whatever
// is lost on the way, an invoice ends issued once or failed, and an order stands on one at a time. The documents
// stay with the service: they are fetched when somebody reads them.
package invoice

import (
	"context"
	"io"
	"log/slog"

	"parkbff/ent"
	"parkbff/ent/predicate"
	"parkbff/ent/task"
	"parkbff/internal/billing"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/outbox"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/partner/einvoice"
	"parkbff/internal/partner/mail"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Press is the service that issues invoices; see einvoice.Client. All its calls may be repeated.
type Press interface {
	Issue(ctx context.Context, r einvoice.Request) (serial string, err error)
	Find(ctx context.Context, number string) (einvoice.Result, error)
	Retry(ctx context.Context, number, serial string) error
	Reverse(ctx context.Context, r einvoice.Reversal) error
	FindReversal(ctx context.Context, number string) (einvoice.Result, error)
	Deliver(ctx context.Context, invoiceNumber, toMail, toMobile string) error
	Fetch(ctx context.Context, address string) ([]byte, error)
}

// Post sends mails; see mail.Client.
type Post interface {
	Send(ctx context.Context, l mail.Letter) error
}

// Lots are where one parks.
type Lots interface {
	Offering(c parking.Capability) []int64
	LotByRow(row int64) (*parking.Lot, bool)
}

// Orders are what is paid for.
type Orders interface {
	// Matching lists those of the asking driver's orders that match, newest first.
	Matching(ctx context.Context, p page.Request, where ...predicate.PaymentOrder) (page.Of[*billing.Order], error)
}

// Tasks does slow work outside; see outbox.
type Tasks interface {
	Put(ctx context.Context, tx *ent.Tx, kind task.Kind, aboutID, accountID int64) error
	Handle(kind task.Kind, do outbox.Handler)
}

// Config is what a Service is made of. Press may be nil: then no invoice is issued here. Post may be nil: then the
// press sends mails too. The rest is required.
type Config struct {
	Store   *store.Store
	Vault   *vault.Vault
	Clock   clock.Clock
	Random  io.Reader
	Lots    Lots
	Tasks   Tasks
	Press   Press
	Post    Post
	Rate    einvoice.Rate // of tax, as the press has it
	LinkKey []byte        // of links to documents; equal on all replicas
	Log     *slog.Logger
}

// Service is safe for concurrent use.
type Service struct {
	Config
	orders Orders
	links  *links
}

// New answers a service, which does the outbox's tasks about invoices. It needs SetOrders.
func New(c Config) (*Service, error) {
	sealer, err := newLinks(c.LinkKey)
	if err != nil {
		return nil, err
	}
	s := &Service{Config: c, links: sealer}
	s.Tasks.Handle(task.KindINVOICE, s.work)
	s.Tasks.Handle(task.KindINVOICE_DELIVERY, s.deliver)
	return s, nil
}

// SetOrders says who knows the orders, which is made later. Call it before anything else.
func (s *Service) SetOrders(o Orders) { s.orders = o }

// Faults of this package.
var (
	InvalidTitle      = fault.New("INVALID_INVOICE_TITLE", "The title is not complete, or not of its form.")
	TooManyTitles     = fault.New("TOO_MANY_INVOICE_TITLES", "Twenty titles are kept: delete one.")
	InvalidOrders     = fault.New("INVALID_INVOICE_ORDERS", "An invoice is for 1 to 20 orders, each named once.").At("orderIds")
	NotPaid           = fault.New("ORDER_NOT_INVOICEABLE", "The account has not paid the order, or all of it went back.").At("orderIds")
	AlreadyInvoiced   = fault.New("ORDER_ALREADY_INVOICED", "The order stands on an invoice.").At("orderIds")
	NotOffered        = fault.New("INVOICE_NOT_OFFERED", "No electronic invoices are issued here.")
	NotIssued         = fault.New("INVOICE_NOT_ISSUED", "The invoice is not issued, or was taken back.").At("invoiceId")
	InvalidRecipient  = fault.New("INVALID_INVOICE_ADDRESS", "That is neither a mail address nor a mobile of mainland China.")
	ReversalRefused   = fault.New("INVOICE_NOT_REVERSED", "The invoice cannot be taken back: its buyer must agree, or has used it.")
	errOtherAmount    = fault.New("INVOICE_AMOUNT_DIFFERS", "The service has issued another amount than it was asked for.")
	errUnknownNumbers = fault.New("INVOICE_FATE_UNKNOWN", "What became of the invoice is not known.")
)

// The jobs that this package does as the system.
const (
	jobTitle   = "keep invoice titles"
	jobRequest = "request an invoice"
	jobIssue   = "have an invoice issued"
	jobReverse = "take an invoice back"
	jobRead    = "read invoices"
	jobSend    = "send an invoice"
)

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.Store.WithTx(viewer.AsSystem(ctx, job), fn)
}
