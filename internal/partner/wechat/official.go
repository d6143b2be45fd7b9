package wechat

import (
	"context"
	"errors"
	"net/url"
	"strings"

	oaconfig "github.com/silenceper/wechat/v2/officialaccount/config"
	oacontext "github.com/silenceper/wechat/v2/officialaccount/context"
	"github.com/silenceper/wechat/v2/officialaccount/oauth"
	"github.com/silenceper/wechat/v2/util"

	"parkbff/internal/clock"
	"parkbff/internal/partner/vouch"
)

// pages is where WeChat serves its page of authorisation.
const pages = "https://open.weixin.qq.com"

// OfficialConfig is the setting of an official account. EncodingAESKey is empty where its events come plain: then
// whoever has heard one call can put other words under its signature, for as long as it is fresh.
type OfficialConfig struct {
	Config
	RedirectURL    string // where the page of authorisation leads back to
	Token          string // of the events' signatures
	EncodingAESKey string // 43 characters; with it events that come plain are refused
}

// Official is an official account. It may be used by many goroutines at once.
type Official struct {
	line     *line
	sdk      *oauth.Oauth
	clock    clock.Clock
	redirect string
	token    string
	aesKey   string
}

// NewOfficial answers a client. The error names the setting that is wrong.
func NewOfficial(c OfficialConfig, k clock.Clock) (*Official, error) {
	l, err := newLine(c.Config, k)
	if err != nil {
		return nil, err
	}
	if c.Token == "" {
		return nil, errors.New("wechat: the token of the events is required")
	}
	if c.EncodingAESKey != "" && len(c.EncodingAESKey) != 43 {
		return nil, errors.New("wechat: the encoding AES key has 43 characters")
	}
	return &Official{
		line: l, clock: k, redirect: c.RedirectURL, token: c.Token, aesKey: c.EncodingAESKey,
		sdk: oauth.NewOauth(&oacontext.Context{
			Config:            &oaconfig.Config{AppID: c.App.ID, AppSecret: c.App.Secret},
			AccessTokenHandle: l.tokens,
		}),
	}, nil
}

// SignedWhole tells whether the signature of an event covers what it says: with a key alone there is such a one
// (https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Message_encryption_and_decryption_instructions.html).
func (o *Official) SignedWhole() bool { return o.aesKey != "" }

// AuthorizeURL answers the page that asks the person for nothing (snsapi_base) and leads back with a code
// and the state. A stand-in serves its own.
func (o *Official) AuthorizeURL(state string) string {
	page, err := o.sdk.GetRedirectURL(o.redirect, "snsapi_base", url.QueryEscape(state))
	if err != nil {
		return ""
	}
	if o.line.base.String() != Endpoint {
		page = strings.Replace(page, pages, o.line.base.String(), 1)
	}
	return page
}

// Person redeems the code with which the page of authorisation leads back. Errors: vouch.Refused,
// fault.Unavailable.
func (o *Official) Person(ctx context.Context, code string) (vouch.Person, error) {
	if code == "" {
		return vouch.Person{}, vouch.Refused
	}
	// The SDK writes the code into its URL as it is.
	token, err := o.sdk.GetUserAccessTokenContext(o.line.on(ctx), url.QueryEscape(code))
	if err != nil {
		return vouch.Person{}, refusal("oauth2/access_token", token.ErrCode, err)
	}
	if token.IsSnapShotUser != 0 {
		return vouch.Person{}, vouch.Refused.Because(errors.New("wechat: a snapshot page has no real person"))
	}
	if token.OpenID == "" {
		return vouch.Person{}, refusal("oauth2/access_token", 0, nil)
	}
	return vouch.Person{Subject: token.OpenID, Union: token.UnionID}, nil
}

// unionOf asks for the id that all our apps share, which events do not carry. Empty where WeChat does not
// give this account such ids.
func (o *Official) unionOf(ctx context.Context, openID string) (string, error) {
	var reply struct {
		OpenID  string `json:"openid"`
		UnionID string `json:"unionid"`
	}
	err := o.line.withToken(ctx, "user/info", &reply, func(ctx context.Context, token string) ([]byte, error) {
		return util.HTTPGetContext(ctx, Endpoint+"/cgi-bin/user/info?access_token="+token+"&openid="+url.QueryEscape(openID)+"&lang=zh_CN")
	})
	if errors.Is(err, noUnions) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if reply.OpenID != openID {
		return "", refusal("user/info", 0, nil)
	}
	return reply.UnionID, nil
}
