package span_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/internal/span"
)

func at(minute int) time.Time { return time.Unix(int64(minute)*60, 0).UTC() }

func TestWhatLiesOutsideIsEveryMinuteThatNoOtherHolds(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) span.Span {
		from := rapid.IntRange(0, 60).Draw(t, "from")
		return span.Span{From: at(from), Until: at(from + rapid.IntRange(0, 30).Draw(t, "long"))}
	})
	rapid.Check(t, func(t *rapid.T) {
		whole, others := draw.Draw(t, "whole"), rapid.SliceOfN(draw, 0, 5).Draw(t, "others")
		rest := span.Outside(whole, others)
		for minute := range 100 {
			want := whole.Holds(at(minute))
			for _, other := range others {
				want = want && !other.Holds(at(minute))
			}
			got := 0
			for _, part := range rest {
				if part.Holds(at(minute)) {
					got++
				}
			}
			if got > 1 || want != (got == 1) {
				t.Fatalf("minute %d lies %d times in %v", minute, got, rest)
			}
		}
		for i, part := range rest {
			if !part.From.Before(part.Until) || i > 0 && part.From.Before(rest[i-1].Until) {
				t.Fatalf("%v is empty or out of order", rest)
			}
		}
	})
}

func TestMostIsHowManyHoldAtTheSameMinuteWhereMostDo(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) span.Span {
		from := rapid.IntRange(0, 60).Draw(t, "from")
		return span.Span{From: at(from), Until: at(from + rapid.IntRange(1, 30).Draw(t, "long"))}
	})
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.SliceOfN(draw, 0, 8).Draw(t, "spans")
		most := 0
		for minute := range 100 {
			n := 0
			for _, s := range spans {
				if s.Holds(at(minute)) {
					n++
				}
			}
			most = max(most, n)
		}
		if got := span.Most(spans); got != most {
			t.Fatalf("%d of %v, not %d", got, spans, most)
		}
	})
}
