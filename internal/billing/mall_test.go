package billing_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"parkbff/ent/ledgerline"
	"parkbff/ent/mallorder"
	"parkbff/ent/paymentorder"
	"parkbff/ent/voucher"
	"parkbff/internal/billing"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/loyalty"
	"parkbff/internal/mall"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/viewer"
)

// itemOf is an item of lot A that a store hands over, on sale for a month.
func (h *house) itemOf(code, storeCode string, fen int64, points, stock int) mall.Terms {
	return mall.Terms{
		LotCode: "A", Code: code, Name: "咖啡", StoreCode: storeCode, PriceFen: fen, Points: points, Stock: stock,
		SoldUntil: h.clock.Now().Add(30 * 24 * time.Hour), HoldsDays: 7,
	}
}

// sells puts an item on sale, and answers its row.
func (h *house) sells(code, storeCode string, fen int64, points, stock int) int64 {
	h.Helper()
	item, err := h.mall.SetItem(h.manager(), h.itemOf(code, storeCode, fen, points, stock))
	h.must(err)
	return item.Row
}

func (h *house) places(who context.Context, item int64) *billing.Ordered {
	h.Helper()
	order, err := h.PlaceMallOrder(who, billing.NewMallOrder{IdempotencyKey: h.key(), Item: item})
	h.must(err)
	return &billing.Ordered{Order: order}
}

// shops buys an item.
func (h *house) shops(who context.Context, item int64) *mall.Order {
	h.Helper()
	h.paid(who, h.places(who, item))
	return h.latest(who)
}

// latest is what an account has had last of the mall.
func (h *house) latest(who context.Context) *mall.Order {
	h.Helper()
	had, err := h.mall.Orders(who, page.Request{First: 1})
	h.must(err)
	if len(had.Items) == 0 {
		h.Fatal("nothing was had")
	}
	return had.Items[0]
}

func (h *house) redeem(who context.Context, item int64) (*mall.Order, error) {
	return h.mall.Redeem(who, mall.Exchange{IdempotencyKey: h.key(), Item: item})
}

// mustBeLeft fails unless so many of an item are left.
func (h *house) mustBeLeft(item int64, want int) {
	h.Helper()
	got, err := h.mall.ItemByRow(context.Background(), item)
	h.must(err)
	if got.Left != want {
		h.Errorf("%d are left, not %d", got.Left, want)
	}
}

func TestAnItemIsBoughtAndHandedOverByItsStoreOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		shop, elsewhere, buyer := h.opensStore("S1"), h.opensStore("S2"), h.driver()
		item := h.sells("M1", "S1", 700, 0, 2)
		want := billing.NewMallOrder{IdempotencyKey: "k", Item: item}
		order, err := h.PlaceMallOrder(buyer, want)
		h.must(err)
		again, err := h.PlaceMallOrder(buyer, want)
		if err != nil || again.Row != order.Row || order.DueFen != 700 || order.Kind != paymentorder.KindMALL {
			t.Errorf("%d fen, again %v, %v", order.DueFen, again.Row, err)
		}
		_, err = h.PlaceMallOrder(buyer, billing.NewMallOrder{IdempotencyKey: "k", Item: item + 1})
		refused(t, err, idempotent.KeyReused)
		h.mustBeLeft(item, 1)
		h.paid(buyer, &billing.Ordered{Order: order})
		had := h.latest(buyer)
		if had.State != mallorder.StatePAID || had.Code == nil || *had.PriceFen != 700 || had.Points != nil || had.ItemName != "咖啡" || *had.StoreCode != "S1" {
			t.Fatalf("%+v", *had)
		}
		if owed := h.lines(ledgerline.AccountMALL); owed != -700 {
			t.Errorf("%d fen were received for items", owed)
		}
		code := *had.Code
		for who, want := range map[context.Context]error{t.Context(): fault.Unauthenticated, buyer: fault.Forbidden, h.manager(): fault.Forbidden, elsewhere: mall.CodeUnusable} {
			_, err := h.mall.HandOver(who, code)
			refused(t, err, want)
		}
		_, err = h.mall.HandOver(shop, "ABCDEFGHJKMNPQRS")
		refused(t, err, mall.CodeUnusable)
		var all sync.WaitGroup
		var mu sync.Mutex
		handed := 0
		for range 4 {
			all.Go(func() {
				_, err := h.mall.HandOver(shop, " "+code)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					handed++
				} else {
					refused(t, err, mall.AlreadyHanded)
				}
			})
		}
		all.Wait()
		if handed != 1 {
			t.Errorf("handed over %d times", handed)
		}
		if had := h.latest(buyer); had.State != mallorder.StateHANDED_OVER || had.Code != nil || had.HandedOverAt == nil {
			t.Errorf("%+v", *had)
		}
		_, err = h.CancelMallOrder(buyer, had.Row)
		refused(t, err, mall.AlreadyHanded)
		_, err = h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: "r", Order: order.Row, Fen: 700, Reason: "x"})
		refused(t, err, mall.AlreadyHanded)
		h.balanced()
	})
}

