package billing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerline"
	"parkbff/ent/settlement"
	"parkbff/internal/billing"
)

// sharedSpace is the bay that tests share.
const sharedSpace = 1

func earned(made *billing.Reserved, fen int64, at time.Time) billing.Earned {
	return billing.Earned{
		Reservation: made.Reservation.Row, Space: sharedSpace, Lot: made.Reservation.LotID, Order: &made.Order.Row, Fen: fen, At: at,
	}
}

func (h *house) share(e billing.Earned) error {
	return h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error { return h.ShareEarned(ctx, tx, e) })
}

// shares books that so much of a reservation is its bay's owner's.
func (h *house) shares(made *billing.Reserved, fen int64) {
	h.Helper()
	h.must(h.share(earned(made, fen, h.clock.Now())))
}

// paysOut has a settlement pay so much to the owner of the space, as internal/payout does.
func (h *house) paysOut(fen int64) {
	h.Helper()
	h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		lot, _ := h.parking.Lot("A")
		space, err := tx.SharedSpace.Create().SetAccountID(1).SetLotID(lot.Row).SetBay("B").SetKeyHash([]byte{1}).SetCreatedAt(h.clock.Now()).Save(ctx)
		if err != nil {
			return err
		}
		made, err := tx.Settlement.Create().SetNumber("n").SetState(settlement.StatePAID).SetFen(fen).SetCreatedAt(h.clock.Now()).Save(ctx)
		if err != nil {
			return err
		}
		item, err := tx.SettlementItem.Create().SetSettlementID(made.ID).SetSpaceID(space.ID).SetLotID(lot.Row).SetBay("B").SetFen(fen).Save(ctx)
		if err != nil {
			return err
		}
		return h.PaidOut(ctx, tx, billing.PaidOut{Item: item.ID, Space: space.ID, Lot: lot.Row, Fen: fen, At: h.clock.Now()})
	}))
}

// owedToOwners sums what the ledger says is owed for the space that tests share.
func (h *house) owedToOwners() int64 {
	h.Helper()
	lines, err := h.store.Fresh(h.asSystem()).LedgerLine.Query().
		Where(ledgerline.AccountEQ(ledgerline.AccountOWNERS), ledgerline.SpaceID(sharedSpace)).All(h.asSystem())
	h.must(err)
	var owed int64
	for _, l := range lines {
		owed -= l.Fen
	}
	return owed
}

func TestWhatAnOwnerEarnsByAReservationIsBookedOnceHoweverManySayIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(1))
		made := h.reservesAndPays(h.driver(), car, time.Hour, time.Hour)
		var at sync.WaitGroup
		for range 8 {
			at.Go(func() {
				if err := h.share(earned(made, 600, h.clock.Now())); err != nil {
					t.Error(err)
				}
			})
		}
		at.Wait()
		if got := h.owedToOwners(); got != 600 {
			t.Errorf("%d fen are owed", got)
		}
		h.balanced()
	})
}

// What a lot gives back when the owner has earned already, the lot bears.
func TestARefundLaterLeavesTheOwnerWhatWasEarned(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(1))
		made := h.reservesAndPays(h.driver(), car, time.Hour, time.Hour)
		h.shares(made, 600)
		_, err := h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: "r", Order: made.Order.Row, Fen: reserving, Reason: "x"})
		h.must(err)
		h.settles()
		if got := h.owedToOwners(); got != 600 {
			t.Errorf("%d fen are owed", got)
		}
		h.balanced()
	})
}

func TestAnOwnerEarnsNoMoreThanWasPaid(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.offers(terms(1))
		made := h.reservesAndPays(h.driver(), car, time.Hour, time.Hour)
		for _, fen := range []int64{reserving + 1, -1} {
			if err := h.share(earned(made, fen, h.clock.Now())); err == nil {
				t.Errorf("%d fen: %v", fen, err)
			}
		}
		h.shares(made, 0)
		if got := h.owedToOwners(); got != 0 {
			t.Errorf("%d fen are owed", got)
		}
		h.balanced()
	})
}
