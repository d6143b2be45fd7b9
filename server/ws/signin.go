package ws

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"parkbff/internal/language"
	"parkbff/server/live"
)

// What a payload of connection_init may say, as the header fields of those names do.
const (
	keyAuthorization  = "authorization"
	keyAcceptLanguage = "accept-language"
)

// initialise answers connection_init. A payload without an Authorization falls back on the header of
// the handshake, which native clients can send.
func (c *conn) initialise(payload json.RawMessage) {
	c.mu.Lock()
	again, value := c.initialised, c.authorization
	c.initialised, c.authorization = true, ""
	c.mu.Unlock()
	if again {
		c.close(tooManyInits)
		return
	}
	if accepted, present, _ := field(payload, keyAcceptLanguage); present {
		c.ctx = language.With(c.ctx, language.Accepted(accepted))
	}
	if own, present, err := field(payload, keyAuthorization); err != nil {
		c.turnAway(live.TokenInvalid)
		return
	} else if present {
		value = own
	}
	who, err := c.signIn(value)
	if err != nil {
		c.turnAway(err)
		return
	}
	if !c.t.options.PerViewer.Take(who.Subject()) {
		c.closeWith(tooMany, c.connectionError(tooMany))
		return
	}
	c.mu.Lock()
	c.who = who
	c.mu.Unlock()
	c.reply(encode("connection_ack", "", nil))
	if c.dialect.legacy {
		c.reply(encode("ka", "", nil))
	}
}

// turnAway refuses connection_init.
func (c *conn) turnAway(err error) {
	f := because(err)
	if f == internalError {
		c.t.options.Log.Error("sign-in failed", "error", err)
	}
	c.closeWith(f, c.connectionError(f))
}

// connectionError is how the legacy protocol says why, before the connection is closed.
func (c *conn) connectionError(f farewell) []message {
	if !c.dialect.legacy {
		return nil
	}
	return []message{{data: encode("connection_error", "", reasonOf(f))}}
}

func reasonOf(f farewell) []byte {
	return append(append([]byte(`{"message":`), quote(f.reason)...), '}')
}

// answer replies to a ping: with its own payload, or, if it brings a token, with what came of that.
func (c *conn) answer(payload json.RawMessage) {
	value, present, err := field(payload, keyAuthorization)
	switch {
	case err != nil:
		c.close(malformed)
	case !present:
		c.reply(encode("pong", "", payload))
	case !c.acknowledged():
		c.reply(encode("pong", "", nil))
	default:
		c.renew(value)
	}
}

// renew replaces the principal by another of the same viewer.
func (c *conn) renew(authorization string) {
	who, err := c.signIn(authorization)
	if err != nil {
		c.fail(err)
		return
	}
	c.mu.Lock()
	same := c.who.Subject() == who.Subject()
	if same {
		c.who, c.warned = who, false
	}
	c.mu.Unlock()
	if !same {
		c.close(otherViewer)
		return
	}
	var payload []byte
	if left, ends := c.timeLeft(who); ends {
		payload = tokenExpiresIn(left)
	}
	c.reply(encode("pong", "", payload))
}

func (c *conn) signIn(authorization string) (live.Principal, error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.t.options.Timing.SignIn)
	defer cancel()
	return c.t.options.Authenticate(ctx, authorization)
}

// acknowledged tells whether operations may be asked for.
func (c *conn) acknowledged() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.who != nil
}

// Context makes a connection the live.Viewer of its operations: whoever stands behind it now.
func (c *conn) Context(ctx context.Context) (context.Context, error) {
	c.mu.Lock()
	who := c.who
	c.mu.Unlock()
	if err := live.Standing(who, c.t.options.Clock.Now()); err != nil {
		return nil, err
	}
	return who.Context(ctx)
}

func (c *conn) timeLeft(who live.Principal) (left time.Duration, ends bool) {
	end := who.ExpiresAt()
	if end.IsZero() {
		return 0, false
	}
	return end.Sub(c.t.options.Clock.Now()), true
}

// tokenExpiresIn is the payload that tells it, in whole seconds rounded down.
func tokenExpiresIn(left time.Duration) []byte {
	return []byte(`{"tokenExpiresIn":` + strconv.Itoa(int(left/time.Second)) + `}`)
}
