package pace_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parkbff/internal/pace"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

const what = "ask"

func asking(t *testing.T, address string) context.Context {
	return viewer.AskedFrom(t.Context(), address)
}

func TestAnAddressMayTrySixtyTimesAndThenEveryFiveSeconds(t *testing.T) {
	clock := testkit.NewClock(time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC))
	p := pace.New(clock)
	ctx := asking(t, "203.0.113.7")
	must := func(ctx context.Context, what string, want time.Duration) {
		t.Helper()
		if got := p.Wait(ctx, what); got != want {
			t.Fatalf("wait %v, want %v", got, want)
		}
	}
	for range 60 {
		must(ctx, what, 0)
	}
	for range 3 { // who is refused does not wait longer for it
		must(ctx, what, 5*time.Second)
	}
	must(ctx, "something else", 0)
	must(asking(t, "203.0.113.8"), what, 0)
	clock.Pass(5 * time.Second)
	must(ctx, what, 0)
	must(ctx, what, 5*time.Second)
	clock.Pass(5 * time.Minute)
	for range 60 {
		must(ctx, what, 0)
	}
	must(ctx, what, 5*time.Second)
}

func TestAnAddressIsKnownAgainAfterATurn(t *testing.T) {
	clock := testkit.NewClock(time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC))
	p := pace.New(clock)
	p.Wait(asking(t, "203.0.113.8"), what)
	clock.Pass(5*time.Minute - time.Second)
	ctx := asking(t, "203.0.113.7")
	for range 60 {
		p.Wait(ctx, what)
	}
	clock.Pass(time.Second)
	p.Wait(asking(t, "203.0.113.8"), what) // turns
	if got := p.Wait(ctx, what); got != 4*time.Second {
		t.Errorf("wait %v", got)
	}
}

func TestANetworkOfIPv6IsOneAddress(t *testing.T) {
	p := pace.New(testkit.NewClock(time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)))
	for i := range 60 {
		if p.Wait(asking(t, fmt.Sprintf("2001:db8:0:7::%x", i)), what) != 0 {
			t.Fatal("refused too soon")
		}
	}
	if p.Wait(asking(t, "2001:db8:0:7:ffff::1"), what) == 0 {
		t.Error("not refused")
	}
	if p.Wait(asking(t, "2001:db8:0:8::1"), what) != 0 {
		t.Error("another network is refused")
	}
}

func TestWhatComesFromNoAddressIsNotCounted(t *testing.T) {
	p := pace.New(testkit.NewClock(time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)))
	for range 100 {
		if p.Wait(t.Context(), what) != 0 || p.Wait(asking(t, "here"), what) != 0 {
			t.Fatal("counted")
		}
	}
}
