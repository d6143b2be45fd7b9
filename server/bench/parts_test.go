//go:build linux

package bench

import (
	"context"
	"database/sql"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"parkbff/internal/testkit"
)

func TestTheTapCountsWhatIsExecuted(t *testing.T) {
	tapped, err := newTap(testkit.PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("postgres", tapped.URL)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	prepared, err := db.PrepareContext(t.Context(), `SELECT $1::int`)
	if err != nil {
		t.Fatal(err)
	}
	before := tapped.statements.Load()

	for range 5 {
		var got int
		if err := prepared.QueryRowContext(t.Context(), 7).Scan(&got); err != nil || got != 7 {
			t.Fatalf("answers %d, %v", got, err)
		}
	}
	if _, err := db.ExecContext(t.Context(), `SELECT 1`); err != nil {
		t.Fatal(err)
	}

	if got := tapped.statements.Load() - before; got != 6 {
		t.Errorf("counted %d statements, want 6", got)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := tapped.close(); err != nil {
		t.Error(err)
	}
}

func TestTheProcessThatListensIsFound(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)

	pid, err := listenerOf(port)

	if err != nil || pid != os.Getpid() {
		t.Errorf("found %d, %v, want %d", pid, err, os.Getpid())
	}
}

func TestWorkTakesProcessorTimeAndSleepDoesNot(t *testing.T) {
	used := func(do func()) time.Duration {
		before, err := cpuTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		do()
		after, err := cpuTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		return after - before
	}

	idle := used(func() { time.Sleep(100 * time.Millisecond) })
	busy := used(func() {
		for sum, until := 0, time.Now().Add(300*time.Millisecond); time.Now().Before(until); sum++ {
			_ = sum
		}
	})

	if busy < 2*clockTick || idle > busy {
		t.Errorf("idle %s, busy %s", idle, busy)
	}
}

func TestAMedianIsOneOfTheNumbers(t *testing.T) {
	for _, test := range []struct {
		numbers []float64
		want    float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 3},
	} {
		if got := median(test.numbers); got != test.want {
			t.Errorf("the median of %v is %v", test.numbers, got)
		}
	}
}

func TestABatchIsInOrderOfTimeAndEveryCarLeaves(t *testing.T) {
	gate := &reporter{lane: Lane{LotCode: "SZ-000"}, series: 'A'}
	began := time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)

	inputs := gate.observations(began)

	inside := map[string]bool{}
	for i, o := range inputs {
		if i > 0 && o.ObservedAt.Before(inputs[i-1].ObservedAt) {
			t.Fatalf("observation %d lies before the one before it", i)
		}
		if entering := o.Direction == "ENTRY"; inside[o.Plate] == entering {
			t.Fatalf("observation %d: %s twice", i, o.Direction)
		} else {
			inside[o.Plate] = entering
		}
	}
	if len(inputs) != observationsOfBatch || len(inside) != observationsOfBatch/2 {
		t.Errorf("%d observations of %d cars", len(inputs), len(inside))
	}
}

func TestNobodyWaitsForAProcessThatIsNotThere(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	addr, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}

	if _, err := Join(ctx, "http://"+addr+"/graphql"); err == nil {
		t.Error("somebody was found")
	}
}
