package demo

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"parkbff/internal/parking/lotfile"
)

// street is a server as the gates see it, with a clock that jumps when somebody waits.
type street struct {
	t   *testing.T
	mu  sync.Mutex
	now time.Time
	end time.Time

	lots   map[string]bool
	tokens map[string]string // by token: the lot it is for
	issued int
	known  map[string]observationInput // by event id

	away, refusedTokens int
	stop                context.CancelFunc
}

func newStreet(t *testing.T, now time.Time, length time.Duration) *street {
	return &street{
		t: t, now: now, end: now.Add(length), lots: map[string]bool{}, tokens: map[string]string{},
		known: map[string]observationInput{},
	}
}

func (s *street) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *street) wait(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	if s.now.After(s.end) {
		s.stop()
	}
	return ctx.Err()
}

func (s *street) ImportLots(_ context.Context, lots []lotfile.Lot) error {
	for _, lot := range lots {
		s.lots[lot.Code] = true
	}
	return nil
}

func (s *street) GateToken(_ context.Context, lotCode, gateCode string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lots[lotCode] || gateCode != "G1" {
		return "", errors.New("no such gate")
	}
	s.issued++
	token := lotCode + "-" + time.Duration(s.issued).String()
	s.tokens[token] = lotCode
	return token, nil
}

func (s *street) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lot, signedIn := s.tokens[r.Header.Get("Authorization")[len("Bearer "):]]
	switch {
	case s.away > 0:
		s.away--
		w.WriteHeader(http.StatusBadGateway)
		return
	case !signedIn || s.refusedTokens > 0:
		s.refusedTokens--
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var request struct {
		Variables struct{ Inputs []observationInput }
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		s.t.Error(err)
	}
	results := []map[string]any{}
	for _, in := range request.Variables.Inputs {
		if in.LotCode != lot || in.GateCode != "G1" || in.ObservedAt.After(s.now) {
			s.t.Errorf("a gate of %s reports %+v", lot, in.EventID)
		}
		before, duplicate := s.known[in.EventID]
		if duplicate && before != in {
			s.t.Errorf("event %s has changed", in.EventID)
		}
		s.known[in.EventID] = in
		results = append(results, map[string]any{"duplicate": duplicate, "userErrors": []any{}})
	}
	answer := map[string]any{"data": map[string]any{"recordObservations": map[string]any{"results": results, "userErrors": []any{}}}}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.t.Error(err)
	}
}

// plays runs a demo on the street until its time is over.
func (s *street) plays(since time.Time) {
	s.t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	ctx, stop := context.WithCancel(s.t.Context())
	defer stop()
	s.stop = stop
	err := Run(ctx, Options{
		URL: server.URL, House: s, Accounts: theAccounts(s.t), Since: since, Clock: s, Wait: s.wait,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestEverythingIsReportedInTimeAndOnce(t *testing.T) {
	s := newStreet(t, monday, 30*time.Minute)
	since := monday.Add(-History)
	s.plays(since)
	checkAllKnown(t, s, theTimetable(t, since, 1), monday)
}

func TestAServerThatGoesAwayMissesNothing(t *testing.T) {
	s := newStreet(t, monday, 30*time.Minute)
	s.away = 7
	since := monday.Add(-History)
	s.plays(since)
	checkAllKnown(t, s, theTimetable(t, since, 1), monday)
}

func TestAGateWhoseTokenIsRefusedAsksForAnother(t *testing.T) {
	s := newStreet(t, monday, 10*time.Minute)
	s.refusedTokens = 3
	since := monday.Add(-History)
	s.plays(since)
	if len(s.known) == 0 || s.issued != len(s.lots)+3 {
		t.Errorf("%d events, %d tokens for %d lots", len(s.known), s.issued, len(s.lots))
	}
}

func TestAProgramThatIsStartedAgainGoesOnWithTheSameStream(t *testing.T) {
	since := monday.Add(-History)
	s := newStreet(t, monday, 20*time.Minute)
	s.plays(since)
	s.now, s.end = s.now.Add(40*time.Minute), s.now.Add(time.Hour)
	s.plays(since) // the street complains about an event that has changed
	checkAllKnown(t, s, theTimetable(t, since, 1), s.end.Add(-time.Hour))
}

// checkAllKnown compares what arrived with what the timetable says of the cars that park as people do.
func checkAllKnown(t *testing.T, s *street, table *Timetable, from time.Time) {
	t.Helper()
	missing := 0
	for _, e := range table.Between(from, s.end.Add(-ahead)) {
		if _, ok := s.known[e.ID]; !ok && !e.own {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d events are missing of %d that arrived", missing, len(s.known))
	}
}

func TestTheDemoStopsWhenItIsToldTo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	s := newStreet(t, monday, time.Hour)
	err := Run(ctx, Options{URL: "http://127.0.0.1:1", House: s, Accounts: theAccounts(t), Since: monday, Clock: s})
	if err != nil {
		t.Error(err)
	}
}
