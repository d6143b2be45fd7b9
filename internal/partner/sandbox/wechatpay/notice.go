package wechatpay

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"parkbff/internal/partner/sandbox/recent"
)

// event is something of which a merchant is told.
type event struct {
	from    Merchant
	number  string
	kind    string
	content map[string]any
	address string
	body    []byte // sealed
}

// delivery is an event on its way.
type delivery struct {
	event
	due   time.Time
	tries int
}

// pauses between tries of a delivery, the original's: 24 hours and 4 minutes in all.
var pauses = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute,
	30 * time.Minute, 30 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour,
	6 * time.Hour, 6 * time.Hour,
}

// patience is how long the original waits for an answer.
const patience = 5 * time.Second

func newCaller() *http.Client {
	return &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// tell keeps an event for Notice, and for delivery.
func (s *Sandbox) tell(e event) error {
	var err error
	if e.body, err = s.sealed(e); err != nil {
		return err
	}
	s.told.Put(e.number, e)
	s.waiting = append(s.waiting, &delivery{event: e, due: s.clock.Now()})
	if len(s.waiting) > recent.Kept {
		s.waiting = s.waiting[1:]
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// Notice answers the last call that tells a merchant of a payment, a deduction or a refund, signed just now.
func (s *Sandbox) Notice(number string) (http.Header, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.told.Get(number)
	if !ok {
		return nil, nil, errors.New("sandbox: nothing to tell of this number")
	}
	header, err := s.sign(e.body)
	return header, e.body, err
}

// Seal answers a call that tells a merchant of any content, sealed and signed as the platform does it.
func (s *Sandbox) Seal(merchant, kind string, content map[string]any) (http.Header, []byte, error) {
	body, err := s.sealed(event{from: s.merchants[merchant], kind: kind, content: content})
	if err != nil {
		return nil, nil, err
	}
	header, err := s.sign(body)
	return header, body, err
}

// SealText is Seal for a content that need not be an object, nor JSON.
func (s *Sandbox) SealText(merchant, kind, content string) (http.Header, []byte, error) {
	body, err := s.sealedText(s.merchants[merchant], kind, []byte(content))
	if err != nil {
		return nil, nil, err
	}
	header, err := s.sign(body)
	return header, body, err
}

// Sign answers the headers that make any body a call of the platform's.
func (s *Sandbox) Sign(body []byte) (http.Header, error) { return s.sign(body) }

// sealed writes a call, its content sealed for the merchant.
func (s *Sandbox) sealed(e event) ([]byte, error) {
	content, err := json.Marshal(e.content)
	if err != nil {
		return nil, fmt.Errorf("sandbox: write the notice: %w", err)
	}
	return s.sealedText(e.from, e.kind, content)
}

func (s *Sandbox) sealedText(to Merchant, kind string, content []byte) ([]byte, error) {
	block, err := aes.NewCipher([]byte(to.APIv3))
	if err != nil {
		return nil, fmt.Errorf("sandbox: the merchant's APIv3 key: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("sandbox: seal the notice: %w", err)
	}
	nonce, err := s.noise(gcm.NonceSize() / 2)
	if err != nil {
		return nil, err
	}
	unique, err := s.noise(16)
	if err != nil {
		return nil, err
	}
	const associated = "transaction"
	return json.Marshal(map[string]any{
		"id": unique, "create_time": written(s.clock.Now()), "resource_type": "encrypt-resource", "event_type": kind,
		"summary": kind, "resource": map[string]string{
			"original_type": associated, "algorithm": "AEAD_AES_256_GCM", "associated_data": associated, "nonce": nonce,
			"ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), content, []byte(associated))),
		},
	})
}

// Deliver calls the merchants with all that is due, each event once, and answers how many calls were taken in and how
// many events are left for later. What is not taken in (status 200 or 204, within five seconds) is due again after
// 15 seconds, and so on for a day, as at the original.
func (s *Sandbox) Deliver(ctx context.Context) (taken, left int) {
	now := s.clock.Now()
	s.mu.Lock()
	due := slices.DeleteFunc(slices.Clone(s.waiting), func(d *delivery) bool { return d.due.After(now) })
	s.mu.Unlock()
	for _, d := range due {
		if ctx.Err() != nil {
			break
		}
		heard := s.call(ctx, d.event)
		if heard {
			taken++
		}
		s.settle(d, heard)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return taken, len(s.waiting)
}

// settle takes a delivery off the list, or puts it off.
func (s *Sandbox) settle(d *delivery, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if taken || d.tries == len(pauses) {
		s.waiting = slices.DeleteFunc(s.waiting, func(other *delivery) bool { return other == d })
		return
	}
	d.due = d.due.Add(pauses[d.tries])
	d.tries++
}

// call calls a merchant, and tells whether it took the event in.
func (s *Sandbox) call(ctx context.Context, e event) bool {
	header, err := s.Sign(e.body)
	if err != nil {
		return false
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address, bytes.NewReader(e.body))
	if err != nil {
		return false
	}
	r.Header = header
	r.Header.Set("Content-Type", "application/json")
	response, err := s.caller.Do(r)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK || response.StatusCode == http.StatusNoContent
}

// Run delivers what is due, as soon as it is, until the context ends. Without it nobody is called but by Deliver.
func (s *Sandbox) Run(ctx context.Context) {
	for ctx.Err() == nil {
		s.Deliver(ctx)
		pause, stop := context.WithTimeout(ctx, time.Second)
		select {
		case <-s.wake:
		case <-pause.Done():
		}
		stop()
	}
}
