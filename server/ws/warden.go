package ws

import (
	"time"

	"github.com/gorilla/websocket"

	"parkbff/server/live"
)

// rounds is into how many parts the connections are divided. The warden looks at one part at a time, so that
// no moment has to do with all of them.
const rounds = 5

// watch looks at every connection once a tick. That is needed for none of the deadlines but for revoked
// sign-ins, which must be seen within a second where nothing happens, and deadlines then cost a comparison.
func (t *Transport) watch() {
	ticker := time.NewTicker(max(t.options.Timing.Tick/rounds, time.Millisecond))
	defer ticker.Stop()
	for round := 0; ; round = (round + 1) % rounds {
		select {
		case <-t.ctx.Done():
			return
		case <-ticker.C:
			t.parts[round].inspect(t.now())
		}
	}
}

func (p *part) inspect(now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.inspect(now)
	}
}

// inspect applies the limits of time. It never blocks.
func (c *conn) inspect(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	timing := &c.t.options.Timing
	switch {
	case c.closing:
		return
	case !c.initialised && now-c.opened >= timing.Init:
		c.shut(initTimeout, nil)
		return
	case c.fullSince != 0 && now-c.fullSince >= timing.Slow:
		c.shut(tooSlow, nil)
		return
	}
	if c.who != nil {
		if err := live.Standing(c.who, c.t.options.Clock.Now()); err != nil {
			c.shut(because(err), nil)
			return
		}
	}
	if now >= c.nextPing {
		c.nextPing = now + timing.Ping
		c.ping()
	}
	if left, due := c.warningDue(); due && !c.full() {
		c.warned = true
		c.add(message{data: encode("ping", "", tokenExpiresIn(left))})
	}
}

// warningDue answers, once for each token, that it is about to end and in how long. It needs the lock.
func (c *conn) warningDue() (left time.Duration, due bool) {
	if c.who == nil || c.warned || c.dialect.legacy {
		return 0, false
	}
	left, ends := c.timeLeft(c.who)
	return left, ends && left <= c.t.options.Timing.Renewal
}

// ping probes the line by WebSocket pings, which every client's stack answers by itself. A full queue
// is probed by its own write deadline. It needs the lock.
func (c *conn) ping() {
	if c.full() {
		return
	}
	c.add(message{frame: websocket.PingMessage})
	if c.dialect.legacy && c.who != nil {
		c.add(message{data: encode("ka", "", nil)})
	}
}
