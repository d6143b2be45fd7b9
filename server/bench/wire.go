//go:build linux

package bench

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
)

// tap stands between a program and PostgreSQL and counts the statements that pass: whatever a program's
// own counters say, a statement that is not here was not executed.
type tap struct {
	URL        string // of the database, through the tap
	statements atomic.Int64

	listener net.Listener
	server   string
	open     sync.WaitGroup
}

// newTap answers a tap before the database at a URL, until it is closed. The connection must not be
// encrypted.
func newTap(database string) (*tap, error) {
	at, err := url.Parse(database)
	if err != nil {
		return nil, errors.New("the database URL cannot be read")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tap{listener: listener, server: at.Host}
	at.Host = listener.Addr().String()
	t.URL = at.String()
	t.open.Go(t.serve)
	return t, nil
}

// close ends the tap when the programs behind it have gone.
func (t *tap) close() error {
	err := t.listener.Close()
	t.open.Wait()
	return err
}

func (t *tap) serve() {
	for {
		client, err := t.listener.Accept()
		if err != nil {
			return
		}
		t.open.Go(func() { t.join(client) })
	}
}

func (t *tap) join(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", t.server)
	if err != nil {
		return
	}
	defer server.Close()
	t.open.Go(func() {
		_, _ = io.Copy(client, server) // either side may leave
		_ = client.Close()
	})
	_ = t.forward(server, client)
}

// Messages by which a client has a statement executed, and the length of their head: type and length
// (https://www.postgresql.org/docs/current/protocol-message-formats.html).
const (
	messageExecute = 'E'
	messageQuery   = 'Q'
	headLength     = 5
)

// forward passes messages on. The first has no type.
func (t *tap) forward(server io.Writer, client io.Reader) error {
	head := make([]byte, headLength)
	if err := pass(server, client, head[1:]); err != nil {
		return err
	}
	for {
		if err := pass(server, client, head); err != nil {
			return err
		}
		if head[0] == messageExecute || head[0] == messageQuery {
			t.statements.Add(1)
		}
	}
}

// pass reads a head that ends with the length of the message, itself included, and passes all of it on.
func pass(to io.Writer, from io.Reader, head []byte) error {
	if _, err := io.ReadFull(from, head); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(head[len(head)-4:])
	if length < 4 {
		return errors.New("a message shorter than its own length")
	}
	if _, err := to.Write(head); err != nil {
		return err
	}
	_, err := io.CopyN(to, from, int64(length)-4)
	return err
}
