package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/silenceper/wechat/v2/credential"
	"github.com/silenceper/wechat/v2/util"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/partner/vouch"
)

const (
	timeout  = 10 * time.Second
	maxReply = 64 << 10
)

// line is how one client reaches WeChat: where to, through what, and with which access token.
//
// The SDK has its hosts in constants and asks through one HTTP client of the whole process. That client is
// made to look in each request's context for the line that asks, so that two houses in one process, each
// with a stand-in of its own, never meet.
type line struct {
	app       App
	base      *url.URL
	transport http.RoundTripper
	kept      *kept
	tokens    credential.AccessTokenContextHandle
}

type lineKey struct{}

// route gives the SDK its one HTTP client. It runs once, before the SDK is first asked.
var route = sync.OnceFunc(func() {
	util.DefaultHTTPClient = &http.Client{
		Transport: byContext{},
		Timeout:   timeout,
		// A redirect would carry codes and secrets to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
})

func newLine(c Config, k clock.Clock) (*line, error) {
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Host == "" {
		return nil, errors.New("wechat: the base URL is not one")
	}
	if c.App.ID == "" || c.App.Secret == "" {
		return nil, errors.New("wechat: app id and secret are required")
	}
	l := &line{app: c.App, base: base, transport: c.Transport, kept: &kept{clock: k}}
	if l.transport == nil {
		l.transport = http.DefaultTransport
	}
	// The stable kind, of which every replica is given the same one.
	l.tokens = credential.NewStableAccessToken(c.App.ID, c.App.Secret, "parkbff", l.kept)
	route()
	return l, nil
}

// on answers a context whose requests by the SDK go through this line.
func (l *line) on(ctx context.Context) context.Context { return context.WithValue(ctx, lineKey{}, l) }

// byContext sends each request through the line that its context names.
type byContext struct{}

func (byContext) RoundTrip(r *http.Request) (*http.Response, error) {
	l, ok := r.Context().Value(lineKey{}).(*line)
	if !ok {
		return nil, errors.New("wechat: a request of no client")
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = l.base.Scheme, l.base.Host, ""
	response, err := l.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = limited{io.LimitReader(response.Body, maxReply), response.Body}
	return response, nil
}

type limited struct {
	io.Reader
	io.Closer
}

// withToken asks with the app's access token, and once more with a new one if WeChat knows it no longer.
// The reply is left alone on error.
func (l *line) withToken(ctx context.Context, call string, reply any, ask func(ctx context.Context, token string) ([]byte, error)) error {
	ctx = l.on(ctx)
	for again := true; ; again = false {
		token, err := l.tokens.GetAccessTokenContext(ctx)
		if err != nil {
			return refusal("stable_token", 0, err)
		}
		raw, err := ask(ctx, url.QueryEscape(token))
		if err != nil {
			return refusal(call, 0, err)
		}
		var outcome util.CommonError
		if err := json.Unmarshal(raw, &outcome); err != nil {
			return refusal(call, 0, err)
		}
		if again && noToken(outcome.ErrCode) {
			l.kept.forget()
			continue
		}
		if outcome.ErrCode != 0 {
			return refusal(call, outcome.ErrCode, nil)
		}
		if err := json.Unmarshal(raw, reply); err != nil {
			return refusal(call, 0, err)
		}
		return nil
	}
}

// noToken holds for the codes of an access token that is invalid or has expired.
func noToken(code int64) bool { return code == 40001 || code == 40014 || code == 42001 }

// refusal translates WeChat's code (https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html).
// Neither WeChat's message nor the SDK's error is repeated: they quote URLs, and with them secrets and codes.
func refusal(call string, code int64, err error) error {
	if code != 0 {
		cause := fmt.Errorf("wechat: %s was refused with %w", call, refused(code))
		if notVouched(call, code) {
			return vouch.Refused.Because(cause)
		}
		return fault.Unavailable.Because(cause)
	}
	var sent *url.Error
	if errors.As(err, &sent) {
		return fault.Unavailable.Because(fmt.Errorf("wechat: %s: %w", call, sent.Err))
	}
	return fault.Unavailable.Because(fmt.Errorf("wechat: %s has no readable reply", call))
}

// refused is WeChat's code.
type refused int64

func (r refused) Error() string { return strconv.FormatInt(int64(r), 10) }

// noUnions is what an account that may not ask who its followers are is answered.
const noUnions = refused(48001)

// notVouched holds for the codes that speak of what the client showed, not of us: a code that is invalid,
// used, expired, missing or another person's, and a person whom WeChat itself holds back; of a phone code
// also that it was given to another app.
func notVouched(call string, code int64) bool {
	switch code {
	case 40029, 40163, 40003, 41008, 42003, 40226:
		return true
	case 40013:
		return call == phoneCall
	}
	return false
}
