package billing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/ent/ledgerline"
	"parkbff/ent/notice"
	"parkbff/ent/plateright"
	"parkbff/internal/billing"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/page"
	"parkbff/internal/reservation"
	"parkbff/internal/viewer"
)

const reserving = 1000

// terms set so many bays aside, at ten yuan a window.
func terms(bays int) reservation.Terms {
	return reservation.Terms{
		Open: true, Bays: bays, PriceFen: reserving, AheadMinutes: 7 * 24 * 60, LongestMinutes: 24 * 60, EarlyMinutes: 15,
		GraceMinutes: 30, FreeMinutes: 60, LatePercent: 40,
	}
}

func (h *house) offers(t reservation.Terms) {
	h.Helper()
	_, err := h.bays.SetOffer(h.manager(), "A", t)
	h.must(err)
}

// wish is a bay of lot A for a plate, from so long after now and for so long.
func (h *house) wish(plate string, after, long time.Duration) billing.NewReservation {
	from := h.clock.Now().Add(after)
	return billing.NewReservation{IdempotencyKey: h.key(), Wish: reservation.Wish{
		LotCode: "A", Vehicle: h.binds(plate), From: from, Until: from.Add(long),
	}}
}

func (h *house) reserves(ctx context.Context, plate string, after, long time.Duration) *billing.Reserved {
	h.Helper()
	made, err := h.ReserveSpace(ctx, h.wish(plate, after, long))
	h.must(err)
	return made
}

// reservesAndPays answers a reservation that is paid.
func (h *house) reservesAndPays(ctx context.Context, plate string, after, long time.Duration) *billing.Reserved {
	h.Helper()
	made := h.reserves(ctx, plate, after, long)
	h.paid(ctx, &billing.Ordered{Order: made.Order})
	return made
}

func (h *house) rounds() {
	h.Helper()
	h.must(h.CloseExpired(context.Background()))
	h.must(h.EndReservations(context.Background()))
	h.settles()
}

// stands fails unless a reservation stands so for the staff of its lot, and so much of what was paid is kept.
func (h *house) stands(of *billing.Reserved, state reservation.State, arrival reservation.Arrival, kept int64) {
	h.Helper()
	got, err := h.bays.One(h.manager(), of.Reservation.Row)
	h.must(err)
	came := reservation.Arrival("")
	if got.Arrival != nil {
		came = *got.Arrival
	}
	if got.State != state || came != arrival || got.KeptFen != kept {
		h.Errorf("it is %s, its car %s, %d fen are kept; want %s, %s, %d", got.State, came, got.KeptFen, state, arrival, kept)
	}
}

func TestTheLastBayIsReservedByOneOfManyAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(2))
		h.reserves(h.driver(), car, time.Hour, 5*time.Hour)
		type buyer struct {
			ctx  context.Context
			want billing.NewReservation
		}
		var buyers []buyer
		for i := range 8 { // each overlaps each, and none is the same as another
			buyers = append(buyers, buyer{h.driver(), h.wish(fmt.Sprintf("粤B7777%d", i), time.Duration(i)*10*time.Minute, 3*time.Hour)})
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for _, b := range buyers {
			all.Go(func() {
				_, err := h.ReserveSpace(b.ctx, b.want)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else {
					refused(t, err, reservation.NoBayLeft)
				}
			})
		}
		all.Wait()
		if made != 1 {
			t.Errorf("the last bay was reserved %d times", made)
		}
		h.reserves(h.driver(), third, 7*time.Hour, time.Hour)
	})
}

// booking is what the oracle knows of a reservation that keeps a bay.
type booking struct {
	made        *billing.Reserved
	who         context.Context
	from, until time.Time
	paid        bool
	heldUntil   time.Time
}

