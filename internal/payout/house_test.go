package payout_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/reservation"
	"parkbff/ent/settlement"
	"parkbff/ent/sharedspace"
	"parkbff/ent/task"
	"parkbff/internal/billing"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/money"
	"parkbff/internal/outbox"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
	sandbox "parkbff/internal/partner/sandbox/unionpay"
	"parkbff/internal/partner/unionpay"
	"parkbff/internal/payout"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

// morning is a Saturday, 09:00 in Shanghai.
var morning = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)

const (
	merchant = "777290058167151"
	goodCard = "6216261000000000018"
	nextCard = "6228480402564890018"
	holder   = "王小明"
)

// house is payouts on one store, with the books and the stand-in of UnionPay; tasks are done when a test says so.
type house struct {
	testing.TB
	clock *testkit.Clock
	store *store.Store
	vault *vault.Vault
	*payout.Service
	books  *billing.Service
	bank   *sandbox.Sandbox
	client payout.Bank // the stand-in's, unless a test gives it a fault
	tasks  *tasks
	lot    int64
	made   int
}

func eachHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) { test(t, newHouse(t, s)) })
}

func newHouse(t testing.TB, s *store.Store) *house {
	t.Helper()
	h := &house{TB: t, clock: testkit.NewClock(morning), store: s, tasks: &tasks{waiting: map[int64]int{}}}
	h.vault = vault.New(vaulttest.Keys(t), s.DataKeys())
	keys, err := sandbox.NewKeys()
	h.must(err)
	h.bank = sandbox.New(h.clock, rand.Reader, keys, sandbox.Merchant{ID: merchant, Identity: keys.Merchant, BizType: "000201", Pays: true})
	server := httptest.NewServer(h.bank)
	t.Cleanup(server.Close)
	h.client, err = unionpay.New(unionpay.Config{
		Gateway: server.URL, Files: server.URL, MerchantID: merchant, Certificate: keys.Merchant.CertificatePEM(),
		PrivateKey: keys.Merchant.KeyPEM(), Roots: keys.Root.CertificatePEM(), Intermediates: keys.Middle.CertificatePEM(),
		Encryption: keys.Encryption.CertificatePEM(), NoticeURL: "https://api.example.cn/callback/pay/unionpay",
		Product: unionpay.Product{Ways: []money.Way{money.App}, BizType: "000201"},
	}, h.clock)
	h.must(err)
	h.books = billing.New(billing.Config{
		Store: s, Vault: h.vault, Clock: h.clock, Random: rand.Reader, Tasks: &tasks{waiting: map[int64]int{}}, Log: slog.New(slog.DiscardHandler),
	})
	h.opens()
	h.system(func(ctx context.Context, tx *ent.Tx) {
		lot, err := tx.Lot.Create().SetCode("A").SetName("x").SetHalfName("x").SetRegion("CN").SetCity("x").SetCapacity(1).SetCreatedAt(morning).Save(ctx)
		h.must(err)
		h.lot = lot.ID
	})
	return h
}

// opens makes the service anew, as after a crash.
func (h *house) opens() {
	h.Service = payout.New(payout.Config{
		Store: h.store, Vault: h.vault, Clock: h.clock, Random: rand.Reader, Bank: h.client, Books: h.books, Owners: h, Lots: h, Tasks: h.tasks,
	})
}

// OwnerName answers the name that every account's documents say, once it shares a bay.
func (h *house) OwnerName(ctx context.Context, accountID int64) (string, error) {
	shares, err := h.store.Fresh(ctx).SharedSpace.Query().
		Where(sharedspace.AccountID(accountID), sharedspace.StateEQ(sharedspace.StateAPPROVED)).Exist(ctx)
	if err != nil || !shares {
		return "", err
	}
	return holder, nil
}

// LotByRow knows the lot.
func (h *house) LotByRow(row int64) (*parking.Lot, bool) {
	return &parking.Lot{Row: row, Code: "A"}, row == h.lot
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) asSystem() context.Context { return viewer.AsSystem(context.Background(), "test") }

func (h *house) system(do func(ctx context.Context, tx *ent.Tx)) {
	h.Helper()
	h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		do(ctx, tx)
		return nil
	}))
}

