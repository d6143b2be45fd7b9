package delivery

import (
	"context"
	"errors"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/delivery"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/messagequota"
	"parkbff/internal/fault"
	notices "parkbff/internal/notice"
	"parkbff/internal/outbox"
	"parkbff/internal/partner/message"
)

// settle notes what became of a delivery, and answers what becomes of its task: a partner that is away is asked
// again, what it will never take is left to an operator, and what ended otherwise is done.
func (s *Service) settle(ctx context.Context, row *ent.Delivery, a *addressed, job outbox.Job, err error) error {
	var gone dropped
	switch {
	case err == nil:
		return s.end(ctx, row, a, delivery.StateSENT, "")
	case errors.As(err, &gone):
		return s.end(ctx, row, a, delivery.StateDROPPED, string(gone))
	case !message.Again(err):
		if failed := s.end(ctx, row, a, delivery.StateFAILED, codeOf(err)); failed != nil || !errors.Is(err, message.Invalid) {
			return failed
		}
		return outbox.Hopeless(err)
	}
	if later := message.RetryAfter(err); later > 0 && s.Clock.Now().Add(later).Sub(row.CreatedAt) < newsFor {
		return outbox.Postpone(s.Clock.Now().Add(min(later, time.Hour)))
	}
	if job.Attempt < tries {
		return err
	}
	if parseProgress(row.Progress).taken() {
		return s.end(ctx, row, a, delivery.StateSENT, "")
	}
	if failed := s.end(ctx, row, a, delivery.StateFAILED, codeOf(err)); failed != nil {
		return failed
	}
	return outbox.Hopeless(err)
}

// end ends a delivery. Where the last channel but texts has not reached the person, a text is sent to those who are
// to have one; a nil: the notice itself must not leave any more. What was learnt of phones outlives a failure, after
// which an operator may have it tried again.
func (s *Service) end(ctx context.Context, row *ent.Delivery, a *addressed, state delivery.State, reason string) error {
	return s.write(ctx, jobSettle, func(ctx context.Context, tx *ent.Tx) error {
		open, err := hold(ctx, tx, row.AccountID)
		if err != nil || !open {
			return err
		}
		change := tx.Delivery.Update().Where(delivery.ID(row.ID)).SetState(state).SetSettledAt(s.Clock.Now())
		if reason == "" {
			change.ClearReason()
		} else {
			change.SetReason(reason)
		}
		if state != delivery.StateFAILED || parseProgress(row.Progress).left {
			change.ClearProgress()
		}
		n, err := change.Save(ctx)
		if err != nil || n == 0 {
			return wrap("settle a delivery", err)
		}
		if err := s.spend(ctx, tx, row, state, reason); err != nil {
			return err
		}
		if state != delivery.StateSENT && row.Channel != delivery.ChannelSMS && a != nil && s.texts(a) {
			return s.fallBack(ctx, tx, a.told)
		}
		return nil
	})
}

// fallBack has a notice sent as a text when no other channel has reached the person or still may. The account is
// held, so that of two channels that fail at once one is the last.
func (s *Service) fallBack(ctx context.Context, tx *ent.Tx, told *ent.Notice) error {
	others, err := tx.Delivery.Query().Where(delivery.NoticeID(told.ID),
		delivery.Or(delivery.StateIn(delivery.StateWAITING, delivery.StateSENT), delivery.ChannelEQ(delivery.ChannelSMS))).Exist(ctx)
	if err != nil || others {
		return wrap("look for other deliveries", err)
	}
	return s.send(ctx, tx, told, delivery.ChannelSMS)
}

// spend takes an accepted message away that was sent or may have been, and all when the platform says that there
// are none.
func (s *Service) spend(ctx context.Context, tx *ent.Tx, row *ent.Delivery, state delivery.State, reason string) error {
	none := reason == message.Quota.Code()
	if linkOf(messagequota.Channel(row.Channel)) == "" || state != delivery.StateSENT && !none && reason != message.Unsure.Code() {
		return nil
	}
	err := tx.MessageQuota.Update().Where(messagequota.AccountID(row.AccountID),
		messagequota.ChannelEQ(messagequota.Channel(row.Channel)), messagequota.KindEQ(messagequota.Kind(row.Kind)),
		messagequota.RemainingGT(0)).SetChangedAt(s.Clock.Now()).Modify(func(u *sql.UpdateBuilder) {
		if none {
			u.Set(messagequota.FieldRemaining, 0)
		} else {
			u.Add(messagequota.FieldRemaining, -1)
		}
	}).Exec(ctx)
	if err != nil {
		return wrap("spend an accepted message", err)
	}
	return notices.Reach(ctx, tx, row.AccountID)
}

// linkOf is the channel on which a mini-program's people are linked; empty for what is none.
func linkOf(ch messagequota.Channel) linkedaccount.Channel {
	for _, m := range messengers {
		if m.quota == ch {
			return m.link
		}
	}
	return ""
}

// forget forgets a phone that its provider no longer knows.
func (s *Service) forget(ctx context.Context, phone *ent.PushEndpoint) error {
	return s.write(ctx, jobSettle, func(ctx context.Context, tx *ent.Tx) error {
		if err := tx.PushEndpoint.DeleteOneID(phone.ID).Exec(ctx); err != nil && !ent.IsNotFound(err) {
			return wrap("forget a phone", err)
		}
		return notices.Reach(ctx, tx, phone.AccountID)
	})
}

// unexplained is the reason of a failure without a code.
const unexplained = "INTERNAL"

func codeOf(err error) string {
	if f := fault.As(err); f != nil {
		return f.Code()
	}
	return unexplained
}
