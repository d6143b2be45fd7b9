// Package alipay stands in for Alipay: it speaks the wire protocol of alipay.system.oauth.token and of a
// mini-program's template messages, seals and signs numbers as my.getPhoneNumber does, and tells a life
// account of its followers; it takes payments, gives them back, tells of both, deducts for plates and states
// each day what moved. All with RSA2 both ways and the original's error codes. It knows whoever is named: the
// same name is the same person in every app.
package alipay

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/smartwalle/alipay/v3"
	"github.com/smartwalle/ncrypto"
	"github.com/smartwalle/nsign"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/partner/sandbox/recent"
	"parkbff/internal/partner/sandbox/ticket"
	"parkbff/internal/partner/sandbox/trouble"
)

const (
	maxBody   = 64 << 10
	codeLasts = 5 * time.Minute
	authCode  = "auth_code"
)

// App is one app that the stand-in knows. A content key is a mini-program's, a redirect URL a life
// account's.
type App struct {
	ID          string
	Keys        Keys
	ContentKey  string // Base64
	RedirectURL string // beginning of where the page of authorisation may lead
	Seller      string // who is paid through it: 2088 and twelve digits
	Advances    bool   // whether the seller signed for Alipay's paying in advance
}

// Sandbox is an http.Handler.
type Sandbox struct {
	Trouble trouble.Maker // of messages and of all that is asked about money and parking

	clock  clock.Clock
	office *ticket.Office
	apps   map[string]App
	mux    *http.ServeMux
	pays   map[string]method

	mu      sync.Mutex
	texts   map[textOf][]string           // keywords of approved templates
	allowed recent.Values[allowance, int] // messages that people have accepted
	sent    recent.List[Message]
	till    till
	parking parking
}

// New answers a stand-in that knows some apps.
func New(k clock.Clock, random io.Reader, apps ...App) (*Sandbox, error) {
	office, err := ticket.NewOffice(k, random)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{clock: k, office: office, apps: map[string]App{}, texts: map[textOf][]string{}, mux: http.NewServeMux()}
	for _, app := range apps {
		s.apps[app.ID] = app
	}
	s.pays = s.methods()
	s.mux.HandleFunc("POST /gateway.do", s.gateway)
	s.mux.HandleFunc("GET /gateway.do", s.page)
	s.mux.HandleFunc("GET /downloadBillFile.resource", s.downloadBill)
	s.mux.HandleFunc("GET /oauth2/publicAppAuthorize.htm", s.authorise)
	return s, nil
}

// Lenient makes the stand-in take codes that it never gave and requests that nobody signed. It shows that
// signatures are what a test's forgeries fail on.
func (s *Sandbox) Lenient() { s.office.Lenient() }

// Code is what my.getAuthCode gives a person, and what the page of authorisation leads back with.
func (s *Sandbox) Code(person, app string) (string, error) {
	return s.office.Issue(authCode, app, person, codeLasts)
}

// Phone is what my.getPhoneNumber gives a person who has chosen a mobile: the sealed number and Alipay's
// signature of it.
func (s *Sandbox) Phone(app string, mobile cnid.Mobile) (response, sign string, err error) {
	known := s.apps[app]
	key, err := base64.StdEncoding.DecodeString(known.ContentKey)
	if err != nil {
		return "", "", fmt.Errorf("sandbox: read the content key: %w", err)
	}
	said, err := json.Marshal(map[string]string{"code": "10000", "msg": "Success", "mobile": mobile.National()})
	if err != nil {
		return "", "", fmt.Errorf("sandbox: write the number: %w", err)
	}
	sealed, err := ncrypto.AESCBCEncrypt(said, key, make([]byte, 16), ncrypto.PKCS7Padding{})
	if err != nil {
		return "", "", fmt.Errorf("sandbox: seal the number: %w", err)
	}
	response = base64.StdEncoding.EncodeToString(sealed)
	sign, err = known.sign([]byte(`"` + response + `"`)) // quotes and all, as the original does
	return response, sign, err
}

// UserID is Alipay's id of a person, whatever the app.
func (s *Sandbox) UserID(person string) string { return "2088" + ticket.NumberOf(12, "user", person) }

