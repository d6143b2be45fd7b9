package wholetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"parkbff/server/wholetest/rig"
)

// What the outage of the streams' room stands on: nodes of the bus that really have none, and get well.
func TestABusWithoutRoomKeepsNothingNewAndLosesNothingOld(t *testing.T) {
	t.Parallel()
	mounted := must(rig.NewRoom(t.TempDir()))(t)
	t.Cleanup(func() { check(t, mounted.Close()) })
	t.Logf("mounting: %v", mounted.Mounting)
	for name, room := range map[string]*rig.Room{"a full disk": mounted, "a limit": rig.LimitedRoom(t.TempDir())} {
		t.Run(name, func(t *testing.T) {
			bus := must(rig.StartBus(t.Context(), room.Folder(), room.MaxStore()))(t)
			t.Cleanup(func() { check(t, bus.KillAll()) })
			w := newWork(t, bus)

			w.mustKeep(3)
			check(t, room.Fill(t.Context(), bus))
			w.keepsUntilRefused()
			check(t, room.Free(t.Context(), bus))
			eventually(t, 30*time.Second, "the bus keeps again", func() bool { return w.keep() == nil })
			w.mustKeep(3)

			info := must(w.streams.StreamInfo(workStream))(t)
			if int(info.State.Msgs) < w.kept {
				t.Errorf("%d were kept, there are %d", w.kept, info.State.Msgs)
			}
		})
	}
}

const workStream = "WORK"

// work is put into a stream on every node.
type work struct {
	t       *testing.T
	streams nats.JetStreamContext
	tried   int
	kept    int
}

func newWork(t *testing.T, bus *rig.Bus) *work {
	t.Helper()
	conn := must(nats.Connect(bus.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond)))(t)
	t.Cleanup(conn.Close)
	streams := must(conn.JetStream(nats.MaxWait(5 * time.Second)))(t)
	eventually(t, 20*time.Second, "there is a stream", func() bool {
		_, err := streams.AddStream(&nats.StreamConfig{Name: workStream, Subjects: []string{"work"}, Replicas: bus.Nodes()})
		return err == nil
	})
	return &work{t: t, streams: streams}
}

// keep puts 64 kB of work into the stream.
func (w *work) keep() error {
	w.tried++
	_, err := w.streams.Publish("work", make([]byte, 64<<10), nats.MsgId(fmt.Sprint(w.tried)))
	if err == nil {
		w.kept++
	}
	return err
}

func (w *work) mustKeep(n int) {
	w.t.Helper()
	for range n {
		check(w.t, w.keep())
	}
}

// mostKept is how much work may find room in what the nodes have taken already.
const mostKept = 100

func (w *work) keepsUntilRefused() {
	w.t.Helper()
	for range mostKept {
		if err := w.keep(); err != nil {
			w.t.Logf("refused after %d: %v", w.kept, err)
			if errors.Is(err, nats.ErrConnectionClosed) {
				w.t.Error("the connection is gone")
			}
			return
		}
	}
	w.t.Fatal("there is room still")
}
