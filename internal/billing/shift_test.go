package billing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerline"
	"parkbff/ent/shift"
	"parkbff/ent/staffrole"
	"parkbff/internal/billing"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/page"
	shifts "parkbff/internal/shift"
	"parkbff/internal/viewer"
)

// hires is somebody new who works at lot A, under a personnel number.
func (h *house) hires(label string, role viewer.Role) context.Context {
	h.Helper()
	at, _ := h.parking.Lot("A")
	var id int64
	h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.Staff.Create().SetLabel(label).SetCreatedAt(h.clock.Now()).Save(ctx)
		if err != nil {
			return err
		}
		id = row.ID
		return tx.StaffRole.Create().SetStaffID(id).SetLotID(at.Row).SetRole(staffrole.Role(role)).Exec(ctx)
	}))
	return h.staff(id, role)
}

// owes has a car stand at the gate of lot A that owes 5 yuan, and answers its stay.
func (h *house) owes(plate string) int64 {
	h.Helper()
	h.sees(in, plate)
	h.pass(time.Hour)
	return h.sees(out, plate).Stay.Row
}

func (h *house) takesCash(who context.Context, stay int64) (*billing.Order, error) {
	return h.TakeCash(who, billing.Cash{IdempotencyKey: h.key(), Session: stay, Fen: 500})
}

func (h *house) count(of *shifts.Shift, fen int64) shifts.Count {
	return shifts.Count{IdempotencyKey: h.key(), Shift: of.Row, CountedFen: fen}
}

// shift reads one as a manager.
func (h *house) shift(row int64) *shifts.Shift {
	h.Helper()
	found, err := h.shifts.One(h.manager(), row)
	h.must(err)
	return found
}

// sums of the accounts of cash.
func (h *house) cashAccounts() map[ledgerline.Account]int64 {
	h.Helper()
	lines, err := h.store.Fresh(h.asSystem()).LedgerLine.Query().Where(ledgerline.AccountIn(
		ledgerline.AccountDRAWER, ledgerline.AccountSAFE, ledgerline.AccountCASH_DIFFERENCE)).All(h.asSystem())
	h.must(err)
	sums := map[ledgerline.Account]int64{}
	for _, l := range lines {
		sums[l.Account] += l.Fen
	}
	return sums
}

// keepsAShift has the manager of lot A take cash, give some of it back, and miss some of the rest.
func (h *house) keepsAShift() {
	h.Helper()
	kept := h.opensShift(h.manager(), 100)
	order, err := h.takesCash(h.manager(), h.owes("粤B77777"))
	h.must(err)
	_, err = h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: h.key(), Order: order.Row, Fen: 200, Reason: "找零"})
	h.must(err)
	_, err = h.shifts.Close(h.manager(), h.count(kept, 399))
	h.must(err)
}

// countDrawer has the manager of lot A close a shift in whose drawer a fen is missing, and begin the next with the rest.
// What a process that died has not begun is begun now.
func (s *story) countDrawer() {
	at, _ := s.parking.Lot("A")
	all, err := s.shifts.Shifts(s.manager(), at.Row, page.Request{First: 1})
	s.must(err)
	last := all.Items[0]
	rest := max(0, last.ExpectedFen-1)
	if last.State == shift.StateOPEN {
		_, err := s.shifts.Close(s.manager(), s.count(last, rest))
		s.must(err)
	}
	s.opensShift(s.manager(), rest)
}

