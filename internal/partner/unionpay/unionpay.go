// Package unionpay takes payments, and pays out, through UnionPay's all-channel platform (银联全渠道, ACP 5.1.0;
// https://open.unionpay.com/tjweb/acproduct/list?apiSvcId=448). Several of our channels are the same protocol under
// another merchant, product or bank: a Config says which. No error repeats a key, a card or what a message said.
package unionpay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/money"
)

// The real service. UnionPay's test environment is at https://gateway.test.95516.com and
// https://filedownload.test.95516.com.
const (
	Gateway = "https://gateway.95516.com"
	Files   = "https://filedownload.95516.com"
)

// Owner is who UnionPay's certificates are issued to; in its test environment it has also been 00040000:SIGN.
const Owner = "中国银联股份有限公司"

const timeout = 10 * time.Second

// Config says whom to ask, as which merchant and for which product.
type Config struct {
	Gateway string // base URL: Gateway, or a stand-in's
	Files   string // base URL of statements: Files, or a stand-in's

	MerchantID  string // merId, 15 letters and digits
	Certificate string // ours, PEM, as CFCA issued it
	PrivateKey  string // ours, PEM, of PKCS #1 or PKCS #8 (openssl pkcs12 makes both of CFCA's pfx)

	// Roots are certificates in PEM that UnionPay's must come from. Go believes no certificate that was signed with
	// SHA-1, as CFCA's OCA1 long did: then put UnionPay's own certificate here, which is believed as it is, and its
	// successor beside it in time.
	Roots         string
	Intermediates string // between the roots and UnionPay's certificate, PEM
	Owner         string // of UnionPay's certificate; empty is Owner

	// Encryption is UnionPay's certificate, in PEM, for what nobody else may read (敏感信息加密证书); empty where nothing is
	// paid out.
	Encryption string

	Product   Product
	NoticeURL string // where UnionPay tells us of payments and refunds; no query, which would be signed with them
	ReturnURL string // where a payer's browser is led back to; for H5
	Transport http.RoundTripper
}

// Product is what UnionPay has agreed on with the merchant.
type Product struct {
	Ways        []money.Way
	BizType     string // 000201 is the gateway's; six digits
	SubType     string // txnSubType; empty is 01
	ChannelType string // 07 is browsers, 08 mobiles; empty is 08
	Bank        string // issInsCode: the bank whose page is opened, such as ABC or CCB; empty lets the payer choose
	Reserved    string // reserved, as agreed on with UnionPay or the bank, such as {k=v}
}

// Format prints no secret.
func (Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "config") }

// Client is one merchant and product of ours at UnionPay. It may be used by many goroutines at once.
type Client struct {
	config    Config
	clock     clock.Clock
	http      *http.Client
	key       *rsa.PrivateKey
	certID    string // our certificate's serial number
	authority authority

	encryption encryption
}

// New answers a client. The error names the setting that is wrong.
func New(c Config, k clock.Clock) (*Client, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	client := &Client{config: c.filled(), clock: k, http: httpClient(c.Transport)}
	if err := client.identify(c); err != nil {
		return nil, err
	}
	var err error
	if client.authority, err = newAuthority(c); err != nil {
		return nil, err
	}
	if client.encryption, err = newEncryption(c.Encryption); err != nil {
		return nil, err
	}
	return client, nil
}

var (
	merchantID  = regexp.MustCompile(`^[0-9A-Za-z]{15}$`)
	sixDigits   = regexp.MustCompile(`^[0-9]{6}$`)
	twoDigits   = regexp.MustCompile(`^([0-9]{2})?$`)
	bankCode    = regexp.MustCompile(`^[0-9A-Za-z]{0,20}$`)
	knownWays   = map[money.Way]bool{money.H5: true, money.App: true, money.MiniProgram: true}
	errNotAKey  = errors.New("unionpay: our private key is no RSA key in PEM")
	errNotACert = errors.New("unionpay: our certificate is not one in PEM")
)

func (c Config) check() error {
	for name, base := range map[string]string{"gateway": c.Gateway, "files' address": c.Files, "notice URL": c.NoticeURL} {
		if !isURL(base) {
			return errors.New("unionpay: the " + name + " is not a URL")
		}
	}
	if strings.Contains(c.NoticeURL, "?") {
		return errors.New("unionpay: the notice URL has a query")
	}
	if !merchantID.MatchString(c.MerchantID) {
		return errors.New("unionpay: the merchant id is not 15 letters and digits")
	}
	return c.Product.check(c.ReturnURL)
}

func (p Product) check(returnURL string) error {
	if len(p.Ways) == 0 {
		return errors.New("unionpay: the product offers no way to pay")
	}
	for _, way := range p.Ways {
		if !knownWays[way] {
			return errors.New("unionpay: the product offers a way that is none")
		}
		if way == money.H5 && !isURL(returnURL) {
			return errors.New("unionpay: the return URL is not a URL")
		}
	}
	switch {
	case !sixDigits.MatchString(p.BizType):
		return errors.New("unionpay: the bizType is not six digits")
	case !twoDigits.MatchString(p.SubType):
		return errors.New("unionpay: the txnSubType is not two digits")
	case !twoDigits.MatchString(p.ChannelType):
		return errors.New("unionpay: the channelType is not two digits")
	case !bankCode.MatchString(p.Bank):
		return errors.New("unionpay: the bank is no code of a bank")
	}
	return nil
}

func (c Config) filled() Config {
	c.Gateway, c.Files = strings.TrimSuffix(c.Gateway, "/"), strings.TrimSuffix(c.Files, "/")
	if c.Product.SubType == "" {
		c.Product.SubType = "01"
	}
	if c.Product.ChannelType == "" {
		c.Product.ChannelType = "08"
	}
	return c
}

// identify reads who we are.
func (c *Client) identify(config Config) error {
	key, err := privateKey(config.PrivateKey)
	if err != nil {
		return err
	}
	block, _ := pem.Decode([]byte(config.Certificate))
	if block == nil {
		return errNotACert
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return errNotACert
	}
	if !key.PublicKey.Equal(certificate.PublicKey) {
		return errors.New("unionpay: our certificate is not of our private key")
	}
	c.key, c.certID = key, certificate.SerialNumber.String()
	return nil
}

func privateKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errNotAKey
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errNotAKey
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errNotAKey
	}
	return key, nil
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

func httpClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport,
		Timeout:   timeout,
		// A redirect would carry a signed order to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
