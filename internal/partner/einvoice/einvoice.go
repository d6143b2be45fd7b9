// Package einvoice has invoices issued (数电票, 电子发票（普通发票）) through 诺诺开放平台, taken back, sent again and
// fetched: the interfaces nuonuo.OpeMplatform.requestBillingNew, queryInvoiceResult, reInvoice,
// saveInvoiceRedConfirm, queryInvoiceRedConfirm and deliveryInvoice of https://open.nuonuo.com. Amounts are fen.
// No error repeats a name, a number of anybody's or a word of the service's.
package einvoice

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/partner/rest"
)

// Endpoints of the real service, and where its invoices lie.
const (
	Endpoint      = "https://sdk.nuonuo.com"
	TokenEndpoint = "https://open.nuonuo.com"
	FilesHost     = "inv.jss.com.cn"
)

// Parking is the tax code of 车辆停放服务, which invoices show as *经营租赁*.
const Parking = "3040502020200000000"

// Refused is answered for what no trying again makes right. Where the service said why, its code is in the cause.
// Beside it calls answer fault.Unavailable when nobody knows whether a request was taken in, and fault.RateLimited.
var Refused = fault.New("INVOICE_REFUSED", "No such invoice can be issued.")

// Config says whom to ask, and who sells. Extension, Files and Transport may be left out.
type Config struct {
	BaseURL   string // Endpoint, or a stand-in's
	TokenURL  string // TokenEndpoint, or a stand-in's
	AppKey    string
	AppSecret string
	Seller    Seller
	Extension string   // 分机号, digits
	TaxCode   string   // 税收分类编码 of what is sold, such as Parking
	Rate      Rate     // General, or one of the simplified method
	Files     []string // hosts that invoices may be fetched from; empty: FilesHost
	Transport http.RoundTripper
}

// Format prints no secret.
func (Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "config") }

// Seller is who issues the invoices.
type Seller struct {
	Name, TaxNumber, Address, Phone string
	Bank, Account                   string
	Clerk                           string // 开票员, who is signed in at the tax bureau
}

// Client is one seller. It may be used by many goroutines at once.
type Client struct {
	config   Config
	clock    clock.Clock
	services *rest.Client
	tokens   *rest.Client
	files    *http.Client
	token    token
}

// New answers a client. The error names the setting that is wrong.
func New(c Config, k clock.Clock) (*Client, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	services, err := rest.New("einvoice", c.BaseURL, c.Transport)
	if err != nil {
		return nil, err
	}
	tokens, err := rest.New("einvoice: tokens", c.TokenURL, c.Transport)
	if err != nil {
		return nil, err
	}
	if len(c.Files) == 0 {
		c.Files = []string{FilesHost}
	}
	return &Client{
		config: c, clock: k, services: services, tokens: tokens, token: token{turn: make(chan struct{}, 1)},
		files: &http.Client{
			Transport: c.Transport, Timeout: fileTimeout,
			// A redirect would lead out of the hosts that are trusted.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func (c Config) check() error {
	switch {
	case c.AppKey == "" || c.AppSecret == "":
		return errors.New("einvoice: app key and app secret are required")
	case c.Seller.Name == "" || c.Seller.Clerk == "" || c.Seller.Address == "" || c.Seller.Phone == "":
		return errors.New("einvoice: the seller's name, address, phone and clerk are required")
	case len(c.Seller.TaxNumber) < 15 || len(c.Seller.TaxNumber) > 20:
		return errors.New("einvoice: the seller's tax number is not one")
	case len(c.TaxCode) != 19 || !digits(c.TaxCode):
		return errors.New("einvoice: a tax code has nineteen digits")
	case !slices.Contains([]Rate{General, Simplified3, Simplified5}, c.Rate):
		return errors.New("einvoice: the rate is 90, 50 or 30 thousandths")
	case c.Extension != "" && !digits(c.Extension):
		return errors.New("einvoice: the extension has digits alone")
	}
	for _, host := range c.Files {
		if at, err := url.Parse("//" + host); err != nil || at.Host != host || host == "" {
			return errors.New("einvoice: a host of files is none")
		}
	}
	return nil
}

func digits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
