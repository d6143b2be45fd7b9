package parking_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/observation"
	told "parkbff/internal/notice"
	"parkbff/internal/parking"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/store"
	"parkbff/internal/tariff"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

// rig is the domain of parking with real parts around it; only notices and the bus are recorders.
type rig struct {
	t     testing.TB
	clock *testkit.Clock
	store *store.Store
	*parking.Service
	told      []told.Telling
	published []string
}

// morning is a Saturday, 09:00 in Shanghai.
var morning = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)

func newRig(t testing.TB, s *store.Store, lots ...lotfile.Lot) *rig {
	t.Helper()
	r := &rig{t: t, clock: testkit.NewClock(morning), store: s}
	calendar, err := tariff.NewCalendar(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Service, err = parking.New(parking.Config{
		Store: s, Vault: vault.New(vaulttest.Keys(t), s.DataKeys()), Clock: r.clock, Random: rand.Reader,
		Calendar: calendar, Teller: r, Bus: r, Policies: agreements(t), Log: slog.New(slog.DiscardHandler),
		QuoteKey: make([]byte, 32),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(lots) == 0 {
		lots = []lotfile.Lot{lotNamed("A"), lotNamed("B")}
	}
	if err := r.Import(t.Context(), lots); err != nil {
		t.Fatal(err)
	}
	return r
}

// agreements is the policy that is published.
func agreements(t testing.TB) *consents.Catalogue {
	t.Helper()
	catalogue, err := consents.Published()
	if err != nil {
		t.Fatal(err)
	}
	return catalogue
}

func (r *rig) Tell(_ context.Context, _ *ent.Tx, t told.Telling) error {
	r.told = append(r.told, t)
	return nil
}

func (r *rig) Publish(subject string, _ []byte) error {
	r.published = append(r.published, subject)
	return nil
}

// lotNamed is a lot with a barrier at 5 yuan an hour begun, the first 15 minutes free.
func lotNamed(code string) lotfile.Lot {
	hourly := tariff.Always(tariff.RateTable{
		Free:        tariff.Free{Minutes: 15},
		Collections: tariff.AllDay(tariff.RateLine{UnitMinutes: 60, Fen: 500}),
	})
	return lotfile.Lot{
		Code: code, Name: "测试" + code + "停车场", Region: lotfile.Mainland, City: "深圳", Capacity: 100, Barrier: true,
		Gates: []lotfile.Gate{{Code: "G1", Direction: lotfile.Both}}, Tariff: &hourly,
	}
}

func (r *rig) gateOf(lotCode string) context.Context {
	r.t.Helper()
	lot, ok := r.Lot(lotCode)
	if !ok {
		r.t.Fatalf("no lot %s", lotCode)
	}
	gate, ok := r.GateAt(lot, "G1")
	if !ok {
		r.t.Fatalf("no gate at %s", lotCode)
	}
	return viewer.With(r.t.Context(), &viewer.Viewer{
		Kind: viewer.Gate, GateID: gate.Row, Lots: []viewer.LotRole{{LotID: lot.Row}},
	})
}

func (r *rig) staffOf(lotCode string) context.Context {
	r.t.Helper()
	lot, _ := r.Lot(lotCode)
	return viewer.With(r.t.Context(), &viewer.Viewer{
		Kind: viewer.Staff, StaffID: 1, Lots: []viewer.LotRole{{LotID: lot.Row, Role: viewer.Attendant}},
	})
}

// report is an observation; its event id says all of it, so that equal reports are one event.
func report(lotCode string, direction observation.Direction, plate string, at time.Time) parking.Observation {
	return parking.Observation{
		EventID: fmt.Sprintf("%s-%s-%x-%d", lotCode, direction, plate, at.Unix()), LotCode: lotCode, GateCode: "G1",
		Direction: direction, Plate: plate, ObservedAt: at, Confidence: 0.98,
	}
}

func (r *rig) sees(lotCode string, direction observation.Direction, plate string, at time.Time) *parking.Outcome {
	r.t.Helper()
	out, err := r.Observe(r.gateOf(lotCode), report(lotCode, direction, plate, at))
	if err != nil {
		r.t.Fatalf("%s %s: %v", lotCode, direction, err)
	}
	return out
}

const (
	in  = observation.DirectionENTRY
	out = observation.DirectionEXIT
	car = "粤B12345"
)
