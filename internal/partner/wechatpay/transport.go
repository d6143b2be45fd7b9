package wechatpay

import (
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	timeout      = 10 * time.Second
	maxReply     = 64 << 10
	maxStatement = 64 << 20
)

func (c *Client) httpClient(transport http.RoundTripper, most int64) *http.Client {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return &http.Client{
		Transport: line{next: transport, base: c.base, most: most},
		Timeout:   timeout,
		// A redirect would carry payers and plates to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// line leads to the base URL whatever is sent: the SDK knows one host only, and our signature goes to no other. (What
// is signed names no host.) It reads no reply further than it must: the SDK would read it to its end.
type line struct {
	next http.RoundTripper
	base *url.URL
	most int64
}

func (l line) RoundTrip(r *http.Request) (*http.Response, error) {
	to := r.Clone(r.Context())
	to.URL.Scheme, to.URL.Host, to.Host = l.base.Scheme, l.base.Host, ""
	response, err := l.next.RoundTrip(to)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, l.most), response.Body}
	return response, nil
}
