// Package jpush stands in for 极光推送: it speaks the wire protocol of its Push API v3, checks credentials,
// members and sizes with the original's codes, and keeps notifications in memory instead of showing them.
// Whatever is well-formed is a phone, until its app is uninstalled.
package jpush

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/partner/sandbox/recent"
	"parkbff/internal/partner/sandbox/ticket"
	"parkbff/internal/partner/sandbox/trouble"
)

const (
	maxBody   = 64 << 10
	keyLasts  = 24 * time.Hour
	maxKeys   = 10
	maxPhones = 1000
)

var phone = regexp.MustCompile(`^[0-9A-Za-z_-]{6,64}$`)

// Message is a notification as the phone got it.
type Message struct {
	To      string            `json:"to"`
	Key     string            `json:"key"`
	Title   string            `json:"title"`
	Body    string            `json:"body"`
	Extras  map[string]string `json:"extras"`
	Lasting int64             `json:"lasting"` // seconds
	Makers  []string          `json:"makers"`  // whose channels were given options
}

// Sandbox is an http.Handler.
type Sandbox struct {
	Trouble trouble.Maker // of pushes

	appKey, secret string
	clock          clock.Clock
	random         io.Reader
	mux            *http.ServeMux

	mu     sync.Mutex
	keys   recent.Values[string, key]
	gone   recent.Values[string, struct{}]
	sent   recent.List[Message]
	pushes int
}

// key is one that was given out, and the reply to what was first sent under it.
type key struct {
	until time.Time
	reply map[string]string
}

// New answers a stand-in that knows one app.
func New(appKey, masterSecret string, k clock.Clock, random io.Reader) *Sandbox {
	s := &Sandbox{appKey: appKey, secret: masterSecret, clock: k, random: random, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /v3/push/cid", s.giveKeys)
	s.mux.HandleFunc("POST /v3/push", func(w http.ResponseWriter, r *http.Request) { s.Trouble.Around(w, r, limit, s.push) })
	s.mux.HandleFunc("/v3/push", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusMethodNotAllowed, 1001, "") })
	return s
}

// Phone is the registration id of a person's phone.
func (s *Sandbox) Phone(person string) string { return ticket.NumberOf(19, "jpush", s.appKey, person) }

// Uninstall makes a phone one that has the app no more.
func (s *Sandbox) Uninstall(phone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone.Put(phone, struct{}{})
}

// Sent are the last notifications, the oldest first.
func (s *Sandbox) Sent() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent.All()
}

// ServeHTTP answers one call.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if id, secret, ok := r.BasicAuth(); !ok || id != s.appKey || secret != s.secret {
		refuse(w, http.StatusUnauthorized, 1004, "Authen failed")
		return
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Sandbox) giveKeys(w http.ResponseWriter, r *http.Request) {
	count, err := strconv.Atoi(r.URL.Query().Get("count"))
	if err != nil || count < 1 {
		count = 1
	}
	given := make([]string, min(count, maxKeys))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range given {
		var raw [16]byte
		if _, err := io.ReadFull(s.random, raw[:]); err != nil {
			refuse(w, http.StatusInternalServerError, 1000, "")
			return
		}
		given[i] = fmt.Sprintf("%s-%x-%x-%x-%x-%x", s.appKey, raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
		s.keys.Put(given[i], key{until: s.clock.Now().Add(keyLasts)})
	}
	answer(w, http.StatusOK, map[string]any{"cidlist": given})
}

// asked is what of a push the stand-in knows.
type asked struct {
	Key      string   `json:"cid"`
	Platform []string `json:"platform"`
	Audience struct {
		Phones []string `json:"registration_id"`
	} `json:"audience"`
	Notification struct {
		Android json.RawMessage `json:"android"`
		IOS     json.RawMessage `json:"ios"`
	} `json:"notification"`
	Options struct {
		Lasting    int64                      `json:"time_to_live"`
		Production bool                       `json:"apns_production"`
		Makers     map[string]json.RawMessage `json:"third_party_channel"`
	} `json:"options"`
}

func (s *Sandbox) push(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, 1005, "Message too long")
		return
	}
	var a asked
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&a); err != nil {
		refuse(w, http.StatusBadRequest, 1009, "The push object is not of this form")
		return
	}
	m, code, said := a.check()
	if code != 0 {
		refuse(w, http.StatusBadRequest, code, said)
		return
	}
	s.deliver(w, a, m)
}

// deliver shows a notification on each phone, or answers again what was answered to its key.
func (s *Sandbox) deliver(w http.ResponseWriter, a asked, m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, given := s.keys.Get(a.Key)
	if a.Key != "" && (!given || !s.clock.Now().Before(known.until)) {
		refuse(w, http.StatusBadRequest, 1003, "cid is invalid")
		return
	}
	if known.reply != nil {
		answer(w, http.StatusOK, known.reply)
		return
	}
	reached := 0
	for _, to := range a.Audience.Phones {
		if _, gone := s.gone.Get(to); !gone {
			reached++
			m.To = to
			s.sent.Add(m)
		}
	}
	if reached == 0 {
		refuse(w, http.StatusBadRequest, 1011, "cannot find user by this audience or has been inactive for more than 255 days")
		return
	}
	s.pushes++
	known.reply = map[string]string{"sendno": "0", "msg_id": strconv.Itoa(s.pushes)}
	if a.Key != "" {
		s.keys.Put(a.Key, known)
	}
	answer(w, http.StatusOK, known.reply)
}