func TestCashLiesInTheDrawerOfOnesOwnOpenShift(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		attendant, manager, other := h.staff(3, viewer.Attendant), h.manager(), h.staff(4, viewer.Attendant)
		stay := h.owes(car)
		h.opensShift(other, 0)
		_, err := h.takesCash(attendant, stay)
		refused(t, err, shifts.Required)

		mine := h.opensShift(attendant, 1000)
		order, err := h.takesCash(attendant, stay)
		h.must(err)
		back := billing.NewRefund{IdempotencyKey: "r", Order: order.Row, Fen: 200, Reason: "找零"}
		_, err = h.RefundOrder(manager, back)
		refused(t, err, shifts.Required)
		his := h.opensShift(manager, 199)
		_, err = h.RefundOrder(manager, back)
		refused(t, err, shifts.DrawerTooLow)
		back.Fen = 199
		_, err = h.RefundOrder(manager, back)
		h.must(err)

		if got := h.shift(mine.Row); got.TakenFen != 500 || got.RefundedFen != 0 || got.ExpectedFen != 1500 || got.Payments != 1 {
			t.Errorf("the attendant's shift: %+v", got)
		}
		if got := h.shift(his.Row); got.TakenFen != 0 || got.RefundedFen != 199 || got.ExpectedFen != 0 || got.Payments != 0 {
			t.Errorf("the manager's shift: %+v", got)
		}
		h.balanced()
		_, err = h.shifts.Close(attendant, h.count(mine, 1500))
		h.must(err)
		_, err = h.takesCash(attendant, h.owes(later))
		refused(t, err, shifts.Required)
		h.balanced()
	})
}

const later = "粤B55555"

func TestWhatADrawerLacksIsBooked(t *testing.T) {
	for counted, lacks := range map[int64]int64{1500: 0, 1490: 10, 0: 1500, 1501: -1} {
		eachHouse(t, func(t *testing.T, h *house) {
			attendant := h.staff(3, viewer.Attendant)
			mine := h.opensShift(attendant, 1000)
			_, err := h.takesCash(attendant, h.owes(car))
			h.must(err)
			h.pass(time.Minute)
			c := h.count(mine, counted)
			c.Note = "少了一张"
			closed, err := h.shifts.Close(attendant, c)
			h.must(err)
			if *closed.CountedFen != counted || *closed.DifferenceFen != -lacks || closed.State != shift.StateCLOSED || *closed.Note != c.Note ||
				!closed.ClosedAt.Equal(h.clock.Now()) || closed.ExpectedFen != 1500 {
				t.Errorf("%+v", closed)
			}
			sums := h.cashAccounts()
			if sums[ledgerline.AccountDRAWER] != 0 || sums[ledgerline.AccountSAFE] != counted-1000 || sums[ledgerline.AccountCASH_DIFFERENCE] != lacks {
				t.Errorf("counted %d: %v", counted, sums)
			}
			h.balanced()
		})
	}
}

func TestADrawerIsHandedOverAndAcceptedWithWhatWasCounted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		early, late, third := h.hires("A-1", viewer.Attendant), h.hires("A-2", viewer.Attendant), h.hires("A-3", viewer.Attendant)
		mine := h.opensShift(early, 1000)
		_, err := h.takesCash(early, h.owes(car))
		h.must(err)
		c := h.count(mine, 1480)
		_, err = h.shifts.HandOver(early, c, "A-1")
		refused(t, err, shifts.UnknownSuccessor)
		_, err = h.shifts.HandOver(early, c, "nobody")
		refused(t, err, shifts.UnknownSuccessor)
		_, err = h.shifts.HandOver(late, c, "A-2")
		refused(t, err, fault.NotFound)
		_, err = h.shifts.HandOver(h.manager(), c, "A-2")
		refused(t, err, fault.Forbidden)
		busy := h.opensShift(late, 0)
		_, err = h.shifts.HandOver(early, c, "A-2")
		refused(t, err, shifts.SuccessorBusy)
		_, err = h.shifts.Close(late, h.count(busy, 0))
		h.must(err)

		closed, err := h.shifts.HandOver(early, c, "A-2")
		h.must(err)
		again, err := h.shifts.HandOver(early, c, "A-2")
		h.must(err)
		if closed.State != shift.StateCLOSED || *closed.DifferenceFen != -20 || again.Row != closed.Row {
			t.Errorf("%+v", closed)
		}
		_, err = h.shifts.HandOver(early, c, "A-3")
		refused(t, err, idempotent.KeyReused)
		h.balanced()

		lot, _ := h.parking.Lot("A")
		given, err := h.shifts.Shifts(late, lot.Row, page.Request{First: 1})
		h.must(err)
		his := given.Items[0]
		if his.State != shift.StateOFFERED || his.FloatFen != 1480 || his.Staff != "A-2" || his.OpenedAt != nil {
			t.Errorf("%+v", his)
		}
		stay := h.owes(later)
		_, err = h.takesCash(late, stay)
		refused(t, err, shifts.Required)
		_, err = h.shifts.Close(late, h.count(his, 1480))
		refused(t, err, shifts.NotAccepted)
		_, err = h.shifts.HandOver(late, h.count(his, 1480), "A-3")
		refused(t, err, shifts.NotAccepted)
		_, err = h.shifts.Open(late, shifts.Opening{IdempotencyKey: h.key(), LotCode: "A"})
		refused(t, err, shifts.AlreadyOpen)
		_, err = h.shifts.Accept(third, his.Row)
		refused(t, err, fault.NotFound)
		_, err = h.shifts.Accept(early, his.Row)
		refused(t, err, fault.NotFound)
		_, err = h.shifts.Accept(h.manager(), his.Row)
		refused(t, err, fault.Forbidden)
		for range 2 {
			accepted, err := h.shifts.Accept(late, his.Row)
			h.must(err)
			if accepted.State != shift.StateOPEN || accepted.OpenedAt == nil {
				t.Errorf("%+v", accepted)
			}
		}
		_, err = h.takesCash(late, stay)
		h.must(err)
		if got := h.shift(his.Row).ExpectedFen; got != 1980 {
			t.Errorf("%d fen are expected", got)
		}
		if sums := h.cashAccounts(); sums[ledgerline.AccountDRAWER] != 1980 || sums[ledgerline.AccountSAFE] != -1000 {
			t.Errorf("%v", sums)
		}
		h.balanced()
		_, err = h.shifts.Close(late, h.count(his, 1980))
		h.must(err)
		_, err = h.shifts.Accept(late, his.Row)
		refused(t, err, shifts.Over)
	})
}

