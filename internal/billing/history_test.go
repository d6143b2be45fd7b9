package billing_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/ent"
	"parkbff/ent/observation"
	"parkbff/ent/payment"
	"parkbff/ent/refund"
	"parkbff/ent/task"
	"parkbff/internal/billing"
	"parkbff/internal/outbox"
	"parkbff/internal/parking"
	"parkbff/internal/testkit"
)

// deed is something that happens in a history.
type deed string

// Deeds. Each is about the one car of its history, the payments that were begun for it, or the whole house.
const (
	orders      deed = "orders"          // somebody orders by a quote for the plate or at the lane
	begins      deed = "begins"          // and begins to pay the last order
	pays        deed = "pays"            // a payer pays the last payment at the channel
	paysAgain   deed = "pays again"      // another payer pays the one before
	paysLate    deed = "pays late"       // the channel takes a payment that was closed
	paysMore    deed = "pays more"       // and more than it was asked for
	hears       deed = "hears"           // the channel says what became of all payments
	hearsTwice  deed = "hears twice"     // and says it again
	leaves      deed = "leaves"          // the gate sees the car wanting to leave
	entersAgain deed = "enters again"    // the car turns up elsewhere: the stay becomes a GHOST
	cash        deed = "cash"            // staff take what is owed
	counts      deed = "counts"          // and count the drawer, and begin with the rest
	refunds     deed = "refunds"         // a manager gives a part of the last order back
	cancels     deed = "cancels"         // the last order is cancelled
	minutes     deed = "minutes pass"    // a few
	hour        deed = "an hour passes"  //
	works       deed = "works"           // tasks that are due are done
	grants      deed = "gives a voucher" // a manager does
	uses        deed = "uses a voucher"  // somebody orders with the last that was given out
	buys        deed = "buys the last"   // two order the last voucher of an offer, and one of them gets it
	day         deed = "a day passes"    // and vouchers with it
	loses       deed = "loses answers"   // the channel does the next call and its answer is lost
	away        deed = "is away"         // the channel does not take the next call
	dies        deed = "dies"            // the process dies in the middle of the next deed
)

// acts are deeds that often follow each other.
var acts = [][]deed{
	{orders, begins, pays, hears},
	{orders, begins, pays, hearsTwice, leaves},
	{leaves, orders, begins, pays, hears, leaves},
	{orders, begins, begins, pays, paysAgain, hears},
	{orders, begins, orders, begins, pays, paysAgain, works},
	{orders, begins, minutes, minutes, works, works, paysLate, hears},
	{orders, begins, hour, works, works, paysLate, hears},
	{orders, begins, paysMore, hears, works},
	{orders, begins, paysMore, works, leaves},
	{refunds, works},
	{refunds},
	{cancels},
	{orders, cancels},
	{leaves, cash, leaves},
	{cash, counts},
	{minutes},
	{hour},
	{works},
	{entersAgain},
	{grants, uses, begins, pays, hears},
	{grants, leaves, uses, begins, pays, hears, leaves},
	{grants, uses, begins, orders, begins, pays, paysAgain, hears},
	{grants, uses, begins, hour, works, works, paysLate, hears},
	{grants, uses, cancels, uses},
	{grants, uses, cash},
	{grants, day, uses},
	{buys, begins, pays, hears},
	{buys, begins, begins, pays, paysAgain, hearsTwice, refunds},
	{buys, begins, hour, works, works, paysLate, hears},
	{buys, cancels},
}

// faults come between any two deeds.
var faults = []deed{loses, away, dies, dies}

// history is what happens to one car, with where the process dies in it.
type history struct {
	deeds []deed
	at    int // at which call of store or channel a process dies that dies
}

var histories = rapid.Custom(func(t *rapid.T) history {
	told := history{deeds: []deed{hour}, at: rapid.IntRange(1, 20).Draw(t, "at")}
	for range rapid.IntRange(2, 6).Draw(t, "acts") {
		for _, d := range rapid.SampledFrom(acts).Draw(t, "act") {
			if rapid.IntRange(0, 11).Draw(t, "luck") == 0 {
				told.deeds = append(told.deeds, rapid.SampledFrom(faults).Draw(t, "fault"))
			}
			told.deeds = append(told.deeds, d)
		}
	}
	return told
})

