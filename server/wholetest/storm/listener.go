//go:build linux || darwin

package storm

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"parkbff/server/wholetest/rig"
)

// Listener is a client program that listens for some of the drivers. It writes a line for each thing that
// happens, and remembers nothing: who starts it again after a kill tells it the cursors.
var Listener = rig.Role{Name: "listener", Play: playListener}

// part is what a client program is told.
type part struct {
	URLs   []string
	People []listening
}

// listening is one driver's phone.
type listening struct {
	Driver       int // index
	Token, After string
}

// Lines of a client program: a word, the driver's index, and what the word needs.
const (
	lineOpened = "opened" // subscribed
	lineNotice = "notice" // cursor and id
	lineClosed = "closed" // the code, 0 for a line that broke
	lineError  = "error"  // codes of a refusal
)

const answerWithin = 10 * time.Second

func playListener(told []byte) error {
	var p part
	if err := json.Unmarshal(told, &p); err != nil {
		return err
	}
	var phones sync.WaitGroup
	for _, person := range p.People {
		phones.Go(func() { (&phone{listening: person, urls: p.URLs}).listen() })
	}
	phones.Wait() // never: the program is killed
	return nil
}

// phone comes back whatever happens, to any replica.
type phone struct {
	listening
	urls []string
}

func (p *phone) listen() {
	for {
		err := p.connect(p.urls[rand.IntN(len(p.urls))])
		code := 0
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			code = closed.Code
		}
		p.say(lineClosed, fmt.Sprint(code))
		time.Sleep(100*time.Millisecond + rand.N(300*time.Millisecond))
	}
}

func (p *phone) connect(url string) error {
	dialer := websocket.Dialer{HandshakeTimeout: answerWithin, Subprotocols: []string{"graphql-transport-ws"}}
	conn, _, err := dialer.Dial(strings.Replace(url, "http:", "ws:", 1)+"/graphql", nil)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := p.begin(conn); err != nil {
		return err
	}
	for {
		var m message
		if err := conn.ReadJSON(&m); err != nil {
			return err
		}
		if err := p.take(conn, m); err != nil {
			return err
		}
	}
}

const subscription = `subscription($after: String) { noticeReceived(after: $after) { cursor notice { id kind lotName plate occurredAt } } }`

func (p *phone) begin(conn *websocket.Conn) error {
	_ = conn.SetReadDeadline(time.Now().Add(answerWithin))
	err := conn.WriteJSON(map[string]any{"type": "connection_init", "payload": map[string]string{"Authorization": "Bearer " + p.Token}})
	if err != nil {
		return err
	}
	var m message
	if err := conn.ReadJSON(&m); err != nil {
		return err
	}
	if m.Type != "connection_ack" {
		return fmt.Errorf("%s instead of connection_ack", m.Type)
	}
	err = conn.WriteJSON(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{
		"query": subscription, "variables": map[string]string{"after": p.After},
	}})
	if err == nil {
		p.say(lineOpened)
	}
	return errors.Join(err, conn.SetReadDeadline(time.Time{}))
}

// message is what the server says.
type message struct {
	Type    string
	Payload json.RawMessage
}

type event struct {
	Data struct {
		NoticeReceived *struct {
			Cursor string
			Notice struct{ ID string }
		}
	}
}

func (p *phone) take(conn *websocket.Conn, m message) error {
	switch m.Type {
	case "ping":
		return conn.WriteJSON(map[string]string{"type": "pong"})
	case "error", "complete":
		p.say(lineError, m.Type, codes(m.Payload))
		return errors.New("the subscription is over")
	case "next":
	default:
		return nil
	}
	var got event
	if err := json.Unmarshal(m.Payload, &got); err != nil || got.Data.NoticeReceived == nil {
		p.say(lineError, "next", codes(m.Payload))
		return errors.New("no notice")
	}
	// Written down first: who is killed in between is told again, and writes it down once.
	p.say(lineNotice, got.Data.NoticeReceived.Cursor, got.Data.NoticeReceived.Notice.ID)
	p.After = got.Data.NoticeReceived.Cursor
	return nil
}

// codes of a refusal, never its text.
func codes(payload json.RawMessage) string {
	var found []string
	for _, at := range strings.Split(string(payload), `"code":"`)[1:] {
		code, _, _ := strings.Cut(at, `"`)
		found = append(found, code)
	}
	return strings.Join(append(found, "-"), ",")
}

// say writes one line at once, so that a kill leaves it whole or away (PIPE_BUF, POSIX write).
func (p *phone) say(word string, more ...string) {
	line := strings.Join(append([]string{word, fmt.Sprint(p.Driver)}, more...), " ") + "\n"
	_, _ = os.Stdout.WriteString(line)
}
