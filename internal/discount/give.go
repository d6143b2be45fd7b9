package discount

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/merchantcontingent"
	"parkbff/ent/voucher"
	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Exhausted is answered when a merchant can give none of a contingent now.
var Exhausted = fault.New("MERCHANT_CONTINGENT_EXHAUSTED", "None is left of this contingent, or none today, or it is not its time.").At("contingentId")

const (
	// codeHolds is how long the code of a discount waits for its stay, a customer at the counter.
	codeHolds = 10 * time.Minute
	// givenHolds is how long a discount waits to be used, and so the longest that a piece of the contingent is kept.
	givenHolds = 24 * time.Hour
)

// Gift is a discount that a merchant gives.
type Gift struct {
	IdempotencyKey string
	Contingent     int64 // its row
}

// GiftCode is by what a customer takes a discount.
type GiftCode struct {
	Code      string
	ExpiresAt time.Time // when it is good no more, unless it was applied
}

// Give takes a discount out of a contingent for whoever is shown its code, within ten minutes (R034). It is for staff of
// the store. The same key gives it once.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND; idempotent.InvalidKey, KeyReused, Exhausted.
func (s *Service) Give(ctx context.Context, g Gift) (*GiftCode, error) {
	row, err := s.give(ctx, g, 0)
	if err != nil {
		return nil, err
	}
	return &GiftCode{s.giftCode(row.ID), row.CreatedAt.Add(codeHolds)}, nil
}

// GiveToPlate gives a discount to the car of a plate that owes something in the contingent's lot, and tells whether one
// was: not to an absent, free, paid or protected car, of which nobody learns which. What was not given is not counted,
// but the question is, as a stranger's quote. It is for staff of the store. The same key gives it once.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND; idempotent.InvalidKey, KeyReused, Exhausted; the faults of a plate; RATE_LIMITED.
func (s *Service) GiveToPlate(ctx context.Context, g Gift, plate string, color cnid.Color) (taken bool, err error) {
	from, v, err := s.own(ctx, g.Contingent)
	if err != nil {
		return false, err
	}
	key, err := idempotent.Hash(s.vault, v, "gift", g.IdempotencyKey)
	if err != nil {
		return false, err
	}
	system := viewer.AsSystem(ctx, jobGrant)
	known, err := s.store.Fresh(ctx).Voucher.Query().Where(voucher.KeyHash(key)).Exist(system)
	if err != nil {
		return false, fmt.Errorf("look for the discount: %w", err)
	}
	var session int64
	if !known {
		if _, err := s.available(system, s.store.Fresh(ctx), from.ID); err != nil { // whatever car it is
			return false, err
		}
		if session, err = s.lots.OwedBy(ctx, plate, color, from.LotID); err != nil || session == 0 {
			return false, err
		}
	}
	_, err = s.give(ctx, g, session)
	if errors.Is(err, Unusable) {
		return false, nil
	}
	return err == nil, err
}

// give takes a voucher out of a contingent, for a stay or, with none, for whoever is told its code. Error also: Unusable
// for a stay that has had its share.
func (s *Service) give(ctx context.Context, g Gift, session int64) (*ent.Voucher, error) {
	from, v, err := s.own(ctx, g.Contingent)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "gift", g.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	var row *ent.Voucher
	err = s.write(ctx, jobGrant, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.Voucher.Query().Where(voucher.KeyHash(key)).Only(ctx)
		switch {
		case err == nil && *row.ContingentID != from.ID:
			return idempotent.KeyReused
		case err == nil:
			return nil
		case !ent.IsNotFound(err):
			return fmt.Errorf("look for the discount: %w", err)
		}
		if from, err = s.takePiece(ctx, tx, from.ID); err != nil {
			return err
		}
		now := s.clock.Now()
		made := create(tx, from.LotID, given(from)).SetSource(voucher.SourceMERCHANT).SetContingentID(from.ID).SetStaffID(v.StaffID).
			SetKeyHash(key).SetCreatedAt(now).SetExpiresAt(now.Add(givenHolds))
		if session != 0 {
			if err := hasShare(ctx, tx, from, session); err != nil {
				return err
			}
			made.SetSessionID(session)
		}
		row, err = made.Save(ctx)
		switch {
		case store.IsDuplicate(err):
			return store.Retry(fmt.Errorf("the discount has just been given: %w", err))
		case err != nil:
			return fmt.Errorf("write the discount: %w", err)
		}
		return tx.Voucher.UpdateOne(row).SetCodeHash(s.giftHash(s.giftCode(row.ID))).Exec(ctx)
	})
	return row, err
}

