package invoice

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"parkbff/ent"
	"parkbff/ent/invoice"
	"parkbff/ent/paymentorder"
	"parkbff/ent/task"
	"parkbff/internal/billing"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// NewRequest is what a client asks for: the orders, and a title that is kept or one that is typed.
type NewRequest struct {
	IdempotencyKey string
	Orders         []int64
	Saved          int64  // row of a kept title; 0: one is typed
	Typed          *Title // nil: a kept one
	Save           bool   // keep what is typed
	Mail           *string
	Mobile         *string
}

const mostOrders = 20

// Request asks for one invoice for orders that the account has paid, and writes down that it is to be issued. What
// went back is not invoiced, and an order stands on one invoice at a time. The same key asks once.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED, NOT_FOUND; NotOffered, parking.NotOffered (NOT_OFFERED_BY_LOT);
// idempotent.InvalidKey, KeyReused, InvalidOrders, NotPaid, AlreadyInvoiced; those of a title; InvalidRecipient.
func (s *Service) Request(ctx context.Context, n NewRequest) (*Invoice, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.EInvoice, 0); err != nil {
		return nil, err
	}
	if s.Press == nil {
		return nil, NotOffered
	}
	asked, err := s.asked(ctx, v, n)
	if err != nil {
		return nil, err
	}
	orders, err := s.named(ctx, n.Orders)
	if err != nil {
		return nil, err
	}
	asked.contents.Remark = remark(v, orders)
	var row *ent.Invoice
	err = s.write(ctx, jobRequest, func(ctx context.Context, tx *ent.Tx) error {
		row, err = s.requestOnce(ctx, tx, asked)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, row)
}

// asking is a request whose values have been checked.
type asking struct {
	account   int64
	orders    []int64
	save      bool
	contents  contents
	key, hash []byte
}

func (s *Service) asked(ctx context.Context, v *viewer.Viewer, n NewRequest) (asking, error) {
	a := asking{account: v.AccountID, orders: slices.Sorted(slices.Values(n.Orders)), save: n.Save && n.Typed != nil}
	key, err := idempotent.Hash(s.Vault, v, "invoice", n.IdempotencyKey)
	if err != nil {
		return a, err
	}
	a.key = key
	if len(a.orders) == 0 || len(a.orders) > mostOrders || len(slices.Compact(slices.Clone(a.orders))) != len(a.orders) {
		return a, InvalidOrders
	}
	title, err := s.chosen(ctx, n)
	if err != nil {
		return a, err
	}
	mail, mobile, err := recipient(n.Mail, n.Mobile)
	if err != nil {
		return a, err
	}
	a.contents = contents{Title: *title, Mail: first(mail, title.Mail), Mobile: first(mobile, title.Mobile)}
	plain, err := json.Marshal(struct {
		Orders   []int64
		Save     bool
		Contents contents
	}{a.orders, a.save, a.contents})
	if err != nil {
		return a, errDetails
	}
	a.hash = s.Vault.Index("invoice_asked", string(plain))
	return a, nil
}

// chosen answers the title, kept or typed.
func (s *Service) chosen(ctx context.Context, n NewRequest) (*Title, error) {
	if n.Typed == nil {
		return s.Title(ctx, n.Saved)
	}
	typed, err := n.Typed.tidied()
	return &typed, err
}

// recipient checks where an invoice is to be sent.
func recipient(mail, mobile *string) (*string, *string, error) {
	to, err := tidied(mail, mostMail, mailForm, "mail")
	if err != nil {
		return nil, nil, InvalidRecipient.At("mail")
	}
	phone, err := tidyMobile(mobile)
	if err != nil {
		return nil, nil, InvalidRecipient.At("mobile")
	}
	return to, phone, nil
}

func first(values ...*string) string {
	for _, v := range values {
		if v != nil {
			return *v
		}
	}
	return ""
}

// named answers orders of the viewer's own. Error: NOT_FOUND, unless all are.
func (s *Service) named(ctx context.Context, rows []int64) ([]*billing.Order, error) {
	found, err := s.orders.Matching(ctx, page.Request{First: mostOrders}, paymentorder.IDIn(rows...))
	switch {
	case err != nil:
		return nil, err
	case len(found.Items) != len(rows):
		return nil, fault.NotFound
	}
	return found.Items, nil
}

