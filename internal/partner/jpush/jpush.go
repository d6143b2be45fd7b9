// Package jpush sends notifications to phones through 极光推送 (Push API v3,
// https://docs.jiguang.cn/jpush/server/push/rest_api_v3_push), which hands them to APNs and to the makers'
// own channels (小米, 华为 and others). No error repeats a registration id or a word of a message.
package jpush

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
	"parkbff/internal/partner/rest"
)

// Endpoint of the real service.
const Endpoint = "https://api.jpush.cn"

// longest is how long the service keeps a notification for a phone that is offline, at most.
const longest = 10 * 24 * time.Hour

// makers are the phone makers' channels (options.third_party_channel).
var makers = []string{"xiaomi", "huawei", "honor", "oppo", "vivo", "meizu", "nio", "hmos", "fcm", "asus", "tuibao"}

// Config says whom to ask and as which app. Makers and Transport may be left out.
type Config struct {
	BaseURL      string // Endpoint, or a stand-in's
	AppKey       string
	MasterSecret string
	Development  bool // iOS: the app is signed for development
	// Makers are the options of phone makers' channels, such as xiaomi's channel_id, by maker, as they go
	// into third_party_channel.
	Makers    map[string]json.RawMessage
	Transport http.RoundTripper
}

// Format prints no secret.
func (Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "config") }

// Client is one app. It may be used by many goroutines at once.
type Client struct {
	config Config
	rest   *rest.Client
	header http.Header
	keys   keys
}

// New answers a client. The error names the setting that is wrong.
func New(c Config, k clock.Clock) (*Client, error) {
	if c.AppKey == "" || c.MasterSecret == "" {
		return nil, errors.New("jpush: app key and master secret are required")
	}
	for maker, options := range c.Makers {
		var object map[string]any
		if !slices.Contains(makers, maker) || json.Unmarshal(options, &object) != nil {
			return nil, fmt.Errorf("jpush: %q is no maker's channel, or its options are no object", maker)
		}
	}
	ask, err := rest.New("jpush", c.BaseURL, c.Transport)
	if err != nil {
		return nil, err
	}
	basic := &http.Request{Header: http.Header{}}
	basic.SetBasicAuth(c.AppKey, c.MasterSecret)
	return &Client{config: c, rest: ask, header: basic.Header, keys: keys{clock: k}}, nil
}

// Push hands over one notification under a key that Key answered. A notification whose key was seen within a
// day is not shown again. Errors: message.Gone, message.Invalid, fault.RateLimited, fault.Unavailable.
func (c *Client) Push(ctx context.Context, key string, p message.Push) error {
	reply, err := c.rest.Ask(ctx, http.MethodPost, "/v3/push", c.header, c.body(key, p))
	if err != nil {
		return err
	}
	if reply.Status == http.StatusOK {
		return nil
	}
	return refusal("push", reply)
}

type body struct {
	Key          string   `json:"cid,omitempty"`
	Platform     []string `json:"platform"`
	Audience     audience `json:"audience"`
	Notification struct {
		Android android `json:"android"`
		IOS     ios     `json:"ios"`
	} `json:"notification"`
	Options options `json:"options"`
}

type audience struct {
	Phones []string `json:"registration_id"`
}

type android struct {
	Alert  string            `json:"alert"`
	Title  string            `json:"title,omitempty"`
	Extras map[string]string `json:"extras,omitempty"`
}

type ios struct {
	Alert struct {
		Title string `json:"title,omitempty"`
		Body  string `json:"body"`
	} `json:"alert"`
	Sound  string            `json:"sound"`
	Badge  string            `json:"badge"`
	Extras map[string]string `json:"extras,omitempty"`
}

type options struct {
	Lasting    int64                      `json:"time_to_live"` // seconds
	Production bool                       `json:"apns_production"`
	Makers     map[string]json.RawMessage `json:"third_party_channel,omitempty"`
}

func (c *Client) body(key string, p message.Push) body {
	b := body{Key: key, Platform: []string{"android", "ios"}, Audience: audience{Phones: []string{p.To}}}
	b.Notification.Android = android{Alert: p.Body, Title: p.Title, Extras: p.Extras}
	b.Notification.IOS = ios{Sound: "default", Badge: "+1", Extras: p.Extras}
	b.Notification.IOS.Alert.Title, b.Notification.IOS.Alert.Body = p.Title, p.Body
	b.Options = options{Lasting: int64(min(p.Lasting, longest) / time.Second), Production: !c.config.Development, Makers: c.config.Makers}
	return b
}

// unreadable is for a reply that is not of the service's form.
func unreadable(call string, status int) error {
	return fault.Unavailable.Because(fmt.Errorf("jpush: %s: status %d without a readable reply", call, status))
}
