package wholetest

import (
	"database/sql"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parkbff/internal/testkit/pgtest"
	"parkbff/server/wholetest/rig"
)

func TestADatabaseThatGoesAwayAndReturnsNeedsNoRestart(t *testing.T) {
	t.Parallel()
	base := newDatabase(t)
	h := start(t, &rig.House{Program: program, Data: t.TempDir(), Database: base.cluster.URL}, sampleLots(t))
	follower, _ := h.driver(plantedFollower)
	gate := h.gate(rig.Lot)
	gate.seesAStay(plantedFollower.Plate)
	listening := socketAt(t, h, "/graphql", "graphql-transport-ws", follower.Token, follower.newestNotice())
	gate.sees(rig.Entry, plantedFollower.Plate, time.Now())
	must(listening.next(soon))(t)

	base.stop()
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

	base.start()
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

// database is a PostgreSQL server of the test's own that can be stopped and started.
type database struct {
	t       *testing.T
	cluster *pgtest.Cluster
	folder  string // of its data
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	d := &database{t: t, cluster: must(pgtest.Start())(t)}
	t.Cleanup(func() { check(t, d.cluster.Stop()) })
	db := must(sql.Open("postgres", d.cluster.URL))(t)
	d.folder = texts(t, db, "SHOW data_directory")[0]
	check(t, db.Close())
	return d
}

// stop shuts the server down as `pg_ctl stop -m fast` does: what is connected is cut.
func (d *database) stop() {
	d.t.Helper()
	pidFile := filepath.Join(d.folder, "postmaster.pid")
	pid, _, _ := strings.Cut(string(must(os.ReadFile(pidFile))(d.t)), "\n")
	check(d.t, syscall.Kill(must(strconv.Atoi(pid))(d.t), syscall.SIGINT))
	eventually(d.t, 10*time.Second, "the database stops", func() bool {
		_, err := os.Stat(pidFile)
		return errors.Is(err, os.ErrNotExist)
	})
}

// start starts the server as it was started before, until the test ends.
func (d *database) start() {
	d.t.Helper()
	before := strings.Fields(string(must(os.ReadFile(filepath.Join(d.folder, "postmaster.opts")))(d.t)))
	for i := range before {
		before[i] = strings.Trim(before[i], `"`)
	}
	info := must(os.Stat(d.folder))(d.t)
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		d.t.Fatal("the owner of the database's folder is not known")
	}
	again := exec.Command(before[0], before[1:]...)
	again.Dir = d.folder
	if os.Geteuid() == 0 {
		again.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	check(d.t, again.Start())
	d.t.Cleanup(func() {
		d.stop()
		_ = again.Wait()
	})
}
