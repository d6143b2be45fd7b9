package alipay

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/smartwalle/nsign"
	"golang.org/x/text/encoding/simplifiedchinese"

	"parkbff/internal/partner/vouch"
)

// content is what this house reads of a call's biz_content. Alipay has called the person by different
// elements over the years.
type content struct {
	AppID    string `xml:"AppId"`
	User     string `xml:"FromUserId"`
	AlipayID string `xml:"FromAlipayUserId"`
	OpenID   string `xml:"FromOpenId"`
	Created  int64  `xml:"CreateTime"` // milliseconds since 1970
	Type     string `xml:"MsgType"`
	Event    string `xml:"EventType"`
}

// Event reads a call of a life account's gateway and answers what to reply to it, signed, and who follows
// or has left; nil for whatever is no one's following or leaving. Error: vouch.Forged.
func (c *Client) Event(form url.Values) (*vouch.Follow, []byte, error) {
	if err := c.signed(form); err != nil {
		return nil, nil, err
	}
	m, err := read(form.Get("biz_content"), form.Get("charset"))
	if err != nil || m.AppID != c.appID {
		return nil, nil, vouch.Forged
	}
	if form.Get("service") == "alipay.service.check" && m.Event == "verifygw" {
		answer, err := c.answer("<success>true</success><biz_content>" + c.ours + "</biz_content>")
		return nil, answer, err
	}
	at := time.UnixMilli(m.Created)
	if !vouch.Fresh(at, c.clock.Now()) {
		return nil, nil, vouch.Forged
	}
	answer, err := c.answer(ack(m, c.clock.Now()))
	if err != nil {
		return nil, nil, err
	}
	if m.Type != "event" || m.Event != "follow" && m.Event != "unfollow" || m.person().Subject == "" {
		return nil, answer, nil
	}
	return &vouch.Follow{Person: m.person(), Following: m.Event == "follow", At: at}, answer, nil
}

// person is called as Person calls it: by the open id where Alipay gives such, else by the user id.
func (m content) person() vouch.Person {
	if m.OpenID != "" {
		return vouch.Person{Subject: m.OpenID, Union: m.AlipayID}
	}
	return vouch.Person{Subject: m.AlipayID, Union: m.AlipayID}
}

// signed checks Alipay's signature of all that the call says but the signature. Other than in a notice of a
// payment, sign_type is signed too.
func (c *Client) signed(form url.Values) error {
	signature, err := base64.StdEncoding.DecodeString(form.Get("sign"))
	if err != nil || form.Get("sign_type") != "RSA2" {
		return vouch.Forged
	}
	if err := c.alipay.VerifyValues(form, signature, nsign.WithIgnore("sign")); err != nil {
		return vouch.Forged
	}
	return nil
}

// read opens biz_content. The names in it are Chinese, in the call's charset.
func read(text, charset string) (m content, err error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // is decoded already
	if strings.EqualFold(charset, "GBK") {
		decoded, err := simplifiedchinese.GBK.NewDecoder().String(text)
		if err != nil {
			return content{}, errors.New("alipay: the content is not in its charset")
		}
		d = xml.NewDecoder(strings.NewReader(decoded))
		d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	}
	if err := d.Decode(&m); err != nil {
		return content{}, errors.New("alipay: the content is not XML")
	}
	return m, nil
}

// ack is how Alipay wants a message acknowledged.
func ack(m content, now time.Time) string {
	return "<XML><ToUserId>" + escaped(m.User) + "</ToUserId><AppId>" + escaped(m.AppID) + "</AppId><CreateTime>" +
		strconv.FormatInt(now.UnixMilli(), 10) + "</CreateTime><MsgType>ack</MsgType></XML>"
}

// answer signs what stands within the response, and wraps it.
func (c *Client) answer(inner string) ([]byte, error) {
	signature, err := c.sdk.SignBytes([]byte(inner))
	if err != nil {
		return nil, fmt.Errorf("alipay: sign the answer: %w", err)
	}
	return []byte(`<?xml version="1.0" encoding="UTF-8"?><alipay><response>` + inner + `</response><sign>` +
		base64.StdEncoding.EncodeToString(signature) + `</sign><sign_type>RSA2</sign_type></alipay>`), nil
}

func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}
