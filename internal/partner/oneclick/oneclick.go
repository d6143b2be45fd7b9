// Package oneclick asks which mobile a carrier vouches for, through Alibaba Cloud's number authentication
// (GetMobile of 2017-05-25, https://help.aliyun.com/zh/pnvs/developer-reference/api-dypnsapi-2017-05-25-getmobile).
// No error repeats a token or a mobile.
package oneclick

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/partner/acs3"
	"parkbff/internal/partner/vouch"
)

// Endpoint of the real service.
const Endpoint = "https://dypnsapi.aliyuncs.com"

const (
	timeout  = 10 * time.Second
	maxReply = 64 << 10
)

// Config says whom to ask and in whose name. All but Transport is required.
type Config struct {
	BaseURL     string // Endpoint, or a stand-in's
	Credentials acs3.Credentials
	Transport   http.RoundTripper
}

// Client may be used by many goroutines at once.
type Client struct {
	config Config
	http   *http.Client
	clock  clock.Clock
	random io.Reader
}

// New answers a client. Random is where nonces come from. The error names the setting that is wrong.
func New(config Config, k clock.Clock, random io.Reader) (*Client, error) {
	if base, err := url.Parse(config.BaseURL); err != nil || base.Host == "" {
		return nil, errors.New("oneclick: the base URL is not one")
	}
	if config.Credentials.ID == "" || config.Credentials.Secret == "" {
		return nil, errors.New("oneclick: credentials are required")
	}
	return &Client{
		config: config,
		http: &http.Client{
			Transport: config.Transport,
			Timeout:   timeout,
			// A redirect would carry the token to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		clock: k, random: random,
	}, nil
}

// Mobile redeems a token of the SDK in the app. The carrier goes along as the note (OutId) by which calls
// are found again in the service's records; the token itself says whose it is. Errors: vouch.Refused,
// fault.Unavailable.
func (c *Client) Mobile(ctx context.Context, carrier, token string) (cnid.Mobile, error) {
	if token == "" {
		return cnid.Mobile{}, vouch.Refused
	}
	request, err := acs3.NewRequest(ctx, c.config.BaseURL, acs3.Call{
		Action: "GetMobile", Version: "2017-05-25", Parameters: url.Values{"AccessToken": {token}, "OutId": {carrier}},
	}, c.config.Credentials, c.random, c.clock.Now())
	if err != nil {
		return cnid.Mobile{}, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return cnid.Mobile{}, fault.Unavailable.Because(fmt.Errorf("oneclick: send: %w", err))
	}
	defer func() { _ = response.Body.Close() }()
	var reply struct {
		Code      string `json:"Code"`
		RequestID string `json:"RequestId"`
		Result    struct {
			Mobile string `json:"Mobile"`
		} `json:"GetMobileResultDTO"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxReply)).Decode(&reply); err != nil {
		return cnid.Mobile{}, fault.Unavailable.Because(fmt.Errorf("oneclick: status %d without a readable reply", response.StatusCode))
	}
	if reply.Code != "OK" {
		return cnid.Mobile{}, refusal(reply.Code, reply.RequestID, response.StatusCode)
	}
	mobile, err := cnid.ParseMobile(reply.Result.Mobile)
	if err != nil {
		return cnid.Mobile{}, vouch.Refused.Because(errors.New("oneclick: the number is not one of ours to serve"))
	}
	return mobile, nil
}

// ours are the beginnings of codes that speak of us, our account or the service, and not of the token.
var ours = []string{
	"InvalidAccessKeyId", "InvalidTimeStamp", "SignatureDoesNotMatch", "SignatureNonceUsed", "IncompleteSignature",
	"Forbidden", "NoPermission", "Throttling", "ServiceUnavailable", "InternalError", "InvalidAction",
	"isp.", "isv.OUT_OF_SERVICE", "isv.PRODUCT_UN_SUBSCRIPT", "isv.AMOUNT_NOT_ENOUGH", "isv.BUSINESS_LIMIT_CONTROL",
	"isv.ACCOUNT_",
}

// refusal translates the service's code. Whatever else it refuses, it refuses for the token's sake. Its
// message is dropped, because it may repeat the number.
func refusal(code, requestID string, status int) error {
	cause := fmt.Errorf("oneclick: refused with %q, status %d, request %q", code, status, requestID)
	if status >= http.StatusInternalServerError || code == "" {
		return fault.Unavailable.Because(cause)
	}
	for _, beginning := range ours {
		if strings.HasPrefix(code, beginning) {
			return fault.Unavailable.Because(cause)
		}
	}
	return vouch.Refused.Because(cause)
}
