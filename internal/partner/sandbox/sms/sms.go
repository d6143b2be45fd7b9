// Package sms stands in for Alibaba Cloud's short message service: it speaks the wire protocol of SendSms,
// checks signatures and templates like the original, and keeps the last texts in memory instead of sending
// them.
package sms

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/partner/acs3"
	"parkbff/internal/partner/sandbox/recent"
	"parkbff/internal/partner/sandbox/trouble"
)

const maxBody = 64 << 10

// Sandbox is an http.Handler.
type Sandbox struct {
	Trouble trouble.Maker

	credentials acs3.Credentials
	templates   map[string]string
	clock       clock.Clock

	mu       sync.Mutex
	requests int
	texts    recent.Values[cnid.Mobile, text]
	nonces   recent.Values[string, struct{}]
	sent     recent.List[Message]
}

// text is what a phone would show last, and the last code it was sent.
type text struct{ words, code string }

// Message is a text as the phone got it.
type Message struct {
	To       string `json:"to"` // E.164
	Template string `json:"template"`
	Text     string `json:"text"`
	Note     string `json:"note"` // OutId
}

// New answers a stand-in that knows one access key and, by their codes, the texts that are approved, with
// ${code} where the parameter of that name stands. It keeps the map.
func New(credentials acs3.Credentials, templates map[string]string, clock clock.Clock) *Sandbox {
	return &Sandbox{credentials: credentials, templates: templates, clock: clock}
}

// Code is the last code sent to a mobile, if one was.
func (s *Sandbox) Code(mobile cnid.Mobile) (string, bool) {
	last, _ := s.last(mobile)
	return last.code, last.code != ""
}

// Sent are the last texts, the oldest first.
func (s *Sandbox) Sent() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent.All()
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
	s.Trouble.Around(w, r, s.limit, func(w http.ResponseWriter, _ *http.Request) { s.answer(w, http.StatusOK, s.send(body)) })
}

// limit refuses one text too many to a number.
func (s *Sandbox) limit(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, http.StatusOK, "isv.BUSINESS_LIMIT_CONTROL")
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
	words, code, refused := fill(words, form.Get("TemplateParam"))
	if refused != "" {
		return refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if code == "" {
		last, _ := s.texts.Get(mobile)
		code = last.code
	}
	s.texts.Put(mobile, text{words: words, code: code})
	s.sent.Add(Message{To: mobile.E164(), Template: form.Get("TemplateCode"), Text: words, Note: form.Get("OutId")})
	return "OK"
}

// place is where a parameter stands in a text.
var place = regexp.MustCompile(`\$\{([A-Za-z0-9_]+)\}`)

// fill puts the parameters into a text, and answers the code among them and the code of a refusal
// (https://help.aliyun.com/zh/sms/user-guide/message-template-specifications-1).
func fill(words, raw string) (filled, code, refused string) {
	var given map[string]string
	if err := json.Unmarshal([]byte(raw), &given); err != nil {
		return "", "", "isv.TEMPLATE_MISSING_PARAMETERS"
	}
	filled = place.ReplaceAllStringFunc(words, func(at string) string {
		value := given[place.FindStringSubmatch(at)[1]]
		switch {
		case value == "":
			refused = "isv.TEMPLATE_MISSING_PARAMETERS"
		case utf8.RuneCountInString(value) > 35:
			refused = "isv.PARAM_LENGTH_LIMIT"
		case strings.ContainsAny(value, "【】\n"):
			refused = "isv.TEMPLATE_PARAMS_ILLEGAL"
		}
		return value
	})
	return filled, given["code"], refused
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