func TestTheLastPieceIsSoldToOneOfManyAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.opensStore("S1")
		rich := h.driver()
		h.parksAndPays(rich, car)
		item := h.sells("M1", "S1", 700, 5, 1)
		var all sync.WaitGroup
		var mu sync.Mutex
		sold := 0
		count := func(err error) {
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				sold++
			} else {
				refused(t, err, mall.SoldOut)
			}
		}
		for range 4 {
			buyer, key := h.driver(), h.key()
			all.Go(func() {
				_, err := h.PlaceMallOrder(buyer, billing.NewMallOrder{IdempotencyKey: key, Item: item})
				count(err)
			})
		}
		for range 2 {
			key := h.key()
			all.Go(func() {
				_, err := h.mall.Redeem(rich, mall.Exchange{IdempotencyKey: key, Item: item})
				count(err)
			})
		}
		all.Wait()
		if sold != 1 {
			t.Errorf("sold %d times", sold)
		}
		h.balanced()
	})
}

func TestAnItemIsKeptAQuarterOfAnHourAndMoneyThatComesLaterHasItIfOneIsLeft(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.opensStore("S1")
		first, second := h.driver(), h.driver()
		item := h.sells("M1", "S1", 700, 0, 1)
		begun := h.begins(first, h.places(first, item))
		h.pass(14 * time.Minute)
		h.must(h.channel.pay(begun.Number))
		h.pass(2 * time.Minute)
		h.must(h.CloseExpired(t.Context()))
		h.mustBeLeft(item, 1)
		h.shops(second, item)
		h.hears(begun)
		h.settles()
		if got := h.channel.keeps(); got != 700 {
			t.Errorf("the channel keeps %d fen", got)
		}
		if had, err := h.mall.Orders(first, page.Request{First: 1}); err != nil || len(had.Items) != 0 {
			t.Errorf("who was late has %v, %v", had.Items, err)
		}
		h.balanced()
	})
}

func TestPointsAreExchangedOnceAndNeverOverdrawn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.opensStore("S1")
		owner := h.driver()
		h.parksAndPays(owner, car)
		item := h.sells("M1", "S1", 0, 4, 10)
		wish := mall.Exchange{IdempotencyKey: "k", Item: item}
		made, err := h.mall.Redeem(owner, wish)
		h.must(err)
		again, err := h.mall.Redeem(owner, wish)
		if err != nil || again.Row != made.Row || *made.Points != 4 || made.PriceFen != nil || made.Code == nil {
			t.Errorf("%+v, %v", *made, err)
		}
		_, err = h.mall.Redeem(owner, mall.Exchange{IdempotencyKey: "k", Item: item + 1})
		refused(t, err, idempotent.KeyReused)
		_, err = h.PlaceMallOrder(owner, billing.NewMallOrder{IdempotencyKey: "m", Item: item}) // not for money
		refused(t, err, mall.SoldOut)
		_, err = h.redeem(owner, h.sells("M2", "S1", 500, 0, 1)) // not for points
		refused(t, err, mall.SoldOut)
		var all sync.WaitGroup
		var mu sync.Mutex
		had := 0
		for range 6 {
			key := h.key()
			all.Go(func() {
				_, err := h.mall.Redeem(owner, mall.Exchange{IdempotencyKey: key, Item: item})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					had++
				} else {
					refused(t, err, loyalty.NotEnough)
				}
			})
		}
		all.Wait()
		if had != 1 {
			t.Errorf("had %d times", had)
		}
		h.hasPoints(owner, 2, 0)
		h.mustBeLeft(item, 8)
		for who, want := range map[context.Context]error{
			t.Context(): fault.Unauthenticated, h.manager(): fault.Forbidden,
			viewer.With(t.Context(), &viewer.Viewer{Kind: viewer.Driver, AccountID: 1, Consents: []string{"PARKING_CORE"}}): viewer.ConsentRequired,
		} {
			_, err := h.redeem(who, item)
			refused(t, err, want)
		}
		h.balanced()
	})
}

