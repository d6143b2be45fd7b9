package alipay

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

const sendMethod = "alipay.open.app.mini.templatemessage.send"

// Message is a template message as the person got it.
type Message struct {
	To       string            `json:"to"` // user id, or open id
	Template string            `json:"template"`
	Page     string            `json:"page"`
	Fields   map[string]string `json:"fields"`
}

// textOf is a template of an app.
type textOf struct{ app, template string }

// allowance is for what people have accepted messages.
type allowance struct{ userID, template string }

// Approve makes a template with these keywords one of an app's.
func (s *Sandbox) Approve(app, template string, keywords ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[textOf{app, template}] = slices.Clone(keywords)
}

// Accept is a person's subscribing once: one message more in that template.
func (s *Sandbox) Accept(userID, template string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, _ := s.allowed.Get(allowance{userID, template})
	s.allowed.Put(allowance{userID, template}, now+1)
}

// Sent are the last messages, the oldest first.
func (s *Sandbox) Sent() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent.All()
}

// send keeps a message. That somebody did not subscribe is refused with a sub code of the stand-in's own:
// Alipay publishes none.
func (s *Sandbox) send(w http.ResponseWriter, app App, content string) {
	var a struct {
		UserID   string `json:"to_user_id"`
		OpenID   string `json:"to_open_id"`
		Template string `json:"user_template_id"`
		Page     string `json:"page"`
		Data     string `json:"data"`
	}
	strict := json.NewDecoder(bytes.NewReader([]byte(content)))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&a); err != nil || (a.UserID == "") == (a.OpenID == "") || a.UserID != "" && !strings.HasPrefix(a.UserID, "2088") {
		fail(w, app, sendMethod, "40002", "isv.invalid-parameter")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keywords, approved := s.texts[textOf{app.ID, a.Template}]
	if !approved {
		fail(w, app, sendMethod, "40004", "USER_TEMPLATE_ILLEGAL")
		return
	}
	m := Message{To: cmp.Or(a.UserID, a.OpenID), Template: a.Template, Page: a.Page}
	var ok bool
	if m.Fields, ok = read(a.Data, keywords); !ok {
		fail(w, app, sendMethod, "40002", "isv.invalid-parameter")
		return
	}
	left, _ := s.allowed.Get(allowance{m.To, m.Template})
	if left == 0 {
		fail(w, app, sendMethod, "40004", "USER_NOT_SUBSCRIBE")
		return
	}
	s.allowed.Put(allowance{m.To, m.Template}, left-1)
	s.sent.Add(m)
	answerSigned(w, app, sendMethod, []byte(`{"code":"10000","msg":"Success"}`))
}

// read answers the values of exactly these keywords, none empty and none too long.
func read(data string, keywords []string) (map[string]string, bool) {
	var given map[string]struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal([]byte(data), &given); err != nil || len(given) != len(keywords) {
		return nil, false
	}
	values := map[string]string{}
	for _, name := range keywords {
		value := given[name].Value
		if value == "" || utf8.RuneCountInString(value) > 50 {
			return nil, false
		}
		values[name] = value
	}
	return values, true
}

// fail answers that a call failed, signed, as the original does once it knows the app.
func fail(w http.ResponseWriter, app App, method, code, subCode string) {
	said, err := json.Marshal(map[string]string{"code": code, "msg": "Business Failed", "sub_code": subCode, "sub_msg": "refused by the stand-in"})
	if err != nil {
		refuse(w, "aop.unknow-error")
		return
	}
	answerSigned(w, app, method, said)
}

// limit refuses for too many calls.
func limit(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"error_response": map[string]string{"code": "40005", "msg": "Call Limited", "sub_code": "isv.call-limited"}})
}