func TestAManagerCountsWhatSomebodyLeftOpenOrDoesNotAccept(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		early, late := h.hires("A-1", viewer.Attendant), h.hires("A-2", viewer.Attendant)
		boss := h.hires("M-1", viewer.Manager)
		mine := h.opensShift(early, 300)
		_, err := h.shifts.Close(late, h.count(mine, 300))
		refused(t, err, fault.NotFound)
		_, err = h.shifts.HandOver(early, h.count(mine, 300), "A-2")
		h.must(err)
		lot, _ := h.parking.Lot("A")
		given, err := h.shifts.Shifts(late, lot.Row, page.Request{First: 10})
		h.must(err)
		if len(given.Items) != 1 {
			t.Fatalf("%d shifts are the successor's", len(given.Items))
		}
		closed, err := h.shifts.Close(boss, h.count(given.Items[0], 250))
		h.must(err)
		if *closed.ClosedBy != "M-1" || closed.Staff != "A-2" || *closed.DifferenceFen != -50 {
			t.Errorf("%+v", closed)
		}
		left := h.opensShift(late, 0)
		closed, err = h.shifts.Close(boss, h.count(left, 0))
		h.must(err)
		if *closed.ClosedBy != "M-1" {
			t.Errorf("%+v", closed)
		}
		_, err = h.shifts.Close(late, h.count(left, 0))
		refused(t, err, shifts.Over)
		h.balanced()
	})
}

func TestTheSameKeyOpensAndClosesOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		attendant := h.staff(3, viewer.Attendant)
		opening := shifts.Opening{IdempotencyKey: "o", LotCode: "A", FloatFen: 100}
		mine, err := h.shifts.Open(attendant, opening)
		h.must(err)
		again, err := h.shifts.Open(attendant, opening)
		h.must(err)
		if again.Row != mine.Row {
			t.Error("the same key has opened two")
		}
		more := opening
		more.FloatFen = 200
		_, err = h.shifts.Open(attendant, more)
		refused(t, err, idempotent.KeyReused)
		opening.IdempotencyKey = "p"
		_, err = h.shifts.Open(attendant, opening)
		refused(t, err, shifts.AlreadyOpen)

		c := shifts.Count{IdempotencyKey: "c", Shift: mine.Row, CountedFen: 100}
		for range 2 {
			_, err = h.shifts.Close(attendant, c)
			h.must(err)
		}
		other := c
		other.CountedFen = 99
		_, err = h.shifts.Close(attendant, other)
		refused(t, err, idempotent.KeyReused)
		other.IdempotencyKey = "d"
		_, err = h.shifts.Close(attendant, other)
		refused(t, err, shifts.Over)
		next, err := h.shifts.Open(attendant, opening)
		h.must(err)
		c.Shift = next.Row
		_, err = h.shifts.Close(attendant, c)
		refused(t, err, idempotent.KeyReused)
		h.balanced()
	})
}