func TestAParkingVoucherIsHadForPointsAndTakesItsAmountOffAtTheLotsExpense(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner := h.driver()
		h.parksAndPays(owner, car)
		offer := h.onSale(amount(300), 200, 5)
		item := h.itemOf("V1", "", 0, 8, 2)
		item.VoucherOffer = &offer.Row
		set, err := h.mall.SetItem(h.manager(), item)
		h.must(err)
		item.PriceFen = 100 // buyVoucher sells vouchers
		_, err = h.mall.SetItem(h.manager(), item)
		refused(t, err, mall.InvalidItem)
		made, err := h.redeem(owner, set.Row)
		h.must(err)
		if made.State != mallorder.StateHANDED_OVER || made.Code != nil {
			t.Errorf("%+v", *made)
		}
		h.hasPoints(owner, 2, 0)
		_, err = h.CancelMallOrder(owner, made.Row)
		refused(t, err, mall.AlreadyHanded)
		_, err = h.redeem(owner, set.Row)
		refused(t, err, loyalty.NotEnough)
		h.mustBeLeft(set.Row, 1)
		h.mustStand(voucher.StateFREE)
		held, err := h.vouchers.Vouchers(owner, page.Request{First: 2})
		h.must(err)
		if len(held.Items) != 1 {
			t.Fatalf("%d vouchers", len(held.Items))
		}
		h.sees(in, other)
		h.pass(2 * time.Hour)
		used, err := h.CreateOrder(owner, billing.NewOrder{IdempotencyKey: h.key(), Quote: tokenOf(h, other), Vouchers: []int64{held.Items[0].Row}})
		h.must(err)
		h.paid(owner, used)
		h.mustStand(voucher.StateUSED)
		if given := h.lines(ledgerline.AccountDISCOUNTS); given != 300 {
			t.Errorf("the lot gives %d fen away", given)
		}
		h.hasPoints(owner, 9, 0) // for seven yuan
		h.balanced()
	})
}

func TestWhatIsCancelledBeforeItIsCollectedGoesBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		shop, buyer := h.opensStore("S1"), h.driver()
		h.parksAndPays(buyer, car)
		item := h.sells("M1", "S1", 700, 6, 3)
		bought := h.shops(buyer, item)
		had, err := h.redeem(buyer, item)
		h.must(err)
		h.hasPoints(buyer, 4, 0)
		for who, want := range map[context.Context]error{t.Context(): fault.Unauthenticated, h.manager(): fault.Forbidden, h.driver(): fault.NotFound} {
			_, err := h.CancelMallOrder(who, bought.Row)
			refused(t, err, want)
		}
		if still, err := h.mall.One(buyer, bought.Row); err != nil || still.State != mallorder.StatePAID {
			t.Fatalf("a stranger has cancelled it: %v, %v", still, err)
		}
		for range 2 {
			for _, of := range []*mall.Order{bought, had} {
				got, err := h.CancelMallOrder(buyer, of.Row)
				if err != nil || got.State != mallorder.StateCANCELLED || got.Code != nil {
					t.Errorf("%v, %v", got, err)
				}
				_, err = h.mall.HandOver(shop, *of.Code)
				refused(t, err, mall.CodeUnusable)
			}
		}
		h.settles()
		h.hasPoints(buyer, 10, 0)
		h.mustBeLeft(item, 3)
		if got, items := h.channel.keeps(), h.lines(ledgerline.AccountMALL); got != 1000 || items != 0 {
			t.Errorf("the channel keeps %d fen, %d of them for items", got, items)
		}
		h.balanced()
	})
}

func TestWhatNobodyCollectsGoesBackAsItsTimeIsOver(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		shop, buyer := h.opensStore("S1"), h.driver()
		h.parksAndPays(buyer, car)
		item := h.sells("M1", "S1", 700, 6, 3)
		bought := h.shops(buyer, item)
		had, err := h.redeem(buyer, item)
		h.must(err)
		h.pass(7*24*time.Hour - time.Minute)
		h.must(h.EndMallOrders(t.Context()))
		h.hasPoints(buyer, 4, 0)
		h.pass(time.Minute)
		_, err = h.mall.HandOver(shop, *had.Code) // the round has not passed
		refused(t, err, mall.CodeUnusable)
		for range 2 {
			h.must(h.EndMallOrders(t.Context()))
			h.settles()
		}
		h.hasPoints(buyer, 10, 0)
		h.mustBeLeft(item, 3)
		for _, of := range []*mall.Order{bought, had} {
			if got, err := h.mall.One(buyer, of.Row); err != nil || got.State != mallorder.StateCANCELLED {
				t.Errorf("%v, %v", got, err)
			}
		}
		if got := h.channel.keeps(); got != 1000 {
			t.Errorf("the channel keeps %d fen", got)
		}
		h.balanced()
	})
}

