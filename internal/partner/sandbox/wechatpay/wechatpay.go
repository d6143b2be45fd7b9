// Package wechatpay stands in for WeChat Pay, API v3: it prepares charges in mini-programs, browsers and apps, finds,
// closes and refunds them, keeps the parking service (微信支付分停车), makes daily statements of what happened, and
// calls merchants, with RSA signatures both ways and the original's error codes. Time is the clock's, but for that of
// signed requests: the official SDK writes those by the machine's.
//
// Where WeChat documents no code, the stand-in answers one that it documents for the like; each such place says so.
package wechatpay

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"parkbff/internal/clock"
	"parkbff/internal/partner/sandbox/recent"
	"parkbff/internal/partner/sandbox/ticket"
	"parkbff/internal/partner/sandbox/trouble"
)

const maxBody = 64 << 10

// Merchant is one that the stand-in knows.
type Merchant struct {
	ID     string
	AppIDs []string
	Serial string         // of its certificate
	Key    *rsa.PublicKey // of that
	APIv3  string         // 32 bytes
}

// NewMerchant answers a merchant with some keys.
func NewMerchant(id string, keys Keys, appIDs ...string) Merchant {
	return Merchant{ID: id, AppIDs: appIDs, Serial: keys.Serial(), Key: &keys.Merchant.PublicKey, APIv3: keys.APIv3}
}

// Config says who the platform is, and whom it knows.
type Config struct {
	Platform  *rsa.PrivateKey
	Merchants []Merchant
	// Automatic ends refunds and deductions right after they were taken in, for a demonstration. Otherwise
	// FinishRefund, FailRefund and FinishDeduction end them.
	Automatic bool
}

// Sandbox is an http.Handler.
type Sandbox struct {
	Trouble trouble.Maker // of calls of the API; pages and downloads have none

	clock     clock.Clock
	machine   clock.Clock
	random    io.Reader
	platform  *rsa.PrivateKey
	automatic bool
	merchants map[string]Merchant
	office    *ticket.Office // of downloads
	mux       *http.ServeMux
	caller    *http.Client
	wake      chan struct{}

	mu        sync.Mutex
	nonces    recent.Values[id, struct{}]
	orders    recent.Values[id, *order]
	prepaid   recent.Values[string, *order] // by prepay id
	numbers   recent.Values[string, *order] // by our number, whoever the merchant is
	refunds   recent.Values[id, *refund]
	refunding recent.Values[string, *refund] // by number
	entries   recent.Values[id, *entry]
	entered   recent.Values[string, *entry] // by the platform's id
	inside    recent.Values[plate, *entry]  // the last entry of each plate
	plates    recent.Values[plate, Car]
	listed    recent.List[*order]
	moves     recent.List[move]
	told      recent.Values[string, event] // the last notice of each number
	waiting   []*delivery
	serial    int
}

// id is a number of a merchant's.
type id struct{ merchant, number string }

// New answers a stand-in.
func New(c Config, k clock.Clock, random io.Reader) (*Sandbox, error) {
	office, err := ticket.NewOffice(k, random)
	if err != nil {
		return nil, err
	}
	if c.Platform == nil {
		return nil, errors.New("sandbox: the platform has no key")
	}
	s := &Sandbox{
		clock: k, machine: clock.System{}, random: random, platform: c.Platform, automatic: c.Automatic,
		merchants: map[string]Merchant{}, office: office, mux: http.NewServeMux(), caller: newCaller(),
		wake: make(chan struct{}, 1),
	}
	for _, m := range c.Merchants {
		s.merchants[m.ID] = m
	}
	for _, kind := range []string{jsapi, h5, app} {
		s.mux.HandleFunc("POST /v3/pay/transactions/"+kind, s.signed(s.prepay(kind)))
	}
	s.mux.HandleFunc("GET /v3/pay/transactions/out-trade-no/{number}", s.signed(s.find))
	s.mux.HandleFunc("POST /v3/pay/transactions/out-trade-no/{number}/close", s.signed(s.close))
	s.mux.HandleFunc("POST /v3/refund/domestic/refunds", s.signed(s.refund))
	s.mux.HandleFunc("GET /v3/refund/domestic/refunds/{number}", s.signed(s.findRefund))
	s.mux.HandleFunc("GET /v3/bill/tradebill", s.signed(s.bill))
	s.mux.HandleFunc("GET /v3/billdownload/file", s.download)
	s.mux.HandleFunc("GET /v3/vehicle/parking/services/find", s.signed(s.service))
	s.mux.HandleFunc("POST /v3/vehicle/parking/parkings", s.signed(s.enter))
	s.mux.HandleFunc("POST /v3/vehicle/transactions/parking", s.signed(s.deduct))
	s.mux.HandleFunc("GET /v3/vehicle/transactions/out-trade-no/{number}", s.signed(s.findDeduction))
	s.mux.HandleFunc("GET "+payPage, s.page)
	return s, nil
}

// ServeHTTP answers one call.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// next answers a number of the platform's own, in so many digits.
func (s *Sandbox) next(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s%s%010d", prefix, s.clock.Now().In(clock.Shanghai).Format("20060102"), s.serial)
}
