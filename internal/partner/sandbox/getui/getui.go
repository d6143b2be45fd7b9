// Package getui stands in for 个推: it speaks the wire protocol of its RestAPI V2, checks the sign, tokens
// and members with the original's codes, and keeps notifications in memory instead of showing them. Whatever
// is well-formed is a phone, until its app is uninstalled.
package getui

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	maxBody    = 64 << 10
	tokenLasts = 24 * time.Hour
	access     = "token"
	window     = 10 * time.Minute // of the time in a sign
)

var phone = regexp.MustCompile(`^[0-9A-Za-z_-]{6,64}$`)

// App is what the stand-in knows an app by.
type App struct{ ID, Key, MasterSecret string }

// Message is a notification as the phone got it.
type Message struct {
	To      string   `json:"to"`
	Key     string   `json:"key"`
	Title   string   `json:"title"`
	Body    string   `json:"body"`
	Payload string   `json:"payload"`
	Lasting int64    `json:"lasting"` // milliseconds; -1: not kept
	Makers  []string `json:"makers"`  // whose channels were given options
}

// Sandbox is an http.Handler.
type Sandbox struct {
	Trouble trouble.Maker // of pushes

	app    App
	clock  clock.Clock
	office *ticket.Office
	mux    *http.ServeMux

	mu       sync.Mutex
	keys     recent.Values[string, struct{}]
	gone     recent.Values[string, struct{}]
	inactive recent.Values[string, struct{}]
	revoked  recent.Values[string, struct{}] // tokens
	last     string                          // token given
	sent     recent.List[Message]
	tasks    int
	signs    int
}

// New answers a stand-in that knows one app.
func New(app App, k clock.Clock, random io.Reader) (*Sandbox, error) {
	office, err := ticket.NewOffice(k, random)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{app: app, clock: k, office: office, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /v2/{app}/auth", s.auth)
	s.mux.HandleFunc("POST /v2/{app}/push/single/cid", func(w http.ResponseWriter, r *http.Request) { s.Trouble.Around(w, r, limit, s.push) })
	return s, nil
}

// Phone is the client id of a person's phone.
func (s *Sandbox) Phone(person string) string { return ticket.IDOf("getui", s.app.ID, person) }

// Uninstall makes a phone one that has the app no more.
func (s *Sandbox) Uninstall(phone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone.Put(phone, struct{}{})
}

// Leave makes a phone one that was not seen for 90 days.
func (s *Sandbox) Leave(phone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inactive.Put(phone, struct{}{})
}

// Revoke makes the last token worthless.
func (s *Sandbox) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked.Put(s.last, struct{}{})
}

// Signs is how many tokens were given.
func (s *Sandbox) Signs() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signs
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
	s.mux.ServeHTTP(w, r)
}

func (s *Sandbox) auth(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Sign, Timestamp, AppKey string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		refuse(w, http.StatusOK, 1, "fail")
		return
	}
	at, err := strconv.ParseInt(asked.Timestamp, 10, 64)
	sign := sha256.Sum256([]byte(s.app.Key + asked.Timestamp + s.app.MasterSecret))
	if err != nil || s.clock.Now().Sub(time.UnixMilli(at)).Abs() > window || r.PathValue("app") != s.app.ID ||
		asked.AppKey != s.app.Key || asked.Sign != hex.EncodeToString(sign[:]) {
		refuse(w, http.StatusBadRequest, 20001, "sign is invalid")
		return
	}
	token, err := s.office.Issue(access, s.app.ID, "", tokenLasts)
	if err != nil {
		refuse(w, http.StatusInternalServerError, 2, "starting")
		return
	}
	s.mu.Lock()
	s.signs++
	s.last = token
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"code": 0, "msg": "success", "data": map[string]string{
		"token": token, "expire_time": strconv.FormatInt(s.clock.Now().Add(tokenLasts).UnixMilli(), 10),
	}})
}

func (s *Sandbox) authenticated(r *http.Request) bool {
	token := r.Header.Get("Token")
	s.mu.Lock()
	_, revoked := s.revoked.Get(token)
	s.mu.Unlock()
	_, err := s.office.Check(token, access, r.PathValue("app"))
	return err == nil && !revoked
}
