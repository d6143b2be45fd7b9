package loyalty_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/ent/membership"
	"parkbff/internal/loyalty"
	"parkbff/internal/page"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

// morning is a Saturday of November, 09:00 in Shanghai.
var morning = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)

const yuan = 100

type house struct {
	testing.TB
	clock *testkit.Clock
	store *store.Store
	*loyalty.Service
	causes   int64
	accounts int64
}

// eachHouse runs a test on each engine, after which the books must agree.
func eachHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	eachTampered(t, func(t *testing.T, h *house) {
		test(t, h)
		h.proven()
	})
}

// eachTampered is eachHouse, and the books need not agree.
func eachTampered(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		catalogue, err := consents.Published()
		if err != nil {
			t.Fatal(err)
		}
		h := &house{TB: t, clock: testkit.NewClock(morning), store: s}
		h.Service = loyalty.New(loyalty.Config{Store: s, Clock: h.clock, Policies: catalogue})
		test(t, h)
	})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) asSystem() context.Context { return viewer.AsSystem(context.Background(), "test") }

func (h *house) tx(do func(ctx context.Context, tx *ent.Tx) error) error {
	return h.store.WithTx(h.asSystem(), do)
}

// member is a new account that takes part.
func (h *house) member() context.Context {
	h.Helper()
	h.accounts++
	id := h.accounts
	h.must(h.tx(func(ctx context.Context, tx *ent.Tx) error {
		for _, purpose := range []consent.Purpose{consent.PurposePARKING_CORE, consent.PurposeMEMBERSHIP} {
			if err := tx.Consent.Create().SetAccountID(id).SetPurpose(purpose).SetPolicyVersion("2025-05-16").SetGrantedAt(h.clock.Now()).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
	return viewer.With(context.Background(), &viewer.Viewer{Kind: viewer.Driver, AccountID: id, Consents: []string{"PARKING_CORE", "MEMBERSHIP"}})
}

func accountOf(who context.Context) int64 { return viewer.Of(who).AccountID }

// withdraws takes back a consent of an account.
func (h *house) withdraws(who context.Context, purpose consent.Purpose) {
	h.Helper()
	h.must(h.tx(func(ctx context.Context, tx *ent.Tx) error {
		return tx.Consent.Update().Where(consent.AccountID(accountOf(who)), consent.PurposeEQ(purpose)).SetWithdrawnAt(h.clock.Now()).Exec(ctx)
	}))
}

// pays has an account pay so many fen for a stay, and answers the payment.
func (h *house) pays(who context.Context, fen int64) (payment int64) {
	h.Helper()
	h.causes++
	payment = h.causes
	h.must(h.tx(func(ctx context.Context, tx *ent.Tx) error {
		return h.Earn(ctx, tx, loyalty.Paid{AccountID: accountOf(who), PaymentID: payment, OrderID: 1000 + payment, Fen: fen})
	}))
	return payment
}

// refunds gives back a part of a payment of which so much was kept.
func (h *house) refunds(payment, before, fen int64) {
	h.Helper()
	h.causes++
	h.must(h.tx(func(ctx context.Context, tx *ent.Tx) error {
		return h.TakeBack(ctx, tx, loyalty.GivenBack{PaymentID: payment, RefundID: h.causes, OrderID: 1000 + payment, Before: before, After: before - fen})
	}))
}

func (h *house) spends(who context.Context, points int64) (order int64) {
	h.Helper()
	h.causes++
	order = h.causes
	h.must(h.trySpend(who, points, order))
	return order
}

func (h *house) trySpend(who context.Context, points, order int64) error {
	return h.tx(func(ctx context.Context, tx *ent.Tx) error { return h.Spend(ctx, tx, accountOf(who), points, order) })
}

func (h *house) returns(order int64) {
	h.Helper()
	h.must(h.tx(func(ctx context.Context, tx *ent.Tx) error { return h.Return(ctx, tx, order) }))
}

// has fails unless an account has so many points and owes so many.
func (h *house) has(who context.Context, points, owed int) *loyalty.Membership {
	h.Helper()
	m, err := h.Of(who)
	h.must(err)
	if m.Points != points || m.OwedPoints != owed {
		h.Errorf("%d points and %d owed; want %d and %d", m.Points, m.OwedPoints, points, owed)
	}
	return m
}

// moves fails unless the account's points moved so, the latest first.
func (h *house) moves(who context.Context, want ...move) {
	h.Helper()
	got, err := h.Ledger(who, page.Request{First: 100})
	h.must(err)
	for i := range max(len(want), len(got.Items)) {
		switch {
		case i >= len(want):
			h.Errorf("and %s %d", got.Items[i].Kind, got.Items[i].Points)
		case i >= len(got.Items):
			h.Errorf("no %v", want[i])
		case (move{string(got.Items[i].Kind), got.Items[i].Points, got.Items[i].Balance}) != want[i]:
			h.Errorf("%s %d, then %d; want %v", got.Items[i].Kind, got.Items[i].Points, got.Items[i].Balance, want[i])
		}
	}
}

type move struct {
	kind            string
	points, balance int
}

// proven fails when the books do not say what there is.
func (h *house) proven() {
	h.Helper()
	found, err := h.Prove(context.Background())
	h.must(err)
	for _, offence := range found {
		h.Error(offence)
	}
}

func (h *house) row(who context.Context) *ent.Membership {
	h.Helper()
	row, err := h.store.Fresh(h.asSystem()).Membership.Query().Where(membership.AccountID(accountOf(who))).Only(h.asSystem())
	h.must(err)
	return row
}

func refused(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v, not %v", err, want)
	}
}
