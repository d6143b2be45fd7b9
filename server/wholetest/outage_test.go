package wholetest

import (
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parkbff/server/wholetest/rig"
)

func TestADatabaseThatGoesAwayAndReturnsNeedsNoRestart(t *testing.T) {
	t.Parallel()
	base := newDatabase(t)
	h := start(t, &rig.House{Program: program, Data: t.TempDir(), Database: base.URL()}, sampleLots(t))
	follower, _ := h.driver(plantedFollower)
	gate := h.gate(rig.Lot)
	gate.seesAStay(plantedFollower.Plate)
	listening := socketAt(t, h, "/graphql", "graphql-transport-ws", follower.Token, follower.newestNotice())
	gate.sees(rig.Entry, plantedFollower.Plate, time.Now())
	must(listening.next(soon))(t)

	check(t, base.Stop())
	for name, got := range map[string]rig.Answer{
		"an entry":   gate.reports(rig.Seen("lost", rig.Lot, rig.Entry, plantedPlate, time.Now())),
		"a sign-in":  h.anybody().asks(`mutation { sendLoginCode(input: {mobile: "13912349999"}) { expiresIn } }`, nil),
		"a history":  follower.asks(`{ viewer { sessions(first: 1) { edges { node { id } } } } }`, nil),
		"the record": h.bearer(follower.Token).asks(`{ viewer { notices(first: 1) { edges { node { id } } } } }`, nil),
	} {
		refuses(t, name, got, "UNAVAILABLE")
	}
	h.tells("/readyz", http.StatusServiceUnavailable)
	h.tells("/livez", http.StatusOK)

	check(t, base.Start())
	eventually(t, 20*time.Second, "the server works again", func() bool {
		return len(gate.reports(rig.Seen("out", rig.Lot, rig.Exit, plantedFollower.Plate, time.Now())).Codes()) == 0
	})
	h.tells("/readyz", http.StatusOK)
	if got := h.stays(rig.Lot); len(got) != 2 || got[0].State != "CLOSED" || got[1].State != "CLOSED" {
		t.Errorf("the lot has %+v", got)
	}
	told, err := listening.next(5 * time.Second)
	if !comesBack(err) {
		t.Errorf("the socket: %v", err)
	}
	if err == nil {
		holds(t, "the socket", told, `"kind":"EXITED"`)
	}
	h.logHides(plantedPlate, plantedFollower.Plate, plantedFollower.Mobile, "13912349999")
}

// comesBack holds for a socket that goes on, and for one that was closed so that its client comes back.
func comesBack(err error) bool {
	return err == nil || websocket.IsCloseError(err, websocket.CloseTryAgainLater, websocket.CloseServiceRestart)
}

func (h *house) tells(path string, status int) {
	h.t.Helper()
	if got := must(h.anybody().Get(h.t.Context(), path))(h.t); got.Status != status {
		h.t.Errorf("%s: status %d, want %d: %s", path, got.Status, status, got.Body)
	}
}

// newDatabase is a PostgreSQL server of the test's own that can be stopped and started.
func newDatabase(t *testing.T) *rig.Database {
	t.Helper()
	d := must(rig.NewDatabase(t.Context()))(t)
	t.Cleanup(func() { check(t, d.Close()) })
	return d
}
