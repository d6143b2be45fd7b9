package billing_test

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/voucher"
	"parkbff/internal/billing"
	"parkbff/internal/discount"
	"parkbff/internal/parking"
)

// given is a voucher that was given out for a day.
type given struct {
	code string
	at   time.Time
}

func (s *story) ordered(who context.Context, made *billing.Ordered) {
	s.made, s.who = append(s.made, made), append(s.who, who)
}

// terms are of one kind after the other.
func (s *story) terms() discount.Terms {
	return []discount.Terms{amount(300), minutesOff(60), all()}[s.codes%3]
}

// useLast orders with the voucher that was given out last. One that has expired, or was used, must be refused.
func (s *story) useLast() bool {
	quote, ok := s.quote().(parking.Payable)
	if !ok || len(s.given) == 0 {
		return false
	}
	last := s.given[len(s.given)-1]
	made, err := s.CreateOrder(context.Background(), billing.NewOrder{IdempotencyKey: s.key(), Quote: quote.Token, Codes: []string{last.code}})
	if err != nil {
		return false
	}
	if s.clock.Now().Sub(last.at) >= 24*time.Hour {
		s.Fatal("a voucher was used after it had expired")
	}
	s.ordered(context.Background(), made)
	return true
}

// buyTheLast has two order the one voucher of an offer.
func (s *story) buyTheLast() bool {
	offer, err := s.vouchers.PublishOffer(s.manager(), discount.NewOffer{
		IdempotencyKey: s.key(), LotCode: "A", Terms: amount(600), HoldsDays: 7, PriceFen: 500, Stock: 1, SoldUntil: s.clock.Now().Add(48 * time.Hour),
	})
	s.must(err)
	s.offers = append(s.offers, offer.Row)
	got := 0
	for range 2 {
		buyer := s.driver()
		order, err := s.BuyVoucher(buyer, billing.Purchase{IdempotencyKey: s.key(), Offer: offer.Row})
		if err == nil {
			s.ordered(buyer, &billing.Ordered{Order: order})
			got++
		}
	}
	if got > 1 {
		s.Fatal("the last voucher was ordered twice")
	}
	return got == 1
}

// judgeVouchers holds that nothing stays reserved, and that what an offer had is left or was sold.
func (s *story) judgeVouchers() error {
	ctx := s.asSystem()
	s.pass(20 * time.Minute)
	s.must(s.CloseExpired(ctx))
	reserved, err := s.store.Fresh(ctx).Voucher.Query().Where(voucher.StateEQ(voucher.StateRESERVED)).Count(ctx)
	s.must(err)
	if reserved > 0 {
		return fmt.Errorf("%d vouchers stay reserved", reserved)
	}
	for _, row := range s.offers {
		offer, err := s.store.Fresh(ctx).VoucherOffer.Get(ctx, row)
		s.must(err)
		sold := 0
		for _, made := range s.made {
			n, err := s.store.Fresh(ctx).Voucher.Query().Where(voucher.BoughtByOrderID(made.Order.Row)).Count(ctx)
			s.must(err)
			bought, err := s.store.Fresh(ctx).PaymentOrder.Get(ctx, made.Order.Row)
			s.must(err)
			if bought.VoucherOfferID != nil && *bought.VoucherOfferID == row {
				sold += n
			}
		}
		if offer.Stock+sold != 1 {
			return fmt.Errorf("of one voucher %d are left and %d were sold", offer.Stock, sold)
		}
	}
	return nil
}

// clinging frees nothing.
type clinging struct{ *discount.Service }

// Release does nothing.
func (clinging) Release(context.Context, *ent.Tx, []*ent.PaymentOrder) error { return nil }

// lasting forgets that vouchers were used.
type lasting struct{ *discount.Service }

// Redeem frees what it has used.
func (l lasting) Redeem(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, parts []discount.Part, fen int64) (discount.Redeemed, error) {
	redeemed, err := l.Service.Redeem(ctx, tx, order, parts, fen)
	if err == nil {
		err = tx.Voucher.Update().Where(voucher.OrderID(order.ID)).SetState(voucher.StateFREE).Exec(ctx)
	}
	return redeemed, err
}
