package invoice_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/channellink"
	entinvoice "parkbff/ent/invoice"
	"parkbff/ent/observation"
	"parkbff/ent/voucher"
	"parkbff/internal/billing"
	"parkbff/internal/discount"
	"parkbff/internal/fault"
	"parkbff/internal/invoice"
	"parkbff/internal/loyalty"
	"parkbff/internal/money"
	told "parkbff/internal/notice"
	"parkbff/internal/outbox"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/einvoice"
	"parkbff/internal/partner/mail"
	sandbox "parkbff/internal/partner/sandbox/einvoice"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/store"
	"parkbff/internal/tariff"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

// morning is a Saturday, 09:00 in Shanghai.
var morning = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)

const (
	sellerTax = "91440300552114241P"
	buyerTax  = "9144030071526726XG"
)

// house is invoices, billing and parking on one store, with the stand-in of the service behind its real client, and
// tasks that are done when a test says so.
type house struct {
	testing.TB
	clock    *testkit.Clock
	store    *store.Store
	parking  *parking.Service
	billing  *billing.Service
	points   *loyalty.Service
	vouchers *discount.Service
	*invoice.Service
	office *sandbox.Sandbox
	press  *press
	outbox *outbox.Service
	queue  *queue
	mails  []mail.Letter
	post   error // what the post answers
	codes  int
}

func eachHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) { test(t, newHouse(t, s)) })
}

func newHouse(t testing.TB, s *store.Store) *house {
	t.Helper()
	h := &house{TB: t, clock: testkit.NewClock(morning), store: s, queue: &queue{}}
	h.outbox = outbox.New(outbox.Config{Store: s, Queue: h.queue, Clock: h.clock, SweepEvery: time.Hour})
	catalogue, err := consents.Published()
	h.must(err)
	h.parking, err = parking.New(parking.Config{
		Store: s, Vault: vault.New(vaulttest.Keys(t), s.DataKeys()), Clock: h.clock, Random: rand.Reader, Calendar: tariff.Calendar{},
		Teller: h, Bus: h, Policies: catalogue, Log: slog.New(slog.DiscardHandler), QuoteKey: make([]byte, 32),
	})
	h.must(err)
	h.points = loyalty.New(loyalty.Config{Store: s, Clock: h.clock, Policies: catalogue})
	without := lot("B")
	without.Capabilities = nil
	h.must(h.parking.Import(t.Context(), []lotfile.Lot{lot("A"), without}))
	h.openOffice()
	h.open()
	ctx, stop := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { h.outbox.Run(ctx) })
	t.Cleanup(func() {
		stop()
		working.Wait()
	})
	return h
}

// openOffice serves the stand-in of the service.
func (h *house) openOffice() {
	h.Helper()
	seller := einvoice.Seller{Name: "深圳市示例停车管理有限公司", TaxNumber: sellerTax, Address: "深圳市福田区", Phone: "0755-12345678", Clerk: "王小明"}
	var err error
	h.office, err = sandbox.New(sandbox.App{Key: "app", Secret: "secret"}, sandbox.Seller{Name: seller.Name, TaxNumber: sellerTax, Clerk: seller.Clerk}, h.clock, rand.Reader)
	h.must(err)
	served := httptest.NewServer(h.office)
	h.Cleanup(served.Close)
	client, err := einvoice.New(einvoice.Config{
		BaseURL: served.URL, TokenURL: served.URL, AppKey: "app", AppSecret: "secret", Seller: seller, TaxCode: einvoice.Parking,
		Rate: einvoice.General, Files: []string{strings.TrimPrefix(served.URL, "http://")},
	}, h.clock)
	h.must(err)
	h.press = &press{Press: client}
}

