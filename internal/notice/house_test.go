package notice_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parkbff/ent"
	entnotice "parkbff/ent/notice"
	"parkbff/ent/sessionaccess"
	"parkbff/internal/bus"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/notice"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

const (
	patience = 10 * time.Second
	// moment is long enough for something that must not happen.
	moment = 50 * time.Millisecond
	plate  = "湘A12345"
	never  = time.Hour
)

var noon = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is one store with accounts and stays, and one bus whose every message is recorded.
type house struct {
	t       testing.TB
	store   *store.Store
	vault   *vault.Vault
	clock   *settableClock
	bus     *recordingBus
	numbers atomic.Int64
	lot     int64
}

func eachHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) { test(t, newHouse(t, s)) })
}

func newHouse(t testing.TB, s *store.Store) *house {
	t.Helper()
	v, _ := vaulttest.New(t)
	h := &house{t: t, store: s, vault: v, clock: &settableClock{now: noon}, bus: newRecordingBus(t)}
	h.write(func(ctx context.Context, tx *ent.Tx) error {
		lot, err := tx.Lot.Create().SetCreatedAt(noon).SetCode("WXC").SetName("万象城").SetHalfName("万***停车场").
			SetRegion("CN").SetCity("长沙市").SetCapacity(100).Save(ctx)
		if err == nil {
			h.lot = lot.ID
		}
		return err
	})
	return h
}

// replica answers a service that runs until the test ends.
func (h *house) replica(reconcileEvery time.Duration) *notice.Service {
	h.t.Helper()
	return h.replicaOn(h.bus, reconcileEvery)
}

func (h *house) replicaOn(b notice.Bus, reconcileEvery time.Duration) *notice.Service {
	h.t.Helper()
	s := h.serviceOn(b, reconcileEvery)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	h.t.Cleanup(func() { stop(); running.Wait() })
	return s
}

// service answers a service that hears only of what it tells itself.
func (h *house) service(reconcileEvery time.Duration) *notice.Service {
	return h.serviceOn(h.bus, reconcileEvery)
}

func (h *house) serviceOn(b notice.Bus, reconcileEvery time.Duration) *notice.Service {
	return notice.New(notice.Config{
		Store: h.store, Vault: h.vault, Bus: b, Clock: h.clock, Lots: names{},
		Log: slog.New(slog.DiscardHandler), ReconcileEvery: reconcileEvery,
	})
}

func (h *house) account() int64 {
	h.t.Helper()
	var id int64
	h.write(func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.Account.Create().SetCreatedAt(noon).SetMobile(vault.Sealed("sealed")).
			SetMobileIndex(h.unique()).Save(ctx)
		if err == nil {
			id = row.ID
		}
		return err
	})
	if err := h.vault.Provide(h.t.Context(), vault.AccountKey(id)); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// accounts answers many of them, in ascending order.
func (h *house) accounts(many int) []int64 {
	h.t.Helper()
	ids := make([]int64, many)
	h.write(func(ctx context.Context, tx *ent.Tx) error {
		for i := range ids {
			row, err := tx.Account.Create().SetCreatedAt(noon).SetMobile(vault.Sealed("sealed")).
				SetMobileIndex(h.unique()).Save(ctx)
			if err != nil {
				return err
			}
			ids[i] = row.ID
		}
		return nil
	})
	for _, id := range ids {
		if err := h.vault.Provide(h.t.Context(), vault.AccountKey(id)); err != nil {
			h.t.Fatal(err)
		}
	}
	return ids
}

// intercept calls before for each statement that reads entities; its error is the statement's.
func (h *house) intercept(before func() error) {
	h.store.Fresh(context.Background()).Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
		return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
			if err := before(); err != nil {
				return nil, err
			}
			return next.Query(ctx, q)
		})
	}))
}

// observe calls after with the number of notices of each statement that reads them.
func (h *house) observe(after func(rows int)) {
	h.store.Fresh(context.Background()).Notice.Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
		return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
			value, err := next.Query(ctx, q)
			if rows, ok := value.([]*ent.Notice); ok {
				after(len(rows))
			}
			return value, err
		})
	}))
}

// hint says on the bus that an account was told something.
func (h *house) hint(accountID, sequence int64) {
	h.t.Helper()
	if err := h.bus.Publish(subjectOf(accountID), fmt.Append(nil, sequence)); err != nil {
		h.t.Fatal(err)
	}
}

// grant lets the account see a stay, as paying for it does.
func (h *house) grant(accountID, stay int64) {
	h.t.Helper()
	h.write(func(ctx context.Context, tx *ent.Tx) error {
		return tx.SessionAccess.Create().SetAccountID(accountID).SetSessionID(stay).SetBound(false).SetPaid(true).Exec(ctx)
	})
}

