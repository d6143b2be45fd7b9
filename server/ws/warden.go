package ws

import (
	"time"

	"github.com/gorilla/websocket"

	"parkbff/server/live"
)

// watch looks at every connection once a tick. One walk serves all limits, and it is needed anyway:
// a revoked sign-in must be seen within a second on connections where nothing happens.
func (t *Transport) watch() {
	ticker := time.NewTicker(t.options.Timing.Tick)
	defer ticker.Stop()
	for {
		select {
		case <-t.ctx.Done():
			return
		case now := <-ticker.C:
			for _, c := range t.all() {
				c.inspect(now)
			}
		}
	}
}

// inspect applies the limits of time. It never blocks.
func (c *conn) inspect(now time.Time) {
	c.mu.Lock()
	initialised, who := c.initialised, c.who
	pingDue := now.After(c.nextPing)
	if pingDue {
		c.nextPing = now.Add(c.t.options.Timing.Ping)
	}
	c.mu.Unlock()

	if !initialised && now.Sub(c.opened) >= c.t.options.Timing.Init {
		c.close(initTimeout)
		return
	}
	if who != nil {
		if err := live.Standing(who, c.t.options.Clock.Now()); err != nil {
			c.close(because(err))
			return
		}
	}
	if pingDue {
		c.ping()
	}
	if left, due := c.warningDue(); due {
		_, _ = c.offer(message{data: encode("ping", "", tokenExpiresIn(left))})
	}
}

// warningDue answers, once for each token, that it is about to end and in how long.
func (c *conn) warningDue() (left time.Duration, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.who == nil || c.warned || c.dialect.legacy {
		return 0, false
	}
	left, ends := c.timeLeft(c.who)
	if !ends || left > c.t.options.Timing.Renewal {
		return 0, false
	}
	c.warned = true
	return left, true
}

// ping probes the line by WebSocket pings, which every client's stack answers by itself. A full queue
// is probed by its own write deadline.
func (c *conn) ping() {
	_, _ = c.offer(message{frame: websocket.PingMessage})
	if c.dialect.legacy && c.acknowledged() {
		_, _ = c.offer(message{data: encode("ka", "", nil)})
	}
}
