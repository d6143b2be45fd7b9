package ws_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"testing"
)

// aside is set in the process that serves while another one holds the clients.
const aside = "PARKBFF_TEST_SERVE_ASIDE"

// usage is what a process holds after its garbage was collected.
type usage struct{ Subscriptions, Goroutines, Heap, Stacks int }

func (u usage) bytes() int { return u.Heap + u.Stacks }

// TestServeAside is not a test of its own: it is the other process of TestAnIdleSubscriberIsSmall, and ends
// when its standard input does.
func TestServeAside(t *testing.T) {
	if os.Getenv(aside) == "" {
		return
	}
	r := serve(t, nil)
	mux := http.NewServeMux()
	mux.HandleFunc("/usage", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(r.usage()) })
	mux.HandleFunc("/heap", func(w http.ResponseWriter, _ *http.Request) { _ = pprof.WriteHeapProfile(w) })
	beside := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = beside.Serve(listener) }()
	fmt.Println(r.address, listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = beside.Close()
}

func (r *rig) usage() usage {
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{r.Open(), runtime.NumGoroutine(), int(m.HeapAlloc), int(m.StackInuse)}
}

// other is the process that serves.
type other struct {
	t               *testing.T
	address, beside string
}

func servesAside(t *testing.T) other {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServeAside$")
	command.Env = append(os.Environ(), aside+"=1")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = command.Wait()
	})
	o := other{t: t}
	if _, err := fmt.Fscan(out, &o.address, &o.beside); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o other) usage() (u usage) {
	o.t.Helper()
	response, err := http.Get("http://" + o.beside + "/usage")
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&u); err != nil {
		o.t.Fatal(err)
	}
	return u
}

// keepHeap writes the profile for `go tool pprof` where the variable says, if it does.
func (o other) keepHeap() {
	o.t.Helper()
	path := os.Getenv("PARKBFF_TEST_HEAP_PROFILE")
	if path == "" {
		return
	}
	response, err := http.Get("http://" + o.beside + "/heap")
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	profile, err := io.ReadAll(response.Body)
	if err == nil {
		err = os.WriteFile(path, profile, 0o600)
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

// subscribes opens a bare socket that asks for notices, and answers it once it is acknowledged.
func (o other) subscribes() net.Conn {
	o.t.Helper()
	c, err := net.Dial("tcp", o.address)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = c.Close() })
	_, err = io.WriteString(c, "GET /graphql HTTP/1.1\r\nHost: "+o.address+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n")
	if err != nil {
		o.t.Fatal(err)
	}
	answer := bufio.NewReader(c)
	for {
		line, err := answer.ReadString('\n')
		if err != nil {
			o.t.Fatal(err)
		}
		if strings.TrimSpace(line) == "" {
			break
		}
	}
	if _, err := io.WriteString(c, frame(`{"type":"connection_init"}`)); err != nil {
		o.t.Fatal(err)
	}
	ack := make([]byte, len(`{"type":"connection_ack"}`)+2)
	if _, err := io.ReadFull(answer, ack); err != nil || !strings.HasSuffix(string(ack), `ack"}`) {
		o.t.Fatalf("%q, %v", ack, err)
	}
	if _, err := io.WriteString(c, frame(`{"type":"subscribe","id":"1","payload":{"query":"`+published+`"}}`)+pong); err != nil {
		o.t.Fatal(err)
	}
	return c
}

// pong is empty, and what an idle client last said: it answers pings.
const pong = "\x8a\x80\x00\x00\x00\x00"

// frame is a text message as clients send it, under a mask of zeros.
func frame(text string) string {
	head := []byte{0x81, 0x80 | byte(min(len(text), 126))}
	if len(text) >= 126 {
		head = binary.BigEndian.AppendUint16(head, uint16(len(text)))
	}
	return string(head) + "\x00\x00\x00\x00" + text
}

// TestAnIdleSubscriberIsSmall measures in a process that holds nothing but the subscribers.
func TestAnIdleSubscriberIsSmall(t *testing.T) {
	const subscribers = 2000
	o := servesAside(t)
	before := o.usage()
	for range subscribers {
		o.subscribes()
	}
	var now usage
	eventually(t, "all are subscribed", func() bool { now = o.usage(); return now.Subscriptions == subscribers })
	eventually(t, "what worked has ended", func() bool {
		now = o.usage()
		return now.Goroutines-before.Goroutines <= subscribers
	})
	o.keepHeap()
	each := (now.bytes() - before.bytes()) / subscribers
	t.Logf("each of %d: %d bytes, of which %d are the stack; %.3f goroutines", subscribers, each,
		(now.Stacks-before.Stacks)/subscribers, float64(now.Goroutines-before.Goroutines)/subscribers)
	most := 6 << 10
	if raced {
		most = 10 << 10
	}
	if each > most {
		t.Errorf("%d bytes each, more than %d", each, most)
	}
}