func TestNobodySaysNonsenseOfADrawer(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		attendant := h.staff(3, viewer.Attendant)
		for name, c := range map[string]struct {
			who  context.Context
			o    shifts.Opening
			want *fault.Error
		}{
			"less than nothing": {attendant, shifts.Opening{IdempotencyKey: "o", LotCode: "A", FloatFen: -1}, shifts.InvalidCash},
			"too much":          {attendant, shifts.Opening{IdempotencyKey: "o", LotCode: "A", FloatFen: 100_000_001}, shifts.InvalidCash},
			"no key":            {attendant, shifts.Opening{LotCode: "A"}, idempotent.InvalidKey},
			"no lot":            {attendant, shifts.Opening{IdempotencyKey: "o", LotCode: "X"}, shifts.UnknownLot},
			"another lot":       {attendant, shifts.Opening{IdempotencyKey: "o", LotCode: "B"}, fault.Forbidden},
			"nobody":            {context.Background(), shifts.Opening{IdempotencyKey: "o", LotCode: "A"}, fault.Unauthenticated},
			"a driver":          {h.driver(), shifts.Opening{IdempotencyKey: "o", LotCode: "A"}, fault.Forbidden},
			"a gate":            {h.gate("A"), shifts.Opening{IdempotencyKey: "o", LotCode: "A"}, fault.Forbidden},
		} {
			if _, err := h.shifts.Open(c.who, c.o); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		mine := h.opensShift(attendant, 0)
		_, err := h.shifts.Close(attendant, h.count(mine, -1))
		refused(t, err, shifts.InvalidCash)
		c := h.count(mine, 0)
		c.Note = fmt.Sprintf("%0201d", 0)
		_, err = h.shifts.Close(attendant, c)
		refused(t, err, shifts.InvalidNote)
		c.Note, c.IdempotencyKey = "", ""
		_, err = h.shifts.Close(attendant, c)
		refused(t, err, idempotent.InvalidKey)
		for _, who := range []context.Context{context.Background(), h.driver(), h.gate("A")} {
			if _, err := h.shifts.Close(who, h.count(mine, 0)); !errors.Is(err, fault.Unauthenticated) && !errors.Is(err, fault.Forbidden) {
				t.Errorf("somebody else closes it: %v", err)
			}
		}
	})
}

// at once does things at the same moment.
func atOnce(deeds ...func() error) []error {
	errs := make([]error, len(deeds))
	var all sync.WaitGroup
	for i, do := range deeds {
		all.Go(func() { errs[i] = do() })
	}
	all.Wait()
	return errs
}

func TestOfTwoWhoCountADrawerAtOnceOneClosesTheShift(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		attendant := h.staff(3, viewer.Attendant)
		for range 10 {
			mine := h.opensShift(attendant, 100)
			mineToo, his := h.count(mine, 100), h.count(mine, 90)
			errs := atOnce(
				func() error { _, err := h.shifts.Close(attendant, mineToo); return err },
				func() error { _, err := h.shifts.Close(h.manager(), his); return err },
			)
			if first, second := errors.Is(errs[0], shifts.Over), errors.Is(errs[1], shifts.Over); first == second {
				t.Fatalf("%v", errs)
			}
			if closed := h.shift(mine.Row); *closed.CountedFen != map[bool]int64{true: 100, false: 90}[errs[0] == nil] {
				t.Errorf("%+v", closed)
			}
		}
		h.balanced()
	})
}

