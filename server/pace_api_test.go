package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"parkbff/internal/viewer"
	"parkbff/server/servertest"
)

const (
	beginVisit = `mutation($c: PlatformChannel!) { beginChannelVisit(input: {channel: $c}) { state userErrors { code } } }`

	oneAddress     = "203.0.113.7"
	anotherAddress = "203.0.113.8"
	triesAtOnce    = 60
)

// offer is something that nobody need sign in for, and that costs; n tells one try from the others.
type offer struct {
	tried  string
	try    func(c *servertest.Client, n int) *servertest.Answer
	beyond string // the code with which one try too many is answered
}

func offers() []offer {
	login := func(c *servertest.Client, query string, in servertest.Vars) *servertest.Answer {
		return c.Asks(query, servertest.Vars{"in": in})
	}
	return []offer{
		{"a way through a page", func(c *servertest.Client, _ int) *servertest.Answer {
			return c.Asks(beginVisit, servertest.Vars{"c": "WECHAT_OFFICIAL"})
		}, "RATE_LIMITED"},
		{"a text message", func(c *servertest.Client, n int) *servertest.Answer {
			return c.Asks(sendCode, servertest.Vars{"m": fmt.Sprintf("139%08d", n)})
		}, "RATE_LIMITED"},
		{"a platform's word", func(c *servertest.Client, n int) *servertest.Answer {
			switch n % 3 {
			case 0:
				return login(c, byChannel, servertest.Vars{"channel": "WECHAT_MINI", "code": "forged"})
			case 1:
				return login(c, byCarrier, servertest.Vars{"carrier": "CHINA_MOBILE", "token": "forged"})
			}
			return login(c, byCode, servertest.Vars{"mobile": "13912340000", "code": "000000", "channel": "ALIPAY_MINI", "channelCode": "forged"})
		}, "RATE_LIMITED"},
		{"a quote of any plate", func(c *servertest.Client, n int) *servertest.Answer {
			return c.Asks(quotePlate, plateAtLot(fmt.Sprintf("粤B%05d", n), "WXC"))
		}, "LANE_CODE_REQUIRED"},
	}
}

func TestOneAddressDoesNotFillTheTablesOrUseUpThePartners(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		crowd, other := h.From(oneAddress), h.From(anotherAddress)
		for i, o := range offers() {
			of := i * 1000
			for n := range triesAtOnce {
				o.try(crowd, of+n).MustNotContain(o.beyond)
			}
			kept := rowsKept(h)
			for n := range 3 {
				o.try(crowd, of+triesAtOnce+n).MustContain(o.beyond).MustNotContain(oneAddress)
			}
			if now := rowsKept(h); now != kept {
				t.Errorf("%s: what is refused leaves %d rows", o.tried, now-kept)
			}
			o.try(other, of+998).MustNotContain(o.beyond)
			o.try(h.Anonymous(), of+999).MustNotContain(o.beyond) // the machine itself, in development
		}
		signed := h.Driver("H5") // it is the address that is counted, whoever asks
		signed.Header = crowd.Header
		signed.Asks(beginVisit, servertest.Vars{"c": "WECHAT_OFFICIAL"}).MustBeRefused("RATE_LIMITED").MustContain(`"retryAfter":5`)
		h.Clock.Pass(5 * time.Second)
		for i, o := range offers() {
			o.try(crowd, i*1000+500).MustNotContain(o.beyond)
			o.try(crowd, i*1000+501).MustContain(o.beyond)
		}
	})
}

func TestAnAddressIsCountedOnEveryWay(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		crowd := h.From(oneAddress)
		visit := servertest.Vars{"c": "ALIPAY_LIFE"}
		for range triesAtOnce - 2 {
			crowd.Asks(beginVisit, visit).OK()
		}
		crowd.Watches(beginVisit, visit).Next().OK()
		if got := streamed(h, oneAddress); strings.Contains(got, "RATE_LIMITED") {
			t.Error(got)
		}
		crowd.Asks(beginVisit, visit).MustBeRefused("RATE_LIMITED")
		crowd.Watches(beginVisit, visit).Next().MustBeRefused("RATE_LIMITED")
		if got := streamed(h, oneAddress); !strings.Contains(got, "RATE_LIMITED") {
			t.Error(got)
		}
		h.From(anotherAddress).Watches(beginVisit, visit).Next().OK()
	})
}

// streamed begins a visit over server-sent events and answers what came.
func streamed(h *servertest.House, address string) string {
	h.T.Helper()
	body := `{"query":"mutation { beginChannelVisit(input: {channel: ALIPAY_LIFE}) { expiresIn } }"}`
	r, err := http.NewRequestWithContext(h.T.Context(), http.MethodPost, h.URL+"/graphql", strings.NewReader(body))
	if err != nil {
		h.T.Fatal(err)
	}
	r.Header = http.Header{
		"Accept": {"text/event-stream"}, "Content-Type": {"application/json"}, "Graphql-Preflight": {"1"}, "X-Forwarded-For": {address},
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(text), "beginChannelVisit") {
		h.T.Fatalf("%s %v", text, err)
	}
	return string(text)
}

// rowsKept counts what strangers can have written.
func rowsKept(h *servertest.House) int {
	h.T.Helper()
	ctx := viewer.AsSystem(h.T.Context(), "test")
	db, n := h.Store.Fresh(ctx), 0
	for _, count := range []func(context.Context) int{
		db.ChannelVisit.Query().CountX, db.LoginCode.Query().CountX, db.QuoteAttempt.Query().CountX,
	} {
		n += count(ctx)
	}
	return n
}
