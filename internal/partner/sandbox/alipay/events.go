package alipay

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/smartwalle/nsign"

	"parkbff/internal/partner/sandbox/ticket"
)

// Event is a call to a life account's gateway.
type Event struct {
	Form url.Values
	app  App
}

// Follow answers the call that tells that a person follows a life account, or has left it.
func (s *Sandbox) Follow(person, appID string, following bool) (Event, error) {
	kind := "unfollow"
	if following {
		kind = "follow"
	}
	return s.Event(person, appID, "alipay.mobile.public.message.notify", kind)
}

// Check answers the call with which a gateway is made sure of.
func (s *Sandbox) Check(appID string) (Event, error) {
	return s.Event("alipay", appID, "alipay.service.check", "verifygw")
}

// Event answers the call that tells of some event.
func (s *Sandbox) Event(person, appID, service, kind string) (Event, error) {
	content, err := xml.Marshal(struct {
		XMLName  xml.Name `xml:"XML"`
		AppID    string   `xml:"AppId"`
		User     string   `xml:"FromUserId"`
		AlipayID string   `xml:"FromAlipayUserId"`
		Created  int64    `xml:"CreateTime"`
		Type     string   `xml:"MsgType"`
		Event    string   `xml:"EventType"`
	}{
		AppID: appID, User: ticket.NumberOf(32, "follower", appID, person), AlipayID: s.UserID(person),
		Created: s.clock.Now().UnixMilli(), Type: "event", Event: kind,
	})
	if err != nil {
		return Event{}, fmt.Errorf("sandbox: write the event: %w", err)
	}
	return s.Sign(appID, url.Values{"service": {service}, "charset": {"UTF-8"}, "biz_content": {string(content)}})
}

// Sign answers the call that says what a form says, signed as Alipay signs to an app.
func (s *Sandbox) Sign(appID string, form url.Values) (Event, error) {
	form.Set("sign_type", "RSA2")
	app := s.apps[appID]
	signature, err := app.signer().SignValues(form, nsign.WithIgnore("sign"))
	if err != nil {
		return Event{}, fmt.Errorf("sandbox: sign the event: %w", err)
	}
	form.Set("sign", base64.StdEncoding.EncodeToString(signature))
	return Event{form, app}, nil
}

// answered finds what an answer says and its signature.
var answered = regexp.MustCompile(`(?s)<response>(.*)</response><sign>([^<]*)</sign><sign_type>RSA2</sign_type>`)

// Send sends a call to an address and answers the status. An answer that the app has not signed is an error.
func (e Event) Send(ctx context.Context, address string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(e.Form.Encode()))
	if err != nil {
		return 0, fmt.Errorf("sandbox: build the call: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("sandbox: send the call: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil || response.StatusCode != http.StatusOK {
		return response.StatusCode, err
	}
	parts := answered.FindSubmatch(body)
	if parts == nil {
		return response.StatusCode, errors.New("sandbox: the answer is not one to Alipay")
	}
	signature, err := base64.StdEncoding.DecodeString(string(parts[2]))
	if err != nil || e.app.signer().VerifyBytes(parts[1], signature) != nil {
		return response.StatusCode, errors.New("sandbox: the answer is not signed by the app")
	}
	return response.StatusCode, nil
}
