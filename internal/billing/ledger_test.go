package billing_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/internal/balance"
	"parkbff/internal/billing"
)

// tamperings are changes of rows, and of which row each is found.
var tamperings = map[string]string{
	"UPDATE ledger_lines SET fen = fen + 1 WHERE id = 1":                                    "entry 1",
	"DELETE FROM ledger_lines WHERE entry_id = 1":                                           "entry 1",
	"DELETE FROM ledger_lines WHERE entry_id = 2; DELETE FROM ledger_entries WHERE id = 2":  "refund 1",
	"UPDATE ledger_lines SET fen = fen * 2 WHERE entry_id = 1":                              "payment 1",
	"UPDATE ledger_lines SET fen = fen * 2 WHERE entry_id = 3":                              "refund 1",
	"UPDATE payments SET paid_fen = paid_fen + 1":                                           "payment 1",
	"UPDATE payments SET taken_fen = taken_fen + 1":                                         "payment 1",
	"UPDATE payments SET refunded_fen = refunded_fen - 1":                                   "payment 1",
	"UPDATE refunds SET fen = fen - 1":                                                      "refund 1",
	"UPDATE refunds SET state = 'PENDING'":                                                  "refund 1",
	"UPDATE payment_orders SET taken_fen = taken_fen - 1":                                   "order 1",
	"UPDATE payment_orders SET refunded_fen = 0":                                            "order 1",
	"UPDATE parking_sessions SET paid_fen = paid_fen + 1":                                   "stay 1",
	"UPDATE parking_sessions SET discounted_fen = discounted_fen + 1":                       "stay 1",
	"UPDATE payment_orders SET discounted_fen = 0":                                          "order 3",
	"UPDATE order_discounts SET taken_fen = taken_fen - 1":                                  "order 3",
	"UPDATE vouchers SET state = 'FREE'":                                                    "voucher 1",
	"UPDATE vouchers SET state = 'REVOKED'":                                                 "order 2",
	"UPDATE vouchers SET price_fen = price_fen + 1":                                         "order 2",
	"UPDATE vouchers SET price_fen = price_fen - 1":                                         "order 3",
	"DELETE FROM ledger_lines WHERE entry_id = 5; DELETE FROM ledger_entries WHERE id = 5":  "order 3",
	"UPDATE permit_periods SET price_fen = price_fen - 1":                                   "order 4",
	"UPDATE permit_periods SET revoked_at = starts_at":                                      "order 4",
	"DELETE FROM permit_periods":                                                            "order 4",
	"UPDATE ledger_lines SET account = 'LOT' WHERE account = 'PERMITS'":                     "order 4",
	"UPDATE reservations SET paid_fen = paid_fen - 1":                                       "reservation 1",
	"UPDATE ledger_lines SET account = 'LOT' WHERE account = 'RESERVATIONS'":                "order 7",
	"UPDATE reservations SET shared_fen = shared_fen - 1":                                   "reservation 1",
	"UPDATE ledger_lines SET account = 'RESERVATIONS' WHERE account = 'OWNERS'":             "order 7",
	"UPDATE ledger_entries SET order_id = NULL WHERE cause = 'SHARE'":                       "order 7",
	"UPDATE settlements SET fen = fen + 1":                                                  "settlement 1",
	"UPDATE settlements SET state = 'PENDING'":                                              "settlement item 1",
	"UPDATE settlement_items SET fen = fen - 1":                                             "settlement item 1",
	"UPDATE ledger_lines SET account = 'RESERVATIONS' WHERE account = 'OWNERS' AND fen > 0": "settlement item 1",
	"UPDATE ledger_lines SET fen = fen + 500 WHERE account = 'OWNERS' AND fen < 0":          "space 1",
	"UPDATE ledger_lines SET account = 'LOT' WHERE account = 'MALL'":                        "order 8",
	"UPDATE mall_orders SET price_fen = price_fen - 1":                                      "order 8",
	"UPDATE mall_orders SET state = 'CANCELLED'":                                            "order 8",
	"UPDATE ledger_entries SET session_id = NULL WHERE id = 1":                              "stay 1",
	"UPDATE payments SET shift_id = NULL":                                                   "shift 1",
	"UPDATE refunds SET shift_id = NULL":                                                    "shift 1",
	"UPDATE shifts SET float_fen = float_fen + 1":                                           "shift 1",
	"UPDATE shifts SET taken_fen = taken_fen - 1":                                           "shift 1",
	"UPDATE shifts SET refunded_fen = refunded_fen - 1":                                     "shift 1",
	"UPDATE shifts SET payments = payments + 1":                                             "shift 1",
	"UPDATE shifts SET counted_fen = counted_fen + 1":                                       "shift 1",
	"UPDATE shifts SET state = 'OPEN'":                                                      "shift 1",
	"UPDATE ledger_entries SET shift_id = NULL WHERE cause = 'PAYMENT'":                     "shift 1",
	"UPDATE ledger_entries SET shift_id = NULL WHERE cause = 'SHIFT_OPENED'":                "shift 1",
	"UPDATE ledger_lines SET account = 'SAFE' WHERE account = 'CASH_DIFFERENCE'":            "shift 1",
	"UPDATE ledger_lines SET account = 'CHANNEL' WHERE account = 'DRAWER' AND fen = 500":    "shift 1",
	"UPDATE ledger_lines SET account = 'DISCOUNTS' WHERE account = 'MERCHANTS'":             "order 6",
	"UPDATE ledger_lines SET store_id = 2 WHERE store_id = 1":                               "store 1",
}

