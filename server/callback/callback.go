// Package callback takes in what third parties tell us by calling us. It believes nothing that the
// partner's client has not verified, answers a refusal without a reason, and has what was forged noted.
package callback

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"parkbff/ent/follower"
	"parkbff/ent/riskevent"
	"parkbff/internal/identity"
	"parkbff/internal/partner/vouch"
	"parkbff/internal/risk"
)

const (
	wechatPath = "/callback/wechat"
	alipayPath = "/callback/alipay"

	maxBody = 64 << 10
)

// Followers keeps who follows an official account. It takes events in any order and more than once.
type Followers interface {
	Followed(ctx context.Context, e identity.FollowEvent) error
}

// WeChat verifies what WeChat tells an official account. Errors: vouch.Forged; others, when the event is to
// be told again. A nil event is nothing to us.
type WeChat interface {
	Echo(query url.Values) (string, error)
	Event(ctx context.Context, query url.Values, body []byte) (*vouch.Follow, error)
}

// Alipay verifies what Alipay tells a life account, and answers what to reply. Error: vouch.Forged. A nil
// event is nothing to us.
type Alipay interface {
	Event(form url.Values) (*vouch.Follow, []byte, error)
}

// Risks keeps what looked like an attack. Anybody can send forgeries: of a flood it keeps few.
type Risks interface {
	Note(ctx context.Context, h risk.Happening)
}

// Options of Routes. All are required.
type Options struct {
	WeChat    WeChat
	Alipay    Alipay
	Followers Followers
	Risks     Risks
	Log       *slog.Logger
	Money     Money
	Channels  map[string]Channel // by the last part of the path
}

// Routes answers the call-backs by pattern of http.ServeMux.
func Routes(o Options) map[string]http.Handler {
	t := &taker{o}
	routes := map[string]http.Handler{
		"GET " + wechatPath:  http.HandlerFunc(t.echo),
		"POST " + wechatPath: http.HandlerFunc(t.wechat),
		"POST " + alipayPath: http.HandlerFunc(t.alipay),
	}
	for path, channel := range o.Channels {
		routes["POST "+payPath+path] = t.pay(path, channel)
	}
	return routes
}

type taker struct{ Options }

// echo answers WeChat when it makes sure of our address.
func (t *taker) echo(w http.ResponseWriter, r *http.Request) {
	echo, err := t.WeChat.Echo(r.URL.Query())
	if err != nil {
		t.refuse(w, r, wechatPath, err)
		return
	}
	reply(w, "text/plain; charset=utf-8", []byte(echo))
}

func (t *taker) wechat(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		unreadable(w, err)
		return
	}
	event, err := t.WeChat.Event(r.Context(), r.URL.Query(), body)
	if err == nil {
		err = t.tell(r.Context(), follower.ChannelWECHAT_OFFICIAL, event)
	}
	if err != nil {
		t.refuse(w, r, wechatPath, err)
		return
	}
	reply(w, "text/plain; charset=utf-8", []byte("success"))
}

func (t *taker) alipay(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		unreadable(w, err)
		return
	}
	event, answer, err := t.Alipay.Event(r.PostForm)
	if err == nil {
		err = t.tell(r.Context(), follower.ChannelALIPAY_LIFE, event)
	}
	if err != nil {
		t.refuse(w, r, alipayPath, err)
		return
	}
	reply(w, "text/xml; charset=utf-8", answer)
}

func (t *taker) tell(ctx context.Context, channel follower.Channel, f *vouch.Follow) error {
	if f == nil {
		return nil
	}
	return t.Followers.Followed(ctx, identity.FollowEvent{
		Channel: channel, Person: identity.Person(f.Person), Following: f.Following, At: f.At,
	})
}

// refuse answers a forgery, or, when it is we who failed, so that the platform tells its event again.
func (t *taker) refuse(w http.ResponseWriter, r *http.Request, path string, err error) {
	if !errors.Is(err, vouch.Forged) {
		t.Log.WarnContext(r.Context(), "a call-back was not taken in", "path", path, "error", err, "cause", errors.Unwrap(err))
		http.Error(w, "unavailable", http.StatusServiceUnavailable)
		return
	}
	t.Risks.Note(r.Context(), risk.Happening{
		Kind: riskevent.KindCALLBACK_FORGED, Outcome: riskevent.OutcomeBLOCKED, Path: path,
	})
	http.Error(w, "forbidden", http.StatusForbidden)
}

func unreadable(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		status = http.StatusRequestEntityTooLarge
	}
	http.Error(w, "unreadable", status)
}

func reply(w http.ResponseWriter, media string, body []byte) {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // whoever went away is told again
}