// owner is somebody who shares a bay.
type owner struct {
	*house
	ctx            context.Context
	account, space int64
}

// owner answers a new account whose bay an officer has approved.
func (h *house) owner() *owner {
	h.Helper()
	o := &owner{house: h}
	h.system(func(ctx context.Context, tx *ent.Tx) {
		row, err := tx.Account.Create().SetMobile(vault.Sealed{}).SetCreatedAt(h.clock.Now()).Save(ctx)
		h.must(err)
		o.account = row.ID
		h.must(h.vault.Provide(ctx, vault.AccountKey(row.ID)))
	})
	o.ctx = viewer.With(context.Background(), &viewer.Viewer{Kind: viewer.Driver, AccountID: o.account, Consents: []string{"PARKING_CORE"}})
	o.space = o.shares("B-1")
	return o
}

// shares gives the owner a bay more.
func (o *owner) shares(bay string) (row int64) {
	o.Helper()
	o.system(func(ctx context.Context, tx *ent.Tx) {
		o.made++
		space, err := tx.SharedSpace.Create().SetAccountID(o.account).SetLotID(o.lot).SetBay(fmt.Sprint(bay, "-", o.made)).
			SetState(sharedspace.StateAPPROVED).SetKeyHash(fmt.Append(nil, "space", o.made)).SetCreatedAt(o.clock.Now()).Save(ctx)
		o.must(err)
		row = space.ID
	})
	return row
}

func (o *owner) sets(card string) {
	o.Helper()
	_, err := o.Set(o.ctx, payout.Card{Number: card, Bank: "招商银行"})
	o.must(err)
}

// earns has a reservation of a bay bring its owner so much.
func (o *owner) earns(space, fen int64) {
	o.Helper()
	o.must(o.store.WithTx(o.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		o.made++
		now, key := o.clock.Now(), fmt.Append(nil, "reservation", o.made)
		made, err := tx.Reservation.Create().SetLotID(o.lot).SetState(reservation.StateENDED).SetPlate(vault.Sealed{}).SetPlateIndex([]byte{}).
			SetPlateColor("BLUE").SetOpensAt(now).SetStartsAt(now).SetEndsAt(now).SetLateAt(now).SetHeldUntil(now).SetFreeUntil(now).
			SetFeeFen(fen).SetLateRefundFen(0).SetPaidFen(fen).SetCreatedAt(now).SetKeyHash(key).SetTermsHash(key).Save(ctx)
		if err != nil {
			return err
		}
		order, err := o.isPaid(ctx, tx, made, key)
		if err != nil {
			return err
		}
		return o.books.ShareEarned(ctx, tx, billing.Earned{Reservation: made.ID, Space: space, Lot: o.lot, Order: &order, Fen: fen, At: now})
	}))
}

// isPaid is that somebody has paid for a reservation.
func (h *house) isPaid(ctx context.Context, tx *ent.Tx, of *ent.Reservation, key []byte) (order int64, err error) {
	now := h.clock.Now()
	made, err := tx.PaymentOrder.Create().SetKind(paymentorder.KindRESERVATION).SetState(paymentorder.StatePAID).SetReservationID(of.ID).
		SetLotID(h.lot).SetDueFen(of.FeeFen).SetTakenFen(of.FeeFen).SetExpiresAt(now).SetCreatedAt(now).SetKeyHash(key).Save(ctx)
	if err != nil {
		return 0, err
	}
	paid, err := tx.Payment.Create().SetOrderID(made.ID).SetLotID(h.lot).SetChannel(money.WeChat).SetNumber(string(key)).SetFen(of.FeeFen).
		SetState(payment.StateSUCCEEDED).SetPaidFen(of.FeeFen).SetTakenFen(of.FeeFen).SetExpiresAt(now).SetCreatedAt(now).SetKeyHash(key).Save(ctx)
	if err != nil {
		return 0, err
	}
	return made.ID, ledger.New(h.clock).Write(ctx, tx, ledger.Movement{
		Cause: ledgerentry.CausePAYMENT, CauseID: paid.ID, LotID: h.lot, OrderID: made.ID, OccurredAt: now,
		Lines: ledger.Received(money.WeChat, ledgerline.AccountRESERVATIONS, of.FeeFen, 0),
	})
}