func TestEveryFenThatSomebodyTampersWithIsFound(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.tellsOfEverything()
		h.balanced()
		for change, found := range tamperings {
			if !slices.ContainsFunc(h.offencesAfter(change), func(o balance.Offence) bool { return strings.HasPrefix(o.String(), found+":") }) {
				t.Errorf("after %s: %v", change, h.offencesAfter(change))
			}
		}
		h.balanced()
	})
}

// tellsOfEverything moves money in every way that there is.
func (h *house) tellsOfEverything() {
	h.Helper()
	ctx := context.Background()
	h.sees(in, car)
	h.pass(2 * time.Hour)
	h.sees(out, car)
	made := h.pays(ctx, h.laneQuote())
	_, err := h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: "r", Order: made.Order.Row, Fen: 300, Reason: "x"})
	h.must(err)
	h.settles()
	h.buysAndUses(amount(1200), 500)
	holder := h.driver()
	h.holds(holder, h.publishes(h.monthlyPlan(1)), car)
	h.keepsAShift()
	h.sees(in, "粤B30001")
	h.pass(time.Hour)
	shop := h.opensStore("S1")
	h.presents(shop, h.lets("S1", all(), 1), "粤B30001")
	h.orders(ctx, h.plateQuote("粤B30001"))
	h.offers(terms(1))
	h.shares(h.reservesAndPays(holder, other, time.Hour, time.Hour), 600)
	h.paysOut(400)
	h.shops(holder, h.sells("M1", "S1", 700, 0, 1))
}

var errUndone = errors.New("undone")

// offencesAfter are what the proof finds when rows were changed, which is undone.
func (h *house) offencesAfter(change string) (found []balance.Offence) {
	h.Helper()
	err := h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		for statement := range strings.SplitSeq(change, ";") {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		proof, err := h.Prove(ctx)
		if err != nil {
			return err
		}
		found = proof.Offences
		return errUndone
	})
	if !errors.Is(err, errUndone) {
		h.must(err)
	}
	return found
}

func TestTheProofCountsTheEntries(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		h.channel.overpay = 1
		h.pays(t.Context(), h.plateQuote(car))
		h.settles()
		proof, err := h.Prove(t.Context())
		if err != nil || proof.Entries != 3 || len(proof.Offences) != 0 {
			t.Errorf("%+v, %v", proof, err)
		}
	})
}
