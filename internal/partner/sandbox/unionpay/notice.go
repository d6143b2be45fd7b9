package unionpay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"parkbff/internal/partner/sandbox/ticket"
	"parkbff/internal/partner/unionpay/acp"
)

// card is the masked number of somebody's card.
func card(payer string) string { return "6216***********" + ticket.NumberOf(4, "card", payer) }

// Notice answers the form that tells what became of an order: a payment, or a refund.
func (s *Sandbox) Notice(number string) (url.Values, error) {
	s.mu.Lock()
	o, known := s.orders.Get(number)
	if !known {
		s.mu.Unlock()
		return nil, errNoOrder
	}
	m := o.result()
	s.mu.Unlock()
	return s.Sign(m)
}

// Sign answers the form that says what a message says, signed as UnionPay signs.
func (s *Sandbox) Sign(m acp.Message) (url.Values, error) {
	m, err := s.signed(m)
	if err != nil {
		return nil, err
	}
	return m.Form(), nil
}

// Deliver posts the notice of an order to where its merchant wants it, and answers the status. The original repeats
// what is not answered with 200; the stand-in leaves that to its caller.
func (s *Sandbox) Deliver(ctx context.Context, number string) (int, error) {
	form, err := s.Notice(number)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	o, known := s.orders.Get(number)
	s.mu.Unlock()
	if !known {
		return 0, errNoOrder
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.said["backUrl"], strings.NewReader(form.Encode()))
	if err != nil {
		return 0, fmt.Errorf("sandbox: build the notice: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	response, err := s.http.Do(r)
	if err != nil {
		return 0, fmt.Errorf("sandbox: send the notice: %w", err)
	}
	_ = response.Body.Close()
	return response.StatusCode, nil
}

// tell delivers a notice if the stand-in does so on its own.
func (s *Sandbox) tell(ctx context.Context, number string) error {
	s.mu.Lock()
	automatic := s.automatic
	s.mu.Unlock()
	if !automatic {
		return nil
	}
	status, err := s.Deliver(ctx, number)
	if err == nil && status != http.StatusOK {
		err = errors.New("sandbox: the notice was not taken")
	}
	return err
}
