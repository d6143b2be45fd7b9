package wholetest

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parkbff/server/wholetest/rig"
)

// disk is where a server keeps its data, and how it is filled and given room again.
type disk struct {
	folder     string
	fill, free func(h *house) error
}

func TestAFullDiskIsUnavailableRoomHealsItAndNothingAnsweredIsLost(t *testing.T) {
	t.Parallel()
	for name, d := range disks(t) {
		t.Run(name, func(t *testing.T) {
			h := start(t, &rig.House{Program: program, Data: d.folder}, sampleLots(t))
			q := &queue{t: t, gate: h.gate(rig.Lot)}
			q.mustEnter()
			check(t, d.fill(h))
			q.entersUntilRefused(h)
			check(t, d.free(h))
			q.mustEnter()
			check(t, errors.Join(h.Kill(), h.Start(t.Context())))
			q.mustEnter()

			var there []string
			for _, s := range h.stays(rig.Lot) {
				there = append(there, s.Plate)
			}
			slices.Sort(there)
			if !slices.Equal(there, q.admitted) {
				t.Errorf("admitted were %v, there are %v", q.admitted, there)
			}
		})
	}
}

// queue is cars that enter one after the other. One that is refused tries again.
type queue struct {
	t        *testing.T
	gate     asker
	admitted []string
}

func (q *queue) enter() rig.Answer {
	q.t.Helper()
	plate := fmt.Sprintf("浙C%05d", len(q.admitted))
	got := q.gate.reports(rig.Seen(fmt.Sprint(len(q.admitted)), rig.Lot, rig.Entry, plate, time.Now()))
	if len(got.Codes()) == 0 {
		q.admitted = append(q.admitted, plate)
	}
	return got
}

func (q *queue) mustEnter() {
	q.t.Helper()
	if got := q.enter(); len(got.Codes()) > 0 {
		q.t.Fatalf("refused: %v", got.Codes())
	}
}

// mostInARow is how many cars a disk may have room for that is full but for what the store holds already.
const mostInARow = 50

func (q *queue) entersUntilRefused(h *house) {
	q.t.Helper()
	for range mostInARow {
		got := q.enter()
		if len(got.Codes()) == 0 {
			continue
		}
		refuses(q.t, "an entry", got, "UNAVAILABLE")
		refuses(q.t, "a sign-in", h.anybody().asks(`mutation { sendLoginCode(input: {mobile: "13912349999"}) { expiresIn } }`, nil), "UNAVAILABLE")
		refuses(q.t, "another entry", q.enter(), "UNAVAILABLE")
		h.serves() // reading needs no room
		if alive := must(h.anybody().Get(q.t.Context(), "/livez"))(q.t); alive.Status != http.StatusOK {
			q.t.Errorf("the server is not alive: %d", alive.Status)
		}
		return
	}
	q.t.Fatal("the disk is not full")
}

// disks are a small file system, where this machine lets one be mounted, and a folder in which files may
// not grow, which any machine has.
func disks(t *testing.T) map[string]disk {
	t.Helper()
	all := map[string]disk{"files may not grow": stunted(t)}
	if small, err := mounted(t); err == nil {
		all["no space left"] = small
	} else {
		t.Logf("this machine mounts no small file system (%v); the limit on files stands for it", err)
	}
	return all
}

// stunted limits the size of the files that the server may write.
func stunted(t *testing.T) disk {
	t.Helper()
	limit := func(h *house, size uint64) error {
		return unix.Prlimit(h.PID(), unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: math.MaxUint64}, nil)
	}
	return disk{
		folder: t.TempDir(),
		fill:   func(h *house) error { return limit(h, 1) },
		free:   func(h *house) error { return limit(h, math.MaxUint64) },
	}
}

// mounted is a file system of 8 MB in memory, which only root may mount.
func mounted(t *testing.T) (disk, error) {
	t.Helper()
	point := t.TempDir()
	small, err := rig.NewDisk(point, 8)
	if err != nil {
		return disk{}, err
	}
	t.Cleanup(func() { check(t, small.Close()) })
	return disk{
		folder: small.Folder(),
		fill:   func(*house) error { return small.Fill() },
		free:   func(*house) error { return small.Free() },
	}, nil
}
