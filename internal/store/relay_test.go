package store_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// relay stands between the store and PostgreSQL, and can fail as networks do.
type relay struct {
	t      *testing.T
	url    string
	server string

	mu       sync.Mutex
	listener net.Listener
	address  string
	open     []net.Conn
	fatal    []byte
	running  sync.WaitGroup
}

func newRelay(t *testing.T, database string) *relay {
	t.Helper()
	at, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{t: t, server: at.Host, address: "127.0.0.1:0"}
	r.up()
	at.Host = r.address
	r.url = at.String()
	t.Cleanup(func() {
		r.down()
		r.running.Wait()
	})
	return r
}

func (r *relay) up() {
	r.t.Helper()
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listener, r.address = listener, listener.Addr().String()
	r.running.Go(func() { r.accept(listener) })
}

// down refuses new connections and cuts those that are open.
func (r *relay) down() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.listener.Close()
	for _, c := range r.open {
		_ = c.Close()
	}
	r.open = nil
}

// swallowAnswerTo cuts the connection whose client next sends that text, after the server has it.
func (r *relay) swallowAnswerTo(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fatal = []byte(text)
}

func (r *relay) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		r.mu.Lock()
		r.open = append(r.open, client, server)
		r.mu.Unlock()
		r.running.Go(func() { r.forward(client, server) })
		r.running.Go(func() {
			_, _ = io.Copy(client, server)
			_ = client.Close()
		})
	}
}

func (r *relay) forward(client, server net.Conn) {
	defer server.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if r.isFatal(buffer[:n]) {
			_ = client.Close()
			_, _ = server.Write(buffer[:n])
			return
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (r *relay) isFatal(sent []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fatal == nil || !bytes.Contains(sent, r.fatal) {
		return false
	}
	r.fatal = nil
	return true
}