// own reads a contingent for staff of its store.
func (s *Service) own(ctx context.Context, row int64) (*ent.MerchantContingent, *viewer.Viewer, error) {
	v := viewer.Of(ctx)
	switch {
	case v.Kind == viewer.Anonymous:
		return nil, nil, fault.Unauthenticated
	case v.Kind != viewer.Staff || len(v.Stores) == 0:
		return nil, nil, fault.Forbidden
	}
	found, err := s.store.Fresh(ctx).MerchantContingent.Query().
		Where(merchantcontingent.ID(row), merchantcontingent.StoreIDIn(v.StoreIDs()...)).Only(ctx)
	switch {
	case store.IsUnseen(err):
		return nil, nil, fault.NotFound
	case err != nil:
		return nil, nil, fmt.Errorf("read the contingent: %w", err)
	}
	return found, v, nil
}

// takePiece takes one out of a contingent, which is held until the commit: of givers at one moment the second counts what
// the first has given.
func (s *Service) takePiece(ctx context.Context, tx *ent.Tx, row int64) (*ent.MerchantContingent, error) {
	from, err := s.available(ctx, tx.Client(), row)
	if err != nil {
		return nil, err
	}
	n, err := tx.MerchantContingent.Update().Where(merchantcontingent.ID(row), merchantcontingent.Pieces(from.Pieces)).AddPieces(-1).Save(ctx)
	return from, store.ChangedOne(n, err, "take one of the contingent")
}

// available answers a contingent of which one may be given now. Error: Exhausted.
func (s *Service) available(ctx context.Context, db *ent.Client, row int64) (*ent.MerchantContingent, error) {
	from, err := db.MerchantContingent.Get(ctx, row)
	now := s.clock.Now()
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the contingent: %w", err)
	case from.Pieces == 0 || now.Before(from.StartsAt) || !now.Before(from.EndsAt):
		return nil, Exhausted
	}
	today, err := db.Voucher.Query().
		Where(voucher.ContingentID(row), voucher.CreatedAtGTE(midnight(now)), voucher.StateNEQ(voucher.StateREVOKED)).Count(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("count what was given today: %w", err)
	case today >= from.MostPerDay:
		return nil, Exhausted
	}
	return from, nil
}

// midnight begins the day in Shanghai that a moment is of, in UTC.
func midnight(at time.Time) time.Time {
	year, month, day := at.In(clock.Shanghai).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, clock.Shanghai).UTC()
}

// hasShare refuses a stay that was given as much of a contingent as one may be. The contingent is held.
func hasShare(ctx context.Context, tx *ent.Tx, of *ent.MerchantContingent, session int64) error {
	n, err := tx.Voucher.Query().
		Where(voucher.ContingentID(of.ID), voucher.SessionID(session), voucher.StateNEQ(voucher.StateREVOKED)).Count(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("count what the stay was given: %w", err)
	case n >= of.MostPerStay:
		return Unusable.At("code")
	}
	return nil
}

