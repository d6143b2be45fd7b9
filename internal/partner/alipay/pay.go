package alipay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
)

// stamp is how Alipay writes an instant, in UTC+8.
const stamp = "2006-01-02 15:04:05"

var (
	number  = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)
	account = regexp.MustCompile(`^2088[0-9]{12}$`)
)

// PayConfig says through which app of ours payments are taken, and for whom. Of App neither ContentKey nor
// RedirectURL is used.
type PayConfig struct {
	App       Config
	Seller    string // who is paid: 2088 and twelve digits
	NotifyURL string // where Alipay tells of payments and refunds
	ReturnURL string // where its page leads back to; may be empty
	// Advances lets Alipay pay in advance what a deduction cannot take. The merchant must have signed for that
	// (停车垫资).
	Advances bool
}

// Format prints no secret.
func (PayConfig) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "config") }

// Pay takes payments for one merchant through one app of ours, and deducts for plates. It may be used by many
// goroutines at once.
//
// It believes nothing that Alipay did not sign, refusals included: whatever else comes back is
// fault.Unavailable, and what was asked may have been done.
type Pay struct {
	client  *Client
	clock   clock.Clock
	config  PayConfig // without its keys
	gateway *url.URL
	bills   *http.Client
}

// NewPay answers a Pay. The error names the setting that is wrong.
func NewPay(c PayConfig, k clock.Clock) (*Pay, error) {
	// The SDK would open sealed replies with the key, and cannot take a part of a block.
	c.App.ContentKey = ""
	client, err := New(c.App, k)
	if err != nil {
		return nil, err
	}
	if !account.MatchString(c.Seller) {
		return nil, errors.New("alipay: the seller is not a user id of Alipay's")
	}
	if !absolute(c.NotifyURL) {
		return nil, errors.New("alipay: the notify URL is not one")
	}
	if c.ReturnURL != "" && !absolute(c.ReturnURL) {
		return nil, errors.New("alipay: the return URL is not one")
	}
	gateway, err := url.Parse(c.App.Gateway)
	if err != nil {
		return nil, errors.New("alipay: the gateway is not a URL")
	}
	bills := billClient(c.App.Transport)
	c.App = Config{AppID: c.App.AppID}
	return &Pay{client: client, clock: k, config: c, gateway: gateway, bills: bills}, nil
}

func absolute(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// call is one method of the gateway and what it is asked.
type call struct {
	sdk.AuxParam
	method  string
	notify  string
	back    string
	content any
}

// APIName is the method.
func (c call) APIName() string { return c.method }

// Params are what stands beside the content.
func (c call) Params() map[string]string {
	return map[string]string{"notify_url": c.notify, "return_url": c.back}
}

// NeedEncrypt is off, as there is no key.
func (call) NeedEncrypt() bool { return false }

// MarshalJSON writes the content.
func (c call) MarshalJSON() ([]byte, error) { return json.Marshal(c.content) }

// ask asks a method and answers what it said, its signature checked. The error is a fault, and holds a
// refusal if Alipay answered one.
func ask[Reply any](ctx context.Context, p *Pay, c call) (Reply, error) {
	var (
		reply   Reply
		outcome sdk.Error
		said    json.RawMessage
	)
	if err := p.client.sdk.Request(ctx, c, &said); err != nil {
		return reply, unheard(err)
	}
	if err := json.Unmarshal(said, &outcome); err != nil {
		return reply, unreadable("the reply is not one")
	}
	if outcome.Code != sdk.CodeSuccess {
		return reply, refused(outcome)
	}
	if err := json.Unmarshal(said, &reply); err != nil {
		return reply, unreadable("the reply has another shape")
	}
	return reply, nil
}

// unheard is for what came back unsigned, not at all, or cannot be read. A refusal that nobody signed may be
// anybody's.
func unheard(err error) error {
	var sent *url.Error
	if errors.As(err, &sent) {
		return fault.Unavailable.Because(fmt.Errorf("alipay: send: %w", sent.Err))
	}
	return fault.Unavailable.Because(errors.New("alipay: no signed reply"))
}

func unreadable(why string) error { return fault.Unavailable.Because(errors.New("alipay: " + why)) }

func invalid(why string) error { return charge.Refused.Because(errors.New("alipay: " + why)) }

// written is an instant in Alipay's words.
func written(at time.Time) string { return at.In(beijing).Format(stamp) }

// instant reads an instant of Alipay's, to the second. It is in UTC.
func instant(text string) (time.Time, error) {
	at, err := time.ParseInLocation(stamp, text, beijing)
	if err != nil {
		return time.Time{}, unreadable("the reply has no time")
	}
	return at.UTC().Truncate(time.Second), nil
}
