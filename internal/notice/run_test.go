package notice_test

import (
	"errors"
	"testing"
	"time"

	"parkbff/internal/testkit"
)

func TestWhatOneReplicaTellsTheOtherDelivers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		near, far, id := h.replica(never), h.replica(never), h.account()
		here, there := h.open(near, id, 0), h.open(far, id, 0)

		h.tell(near, h.entering(id, 0))
		h.tell(far, h.entering(id, 0))

		mustDeliver(t, id, here, 1, 2)
		mustDeliver(t, id, there, 1, 2)
		mustBeSilent(t, id, here)
		mustBeSilent(t, id, there)
	})
}

func TestHintsThatTheBusLostAreRepairedByReconciling(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		near, far, id := h.replica(never), h.replica(20*time.Millisecond), h.account()
		there := h.open(far, id, 0)
		h.bus.lossy.Store(true)

		h.tell(near, h.entering(id, 0))

		mustDeliver(t, id, there, 1)
	})
}

func TestWhatIsToldBeforeOtherServersKnowOfAReadingIsFoundSoon(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		near, far, id := h.service(never), h.replica(never), h.account()
		h.bus.lossy.Store(true)
		there := h.open(far, id, 0)

		h.tell(near, h.entering(id, 0))

		mustDeliver(t, id, there, 1)
	})
}

func TestReconnectingReconcilesAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		near, far, id := h.service(never), h.replica(never), h.account()
		there := h.open(far, id, 0)
		h.bus.lossy.Store(true)
		h.tell(near, h.entering(id, 0))
		mustBeSilent(t, id, there)

		h.bus.reconnect()

		mustDeliver(t, id, there, 1)
	})
}

func TestAWrongHintCostsNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.replica(never), h.account()
		r := h.open(s, id, 0)
		mustBeSilent(t, id, r) // it listens by now

		for _, hint := range [][2]string{
			{"notice.x", "1"}, {"notice.1", "x"}, {subjectOf(id), "999999999"}, {subjectOf(id), "-1"}, {subjectOf(id), ""},
		} {
			if err := h.bus.Publish(hint[0], []byte(hint[1])); err != nil {
				t.Fatal(err)
			}
		}
		mustBeSilent(t, id, r)
		h.tell(s, h.entering(id, 0))

		mustDeliver(t, id, r, 1)
	})
}

func TestABusThatFailsDoesNotFailTheTelling(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	s, id := h.replicaOn(&mutedBus{h.bus}, never), h.account()
	r := h.open(s, id, 0)

	h.tell(s, h.entering(id, 0))

	mustDeliver(t, id, r, 1)
}

var errBusAway = errors.New("the bus is away")

// mutedBus cannot publish.
type mutedBus struct{ *recordingBus }

func (*mutedBus) Publish(string, []byte) error { return errBusAway }
