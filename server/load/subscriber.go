package load

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// subscriber is a person with a connection that stays, and comes back when it was cut.
type subscriber struct {
	person
	ledger

	number   int
	sleeper  bool // stops reading after the first notice, until the server has closed the connection
	stalling bool // has yet to do so

	reporting atomic.Bool // an observation of it is on its way
	inside    bool        // its vehicle, after the last observation

	mu     sync.Mutex // of the following
	conn   *websocket.Conn
	cursor string
	gone   bool // nobody wants it any more
}

// crowd is all subscribers of a run and what happens to them.
type crowd struct {
	line    *line
	members []*subscriber
	ctx     context.Context //nolint:containedctx // of the run: connections come back under it
	running sync.WaitGroup

	arrived atomic.Int64 // notices

	mu       sync.Mutex
	stalls   int         // closed by the server for not reading
	endings  map[int]int // of connections that were to stay, by close code; 0: cut
	failures []error     // first few
}

func newCrowd(ctx context.Context, server string, people []person) *crowd {
	c := &crowd{line: newLine(server), ctx: ctx, endings: map[int]int{}}
	for i, p := range people {
		c.members = append(c.members, &subscriber{person: p, number: i})
	}
	return c
}

const (
	connectAtOnce = 32
	mostFailures  = 5
	comeBackAfter = 100 * time.Millisecond
)

// connect connects everybody and returns when all subscriptions were asked for.
func (c *crowd) connect(done func(n int)) error {
	group, ctx := limited(c.ctx, connectAtOnce)
	for _, s := range c.members {
		group.Go(func() error {
			conn, err := c.line.open(ctx, s.number, s.token, s.asked(), s.stalling)
			if err != nil {
				return fmt.Errorf("connect subscriber %d: %w", s.number, err)
			}
			s.hold(conn)
			done(1)
			c.running.Go(func() { c.attend(s, conn) })
			return nil
		})
	}
	return group.Wait()
}

// asked is the subscription from the last notice on.
func (s *subscriber) asked() subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := subscription{Query: document}
	if s.cursor != "" {
		asked.Variables = map[string]any{"after": s.cursor}
	}
	return asked
}

// hold keeps the connection for leave; false when it is too late.
func (s *subscriber) hold(conn *websocket.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = conn
	return !s.gone
}

// attend listens, and comes back with the cursor as long as the run lasts.
func (c *crowd) attend(s *subscriber, conn *websocket.Conn) {
	for {
		err := c.hear(s, conn)
		_ = conn.Close()
		if s.isGone() || c.ctx.Err() != nil {
			return
		}
		c.note(s, err)
		for conn = nil; conn == nil; {
			time.Sleep(comeBackAfter)
			if s.isGone() || c.ctx.Err() != nil {
				return
			}
			if conn, err = c.line.open(c.ctx, s.number, s.token, s.asked(), false); err != nil {
				c.fail(fmt.Errorf("subscriber %d comes back: %w", s.number, err))
			}
		}
		if !s.hold(conn) {
			_ = conn.Close()
			return
		}
	}
}

// hear listens until the connection ends. Who is to stall hears one notice and then listens no more.
func (c *crowd) hear(s *subscriber, conn *websocket.Conn) error {
	err := listen(conn, func(data []byte, at time.Time) (more bool, err error) {
		if err := s.take(data, at); err != nil {
			return false, err
		}
		c.arrived.Add(1)
		return !s.stalling, nil
	})
	if err == nil && s.stalling {
		err = stall(c.ctx, conn, stallWithin)
		s.stalling = false
		if err == nil {
			c.mu.Lock()
			c.stalls++
			c.mu.Unlock()
		}
	}
	return err
}

// take writes down a notice.
func (s *subscriber) take(data []byte, at time.Time) error {
	var result struct {
		Data *struct {
			NoticeReceived struct {
				Cursor string
				Notice struct{ ID, Kind string }
			}
		}
		Errors json.RawMessage
	}
	if err := json.Unmarshal(data, &result); err != nil || result.Data == nil || len(result.Errors) > 0 {
		return fmt.Errorf("a notice that is none: %.300s", result.Errors)
	}
	got := result.Data.NoticeReceived
	s.receive(receipt{id: got.Notice.ID, kind: got.Notice.Kind, at: at})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursor = got.Cursor
	return nil
}

// note counts a connection that did not stay. That a stalled one was closed is what should happen.
func (c *crowd) note(s *subscriber, err error) {
	if err == nil {
		return
	}
	code, _ := closeCode(err)
	c.mu.Lock()
	c.endings[code]++
	c.mu.Unlock()
	c.fail(fmt.Errorf("the connection of subscriber %d ended: %w", s.number, err))
}

func (c *crowd) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failures) < mostFailures {
		c.failures = append(c.failures, err)
	}
}

func (s *subscriber) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// leave closes all connections and waits for those who listen.
func (c *crowd) leave() {
	for _, s := range c.members {
		s.mu.Lock()
		s.gone = true
		conn := s.conn
		s.mu.Unlock()
		if conn != nil {
			part(conn)
		}
	}
	c.running.Wait()
}

// dropped is how many connections ended that were to stay.
func (c *crowd) dropped() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, times := range c.endings {
		n += times
	}
	return n
}

func (c *crowd) stalledOff() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stalls
}

// owing is how many notices have not arrived.
func (c *crowd) owing() (n int) {
	for _, s := range c.members {
		n += s.owing()
	}
	return n
}

// sleepers makes a number of members, spread evenly, stop reading after their first notice.
func (c *crowd) sleepers(count int) (chosen []*subscriber) {
	for i := range count {
		s := c.members[i*len(c.members)/count]
		s.sleeper, s.stalling = true, true
		chosen = append(chosen, s)
	}
	return chosen
}
