// Package alipay asks Alipay who somebody is, in a mini-program or through its page of authorisation
// (alipay.system.oauth.token, https://opendocs.alipay.com/open/05nai2), opens the numbers its mini-programs
// are given (my.getPhoneNumber, https://opendocs.alipay.com/mini/api/getphonenumber), and reads what a life
// account tells of its followers. Pay takes payments and deducts for plates. No error repeats a code, a key, an id
// of a person, a mobile or a plate.
package alipay

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	sdk "github.com/smartwalle/alipay/v3"
	"github.com/smartwalle/ncrypto"
	"github.com/smartwalle/nsign"

	"parkbff/internal/clock"
)

// Endpoint of the real service.
const Endpoint = "https://openapi.alipay.com/gateway.do"

// authorizePage leads back with a code (https://opendocs.alipay.com/open/284/web).
const authorizePage = "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm"

const (
	timeout  = 10 * time.Second
	maxReply = 64 << 10
)

// beijing is the time of Alipay's requests.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// Config says whom to ask and as which app. Keys are Base64 or PEM: ours PKCS #1 or PKCS #8, Alipay's
// PKIX. ContentKey is needed to open numbers, RedirectURL by the page of authorisation.
type Config struct {
	Gateway         string // Endpoint, or a stand-in's
	AppID           string
	PrivateKey      string // ours
	AlipayPublicKey string // Alipay's, of this app
	ContentKey      string // the app's AES key, Base64
	RedirectURL     string // where the page of authorisation leads back to
	Transport       http.RoundTripper
}

// Format prints no secret.
func (Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "config") }

// Client is one app of ours at Alipay. It may be used by many goroutines at once.
type Client struct {
	sdk      *sdk.Client
	clock    clock.Clock
	appID    string
	redirect string
	page     string
	opens    bool         // whether there is a key to open numbers with
	alipay   nsign.Signer // checks what Alipay signed
	ours     string       // our public key, as Alipay wants it told
}

// New answers a client. The error names the setting that is wrong.
func New(c Config, k clock.Clock) (*Client, error) {
	gateway, err := url.Parse(c.Gateway)
	if err != nil || gateway.Host == "" {
		return nil, errors.New("alipay: the gateway is not a URL")
	}
	if c.AppID == "" {
		return nil, errors.New("alipay: the app id is required")
	}
	client := &Client{clock: k, appID: c.AppID, redirect: c.RedirectURL, page: authorizePage, opens: c.ContentKey != ""}
	if c.Gateway != Endpoint {
		client.page = gateway.Scheme + "://" + gateway.Host + "/oauth2/publicAppAuthorize.htm"
	}
	if client.ours, err = publicHalf(c.PrivateKey); err != nil {
		return nil, err
	}
	theirs, err := ncrypto.DecodePublicKey([]byte(c.AlipayPublicKey)).PKIX().RSAPublicKey()
	if err != nil {
		return nil, errors.New("alipay: Alipay's public key is not one")
	}
	client.alipay = nsign.New(nsign.WithMethod(nsign.NewRSAMethod(crypto.SHA256, nil, theirs)), nsign.WithEncoder(&sdk.Encoder{}))
	return client, client.open(c)
}

// open makes the SDK's client. It is not told to be in production: that says no more than which gateway to
// ask, and lets a reply name any certificate to be fetched and trusted.
func (c *Client) open(config Config) (err error) {
	c.sdk, err = sdk.New(config.AppID, config.PrivateKey, false,
		sdk.WithSandboxGateway(config.Gateway), sdk.WithTimeLocation(beijing), sdk.WithHTTPClient(httpClient(config.Transport)))
	if err != nil {
		return errors.New("alipay: our private key is not one")
	}
	if err := c.sdk.LoadAliPayPublicKey(config.AlipayPublicKey); err != nil {
		return errors.New("alipay: Alipay's public key is not one")
	}
	if err := c.sdk.SetEncryptKey(config.ContentKey); err != nil {
		return errors.New("alipay: the content key is not Base64")
	}
	return nil
}

func httpClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return &http.Client{
		Transport: capped{transport},
		Timeout:   timeout,
		// A redirect would carry codes to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// capped reads no reply further than maxReply; the SDK would read it to its end.
type capped struct{ next http.RoundTripper }

func (c capped) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxReply), response.Body}
	return response, nil
}

func publicHalf(privateKey string) (string, error) {
	decoder := ncrypto.DecodePrivateKey([]byte(privateKey))
	var key *rsa.PrivateKey
	key, err := decoder.PKCS1().RSAPrivateKey()
	if err != nil {
		key, err = decoder.PKCS8().RSAPrivateKey()
	}
	if err != nil {
		return "", errors.New("alipay: our private key is not one")
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", errors.New("alipay: our private key is not one")
	}
	return base64.StdEncoding.EncodeToString(der), nil
}
