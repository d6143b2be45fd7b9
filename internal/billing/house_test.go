package billing_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/consent"
	"parkbff/ent/gatecommand"
	"parkbff/ent/invoice"
	"parkbff/ent/observation"
	"parkbff/ent/task"
	"parkbff/internal/agreement"
	"parkbff/internal/billing"
	"parkbff/internal/cnid"
	"parkbff/internal/discount"
	"parkbff/internal/fault"
	"parkbff/internal/loyalty"
	"parkbff/internal/mall"
	"parkbff/internal/money"
	told "parkbff/internal/notice"
	"parkbff/internal/outbox"
	"parkbff/internal/parking"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/partner/charge"
	"parkbff/internal/permit"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/reservation"
	"parkbff/internal/shift"
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
	car   = "粤B12345"
	other = "粤B54321"
	in    = observation.DirectionENTRY
	out   = observation.DirectionEXIT
)

// house is billing and parking on one store, with a channel that takes money and tasks that are done when a test
// says so.
type house struct {
	testing.TB
	clock   *testkit.Clock
	store   *store.Store
	parking *parking.Service
	*billing.Service
	vouchers  *discount.Service
	permits   *permit.Service
	shifts    *shift.Service
	bays      *reservation.Service
	loyalty   *loyalty.Service
	mall      *mall.Service
	bound     []string          // plates; a binding's row is one more than where its plate stands
	discounts billing.Discounts // the same, unless a test gives it a fault
	agreed    *agreement.Service
	channel   *channel
	till      billing.Till // the same, unless it is elsewhere
	outbox    *outbox.Service
	queue     *queue
	told      []told.Telling
	codes     int
	back      []int64 // orders of which something went back
}

func eachHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) { test(t, newHouse(t, s)) })
}

func newHouse(t testing.TB, s *store.Store) *house {
	t.Helper()
	h := &house{TB: t, clock: testkit.NewClock(morning), store: s}
	h.channel = newChannel(h.clock)
	h.till = h.channel
	h.queue = &queue{}
	h.outbox = outbox.New(outbox.Config{Store: s, Queue: h.queue, Clock: h.clock, SweepEvery: time.Hour})
	keys := vault.New(vaulttest.Keys(t), s.DataKeys())
	catalogue, err := consents.Published()
	h.must(err)
	h.parking, err = parking.New(parking.Config{
		Store: s, Vault: keys, Clock: h.clock, Random: rand.Reader, Calendar: tariff.Calendar{}, Teller: h, Bus: h,
		Policies: catalogue, Log: slog.New(slog.DiscardHandler), QuoteKey: make([]byte, 32),
	})
	h.must(err)
	h.must(h.parking.Import(t.Context(), []lotfile.Lot{lot("A"), lot("B")}))
	h.vouchers = discount.New(discount.Config{Store: s, Vault: keys, Clock: h.clock, Lots: h.parking})
	h.discounts = h.vouchers
	h.permits = permit.New(permit.Config{Store: s, Vault: keys, Clock: h.clock, Lots: h.parking, Garage: h})
	h.shifts = shift.New(shift.Config{Store: s, Vault: keys, Clock: h.clock, Lots: h.parking})
	h.bays = reservation.New(reservation.Config{Store: s, Vault: keys, Clock: h.clock, Lots: h.parking, Garage: h, Teller: h})
	h.loyalty = loyalty.New(loyalty.Config{Store: s, Clock: h.clock, Policies: catalogue})
	h.mall = mall.New(mall.Config{Store: s, Vault: keys, Clock: h.clock, Lots: h.parking, Points: h.loyalty, Vouchers: h.vouchers})
	h.open(h.parking, h.outbox)
	ctx, stop := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { h.outbox.Run(ctx) })
	t.Cleanup(func() {
		stop()
		working.Wait()
	})
	return h
}

