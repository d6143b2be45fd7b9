package payout

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/payoutaccount"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/privacy"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Card is a bank card that an account wants to be paid to.
type Card struct {
	Number string // 12 to 19 digits; spaces and dashes may stand between them
	Bank   string // its name, 60 characters at most
}

// Format prints "card" under every verb.
func (Card) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "card") }

// Account is to which card an account is paid, for that account. Instants are UTC.
type Account struct {
	Bank       string
	CardNumber string // masked
	Holder     string // masked
	Since      time.Time
	Refused    bool // the bank has refused the card: nothing is paid until it is set anew
}

// Format prints "payout account" under every verb: its values are personal.
func (Account) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, accountWord) }

// LogValue keeps its values out of structured logs.
func (Account) LogValue() slog.Value { return slog.StringValue(accountWord) }

const accountWord = "payout account"

// Set makes a card the one to which the asking driver's account is paid, from the next day on. It must be of the person
// whom the documents of a bay that the account shares name: the bank holds that name against the card (R079).
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; NotOffered; InvalidCard, InvalidBank; NoSpace.
func (s *Service) Set(ctx context.Context, c Card) (*Account, error) {
	v, err := sharer(ctx)
	switch {
	case err != nil:
		return nil, err
	case s.Bank == nil:
		return nil, NotOffered
	}
	var to payee
	if to.Card, err = parseCard(c.Number); err != nil {
		return nil, err
	}
	if to.Bank, err = parseBank(c.Bank); err != nil {
		return nil, err
	}
	if to.Holder, err = s.Owners.OwnerName(viewer.AsSystem(ctx, jobSet), v.AccountID); err != nil {
		return nil, err
	}
	if to.Holder == "" {
		return nil, NoSpace
	}
	if err := s.keep(ctx, v.AccountID, to); err != nil {
		return nil, err
	}
	return s.Account(ctx)
}

// sharer answers the asking driver, who may share bays.
func sharer(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver && v.Kind != viewer.Anonymous {
		return nil, fault.Forbidden
	}
	return v, entitlement.Require(v, entitlement.ShareSpace, 0)
}

func (s *Service) keep(ctx context.Context, accountID int64, to payee) error {
	sealed, err := s.sealed(ctx, accountID, fieldAccount, to)
	if err != nil {
		return err
	}
	return s.write(ctx, jobSet, func(ctx context.Context, tx *ent.Tx) error {
		now := s.Clock.Now()
		n, err := tx.PayoutAccount.Update().Where(payoutaccount.AccountID(accountID)).
			SetPayee(sealed).SetSetAt(now).ClearRefusedAt().SetDueAt(tomorrow(now)).Save(ctx)
		if err != nil {
			return fmt.Errorf("change the payout account: %w", err)
		}
		if n == 1 {
			return nil
		}
		err = tx.PayoutAccount.Create().SetAccountID(accountID).SetPayee(sealed).SetSetAt(now).SetDueAt(tomorrow(now)).SetCreatedAt(now).Exec(ctx)
		switch {
		case store.IsDuplicate(err):
			return store.Retry(fmt.Errorf("it has just been set: %w", err))
		case err != nil:
			return fmt.Errorf("keep the payout account: %w", err)
		}
		return nil
	})
}

// Remove forgets the card of the asking driver's account. What a settlement is paying already, it pays. Without a card
// nothing happens. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) Remove(ctx context.Context) error {
	v := viewer.Of(ctx)
	switch v.Kind {
	case viewer.Driver:
	case viewer.Anonymous:
		return fault.Unauthenticated
	default:
		return fault.Forbidden
	}
	return s.write(ctx, jobSet, func(ctx context.Context, tx *ent.Tx) error {
		_, err := tx.PayoutAccount.Delete().Where(payoutaccount.AccountID(v.AccountID)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("remove the payout account: %w", err)
		}
		return nil
	})
}

// Account answers to which card the asking driver's account is paid, or nil. Others have none. Errors: CONSENT_REQUIRED.
func (s *Service) Account(ctx context.Context) (*Account, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return nil, nil
	}
	if err := entitlement.Require(v, entitlement.ShareSpace, 0); err != nil {
		return nil, err
	}
	row, err := s.Store.Fresh(ctx).PayoutAccount.Query().Where(payoutaccount.AccountID(v.AccountID)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the payout account: %w", err)
	}
	to, err := s.opened(ctx, row.AccountID, fieldAccount, row.Payee)
	if err != nil {
		return nil, err
	}
	return &Account{
		Bank: to.Bank, CardNumber: privacy.BankAccount(to.Card), Holder: privacy.PersonName(to.Holder), Since: row.SetAt,
		Refused: row.RefusedAt != nil,
	}, nil
}
