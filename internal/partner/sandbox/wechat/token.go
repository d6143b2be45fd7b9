package wechat

import (
	"encoding/json"
	"errors"
	"net/http"

	"parkbff/internal/cnid"
	"parkbff/internal/partner/sandbox/ticket"
)

func (s *Sandbox) token(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Grant  string `json:"grant_type"`
		AppID  string `json:"appid"`
		Secret string `json:"secret"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Grant != "client_credential" {
		refuse(w, 40002)
		return
	}
	app, code := s.app(map[string][]string{"appid": {asked.AppID}, "secret": {asked.Secret}})
	if code != 0 {
		refuse(w, code)
		return
	}
	token, err := s.office.Issue(access, "", app.ID, accessLasts)
	if err != nil {
		refuse(w, -1)
		return
	}
	answer(w, map[string]any{"access_token": token, "expires_in": int(accessLasts.Seconds())})
}

// authenticated answers the app whose access token a call bears, or the code of the refusal.
func (s *Sandbox) authenticated(r *http.Request) (App, int) {
	t, err := s.office.Check(r.URL.Query().Get("access_token"), access, "")
	if errors.Is(err, ticket.Expired) {
		return App{}, 42001
	}
	if err != nil {
		return App{}, 40001
	}
	return s.apps[t.Of], 0
}

func (s *Sandbox) phoneNumber(w http.ResponseWriter, r *http.Request) {
	app, code := s.authenticated(r)
	if code != 0 {
		refuse(w, code)
		return
	}
	var asked struct{ Code, OpenID string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		refuse(w, 47001)
		return
	}
	t, err := s.office.Redeem(asked.Code, phone, app.ID)
	if errors.Is(err, ticket.OtherApp) {
		refuse(w, 40013)
		return
	}
	if err != nil {
		refuse(w, failure(err))
		return
	}
	var of phoneOf
	if err := json.Unmarshal([]byte(t.Of), &of); err != nil {
		refuse(w, 40029)
		return
	}
	if asked.OpenID != "" && asked.OpenID != s.OpenID(of.Person, app.ID) {
		refuse(w, 40003)
		return
	}
	s.answerPhone(w, app, of, t)
}

func (s *Sandbox) answerPhone(w http.ResponseWriter, app App, of phoneOf, t ticket.Ticket) {
	mobile, err := cnid.ParseMobile(of.Mobile)
	if err != nil {
		refuse(w, -1)
		return
	}
	answer(w, map[string]any{"errcode": 0, "errmsg": "ok", "phone_info": map[string]any{
		"phoneNumber": mobile.National(), "purePhoneNumber": mobile.National(), "countryCode": mobile.CountryCode(),
		"watermark": map[string]any{"timestamp": t.Until.Add(-codeLasts).Unix(), "appid": app.ID},
	}})
}

func (s *Sandbox) userInfo(w http.ResponseWriter, r *http.Request) {
	if _, code := s.authenticated(r); code != 0 {
		refuse(w, code)
		return
	}
	openID := r.URL.Query().Get("openid")
	s.mu.Lock()
	person, known := s.people.Get(openID)
	follows, _ := s.follows.Get(openID)
	s.mu.Unlock()
	switch {
	case !known:
		refuse(w, 40003)
	case !follows:
		answer(w, map[string]any{"subscribe": 0, "openid": openID})
	default:
		answer(w, map[string]any{"subscribe": 1, "openid": openID, "unionid": s.UnionID(person)})
	}
}