// open makes the service anew, as after a crash; what stays and tasks are is the test's to say.
func (h *house) open(stays billing.Stays, tasks billing.Tasks) {
	h.agreed = agreement.New(agreement.Config{
		Store: h.store, Vault: vault.New(vaulttest.Keys(h), h.store.DataKeys()), Clock: h.clock, Random: rand.Reader,
		Payers: h, Stays: h.parking, Tasks: tasks, Offers: map[money.Channel]agreement.Offer{
			money.WeChat: {Channel: h.channel, Way: money.PasswordFree},
		},
	})
	h.Service = billing.New(billing.Config{
		Store: h.store, Vault: vault.New(vaulttest.Keys(h), h.store.DataKeys()), Clock: h.clock, Random: rand.Reader,
		Stays: stays, Discounts: h.discounts, Permits: h.permits, Drawers: h.shifts, Reservations: h.bays, Points: h.loyalty, Mall: h.mall, Payers: h, Office: h, Invoices: h, Agreements: h.agreed, Tasks: tasks, Log: slog.New(slog.DiscardHandler),
		Tills: map[money.Channel]billing.Offer{
			money.WeChat: {Till: h.till, Ways: []money.Way{money.MiniProgram, money.H5, money.App}},
		},
	})
	h.agreed.SetOrders(h.Service)
	h.parking.SetCollector(h.agreed)
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// Tell keeps what accounts are told.
func (h *house) Tell(_ context.Context, _ *ent.Tx, t told.Telling) error {
	h.told = append(h.told, t)
	return nil
}

// Publish goes nowhere.
func (*house) Publish(string, []byte) error { return nil }

// Refunded keeps of which orders something went back; what invoices make of it, their own tests say.
func (h *house) Refunded(_ context.Context, _ *ent.Tx, order int64) error {
	h.back = append(h.back, order)
	return nil
}

// StatesOf knows no invoice.
func (*house) StatesOf(context.Context, []int64) (map[int64]invoice.State, error) { return nil, nil }

// PayerOn knows everybody.
func (*house) PayerOn(context.Context, money.Channel, string) (string, error) { return "somebody", nil }

// BoundPlate answers whatever a test has bound.
func (h *house) BoundPlate(_ context.Context, row int64) (cnid.Plate, error) {
	if row < 1 || row > int64(len(h.bound)) {
		return cnid.Plate{}, fault.NotFound
	}
	return cnid.ParsePlate(h.bound[row-1], "")
}

// Office lets administrators in.
func (*house) Office(ctx context.Context, role viewer.Role) (*viewer.Viewer, error) {
	switch v := viewer.Of(ctx); {
	case v.Kind == viewer.Anonymous:
		return nil, fault.Unauthenticated
	case !v.Holds(role):
		return nil, fault.Forbidden
	default:
		return v, nil
	}
}

// SteppedUp lets all staff pass but one.
func (h *house) SteppedUp(ctx context.Context) error {
	if viewer.Of(ctx).StaffID == withoutFactor {
		return errNoFactor
	}
	return nil
}

// lot has a barrier and costs 5 yuan for every hour begun, the first 15 minutes nothing.
func lot(code string) lotfile.Lot {
	hourly := tariff.Always(tariff.RateTable{
		Free:             tariff.Free{Minutes: 15},
		Collections:      tariff.AllDay(tariff.RateLine{UnitMinutes: 60, Fen: 500}),
		ExitGraceMinutes: 15,
	})
	return lotfile.Lot{
		Code: code, Name: "测试" + code + "停车场", Region: lotfile.Mainland, City: "深圳", Capacity: 100, Barrier: true,
		Gates: []lotfile.Gate{{Code: "G1", Direction: lotfile.Both}}, Tariff: &hourly, Capabilities: []string{"MONTHLY_PASS", "RESERVATION"},
	}
}

func (h *house) gate(lotCode string) context.Context {
	at, _ := h.parking.Lot(lotCode)
	gate, _ := h.parking.GateAt(at, "G1")
	return viewer.With(context.Background(), &viewer.Viewer{
		Kind: viewer.Gate, GateID: gate.Row, Lots: []viewer.LotRole{{LotID: at.Row}},
	})
}

// sees has the gate of lot A see a car now.
func (h *house) sees(direction observation.Direction, plate string) *parking.Outcome {
	h.Helper()
	return h.seesAt("A", direction, plate)
}

func (h *house) seesAt(lotCode string, direction observation.Direction, plate string) *parking.Outcome {
	h.Helper()
	h.codes++
	outcome, err := h.parking.Observe(h.gate(lotCode), h.observation(lotCode, direction, plate))
	h.must(err)
	return outcome
}

// observation is what the gate of a lot reports of a car now.
func (h *house) observation(lotCode string, direction observation.Direction, plate string) parking.Observation {
	return parking.Observation{
		EventID: fmt.Sprint("e", h.codes), LotCode: lotCode, GateCode: "G1", Direction: direction, Plate: plate,
		ObservedAt: h.clock.Now(), Confidence: 1,
	}
}

func (h *house) pass(d time.Duration) { h.clock.Pass(d) }

const withoutFactor = 99

var errNoFactor = fault.New("STEP_UP_REQUIRED", "test")

func (h *house) staff(id int64, role viewer.Role) context.Context {
	at, _ := h.parking.Lot("A")
	return viewer.With(context.Background(), &viewer.Viewer{
		Kind: viewer.Staff, StaffID: id, Lots: []viewer.LotRole{{LotID: at.Row, Role: role}},
	})
}

func (h *house) manager() context.Context { return h.staff(7, viewer.Manager) }

// opensShift has staff of lot A begin a shift.
func (h *house) opensShift(who context.Context, float int64) *shift.Shift {
	h.Helper()
	opened, err := h.shifts.Open(who, shift.Opening{IdempotencyKey: h.key(), LotCode: "A", FloatFen: float})
	h.must(err)
	return opened
}

// driver is a new account that follows a channel and is a member.
func (h *house) driver() context.Context {
	h.Helper()
	var id int64
	h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.Account.Create().SetMobile(vault.Sealed{}).SetCreatedAt(h.clock.Now()).Save(ctx)
		if err != nil {
			return err
		}
		id = row.ID
		for _, purpose := range []consent.Purpose{consent.PurposePARKING_CORE, consent.PurposeMEMBERSHIP} {
			if err := tx.Consent.Create().SetAccountID(id).SetPurpose(purpose).SetPolicyVersion("2025-05-16").SetGrantedAt(h.clock.Now()).Exec(ctx); err != nil {
				return err
			}
		}
		return tx.ChannelLink.Create().SetAccountID(id).SetChannel(channellink.ChannelAPP).SetLinkedAt(h.clock.Now()).Exec(ctx)
	}))
	return viewer.With(context.Background(), &viewer.Viewer{
		Kind: viewer.Driver, AccountID: id, Consents: []string{"PARKING_CORE", "MEMBERSHIP"},
	})
}

