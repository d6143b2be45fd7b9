package billing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerline"
	"parkbff/ent/paymentorder"
	"parkbff/ent/voucher"
	"parkbff/internal/billing"
	"parkbff/internal/discount"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/parking"
)

// onSale has a manager put so many vouchers on sale.
func (h *house) onSale(t discount.Terms, price int64, stock int) *discount.Offer {
	h.Helper()
	offer, err := h.vouchers.PublishOffer(h.manager(), discount.NewOffer{
		IdempotencyKey: h.key(), LotCode: "A", Terms: t, HoldsDays: 7, PriceFen: price, Stock: stock, SoldUntil: h.clock.Now().Add(time.Hour),
	})
	h.must(err)
	return offer
}

func (h *house) buys(ctx context.Context, offer *discount.Offer) *billing.Ordered {
	h.Helper()
	order, err := h.BuyVoucher(ctx, billing.Purchase{IdempotencyKey: h.key(), Offer: offer.Row})
	h.must(err)
	return &billing.Ordered{Order: order}
}

func (h *house) left(offer *discount.Offer) int {
	h.Helper()
	row, err := h.store.Fresh(h.asSystem()).VoucherOffer.Get(h.asSystem(), offer.Row)
	h.must(err)
	return row.Stock
}

// newest is the voucher that was made last.
func (h *house) newest() int64 {
	h.Helper()
	row, err := h.store.Fresh(h.asSystem()).Voucher.Query().Order(ent.Desc(voucher.FieldID)).FirstID(h.asSystem())
	h.must(err)
	return row
}

// buysAndUses has somebody buy a voucher and leave a stay of two hours with it.
func (h *house) buysAndUses(t discount.Terms, price int64) {
	h.Helper()
	buyer := h.driver()
	h.paid(buyer, h.buys(buyer, h.onSale(t, price, 1)))
	h.sees(in, other)
	h.pass(2 * time.Hour)
	h.sees(out, other)
	_, err := h.CreateOrder(buyer, billing.NewOrder{
		IdempotencyKey: h.key(), Quote: h.laneQuote().(parking.Payable).Token, Vouchers: []int64{h.newest()},
	})
	h.must(err)
}

// lines are what the ledger says of an account.
func (h *house) lines(account ledgerline.Account) (sum int64) {
	h.Helper()
	rows, err := h.store.Fresh(h.asSystem()).LedgerLine.Query().Where(ledgerline.AccountEQ(account)).All(h.asSystem())
	h.must(err)
	for _, row := range rows {
		sum += row.Fen
	}
	return sum
}

func TestABoughtVoucherIsOwedUntilItIsUsedAndThenTheLotHasEarnedIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		buyer := h.driver()
		h.paid(buyer, h.buys(buyer, h.onSale(amount(1000), 800, 2)))
		if owed, earned := h.lines(ledgerline.AccountVOUCHERS), h.lines(ledgerline.AccountLOT); owed != -800 || earned != 0 {
			t.Errorf("%d fen are owed for vouchers, %d earned", owed, earned)
		}
		h.buysAndUses(amount(1200), 500)
		for account, want := range map[ledgerline.Account]int64{
			ledgerline.AccountVOUCHERS: -800, ledgerline.AccountLOT: -1000, ledgerline.AccountDISCOUNTS: 500, ledgerline.AccountCHANNEL: 1300,
		} {
			if got := h.lines(account); got != want {
				t.Errorf("%s: %d fen, not %d", account, got, want)
			}
		}
		h.balanced()
	})
}

func TestTheLastVoucherIsOrderedByOneOfManyBuyers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		offer := h.onSale(all(), 100, 2)
		var all sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for range 8 {
			buyer, key := h.driver(), h.key()
			all.Go(func() {
				_, err := h.BuyVoucher(buyer, billing.Purchase{IdempotencyKey: key, Offer: offer.Row})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else {
					refused(t, err, discount.SoldOut)
				}
			})
		}
		all.Wait()
		if made != 2 || h.left(offer) != 0 {
			t.Errorf("%d of two were ordered, %d are left", made, h.left(offer))
		}
	})
}

func TestAVoucherThatIsNotPaidIsSoldToSomebodyElseAndLateMoneyGoesBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		offer := h.onSale(amount(1000), 800, 1)
		slow, quick := h.driver(), h.driver()
		first := h.begins(slow, h.buys(slow, offer))
		_, err := h.BuyVoucher(quick, billing.Purchase{IdempotencyKey: "q", Offer: offer.Row})
		refused(t, err, discount.SoldOut)
		h.settles()
		h.pass(20 * time.Minute)
		h.must(h.CloseExpired(t.Context()))
		h.paid(quick, h.buys(quick, offer))
		h.channel.payLate(first.Number)
		h.hears(first)
		h.settles()
		if h.channel.keeps() != 800 || h.left(offer) != 0 || len(h.states()) != 1 {
			t.Errorf("%d fen are kept, %d left, %d sold", h.channel.keeps(), h.left(offer), len(h.states()))
		}
		h.balanced()
	})
}

