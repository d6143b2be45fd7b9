// Package sms sends codes and notices through Alibaba Cloud's short message service
// (SendSms of 2017-05-25, https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms).
package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/partner/acs3"
)

// Endpoint of the real service.
const Endpoint = "https://dysmsapi.aliyuncs.com"

const (
	action   = "SendSms"
	version  = "2017-05-25"
	timeout  = 10 * time.Second
	maxReply = 64 << 10
)

// Config says whom to ask and in whose name. All but Transport is required.
type Config struct {
	BaseURL     string // Endpoint, or a stand-in's
	Credentials acs3.Credentials
	SignName    string // the approved signature every text begins with
	Transport   http.RoundTripper
}

// Template is the service's code of an approved text with one parameter, named code.
type Template string

// Client sends texts. It may be used by many goroutines at once.
type Client struct {
	config Config
	http   *http.Client
	clock  clock.Clock
	random io.Reader
}

// New answers a client. Random is where nonces come from. The error names the setting that is wrong.
func New(config Config, clock clock.Clock, random io.Reader) (*Client, error) {
	if base, err := url.Parse(config.BaseURL); err != nil || base.Host == "" {
		return nil, errors.New("sms: the base URL is not one")
	}
	if config.Credentials.ID == "" || config.Credentials.Secret == "" || config.SignName == "" {
		return nil, errors.New("sms: credentials and sign name are required")
	}
	return &Client{
		config: config,
		http: &http.Client{
			Transport: config.Transport,
			Timeout:   timeout,
			// A redirect would carry the mobile and the code to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		clock: clock, random: random,
	}, nil
}

// SendCode sends one code in the text of a template. It is not repeated on failure, for the first text may be on its way.
//
// Errors: cnid.InvalidMobile when the service does not know the number; fault.RateLimited when it sends
// no more to it today; fault.Unavailable otherwise, with the cause for the log, which names neither the
// number nor the code.
func (c *Client) SendCode(ctx context.Context, mobile cnid.Mobile, template Template, code string) error {
	said, err := c.send(ctx, mobile, text{template: string(template), parameters: map[string]string{"code": code}})
	if err != nil {
		return fault.Unavailable.Because(err)
	}
	return outcome(said)
}

// text is what is to be sent, but for whom.
type text struct {
	template   string
	parameters map[string]string
	note       string // OutId: the service keeps it beside its own record of the text
}

// reply is what the service says of a text.
type reply struct {
	Code      string `json:"Code"`
	RequestID string `json:"RequestId"`
}

// refused is for the log. The service's message is dropped, because it may repeat the number.
func (r reply) refused() error {
	return fmt.Errorf("sms: refused with %q, request %q", r.Code, r.RequestID)
}

func (c *Client) send(ctx context.Context, mobile cnid.Mobile, t text) (reply, error) {
	request, err := c.request(ctx, mobile, t)
	if err != nil {
		return reply{}, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return reply{}, fmt.Errorf("sms: send: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var said reply
	if err := json.NewDecoder(io.LimitReader(response.Body, maxReply)).Decode(&said); err != nil {
		return reply{}, fmt.Errorf("sms: status %d without a readable reply", response.StatusCode)
	}
	return said, nil
}

func (c *Client) request(ctx context.Context, mobile cnid.Mobile, t text) (*http.Request, error) {
	param, err := json.Marshal(t.parameters)
	if err != nil {
		return nil, fmt.Errorf("sms: write template parameters: %w", err)
	}
	values := url.Values{
		"PhoneNumbers":  {dialled(mobile)},
		"SignName":      {c.config.SignName},
		"TemplateCode":  {t.template},
		"TemplateParam": {string(param)},
	}
	if t.note != "" {
		values.Set("OutId", t.note)
	}
	return acs3.NewRequest(ctx, c.config.BaseURL, acs3.Call{Action: action, Version: version, Parameters: values},
		c.config.Credentials, c.random, c.clock.Now())
}

// dialled is how the service wants numbers: bare in mainland China, else country code and number.
func dialled(mobile cnid.Mobile) string {
	if mobile.CountryCode() == "86" {
		return mobile.National()
	}
	return mobile.CountryCode() + mobile.National()
}

// outcome translates the service's code.
func outcome(said reply) error {
	switch said.Code {
	case "OK":
		return nil
	case "isv.MOBILE_NUMBER_ILLEGAL":
		return cnid.InvalidMobile.Because(said.refused())
	case "isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL":
		return fault.RateLimited.Because(said.refused())
	}
	return fault.Unavailable.Because(said.refused())
}
