// Package oneclick stands in for Alibaba Cloud's number authentication: it speaks the wire protocol of
// GetMobile and checks signatures like the original.
package oneclick

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/partner/acs3"
	"parkbff/internal/partner/sandbox/recent"
	"parkbff/internal/partner/sandbox/ticket"
)

const (
	maxBody    = 64 << 10
	tokenLasts = 5 * time.Minute
)

// What tokens are good for: GetMobile tells the number of the first, VerifyMobile compares that of the second.
const (
	loginToken  = "access_token"
	verifyToken = "access_code"
)

// Sandbox is an http.Handler.
type Sandbox struct {
	credentials acs3.Credentials
	clock       clock.Clock
	office      *ticket.Office

	mu       sync.Mutex
	requests int
	nonces   recent.Values[string, struct{}]
}

// New answers a stand-in that knows one access key.
func New(credentials acs3.Credentials, k clock.Clock, random io.Reader) (*Sandbox, error) {
	office, err := ticket.NewOffice(k, random)
	if err != nil {
		return nil, err
	}
	return &Sandbox{credentials: credentials, clock: k, office: office}, nil
}

// Lenient makes the stand-in take tokens that it never gave and requests that nobody signed. It shows that
// signatures are what a test's forgeries fail on.
func (s *Sandbox) Lenient() { s.office.Lenient() }

// Token is what the SDK gives an app on a phone with that mobile. It is bound to our access key.
func (s *Sandbox) Token(mobile cnid.Mobile) (string, error) {
	return s.TokenOf(s.credentials.ID, mobile)
}

// TokenOf is what the SDK gives somebody else's app, of another access key.
func (s *Sandbox) TokenOf(accessKeyID string, mobile cnid.Mobile) (string, error) {
	return s.office.Issue(loginToken, accessKeyID, mobile.E164(), tokenLasts)
}

// VerifyToken is what the SDK gives our app to have a number compared (本机号码校验). Nobody signs in by it.
func (s *Sandbox) VerifyToken(mobile cnid.Mobile) (string, error) {
	return s.office.Issue(verifyToken, s.credentials.ID, mobile.E164(), tokenLasts)
}

// ServeHTTP answers one call.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.answer(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "")
		return
	}
	if !s.office.IsLenient() {
		if err := acs3.Verify(r, body, s.credentials, s.clock.Now()); err != nil {
			s.answer(w, http.StatusBadRequest, err.Error(), "")
			return
		}
	}
	if !s.firstUse(acs3.Nonce(r)) {
		s.answer(w, http.StatusBadRequest, "SignatureNonceUsed", "")
		return
	}
	if r.Header.Get("x-acs-action") != "GetMobile" || r.Header.Get("x-acs-version") != "2017-05-25" {
		s.answer(w, http.StatusNotFound, "InvalidAction.NotFound", "")
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		s.answer(w, http.StatusOK, "isv.INVALID_PARAMETERS", "")
		return
	}
	s.redeem(w, form.Get("AccessToken"))
}

func (s *Sandbox) redeem(w http.ResponseWriter, token string) {
	t, err := s.office.Redeem(token, loginToken, s.credentials.ID)
	if err != nil {
		s.answer(w, http.StatusOK, "isv.ACCESS_TOKEN_INVALID", "")
		return
	}
	mobile, err := cnid.ParseMobile(t.Of)
	if err != nil {
		s.answer(w, http.StatusOK, "isp.UNKNOWN", "")
		return
	}
	s.answer(w, http.StatusOK, "OK", mobile.National())
}

func (s *Sandbox) firstUse(nonce string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.nonces.Get(nonce); used {
		return false
	}
	s.nonces.Put(nonce, struct{}{})
	return true
}

func (s *Sandbox) answer(w http.ResponseWriter, status int, code, mobile string) {
	s.mu.Lock()
	s.requests++
	id := fmt.Sprintf("SANDBOX-%08d", s.requests)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"Code": code, "Message": code, "RequestId": id, "GetMobileResultDTO": map[string]string{"Mobile": mobile},
	})
}
