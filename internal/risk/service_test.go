package risk_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent"
	"parkbff/ent/privacy"
	"parkbff/ent/riskevent"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/risk"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

var noon = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

func eachService(t *testing.T, test func(t *testing.T, s *risk.Service, clock *testkit.Clock)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, st *store.Store) {
		clock := testkit.NewClock(noon)
		test(t, risk.New(risk.Config{Store: st, Clock: clock}), clock)
	})
}

func officer(t *testing.T, s *risk.Service, p page.Request) page.Of[*risk.Event] {
	t.Helper()
	ctx := viewer.With(t.Context(), &viewer.Viewer{Kind: viewer.Staff, StaffID: 1, Office: []viewer.Role{viewer.Officer}})
	found, err := s.Page(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnOfficerReadsWhatWasNotedNewestFirst(t *testing.T) {
	eachService(t, func(t *testing.T, s *risk.Service, clock *testkit.Clock) {
		s.Note(t.Context(), risk.Happening{Kind: riskevent.KindSTEP_UP, Outcome: riskevent.OutcomeFAILED, AccountID: 7})
		clock.Pass(time.Second)
		s.Note(t.Context(), risk.Happening{Kind: riskevent.KindRISKY_URL, Outcome: riskevent.OutcomeBLOCKED, Path: "/graphql?plate=x#y"})

		account, path := int64(7), "/graphql"
		all := officer(t, s, page.Request{First: 10}).Items
		want := []*risk.Event{
			{Row: all[0].Row, Kind: riskevent.KindRISKY_URL, Outcome: riskevent.OutcomeBLOCKED, OccurredAt: noon.Add(time.Second), Path: &path},
			{Row: all[1].Row, Kind: riskevent.KindSTEP_UP, Outcome: riskevent.OutcomeFAILED, OccurredAt: noon, AccountRow: &account},
		}
		if d := cmp.Diff(want, all); d != "" {
			t.Error(d)
		}
		first := officer(t, s, page.Request{First: 1})
		if d := cmp.Diff(want[1:], officer(t, s, page.Request{First: 1, After: first.Items[0].Row}).Items); d != "" || !first.More {
			t.Error("the second page", d)
		}
	})
}

func TestNobodyButAnOfficerReadsWhatWasNoted(t *testing.T) {
	eachService(t, func(t *testing.T, s *risk.Service, _ *testkit.Clock) {
		s.Note(t.Context(), risk.Happening{Kind: riskevent.KindSTEP_UP, Outcome: riskevent.OutcomeFAILED, AccountID: 7})
		row := officer(t, s, page.Request{First: 1}).Items[0].Row
		for v, want := range map[*viewer.Viewer]error{
			viewer.Nobody():                                              fault.Unauthenticated,
			{Kind: viewer.Driver, AccountID: 7}:                          fault.Forbidden,
			{Kind: viewer.Gate, GateID: 1}:                               fault.Forbidden,
			{Kind: viewer.Staff, StaffID: 1}:                             fault.Forbidden,
			{Kind: viewer.Staff, Office: []viewer.Role{viewer.Admin}}:    fault.Forbidden,
			{Kind: viewer.Driver, Office: []viewer.Role{viewer.Officer}}: fault.Forbidden,
		} {
			ctx := viewer.With(t.Context(), v)
			if found, err := s.Page(ctx, page.Request{First: 1}); !errors.Is(err, want) || len(found.Items) > 0 {
				t.Errorf("%+v reads the list: %v", v, err)
			}
			if found, err := s.One(ctx, row); !errors.Is(err, want) || found != nil {
				t.Errorf("%+v reads one: %v", v, err)
			}
		}
	})
}

func TestWhatIsBlockedWithoutEndIsNotedOnceAMinute(t *testing.T) {
	eachService(t, func(t *testing.T, s *risk.Service, clock *testkit.Clock) {
		blocked := risk.Happening{Kind: riskevent.KindQUOTES_PROBED, Outcome: riskevent.OutcomeBLOCKED}
		other := blocked
		other.AccountID = 7
		for range 100 {
			s.Note(t.Context(), blocked)
			s.Note(t.Context(), other)
		}
		clock.Pass(time.Minute)
		s.Note(t.Context(), blocked)
		failed := risk.Happening{Kind: riskevent.KindSTEP_UP, Outcome: riskevent.OutcomeFAILED, AccountID: 7}
		s.Note(t.Context(), failed)
		s.Note(t.Context(), failed) // these are counted where they are made
		if n := len(officer(t, s, page.Request{First: 100}).Items); n != 5 {
			t.Errorf("%d were noted", n)
		}
	})
}

func TestTheRowsThemselvesAreForOfficersAndNobodyButTheProgramWritesThem(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		for v, may := range map[*viewer.Viewer]bool{
			{Kind: viewer.Staff, Office: []viewer.Role{viewer.Officer}}:  true,
			{Kind: viewer.Staff, Office: []viewer.Role{viewer.Admin}}:    false,
			{Kind: viewer.Driver, Office: []viewer.Role{viewer.Officer}}: false,
			viewer.Nobody(): false, {Kind: viewer.Gate}: false,
		} {
			ctx := viewer.With(t.Context(), v)
			if _, err := s.Client(ctx).RiskEvent.Query().Count(ctx); errors.Is(err, privacy.Deny) == may {
				t.Errorf("%+v reads: %v", v, err)
			}
			err := s.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
				return tx.RiskEvent.Create().SetKind(riskevent.KindSTEP_UP).SetOutcome(riskevent.OutcomePASSED).SetOccurredAt(noon).Exec(ctx)
			})
			if !errors.Is(err, privacy.Deny) {
				t.Errorf("%+v writes: %v", v, err)
			}
		}
	})
}
