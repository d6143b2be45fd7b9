package delivery

import (
	"context"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/internal/fault"
	notices "parkbff/internal/notice"
)

const hourAndMinute = "15:04"

// Channels answers those of the asking person. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) Channels(ctx context.Context) (*Channels, error) {
	v, err := asker(ctx)
	if err != nil {
		return nil, err
	}
	return s.channels(ctx, v.AccountID)
}

// SetChannels sets what is not nil. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) SetChannels(ctx context.Context, push, sms *bool) (*Channels, error) {
	return s.set(ctx, func(change *ent.AccountUpdate) {
		change.SetNillablePushWanted(push).SetNillableSmsWanted(sms)
	})
}

// SetQuietHours sets them; nil takes them away. Errors: UNAUTHENTICATED, FORBIDDEN; INVALID_QUIET_HOURS.
func (s *Service) SetQuietHours(ctx context.Context, quiet *QuietHours) (*Channels, error) {
	if _, err := asker(ctx); err != nil {
		return nil, err
	}
	if quiet == nil {
		return s.set(ctx, func(change *ent.AccountUpdate) { change.ClearQuietFrom().ClearQuietUntil() })
	}
	from, okFrom := minuteOf(quiet.From)
	until, okUntil := minuteOf(quiet.Until)
	if !okFrom || !okUntil || from == until {
		return nil, InvalidQuiet
	}
	return s.set(ctx, func(change *ent.AccountUpdate) { change.SetQuietFrom(from).SetQuietUntil(until) })
}

func (s *Service) set(ctx context.Context, what func(*ent.AccountUpdate)) (*Channels, error) {
	v, err := asker(ctx)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, jobSetting, func(ctx context.Context, tx *ent.Tx) error {
		if open, err := hold(ctx, tx, v.AccountID); err != nil || !open {
			return err
		}
		change := tx.Account.Update().Where(account.ID(v.AccountID), account.ClosedAtIsNil())
		what(change)
		if err := change.Exec(ctx); err != nil {
			return wrap("set how messages come", err)
		}
		return notices.Reach(ctx, tx, v.AccountID)
	})
	if err != nil {
		return nil, err
	}
	return s.channels(ctx, v.AccountID)
}

func (s *Service) channels(ctx context.Context, accountID int64) (*Channels, error) {
	row, err := s.Store.Client(ctx).Account.Query().Where(account.ID(accountID), account.ClosedAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, wrap("read how messages come", err)
	}
	c := &Channels{Push: row.PushWanted, SMS: row.SmsWanted}
	if quiet := quietOf(row); quiet != nil {
		c.QuietHours = &QuietHours{From: timeOfDay(quiet.from), Until: timeOfDay(quiet.until)}
	}
	return c, nil
}

func minuteOf(text string) (minute int, ok bool) {
	at, err := time.Parse(hourAndMinute, text)
	return at.Hour()*60 + at.Minute(), err == nil && len(text) == len(hourAndMinute)
}

func timeOfDay(minute int) string {
	return time.Time{}.Add(time.Duration(minute) * time.Minute).Format(hourAndMinute)
}