// open makes the services anew, as after a crash.
func (h *house) open() {
	h.Helper()
	keys := vault.New(vaulttest.Keys(h), h.store.DataKeys())
	var err error
	h.Service, err = invoice.New(invoice.Config{
		Store: h.store, Vault: keys, Clock: h.clock, Random: rand.Reader, Lots: h.parking, Tasks: h.outbox, Press: h.press, Post: h,
		Rate: einvoice.General, LinkKey: make([]byte, 32), Log: slog.New(slog.DiscardHandler),
	})
	h.must(err)
	h.vouchers = discount.New(discount.Config{Store: h.store, Vault: keys, Clock: h.clock, Lots: h.parking})
	h.billing = billing.New(billing.Config{
		Store: h.store, Vault: keys, Clock: h.clock, Random: rand.Reader, Stays: h.parking, Discounts: h.vouchers, Payers: h, Office: h, Tasks: h.outbox,
		Invoices: h.Service, Points: h.points, Log: slog.New(slog.DiscardHandler),
		Tills: map[money.Channel]billing.Offer{money.WeChat: {Till: till{}, Ways: []money.Way{money.H5}}},
	})
	h.SetOrders(h.billing)
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// Tell tells nobody.
func (*house) Tell(context.Context, *ent.Tx, told.Telling) error { return nil }

// Publish goes nowhere.
func (*house) Publish(string, []byte) error { return nil }

// PayerOn knows everybody.
func (*house) PayerOn(context.Context, money.Channel, string) (string, error) { return "somebody", nil }

// Office knows nobody.
func (*house) Office(context.Context, viewer.Role) (*viewer.Viewer, error) {
	return nil, fault.Forbidden
}

// SteppedUp lets all staff pass.
func (*house) SteppedUp(context.Context) error { return nil }

// Send keeps mails.
func (h *house) Send(_ context.Context, l mail.Letter) error {
	h.mails = append(h.mails, l)
	return h.post
}

// lot costs 5 yuan for every hour begun and has invoices issued.
func lot(code string) lotfile.Lot {
	hourly := tariff.Always(tariff.RateTable{Collections: tariff.AllDay(tariff.RateLine{UnitMinutes: 60, Fen: 500}), ExitGraceMinutes: 15})
	return lotfile.Lot{
		Code: code, Name: "测试" + code + "停车场", Region: lotfile.Mainland, City: "深圳", Capacity: 100, Barrier: true,
		Gates: []lotfile.Gate{{Code: "G1", Direction: lotfile.Both}}, Tariff: &hourly, Capabilities: []string{"E_INVOICE"},
	}
}

func (h *house) asSystem() context.Context { return viewer.AsSystem(context.Background(), "test") }

// driver is a new account.
func (h *house) driver() context.Context {
	h.Helper()
	var id int64
	h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.Account.Create().SetMobile(vault.Sealed{}).SetCreatedAt(h.clock.Now()).Save(ctx)
		if err != nil {
			return err
		}
		id = row.ID
		if err := vault.New(vaulttest.Keys(h), h.store.DataKeys()).Provide(ctx, vault.AccountKey(id)); err != nil {
			return err
		}
		return tx.ChannelLink.Create().SetAccountID(id).SetChannel(channellink.ChannelAPP).SetLinkedAt(h.clock.Now()).Exec(ctx)
	}))
	return viewer.With(context.Background(), &viewer.Viewer{Kind: viewer.Driver, AccountID: id, Consents: []string{"PARKING_CORE"}})
}

func (h *house) manager() context.Context {
	at, _ := h.parking.Lot("A")
	return viewer.With(context.Background(), &viewer.Viewer{
		Kind: viewer.Staff, StaffID: 7, Lots: []viewer.LotRole{{LotID: at.Row, Role: viewer.Manager}},
	})
}

func (h *house) key() string {
	h.codes++
	return fmt.Sprint("key-", h.codes)
}

// pays has an account stay in a lot for two hours and pay 10 yuan, and answers the order.
func (h *house) pays(ctx context.Context, lotCode string) int64 {
	h.Helper()
	return h.hasPaid(ctx, lotCode, ctx)
}

