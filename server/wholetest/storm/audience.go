//go:build linux || darwin

package storm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"parkbff/server/wholetest/rig"
)

const (
	// clientPrograms is how many processes the drivers share.
	clientPrograms = 3
	// streamsOneOf so many drivers listens over server-sent events.
	streamsOneOf = 4
)

// audience is the client programs, and what they wrote down.
type audience struct {
	storm   *Storm
	clients [clientPrograms]*rig.Process
	over    bool
	turning sync.Mutex // held while a program is killed and started again

	mu       sync.Mutex
	pages    []notebook // by driver
	total    int
	endings  map[string]int // close codes
	refusals []string
}

// notebook is what one driver heard, in its order.
type notebook struct {
	ids    []string
	after  string
	opened int
}

func newAudience(s *Storm) *audience {
	a := &audience{storm: s, pages: make([]notebook, len(s.drivers)), endings: map[string]int{}}
	for i, d := range s.drivers {
		a.pages[i].after = d.after
	}
	return a
}

// begin starts all and returns when everybody has subscribed.
func (a *audience) begin(ctx context.Context) error {
	for i := range a.clients {
		if err := a.start(i); err != nil {
			return err
		}
	}
	for end := time.Now().Add(time.Minute); a.silent() > 0; {
		if time.Now().After(end) {
			return fmt.Errorf("%d drivers do not get to listen", a.silent())
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
	return nil
}

func (a *audience) silent() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, page := range a.pages {
		if page.opened == 0 {
			n++
		}
	}
	return n
}

// start starts a client program where its drivers are.
func (a *audience) start(i int) error {
	told, err := json.Marshal(a.partOf(i))
	if err != nil {
		return err
	}
	command, err := Listener.PlayedBy(told)
	if err != nil {
		return err
	}
	command.Stdout, command.Stderr = &lines{take: a.note}, os.Stderr
	a.clients[i], err = rig.Spawn(command)
	return err
}

func (a *audience) partOf(i int) part {
	a.mu.Lock()
	defer a.mu.Unlock()
	var p part
	for _, replica := range a.storm.site.Replicas {
		p.URLs = append(p.URLs, replica.URL())
	}
	for n, d := range a.storm.drivers {
		if n%clientPrograms == i {
			p.People = append(p.People, listening{Driver: n, Token: d.tokens.AccessToken, After: a.pages[n].after, Streams: n%streamsOneOf == 0})
		}
	}
	return p
}

// restart kills a client program and starts it again with the cursors that it wrote down.
func (a *audience) restart(ctx context.Context, i int) error {
	a.turning.Lock()
	defer a.turning.Unlock()
	if a.over || ctx.Err() != nil {
		return ctx.Err()
	}
	if err := a.clients[i].Kill(); err != nil {
		return err
	}
	return a.start(i)
}

// end kills all; it may be called again.
func (a *audience) end() {
	a.turning.Lock()
	defer a.turning.Unlock()
	a.over = true
	for _, c := range a.clients {
		if c != nil {
			_ = c.Kill()
		}
	}
}

func (a *audience) heard() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.total
}

// note takes a line of a client program.
func (a *audience) note(line string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.write(strings.Fields(line)); err != nil {
		a.refusals = append(a.refusals, err.Error())
	}
}

var errNoLine = errors.New("a client wrote what is no line")

func (a *audience) write(words []string) error {
	if len(words) < 2 {
		return errNoLine
	}
	driver, err := strconv.Atoi(words[1])
	if err != nil || driver >= len(a.pages) {
		return errNoLine
	}
	page := &a.pages[driver]
	switch {
	case words[0] == lineOpened:
		page.opened++
	case words[0] == lineNotice && len(words) == 4:
		page.after, page.ids = words[2], append(page.ids, words[3])
		a.total++
	case words[0] == lineClosed && len(words) == 3:
		a.endings[words[2]]++
	case words[0] == lineError:
		return fmt.Errorf("a subscription was refused: %v", words[2:])
	default:
		return errNoLine
	}
	return nil
}

// lines gives on whole lines; what a killed program left half written is dropped.
type lines struct {
	take func(string)
	rest []byte
}

// Write takes what a program wrote.
func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.take(string(line))
		l.rest = rest
	}
}