func TestOfTwoShiftsThatSomebodyOpensAtOnceOneBegins(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		attendant := h.staff(3, viewer.Attendant)
		begin := func(key string) func() error {
			return func() error {
				_, err := h.shifts.Open(attendant, shifts.Opening{IdempotencyKey: key, LotCode: "A", FloatFen: 100})
				return err
			}
		}
		errs := atOnce(begin("a"), begin("b"))
		if first, second := errors.Is(errs[0], shifts.AlreadyOpen), errors.Is(errs[1], shifts.AlreadyOpen); first == second {
			t.Fatalf("%v", errs)
		}
		h.balanced()
	})
}

// Cash that comes while the drawer is counted is in the shift, and then it is expected, or is not taken.
func TestCashIsNeverPutIntoAClosedShift(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		attendant := h.staff(3, viewer.Attendant)
		in := 0
		for i := range 20 {
			stay := h.owes(fmt.Sprintf("粤B3%04d", i))
			mine := h.opensShift(attendant, 100)
			c, key := h.count(mine, 100), h.key()
			errs := atOnce(
				func() error {
					_, err := h.TakeCash(attendant, billing.Cash{IdempotencyKey: key, Session: stay, Fen: 500})
					return err
				},
				func() error { _, err := h.shifts.Close(attendant, c); return err },
			)
			h.must(errs[1])
			closed := h.shift(mine.Row)
			switch {
			case errs[0] == nil && closed.TakenFen == 500 && *closed.DifferenceFen == -500 && closed.Payments == 1:
				in++
			case errors.Is(errs[0], shifts.Required) && closed.TakenFen == 0 && *closed.DifferenceFen == 0:
			default:
				t.Fatalf("%v: %+v", errs[0], closed)
			}
		}
		t.Logf("%d of 20 came in time", in)
		h.balanced()
	})
}

func TestOnlyTheirStaffAndManagersSeeShiftsAndWhatLiesInThem(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		attendant, other := h.staff(3, viewer.Attendant), h.staff(4, viewer.Attendant)
		mine := h.opensShift(attendant, 100)
		order, err := h.takesCash(attendant, h.owes(car))
		h.must(err)
		h.opensShift(h.manager(), 300)
		_, err = h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: "r", Order: order.Row, Fen: 200, Reason: "找零"})
		h.must(err)
		lot, _ := h.parking.Lot("A")
		there, _ := h.parking.Lot("B")
		elsewhere := viewer.With(context.Background(), &viewer.Viewer{
			Kind: viewer.Staff, StaffID: 3, Lots: []viewer.LotRole{{LotID: there.Row, Role: viewer.Manager}},
		})
		moved, err := h.CashMovements(attendant, mine.Row, page.Request{First: 10})
		h.must(err)
		if len(moved.Items) != 1 || moved.Items[0].Fen != 500 || moved.Items[0].Refund || moved.Items[0].Reason != nil {
			t.Fatalf("%+v", moved.Items)
		}
		for name, c := range map[string]struct {
			who    context.Context
			listed int
			sees   bool
		}{
			"its own":      {attendant, 1, true},
			"the manager":  {h.manager(), 2, true},
			"another":      {other, 0, false},
			"who has left": {elsewhere, -1, false},
			"a gate":       {h.gate("A"), -1, false},
			"a driver":     {h.driver(), -1, false},
			"an anonymous": {context.Background(), -1, false},
			"a new one":    {h.staff(5, viewer.Attendant), 0, false},
		} {
			all, err := h.shifts.Shifts(c.who, lot.Row, page.Request{First: 10})
			if (err != nil) != (c.listed < 0) || err == nil && len(all.Items) != c.listed {
				t.Errorf("%s is listed %d, %v", name, len(all.Items), err)
			}
			if _, err := h.shifts.One(c.who, mine.Row); (err == nil) != c.sees {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := h.CashMovement(c.who, moved.Items[0].Row); (err == nil) != c.sees {
				t.Errorf("%s sees the payment: %v", name, err)
			}
		}
		_, err = h.shifts.One(elsewhere, mine.Row)
		refused(t, err, fault.NotFound)
		_, err = h.CashMovement(elsewhere, moved.Items[0].Row)
		refused(t, err, fault.NotFound)
	})
}