// kinds are all deeds that there are.
func kinds() []deed {
	all := append(slices.Concat(acts...), faults...)
	slices.Sort(all)
	return slices.Compact(all)
}

// teller tells histories in one house, each about a car of its own.
type teller struct {
	*house
	dies *crashes
	cars int
	kind map[deed]int // in how many histories a deed took place

	stays billing.Stays
	work  billing.Tasks
}

func newTeller(h *house) *teller {
	w := &teller{house: h, dies: &crashes{}, kind: map[deed]int{}, stays: h.parking, work: h.outbox}
	w.opensShift(w.manager(), 100)
	w.dies.watch(h)
	return w
}

// story is one history as it goes on.
type story struct {
	*teller
	plate, lot string
	stay       int64
	made       []*billing.Ordered
	who        []context.Context // ordered what was made
	given      []given
	offers     []int64
	begun      []*billing.Payment
	took       map[deed]bool
	failing    error // of the next call of the channel, before or after it took place
	after      bool
	letGo      bool // by what the gate was told last
}

// tell lets a history take place and answers what of it contradicts the rules.
func (w *teller) tell(told history) error {
	w.cars++
	s := &story{teller: w, plate: plateOf(w.cars), lot: "A", took: map[deed]bool{}}
	w.channel.before, w.channel.after = s.calls(false), s.calls(true)
	s.stay = w.sees(in, s.plate).Stay.Row
	for i, d := range told.deeds {
		w.dies.calls, w.dies.at = 0, 0
		if i > 0 && told.deeds[i-1] == dies {
			w.dies.at = told.at
		}
		before := w.opened()
		alive := survived(func() { s.do(d) })
		w.dies.at = 0
		if !alive {
			s.took[dies] = true
			w.reopen()
		}
		if stay := s.now(); w.opened() > before && stay.OwedFen() > 0 || s.letGo && stay.OwedFen() > 0 {
			return fmt.Errorf("%s let a car go that owes %d fen", d, stay.OwedFen())
		}
	}
	s.failing = nil
	for d, took := range s.took {
		if took {
			w.kind[d]++
		}
	}
	s.hear() // channels call for a day
	w.settles()
	return s.judge()
}

// calls is what becomes of the channel's next call, before or after it has taken place.
func (s *story) calls(after bool) func() error {
	return func() error {
		s.dies.step()
		if s.failing == nil || s.after != after {
			return nil
		}
		err := s.failing
		s.failing = nil
		return err
	}
}

// now is how the stay stands.
func (s *story) now() *parking.Stay {
	stay, err := s.parking.Stay(s.asSystem(), s.stay)
	s.must(err)
	return stay
}

// do does a deed if it can be done.
func (s *story) do(d deed) {
	ctx := context.Background()
	switch d {
	case orders:
		if quote, ok := s.quote().(parking.Payable); ok {
			if made, err := s.CreateOrder(ctx, billing.NewOrder{IdempotencyKey: s.key(), Quote: quote.Token}); err == nil {
				s.ordered(ctx, made)
				s.took[d] = true
			}
		}
	case begins:
		if len(s.made) > 0 {
			if begun, err := s.tryPay(s.who[len(s.made)-1], s.key(), s.made[len(s.made)-1]); err == nil {
				s.begun = append(s.begun, begun)
				s.took[d] = true
			} else if errors.Is(err, errAway) {
				s.took[loses] = s.took[loses] || s.after
				s.took[away] = s.took[away] || !s.after
			}
		}
	case pays, paysMore:
		if d == paysMore {
			s.channel.overpay = 7
		}
		s.took[d] = s.payAt(1) || s.took[d]
		s.channel.overpay = 0
	case paysAgain:
		s.took[d] = s.payAt(2) || s.took[d]
	case paysLate:
		s.took[d] = s.payClosed() || s.took[d]
	case hears, hearsTwice:
		s.took[d] = s.hear() || s.took[d]
		if d == hearsTwice {
			s.hear()
		}
	case leaves:
		s.took[d] = true
		s.leave()
	case entersAgain:
		if s.lot == "A" {
			s.took[d] = true
			s.seesAt("B", in, s.plate)
			s.lot = "B"
		}
	case cash:
		s.letGo = false
		s.took[d] = s.giveCash() || s.took[d]
	case counts:
		s.countDrawer()
		s.took[d] = true
	case refunds:
		s.took[d] = s.giveBack() || s.took[d]
	case cancels:
		if len(s.made) > 0 {
			_, err := s.CancelOrder(s.who[len(s.made)-1], s.made[len(s.made)-1].Order.Row, s.made[len(s.made)-1].Proof)
			s.took[d] = err == nil || s.took[d]
		}
	case grants:
		s.given = append(s.given, given{s.grantsFor(1, s.terms()), s.clock.Now()})
		s.took[d] = true
	case uses:
		s.took[d] = s.useLast() || s.took[d]
	case buys:
		s.took[d] = s.buyTheLast() || s.took[d]
	case minutes, hour, day:
		s.took[d] = true
		s.pass(map[deed]time.Duration{minutes: 4 * time.Minute, hour: time.Hour, day: 24 * time.Hour}[d])
	case works:
		s.took[d] = true
		s.teller.works()
	case loses, away:
		s.failing, s.after = errAway, d == loses
		s.took[d] = true
	}
}