// Histories of reserving, paying, cancelling and letting time pass, against a count of every five minutes.
func TestNeverAreMoreBaysReservedThanThereAre(t *testing.T) {
	histories := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [3]int {
		return [3]int{rapid.IntRange(0, 5).Draw(t, "deed"), rapid.IntRange(0, 36).Draw(t, "from"), rapid.IntRange(3, 24).Draw(t, "long")}
	}), 6, 14)
	eachHouse(t, func(t *testing.T, h *house) {
		for example := range 12 {
			bays := 1 + example%3
			h.offers(terms(bays))
			var kept []*booking
			for _, d := range histories.Example(example) {
				now := h.clock.Now()
				switch d[0] {
				case 0, 1, 2:
					h.codes++
					who, want := h.driver(), h.wish(fmt.Sprintf("粤B%05d", 20000+h.codes), time.Duration(15+5*d[1])*time.Minute, time.Duration(5*d[2])*time.Minute)
					wanted := &booking{who: who, from: want.From.Add(-15 * time.Minute), until: want.Until, heldUntil: now.Add(reservation.HeldFor)}
					fits := true
					for at := wanted.from; at.Before(wanted.until); at = at.Add(5 * time.Minute) {
						taken := 0
						for _, other := range kept {
							if !at.Before(other.from) && at.Before(other.until) && (other.paid || !now.After(other.heldUntil)) {
								taken++
							}
						}
						fits = fits && taken < bays
					}
					made, err := h.ReserveSpace(who, want)
					if fits != (err == nil) || err != nil && !errors.Is(err, reservation.NoBayLeft) {
						t.Fatalf("example %d: %v, and it fits: %v", example, err, fits)
					}
					if wanted.made = made; err == nil {
						kept = append(kept, wanted)
					}
				case 3:
					for _, b := range kept {
						if !b.paid && now.Before(b.heldUntil) {
							h.paid(b.who, &billing.Ordered{Order: b.made.Order})
							b.paid = true
							break
						}
					}
				case 4:
					if len(kept) > 0 && now.Before(kept[0].from) {
						_, err := h.CancelReservation(kept[0].who, kept[0].made.Reservation.Row)
						h.must(err)
						kept = kept[1:]
					}
				case 5:
					h.pass(10 * time.Minute)
				}
			}
			h.settles()
			h.pass(24 * time.Hour)
			h.rounds()
		}
		h.balanced()
	})
}

func TestABayIsKeptAQuarterOfAnHourForWhoPaysAndIsFreeThen(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(1))
		first, second := h.driver(), h.driver()
		want := h.wish(car, 2*time.Hour, time.Hour)
		made, err := h.ReserveSpace(first, want)
		h.must(err)
		if got := made.Reservation; got.State != reservation.Held || got.PriceFen != reserving || !got.HeldUntil.Equal(h.clock.Now().Add(15*time.Minute)) ||
			made.Order.DueFen != reserving {
			t.Errorf("%+v, order %+v", got.State, made.Order)
		}
		again, err := h.ReserveSpace(first, want)
		if err != nil || again.Reservation.Row != made.Reservation.Row || again.Order.Row != made.Order.Row {
			t.Errorf("the same key: %v", err)
		}
		want.Until = want.Until.Add(time.Minute)
		_, err = h.ReserveSpace(first, want)
		refused(t, err, idempotent.KeyReused)
		begun := h.begins(first, &billing.Ordered{Order: made.Order})
		_, err = h.ReserveSpace(second, h.wish(other, 2*time.Hour, time.Hour))
		refused(t, err, reservation.NoBayLeft)

		h.pass(14 * time.Minute)
		h.must(h.channel.pay(begun.Number)) // and the channel is slow to tell
		h.pass(2 * time.Minute)             // nobody has closed the order yet
		h.stands(made, reservation.Expired, "", 0)
		theirs := h.reservesAndPays(second, other, 2*time.Hour, time.Hour)
		h.hears(begun) // there is no bay any more
		h.settles()
		h.stands(made, reservation.Expired, "", 0)
		h.stands(theirs, reservation.Confirmed, reservation.Awaited, reserving)
		if got := h.channel.keeps(); got != reserving {
			t.Errorf("the channel keeps %d fen", got)
		}
		h.balanced()
	})
}

