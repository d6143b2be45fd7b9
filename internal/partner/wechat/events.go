package wechat

import (
	"context"
	"crypto/hmac"
	"encoding/xml"
	"net/url"
	"strconv"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"parkbff/internal/partner/vouch"
)

// told is what this house reads of an event
// (https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_event_pushes.html).
type told struct {
	From    string `xml:"FromUserName"`
	Created int64  `xml:"CreateTime"`
	Type    string `xml:"MsgType"`
	Event   string `xml:"Event"`
}

// Echo checks the call with which WeChat makes sure of our address and answers what it wants to read
// (https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html).
// Error: vouch.Forged.
func (o *Official) Echo(query url.Values) (string, error) {
	if err := o.signed(query); err != nil {
		return "", err
	}
	return query.Get("echostr"), nil
}

// Event reads a call that tells an event, and answers nil for whatever is no one's following or leaving.
// An account with a key takes encrypted events alone: the signature of a plain one does not cover what it
// says. Errors: vouch.Forged; fault.Unavailable when it cannot be learnt who follows, so that WeChat tells
// it again.
func (o *Official) Event(ctx context.Context, query url.Values, body []byte) (*vouch.Follow, error) {
	if err := o.signed(query); err != nil {
		return nil, err
	}
	plain, err := o.open(query, body)
	if err != nil {
		return nil, err
	}
	var m told
	if err := xml.Unmarshal(plain, &m); err != nil {
		return nil, vouch.Forged
	}
	if m.Type != "event" || m.Event != "subscribe" && m.Event != "unsubscribe" || m.From == "" {
		return nil, nil //nolint:nilnil // an event that is nothing to us
	}
	at := time.Unix(m.Created, 0)
	if at.After(o.clock.Now().Add(vouch.Window)) {
		return nil, vouch.Forged // it would outlive every true event after it
	}
	follow := &vouch.Follow{Person: vouch.Person{Subject: m.From}, Following: m.Event == "subscribe", At: at}
	if follow.Following { // of who has left WeChat tells no more
		follow.Person.Union, err = o.unionOf(ctx, m.From)
	}
	return follow, err
}

// signed checks that token, time and nonce make the signature, and that the time is now.
func (o *Official) signed(query url.Values) error {
	if !o.matches(query.Get("signature"), query.Get("timestamp"), query.Get("nonce")) {
		return vouch.Forged
	}
	sent, err := strconv.ParseInt(query.Get("timestamp"), 10, 64)
	if err != nil || !vouch.Fresh(time.Unix(sent, 0), o.clock.Now()) {
		return vouch.Forged
	}
	return nil
}

// open decrypts the body of a call, whose second signature covers it, and whose end names the app.
func (o *Official) open(query url.Values, body []byte) ([]byte, error) {
	if o.aesKey == "" {
		return body, nil
	}
	var sealed struct {
		Encrypt string `xml:"Encrypt"`
	}
	if err := xml.Unmarshal(body, &sealed); err != nil || sealed.Encrypt == "" {
		return nil, vouch.Forged
	}
	if !o.matches(query.Get("msg_signature"), query.Get("timestamp"), query.Get("nonce"), sealed.Encrypt) {
		return nil, vouch.Forged
	}
	_, plain, err := util.DecryptMsg(o.line.app.ID, sealed.Encrypt, o.aesKey)
	if err != nil {
		return nil, vouch.Forged
	}
	return plain, nil
}

func (o *Official) matches(signature string, parts ...string) bool {
	return hmac.Equal([]byte(signature), []byte(util.Signature(append(parts, o.token)...)))
}
