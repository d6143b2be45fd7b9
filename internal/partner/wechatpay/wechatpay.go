// Package wechatpay takes payments through WeChat Pay, API v3 (https://pay.weixin.qq.com/doc/v3/merchant/4012062524):
// charges in mini-programs (JSAPI), browsers (H5) and apps, refunds, what WeChat calls us with, daily statements,
// and the parking service that deducts without the payer's doing anything (微信支付分停车,
// https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter8_8_3.shtml). Amounts are fen, CNY.
//
// Every request is signed by the official SDK with our key; of what comes back nothing is believed that WeChat has not
// signed just now, refusals included. No error repeats a plate, a payer, a key or what WeChat wrote.
package wechatpay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/signers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/validators"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"parkbff/internal/clock"
	"parkbff/internal/money"
)

// Endpoint of the real service.
const Endpoint = consts.WechatPayAPIServer

// apiKeySize is that of AES-256.
const apiKeySize = 32

// Config says whom to ask, as which merchant, and whose signatures to believe.
type Config struct {
	BaseURL           string // Endpoint, or a stand-in's; no path
	MerchantID        string // 商户号
	CertificateSerial string // of our API certificate
	PrivateKey        string // of that certificate: PKCS #8, PEM
	APIv3Key          string // 32 bytes, which open what WeChat calls us with
	PlatformKeys      []PlatformKey
	AppIDs            map[money.Way]string // which of our apps is paid in; a way without one is refused
	NotifyURL         string               // what WeChat calls: https, or the loopback interface; no query
	Transport         http.RoundTripper
}

// PlatformKey is a key that WeChat signs with: its public key (微信支付公钥), or a platform certificate while those are
// still in use. The first of several is the one that replies are asked to be signed with.
type PlatformKey struct {
	ID  string // PUB_KEY_ID_…, or the certificate's serial number
	PEM string // of the public key, PKIX, or of the certificate
}

// Format prints no secret.
func (Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "config") }

// Client is one merchant of ours at WeChat Pay. It may be used by many goroutines at once.
type Client struct {
	sdk       *core.Client
	downloads *core.Client // takes unsigned replies: a file's hash has come signed
	seal      seal
	clock     clock.Clock
	base      *url.URL
	merchant  string
	apiKey    string
	appIDs    map[money.Way]string
	notifyURL string
}

// New answers a client. The error names the setting that is wrong.
func New(c Config, k clock.Clock) (*Client, error) {
	client := &Client{
		clock: k, merchant: c.MerchantID, apiKey: c.APIv3Key, appIDs: maps.Clone(c.AppIDs), notifyURL: c.NotifyURL,
	}
	var err error
	client.base, err = url.Parse(c.BaseURL)
	if err != nil || client.base.Host == "" || strings.Trim(client.base.Path, "/") != "" {
		return nil, errors.New("wechatpay: the base URL is not one, or has a path")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if client.seal, err = newSeal(c.PlatformKeys, k); err != nil {
		return nil, err
	}
	return client, client.open(c)
}

func (c Config) check() error {
	switch {
	case c.MerchantID == "":
		return errors.New("wechatpay: the merchant id is required")
	case c.CertificateSerial == "":
		return errors.New("wechatpay: the serial number of our certificate is required")
	case len(c.APIv3Key) != apiKeySize:
		return errors.New("wechatpay: the APIv3 key does not have 32 bytes")
	case len(c.AppIDs) == 0:
		return errors.New("wechatpay: an app id is required")
	}
	for way, id := range c.AppIDs {
		if id == "" {
			return fmt.Errorf("wechatpay: the app id for %s is empty", way)
		}
	}
	notify, err := url.Parse(c.NotifyURL)
	if err != nil || notify.Host == "" || notify.RawQuery != "" {
		return errors.New("wechatpay: the notify URL is not one, or has a query")
	}
	return nil
}

// open makes the SDK's clients.
func (c *Client) open(config Config) error {
	key, err := utils.LoadPrivateKey(config.PrivateKey)
	if err != nil {
		return errors.New("wechatpay: our private key is not one")
	}
	signer := &signers.SHA256WithRSASigner{MchID: config.MerchantID, PrivateKey: key, CertificateSerialNo: config.CertificateSerial}
	settings := func(v auth.Validator, most int64) *core.DialSettings {
		return &core.DialSettings{Signer: signer, Validator: v, HTTPClient: c.httpClient(config.Transport, most)}
	}
	if c.sdk, err = core.NewClientWithDialSettings(context.Background(), settings(c.seal, maxReply)); err != nil {
		return fmt.Errorf("wechatpay: open the SDK: %w", err)
	}
	if c.downloads, err = core.NewClientWithDialSettings(context.Background(), settings(&validators.NullValidator{}, maxStatement)); err != nil {
		return fmt.Errorf("wechatpay: open the SDK: %w", err)
	}
	return nil
}
