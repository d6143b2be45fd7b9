package wechat

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"parkbff/internal/partner/wechat/field"
)

// Message is a subscribe message as the person got it.
type Message struct {
	To       string            `json:"to"` // openid
	Template string            `json:"template"`
	Page     string            `json:"page"`
	Fields   map[string]string `json:"fields"`
}

// textOf is a template of an app.
type textOf struct{ app, template string }

// allowance is for what people have accepted messages.
type allowance struct{ openID, template string }

// Approve makes a template with these fields one of an app's.
func (s *Sandbox) Approve(app, template string, fields ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[textOf{app, template}] = slices.Clone(fields)
}

// Accept is a person's tapping 允许 once: one message more in that template.
func (s *Sandbox) Accept(openID, template string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, _ := s.allowed.Get(allowance{openID, template})
	s.allowed.Put(allowance{openID, template}, now+1)
}

// Sent are the last subscribe messages, the oldest first.
func (s *Sandbox) Sent() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent.All()
}

type asked struct {
	To       string `json:"touser"`
	Template string `json:"template_id"`
	Page     string `json:"page"`
	Data     map[string]struct {
		Value string `json:"value"`
	} `json:"data"`
	State    string `json:"miniprogram_state"`
	Language string `json:"lang"`
}

func (s *Sandbox) subscribed(w http.ResponseWriter, r *http.Request) {
	app, code := s.authenticated(r)
	if code != 0 {
		refuse(w, code)
		return
	}
	var a asked
	strict := json.NewDecoder(r.Body)
	strict.DisallowUnknownFields()
	if err := strict.Decode(&a); err != nil {
		refuse(w, 47001)
		return
	}
	if code := s.send(app, a); code != 0 {
		refuse(w, code)
		return
	}
	answer(w, map[string]any{"errcode": 0, "errmsg": "ok"})
}

// send keeps a message and takes it off what the person has accepted, or answers the code of the refusal.
func (s *Sandbox) send(app App, a asked) int {
	s.mu.Lock()
	person, known := s.people.Get(a.To)
	fields, approved := s.texts[textOf{app.ID, a.Template}]
	s.mu.Unlock()
	switch {
	case !known || s.OpenID(person, app.ID) != a.To:
		return 40003
	case !approved:
		return 40037
	case strings.HasPrefix(a.Page, "/"):
		return 41030
	case !slices.Contains([]string{"formal", "trial", "developer"}, a.State) || a.Language != "zh_CN":
		return 47001
	}
	m := Message{To: a.To, Template: a.Template, Page: a.Page, Fields: map[string]string{}}
	for _, name := range fields {
		of, err := field.Of(name)
		if err != nil || !of.Takes(a.Data[name].Value) {
			return 47003
		}
		m.Fields[name] = a.Data[name].Value
	}
	if len(a.Data) != len(fields) {
		return 47003
	}
	return s.spend(m)
}

func (s *Sandbox) spend(m Message) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	left, _ := s.allowed.Get(allowance{m.To, m.Template})
	if left == 0 {
		return 43101
	}
	s.allowed.Put(allowance{m.To, m.Template}, left-1)
	s.sent.Add(m)
	return 0
}

// limit refuses for too many calls in a minute.
func limit(w http.ResponseWriter, _ *http.Request) { refuse(w, 45011) }