// leave has the gate see the car; a second time it may have left already.
func (s *story) leave() {
	s.codes++
	told, err := s.parking.Observe(s.gate("A"), parking.Observation{
		EventID: fmt.Sprint("e", s.codes), LotCode: "A", GateCode: "G1", Direction: out, Plate: s.plate, ObservedAt: s.clock.Now(),
	})
	if !errors.Is(err, parking.EntryNotFound) {
		s.must(err)
	}
	s.letGo = told.Stay != nil && told.Stay.Row == s.stay && told.Barrier.Reason == observation.ReasonNOTHING_DUE
}

// plateOf is a plate that is no misreading of another: the last figure checks the others.
func plateOf(n int) string {
	check, letter := n/10_000, rune('A'+n/10_000)
	for rest := n % 10_000; rest > 0; rest /= 10 {
		check += rest % 10
	}
	return fmt.Sprintf("粤%c%04d%d", letter, n%10_000, check%10)
}

func (s *story) quote() parking.Quote {
	if s.codes%2 == 0 {
		quote, err := s.parking.QuotePlate(context.Background(), s.plate, "", "A")
		if err == nil {
			return quote
		}
	}
	quote, err := s.parking.QuoteStay(s.asSystem(), s.stay)
	s.must(err)
	return quote
}

// payAt pays the last payment but so many.
func (s *story) payAt(back int) bool {
	return len(s.begun) >= back && s.channel.pay(s.begun[len(s.begun)-back].Number) == nil
}

func (s *story) payClosed() bool {
	for _, p := range s.begun {
		if s.channel.isClosed(p.Number) {
			s.channel.payLate(p.Number)
			return true
		}
	}
	return false
}

func (s *story) hear() (any bool) {
	for _, p := range s.begun {
		if r, ok := s.channel.said(p.Number); ok {
			s.must(s.Received(context.Background(), "WECHAT", r))
			any = true
		}
	}
	return any
}

func (s *story) giveCash() bool {
	stay := s.now()
	_, err := s.TakeCash(s.manager(), billing.Cash{IdempotencyKey: s.key(), Session: s.stay, Fen: stay.OwedFen()})
	return err == nil
}

func (s *story) giveBack() bool {
	for _, made := range slices.Backward(s.made) {
		_, err := s.RefundOrder(s.manager(), billing.NewRefund{IdempotencyKey: s.key(), Order: made.Order.Row, Fen: 100, Reason: "x"})
		if err == nil {
			return true
		}
	}
	return false
}

