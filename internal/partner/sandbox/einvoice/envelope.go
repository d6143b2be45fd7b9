package einvoice

import (
	"bytes"
	"crypto/hmac"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parkbff/internal/partner/einvoice"
)

// refusal is a code of the original's, and its words.
type refusal struct{ code, said string }

// Refusals of the gateway.
var (
	unreadable  = &refusal{"0201", "输入参数格式有误"}
	wrongKey    = &refusal{"070101", "获取app密钥失败或appkey无效"}
	wrongToken  = &refusal{"070301", "accessToken不匹配"}
	wrongUser   = &refusal{"070401", "调用用户身份不匹配"}
	wrongMethod = &refusal{"070501", "请求的API不存在"}
	wrongSign   = &refusal{"070601", "签名不匹配"}
	wrongTime   = &refusal{"070601", "验签失败"}
)

func (s *Sandbox) giveToken(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("client_id") != s.app.Key || r.PostFormValue("client_secret") != s.app.Secret || r.PostFormValue("grant_type") != "client_credentials" {
		write(w, map[string]string{"error": "070304", "error_description": "Bad credentials"})
		return
	}
	token, err := s.office.Issue(access, s.app.Key, "", tokenLasts)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	s.signs++
	s.last = token
	s.mu.Unlock()
	write(w, map[string]any{"access_token": token, "expires_in": int(tokenLasts / time.Second)})
}

// serve answers a call whose envelope is in order.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, unreadable.code, unreadable.said)
		return
	}
	if wrong := s.envelope(r, body); wrong != nil {
		refuse(w, wrong.code, wrong.said)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	result, wrong := s.carryOut(r, body)
	if wrong != nil {
		refuse(w, wrong.code, wrong.said)
		return
	}
	answer(w, result)
}

func (s *Sandbox) carryOut(r *http.Request, body []byte) (any, *refusal) {
	switch r.Header.Get("method") {
	case "nuonuo.OpeMplatform.requestBillingNew":
		return s.issue(body)
	case "nuonuo.OpeMplatform.queryInvoiceResult":
		return s.query(body, "http://"+r.Host)
	case "nuonuo.OpeMplatform.reInvoice":
		return s.retry(body)
	case "nuonuo.OpeMplatform.saveInvoiceRedConfirm":
		return s.reverse(body)
	case "nuonuo.OpeMplatform.queryInvoiceRedConfirm":
		return s.queryForms(body)
	case "nuonuo.OpeMplatform.deliveryInvoice":
		return s.deliver(body)
	}
	return nil, wrongMethod
}

func (s *Sandbox) envelope(r *http.Request, body []byte) *refusal {
	query := r.URL.Query()
	senid, nonce, timestamp := query.Get("senid"), query.Get("nonce"), query.Get("timestamp")
	if len(senid) != 32 || len(nonce) != 8 || strings.Trim(nonce, "0123456789") != "" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return unreadable
	}
	if query.Get("appkey") != s.app.Key {
		return wrongKey
	}
	expected := einvoice.Sign(s.app.Secret, s.app.Key, senid, nonce, timestamp, body)
	if !hmac.Equal([]byte(r.Header.Get("X-Nuonuo-Sign")), []byte(expected)) {
		return wrongSign
	}
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || s.clock.Now().Sub(time.Unix(at, 0)).Abs() > window || !s.firstUse(senid) {
		return wrongTime
	}
	if !s.isToken(r.Header.Get("accessToken")) {
		return wrongToken
	}
	if r.Header.Get("userTax") != s.seller.TaxNumber {
		return wrongUser
	}
	return nil
}

func (s *Sandbox) firstUse(senid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, used := s.senids.Get(senid)
	s.senids.Put(senid, struct{}{})
	return !used
}

func (s *Sandbox) isToken(token string) bool {
	s.mu.Lock()
	_, revoked := s.revoked.Get(token)
	s.mu.Unlock()
	_, err := s.office.Check(token, access, s.app.Key)
	return err == nil && !revoked
}

// read reads a body that may have no members but those that are known.
func read(body []byte, into any) *refusal {
	strict := json.NewDecoder(bytes.NewReader(body))
	strict.DisallowUnknownFields()
	if strict.Decode(into) != nil {
		return unreadable
	}
	return nil
}
