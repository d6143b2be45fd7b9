// Package wechat asks WeChat who somebody is: in a mini-program (code2Session,
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html, and
// getPhoneNumber, https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html)
// and in an official account (web page authorisation,
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html, and its
// events); and sends a mini-program's subscribe messages. No error repeats a code, a secret, an openid, a
// mobile or a word of a message.
package wechat

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/silenceper/wechat/v2/miniprogram/auth"
	"github.com/silenceper/wechat/v2/miniprogram/config"
	sdkcontext "github.com/silenceper/wechat/v2/miniprogram/context"
	"github.com/silenceper/wechat/v2/util"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/partner/vouch"
)

// Endpoint of the real service.
const Endpoint = "https://api.weixin.qq.com"

// App is what WeChat knows one of our apps by. It prints as "app".
type App struct{ ID, Secret string }

// Format prints no secret.
func (App) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "app") }

// Config says whom to ask and as which app. All but State and Transport is required.
type Config struct {
	BaseURL   string // Endpoint, or a stand-in's
	App       App
	State     string // of the mini-program that a message opens: formal (if empty), trial or developer
	Transport http.RoundTripper
}

// Mini is a mini-program. It may be used by many goroutines at once.
type Mini struct {
	line  *line
	sdk   *auth.Auth
	clock clock.Clock
	state string
}

// NewMini answers a client. The error names the setting that is wrong.
func NewMini(c Config, k clock.Clock) (*Mini, error) {
	l, err := newLine(c, k)
	if err != nil {
		return nil, err
	}
	state := cmp.Or(c.State, "formal")
	if !slices.Contains([]string{"formal", "trial", "developer"}, state) {
		return nil, errors.New("wechat: the state of the mini-program is formal, trial or developer")
	}
	return &Mini{line: l, clock: k, state: state, sdk: auth.NewAuth(&sdkcontext.Context{
		Config:                   &config.Config{AppID: c.App.ID, AppSecret: c.App.Secret},
		AccessTokenContextHandle: l.tokens,
	})}, nil
}

// Person redeems the code of wx.login. Errors: vouch.Refused, fault.Unavailable.
func (m *Mini) Person(ctx context.Context, code string) (vouch.Person, error) {
	if code == "" {
		return vouch.Person{}, vouch.Refused
	}
	// The SDK writes the code into its URL as it is.
	session, err := m.sdk.Code2SessionContext(m.line.on(ctx), url.QueryEscape(code))
	if err != nil {
		return vouch.Person{}, refusal("jscode2session", session.ErrCode, err)
	}
	if session.OpenID == "" {
		return vouch.Person{}, refusal("jscode2session", 0, nil)
	}
	return vouch.Person{Subject: session.OpenID, Union: session.UnionID}, nil
}

const phoneCall = "getuserphonenumber"

// phoneReply is the answer of getuserphonenumber. The SDK's own cannot read a country code that is a
// number, as the documentation shows it.
type phoneReply struct {
	Phone struct {
		Country   json.Number `json:"countryCode"`
		National  string      `json:"purePhoneNumber"`
		Watermark struct {
			AppID     string `json:"appid"`
			Timestamp int64  `json:"timestamp"`
		} `json:"watermark"`
	} `json:"phone_info"`
}

// Mobile redeems the code of the button for phone numbers. WeChat is told who the code must be of.
// Errors: vouch.Refused, fault.Unavailable.
func (m *Mini) Mobile(ctx context.Context, of vouch.Person, code string) (cnid.Mobile, error) {
	if code == "" {
		return cnid.Mobile{}, vouch.Refused
	}
	var reply phoneReply
	err := m.line.withToken(ctx, phoneCall, &reply, func(ctx context.Context, token string) ([]byte, error) {
		return util.PostJSONContext(ctx, Endpoint+"/wxa/business/getuserphonenumber?access_token="+token,
			map[string]string{"code": code, "openid": of.Subject})
	})
	if err != nil {
		return cnid.Mobile{}, err
	}
	mark := reply.Phone.Watermark
	if mark.AppID != m.line.app.ID {
		return cnid.Mobile{}, vouch.Refused.Because(errors.New("wechat: the number was given to another app"))
	}
	if !vouch.Fresh(time.Unix(mark.Timestamp, 0), m.clock.Now()) {
		return cnid.Mobile{}, vouch.Refused.Because(errors.New("wechat: the number was given too long ago"))
	}
	mobile, err := cnid.ParseMobile("+" + reply.Phone.Country.String() + reply.Phone.National)
	if err != nil {
		return cnid.Mobile{}, vouch.Refused.Because(errors.New("wechat: the number is not one of ours to serve"))
	}
	return mobile, nil
}
