package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

const patience = 20 * time.Second

// speaker is a server of the sub-protocol that does as it is told with each subscription: n counts them.
func speaker(t *testing.T, speak func(n int64, conn *websocket.Conn, asked message)) string {
	t.Helper()
	var count atomic.Int64
	upgrader := websocket.Upgrader{Subprotocols: []string{protocol}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		var begun, asked message
		if conn.ReadJSON(&begun) != nil || conn.WriteJSON(message{Type: "connection_ack"}) != nil || conn.ReadJSON(&asked) != nil {
			t.Error("no subscription")
			return
		}
		speak(count.Add(1), conn, asked)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// tells sends the n-th notice.
func tells(conn *websocket.Conn, n int) {
	payload := fmt.Sprintf(`{"data":{"noticeReceived":{"cursor":"c%d","notice":{"id":"id%d","kind":%q}}}}`, n, n, kindOf(n))
	_ = conn.WriteJSON(message{Type: "next", ID: operation, Payload: []byte(payload)})
}

// untilGone keeps a connection until the client leaves.
func untilGone(conn *websocket.Conn) {
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}

// oneOwed is a crowd of one who is owed so many notices.
func oneOwed(t *testing.T, url string, owed int) (*crowd, *subscriber) {
	t.Helper()
	c := newCrowd(t.Context(), url, []person{{token: "token"}})
	s := c.members[0]
	s.tellings = book(owed).tellings
	return c, s
}

func awaitArrivals(t *testing.T, c *crowd, count int64) {
	t.Helper()
	held, err := until(t.Context(), patience, func() (bool, error) { return c.arrived.Load() >= count, nil })
	if err != nil || !held {
		t.Fatalf("%d of %d notices arrived: %v", c.arrived.Load(), count, errors.Join(append(c.failures, err)...))
	}
}

func connectAll(t *testing.T, c *crowd) {
	t.Helper()
	if err := c.connect(func(int) {}); err != nil {
		t.Fatal(err)
	}
}

func TestAServerThatDropsAndRepeatsIsFoundOut(t *testing.T) {
	url := speaker(t, func(_ int64, conn *websocket.Conn, _ message) {
		tells(conn, 0)
		tells(conn, 0)
		tells(conn, 1)
		untilGone(conn)
	})
	c, s := oneOwed(t, url, 3)
	connectAll(t, c)
	awaitArrivals(t, c, 3)
	c.leave()
	if got := s.sum(true); got.Lost != 1 || got.Duplicated != 1 || got.Delivered != 2 {
		t.Errorf("%+v", got)
	}
	if c.dropped() != 0 {
		t.Errorf("the crowd's own leaving counts as dropped: %v", c.endings)
	}
}

func TestWhoeverIsCutComesBackWithTheCursorAndIsCounted(t *testing.T) {
	cursors := make(chan string, 2)
	url := speaker(t, func(n int64, conn *websocket.Conn, asked message) {
		cursors <- string(asked.Payload)
		if n == 1 {
			tells(conn, 0)
			_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1012, "Service restart"), time.Now().Add(time.Second))
			return
		}
		tells(conn, 1)
		untilGone(conn)
	})
	c, s := oneOwed(t, url, 2)
	connectAll(t, c)
	awaitArrivals(t, c, 2)
	c.leave()
	if got := s.sum(true); got.wrong() || got.Delivered != 2 {
		t.Errorf("%+v", got)
	}
	if c.endings[1012] != 1 || c.dropped() != 1 {
		t.Errorf("endings: %v", c.endings)
	}
	if first := <-cursors; strings.Contains(first, "after\":") {
		t.Errorf("a cursor before any notice: %s", first)
	}
	if second := <-cursors; !strings.Contains(second, `"after":"c0"`) {
		t.Errorf("no cursor: %s", second)
	}
}

func TestASubscriptionThatIsRefusedIsCounted(t *testing.T) {
	url := speaker(t, func(n int64, conn *websocket.Conn, _ message) {
		if n == 1 {
			_ = conn.WriteJSON(message{Type: "error", ID: operation, Payload: []byte(`[{"message":"no"}]`)})
			return
		}
		tells(conn, 0)
		untilGone(conn)
	})
	c, _ := oneOwed(t, url, 1)
	connectAll(t, c)
	awaitArrivals(t, c, 1)
	c.leave()
	if c.dropped() != 1 {
		t.Errorf("endings: %v", c.endings)
	}
}

// A sleeper stalls after its first notice; the server sees its pings, cuts it, and tells the rest when it is back.
func TestASleeperThatTheServerClosesComesBackAndMissesNothing(t *testing.T) {
	url := speaker(t, func(n int64, conn *websocket.Conn, _ message) {
		if n == 1 {
			tells(conn, 0)
			var m message
			if conn.ReadJSON(&m) != nil || m.Type != "ping" || len(m.Payload) < stallPayload {
				t.Errorf("a stalling client sends %q of %d bytes", m.Type, len(m.Payload))
			}
			return
		}
		tells(conn, 1)
		untilGone(conn)
	})
	c, s := oneOwed(t, url, 2)
	c.sleepers(1)
	connectAll(t, c)
	awaitArrivals(t, c, 2)
	c.leave()
	if got := s.sum(true); got.wrong() || c.stalledOff() != 1 || c.dropped() != 0 {
		t.Errorf("%+v, %d closed, endings %v", got, c.stalledOff(), c.endings)
	}
}

func TestAServerThatKeepsWhoDoesNotReadIsFoundOut(t *testing.T) {
	url := speaker(t, func(_ int64, conn *websocket.Conn, _ message) { untilGone(conn) })
	conn, err := newLine(url).open(t.Context(), 0, "token", subscription{}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := stall(t.Context(), conn, 100*time.Millisecond); !errors.Is(err, errNotClosed) {
		t.Errorf("got %v", err)
	}
}

func TestSubscribersComeFromSeveralAddresses(t *testing.T) {
	for n, want := range map[int]string{0: "127.0.0.2", socketsOfOne - 1: "127.0.0.2", socketsOfOne: "127.0.0.3", 15_000 - 1: "127.0.0.5"} {
		if got := addressOf(n).IP.String(); got != want {
			t.Errorf("subscriber %d comes from %s, want %s", n, got, want)
		}
	}
}

func TestACrowdLeavesNothingBehind(t *testing.T) {
	url := speaker(t, func(_ int64, conn *websocket.Conn, _ message) {
		tells(conn, 0)
		untilGone(conn)
	})
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := newCrowd(ctx, url, make([]person, 50))
	connectAll(t, c)
	awaitArrivals(t, c, 50)
	c.leave()
	held, err := until(t.Context(), patience, func() (bool, error) { return goleak.Find(before) == nil, nil })
	if err != nil || !held {
		t.Error(goleak.Find(before))
	}
}
