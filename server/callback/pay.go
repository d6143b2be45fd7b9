package callback

import (
	"context"
	"errors"
	"io"
	"net/http"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
)

// Unreadable is answered for a body that is not of a channel's form.
var Unreadable = fault.New("CALLBACK_UNREADABLE", "The call-back cannot be read.")

const payPath = "/callback/pay/"

// Channel is who takes payments, and verifies what it calls us with. Notice is given the raw body. Errors:
// vouch.Forged, Unreadable.
type Channel struct {
	Name   money.Channel
	Notice func(header http.Header, body []byte) (*charge.Notice, error)
}

// Money takes in what channels say, in any order and more than once.
type Money interface {
	Received(ctx context.Context, channel money.Channel, r charge.Receipt) error
	Refunded(ctx context.Context, channel money.Channel, r charge.RefundReceipt) error
}

// pay answers the call-backs of one channel. It replies what the channel wants to hear only once the money is in the
// ledger: until then the channel calls again.
func (t *taker) pay(path string, channel Channel) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			unreadable(w, err)
			return
		}
		notice, err := channel.Notice(r.Header, body)
		if err == nil {
			err = t.book(r.Context(), channel.Name, notice)
		}
		switch {
		case errors.Is(err, Unreadable):
			unreadable(w, err)
		case err != nil:
			t.refuse(w, r, payPath+path, err)
		default:
			if notice.Reply.Media != "" {
				w.Header().Set("Content-Type", notice.Reply.Media)
			}
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(notice.Reply.Status)
			_, _ = w.Write(notice.Reply.Body) // whoever went away calls again
		}
	}
}

func (t *taker) book(ctx context.Context, channel money.Channel, n *charge.Notice) error {
	if n.Payment != nil {
		if err := t.Money.Received(ctx, channel, *n.Payment); err != nil {
			return err
		}
	}
	if n.Refund != nil {
		return t.Money.Refunded(ctx, channel, *n.Refund)
	}
	return nil
}
