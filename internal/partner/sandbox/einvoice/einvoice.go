// Package einvoice stands in for 诺诺开放平台: it speaks the wire protocol of 诺税通's interfaces for invoices, checks
// signatures, tokens, tax numbers and sums, issues after a while as the tax bureau does, and draws each invoice.
// What it issues says plainly that it is a specimen, and is numbered in a region that does not exist (00).
package einvoice

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/paper"
	"parkbff/internal/partner/sandbox/recent"
	"parkbff/internal/partner/sandbox/ticket"
	"parkbff/internal/partner/sandbox/trouble"
)

const (
	maxBody    = 256 << 10
	tokenLasts = 24 * time.Hour
	access     = "token"
	window     = 10 * time.Minute // of the time in a signature
)

// Takes is how long an invoice takes.
const Takes = 3 * time.Second

// App is what the stand-in knows an app by.
type App struct{ Key, Secret string }

// Seller is the company whose app it is, as the tax bureau knows it.
type Seller struct{ Name, TaxNumber, Clerk string }

// Delivery is an invoice that was sent to somebody.
type Delivery struct {
	InvoiceNumber string `json:"invoiceNumber"`
	Mail          string `json:"mail"`
	Mobile        string `json:"mobile"`
}

// Sandbox is an http.Handler.
type Sandbox struct {
	Trouble trouble.Maker // of calls

	app    App
	seller Seller
	clock  clock.Clock
	random io.Reader
	office *ticket.Office
	press  *paper.Press
	mux    *http.ServeMux

	mu         sync.Mutex
	senids     recent.Values[string, struct{}]
	revoked    recent.Values[string, struct{}] // tokens
	last       string                          // token given
	signs      int
	serials    int64
	issued     int64
	orders     recent.Values[string, *record]
	bySerial   recent.Values[string, *record]
	byInvoice  recent.Values[string, *record]
	files      recent.Values[string, *record]
	forms      recent.Values[string, *form]
	pending    []*record
	deliveries recent.List[Delivery]
	failNext   string
	confirming bool
}

// New answers a stand-in that knows one app.
func New(app App, seller Seller, k clock.Clock, random io.Reader) (*Sandbox, error) {
	office, err := ticket.NewOffice(k, random)
	if err != nil {
		return nil, err
	}
	press, err := paper.NewPress()
	if err != nil {
		return nil, err
	}
	s := &Sandbox{app: app, seller: seller, clock: k, random: random, office: office, press: press, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /accessToken", s.giveToken)
	s.mux.HandleFunc("POST /open/v1/services", func(w http.ResponseWriter, r *http.Request) { s.Trouble.Around(w, r, limit, s.serve) })
	s.mux.HandleFunc("GET /fp/{file}", s.file)
	return s, nil
}

// ServeHTTP answers one call.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// Finish issues at once whatever is being issued.
func (s *Sandbox) Finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.pending {
		r.due = s.clock.Now()
	}
	s.settle()
}

// Fail makes the next invoice that is asked for come to nothing, with a code in the service's words.
func (s *Sandbox) Fail(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failNext = code
}

// NeedConfirmation makes reversals wait for their buyer's word from now on, or no more.
func (s *Sandbox) NeedConfirmation(needed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.confirming = needed
}

// Confirm is the buyer's word on a reversal that waits for it.
func (s *Sandbox) Confirm(number string, agreed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.forms.Get(number); ok && s.statusOf(f) == waiting {
		if !agreed {
			f.void(refusedByBuyer)
			return
		}
		if s.accept(f.red) == nil {
			f.status = confirmed
		}
	}
}

// Revoke makes the last token worthless.
func (s *Sandbox) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked.Put(s.last, struct{}{})
}

// Signs is how many tokens were given.
func (s *Sandbox) Signs() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signs
}

// Deliveries are the last invoices that were sent, the oldest first.
func (s *Sandbox) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	return s.deliveries.All()
}

// Issued is how many invoices were issued, blue and red.
func (s *Sandbox) Issued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	return int(s.issued)
}

// limit refuses for too many calls.
func limit(w http.ResponseWriter, _ *http.Request) { refuse(w, "070201", "超出API日流量限额") }

func answer(w http.ResponseWriter, result any) {
	write(w, map[string]any{"code": "E0000", "describe": "成功", "result": result})
}

// refuse answers as the original does: with status 200, whatever is wrong.
func refuse(w http.ResponseWriter, code, said string) {
	write(w, map[string]string{"code": code, "describe": said})
}

func write(w http.ResponseWriter, content any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	_ = json.NewEncoder(w).Encode(content)
}
