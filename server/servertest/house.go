// Package servertest is a whole house for tests of the API: the real server on a real store, with a clock
// that the test sets, and people, gates and staff who go through the front door.
package servertest

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"parkbff/internal/parking/lotfile"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/tariff"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
	"parkbff/server"
	"parkbff/server/config"
)

// Morning is when every house opens: Saturday, 21 November 2026, 09:00 in Shanghai.
var Morning = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)

// House is one running server.
type House struct {
	*server.House
	T     testing.TB
	Clock *testkit.Clock
	URL   string // http://127.0.0.1:…
	log   *logBook

	keys int // idempotency keys given out
}

// Options of a house; zero values are fine.
type Options struct {
	DatabaseURL string              // PostgreSQL; empty: SQLite in a folder of the test's
	Replicas    []string            // PostgreSQL, to read from
	Data        string              // data folder; empty: a folder of the test's
	Keys        string              // key file; empty: fresh keys
	NATSURL     string              // of a server; empty: embedded
	Random      io.Reader           // nil: the machine's
	Lots        []lotfile.Lot       // nil: Lots()
	Catalogue   *consents.Catalogue // nil: the published one
	Partners    string              // file of credentials; empty: stand-ins
	Production  bool
	Hashing     bool                                              // passwords cost what they cost in production
	Workers     int                                               // of the outbox; 0: as many as in production
	Overhear    func(partner string, h http.Handler) http.Handler // what partners are told; see Told
	SweepEvery  time.Duration                                     // of the outbox; 0: as in production
}

// Each runs a test in a fresh house on each engine, as subtests "sqlite" and "postgres" that run beside each other.
func Each(t *testing.T, test func(t *testing.T, h *House)) {
	t.Helper()
	EachWith(t, Options{}, test)
}

// EachWith is Each in houses with options of the test's own. Engine and data folder are Each's business.
func EachWith(t *testing.T, o Options, test func(t *testing.T, h *House)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, New(t, o))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		own := o
		own.DatabaseURL = testkit.PostgresURL(t)
		test(t, New(t, own))
	})
}

// New opens a house; it is closed when the test ends.
func New(tb testing.TB, o Options) *House {
	tb.Helper()
	h := &House{T: tb, Clock: testkit.NewClock(Morning), log: &logBook{}}
	if o.Data == "" {
		o.Data = tb.TempDir()
	}
	c := config.Config{
		Addr: "127.0.0.1:0", Data: o.Data, DatabaseURL: o.DatabaseURL, DatabaseReplicas: o.Replicas, Mode: config.Development,
		Keys: o.Keys, KeysGiven: o.Keys != "", NATSURL: o.NATSURL, InstantRefundFen: 5000,
	}
	if o.Production {
		c.Mode, c.Partners = config.Production, o.Partners
	}
	if !c.KeysGiven {
		c.Keys = o.Data + "/keys"
	}
	parts := server.Parts{
		Clock: h.Clock, Random: o.Random, Log: slog.New(slog.NewTextHandler(h.log, nil)), ReconcileEvery: time.Second,
		Catalogue: o.Catalogue, Hashing: testkit.LightHashing(), Workers: o.Workers,
		Overhear: o.Overhear, SweepEvery: o.SweepEvery,
	}
	if o.Hashing {
		parts.Hashing = nil
	}
	inner, err := server.Open(tb.Context(), c, parts)
	if err != nil {
		tb.Fatal(err)
	}
	h.House = inner
	if o.Lots == nil {
		o.Lots = Lots()
	}
	if err := inner.Parking.Import(tb.Context(), o.Lots); err != nil {
		tb.Fatal(err)
	}
	served, err := server.New(inner, nil)
	if err != nil {
		tb.Fatal(err)
	}
	working, rest := context.WithCancel(context.Background())
	wait, err := inner.Work(working)
	if err != nil {
		tb.Fatal(err)
	}
	front := httptest.NewServer(served)
	h.URL = front.URL
	tb.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		rest()
		wait()
		if err := inner.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return h
}

// Lots are those of every house: three with barriers in one city, so that their half names are shared,
// and one without a barrier. An hour begun costs 5 yuan and the first 15 minutes are free.
func Lots() []lotfile.Lot {
	return []lotfile.Lot{
		Lot("WXC", "万象城停车场"), Lot("WXT", "万象天地停车场"), Lot("WXH", "万象汇停车场"), Open(Lot("WXR", "万象荣停车场")),
	}
}

// Lot is one lot in Shenzhen with gate G1 and a barrier, that has invoices issued.
func Lot(code, name string) lotfile.Lot {
	hourly := tariff.Always(tariff.RateTable{
		Free:             tariff.Free{Minutes: 15},
		Collections:      tariff.AllDay(tariff.RateLine{UnitMinutes: 60, Fen: 500}),
		ExitGraceMinutes: 15,
	})
	return lotfile.Lot{
		Code: code, Name: name, Region: lotfile.Mainland, City: "深圳", District: "罗湖", Address: "宝安南路1881号",
		Capacity: 100, Barrier: true, Gates: []lotfile.Gate{{Code: "G1", Direction: lotfile.Both}},
		Tariff: &hourly, TariffText: "首15分钟免费，每小时5元", Capabilities: []string{"E_INVOICE", "MONTHLY_PASS", "RESERVATION", "SPACE_SHARING"},
	}
}

// Open takes the barrier from a lot.
func Open(l lotfile.Lot) lotfile.Lot {
	l.Barrier = false
	return l
}

// Logged is all that the server has logged.
func (h *House) Logged() string { return h.log.String() }

// AsSystem answers a context in which the program itself asks.
func (h *House) AsSystem() context.Context { return viewer.AsSystem(h.T.Context(), "test") }

type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
