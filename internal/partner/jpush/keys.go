package jpush

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"parkbff/internal/clock"
)

const (
	atATime = 10             // as many as an ordinary app is given
	fresh   = 12 * time.Hour // a key is good for a day after it was given, however late it is used
)

// keys are those that the service gave and nobody took yet.
type keys struct {
	clock clock.Clock

	mu    sync.Mutex
	kept  []string
	given time.Time
}

// Key answers the key under which one message is to be handed over, each time it is tried. The service makes
// up its own (cid, https://docs.jiguang.cn/jpush/server/push/rest_api_v3_push_advanced), so the name is not
// looked at, and each call answers another: keep it with the message before the first try. It is good for
// twelve hours at least. Errors: fault.RateLimited, fault.Unavailable.
func (c *Client) Key(ctx context.Context, _ string) (string, error) {
	if key, ok := c.keys.take(); ok {
		return key, nil
	}
	asked := c.keys.clock.Now()
	reply, err := c.rest.Ask(ctx, http.MethodGet, "/v3/push/cid?count="+strconv.Itoa(atATime), c.header, nil)
	if err != nil {
		return "", err
	}
	if reply.Status != http.StatusOK {
		return "", refusal("cid", reply)
	}
	var given struct {
		Keys []string `json:"cidlist"`
	}
	if err := json.Unmarshal(reply.Body, &given); err != nil || len(given.Keys) == 0 || given.Keys[0] == "" {
		return "", unreadable("cid", reply.Status)
	}
	c.keys.put(given.Keys[1:], asked)
	return given.Keys[0], nil
}

func (k *keys) take() (string, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) == 0 || k.clock.Now().Sub(k.given) > fresh {
		return "", false
	}
	key := k.kept[0]
	k.kept = k.kept[1:]
	return key, true
}

// put keeps what was given. Callers who asked at once throw away the surplus of all but the last.
func (k *keys) put(given []string, asked time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept, k.given = given, asked
}