// days lets days pass, and settles.
func (h *house) days(n int) {
	h.Helper()
	h.clock.Pass(time.Duration(n) * 24 * time.Hour)
	h.must(h.SettleDue(context.Background()))
}

// settled answers the owner's settlements, newest first.
func (o *owner) settled() []*payout.Settlement {
	o.Helper()
	found, err := o.Settlements(o.ctx, page.Request{First: 20})
	o.must(err)
	return found.Items
}

// mustBe fails unless so much is owed, and so much of it is being paid, and the settlements are in these states.
func (o *owner) mustBe(owed, pending int64, states ...settlement.State) {
	o.Helper()
	got, err := o.Earnings(o.ctx)
	o.must(err)
	if *got != (payout.Earnings{OwedFen: owed, PendingFen: pending}) {
		o.Errorf("%+v, want %d and %d", *got, owed, pending)
	}
	var found []settlement.State
	for _, s := range o.settled() {
		found = append(found, s.State)
	}
	if fmt.Sprint(found) != fmt.Sprint(states) {
		o.Errorf("%v, want %v", found, states)
	}
}

// paidOut fails unless cards were paid these amounts, in this order, and the books say the same.
func (h *house) paidOut(amounts ...int64) {
	h.Helper()
	var got []int64
	var sum int64
	for _, p := range h.bank.PaidOut() {
		got = append(got, p.Fen)
		sum += p.Fen
		if p.Holder != holder {
			h.Error("the card is somebody else's")
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(amounts) {
		h.Errorf("the bank has paid %v, want %v", got, amounts)
	}
	lines, err := h.store.Fresh(h.asSystem()).LedgerLine.Query().Where(ledgerline.AccountEQ(ledgerline.AccountCLEARING)).All(h.asSystem())
	h.must(err)
	for _, l := range lines {
		sum += l.Fen
	}
	if sum != 0 {
		h.Errorf("bank and books differ by %d fen", sum)
	}
	proof, err := ledger.New(h.clock).Prove(context.Background(), h.store)
	h.must(err)
	for _, o := range proof.Offences {
		h.Error(o)
	}
}

// tasks are done when a test says so.
type tasks struct {
	mu      sync.Mutex
	waiting map[int64]int // by what they are about; how often each was tried
	do      outbox.Handler
}

// Put keeps a task.
func (q *tasks) Put(_ context.Context, _ *ent.Tx, kind task.Kind, aboutID, accountID int64) error {
	if kind != task.KindPAYOUT || accountID != 0 {
		return fmt.Errorf("a strange task %s", kind)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting[aboutID] = 0
	return nil
}

// Handle learns how tasks are done.
func (q *tasks) Handle(kind task.Kind, do outbox.Handler) {
	if kind == task.KindPAYOUT {
		q.do = do
	}
}

// try does one task once.
func (h *house) try(ctx context.Context, about int64) error {
	return h.tasks.do(viewer.AsSystem(ctx, "test"), outbox.Job{AboutID: about, Attempt: 1})
}

// works does all tasks until they are done, or have been tried so often; time passes between the tries.
func (h *house) works(tries int) {
	h.Helper()
	for range tries {
		left := 0
		for about := range h.tasks.waiting {
			if err := h.try(h.Context(), about); err != nil {
				left++
				continue
			}
			delete(h.tasks.waiting, about)
		}
		if left == 0 {
			return
		}
		h.clock.Pass(time.Minute)
	}
}

// pending answers the settlement that is to be paid.
func (h *house) pending() int64 {
	h.Helper()
	row, err := h.store.Fresh(h.asSystem()).Settlement.Query().Where(settlement.StateEQ(settlement.StatePENDING)).Only(h.asSystem())
	h.must(err)
	return row.ID
}

// dying is a bank that dies with us at a step: before it hears of a payout, or before we hear its answer.
type dying struct {
	payout.Bank
	before, after bool
}

func (d *dying) Payout(ctx context.Context, p charge.Payout) (charge.PayoutReceipt, error) {
	if d.before {
		panic("killed before the call")
	}
	receipt, err := d.Bank.Payout(ctx, p)
	if d.after {
		panic("killed after the call")
	}
	return receipt, err
}
