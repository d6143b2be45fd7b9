//go:build linux

package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// caller sends requests with one token over connections that stay open.
type caller struct {
	client *http.Client
	url    string
	token  string
}

const (
	callWithin      = time.Minute
	connectionsKept = 16
)

func newCaller(at, token string) *caller {
	return &caller{
		client: &http.Client{
			Timeout:   callWithin,
			Transport: &http.Transport{MaxIdleConnsPerHost: connectionsKept, DisableCompression: true},
		},
		url: at, token: token,
	}
}

// ask answers the body of a reply with status 200.
func (c *caller) ask(ctx context.Context, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.token)
	reply, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(reply.Body)
	_ = reply.Body.Close() // read to its end
	if err == nil && reply.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %.200s", c.url, reply.Status, answer)
	}
	return answer, err
}

// flood sends the same request many times, over a few connections at once, and checks that each answer
// is the one expected.
func (c *caller) flood(ctx context.Context, body, expected []byte, times, atOnce int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var senders sync.WaitGroup
	for range atOnce {
		senders.Go(func() {
			for range times / atOnce {
				got, err := c.ask(ctx, body)
				if err == nil && !bytes.Equal(got, expected) {
					err = fmt.Errorf("%s has changed its answer to %.200s", c.url, got)
				}
				if err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	senders.Wait()
	return context.Cause(ctx)
}
