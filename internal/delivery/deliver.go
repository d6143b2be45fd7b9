package delivery

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"

	"parkbff/ent"
	"parkbff/ent/delivery"
	"parkbff/ent/messagequota"
	"parkbff/ent/pushendpoint"
	"parkbff/internal/outbox"
	"parkbff/internal/partner/message"
	"parkbff/internal/viewer"
)

// tries is how often a message is handed over before its channel counts as failed: with the pauses of the outbox
// between, about a quarter of an hour. It is less than what the outbox allows.
const tries = 10

// closed are the reasons of failures after which a delivery is never tried again, whoever asks for it.
var closed = []string{message.Gone.Code(), message.Quota.Code(), message.Unsure.Code()}

// keysGoodFor is how long every partner knows a key again.
const keysGoodFor = 12 * time.Hour

// dropped says that a delivery ends without having failed.
type dropped string

func (d dropped) Error() string { return "dropped: " + string(d) }

// deliver hands one notice to one channel, by the facts of this moment.
func (s *Service) deliver(ctx context.Context, job outbox.Job) error {
	ctx = viewer.AsSystem(ctx, jobHand)
	row, err := s.Store.Fresh(ctx).Delivery.Get(ctx, job.AboutID)
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return wrap("read the delivery", err)
	}
	switch row.State {
	case delivery.StateSENT, delivery.StateDROPPED:
		return nil
	case delivery.StateFAILED: // an operator has it tried again
		if slices.Contains(closed, row.Reason) {
			return nil
		}
		if s.Clock.Now().Sub(row.CreatedAt) > keysGoodFor {
			row.Progress = parseProgress(row.Progress).withoutKeys().text()
		}
	}
	a, reason, err := s.address(ctx, row.NoticeID)
	if err != nil {
		return err
	}
	if reason != "" {
		return s.settle(ctx, row, nil, job, dropped(reason))
	}
	if !a.wantsOver(row.Channel) {
		return s.settle(ctx, row, a, job, dropped(notWanted))
	}
	if until, waits := s.waits(a, row.Channel); waits {
		if until.Sub(a.told.OccurredAt) > newsFor {
			return s.settle(ctx, row, nil, job, dropped(tooLate))
		}
		return outbox.Postpone(until)
	}
	return s.settle(ctx, row, a, job, s.hand(ctx, row, a))
}

// waits answers until when a notice must wait.
func (s *Service) waits(a *addressed, over delivery.Channel) (until time.Time, waits bool) {
	if a.urgent() {
		return time.Time{}, false
	}
	now := s.Clock.Now()
	until = mayLeave(now, over, quietOf(a.account))
	return until, until.After(now)
}

func (s *Service) hand(ctx context.Context, row *ent.Delivery, a *addressed) error {
	words, err := wordsFor(a.to, a.notice)
	if err != nil {
		return err
	}
	for _, p := range pushers {
		if p.channel == row.Channel {
			return s.push(ctx, row, p.provider, s.pushOf(a.notice, words))
		}
	}
	for _, m := range messengers {
		if m.channel == row.Channel {
			return s.handToMini(ctx, row, a, m.quota, words)
		}
	}
	return s.text(ctx, row, a, words)
}

// handToMini sends a message to the person of a mini-program, if one is accepted.
func (s *Service) handToMini(ctx context.Context, row *ent.Delivery, a *addressed, ch messagequota.Channel, words message.Words) error {
	messenger := s.Messengers[ch]
	if messenger == nil {
		return dropped(notOffered)
	}
	if _, offered := messenger.Template(a.told.Kind); !offered {
		return dropped(notOffered)
	}
	return s.once(ctx, row, func() error {
		accepted, err := s.accepted(ctx, a.told, ch)
		if err != nil {
			return err
		}
		if !accepted {
			return message.Quota
		}
		link := linkOf(ch)
		subject, linked, err := s.People.SubjectOf(ctx, row.AccountID, link)
		if err != nil {
			return err
		}
		if !linked {
			return dropped(linkGone)
		}
		return messenger.Send(ctx, subject, a.told.Kind, words)
	})
}

