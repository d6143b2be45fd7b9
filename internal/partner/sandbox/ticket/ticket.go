// Package ticket makes the codes that stand-ins hand out: signed, bound to one app, good once and for a
// while.
package ticket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/partner/sandbox/recent"
)

// Ticket is what a code says. Kind is what it is good for and Of whose it is, in the stand-in's words.
type Ticket struct {
	Kind   string
	App    string
	Of     string
	Serial string
	Until  time.Time
}

// Failure is why a code was refused.
type Failure string

// Failures.
const (
	Forged   Failure = "forged"
	Expired  Failure = "expired"
	Used     Failure = "used"
	OtherApp Failure = "of another app"
)

func (f Failure) Error() string { return "ticket: " + string(f) }

// Office issues codes and takes them back.
type Office struct {
	clock   clock.Clock
	random  io.Reader
	key     []byte
	lenient atomic.Bool

	mu   sync.Mutex
	used recent.Values[string, struct{}]
}

// NewOffice answers an office with a key of its own.
func NewOffice(k clock.Clock, random io.Reader) (*Office, error) {
	key := make([]byte, sha256.Size)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("ticket: no randomness: %w", err)
	}
	return &Office{clock: k, random: random, key: key}, nil
}

// Lenient makes the office take codes whatever their signature.
func (o *Office) Lenient() { o.lenient.Store(true) }

// IsLenient tells whether the office looks at no signature.
func (o *Office) IsLenient() bool { return o.lenient.Load() }

// Issue answers a code.
func (o *Office) Issue(kind, app, of string, lasting time.Duration) (string, error) {
	var serial [12]byte
	if _, err := io.ReadFull(o.random, serial[:]); err != nil {
		return "", fmt.Errorf("ticket: no randomness: %w", err)
	}
	said, err := json.Marshal(Ticket{
		Kind: kind, App: app, Of: of, Serial: base64.RawURLEncoding.EncodeToString(serial[:]), Until: o.clock.Now().Add(lasting),
	})
	if err != nil {
		return "", fmt.Errorf("ticket: write: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(said) + "." + o.signature(said), nil
}

// Check reads a code without using it up. The error is a Failure.
func (o *Office) Check(code, kind, app string) (Ticket, error) {
	body, signature, _ := strings.Cut(code, ".")
	said, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || !o.IsLenient() && !hmac.Equal([]byte(signature), []byte(o.signature(said))) {
		return Ticket{}, Forged
	}
	var t Ticket
	if err := json.Unmarshal(said, &t); err != nil || t.Kind != kind {
		return Ticket{}, Forged
	}
	if t.App != app {
		return Ticket{}, OtherApp
	}
	if !o.clock.Now().Before(t.Until) {
		return Ticket{}, Expired
	}
	return t, nil
}

// Redeem is Check, once. The error is a Failure.
func (o *Office) Redeem(code, kind, app string) (Ticket, error) {
	t, err := o.Check(code, kind, app)
	if err != nil {
		return Ticket{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, used := o.used.Get(t.Serial); used {
		return Ticket{}, Used
	}
	o.used.Put(t.Serial, struct{}{})
	return t, nil
}

func (o *Office) signature(said []byte) string {
	mac := hmac.New(sha256.New, o.key)
	_, _ = mac.Write(said)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