func (s *Service) requestOnce(ctx context.Context, tx *ent.Tx, a asking) (*ent.Invoice, error) {
	known, err := tx.Invoice.Query().Where(invoice.KeyHash(a.key)).Only(ctx)
	switch {
	case err == nil && subtle.ConstantTimeCompare(known.AskedHash, a.hash) != 1:
		return nil, idempotent.KeyReused
	case err == nil:
		return known, nil
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for the invoice: %w", err)
	}
	orders, err := s.invoiceable(ctx, tx, a)
	if err != nil {
		return nil, err
	}
	if a.save {
		if _, err := s.keep(ctx, tx, a.account, a.contents.Title); err != nil {
			return nil, err
		}
	}
	fen, tax := int64(0), int64(0)
	for _, o := range orders {
		_, part := s.Rate.Split(kept(o))
		fen, tax = fen+kept(o), tax+part
		a.contents.Lines = append(a.contents.Lines, kept(o))
	}
	row, err := s.writeDown(ctx, tx, a, fen, tax)
	if err != nil {
		return nil, err
	}
	for _, o := range orders {
		err := tx.InvoicedOrder.Create().SetInvoiceID(row.ID).SetOrderID(o.ID).SetFen(kept(o)).Exec(ctx)
		switch {
		case store.IsDuplicate(err):
			return nil, store.Retry(fmt.Errorf("the order has just been invoiced: %w", err))
		case err != nil:
			return nil, fmt.Errorf("put the order on the invoice: %w", err)
		}
	}
	return row, s.Tasks.Put(ctx, tx, task.KindINVOICE, row.ID, 0)
}

// kept is what of an order was paid and has not gone back.
func kept(o *ent.PaymentOrder) int64 { return o.TakenFen - o.RefundedFen }

// invoiceable answers the orders, by row, and holds them: what goes back of one meanwhile waits, and finds the
// invoice.
func (s *Service) invoiceable(ctx context.Context, tx *ent.Tx, a asking) ([]*ent.PaymentOrder, error) {
	mine := func() *ent.PaymentOrderQuery {
		return tx.PaymentOrder.Query().Where(paymentorder.IDIn(a.orders...), paymentorder.AccountID(a.account))
	}
	err := tx.PaymentOrder.Update().Where(paymentorder.IDIn(a.orders...)).Modify(store.Hold(paymentorder.FieldState)).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("hold the orders: %w", err)
	}
	orders, err := mine().Order(ent.Asc(paymentorder.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the orders: %w", err)
	}
	paid, err := mine().Where(paymentorder.StateEQ(paymentorder.StatePAID), paidBy(a.account)).Count(ctx)
	if err != nil {
		return nil, fmt.Errorf("read who paid: %w", err)
	}
	free, err := mine().Where(onNoInvoice).Count(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what is invoiced: %w", err)
	}
	switch {
	case len(orders) != len(a.orders):
		return nil, fault.NotFound
	case paid != len(orders):
		return nil, NotPaid
	case free != len(orders):
		return nil, AlreadyInvoiced
	}
	for _, o := range orders {
		if lot, ok := s.Lots.LotByRow(o.LotID); !ok || !lot.Offers(parking.EInvoice) {
			return nil, parking.NotOffered
		}
	}
	return orders, nil
}

func (s *Service) writeDown(ctx context.Context, tx *ent.Tx, a asking, fen, tax int64) (*ent.Invoice, error) {
	sealed, err := s.sealContents(ctx, a.account, a.contents)
	if err != nil {
		return nil, err
	}
	number, err := s.draw()
	if err != nil {
		return nil, err
	}
	row, err := tx.Invoice.Create().SetAccountID(a.account).SetKind(invoice.KindBLUE).SetOrderNumber(number).
		SetFen(fen).SetTaxFen(tax).SetContents(sealed).SetKeyHash(a.key).SetAskedHash(a.hash).SetCreatedAt(s.Clock.Now()).Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("the invoice has just been asked for: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the invoice: %w", err)
	}
	return row, nil
}

func (s *Service) sealContents(ctx context.Context, accountID int64, c contents) (vault.Sealed, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, errDetails
	}
	return s.Vault.Seal(ctx, vault.AccountKey(accountID), FieldContents, plain)
}

// openContents answers nil when they went with their account.
func (s *Service) openContents(ctx context.Context, row *ent.Invoice) (*contents, error) {
	if row.Contents == nil || row.AccountID == nil {
		return nil, nil
	}
	plain, err := s.Vault.Open(ctx, vault.AccountKey(*row.AccountID), FieldContents, row.Contents)
	if err != nil {
		return nil, err
	}
	c := &contents{}
	if json.Unmarshal(plain, c) != nil {
		return nil, errDetails
	}
	return c, nil
}

// numberBytes make 20 letters and digits, which is what the service takes.
const numberBytes = 12

var numberText = base32.StdEncoding.WithPadding(base32.NoPadding)

// draw answers a number that was never used, and that tells nothing of time or order.
func (s *Service) draw() (string, error) {
	var b [numberBytes]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		return "", fmt.Errorf("draw a number: %w", err)
	}
	return strings.ToLower(numberText.EncodeToString(b[:])), nil
}