func TestMoneyThatComesLateHasTheBayIfItIsFreeStill(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(1))
		owner := h.driver()
		made := h.reserves(owner, car, 2*time.Hour, time.Hour)
		begun := h.begins(owner, &billing.Ordered{Order: made.Order})
		h.pass(14 * time.Minute)
		h.must(h.channel.pay(begun.Number))
		h.pass(2 * time.Minute)
		h.must(h.CloseExpired(t.Context()))
		h.hears(begun)
		h.settles()
		h.stands(made, reservation.Confirmed, reservation.Awaited, reserving)
		h.balanced()
	})
}

func TestCancellingGivesBackWhatItsOwnTermsSay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(3))
		owner := h.driver()
		early, late, begun := h.reservesAndPays(owner, car, 3*time.Hour, time.Hour), h.reservesAndPays(owner, other, 3*time.Hour, time.Hour),
			h.reservesAndPays(owner, third, 3*time.Hour, time.Hour)
		hard := terms(3)
		hard.FreeMinutes, hard.LatePercent = 24*60, 0 // what was made stays as it is
		h.offers(hard)
		_, err := h.CancelReservation(h.driver(), early.Reservation.Row)
		refused(t, err, fault.NotFound)
		_, err = h.CancelReservation(t.Context(), early.Reservation.Row)
		refused(t, err, fault.Unauthenticated)
		for range 2 {
			_, err = h.CancelReservation(owner, early.Reservation.Row)
			h.must(err)
		}
		h.pass(2*time.Hour + 30*time.Minute)
		_, err = h.CancelReservation(owner, late.Reservation.Row)
		h.must(err)
		h.pass(15 * time.Minute)
		_, err = h.CancelReservation(owner, begun.Reservation.Row)
		refused(t, err, reservation.TooLate)
		h.settles()
		h.stands(early, reservation.Cancelled, "", 0)
		h.stands(late, reservation.Cancelled, "", 600)
		h.stands(begun, reservation.Confirmed, reservation.Awaited, reserving)
		if kept := h.lines(ledgerline.AccountRESERVATIONS); kept != -1600 || h.channel.keeps() != 1600 {
			t.Errorf("%d fen are kept, and the channel keeps %d", kept, h.channel.keeps())
		}
		h.balanced()
	})
}

func TestAReservedStayCostsNothingInItsWindowAndTheTariffAfter(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(2))
		owner := h.driver()
		made := h.reservesAndPays(owner, car, time.Hour, 2*time.Hour)
		h.pass(50 * time.Minute) // ten minutes early
		h.sees(in, car)
		h.stands(made, reservation.Confirmed, reservation.Arrived, reserving)
		if _, err := h.CancelReservation(owner, made.Reservation.Row); !errors.Is(err, reservation.TooLate) {
			t.Errorf("cancelled: %v", err)
		}
		h.pass(time.Hour)
		if got := h.leaves(car); got != 0 {
			t.Errorf("in its window it pays %d fen", got)
		}
		h.pass(10 * time.Minute)
		h.sees(in, car) // its bay is its own still
		h.pass(2 * time.Hour)
		h.rounds()
		if got := h.leaves(car); got != 500 {
			t.Errorf("an hour after its window it pays %d fen", got)
		}
		h.stands(made, reservation.Ended, reservation.Arrived, reserving)
		h.balanced()
	})
}

