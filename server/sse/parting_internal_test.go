package sse

import (
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"parkbff/server/live"
	"parkbff/server/live/livetest"
)

// TestOperationsAreStoppedWhileTheirStreamParts holds that requests for a stream, which come from any replica
// until nobody answers for its ticket, meet one that says farewell.
func TestOperationsAreStoppedWhileTheirStreamParts(t *testing.T) {
	house := livetest.New()
	who, err := house.Authenticate(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	h := &Handler{options: Options{Runner: house.Runner}.withDefaults()}
	s := newShared(t.Context(), stream{h: h, w: httptest.NewRecorder(), who: who})
	const operations = 1000
	for id := range operations {
		s.untold[strconv.Itoa(id)] = &sharedOperation{s: s, cancel: func() {}}
	}
	s.close()
	var stopping sync.WaitGroup
	stopping.Go(func() {
		for id := range operations {
			s.carryOut(errand{Kind: stop, Who: new(who.Subject()), Stop: strconv.Itoa(id)})
		}
	})
	s.part(live.TokenExpired)
	stopping.Wait()
	if len(s.untold) > 0 {
		t.Errorf("%d operations are left", len(s.untold))
	}
}
