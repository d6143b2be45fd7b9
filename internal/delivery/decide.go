package delivery

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/delivery"
	"parkbff/ent/messagequota"
	"parkbff/ent/predicate"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/signin"
	"parkbff/ent/task"
	"parkbff/internal/outbox"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// decide decides over which channels a notice leaves, by the facts of this moment, and has it handed to each. A
// notice that was decided on stays so. A text is for those whom nothing else reaches.
func (s *Service) decide(ctx context.Context, job outbox.Job) error {
	ctx = viewer.AsSystem(ctx, jobDecide)
	a, dropped, err := s.address(ctx, job.AboutID)
	if err != nil || dropped != "" {
		return err
	}
	over, err := s.channelsFor(ctx, a)
	if err != nil {
		return err
	}
	if len(over) == 0 && s.texts(a) {
		over = append(over, delivery.ChannelSMS)
	}
	if len(over) == 0 {
		return nil
	}
	return s.write(ctx, jobDecide, func(ctx context.Context, tx *ent.Tx) error {
		open, err := hold(ctx, tx, a.told.AccountID)
		if err != nil || !open {
			return err
		}
		decided, err := tx.Delivery.Query().Where(delivery.NoticeID(a.told.ID)).Exist(ctx)
		if err != nil {
			return fmt.Errorf("look for deliveries: %w", err)
		}
		if decided {
			return nil
		}
		for _, ch := range over {
			if err := s.send(ctx, tx, a.told, ch); err != nil {
				return err
			}
		}
		return nil
	})
}

// texts tells whether a notice may be sent as a text at all.
func (s *Service) texts(a *addressed) bool {
	return s.Texter != nil && a.wantsOver(delivery.ChannelSMS) && s.Texter.Offers(a.told.Kind)
}

// channelsFor are the channels, other than texts, over which an account can be reached with a notice.
func (s *Service) channelsFor(ctx context.Context, a *addressed) (over []delivery.Channel, err error) {
	for _, p := range pushers {
		if s.Pushers[p.provider] == nil || !a.wantsOver(p.channel) {
			continue
		}
		phones, err := s.phones(ctx, a.told.AccountID, p.provider)
		if err != nil {
			return nil, err
		}
		if len(phones) > 0 {
			over = append(over, p.channel)
		}
	}
	for _, m := range messengers {
		messenger := s.Messengers[m.quota]
		if messenger == nil {
			continue
		}
		if _, offered := messenger.Template(a.told.Kind); !offered {
			continue
		}
		accepted, err := s.accepted(ctx, a.told, m.quota)
		if err != nil {
			return nil, err
		}
		if !accepted {
			continue
		}
		_, linked, err := s.People.SubjectOf(ctx, a.told.AccountID, m.link)
		if err != nil {
			return nil, err
		}
		if linked {
			over = append(over, m.channel)
		}
	}
	return over, nil
}

// phones are the places where the app reaches an account's person, of sign-ins that live, the newest first.
func (s *Service) phones(ctx context.Context, accountID int64, provider pushendpoint.Provider) ([]*ent.PushEndpoint, error) {
	rows, err := s.Store.Fresh(ctx).PushEndpoint.Query().
		Where(pushendpoint.AccountID(accountID), pushendpoint.ProviderEQ(provider), ofLiving(s.Clock.Now())).
		Order(ent.Desc(pushendpoint.FieldID)).Limit(phonesAtOnce).All(ctx)
	return rows, wrap("read phones", err)
}

// ofLiving holds for phones whose sign-in has neither ended nor expired.
func ofLiving(now time.Time) predicate.PushEndpoint {
	return func(s *sql.Selector) {
		living := sql.Table(signin.Table)
		s.Where(sql.In(s.C(pushendpoint.FieldSignInID), sql.Select(living.C(signin.FieldID)).From(living).
			Where(sql.And(sql.IsNull(living.C(signin.FieldRevokedAt)), sql.GT(living.C(signin.FieldExpiresAt), now)))))
	}
}

// accepted tells whether the person has accepted a message of the notice's kind that was not sent yet.
func (s *Service) accepted(ctx context.Context, told *ent.Notice, ch messagequota.Channel) (bool, error) {
	accepted, err := s.Store.Fresh(ctx).MessageQuota.Query().Where(messagequota.AccountID(told.AccountID),
		messagequota.ChannelEQ(ch), messagequota.KindEQ(messagequota.Kind(told.Kind)), messagequota.RemainingGT(0)).Exist(ctx)
	return accepted, wrap("read accepted messages", err)
}

// send has a notice handed to one channel.
func (s *Service) send(ctx context.Context, tx *ent.Tx, told *ent.Notice, ch delivery.Channel) error {
	row, err := tx.Delivery.Create().SetAccountID(told.AccountID).SetNoticeID(told.ID).SetKind(delivery.Kind(told.Kind)).
		SetChannel(ch).SetCreatedAt(s.Clock.Now()).Save(ctx)
	if store.IsDuplicate(err) {
		return store.Retry(err)
	}
	if err != nil {
		return fmt.Errorf("write a delivery: %w", err)
	}
	return s.Outbox.Put(ctx, tx, task.KindDELIVERY, row.ID, told.AccountID)
}

// hold holds an account that is not closed; false: it is.
func hold(ctx context.Context, tx *ent.Tx, accountID int64) (open bool, err error) {
	n, err := tx.Account.Update().Where(account.ID(accountID), account.ClosedAtIsNil()).
		Modify(store.Hold(account.FieldReachable)).Save(ctx)
	return n > 0, wrap("hold the account", err)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
