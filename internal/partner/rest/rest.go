// Package rest asks partners that answer JSON.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parkbff/internal/fault"
)

const (
	timeout  = 10 * time.Second
	maxReply = 64 << 10
)

// Client asks one partner. It may be used by many goroutines at once.
type Client struct {
	name string
	base string
	http *http.Client
}

// New answers a client. The name begins its errors; a transport of nil is the usual one.
func New(name, baseURL string, transport http.RoundTripper) (*Client, error) {
	if base, err := url.Parse(baseURL); err != nil || base.Host == "" {
		return nil, fmt.Errorf("%s: the base URL is not one", name)
	}
	return &Client{name: name, base: strings.TrimSuffix(baseURL, "/"), http: &http.Client{
		Transport: transport,
		Timeout:   timeout,
		// A redirect would carry secrets and words to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Reply is what a partner answered, whatever the status.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Ask sends one request; a body of nil sends none, url.Values a form, anything else JSON. The error is
// fault.Unavailable, and names no URL.
func (c *Client) Ask(ctx context.Context, method, path string, header http.Header, body any) (Reply, error) {
	request, err := c.request(ctx, method, path, header, body)
	if err != nil {
		return Reply{}, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		var sent *url.Error
		if errors.As(err, &sent) {
			err = sent.Err
		}
		return Reply{}, fault.Unavailable.Because(fmt.Errorf("%s: send: %w", c.name, err))
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if err != nil {
		return Reply{}, fault.Unavailable.Because(fmt.Errorf("%s: read the reply: %w", c.name, err))
	}
	return Reply{Status: response.StatusCode, Header: response.Header, Body: raw}, nil
}

func (c *Client) request(ctx context.Context, method, path string, header http.Header, body any) (*http.Request, error) {
	var content io.Reader
	media := "application/json;charset=utf-8"
	if form, ok := body.(url.Values); ok {
		content, media = strings.NewReader(form.Encode()), "application/x-www-form-urlencoded;charset=utf-8"
	} else if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("%s: write the request: %w", c.name, err)
		}
		content = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, fmt.Errorf("%s: build the request: %w", c.name, err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if body != nil {
		request.Header.Set("Content-Type", media)
	}
	return request, nil
}
