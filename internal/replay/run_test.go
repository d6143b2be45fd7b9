package replay_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"parkbff/internal/replay"
)

func TestEveryStayIsClosedOnceAndPricedAsRecorded(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	got := w.replay(t)

	if got.Stays != 1000 || got.SessionsClosed != 1000 || got.Observations != 2000 || got.Errors != 0 || got.Duplicates != 0 {
		t.Errorf("got %+v", got)
	}
	lot := got.PerLot["P1"]
	if lot.Stays != 700 || lot.Compared == 0 || lot.Percent < 80 || lot.Percent > 90 {
		t.Errorf("P1: %+v: all agree but every seventh", lot)
	}
	if got.FeesCompared != lot.Compared+got.PerLot["P2"].Compared || got.FeesAgree >= got.FeesCompared {
		t.Errorf("got %+v", got)
	}
	if most := slices.Max(w.batches); most > 500 || len(w.batches) != 5 {
		t.Errorf("batches of %v", w.batches)
	}
}

func TestTheReportIsOneLineWithItsNamesInOrder(t *testing.T) {
	text, err := json.Marshal(replay.Report{PerLot: map[string]replay.LotReport{"P1": {Stays: 3, Compared: 2, Agree: 1, Percent: 50}}})
	want := `{"stays":0,"observations":0,"sessionsClosed":0,"duplicates":0,"errors":0,"feesCompared":0,"feesAgree":0,` +
		`"perLot":{"P1":{"stays":3,"compared":2,"agree":1,"percent":50}},"digest":"","seconds":0}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}

func TestASecondRunFindsEverythingThereAlready(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	first := w.replay(t)
	asked := codesSent(w)
	second := w.replay(t)

	if second.Duplicates != 2000 || second.Errors != 0 || second.SessionsClosed != 1000 {
		t.Errorf("got %+v", second)
	}
	if second.Digest != first.Digest || len(first.Digest) != 64 {
		t.Errorf("digests %s and %s", first.Digest, second.Digest)
	}
	if again := codesSent(w); again != asked {
		t.Errorf("the second run used %d sign-in codes", again-asked)
	}
}

func codesSent(w *world) int {
	n := 0
	for _, who := range w.people {
		n += len(who.sent)
	}
	return n
}

func TestAServerThatGoesAwayAgainAndAgainChangesNothing(t *testing.T) {
	calm, stormy := newWorld(t, "2026-11-21T12:00:00Z"), newWorld(t, "2026-11-21T12:00:00Z")
	want := calm.replay(t)

	random := rand.New(rand.NewPCG(3, 4))
	setUp := 14 + 4*len(stormy.options.Sessions) // sign-ins are not repeated, so the storm spares them
	stormy.fate = func(request int) fate {
		if request <= setUp || random.IntN(3) > 0 {
			return answered
		}
		return []fate{unheard, unsaid, refusedIt}[random.IntN(3)]
	}
	got := stormy.replay(t)

	if got.Errors != 0 || got.SessionsClosed != 1000 || got.Digest != want.Digest {
		t.Errorf("got %+v, want the digest %s", got, want.Digest)
	}
}

func TestAReplayThatWasStoppedGoesOnWhenRunAgain(t *testing.T) {
	calm, w := newWorld(t, "2026-11-21T12:00:00Z"), newWorld(t, "2026-11-21T12:00:00Z")
	want := calm.replay(t)

	ctx, stop := context.WithCancel(t.Context())
	w.fate = func(int) fate {
		if len(w.batches) == 2 {
			stop()
		}
		return answered
	}
	if _, err := replay.Run(ctx, w.options, w); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped with %v", err)
	}
	w.fate = nil
	got := w.replay(t)

	if got.Errors != 0 || got.Duplicates == 0 || got.Duplicates == 2000 || got.Digest != want.Digest {
		t.Errorf("got %+v", got)
	}
}

func TestAServerThatStaysAwayIsGivenUp(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	w.fate = func(int) fate { return refusedIt }
	began := w.clock.Now()
	_, err := replay.Run(t.Context(), w.options, w)
	if err == nil || !strings.Contains(err.Error(), "given up") {
		t.Fatalf("got %v", err)
	}
	if waited := w.clock.Now().Sub(began); waited < time.Minute || waited > 3*time.Minute {
		t.Errorf("waited %s", waited)
	}
}

func TestALotTheServerDoesNotKnowIsAClearError(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	elsewhere := newWorld(t, "2026-11-21T12:00:00Z")
	_, err := replay.Run(t.Context(), w.options, elsewhere)
	if err == nil || !strings.Contains(err.Error(), "does not know the lot P1") {
		t.Errorf("got %v", err)
	}
}

func TestADoubledTariffNoLongerAgrees(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	w.writeLots(t, 1000)
	if got := w.replay(t); got.Errors != 0 || got.FeesAgree*20 > got.FeesCompared {
		t.Errorf("got %+v", got)
	}
}

// TestPublishedStaysAreReplayed takes the smallest published lot (ThsParking via PewLSTM, IJCAI-20), where
// the data set is at hand; the other tests generate their stays.
func TestPublishedStaysAreReplayed(t *testing.T) {
	folder := cmp.Or(os.Getenv("PARKBFF_SHARED_DATA"), filepath.Join("..", "..", "..", "shared", "data"))
	sessions := filepath.Join(folder, "sessions", "P4.csv")
	if _, err := os.Stat(sessions); err != nil {
		t.Log("the data set is not here")
		return
	}
	w := newWorld(t, "2026-11-21T12:00:00Z")
	w.options.Sessions = []string{sessions}
	w.options.Lots = filepath.Join(folder, "sessions", "lots_and_inferred_tariffs.json")
	got := w.replay(t)
	if got.Stays != 4343 || got.SessionsClosed != 4343 || got.Errors != 0 || got.PerLot["P4"].Percent < 95.5 {
		t.Errorf("got %+v", got)
	}
}

func TestAFeeTheTariffDoesNotAskForDoesNotAgree(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	w.replay(t)
	for _, s := range w.stays["P1"] {
		s.feeFen++
	}
	if got := w.replay(t).PerLot["P1"]; got.Compared == 0 || got.Agree != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestMissingDoubledAndOpenStaysAreErrors(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"missing": func(w *world) { w.stays["P1"] = w.stays["P1"][1:] },
		"doubled": func(w *world) { w.stays["P1"] = append(w.stays["P1"], w.stays["P1"][0]) },
		"open":    func(w *world) { w.stays["P1"][0].exit = time.Time{} },
		"ghost":   func(w *world) { w.stays["P1"][0].ghost = true },
		"longer":  func(w *world) { w.stays["P1"][0].exit = w.stays["P1"][0].exit.Add(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "2026-11-21T12:00:00Z")
			first := w.replay(t)
			spoil(w)
			got := w.replay(t)
			if got.Errors != 1 && name != "doubled" || got.Errors == 0 || got.SessionsClosed != 999 {
				t.Errorf("got %+v", got)
			}
			if got.Digest == first.Digest && name != "ghost" {
				t.Error("the digest is the same")
			}
		})
	}
}

func TestForeignStaysOfALotAreNoneOfTheReplays(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	first := w.replay(t)
	w.stays["P1"] = append(w.stays["P1"], &parked{plate: "粤B12345", enter: w.clock.Now()})
	if diff := gocmp.Diff(first.Digest, w.replay(t).Digest); diff != "" {
		t.Error(diff)
	}
}

func TestProgressTellsRateAndRemainingTime(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	var shown bytes.Buffer
	w.options.Progress = &shown
	w.options.Speed = "60x"
	w.replay(t)
	for _, want := range []string{"observations 2,000 of 2,000 (100 %)", "/s, ", " left\n", "stays read back 1,000 of 1,000"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("%q is not shown", want)
		}
	}
	if strings.Contains(shown.String(), "199") && strings.Contains(shown.String(), "测试") {
		t.Error("a person is shown")
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	for name, change := range map[string]func(o *replay.Options){
		"url":                func(o *replay.Options) { o.URL = "localhost" },
		"no sessions":        func(o *replay.Options) { o.Sessions = nil },
		"speed":              func(o *replay.Options) { o.Speed = "fast" },
		"speed of zero":      func(o *replay.Options) { o.Speed = "0x" },
		"speed of nothing":   func(o *replay.Options) { o.Speed = "NaNx" },
		"accounts":           func(o *replay.Options) { o.Accounts = -1 },
		"lots":               func(o *replay.Options) { o.Lots += ".not" },
		"the same lot twice": func(o *replay.Options) { o.Sessions = append(o.Sessions, o.Sessions[0]) },
		"a lot not listed": func(o *replay.Options) {
			other := strings.Replace(o.Sessions[0], "P1", "P9", 1)
			text, _ := os.ReadFile(o.Sessions[0])
			_ = os.WriteFile(other, text, 0o600)
			o.Sessions = append(o.Sessions, other)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "2026-11-21T12:00:00Z")
			change(&w.options)
			if _, err := replay.Run(t.Context(), w.options, w); err == nil {
				t.Error("was accepted")
			}
			if w.requests != 0 {
				t.Error("the server was asked")
			}
		})
	}
}
