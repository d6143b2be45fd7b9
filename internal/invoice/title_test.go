package invoice_test

import (
	"strings"
	"sync"
	"testing"

	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/invoice"
	"parkbff/internal/page"
)

func TestATitleIsCheckedAndKeptOnceAndTwentyAtMost(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		for field, wrong := range map[string]func(*invoice.Title){
			"name":      func(t *invoice.Title) { t.Name = " " },
			"taxNumber": func(t *invoice.Title) { t.TaxNumber = nil },
			"bank":      func(t *invoice.Title) { t.Bank = text(strings.Repeat("行", 61)) },
			"account":   func(t *invoice.Title) { t.Account = text("12-34") },
			"phone":     func(t *invoice.Title) { t.Phone = text("call me") },
			"address":   func(t *invoice.Title) { t.Address = text("a\nb") },
			"mail":      func(t *invoice.Title) { t.Mail = text("nobody") },
			"kind":      func(t *invoice.Title) { t.Kind = "" },
		} {
			title := company()
			wrong(title)
			_, err := h.SaveTitle(ctx, *title)
			refused(t, err, invoice.InvalidTitle)
			if f := fault.As(err); f == nil || f.Field() != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		title := company()
		title.TaxNumber = text("9144030071526726XH")
		_, err := h.SaveTitle(ctx, *title)
		refused(t, err, cnid.InvalidCreditCode)
		title = company()
		title.Mobile = text("+85261234567")
		_, err = h.SaveTitle(ctx, *title)
		refused(t, err, cnid.InvalidMobile)
		_, err = h.SaveTitle(ctx, invoice.Title{Kind: invoice.Person, Name: "张三", TaxNumber: text("11010519491231002X")})
		refused(t, err, invoice.InvalidTitle)

		first, err := h.SaveTitle(ctx, *company())
		h.must(err)
		again, err := h.SaveTitle(ctx, *company())
		h.must(err)
		if first.Row != again.Row || *first.Account != "755900000010001" {
			t.Error("a title is kept twice, or as it was typed")
		}
		var all sync.WaitGroup
		for i := range 25 {
			all.Go(func() {
				_, _ = h.SaveTitle(ctx, invoice.Title{Kind: invoice.Person, Name: "张" + strings.Repeat("三", i+1)})
			})
		}
		all.Wait()
		kept, err := h.Titles(ctx, page.Request{First: 100})
		h.must(err)
		if len(kept.Items) != 20 {
			t.Errorf("%d titles are kept", len(kept.Items))
		}
		_, err = h.SaveTitle(ctx, invoice.Title{Kind: invoice.Person, Name: "李四"})
		refused(t, err, invoice.TooManyTitles)
		refused(t, h.DeleteTitle(h.driver(), first.Row), fault.NotFound)
		h.must(h.DeleteTitle(ctx, first.Row))
		_, err = h.Title(ctx, first.Row)
		refused(t, err, fault.NotFound)
	})
}

func TestATitleIsKeptOnlyWhenThatIsWanted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		h.asks(ctx, h.pays(ctx, "A"))
		kept, err := h.Titles(ctx, page.Request{First: 10})
		h.must(err)
		if len(kept.Items) != 0 {
			t.Fatal("a title was kept that nobody wanted kept")
		}
		_, err = h.Request(ctx, invoice.NewRequest{IdempotencyKey: h.key(), Orders: []int64{h.pays(ctx, "A")}, Typed: company(), Save: true})
		h.must(err)
		kept, err = h.Titles(ctx, page.Request{First: 10})
		h.must(err)
		if len(kept.Items) != 1 {
			t.Fatal("no title was kept")
		}
		by := invoice.NewRequest{IdempotencyKey: h.key(), Orders: []int64{h.pays(ctx, "A")}, Saved: kept.Items[0].Row}
		asked, err := h.Request(ctx, by)
		h.must(err)
		if asked.TitleName != company().Name {
			t.Error("the title is another")
		}
		other := h.driver()
		by.Orders = []int64{h.pays(other, "A")}
		_, err = h.Request(other, by)
		refused(t, err, fault.NotFound)
	})
}