func (h *house) asSystem() context.Context { return viewer.AsSystem(context.Background(), "test") }

// laneQuote is what somebody is quoted who stands at the lane of lot A.
func (h *house) laneQuote() parking.Quote {
	h.Helper()
	at, _ := h.parking.Lot("A")
	gate, _ := h.parking.GateAt(at, "G1")
	quote, err := h.parking.QuoteLane(context.Background(), gate.LaneCode)
	h.must(err)
	return quote
}

// plateQuote is what anybody is quoted for a plate in lot A.
func (h *house) plateQuote(plate string) parking.Quote {
	h.Helper()
	quote, err := h.parking.QuotePlate(context.Background(), plate, "", "A")
	h.must(err)
	return quote
}

// orders makes an order of a quote.
func (h *house) orders(ctx context.Context, quote parking.Quote) *billing.Ordered {
	h.Helper()
	made, err := h.tryOrder(ctx, h.key(), quote)
	h.must(err)
	return made
}

func (h *house) tryOrder(ctx context.Context, key string, quote parking.Quote) (*billing.Ordered, error) {
	payable, ok := quote.(parking.Payable)
	if !ok {
		h.Fatalf("nothing to order: %T", quote)
	}
	return h.CreateOrder(ctx, billing.NewOrder{IdempotencyKey: key, Quote: payable.Token})
}

