package getui

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"
)

// asked is what of a push the stand-in knows.
type asked struct {
	Key      string `json:"request_id"`
	Settings struct {
		Lasting int64 `json:"ttl"`
	} `json:"settings"`
	Audience struct {
		Phones []string `json:"cid"`
	} `json:"audience"`
	Message struct {
		Notification notification `json:"notification"`
	} `json:"push_message"`
	Channel struct {
		Android struct {
			Makers struct {
				Notification notification               `json:"notification"`
				Options      map[string]json.RawMessage `json:"options"`
			} `json:"ups"`
		} `json:"android"`
		IOS json.RawMessage `json:"ios"`
	} `json:"push_channel"`
}

type notification struct {
	Title   string `json:"title"`
	Body    string `json:"body"`
	Click   string `json:"click_type"`
	Payload string `json:"payload"`
}

// longest is three days, in milliseconds.
const longest = 3 * 24 * 3600 * 1000

// check answers the words of the refusal, or none.
func (a asked) check() string {
	shown := a.Message.Notification
	switch {
	case len(a.Key) < 10 || len(a.Key) > 32:
		return "request_id is invalid"
	case len(a.Audience.Phones) != 1:
		return "cid size over limit"
	case !phone.MatchString(a.Audience.Phones[0]):
		return "target user is invalid"
	case shown.Title == "" || shown.Body == "":
		return "notification can not be empty"
	case utf8.RuneCountInString(shown.Title) > 50 || utf8.RuneCountInString(shown.Body) > 256:
		return "notification size over limit"
	case !slices.Contains([]string{"intent", "url", "payload", "payload_custom", "startapp", "none"}, shown.Click):
		return "click_type is invalid"
	case shown.Click == "payload" && shown.Payload == "":
		return "payload can not be empty"
	case a.Channel.Android.Makers.Notification != shown:
		return "ups is invalid"
	case a.Settings.Lasting < -1 || a.Settings.Lasting > longest:
		return "ttl is invalid"
	}
	return ""
}

func (s *Sandbox) push(w http.ResponseWriter, r *http.Request) {
	if !s.authenticated(r) {
		refuse(w, http.StatusUnauthorized, 10001, "token is invalid")
		return
	}
	raw, err := io.ReadAll(r.Body)
	var a asked
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err != nil || strict.Decode(&a) != nil {
		refuse(w, http.StatusOK, 1, "fail")
		return
	}
	if said := a.check(); said != "" {
		refuse(w, http.StatusBadRequest, 20001, said)
		return
	}
	s.deliver(w, a)
}

// deliver shows a notification, but drops one whose key was seen, and says nothing of it.
func (s *Sandbox) deliver(w http.ResponseWriter, a asked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := a.Audience.Phones[0]
	if _, gone := s.gone.Get(to); gone {
		refuse(w, http.StatusBadRequest, 20001, "target user is invalid")
		return
	}
	status := "successed_online"
	_, seen := s.keys.Get(a.Key)
	if _, inactive := s.inactive.Get(to); inactive {
		status = "successed_ignore"
	} else if !seen {
		s.keys.Put(a.Key, struct{}{})
		shown := a.Message.Notification
		s.sent.Add(Message{
			To: to, Key: a.Key, Title: shown.Title, Body: shown.Body, Payload: shown.Payload, Lasting: a.Settings.Lasting,
			Makers: slices.Sorted(maps.Keys(a.Channel.Android.Makers.Options)),
		})
	}
	s.tasks++
	answer(w, http.StatusOK, map[string]any{"code": 0, "msg": "success", "data": map[string]any{
		"RASS_" + strconv.Itoa(s.tasks): map[string]string{to: status},
	}})
}

// limit refuses for too many calls.
func limit(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusUnauthorized, 10005, "frequency limited")
}

func answer(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content)
}

func refuse(w http.ResponseWriter, status, code int, said string) {
	answer(w, status, map[string]any{"code": code, "msg": said})
}
