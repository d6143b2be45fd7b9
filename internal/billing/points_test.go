package billing_test

import (
	"context"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/internal/billing"
	"parkbff/internal/viewer"
)

// hasPoints fails unless an account has so many points, and owes so many.
func (h *house) hasPoints(who context.Context, points, owed int) {
	h.Helper()
	m, err := h.loyalty.Of(who)
	h.must(err)
	if m.Points != points || m.OwedPoints != owed {
		h.Errorf("%d points and %d owed; want %d and %d", m.Points, m.OwedPoints, points, owed)
	}
}

// parksAndPays has an account pay ten yuan for two hours of a car, which leaves.
func (h *house) parksAndPays(who context.Context, plate string) *billing.Ordered {
	h.Helper()
	h.sees(in, plate)
	h.pass(2 * time.Hour)
	made := h.pays(who, h.plateQuote(plate))
	h.sees(out, plate)
	return made
}

func (h *house) refunds(order int64, fen int64) {
	h.Helper()
	_, err := h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: h.key(), Order: order, Fen: fen, Reason: "x"})
	h.must(err)
	h.settles()
}

func TestWhatAnAccountPaysForAStayEarnsPointsAndARefundTakesThemBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		payer := h.driver()
		made := h.parksAndPays(payer, car)
		h.hasPoints(payer, 10, 0)
		h.refunds(made.Order.Row, 250)
		h.hasPoints(payer, 7, 0)
		h.refunds(made.Order.Row, 750)
		h.hasPoints(payer, 0, 0)
		h.balanced()
	})
}

func TestOnlyWhatIsKeptOfWhatIsPaidForStaysEarnsPoints(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		payer := h.driver()
		h.channel.overpay = 300
		h.parksAndPays(payer, car) // three yuan go back as a surplus
		h.channel.overpay = 0
		h.settles()
		h.hasPoints(payer, 10, 0)
		h.paid(payer, h.buys(payer, h.onSale(amount(1000), 800, 2))) // no stay
		h.hasPoints(payer, 10, 0)
		h.parksAndPays(context.Background(), other) // nobody's
		h.balanced()
	})
}

func TestWhoeverTakesTheConsentBackEarnsNoMore(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		payer := h.driver()
		h.parksAndPays(payer, car)
		h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
			return tx.Consent.Update().Where(consent.AccountID(viewer.Of(payer).AccountID), consent.PurposeEQ(consent.PurposeMEMBERSHIP)).
				SetWithdrawnAt(h.clock.Now()).Exec(ctx)
		}))
		made := h.parksAndPays(payer, other)
		h.refunds(made.Order.Row, 1000)
		h.hasPoints(payer, 10, 0)
		h.balanced()
	})
}