// begins begins a payment on a page.
func (h *house) begins(ctx context.Context, made *billing.Ordered) *billing.Payment {
	h.Helper()
	begun, err := h.tryPay(ctx, h.key(), made)
	h.must(err)
	return begun
}

func (h *house) tryPay(ctx context.Context, key string, made *billing.Ordered) (*billing.Payment, error) {
	return h.Pay(ctx, billing.Attempt{
		IdempotencyKey: key, Order: made.Order.Row, Proof: made.Proof, Channel: money.WeChat, Way: money.H5,
	})
}

// pays orders, pays and has the channel say so.
func (h *house) pays(ctx context.Context, quote parking.Quote) *billing.Ordered {
	h.Helper()
	made := h.orders(ctx, quote)
	begun := h.begins(ctx, made)
	h.must(h.channel.pay(begun.Number))
	h.hears(begun)
	return made
}

// hears takes in what the channel says of a payment.
func (h *house) hears(p *billing.Payment) {
	h.Helper()
	receipt, err := h.channel.Find(h.Context(), charge.Named{Number: p.Number})
	h.must(err)
	h.must(h.Received(h.Context(), money.WeChat, receipt))
}

func (h *house) key() string {
	h.codes++
	return fmt.Sprint("key-", h.codes)
}

// order reads an order as the staff of the lot.
func (h *house) order(row int64) *billing.Order {
	h.Helper()
	order, err := h.Order(h.manager(), row, "")
	h.must(err)
	return order
}

// opened counts the orders to open that the gate of lot A was sent.
func (h *house) opened() int {
	h.Helper()
	n, err := h.store.Fresh(h.asSystem()).GateCommand.Query().Where(gatecommand.KindEQ(gatecommand.KindOPEN)).Count(h.asSystem())
	h.must(err)
	return n
}

// balanced fails when the ledger does not balance, or the points do not.
func (h *house) balanced() {
	h.Helper()
	proof, err := h.Prove(context.Background())
	h.must(err)
	for _, o := range proof.Offences {
		h.Error(o)
	}
	points, err := h.loyalty.Prove(context.Background())
	h.must(err)
	for _, o := range points {
		h.Error(o)
	}
}

// queue hands messages out when a test says so. The outbox in front of it is the real one.
type queue struct {
	mu      sync.Mutex
	waiting [][]byte
	do      func(ctx context.Context, payload []byte) time.Duration
}

// Publish keeps a message.
func (q *queue) Publish(_ context.Context, _ string, payload []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, payload)
	return nil
}

// Consume learns how messages are done.
func (q *queue) Consume(ctx context.Context, _ int, do func(ctx context.Context, payload []byte) time.Duration) {
	q.mu.Lock()
	q.do = do
	q.mu.Unlock()
	<-ctx.Done()
}

func (q *queue) take() ([]byte, func(ctx context.Context, payload []byte) time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 || q.do == nil {
		return nil, q.do
	}
	first := q.waiting[0]
	q.waiting = q.waiting[1:]
	return first, q.do
}

// works does the tasks that are due.
func (h *house) works() {
	h.Helper()
	h.must(h.outbox.Sweep(context.Background()))
	for {
		payload, do := h.queue.take()
		if do == nil {
			time.Sleep(time.Millisecond)
			continue
		}
		if payload == nil {
			return
		}
		do(context.Background(), payload)
	}
}

// settles lets time pass until nothing is left to do.
func (h *house) settles() {
	h.Helper()
	for range 200 {
		h.works()
		left, err := h.store.Fresh(h.asSystem()).Task.Query().Where(task.StateEQ(task.StateWAITING)).Count(h.asSystem())
		h.must(err)
		if left == 0 {
			return
		}
		h.pass(time.Minute)
	}
	h.Fatal("tasks are never done")
}
