package notice_test

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"parkbff/internal/bus"
	"parkbff/internal/notice"
)

func TestHintsReachOnlyTheReplicasThatWatchTheAccount(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		nodes := threeNodes(t)
		teller, watching, idle := h.onNode(nodes[0], "teller"), h.onNode(nodes[1], "watching"), h.onNode(nodes[2], "idle")
		watched, unwatched, other := h.accounts(20), h.accounts(20), h.account()
		h.open(idle, other, 0)
		var watchers []watcher
		for _, id := range watched {
			watchers = append(watchers, h.open(watching, id, 0))
		}
		eventually(t, func() bool { return interested(nodes[0], other) && interested(nodes[0], watched...) })

		for i := range watched { // the last hint of all is one that is wanted: when it has come, the others have been sent
			h.tell(teller, h.entering(unwatched[i], 0), h.entering(watched[i], 0))
		}

		for i, w := range watchers {
			mustDeliver(t, watched[i], w, 1)
		}
		want := int64(len(watched))
		eventually(t, func() bool { return hints(t, nodes[1]) >= want }) // a notice may be found before its hint comes
		for name, want := range map[int]int64{0: 0, 1: want, 2: 0} {
			if got := hints(t, nodes[name]); got != want {
				t.Errorf("the replica at node %d was sent %d hints, want %d", name, got, want)
			}
		}
		for _, w := range watchers {
			w.Close()
		}
		eventually(t, func() bool {
			return !slices.ContainsFunc(watched, func(id int64) bool { return interested(nodes[0], id) })
		})
	})
}

func TestAReplicaWhoseNodeIsKilledFindsWhatItMissedOnAnother(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		nodes := threeNodes(t)
		teller, far := h.onNode(nodes[0], "teller"), h.onNode(nodes[1], "far", nodes[2])
		id := h.account()
		w := h.open(far, id, 0)
		h.tell(teller, h.entering(id, 0))
		mustDeliver(t, id, w, 1)

		nodes[1].Shutdown()
		h.tell(teller, h.entering(id, 0), h.entering(id, 0))

		mustDeliver(t, id, w, 2, 3)
		mustBeSilentNow(t, id, w)
	})
}

// onNode answers a replica that is connected to one node of a cluster, and to others when that is gone.
func (h *house) onNode(node *server.Server, name string, others ...*server.Server) *notice.Service {
	h.t.Helper()
	urls := node.ClientURL()
	for _, other := range others {
		urls += "," + other.ClientURL()
	}
	b, err := bus.Open(context.Background(), bus.Options{URL: urls, Name: name})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			h.t.Error(err)
		}
	})
	return h.replicaOn(b, never)
}

// threeNodes starts a NATS cluster.
func threeNodes(t *testing.T) []*server.Server {
	t.Helper()
	var nodes []*server.Server
	var routes []*url.URL
	for range 3 {
		node, err := server.NewServer(&server.Options{
			Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, Routes: routes,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: server.RANDOM_PORT, NoAdvertise: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		node.Start()
		t.Cleanup(func() { node.Shutdown(); node.WaitForShutdown() })
		if !node.ReadyForConnections(patience) {
			t.Fatal("a node does not start")
		}
		nodes, routes = append(nodes, node), append(routes, &url.URL{Scheme: "nats", Host: node.ClusterAddr().String()})
	}
	eventually(t, func() bool {
		for _, node := range nodes {
			if node.NumRoutes() < 2 {
				return false
			}
		}
		return true
	})
	return nodes
}

// interested tells whether a node knows of replicas that watch all of these accounts.
func interested(node *server.Server, accountIDs ...int64) bool {
	for _, id := range accountIDs {
		if node.GlobalAccount().Interest(subjectOf(id)) == 0 {
			return false
		}
	}
	return true
}

// hints counts what a node has sent to the replica that is connected to it.
func hints(t *testing.T, node *server.Server) (sent int64) {
	t.Helper()
	connections, err := node.Connz(&server.ConnzOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range connections.Conns {
		sent += c.OutMsgs
	}
	return sent
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come to pass")
		}
	}
}