func TestCancellingAndHandingOverAtOnceEndInOneOfThem(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		shop, buyer := h.opensStore("S1"), h.driver()
		h.parksAndPays(buyer, car)
		item := h.sells("M1", "S1", 700, 1, 20)
		for i := range 6 {
			var of *mall.Order
			if i%2 == 0 {
				of = h.shops(buyer, item)
			} else {
				var err error
				of, err = h.redeem(buyer, item)
				h.must(err)
			}
			var all sync.WaitGroup
			var cancelled, handed error
			all.Go(func() { _, cancelled = h.CancelMallOrder(buyer, of.Row) })
			all.Go(func() { _, handed = h.mall.HandOver(shop, *of.Code) })
			all.Wait()
			if (cancelled == nil) == (handed == nil) || cancelled != nil && !errors.Is(cancelled, mall.AlreadyHanded) || handed != nil && !errors.Is(handed, mall.CodeUnusable) {
				t.Errorf("cancelled: %v; handed over: %v", cancelled, handed)
			}
		}
		h.settles()
		h.balanced()
	})
}

func TestItemsAreTheirLotsManagersToSet(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.opensStore("S1")
		h.opensStore("S2")
		row := h.sells("M1", "S1", 700, 0, 2)
		if again := h.sells("M1", "S1", 500, 40, 9); again != row {
			t.Errorf("another item: %d", again)
		}
		got, err := h.mall.ItemByRow(t.Context(), row)
		h.must(err)
		if *got.PriceFen != 500 || *got.Points != 40 || got.Left != 9 || *got.LotCode != "A" {
			t.Errorf("%+v", *got)
		}
		for who, want := range map[context.Context]error{t.Context(): fault.Unauthenticated, h.driver(): fault.Forbidden, h.staff(8, viewer.Attendant): fault.Forbidden} {
			_, err := h.mall.SetItem(who, h.itemOf("M1", "S1", 1, 0, 1))
			refused(t, err, want)
		}
		offer := h.onSale(amount(300), 200, 5)
		for name, change := range map[string]struct {
			of   func(*mall.Terms)
			want error
		}{
			"another store":     {func(n *mall.Terms) { n.StoreCode = "S2" }, mall.InvalidItem},
			"a voucher instead": {func(n *mall.Terms) { n.StoreCode, n.VoucherOffer, n.PriceFen, n.Points = "", &offer.Row, 0, 5 }, mall.InvalidItem},
			"both":              {func(n *mall.Terms) { n.VoucherOffer = &offer.Row }, mall.InvalidItem},
			"neither":           {func(n *mall.Terms) { n.StoreCode = "" }, mall.InvalidItem},
			"for nothing":       {func(n *mall.Terms) { n.PriceFen = 0 }, mall.InvalidItem},
			"less than nothing": {func(n *mall.Terms) { n.Points = -1 }, mall.InvalidItem},
			"no code":           {func(n *mall.Terms) { n.Code = "" }, mall.InvalidItem},
			"no name":           {func(n *mall.Terms) { n.Name = " " }, mall.InvalidItem},
			"no day":            {func(n *mall.Terms) { n.HoldsDays = 0 }, mall.InvalidItem},
			"too long":          {func(n *mall.Terms) { n.SoldUntil = n.SoldUntil.AddDate(2, 0, 0) }, mall.InvalidItem},
			"too many":          {func(n *mall.Terms) { n.Stock = 1_000_001 }, mall.InvalidItem},
			"an offer that is none": {func(n *mall.Terms) {
				n.Code, n.StoreCode, n.PriceFen, n.Points, n.VoucherOffer = "M3", "", 0, 5, new(int64(999))
			}, mall.InvalidItem},
			"a store that is none":    {func(n *mall.Terms) { n.StoreCode = "NONE" }, mall.UnknownStore},
			"a store no column takes": {func(n *mall.Terms) { n.StoreCode = "S\x00" }, mall.UnknownStore},
			"a lot that is none":      {func(n *mall.Terms) { n.LotCode = "NONE" }, mall.UnknownLot},
		} {
			n := h.itemOf("M1", "S1", 700, 0, 2)
			change.of(&n)
			if _, err := h.mall.SetItem(h.manager(), n); !errors.Is(err, change.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		buyer := h.driver()
		over := h.itemOf("M1", "S1", 500, 0, 5)
		over.SoldUntil = h.clock.Now()
		_, err = h.mall.SetItem(h.manager(), over)
		h.must(err)
		_, err = h.PlaceMallOrder(buyer, billing.NewMallOrder{IdempotencyKey: "k", Item: row})
		refused(t, err, mall.SoldOut)
		_, err = h.PlaceMallOrder(buyer, billing.NewMallOrder{IdempotencyKey: "k", Item: 999})
		refused(t, err, mall.SoldOut)
		at, _ := h.parking.Lot("A")
		if listed, err := h.mall.Items(t.Context(), at.Row, page.Request{First: 9}); err != nil || len(listed.Items) != 0 {
			t.Errorf("%d items, %v", len(listed.Items), err)
		}
	})
}

// tokenOf is the token of what a plate is quoted.
func tokenOf(h *house, plate string) string {
	h.Helper()
	return h.plateQuote(plate).(parking.Payable).Token
}
