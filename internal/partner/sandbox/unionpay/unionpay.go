// Package unionpay stands in for UnionPay's all-channel platform (ACP 5.1.0): its gateway's page, orders of apps,
// refunds, payouts, queries, notices and statements, with RSA signatures both ways, certificates that come from an authority,
// and the original's answers. It knows the merchants that it is told of.
package unionpay

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strconv"
	"sync"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/partner/sandbox/recent"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/partner/unionpay/acp"
)

const maxBody = 64 << 10

// Answers.
const (
	succeeded  = "00"
	pending    = "05"
	malformed  = "10"
	unsigned   = "11"
	twice      = "12"
	incomplete = "13"
	noMerchant = "31"
	noRight    = "32"
	noSuch     = "34"
	noOriginal = "35"
	noMatch    = "36"
	tooOften   = "37"
	tooLate    = "39"
	noFile     = "98"
	broken     = "99"
)

// Merchant is one merchant that the stand-in knows, and the product that it has agreed on.
type Merchant struct {
	ID       string
	Identity Identity
	BizType  string
	Bank     string // that it may send payers to at once
	Pays     bool   // it may pay out
}

// Sandbox is an http.Handler: of the gateway, and at its root of the statements.
type Sandbox struct {
	Trouble trouble.Maker // of the calls of servers

	clock     clock.Clock
	random    io.Reader
	self      Identity
	private   Identity // by which it reads what nobody else may
	merchants map[string]Merchant
	http      *http.Client
	mux       *http.ServeMux

	mu        sync.Mutex
	automatic bool
	orders    recent.Values[string, *order]
	tickets   recent.Values[string, *order] // by tn
	paid      recent.Values[string, *order] // by queryId
	all       recent.List[*order]
	payouts   recent.List[*payout]
	bad       map[string]string // cards that are refused, and with what answer
}

// New answers a stand-in that signs as keys.UnionPay and knows some merchants.
func New(k clock.Clock, random io.Reader, keys Keys, merchants ...Merchant) *Sandbox {
	s := &Sandbox{
		bad: map[string]string{}, clock: k, random: random, self: keys.UnionPay, private: keys.Encryption, merchants: map[string]Merchant{}, mux: http.NewServeMux(),
		http: &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	for _, m := range merchants {
		s.merchants[m.ID] = m
	}
	s.mux.HandleFunc("POST /gateway/api/frontTransReq.do", s.front)
	s.mux.HandleFunc("GET /gateway/page", s.visit)
	s.mux.HandleFunc("POST /gateway/api/appTransReq.do", s.served(s.app))
	s.mux.HandleFunc("POST /gateway/api/backTransReq.do", s.served(s.back))
	s.mux.HandleFunc("POST /gateway/api/queryTrans.do", s.served(s.query))
	s.mux.HandleFunc("POST /{$}", s.served(s.file))
	return s
}

// SignAs makes the stand-in sign with another key and certificate from now on.
func (s *Sandbox) SignAs(i Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.self = i
}

// Automatic makes the stand-in post notices on its own, as the original does, but once each.
func (s *Sandbox) Automatic() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.automatic = true
}

// ServeHTTP answers one call.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// served serves calls of servers: what is asked for is read and checked, and what is answered is signed.
func (s *Sandbox) served(serve func(ctx context.Context, said acp.Message) acp.Message) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.Trouble.Around(w, r, s.limit, func(w http.ResponseWriter, r *http.Request) {
			said, refusal := s.read(r)
			if refusal != "" {
				s.answer(w, reply(said, refusal))
				return
			}
			s.answer(w, serve(r.Context(), said))
		})
	}
}

func (s *Sandbox) limit(w http.ResponseWriter, r *http.Request) {
	said, _ := s.read(r)
	s.answer(w, reply(said, tooOften))
}

// read answers what a merchant says, or the answer that refuses it.
func (s *Sandbox) read(r *http.Request) (acp.Message, string) {
	if err := r.ParseForm(); err != nil {
		return acp.Message{}, malformed
	}
	said, err := acp.FromForm(r.PostForm)
	if err != nil || !said.Speaks() || said["accessType"] != "0" {
		return said, malformed
	}
	merchant, known := s.merchants[said["merId"]]
	if !known {
		return said, noMerchant
	}
	certificate := merchant.Identity.Certificate
	if said["certId"] != certificate.SerialNumber.String() || !said.Signed(&merchant.Identity.Key.PublicKey) {
		return said, unsigned
	}
	if _, err := acp.ParseTime(said["txnTime"]); err != nil {
		return said, malformed
	}
	return said, ""
}

// reply repeats what was asked and answers it.
func reply(said acp.Message, answer string) acp.Message {
	m := acp.Message{"respCode": answer, "respMsg": "answered by the stand-in[" + answer + "]"}
	for _, name := range []string{"accessType", "bizType", "merId", "orderId", "txnTime", "txnType", "txnSubType", "txnAmt", "origQryId"} {
		if said[name] != "" {
			m[name] = said[name]
		}
	}
	return m
}

// signed is a message as UnionPay sends it.
func (s *Sandbox) signed(m acp.Message) (acp.Message, error) {
	s.mu.Lock()
	self := s.self
	s.mu.Unlock()
	m["version"], m["encoding"], m["signMethod"] = acp.Version, acp.Encoding, acp.SignMethod
	m["signPubKeyCert"] = self.CertificatePEM()
	if err := m.Sign(self.Key); err != nil {
		return nil, fmt.Errorf("sandbox: sign: %w", err)
	}
	return m, nil
}

func (s *Sandbox) answer(w http.ResponseWriter, m acp.Message) {
	m, err := s.signed(m)
	if err != nil {
		http.Error(w, "the stand-in cannot sign", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html;charset=UTF-8") // as the original says
	_, _ = io.WriteString(w, m.Reply())
}

// digits answers so many digits at random, the first of them not zero.
func (s *Sandbox) digits(count int) (string, error) {
	raw := make([]byte, count)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", fmt.Errorf("sandbox: no randomness: %w", err)
	}
	return fmt.Sprintf("9%0*d", count, new(big.Int).SetBytes(raw))[:count], nil
}

// fenOf reads an amount as requests say it, or answers 0.
func fenOf(text string) int64 {
	fen, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(fen, 10) != text || fen < 0 || len(text) > 12 {
		return 0
	}
	return fen
}