// hasPaid is pays with somebody else's money.
func (h *house) hasPaid(ctx context.Context, lotCode string, payer context.Context) int64 {
	h.Helper()
	at, _ := h.parking.Lot(lotCode)
	gate, _ := h.parking.GateAt(at, "G1")
	machine := viewer.With(context.Background(), &viewer.Viewer{Kind: viewer.Gate, GateID: gate.Row, Lots: []viewer.LotRole{{LotID: at.Row}}})
	plate := fmt.Sprintf("粤B%05d", 10000+h.codes)
	for _, direction := range []observation.Direction{observation.DirectionENTRY, observation.DirectionEXIT} {
		_, err := h.parking.Observe(machine, parking.Observation{
			EventID: h.key(), LotCode: lotCode, GateCode: "G1", Direction: direction, Plate: plate, ObservedAt: h.clock.Now(), Confidence: 1,
		})
		h.must(err)
		if direction == observation.DirectionENTRY {
			h.clock.Pass(2 * time.Hour)
		}
	}
	quote, err := h.parking.QuoteLane(ctx, gate.LaneCode)
	h.must(err)
	payable, ok := quote.(parking.Payable)
	if !ok {
		h.Fatal("nothing is to be paid")
	}
	made, err := h.billing.CreateOrder(ctx, billing.NewOrder{IdempotencyKey: h.key(), Quote: payable.Token})
	h.must(err)
	h.takes(payer, made.Order.Row, made.Proof)
	return made.Order.Row
}

// takes has somebody pay an order.
func (h *house) takes(payer context.Context, order int64, proof string) {
	h.Helper()
	begun, err := h.billing.Pay(payer, billing.Attempt{IdempotencyKey: h.key(), Order: order, Proof: proof, Channel: money.WeChat, Way: money.H5})
	h.must(err)
	h.must(h.billing.Received(payer, money.WeChat, charge.Receipt{Number: begun.Number, State: charge.Done, Fen: begun.Fen, PaidAt: h.clock.Now()}))
}

// buysVoucher has an account buy a voucher in lot A, and answers the order.
func (h *house) buysVoucher(ctx context.Context, fen int64) int64 {
	h.Helper()
	offer, err := h.vouchers.PublishOffer(h.manager(), discount.NewOffer{
		IdempotencyKey: h.key(), LotCode: "A", Terms: discount.Terms{Kind: voucher.KindWAIVER}, HoldsDays: 7, PriceFen: fen, Stock: 1,
		SoldUntil: h.clock.Now().Add(time.Hour),
	})
	h.must(err)
	order, err := h.billing.BuyVoucher(ctx, billing.Purchase{IdempotencyKey: h.key(), Offer: offer.Row})
	h.must(err)
	h.takes(ctx, order.Row, "")
	return order.Row
}

// company is a title with everything.
func company() *invoice.Title {
	return &invoice.Title{
		Kind: invoice.Company, Name: "腾讯科技（深圳）有限公司", TaxNumber: text(buyerTax), Bank: text("招商银行"), Account: text("7559 0000 0010 001"),
		Phone: text("0755-86013388"), Address: text("深圳市南山区"), Mail: text("alice@example.cn"), Mobile: text("13800138000"),
	}
}

func text(s string) *string { return &s }

// asks asks for an invoice made out to a company.
func (h *house) asks(ctx context.Context, orders ...int64) *invoice.Invoice {
	h.Helper()
	asked, err := h.Request(ctx, invoice.NewRequest{IdempotencyKey: h.key(), Orders: orders, Typed: company()})
	h.must(err)
	return asked
}

func (h *house) row(id int64) *ent.Invoice {
	h.Helper()
	row, err := h.store.Fresh(h.asSystem()).Invoice.Get(h.asSystem(), id)
	h.must(err)
	return row
}

func (h *house) is(id int64, want entinvoice.State) *ent.Invoice {
	h.Helper()
	row := h.row(id)
	if row.State != want {
		h.Fatalf("the invoice is %s, not %s", row.State, want)
	}
	return row
}

// free are the orders that an account may have invoiced.
func (h *house) free(ctx context.Context) []int64 {
	h.Helper()
	found, err := h.Invoiceable(ctx, page.Request{First: 100})
	h.must(err)
	var rows []int64
	for _, o := range found.Items {
		rows = append(rows, o.Row)
	}
	return rows
}

// goesBack has the manager give something of an order back.
func (h *house) goesBack(order, fen int64) {
	h.Helper()
	_, err := h.billing.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: h.key(), Order: order, Fen: fen, Reason: "test"})
	h.must(err)
}

func refused(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
