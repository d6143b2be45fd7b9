// Package sms sends codes through Alibaba Cloud's short message service
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
	request, err := c.request(ctx, mobile, template, code)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fault.Unavailable.Because(fmt.Errorf("sms: send: %w", err))
	}
	defer func() { _ = response.Body.Close() }()
	var reply struct {
		Code      string `json:"Code"`
		RequestID string `json:"RequestId"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxReply)).Decode(&reply); err != nil {
		return fault.Unavailable.Because(fmt.Errorf("sms: status %d without a readable reply", response.StatusCode))
	}
	return outcome(reply.Code, reply.RequestID)
}

func (c *Client) request(ctx context.Context, mobile cnid.Mobile, template Template, code string) (*http.Request, error) {
	param, err := json.Marshal(map[string]string{"code": code})
	if err != nil {
		return nil, fmt.Errorf("sms: write template parameters: %w", err)
	}
	return acs3.NewRequest(ctx, c.config.BaseURL, acs3.Call{Action: action, Version: version, Parameters: url.Values{
		"PhoneNumbers":  {dialled(mobile)},
		"SignName":      {c.config.SignName},
		"TemplateCode":  {string(template)},
		"TemplateParam": {string(param)},
	}}, c.config.Credentials, c.random, c.clock.Now())
}

// dialled is how the service wants numbers: bare in mainland China, else country code and number.
func dialled(mobile cnid.Mobile) string {
	if mobile.CountryCode() == "86" {
		return mobile.National()
	}
	return mobile.CountryCode() + mobile.National()
}

// outcome translates the service's code. Its message is dropped, because it may repeat the number.
func outcome(code, requestID string) error {
	if code == "OK" {
		return nil
	}
	cause := fmt.Errorf("sms: refused with %q, request %q", code, requestID)
	switch code {
	case "isv.MOBILE_NUMBER_ILLEGAL":
		return cnid.InvalidMobile.Because(cause)
	case "isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL":
		return fault.RateLimited.Because(cause)
	}
	return fault.Unavailable.Because(cause)
}
