package invoice_test

import (
	"context"
	"slices"
	"testing"

	"parkbff/ent"
	entinvoice "parkbff/ent/invoice"
	"parkbff/internal/fault"
	"parkbff/internal/invoice"
)

// crash is what a process that is killed leaves behind: nothing after it happens.
type crash struct{}

// disaster happens at one call of store or service: the process dies, or the call of the service is lost.
type disaster struct {
	calls, at int
	loses     bool // calls of the service only
}

func (d *disaster) happens() bool {
	d.calls++
	return d.calls == d.at
}

func (d *disaster) dies() {
	if !d.loses && d.happens() {
		panic(crash{})
	}
}

func (d *disaster) watch(h *house) {
	h.Helper()
	h.must(h.store.WithTx(h.asSystem(), func(_ context.Context, tx *ent.Tx) error {
		tx.Client().Use(func(next ent.Mutator) ent.Mutator {
			return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
				d.dies()
				return next.Mutate(ctx, m)
			})
		})
		tx.Client().Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
			return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
				d.dies()
				return next.Query(ctx, q)
			})
		}))
		return nil
	}))
	h.press.step = func() error {
		d.dies()
		if d.loses && d.happens() {
			return fault.Unavailable
		}
		return nil
	}
}

// survived runs a part of a story until it ends or the process dies.
func survived(do func()) (alive bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, dead := p.(crash); !dead {
				panic(p)
			}
		}
	}()
	do()
	return true
}

// An invoice is asked for, issued, and taken back because money goes back. Whatever call of store or service the
// process dies at, and whatever answer of the service is lost, one blue and one red invoice are issued and no more.
func TestWhereverItIsInterruptedAnInvoiceIsIssuedOnceAndTakenBackOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		d := &disaster{}
		d.watch(h)
		for _, d.loses = range []bool{false, true} {
			interrupted := 0
			for at := 1; ; at++ {
				ctx := h.driver()
				order := h.pays(ctx, "A")
				before := h.office.Issued()
				asking := invoice.NewRequest{IdempotencyKey: h.key(), Orders: []int64{order}, Typed: company()}
				var asked *invoice.Invoice
				ask := func() {
					var err error
					asked, err = h.Request(ctx, asking)
					h.must(err)
					h.settles()
				}
				d.calls, d.at = 0, at
				alive := survived(ask)
				reached := d.calls
				d.at = 0
				if !alive {
					h.open()
					ask()
				}
				h.is(asked.Row, entinvoice.StateISSUED)
				if n := h.office.Issued() - before; n != 1 {
					t.Fatalf("interrupted at %d: %d invoices", at, n)
				}

				h.goesBack(order, 300)
				d.calls, d.at = 0, at
				alive = survived(h.settles)
				reached = max(reached, d.calls)
				d.at = 0
				if !alive {
					h.open()
				}
				h.settles()
				h.is(asked.Row, entinvoice.StateREVERSED)
				if n := h.office.Issued() - before; n != 2 {
					t.Fatalf("interrupted at %d: %d invoices", at, n)
				}
				if !slices.Equal(h.free(ctx), []int64{order}) {
					t.Fatalf("interrupted at %d: the order is not free", at)
				}
				if reached < at {
					break
				}
				interrupted++
			}
			t.Logf("lost calls %t: interrupted %d times", d.loses, interrupted)
			if interrupted < map[bool]int{false: 25, true: 4}[d.loses] {
				t.Errorf("interrupted only %d times", interrupted)
			}
		}
	})
}