// ServeHTTP answers one call.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// gateway answers one method call. That its timestamp is of today it cannot check: the SDK writes it by the
// machine's clock.
func (s *Sandbox) gateway(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		refuse(w, "isv.invalid-parameter")
		return
	}
	app, ok := s.apps[r.Form.Get("app_id")]
	asked, pays := s.pays[r.Form.Get("method")]
	switch {
	case !ok:
		refuse(w, "isv.invalid-app-id")
	case !s.office.IsLenient() && !app.signed(r.Form):
		refuse(w, "isv.invalid-signature")
	case pays:
		s.Trouble.Around(w, r, limit, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, app, asked) })
	case r.Form.Get("method") == sendMethod:
		s.Trouble.Around(w, r, limit, func(w http.ResponseWriter, r *http.Request) { s.send(w, app, r.Form.Get("biz_content")) })
	case r.Form.Get("method") != "alipay.system.oauth.token":
		refuse(w, "isv.invalid-method")
	case r.Form.Get("grant_type") != "authorization_code":
		refuse(w, "isv.grant-type-invalid")
	default:
		s.redeem(w, app, r.Form.Get("code"))
	}
}

func (s *Sandbox) redeem(w http.ResponseWriter, app App, code string) {
	t, err := s.office.Redeem(code, authCode, app.ID)
	if err != nil {
		refuse(w, "isv.code-invalid")
		return
	}
	said, err := json.Marshal(map[string]any{
		"user_id": s.UserID(t.Of), "access_token": "sandbox", "expires_in": 1296000, "refresh_token": "sandbox", "re_expires_in": 2592000,
	})
	if err != nil {
		refuse(w, "aop.unknow-error")
		return
	}
	answerSigned(w, app, "alipay.system.oauth.token", said)
}

// answerSigned answers what a method says, with Alipay's signature beside it.
func answerSigned(w http.ResponseWriter, app App, method string, said []byte) {
	sign, err := app.sign(said)
	if err != nil {
		refuse(w, "aop.unknow-error")
		return
	}
	name := strings.ReplaceAll(method, ".", "_") + "_response"
	answer(w, map[string]any{name: json.RawMessage(said), "sign": sign})
}

// authorise is the page: it asks nobody and leads back at once, as the person that ?person= names.
func (s *Sandbox) authorise(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := ticket.Back(q.Get("redirect_uri"), s.apps[q.Get("app_id")].RedirectURL)
	if err != nil {
		refuse(w, "isv.invalid-redirect-uri")
		return
	}
	code, err := s.Code(ticket.Someone(q), q.Get("app_id"))
	if err != nil {
		refuse(w, "aop.unknow-error")
		return
	}
	http.Redirect(w, r, ticket.With(back, "auth_code", code, q.Get("state")), http.StatusFound)
}

// signed tells whether our key signed a request (https://opendocs.alipay.com/common/02mse2).
func (a App) signed(form url.Values) bool {
	signature, err := base64.StdEncoding.DecodeString(form.Get("sign"))
	return err == nil && a.signer().VerifyValues(form, signature, nsign.WithIgnore("sign")) == nil
}

// sign signs as Alipay.
func (a App) sign(said []byte) (string, error) {
	signature, err := a.signer().SignBytes(said)
	if err != nil {
		return "", fmt.Errorf("sandbox: sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// signer signs with Alipay's key and verifies with ours.
func (a App) signer() nsign.Signer {
	return nsign.New(nsign.WithMethod(nsign.NewRSAMethod(crypto.SHA256, a.Keys.Alipay, &a.Keys.App.PublicKey)),
		nsign.WithEncoder(&alipay.Encoder{}))
}

func answer(w http.ResponseWriter, content map[string]any) {
	w.Header().Set("Content-Type", "text/html;charset=utf-8") // as the original says
	_ = json.NewEncoder(w).Encode(content)
}

// refuse answers with status 200 and no signature, as the original does.
func refuse(w http.ResponseWriter, subCode string) {
	answer(w, map[string]any{"error_response": map[string]string{
		"code": "40002", "msg": "Invalid Arguments", "sub_code": subCode, "sub_msg": "refused by the stand-in",
	}})
}