// stay answers a stay that the account may see.
func (h *house) stay(accountID int64) int64 {
	h.t.Helper()
	var id int64
	h.write(func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.ParkingSession.Create().SetLotID(h.lot).SetPlate(vault.Sealed("sealed")).
			SetPlateIndex(h.unique()).SetPlateColor("BLUE").SetEnteredAt(noon).SetCreatedAt(noon).Save(ctx)
		if err != nil {
			return err
		}
		id = row.ID
		return tx.SessionAccess.Create().SetAccountID(accountID).SetSessionID(id).SetBound(true).Exec(ctx)
	})
	return id
}

func (h *house) hide(accountID, stay int64) {
	h.t.Helper()
	h.write(func(ctx context.Context, tx *ent.Tx) error {
		return tx.SessionAccess.Update().SetHidden(true).
			Where(sessionaccess.AccountID(accountID), sessionaccess.SessionID(stay)).Exec(ctx)
	})
}

// evict takes the account's access to a stay away, silently.
func (h *house) evict(accountID, stay int64) {
	h.t.Helper()
	h.write(func(ctx context.Context, tx *ent.Tx) error { return forget(ctx, tx, accountID, stay) })
}

func forget(ctx context.Context, tx *ent.Tx, accountID, stay int64) error {
	_, err := tx.SessionAccess.Delete().
		Where(sessionaccess.AccountID(accountID), sessionaccess.SessionID(stay)).Exec(ctx)
	return err
}

func (h *house) write(fn func(ctx context.Context, tx *ent.Tx) error) {
	h.t.Helper()
	if err := h.store.WithTx(viewer.AsSystem(context.Background(), "test"), fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) unique() []byte { return []byte(fmt.Sprint(h.numbers.Add(1))) }

// entering is a notice about a stay; stay 0 means none.
func (h *house) entering(accountID, stay int64) notice.Telling {
	return notice.Telling{
		AccountID: accountID, Kind: entnotice.KindENTERED, SessionID: stay, VehicleID: 7, LotID: h.lot,
		Plate: plate, OccurredAt: noon.Add(-time.Minute),
	}
}

func (h *house) tell(s *notice.Service, tellings ...notice.Telling) {
	h.t.Helper()
	if err := h.tryTell(s, nil, tellings...); err != nil {
		h.t.Fatal(err)
	}
}

// tryTell tells in one transaction, which then ends with the given error.
func (h *house) tryTell(s *notice.Service, ending error, tellings ...notice.Telling) error {
	return h.store.WithTx(context.Background(), func(ctx context.Context, tx *ent.Tx) error {
		for _, t := range tellings {
			if err := s.Tell(ctx, tx, t); err != nil {
				return err
			}
		}
		return ending
	})
}

// as answers a context in which the account is asking.
func as(accountID int64) context.Context {
	return viewer.With(context.Background(), &viewer.Viewer{
		Kind: viewer.Driver, AccountID: accountID, Consents: []string{"PARKING_CORE"},
	})
}

func isNotFound(err error) bool { return errors.Is(err, fault.NotFound) }

func mustFail(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func subjectOf(accountID int64) string { return fmt.Sprintf("notice.%d", accountID) }

type names struct{}

func (names) LotName(int64) (name, half string) { return "万象城停车场", "万***停车场" }

type settableClock struct {
	mu  sync.Mutex
	now time.Time
}

var _ clock.Clock = (*settableClock)(nil)

func (c *settableClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *settableClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// recordingBus is an embedded bus that can lose what is published.
type recordingBus struct {
	*bus.Bus
	lossy atomic.Bool

	mu   sync.Mutex
	said []string
	back []func()
}

func newRecordingBus(t testing.TB) *recordingBus {
	t.Helper()
	inner, err := bus.Open(context.Background(), bus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := inner.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &recordingBus{Bus: inner}
}

func (b *recordingBus) Publish(subject string, payload []byte) error {
	b.mu.Lock()
	b.said = append(b.said, subject+" "+string(payload))
	b.mu.Unlock()
	if b.lossy.Load() {
		return nil
	}
	return b.Bus.Publish(subject, payload)
}

func (b *recordingBus) OnReconnect(hook func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.back = append(b.back, hook)
}

// reconnect does what the bus does when messages may have been lost.
func (b *recordingBus) reconnect() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, hook := range b.back {
		hook()
	}
}

func (b *recordingBus) everything() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.said, "\n")
}
