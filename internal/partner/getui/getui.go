// Package getui sends notifications to phones through 个推 (RestAPI V2,
// https://docs.getui.com/getui/server/rest_v2/push/), which hands them to APNs and to the makers' own
// channels (小米, 华为 and others). No error repeats a client id, a token or a word of a message.
package getui

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
const Endpoint = "https://restapi.getui.com"

// Limits of the service.
const (
	longest   = 3 * 24 * time.Hour // it keeps a notification for a phone that is offline
	mostTitle = 50                 // characters
	mostBody  = 256
)

// makers are the phone makers' channels (push_channel.android.ups.options).
var makers = []string{"ALL", "HW", "HO", "XM", "XMG", "VV", "OP", "OPG", "MZ", "ST", "UPS"}

// Config says whom to ask and as which app. Makers and Transport may be left out.
type Config struct {
	BaseURL      string // Endpoint, or a stand-in's
	AppID        string
	AppKey       string
	MasterSecret string
	// Makers are the options of phone makers' channels, such as XM's channel id, by maker, as they go into
	// ups.options.
	Makers    map[string]json.RawMessage
	Transport http.RoundTripper
}

// Format prints no secret.
func (Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "config") }

// Client is one app. It may be used by many goroutines at once.
type Client struct {
	config Config
	rest   *rest.Client
	clock  clock.Clock
	token  token
}

// New answers a client. The error names the setting that is wrong.
func New(c Config, k clock.Clock) (*Client, error) {
	if c.AppID == "" || c.AppKey == "" || c.MasterSecret == "" {
		return nil, errors.New("getui: app id, app key and master secret are required")
	}
	for maker, options := range c.Makers {
		var object map[string]any
		if !slices.Contains(makers, maker) || json.Unmarshal(options, &object) != nil {
			return nil, fmt.Errorf("getui: %q is no maker's channel, or its options are no object", maker)
		}
	}
	ask, err := rest.New("getui", c.BaseURL, c.Transport)
	if err != nil {
		return nil, err
	}
	return &Client{config: c, rest: ask, clock: k, token: token{turn: make(chan struct{}, 1)}}, nil
}

// Key answers the key under which the message of that name is to be handed over, each time it is tried
// (request_id, 10 to 32 characters): the same for the same name. There is no error.
func (*Client) Key(_ context.Context, name string) (string, error) {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16]), nil
}

// Push hands over one notification under a key that Key answered. The service drops a notification whose key
// it has seen; for how long it remembers one it does not say. Errors: message.Gone, message.Invalid,
// fault.RateLimited, fault.Unavailable.
func (c *Client) Push(ctx context.Context, key string, p message.Push) error {
	b := c.body(key, p)
	stale := ""
	for again := true; ; again = false {
		token, err := c.authenticated(ctx, stale)
		if err != nil {
			return err
		}
		reply, err := c.rest.Ask(ctx, http.MethodPost, "/v2/"+c.config.AppID+"/push/single/cid", http.Header{"Token": {token}}, b)
		if err != nil {
			return err
		}
		var said answer
		if err := json.Unmarshal(reply.Body, &said); err != nil || said.Code == nil {
			return unreadable("push", reply.Status)
		}
		if again && *said.Code == noToken {
			stale = token
			continue
		}
		return outcome(said, p.To)
	}
}

type body struct {
	Key      string `json:"request_id"`
	Settings struct {
		Lasting int64 `json:"ttl"` // milliseconds; -1: not kept
	} `json:"settings"`
	Audience struct {
		Phones []string `json:"cid"`
	} `json:"audience"`
	Message struct {
		Notification notification `json:"notification"`
	} `json:"push_message"`
	Channel struct {
		Android struct {
			Makers struct {
				Notification notification               `json:"notification"`
				Options      map[string]json.RawMessage `json:"options,omitempty"`
			} `json:"ups"`
		} `json:"android"`
		IOS ios `json:"ios"`
	} `json:"push_channel"`
}

type notification struct {
	Title   string `json:"title"`
	Body    string `json:"body"`
	Click   string `json:"click_type"`
	Payload string `json:"payload,omitempty"`
}

type ios struct {
	Type    string `json:"type"`
	Badge   string `json:"auto_badge"`
	Payload string `json:"payload,omitempty"`
	APS     struct {
		Alert struct {
			Title string `json:"title"`
			Body  string `json:"body"`
		} `json:"alert"`
		Silent int    `json:"content-available"`
		Sound  string `json:"sound"`
	} `json:"aps"`
}

func (c *Client) body(key string, p message.Push) body {
	shown := notification{Title: message.Shorten(p.Title, mostTitle), Body: message.Shorten(p.Body, mostBody), Click: "startapp"}
	payload := ""
	if len(p.Extras) > 0 {
		raw, _ := json.Marshal(p.Extras) // strings alone
		payload, shown.Click = string(raw), "payload"
		shown.Payload = payload
	}
	b := body{Key: key}
	b.Settings.Lasting = min(p.Lasting, longest).Milliseconds()
	if b.Settings.Lasting <= 0 {
		b.Settings.Lasting = -1
	}
	b.Audience.Phones = []string{p.To}
	b.Message.Notification = shown
	b.Channel.Android.Makers.Notification, b.Channel.Android.Makers.Options = shown, c.config.Makers
	b.Channel.IOS = ios{Type: "notify", Badge: "+1", Payload: payload}
	b.Channel.IOS.APS.Alert.Title, b.Channel.IOS.APS.Alert.Body, b.Channel.IOS.APS.Sound = shown.Title, shown.Body, "default"
	return b
}

// unreadable is for a reply that is not of the service's form.
func unreadable(call string, status int) error {
	return fault.Unavailable.Because(fmt.Errorf("getui: %s: status %d without a readable reply", call, status))
}