func TestABayIsLetGoWhenNoCarComesAndAPartGoesBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(2))
		stands, absent := h.reservesAndPays(h.driver(), car, time.Hour, 3*time.Hour), h.reservesAndPays(h.driver(), other, time.Hour, 3*time.Hour)
		h.sees(in, car) // it is there long before
		h.pass(89 * time.Minute)
		h.rounds()
		h.stands(stands, reservation.Confirmed, reservation.Arrived, reserving)
		h.stands(absent, reservation.Confirmed, reservation.Awaited, reserving)
		_, err := h.ReserveSpace(h.driver(), h.wish(third, 0, time.Hour))
		refused(t, err, reservation.NoBayLeft)
		h.pass(time.Minute)
		for range 2 {
			h.rounds()
		}
		h.stands(absent, reservation.Confirmed, reservation.NoShow, 600)
		h.reserves(h.driver(), third, 0, time.Hour)
		h.sees(in, other)
		h.pass(time.Hour)
		if early, late := h.leaves(car), h.leaves(other); early != 500 || late != 500 {
			t.Errorf("who came early pays %d fen, who came late %d", early, late)
		}
		for _, told := range h.told {
			if told.Kind == notice.KindNO_SHOW {
				t.Error("who has not verified the car is told that it was not seen")
			}
		}
		h.balanced()
	})
}

func TestWhoReservesIsTold(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(1))
		h.reservesAndPays(h.driver(), car, time.Hour, time.Hour)
		if len(h.told) != 1 || h.told[0].Kind != notice.KindRESERVED || h.told[0].Plate != car || *h.told[0].FeeFen != reserving {
			t.Errorf("%d were told", len(h.told))
		}
	})
}

func TestWhoMayReserveWhat(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		_, err := h.ReserveSpace(h.driver(), h.wish(car, 0, time.Hour))
		refused(t, err, reservation.NoBayLeft) // there is no offer
		h.offers(terms(50))
		owner := h.driver()
		h.reserves(owner, car, time.Hour, time.Hour)
		for _, c := range []struct {
			ctx  context.Context
			n    billing.NewReservation
			want error
		}{
			{owner, h.wish(car, 90*time.Minute, time.Hour), reservation.Overlaps},
			{owner, h.wish(other, 0, 14*time.Minute), reservation.InvalidWindow},
			{owner, h.wish(other, 0, 25*time.Hour), reservation.InvalidWindow},
			{owner, h.wish(other, 8*24*time.Hour, time.Hour), reservation.InvalidWindow},
			{t.Context(), h.wish(other, 0, time.Hour), fault.Unauthenticated},
			{h.manager(), h.wish(other, 0, time.Hour), fault.Forbidden},
		} {
			_, err := h.ReserveSpace(c.ctx, c.n)
			refused(t, err, c.want)
		}
		h.reserves(h.driver(), car, time.Hour, time.Hour) // nobody learns that it is expected
		h.reserves(owner, car, 2*time.Hour, time.Hour)    // one window after the other
		h.lists(plateright.KindBLOCKED, other, nil)
		_, err = h.ReserveSpace(owner, h.wish(other, time.Hour, time.Hour))
		refused(t, err, reservation.NoBayLeft)
		for i := range 3 {
			h.reserves(owner, third, time.Duration(3+i)*time.Hour, time.Hour)
		}
		_, err = h.ReserveSpace(owner, h.wish(third, 10*time.Hour, time.Hour))
		refused(t, err, reservation.TooMany)
	})
}

