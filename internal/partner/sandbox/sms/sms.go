// Package sms stands in for Alibaba Cloud's short message service: it speaks the wire protocol of SendSms,
// checks signatures and templates like the original, and keeps the last text for each mobile in memory
// instead of sending it.
package sms

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/partner/acs3"
	"parkbff/internal/partner/sandbox/recent"
)

const maxBody = 64 << 10

// Sandbox is an http.Handler.
type Sandbox struct {
	credentials acs3.Credentials
	templates   map[string]string
	clock       clock.Clock

	mu       sync.Mutex
	requests int
	texts    recent.Values[cnid.Mobile, text]
	nonces   recent.Values[string, struct{}]
}

// text is what a phone would show, and the code in it.
type text struct{ words, code string }

// New answers a stand-in that knows one access key and, by their codes, the texts that are approved, with
// ${code} where the code stands. It keeps the map.
func New(credentials acs3.Credentials, templates map[string]string, clock clock.Clock) *Sandbox {
	return &Sandbox{credentials: credentials, templates: templates, clock: clock}
}

// Code is the last code sent to a mobile, if one was.
func (s *Sandbox) Code(mobile cnid.Mobile) (string, bool) {
	last, ok := s.last(mobile)
	return last.code, ok
}

// Text is what a mobile was sent last, if anything was: all the words, the code among them.
func (s *Sandbox) Text(mobile cnid.Mobile) (string, bool) {
	last, ok := s.last(mobile)
	return last.words, ok
}

func (s *Sandbox) last(mobile cnid.Mobile) (text, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts.Get(mobile)
}

// ServeHTTP answers one call.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.answer(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
		return
	}
	if err := acs3.Verify(r, body, s.credentials, s.clock.Now()); err != nil {
		s.answer(w, http.StatusBadRequest, err.Error())
		return
	}
	if !s.firstUse(acs3.Nonce(r)) {
		s.answer(w, http.StatusBadRequest, "SignatureNonceUsed")
		return
	}
	if r.Header.Get("x-acs-action") != "SendSms" || r.Header.Get("x-acs-version") != "2017-05-25" {
		s.answer(w, http.StatusNotFound, "InvalidAction.NotFound")
		return
	}
	s.answer(w, http.StatusOK, s.send(body))
}

// send keeps the text a call stands for and answers the code of its outcome, which comes with status 200
// whatever it is, as the original does for faults of the message itself.
func (s *Sandbox) send(body []byte) string {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "isv.INVALID_PARAMETERS"
	}
	mobile, err := dialled(form.Get("PhoneNumbers"))
	if err != nil {
		return "isv.MOBILE_NUMBER_ILLEGAL"
	}
	if form.Get("SignName") == "" {
		return "isv.SMS_SIGNATURE_ILLEGAL"
	}
	words, approved := s.templates[form.Get("TemplateCode")]
	if !approved {
		return "isv.SMS_TEMPLATE_ILLEGAL"
	}
	var param struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal([]byte(form.Get("TemplateParam")), &param); err != nil || param.Code == "" {
		return "isv.TEMPLATE_MISSING_PARAMETERS"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts.Put(mobile, text{words: strings.ReplaceAll(words, "${code}", param.Code), code: param.Code})
	return "OK"
}

// dialled reads a number as the service writes them: bare for mainland China, else without the plus.
func dialled(number string) (cnid.Mobile, error) {
	if mobile, err := cnid.ParseMobile(number); err == nil {
		return mobile, nil
	}
	return cnid.ParseMobile("+" + number)
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

func (s *Sandbox) answer(w http.ResponseWriter, status int, code string) {
	s.mu.Lock()
	s.requests++
	id := fmt.Sprintf("SANDBOX-%08d", s.requests)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Code": code, "Message": code, "RequestId": id, "BizId": id})
}
