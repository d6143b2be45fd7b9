package discount_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/ent/voucher"
	"parkbff/internal/discount"
)

func amount(row, fen int64) discount.Held {
	return discount.Held{Row: row, Terms: discount.Terms{Kind: voucher.KindAMOUNT, Fen: fen}}
}

func minutes(row int64, n int) discount.Held {
	return discount.Held{Row: row, Terms: discount.Terms{Kind: voucher.KindTIME, Minutes: n}}
}

func waiver(row int64) discount.Held {
	return discount.Held{Row: row, Terms: discount.Terms{Kind: voucher.KindWAIVER}}
}

// hours is what a stay of three hours begun would cost less, at 5 yuan an hour.
func hours(n int) (int64, error) { return min(1500, int64(n/60)*500), nil }

func TestMinutesAreTakenBeforeAmountsAndNothingFollowsAWaiver(t *testing.T) {
	for name, c := range map[string]struct {
		held []discount.Held
		want []discount.Part
	}{
		"nothing":                      {nil, nil},
		"an amount":                    {[]discount.Held{amount(1, 300)}, []discount.Part{{1, 300}}},
		"more than all":                {[]discount.Held{amount(1, 3000)}, []discount.Part{{1, 1500}}},
		"an hour after an amount":      {[]discount.Held{amount(1, 1200), minutes(2, 60)}, []discount.Part{{2, 500}, {1, 1000}}},
		"half hours that make one":     {[]discount.Held{minutes(1, 30), minutes(2, 30)}, []discount.Part{{2, 500}}},
		"minutes worth nothing":        {[]discount.Held{minutes(1, 30)}, nil},
		"two hours and two":            {[]discount.Held{minutes(1, 120), minutes(2, 120)}, []discount.Part{{1, 1000}, {2, 500}}},
		"an amount that is not needed": {[]discount.Held{amount(1, 1), minutes(2, 180)}, []discount.Part{{2, 1500}}},
		"a waiver":                     {[]discount.Held{amount(1, 1), waiver(2)}, []discount.Part{{2, 1500}}},
		"two waivers":                  {[]discount.Held{waiver(1), waiver(2)}, []discount.Part{{1, 1500}}},
	} {
		got, err := discount.Stack(1500, c.held, hours)
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
}

func TestVouchersNeverTakeOffMoreThanTheFeeNorLessThanNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fee := rapid.Int64Range(1, 10_000).Draw(t, "fee")
		var held []discount.Held
		for i := range rapid.IntRange(0, 4).Draw(t, "vouchers") {
			held = append(held, rapid.SampledFrom([]discount.Held{
				amount(int64(i), rapid.Int64Range(1, 5000).Draw(t, "fen")), minutes(int64(i), rapid.IntRange(1, 500).Draw(t, "minutes")), waiver(int64(i)),
			}).Draw(t, "voucher"))
		}
		unit := rapid.Int64Range(0, 50).Draw(t, "unit")
		parts, err := discount.Stack(fee, held, func(n int) (int64, error) { return min(fee, int64(n)*unit), nil })
		if err != nil {
			t.Fatal(err)
		}
		once := map[int64]bool{}
		for _, p := range parts {
			if p.Fen <= 0 || once[p.Voucher] {
				t.Fatalf("%+v", parts)
			}
			once[p.Voucher] = true
		}
		if discount.Total(parts) > fee {
			t.Fatalf("%d fen off %d", discount.Total(parts), fee)
		}
	})
}