// Apply gives a merchant's discount to a stay that the viewer may see, by the code that the merchant has shown: whatever
// order of the stay comes next takes it off. Applied again to the same stay it is answered again. Of codes that do not
// fit nothing is said but that.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; NOT_FOUND; Unusable, RATE_LIMITED.
func (s *Service) Apply(ctx context.Context, session int64, code string) (*Voucher, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	byCode := voucher.CodeHash(s.giftHash(code))
	known, err := s.store.Fresh(ctx).Voucher.Query().Where(byCode).Only(viewer.AsSystem(ctx, jobGrant))
	switch {
	case ent.IsNotFound(err):
		return nil, Unusable.At("code")
	case err != nil:
		return nil, fmt.Errorf("read the discount: %w", err)
	case appliedBy(v, known, session):
		return s.opened(known), nil
	}
	takes, err := s.lots.Takes(ctx, session, known.LotID)
	switch {
	case err != nil:
		return nil, err
	case !takes:
		return nil, Unusable.At("code")
	}
	var row *ent.Voucher
	err = s.write(ctx, jobGrant, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.Voucher.Query().Where(byCode).WithContingent().Only(ctx)
		now := s.clock.Now()
		switch {
		case err != nil:
			return fmt.Errorf("read the discount: %w", err)
		case appliedBy(v, row, session):
			return nil
		case row.SessionID != nil || row.State != voucher.StateFREE || !now.Before(row.CreatedAt.Add(codeHolds)):
			return Unusable.At("code")
		}
		of := row.Edges.Contingent
		err = tx.MerchantContingent.Update().Where(merchantcontingent.ID(of.ID)).Modify(store.Hold(merchantcontingent.FieldPieces)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("hold the contingent: %w", err)
		}
		if err := hasShare(ctx, tx, of, session); err != nil {
			return err
		}
		n, err := tx.Voucher.Update().Where(voucher.ID(row.ID), voucher.SessionIDIsNil(), voucher.StateEQ(voucher.StateFREE)).
			SetSessionID(session).SetAccountID(v.AccountID).Save(ctx)
		return store.ChangedOne(n, err, "give the discount to the stay")
	})
	if err != nil {
		return nil, err
	}
	return s.opened(row), nil
}

func appliedBy(v *viewer.Viewer, row *ent.Voucher, session int64) bool {
	return row.SessionID != nil && *row.SessionID == session && row.AccountID != nil && *row.AccountID == v.AccountID
}

// giftCode is by what whoever is shown it takes a discount; a voucher of one's own has another kind of code.
func (s *Service) giftCode(row int64) string { return s.codeOf("merchant_code", row) }

func (s *Service) giftHash(code string) []byte { return s.hashOf("merchant_code_hash", code) }

// mostLapsed are given back in one transaction.
const mostLapsed = 500

// ReturnLapsed gives back to their contingents what merchants gave and nobody used: codes that were not applied in time,
// and discounts whose day is over.
func (s *Service) ReturnLapsed(ctx context.Context) error {
	return s.write(ctx, jobGrant, func(ctx context.Context, tx *ent.Tx) error {
		now := s.clock.Now()
		lapsed, err := tx.Voucher.Query().Where(
			voucher.ContingentIDNotNil(), voucher.StateEQ(voucher.StateFREE),
			voucher.Or(voucher.ExpiresAtLTE(now), voucher.And(voucher.SessionIDIsNil(), voucher.CreatedAtLTE(now.Add(-codeHolds)))),
		).Limit(mostLapsed).All(ctx)
		if err != nil {
			return fmt.Errorf("look for discounts that have lapsed: %w", err)
		}
		for _, row := range lapsed {
			n, err := tx.Voucher.Update().Where(voucher.ID(row.ID), voucher.StateEQ(voucher.StateFREE)).SetState(voucher.StateREVOKED).Save(ctx)
			if err := store.ChangedOne(n, err, "end the discount"); err != nil {
				return err
			}
			if err := tx.MerchantContingent.UpdateOneID(*row.ContingentID).AddPieces(1).Exec(ctx); err != nil {
				return fmt.Errorf("give one of the contingent back: %w", err)
			}
		}
		return nil
	})
}
