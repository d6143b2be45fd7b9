package wechatpay

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

const (
	scheme = "WECHATPAY2-SHA256-RSA2048"
	window = 5 * time.Minute
)

// answer is what a call is answered. A nil body is none.
type answer struct {
	status int
	body   any
}

func fine(body any) answer { return answer{http.StatusOK, body} }

// refuse answers a code of the original's.
func refuse(status int, code string) answer {
	return answer{status, map[string]string{"code": code, "message": "refused by the stand-in"}}
}

// Refusals that many calls share.
var (
	badRequest = refuse(http.StatusBadRequest, "INVALID_REQUEST")
	badInput   = refuse(http.StatusBadRequest, "PARAM_ERROR")
	broken     = refuse(http.StatusInternalServerError, "SYSTEM_ERROR")
)

// request is a call whose signature was good.
type request struct {
	*http.Request
	from Merchant
	body []byte
}

// read opens a body and holds it to the fields that are known. A field more is as wrong as one too few.
func (r request) read(into any) bool {
	strict := json.NewDecoder(bytes.NewReader(r.body))
	strict.DisallowUnknownFields()
	return strict.Decode(into) == nil
}

func (r request) hasApp(id string) bool {
	for _, known := range r.from.AppIDs {
		if id == known {
			return true
		}
	}
	return false
}

// signed serves calls whose signature is good, and signs the answers.
func (s *Sandbox) signed(serve func(request) answer) http.HandlerFunc {
	around := func(w http.ResponseWriter, r *http.Request, do func(request) answer) {
		checked, err := s.check(r)
		if err != nil {
			write(w, refuse(http.StatusUnauthorized, "SIGN_ERROR")) // as the original: to a stranger nothing is signed
			return
		}
		s.answer(w, do(checked))
	}
	limit := func(request) answer { return refuse(http.StatusTooManyRequests, "FREQUENCY_LIMITED") }
	return func(w http.ResponseWriter, r *http.Request) {
		s.Trouble.Around(w, r,
			func(w http.ResponseWriter, r *http.Request) { around(w, r, limit) },
			func(w http.ResponseWriter, r *http.Request) { around(w, r, serve) })
	}
}

var field = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// check finds the merchant that has signed just this call, just now and once.
func (s *Sandbox) check(r *http.Request) (request, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return request{}, fmt.Errorf("sandbox: read the call: %w", err)
	}
	header := r.Header.Get("Authorization")
	said := map[string]string{}
	for _, pair := range field.FindAllStringSubmatch(header, -1) {
		said[pair[1]] = pair[2]
	}
	m, known := s.merchants[said["mchid"]]
	seconds, err := strconv.ParseInt(said["timestamp"], 10, 64)
	if err != nil || !known || len(header) < len(scheme) || header[:len(scheme)] != scheme || said["serial_no"] != m.Serial {
		return request{}, errors.New("sandbox: nobody known has signed")
	}
	if s.machine.Now().Sub(time.Unix(seconds, 0)).Abs() > window {
		return request{}, errors.New("sandbox: not signed just now")
	}
	message := fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n", r.Method, r.URL.RequestURI(), said["timestamp"], said["nonce_str"], body)
	sum := sha256.Sum256([]byte(message))
	signature, err := base64.StdEncoding.DecodeString(said["signature"])
	if err != nil || rsa.VerifyPKCS1v15(m.Key, crypto.SHA256, sum[:], signature) != nil {
		return request{}, errors.New("sandbox: not the merchant's signature")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.nonces.Get(id{m.ID, said["nonce_str"]}); used || said["nonce_str"] == "" {
		return request{}, errors.New("sandbox: signed once, sent twice")
	}
	s.nonces.Put(id{m.ID, said["nonce_str"]}, struct{}{})
	return request{r, m, body}, nil
}

// answer signs and sends an answer.
func (s *Sandbox) answer(w http.ResponseWriter, a answer) {
	body, err := a.bytes()
	if err != nil {
		write(w, broken)
		return
	}
	header, err := s.sign(body)
	if err != nil {
		write(w, broken)
		return
	}
	for name, values := range header {
		w.Header()[name] = values
	}
	send(w, a.status, body)
}

func write(w http.ResponseWriter, a answer) {
	body, err := a.bytes()
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	send(w, a.status, body)
}

func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone otherwise
}

func (a answer) bytes() ([]byte, error) {
	if a.body == nil {
		return nil, nil
	}
	return json.Marshal(a.body)
}

// sign answers the headers with which the platform signs a body just now.
func (s *Sandbox) sign(body []byte) (http.Header, error) {
	nonce, err := s.noise(16)
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(s.clock.Now().Unix(), 10)
	sum := sha256.Sum256([]byte(stamp + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, s.platform, crypto.SHA256, sum[:])
	if err != nil {
		return nil, fmt.Errorf("sandbox: sign: %w", err)
	}
	header := http.Header{}
	header.Set("Wechatpay-Timestamp", stamp)
	header.Set("Wechatpay-Nonce", nonce)
	header.Set("Wechatpay-Serial", PlatformKeyID)
	header.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
	header.Set("Wechatpay-Signature-Type", scheme)
	return header, nil
}

// noise answers so many random bytes, in twice as many digits.
func (s *Sandbox) noise(size int) (string, error) {
	raw := make([]byte, size)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", fmt.Errorf("sandbox: no randomness: %w", err)
	}
	return hex.EncodeToString(raw), nil
}