func TestAnOfferIsItsLotsManagersAndBreaksNoPromise(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			ctx  context.Context
			want error
		}{{t.Context(), fault.Unauthenticated}, {h.driver(), fault.Forbidden}, {h.staff(8, "ATTENDANT"), fault.Forbidden}, {h.gate("A"), fault.Forbidden}} {
			_, err := h.bays.SetOffer(c.ctx, "A", terms(1))
			refused(t, err, c.want)
		}
		for _, change := range []func(t *reservation.Terms){
			func(t *reservation.Terms) { t.Bays = 101 }, func(t *reservation.Terms) { t.Bays = -1 },
			func(t *reservation.Terms) { t.PriceFen = -1 }, func(t *reservation.Terms) { t.LatePercent = 101 },
			func(t *reservation.Terms) { t.LongestMinutes = 14 }, func(t *reservation.Terms) { t.EarlyMinutes = 61 },
			func(t *reservation.Terms) { t.GraceMinutes = -1 }, func(t *reservation.Terms) { t.UnitMinutes = -1 },
		} {
			bad := terms(1)
			change(&bad)
			_, err := h.bays.SetOffer(h.manager(), "A", bad)
			refused(t, err, reservation.InvalidOffer)
		}
		free := terms(2)
		free.PriceFen = 0
		h.offers(free)
		owner := h.driver()
		for _, plate := range []string{car, other} {
			made := h.reserves(owner, plate, time.Hour, time.Hour)
			if made.Order != nil || made.Reservation.State != reservation.Confirmed {
				t.Errorf("for nothing it is %s", made.Reservation.State)
			}
		}
		_, err := h.bays.SetOffer(h.manager(), "A", terms(1))
		refused(t, err, reservation.StillReserved)
		closed := terms(2)
		closed.Open = false
		h.offers(closed)
		_, err = h.ReserveSpace(owner, h.wish(third, 4*time.Hour, time.Hour))
		refused(t, err, reservation.NoBayLeft)
		own, err := h.bays.Reservations(owner, page.Request{First: 5})
		if err != nil || len(own.Items) != 2 {
			t.Errorf("%d, %v", len(own.Items), err)
		}
		theirs, err := h.bays.OfLot(h.staff(8, viewer.Manager), own.Items[0].LotID, nil, page.Request{First: 5})
		if err != nil || len(theirs.Items) != 2 {
			t.Errorf("the lot's of the day: %d, %v", len(theirs.Items), err)
		}
		for _, ctx := range []context.Context{t.Context(), h.driver(), h.gate("A")} {
			_, err := h.bays.One(ctx, own.Items[0].Row)
			refused(t, err, fault.NotFound)
		}
	})
}

func TestBaysThatAreKeptAreNotPublishedAsFree(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(5))
		owner := h.driver()
		h.reservesAndPays(owner, car, time.Hour, time.Hour)
		h.reservesAndPays(owner, other, 5*time.Hour, time.Hour)
		at, _ := h.parking.Lot("A")
		free := func() int {
			h.must(h.parking.RefreshVacancies(t.Context()))
			return *at.Vacancy().Bays
		}
		before := free()
		h.pass(45 * time.Minute)
		kept := free()
		h.sees(in, car)
		taken := free()
		h.pass(90 * time.Minute)
		h.leaves(car)
		if before != 100 || kept != 99 || taken != 99 || free() != 100 {
			t.Errorf("%d bays were free, then %d, %d with the car, and %d in the end", before, kept, taken, free())
		}
	})
}

// A cancellation is killed between any two of its steps, and asked for again. What goes back, goes back once.
func TestACancellationThatIsKilledGivesBackOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		dies := &crashes{}
		dies.watch(h)
		h.offers(terms(100))
		deaths := 0
		for at := 1; ; at++ {
			owner, kept := h.driver(), h.channel.keeps()
			made := h.reservesAndPays(owner, fmt.Sprintf("粤B%05d", 30000+at), 3*time.Hour, time.Hour)
			play := func() {
				_, err := h.CancelReservation(owner, made.Reservation.Row)
				h.must(err)
				h.works()
			}
			dies.calls, dies.at = 0, at
			alive := survived(play)
			dies.at = 0
			if !alive {
				deaths++
				h.open(h.parking, h.outbox)
				play()
			}
			h.settles()
			if h.channel.keeps() != kept {
				t.Fatalf("killed at %d: the channel keeps %d fen", at, h.channel.keeps()-kept)
			}
			h.stands(made, reservation.Cancelled, "", 0)
			if alive {
				break
			}
		}
		h.balanced()
		if deaths < 10 {
			t.Errorf("killed only %d times", deaths)
		}
	})
}