func TestMoneyForAVoucherThatComesLateBuysItWhileOneIsLeft(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		offer, buyer := h.onSale(amount(1000), 800, 1), h.driver()
		begun := h.begins(buyer, h.buys(buyer, offer))
		h.settles()
		h.pass(20 * time.Minute)
		h.must(h.CloseExpired(t.Context()))
		if h.left(offer) != 1 {
			t.Errorf("%d are left", h.left(offer))
		}
		h.channel.payLate(begun.Number)
		h.hears(begun)
		h.settles()
		if h.channel.keeps() != 800 || h.left(offer) != 0 {
			t.Errorf("%d fen are kept, %d left", h.channel.keeps(), h.left(offer))
		}
		h.mustStand(voucher.StateFREE)
		h.balanced()
	})
}

func TestAVoucherIsBoughtOncePerOrderHoweverOftenItIsPaid(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		buyer := h.driver()
		made := h.buys(buyer, h.onSale(amount(1000), 800, 2))
		one, two := h.begins(buyer, made), h.begins(buyer, made)
		for _, begun := range []*billing.Payment{one, two} {
			h.must(h.channel.pay(begun.Number))
			h.hears(begun)
		}
		h.settles()
		if h.channel.keeps() != 800 || len(h.states()) != 1 {
			t.Errorf("%d fen are kept for %d vouchers", h.channel.keeps(), len(h.states()))
		}
		h.balanced()
	})
}

func TestABoughtVoucherIsRefundedWholeWhileItIsNotUsed(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		buyer := h.driver()
		made := h.buys(buyer, h.onSale(amount(1000), 800, 1))
		h.paid(buyer, made)
		give := func(fen int64) error {
			_, err := h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: h.key(), Order: made.Order.Row, Fen: fen, Reason: "x"})
			return err
		}
		refused(t, give(300), billing.AmountDiffers)
		h.sees(in, car)
		h.pass(time.Hour)
		using := billing.NewOrder{IdempotencyKey: "u", Quote: h.plateQuote(car).(parking.Payable).Token, Vouchers: []int64{h.newest()}}
		h.must(give(800))
		h.settles()
		h.mustStand(voucher.StateREVOKED)
		if h.channel.keeps() != 0 {
			t.Errorf("%d fen are kept", h.channel.keeps())
		}
		_, err := h.CreateOrder(buyer, using)
		refused(t, err, discount.Unusable)
		h.balanced()
	})
}

func TestAUsedVoucherIsNotRefunded(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.buysAndUses(amount(1200), 500)
		bought, err := h.store.Fresh(h.asSystem()).PaymentOrder.Query().Where(paymentorder.KindEQ(paymentorder.KindVOUCHER)).OnlyID(h.asSystem())
		h.must(err)
		_, err = h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: "r", Order: bought, Fen: 500, Reason: "x"})
		refused(t, err, discount.NotRefundable)
		h.balanced()
	})
}

func TestOnlyAccountsBuyVouchersThatAreOnSale(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		offer := h.onSale(all(), 100, 5)
		for _, c := range []struct {
			ctx  context.Context
			want error
		}{{t.Context(), fault.Unauthenticated}, {h.gate("A"), fault.Forbidden}, {h.manager(), fault.Forbidden}} {
			_, err := h.BuyVoucher(c.ctx, billing.Purchase{IdempotencyKey: "k", Offer: offer.Row})
			refused(t, err, c.want)
		}
		buyer := h.driver()
		one, err := h.BuyVoucher(buyer, billing.Purchase{IdempotencyKey: "k", Offer: offer.Row})
		h.must(err)
		two, err := h.BuyVoucher(buyer, billing.Purchase{IdempotencyKey: "k", Offer: offer.Row})
		h.must(err)
		if one.Row != two.Row || h.left(offer) != 4 || one.Plate() != nil {
			t.Errorf("orders %d and %d, %d left", one.Row, two.Row, h.left(offer))
		}
		_, err = h.BuyVoucher(buyer, billing.Purchase{IdempotencyKey: "k", Offer: h.onSale(all(), 100, 1).Row})
		refused(t, err, idempotent.KeyReused)
		_, err = h.BuyVoucher(buyer, billing.Purchase{IdempotencyKey: "x", Offer: 1 << 40})
		refused(t, err, discount.SoldOut)
		h.pass(2 * time.Hour)
		_, err = h.BuyVoucher(buyer, billing.Purchase{IdempotencyKey: "y", Offer: offer.Row})
		refused(t, err, discount.SoldOut)
	})
}