// judge holds what was left of a history against the rules.
func (s *story) judge() error {
	ctx := s.asSystem()
	if stay := s.now(); stay.OwedFen() < 0 {
		return fmt.Errorf("%d fen were kept for a stay of %d", stay.PaidFen, stay.FeeFen)
	}
	if err := s.judgeVouchers(); err != nil {
		return err
	}
	for _, p := range s.begun {
		stored, err := s.store.Fresh(ctx).Payment.Get(ctx, p.Row)
		s.must(err)
		net := s.channel.net(p.Number)
		switch {
		case stored.State != payment.StateSUCCEEDED && stored.State != payment.StateCLOSED:
			return fmt.Errorf("a payment is left %s", stored.State)
		case net != stored.PaidFen-stored.RefundedFen:
			return fmt.Errorf("the channel keeps %d fen of a payment, and we think %d", net, stored.PaidFen-stored.RefundedFen)
		case stored.RefundedFen < stored.PaidFen-stored.TakenFen:
			return fmt.Errorf("of %d fen paid %d were taken and %d go back", stored.PaidFen, stored.TakenFen, stored.RefundedFen)
		}
	}
	left, err := s.store.Fresh(ctx).Refund.Query().Where(refund.StateNEQ(refund.StateDONE)).Count(ctx)
	s.must(err)
	dead, err := s.store.Fresh(ctx).Task.Query().Where(task.StateEQ(task.StateDEAD)).Count(ctx)
	s.must(err)
	if left > 0 || dead > 0 {
		return fmt.Errorf("%d refunds are left, %d tasks are dead", left, dead)
	}
	return nil
}

// prove holds the ledger against all rows.
func (w *teller) prove() error {
	proof, err := w.Prove(context.Background())
	w.must(err)
	if len(proof.Offences) > 0 {
		return errors.New(proof.Offences[0].String())
	}
	return nil
}

func (w *teller) reopen() { w.house.open(w.stays, w.work) }

var howMany = flag.Int("histories", 300, "how many random histories of money are told on each engine")

// Whatever happens in whatever order, the ledger balances to the fen, nothing is paid twice, and nobody is let go
// unpaid. Each kind of deed takes place in one history of twenty at least.
func TestRandomHistoriesOfMoney(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		w := newTeller(h)
		for i := range *howMany {
			told := histories.Example(i)
			if err := w.tell(told); err != nil {
				t.Fatalf("history %d, %v: %v", i, told, err)
			}
			if i%500 == 499 {
				w.must(w.prove())
			}
		}
		w.must(w.prove())
		for _, d := range kinds() {
			t.Logf("%-16s in %5d of %d histories", d, w.kind[d], *howMany)
			if w.kind[d]*20 < *howMany {
				t.Errorf("%s took place in too few", d)
			}
		}
	})
}

// The histories find what they are there to find.
func TestRandomHistoriesFindPlantedBugs(t *testing.T) {
	for bug, plant := range map[string]func(w *teller){
		"a second payment is kept":            func(w *teller) { w.stays = greedy{w.parking} },
		"what nobody owed is forgotten":       func(w *teller) { w.work = forgetful{w.outbox} },
		"a closed order keeps its vouchers":   func(w *teller) { w.discounts = clinging{w.vouchers} },
		"a voucher is used again and again":   func(w *teller) { w.discounts = lasting{w.vouchers} },
		"a pending payment is taken for made": func(w *teller) { w.channel.hasty = true },
	} {
		t.Run(bug, func(t *testing.T) {
			w := newTeller(newHouse(t, testkit.SQLite(t)))
			plant(w)
			w.reopen()
			for i := range 300 {
				if w.tell(histories.Example(i)) != nil || w.prove() != nil {
					t.Logf("found by history %d", i)
					return
				}
			}
			t.Error("not found")
		})
	}
}

// greedy keeps all that is paid.
type greedy struct{ *parking.Service }

// Settle takes more than is owed.
func (g greedy) Settle(ctx context.Context, tx *ent.Tx, p parking.Payment) (parking.Settled, error) {
	settled, err := g.Service.Settle(ctx, tx, p)
	settled.Fen = p.Fen
	return settled, err
}

// forgetful gives nothing back.
type forgetful struct{ *outbox.Service }

// Put loses refunds.
func (f forgetful) Put(ctx context.Context, tx *ent.Tx, kind task.Kind, about, account int64) error {
	if kind == task.KindREFUND {
		return nil
	}
	return f.Service.Put(ctx, tx, kind, about, account)
}