// once hands a message to a channel that would not know it again. That it may have left is noted before, and
// taken back when it is known that it was not taken: should the program die between, it is not sent twice.
func (s *Service) once(ctx context.Context, row *ent.Delivery, send func() error) error {
	if parseProgress(row.Progress).left {
		return message.Unsure
	}
	if err := s.note(ctx, row, progress{left: true}); err != nil {
		return err
	}
	err := send()
	if message.Again(err) {
		return errors.Join(err, s.note(ctx, row, progress{}))
	}
	return err
}

// note keeps how far a delivery has come, before its next step.
func (s *Service) note(ctx context.Context, row *ent.Delivery, p progress) error {
	text := p.text()
	if text == row.Progress && row.State == delivery.StateWAITING {
		return nil
	}
	err := s.write(ctx, jobHand, func(ctx context.Context, tx *ent.Tx) error {
		return tx.Delivery.Update().Where(delivery.ID(row.ID)).SetState(delivery.StateWAITING).SetProgress(text).
			ClearReason().ClearSettledAt().Exec(ctx)
	})
	if err == nil {
		row.Progress, row.State = text, delivery.StateWAITING
	}
	return wrap("note how far a delivery has come", err)
}

// name is what partners may know a delivery by: it tells nothing of the row, and nobody else can make it.
func (s *Service) name(row *ent.Delivery, phone int64) string {
	return hex.EncodeToString(s.Vault.Index("delivery", strconv.FormatInt(row.ID, 10)+"|"+strconv.FormatInt(phone, 10)))
}

// phonesAtOnce bounds the phones of one person that a message goes to.
const phonesAtOnce = 10

// push shows a notification on each phone of an account, once. It was taken when one phone's was; phones that
// are gone are forgotten.
func (s *Service) push(ctx context.Context, row *ent.Delivery, provider pushendpoint.Provider, p message.Push) error {
	pusher := s.Pushers[provider]
	if pusher == nil {
		return dropped(notOffered)
	}
	phones, err := s.phones(ctx, row.AccountID, provider)
	if err != nil {
		return err
	}
	so := parseProgress(row.Progress)
	if err := s.takeKeys(ctx, row, pusher, phones, so); err != nil {
		return err
	}
	var failed error
	for _, phone := range phones {
		if so.keys[phone.ID] == isTaken {
			continue
		}
		err := s.pushTo(ctx, pusher, so.keys[phone.ID], phone, p)
		if err == nil {
			so.keys[phone.ID] = isTaken
			continue
		}
		failed = worse(failed, err)
	}
	switch {
	case so.taken() && !message.Again(failed):
		return nil
	case failed == nil:
		return dropped(deviceGone)
	}
	return errors.Join(failed, s.note(ctx, row, so))
}

// takeKeys keeps a key for each phone before anything is sent.
func (s *Service) takeKeys(ctx context.Context, row *ent.Delivery, pusher Pusher, phones []*ent.PushEndpoint, so progress) error {
	for _, phone := range phones {
		if so.keys[phone.ID] != "" {
			continue
		}
		key, err := pusher.Key(ctx, s.name(row, phone.ID))
		if err != nil {
			return err
		}
		so.keys[phone.ID] = key
	}
	return s.note(ctx, row, so)
}

func (s *Service) pushTo(ctx context.Context, pusher Pusher, key string, phone *ent.PushEndpoint, p message.Push) (err error) {
	if p.To, err = s.openToken(ctx, phone); err != nil {
		return err
	}
	err = pusher.Push(ctx, key, p)
	if errors.Is(err, message.Gone) {
		return errors.Join(err, s.forget(ctx, phone))
	}
	return err
}

// worse is of two failures the one that decides what follows: another try before none.
func worse(one, other error) error {
	if one == nil || message.Again(other) {
		return other
	}
	return one
}
