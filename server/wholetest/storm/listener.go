//go:build linux || darwin

package storm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

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
	Streams      bool // over server-sent events, not a WebSocket
}

// Lines of a client program: a word, the driver's index, and what the word needs.
const (
	lineOpened = "opened" // subscribed
	lineNotice = "notice" // cursor and id
	lineClosed = "closed" // the code, 0 for a line that broke
	lineError  = "error"  // codes of a refusal
)

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
		p.say(lineClosed, fmt.Sprint(rig.ClosedBy(err)))
		time.Sleep(100*time.Millisecond + rand.N(300*time.Millisecond))
	}
}

const subscription = `subscription($after: String) { noticeReceived(after: $after) { cursor notice { id kind lotName plate occurredAt } } }`

func (p *phone) connect(url string) error {
	line, err := p.dial(url)
	if err != nil {
		return err
	}
	defer line.Close()
	p.say(lineOpened)
	for {
		payload, err := line.Next()
		if errors.Is(err, rig.ErrOver) {
			p.say(lineError, strings.Fields(err.Error())...)
		}
		if err != nil {
			return err
		}
		if err := p.take(payload); err != nil {
			return err
		}
	}
}

func (p *phone) dial(url string) (rig.Line, error) {
	after := map[string]string{"after": p.After}
	if p.Streams {
		return rig.OpenStream(context.Background(), url, p.Token, subscription, after)
	}
	socket, err := rig.Dial(context.Background(), url, p.Token)
	if err != nil {
		return nil, err
	}
	if err := socket.Subscribe(subscription, after); err != nil {
		socket.Close()
		return nil, err
	}
	return socket, nil
}

type event struct {
	Data struct {
		NoticeReceived *struct {
			Cursor string
			Notice struct{ ID string }
		}
	}
}

func (p *phone) take(payload []byte) error {
	var got event
	if err := json.Unmarshal(payload, &got); err != nil || got.Data.NoticeReceived == nil {
		p.say(lineError, "no", "notice")
		return errors.New("no notice")
	}
	// Written down first: who is killed in between is told again, and writes it down once.
	p.say(lineNotice, got.Data.NoticeReceived.Cursor, got.Data.NoticeReceived.Notice.ID)
	p.After = got.Data.NoticeReceived.Cursor
	return nil
}

// say writes one line at once, so that a kill leaves it whole or away (PIPE_BUF, POSIX write).
func (p *phone) say(word string, more ...string) {
	line := strings.Join(append([]string{word, fmt.Sprint(p.Driver)}, more...), " ") + "\n"
	_, _ = os.Stdout.WriteString(line)
}
