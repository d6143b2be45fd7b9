package delivery

import (
	"context"
	"errors"
	"time"

	"parkbff/ent"
	"parkbff/ent/delivery"
	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
)

// textsADay bounds the texts about one kind of notice that a person is sent within a day. Whoever binds a plate
// again and again, from one account after the other, has news of it sent to somebody else at the platform's cost;
// each kind is counted for itself, so that nobody drowns one kind of news by another.
const textsADay = 10

func (s *Service) text(ctx context.Context, row *ent.Delivery, a *addressed, words message.Words) error {
	if !s.texts(a) {
		return dropped(notOffered)
	}
	if err := s.fewTexts(ctx, row); err != nil {
		return err
	}
	return s.once(ctx, row, func() error {
		to, err := s.People.MobileOf(ctx, row.AccountID)
		if errors.Is(err, fault.NotFound) {
			return dropped(noticeGone)
		}
		if err != nil {
			return err
		}
		return s.Texter.SendNotice(ctx, s.name(row, 0), to, a.told.Kind, words)
	})
}

// fewTexts answers why a text must not be sent: that there were enough of them.
func (s *Service) fewTexts(ctx context.Context, row *ent.Delivery) error {
	left, err := s.Store.Fresh(ctx).Delivery.Query().Where(
		delivery.AccountID(row.AccountID), delivery.ChannelEQ(delivery.ChannelSMS), delivery.KindEQ(row.Kind),
		delivery.SettledAtGT(s.Clock.Now().Add(-24*time.Hour)),
		delivery.Or(delivery.StateEQ(delivery.StateSENT), delivery.ReasonEQ(message.Unsure.Code())),
	).Count(ctx)
	if err != nil {
		return wrap("count texts", err)
	}
	if left >= textsADay {
		return dropped(tooMany)
	}
	return nil
}
