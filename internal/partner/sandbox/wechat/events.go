package wechat

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/silenceper/wechat/v2/util"

	"parkbff/internal/partner/sandbox/ticket"
)

// Event is the call with which an official account's follower is told: the query and the body.
type Event struct {
	Query url.Values
	Body  []byte
}

// Follow makes a person follow an official account, or leave it, and answers the call that tells so.
func (s *Sandbox) Follow(person, appID string, following bool) (Event, error) {
	openID := s.OpenID(person, appID)
	s.mu.Lock()
	s.follows.Put(openID, following)
	s.mu.Unlock()
	kind := "unsubscribe"
	if following {
		kind = "subscribe"
	}
	return s.Event(openID, appID, kind)
}

// Event answers the call that tells of some event.
func (s *Sandbox) Event(openID, appID, kind string) (Event, error) {
	now := s.clock.Now().Unix()
	plain, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"xml"`
		To      string   `xml:"ToUserName"`
		From    string   `xml:"FromUserName"`
		Created int64    `xml:"CreateTime"`
		Type    string   `xml:"MsgType"`
		Event   string   `xml:"Event"`
	}{To: "gh_sandbox", From: openID, Created: now, Type: "event", Event: kind})
	if err != nil {
		return Event{}, fmt.Errorf("sandbox: write the event: %w", err)
	}
	return s.signed(s.apps[appID], plain, strconv.FormatInt(now, 10))
}

// Echo answers the query with which an address is made sure of.
func (s *Sandbox) Echo(appID, echo string) (url.Values, error) {
	e, err := s.signed(App{ID: appID, Token: s.apps[appID].Token}, nil, strconv.FormatInt(s.clock.Now().Unix(), 10))
	if err != nil {
		return nil, err
	}
	e.Query.Set("echostr", echo)
	return e.Query, nil
}

func (s *Sandbox) signed(app App, plain []byte, timestamp string) (Event, error) {
	var random [24]byte
	if _, err := io.ReadFull(s.random, random[:]); err != nil {
		return Event{}, fmt.Errorf("sandbox: no randomness: %w", err)
	}
	nonce := ticket.NumberOf(10, string(random[16:]))
	q := url.Values{
		"timestamp": {timestamp}, "nonce": {nonce}, "signature": {util.Signature(app.Token, timestamp, nonce)},
	}
	if app.EncodingAESKey == "" {
		return Event{q, plain}, nil
	}
	sealed, err := util.EncryptMsg(random[:16], plain, app.ID, app.EncodingAESKey)
	if err != nil {
		return Event{}, fmt.Errorf("sandbox: encrypt the event: %w", err)
	}
	q.Set("encrypt_type", "aes")
	q.Set("msg_signature", util.Signature(app.Token, timestamp, nonce, string(sealed)))
	return Event{q, fmt.Appendf(nil, "<xml><ToUserName>gh_sandbox</ToUserName><Encrypt>%s</Encrypt></xml>", sealed)}, nil
}

// Send sends a call to an address and answers the status. Only the status tells how it was taken.
func (e Event) Send(ctx context.Context, address string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"?"+e.Query.Encode(), bytes.NewReader(e.Body))
	if err != nil {
		return 0, fmt.Errorf("sandbox: build the call: %w", err)
	}
	r.Header.Set("Content-Type", "text/xml")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("sandbox: send the call: %w", err)
	}
	return response.StatusCode, response.Body.Close()
}
