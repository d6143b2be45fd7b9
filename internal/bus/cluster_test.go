package bus_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"parkbff/internal/bus"
)

func TestTwoReplicasHearEachOther(t *testing.T) {
	url := startCluster(t).url()
	one, two := open(t, bus.Options{URL: url, Name: "one"}), open(t, bus.Options{URL: url, Name: "two"})
	atOne, atTwo := listen(t, one, "notice.12"), listen(t, two, "notice.12")
	publish(t, one, "notice.12", "7")
	mustReceive(t, atOne, message{"notice.12", "7"})
	mustReceive(t, atTwo, message{"notice.12", "7"})
}

func TestSubscriptionsSurviveARestartOfTheServer(t *testing.T) {
	cluster := startCluster(t)
	b := open(t, bus.Options{URL: cluster.url()})
	back := make(chan struct{}, 10)
	b.OnReconnect(func() { back <- struct{}{} })
	inbox := listen(t, b, "notice.>")

	cluster.stop()
	mustBecome(t, b, bus.ErrDisconnected)
	if _, err := b.Subscribe("notice.13", func(string, []byte) {}); !errors.Is(err, bus.ErrDisconnected) {
		t.Errorf("subscribing meanwhile answers %v", err)
	}
	publish(t, b, "notice.12", "held")

	cluster.start()
	mustHappen(t, back)
	mustBecome(t, b, nil)
	publish(t, b, "notice.12", "after")
	mustReceive(t, inbox, message{"notice.12", "held"})
	mustReceive(t, inbox, message{"notice.12", "after"})
}

func TestWhatIsHeldWhileTheServerIsAwayIsBounded(t *testing.T) {
	cluster := startCluster(t)
	b := open(t, bus.Options{URL: cluster.url()})
	cluster.stop()
	mustBecome(t, b, bus.ErrDisconnected)
	payload := make([]byte, 1024)
	held := 0
	for b.Publish("notice.12", payload) == nil {
		if held++; held > 2048 {
			t.Fatal("it holds without end")
		}
	}
	if held < 512 {
		t.Errorf("it holds %d KiB only", held)
	}
}

func TestClosingWhileTheServerIsAwayIsClean(t *testing.T) {
	cluster := startCluster(t)
	b := open(t, bus.Options{URL: cluster.url()})
	cluster.stop()
	mustBecome(t, b, bus.ErrDisconnected)
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAClusterThatIsNotThereFailsTheStart(t *testing.T) {
	cluster := startCluster(t)
	cluster.stop()
	for _, url := range []string{cluster.url(), "nats://svc:sesame@127.0.0.1:port"} {
		_, err := bus.Open(t.Context(), bus.Options{URL: url})
		if err == nil || !strings.Contains(err.Error(), "PARKBFF_NATS_URL") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: err = %v", url, err)
		}
	}
}

func TestOpeningHeedsItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bus.Open(ctx, bus.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestTheLogTellsOfALostServerAndOfNoPayload(t *testing.T) {
	cluster := startCluster(t)
	var log syncedBuffer
	b := open(t, bus.Options{URL: cluster.url(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	back := make(chan struct{}, 10)
	b.OnReconnect(func() { back <- struct{}{} })
	inbox := listen(t, b, "notice.12")
	publish(t, b, "notice.12", "sesame")
	mustReceive(t, inbox, message{"notice.12", "sesame"})
	cluster.stop()
	mustBecome(t, b, bus.ErrDisconnected)
	cluster.start()
	mustHappen(t, back)

	got := log.String()
	if !strings.Contains(got, "bus disconnected") || !strings.Contains(got, "bus reconnected") {
		t.Errorf("log:\n%s", got)
	}
	if strings.Contains(got, "sesame") || strings.Contains(got, "notice.12") {
		t.Errorf("it tells too much:\n%s", got)
	}
}

// cluster is one NATS server on a loopback port that it keeps when it is started again.
type cluster struct {
	t      *testing.T
	port   int
	folder string // of streams; empty: it keeps none
	server *server.Server
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	return startStreams(t, "")
}

// startStreams starts one that keeps streams in a folder.
func startStreams(t *testing.T, folder string) *cluster {
	t.Helper()
	c := &cluster{t: t, port: server.RANDOM_PORT, folder: folder}
	c.start()
	t.Cleanup(func() { c.stop() })
	return c
}

func (c *cluster) url() string {
	return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: c.port}).String()
}

func (c *cluster) start() {
	c.t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: c.port, NoSigs: true, NoLog: true, JetStream: c.folder != "", StoreDir: c.folder,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		c.t.Fatal("the server does not start")
	}
	c.server, c.port = s, s.Addr().(*net.TCPAddr).Port
}

func (c *cluster) stop() {
	c.server.Shutdown()
	c.server.WaitForShutdown()
}

func mustBecome(t *testing.T, b *bus.Bus, want error) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if errors.Is(b.Healthy(), want) {
			return
		}
	}
	t.Fatalf("Healthy() stays %v", b.Healthy())
}

type syncedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncedBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncedBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
