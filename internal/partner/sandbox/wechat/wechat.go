// Package wechat stands in for WeChat: it speaks the wire protocol of code2Session, getuserphonenumber,
// web page authorisation, user/info, the events of official accounts and subscribe messages, with the
// original's error codes. It knows whoever is named: the same name is the same person in every app.
package wechat

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/partner/sandbox/recent"
	"parkbff/internal/partner/sandbox/ticket"
	"parkbff/internal/partner/sandbox/trouble"
)

const (
	maxBody     = 64 << 10
	codeLasts   = 5 * time.Minute
	accessLasts = 2 * time.Hour
)

// What tickets are good for.
const (
	login  = "js_code"
	page   = "oauth"
	phone  = "phone"
	access = "access_token"
)

// App is one app that the stand-in knows. The last three are an official account's.
type App struct {
	ID, Secret     string
	Token          string
	EncodingAESKey string // empty: events go out plain
	RedirectURL    string // beginning of where the page of authorisation may lead
}

// Sandbox is an http.Handler.
type Sandbox struct {
	Trouble trouble.Maker // of subscribe messages

	clock  clock.Clock
	random io.Reader
	office *ticket.Office
	apps   map[string]App
	mux    *http.ServeMux

	mu      sync.Mutex
	people  recent.Values[string, string] // by openid
	follows recent.Values[string, bool]   // by openid
	texts   map[textOf][]string           // fields of approved templates
	allowed recent.Values[allowance, int] // messages that people have accepted
	sent    recent.List[Message]
}

// New answers a stand-in that knows some apps.
func New(k clock.Clock, random io.Reader, apps ...App) (*Sandbox, error) {
	office, err := ticket.NewOffice(k, random)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{clock: k, random: random, office: office, apps: map[string]App{}, texts: map[textOf][]string{}, mux: http.NewServeMux()}
	for _, app := range apps {
		s.apps[app.ID] = app
	}
	s.mux.HandleFunc("GET /sns/jscode2session", s.session)
	s.mux.HandleFunc("GET /sns/oauth2/access_token", s.authorised)
	s.mux.HandleFunc("GET /connect/oauth2/authorize", s.authorise)
	s.mux.HandleFunc("POST /cgi-bin/stable_token", s.token)
	s.mux.HandleFunc("POST /wxa/business/getuserphonenumber", s.phoneNumber)
	s.mux.HandleFunc("GET /cgi-bin/user/info", s.userInfo)
	s.mux.HandleFunc("POST /cgi-bin/message/subscribe/send", func(w http.ResponseWriter, r *http.Request) { s.Trouble.Around(w, r, limit, s.subscribed) })
	return s, nil
}

// Lenient makes the stand-in take codes, access tokens and secrets that it never gave. It shows that they
// are what a test's forgeries fail on.
func (s *Sandbox) Lenient() { s.office.Lenient() }

// Code is what wx.login gives a person in a mini-program.
func (s *Sandbox) Code(person, app string) (string, error) {
	return s.office.Issue(login, app, person, codeLasts)
}

// PageCode is what the page of authorisation leads back with.
func (s *Sandbox) PageCode(person, app string) (string, error) {
	return s.office.Issue(page, app, person, codeLasts)
}

// phoneOf is what a phone code is for.
type phoneOf struct{ Person, Mobile string }

// PhoneCode is what the button for phone numbers gives a person, who has chosen a mobile.
func (s *Sandbox) PhoneCode(person, app string, mobile cnid.Mobile) (string, error) {
	of, err := json.Marshal(phoneOf{person, mobile.E164()})
	if err != nil {
		return "", err
	}
	return s.office.Issue(phone, app, string(of), codeLasts)
}

// OpenID is an app's id of a person.
func (s *Sandbox) OpenID(person, app string) string {
	id := "o" + ticket.IDOf("openid", app, person)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people.Put(id, person)
	return id
}

// UnionID is the id of a person that all apps share.
func (s *Sandbox) UnionID(person string) string { return "u" + ticket.IDOf("unionid", person) }

// ServeHTTP answers one call.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// failures of codes. An expired one and another app's are as invalid as a forged one.
func failure(err error) int {
	if errors.Is(err, ticket.Used) {
		return 40163
	}
	return 40029
}

func (s *Sandbox) app(q url.Values) (App, int) {
	app, ok := s.apps[q.Get("appid")]
	if !ok {
		return App{}, 40013
	}
	if app.Secret != q.Get("secret") && !s.office.IsLenient() {
		return App{}, 40125
	}
	return app, 0
}

// redeem takes the code of a call by an app and answers whose it is.
func (s *Sandbox) redeem(q url.Values, kind, parameter string) (App, string, int) {
	app, code := s.app(q)
	if code != 0 {
		return App{}, "", code
	}
	if q.Get(parameter) == "" {
		return App{}, "", 41008
	}
	t, err := s.office.Redeem(q.Get(parameter), kind, app.ID)
	if err != nil {
		return App{}, "", failure(err)
	}
	return app, t.Of, 0
}

func (s *Sandbox) session(w http.ResponseWriter, r *http.Request) {
	app, person, code := s.redeem(r.URL.Query(), login, "js_code")
	if code != 0 {
		refuse(w, code)
		return
	}
	answer(w, map[string]any{
		"openid": s.OpenID(person, app.ID), "unionid": s.UnionID(person), "session_key": "c2FuZGJveHNhbmRib3hzYQ==",
	})
}

func (s *Sandbox) authorised(w http.ResponseWriter, r *http.Request) {
	app, person, code := s.redeem(r.URL.Query(), page, "code")
	if code != 0 {
		refuse(w, code)
		return
	}
	answer(w, map[string]any{
		"access_token": "sandbox", "expires_in": 7200, "refresh_token": "sandbox", "scope": "snsapi_base",
		"openid": s.OpenID(person, app.ID), "unionid": s.UnionID(person),
	})
}

// authorise is the page: it asks nobody and leads back at once, as the person that ?person= names.
func (s *Sandbox) authorise(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := ticket.Back(q.Get("redirect_uri"), s.apps[q.Get("appid")].RedirectURL)
	if err != nil {
		refuse(w, 10003) // redirect_uri is not of the app's domain
		return
	}
	code, err := s.PageCode(ticket.Someone(q), q.Get("appid"))
	if err != nil {
		refuse(w, -1)
		return
	}
	http.Redirect(w, r, ticket.With(back, "code", code, q.Get("state")), http.StatusFound)
}

func answer(w http.ResponseWriter, content map[string]any) {
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	_ = json.NewEncoder(w).Encode(content)
}

// refuse answers with status 200, as the original does.
func refuse(w http.ResponseWriter, code int) {
	answer(w, map[string]any{"errcode": code, "errmsg": "refused by the stand-in"})
}
