package einvoice

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"parkbff/internal/fault"
)

// early is how long before its end a token is renewed.
const early = 10 * time.Minute

// token is the one that calls are made with. Whoever has the turn may look and change.
type token struct {
	turn  chan struct{}
	value string
	until time.Time
}

// authenticated answers a token other than the stale one, and asks for it if need be: once, however many wait for
// it.
func (c *Client) authenticated(ctx context.Context, stale string) (string, error) {
	select {
	case c.token.turn <- struct{}{}:
		defer func() { <-c.token.turn }()
	case <-ctx.Done():
		return "", fault.Unavailable.Because(ctx.Err())
	}
	if t := &c.token; t.value != "" && t.value != stale && c.clock.Now().Before(t.until) {
		return t.value, nil
	}
	return c.authenticate(ctx)
}

// authenticate asks for a token: good for a day, and given fifty times in thirty days
// (https://open.nuonuo.com, 自用型应用创建).
func (c *Client) authenticate(ctx context.Context) (string, error) {
	asked := c.clock.Now()
	reply, err := c.tokens.Ask(ctx, http.MethodPost, "/accessToken", nil, url.Values{
		"client_id": {c.config.AppKey}, "client_secret": {c.config.AppSecret}, "grant_type": {"client_credentials"},
	})
	if err != nil {
		return "", err
	}
	var given struct {
		Token   string `json:"access_token"`
		Lasting word   `json:"expires_in"` // seconds
	}
	if err := json.Unmarshal(reply.Body, &given); err != nil || given.Token == "" {
		return "", fault.Unavailable.Because(errors.New("einvoice: accessToken: no token, status " + strconv.Itoa(reply.Status)))
	}
	seconds, err := strconv.ParseInt(string(given.Lasting), 10, 32)
	if err != nil {
		return "", unreadable("accessToken")
	}
	c.token.value, c.token.until = given.Token, asked.Add(time.Duration(seconds)*time.Second-early)
	return given.Token, nil
}
