package dispute

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/chargedispute"
	"parkbff/ent/parkingsession"
	"parkbff/internal/billing"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
	"parkbff/internal/words"
)

const (
	longestWords = 500
	fieldWords   = "charge_dispute.words"
)

// Complaint is that a stay was charged wrongly.
type Complaint struct {
	IdempotencyKey string
	Session        int64 // its row
	Reason         chargedispute.Reason
	Words          string // the person's own, 1 to 500 characters
}

// Format prints "complaint" under every verb.
func (Complaint) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "complaint") }

// Open disputes what a stay has cost the asking driver, or is to cost. What the account has paid goes back at once up
// to the configured amount, where it gives a reason that can be looked up, owes nothing else for the stay, and has had
// nothing back so for 90 days; anything else waits for the lot. The same key disputes once.
//
// Errors: UNAUTHENTICATED, CONSENT_REQUIRED; NOT_FOUND for a stay that the viewer may not see; InvalidKey, KeyReused;
// InvalidWords; StayNotOver, NothingCharged, AlreadyDisputed.
func (s *Service) Open(ctx context.Context, c Complaint) (*Dispute, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver && v.Kind != viewer.Anonymous {
		return nil, fault.Forbidden
	}
	if err := entitlement.Require(v, entitlement.DisputeCharge, 0); err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.Vault, v, "dispute", c.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	complaint := strings.TrimSpace(c.Words)
	if complaint == "" || !words.Prose(complaint, longestWords) {
		return nil, InvalidWords.At("words")
	}
	stay, err := s.Stays.Stay(ctx, c.Session)
	switch {
	case err != nil:
		return nil, err
	case stay.State == parkingsession.StateOPEN:
		return nil, StayNotOver
	}
	sealed, err := s.Vault.SealString(ctx, vault.AccountKey(v.AccountID), fieldWords, complaint)
	if err != nil {
		return nil, fmt.Errorf("seal the words: %w", err)
	}
	var made *ent.ChargeDispute
	err = s.write(ctx, jobDispute, func(ctx context.Context, tx *ent.Tx) (err error) {
		made, err = s.open(ctx, tx, opening{v.AccountID, stay.Row, stay.LotID, c.Reason, sealed, key})
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.Dispute(ctx, made.ID)
}

// opening is a complaint that may be written down.
type opening struct {
	account, session, lot int64
	reason                chargedispute.Reason
	words                 vault.Sealed
	key                   []byte
}

func (s *Service) open(ctx context.Context, tx *ent.Tx, o opening) (*ent.ChargeDispute, error) {
	// Of two that come at once one is the first: what goes back at once goes so once.
	n, err := tx.Account.Update().Where(account.ID(o.account), account.ClosedAtIsNil()).
		Modify(store.Hold(account.FieldReachable)).Save(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("hold the account: %w", err)
	case n == 0:
		return nil, fault.Unauthenticated
	}
	known, err := tx.ChargeDispute.Query().Where(chargedispute.KeyHash(o.key)).Only(ctx)
	switch {
	case err == nil && (known.SessionID != o.session || known.Reason != o.reason):
		return nil, idempotent.KeyReused
	case err == nil:
		return known, nil
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for the dispute: %w", err)
	}
	before, err := tx.ChargeDispute.Query().
		Where(chargedispute.AccountID(o.account), chargedispute.SessionID(o.session)).Exist(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for another dispute: %w", err)
	case before:
		return nil, AlreadyDisputed
	}
	return s.charge(ctx, tx, o)
}

// charge writes a complaint down, and gives back at once what can be.
func (s *Service) charge(ctx context.Context, tx *ent.Tx, o opening) (*ent.ChargeDispute, error) {
	stay, err := tx.ParkingSession.Get(ctx, o.session)
	if err != nil {
		return nil, fmt.Errorf("read the disputed stay: %w", err)
	}
	owed := max(0, stay.FeeFen-stay.PaidFen-stay.DiscountedFen)
	paid, err := s.Money.PaidBy(ctx, tx, o.account, o.session)
	switch {
	case err != nil:
		return nil, err
	case owed+paid == 0:
		return nil, NothingCharged
	}
	instant := owed == 0 && paid <= s.InstantFen && o.reason != chargedispute.ReasonOTHER
	if instant {
		had, err := tx.ChargeDispute.Query().Where(chargedispute.AccountID(o.account), chargedispute.Instant(true),
			chargedispute.CreatedAtGT(s.Clock.Now().Add(-instantAgain))).Exist(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for what went back at once: %w", err)
		}
		instant = !had
	}
	now := s.Clock.Now()
	create := tx.ChargeDispute.Create().SetAccountID(o.account).SetSessionID(o.session).SetLotID(o.lot).SetReason(o.reason).
		SetWords(o.words).SetPaidFen(paid).SetOwedFen(owed).SetInstant(instant).SetKeyHash(o.key).SetCreatedAt(now).
		SetDueAt(s.dueBy(now))
	if instant {
		create.SetState(chargedispute.StateUPHELD).SetDecidedAt(now).SetReturnedFen(paid)
	}
	row, err := create.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("write the dispute: %w", err)
	}
	if !instant {
		return row, nil
	}
	return row, s.Money.GiveBack(ctx, tx, billing.GivingBack{
		DisputeID: row.ID, AccountID: o.account, SessionID: o.session, Fen: paid,
	})
}

// dueBy is the end of the fifth working day after t.
func (s *Service) dueBy(t time.Time) time.Time { return s.Calendar.AfterWorkingDays(t, decidedWithin) }
