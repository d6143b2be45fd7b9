package livetest

import (
	"context"
	"strings"
	"time"

	"parkbff/server/live"
)

// person is what the house knows of one subject.
type person struct {
	nickname  string
	consented bool
	ended     chan struct{}
}

// token is a principal.
type token struct {
	house   *House
	subject string
	expires time.Time
	ended   chan struct{}
}

func (k *token) Subject() string        { return k.subject }
func (k *token) ExpiresAt() time.Time   { return k.expires }
func (k *token) Ended() <-chan struct{} { return k.ended }

func (k *token) Context(ctx context.Context) (context.Context, error) {
	if err := k.house.trouble(); err != nil {
		return nil, err
	}
	if err := live.Standing(k, k.house.Clock.Now()); err != nil {
		return nil, err
	}
	return context.WithValue(ctx, subjectKey{}, k.subject), nil
}

type subjectKey struct{}

func subjectOf(ctx context.Context) string {
	subject, _ := ctx.Value(subjectKey{}).(string)
	return subject
}

// Token signs subject in and answers the value of an Authorization field. A ttl of zero never ends.
func (h *House) Token(subject string, ttl time.Duration) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tokens++
	bearer := "Bearer " + subject + "." + strings.Repeat("x", h.tokens)
	p := h.person(subject)
	k := &token{house: h, subject: subject, ended: p.ended}
	if ttl > 0 {
		k.expires = h.Clock.Now().Add(ttl)
	}
	h.issued[bearer] = k
	return bearer
}

// Authenticate is a live.Authenticate.
func (h *House) Authenticate(_ context.Context, authorization string) (live.Principal, error) {
	if err := h.trouble(); err != nil {
		return nil, err
	}
	if authorization == "" {
		return &token{house: h}, nil
	}
	h.mu.Lock()
	k := h.issued[authorization]
	h.mu.Unlock()
	if k == nil {
		return nil, live.TokenInvalid
	}
	if err := live.Standing(k, h.Clock.Now()); err != nil {
		return nil, err
	}
	return k, nil
}

// Revoke ends the sign-in of subject.
func (h *House) Revoke(subject string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.person(subject).ended)
}

// Rename changes what the subject's notices are seen as.
func (h *House) Rename(subject, nickname string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.person(subject).nickname = nickname
}

// Withdraw takes back the subject's consent, which @signedIn asks for.
func (h *House) Withdraw(subject string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.person(subject).consented = false
}

// Trouble makes every look at a person fail with err, as when the store is away.
func (h *House) Trouble(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing = err
}

func (h *House) trouble() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failing
}

// Forget makes @signedIn fail with err.
func (h *House) Forget(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unknown = err
}

func (h *House) consented(subject string) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.person(subject).consented, h.unknown
}

func (h *House) nickname(subject string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.person(subject).nickname
}

// person needs the lock.
func (h *House) person(subject string) *person {
	p := h.people[subject]
	if p == nil {
		p = &person{nickname: subject, consented: true, ended: make(chan struct{})}
		h.people[subject] = p
	}
	return p
}
