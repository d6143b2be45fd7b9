package getui

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"parkbff/internal/fault"
)

// early is how long before its end a token is renewed.
const early = 5 * time.Minute

// token is the one that calls are made with. Whoever has the turn may look and change.
type token struct {
	turn  chan struct{}
	value string
	until time.Time
}

// authenticated answers a token other than the stale one, and asks for it if need be: once, however many
// wait for it.
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

// authenticate asks for a token (https://docs.getui.com/getui/server/rest_v2/token/): good for a day, and
// given a hundred times a minute at most.
func (c *Client) authenticate(ctx context.Context) (string, error) {
	timestamp := strconv.FormatInt(c.clock.Now().UnixMilli(), 10)
	sign := sha256.Sum256([]byte(c.config.AppKey + timestamp + c.config.MasterSecret))
	reply, err := c.rest.Ask(ctx, http.MethodPost, "/v2/"+c.config.AppID+"/auth", nil, map[string]string{
		"sign": hex.EncodeToString(sign[:]), "timestamp": timestamp, "appkey": c.config.AppKey,
	})
	if err != nil {
		return "", err
	}
	var said answer
	if err := json.Unmarshal(reply.Body, &said); err != nil || said.Code == nil {
		return "", unreadable("auth", reply.Status)
	}
	if *said.Code != ok {
		if *said.Code == illegal { // our sign, not anybody's message
			return "", fault.Unavailable.Because(errors.New("getui: auth: the sign is not taken"))
		}
		return "", refusal("auth", said)
	}
	var given struct {
		Token   string `json:"token"`
		Expires string `json:"expire_time"` // milliseconds of Unix
	}
	if err := json.Unmarshal(said.Data, &given); err != nil || given.Token == "" {
		return "", unreadable("auth", reply.Status)
	}
	ends, err := strconv.ParseInt(given.Expires, 10, 64)
	if err != nil {
		return "", unreadable("auth", reply.Status)
	}
	c.token.value, c.token.until = given.Token, time.UnixMilli(ends).Add(-early)
	return given.Token, nil
}
