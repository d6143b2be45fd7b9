package discount

import (
	"context"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parkbff/ent"
	"parkbff/ent/voucher"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Grant is a voucher that a manager gives out.
type Grant struct {
	IdempotencyKey string
	LotCode        string
	Terms          Terms
	HoldsDays      int
}

// Granted is a voucher and the code by which whoever holds it uses it.
type Granted struct {
	Voucher *Voucher
	Code    string
}

const mostDays = 366

// Grant gives a voucher out for a lot, to whoever is told its code. It is for managers of the lot. The same key gives
// out the same voucher once.
//
// Errors: UnknownLot; UNAUTHENTICATED, FORBIDDEN; idempotent.InvalidKey, KeyReused, InvalidVoucher.
func (s *Service) Grant(ctx context.Context, g Grant) (*Granted, error) {
	lot, ok := s.lots.Lot(g.LotCode)
	if !ok {
		return nil, UnknownLot
	}
	v, err := viewer.ManagerOf(ctx, lot.Row)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "grant", g.IdempotencyKey)
	switch {
	case err != nil:
		return nil, err
	case !g.Terms.valid() || g.HoldsDays < 1 || g.HoldsDays > mostDays:
		return nil, InvalidVoucher
	}
	now := s.clock.Now()
	var row *ent.Voucher
	err = s.write(ctx, jobGrant, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.Voucher.Query().Where(voucher.KeyHash(key)).Only(ctx)
		switch {
		case err == nil && (row.LotID != lot.Row || termsOf(row) != g.Terms || !row.ExpiresAt.Equal(expiry(row.CreatedAt, g.HoldsDays))):
			return idempotent.KeyReused
		case err == nil:
			return nil
		case !ent.IsNotFound(err):
			return fmt.Errorf("look for the voucher: %w", err)
		}
		row, err = create(tx, lot.Row, g.Terms).SetSource(voucher.SourceGRANTED).SetStaffID(v.StaffID).SetKeyHash(key).
			SetCreatedAt(now).SetExpiresAt(expiry(now, g.HoldsDays)).Save(ctx)
		switch {
		case store.IsDuplicate(err):
			return store.Retry(fmt.Errorf("the voucher has just been given out: %w", err))
		case err != nil:
			return fmt.Errorf("write the voucher: %w", err)
		}
		return tx.Voucher.UpdateOne(row).SetCodeHash(s.codeHash(s.code(row.ID))).Exec(ctx)
	})
	if err != nil {
		return nil, err
	}
	return &Granted{s.opened(row), s.code(row.ID)}, nil
}

func create(tx *ent.Tx, lotID int64, t Terms) *ent.VoucherCreate {
	return tx.Voucher.Create().SetLotID(lotID).SetKind(t.Kind).SetFen(t.Fen).SetMinutes(t.Minutes)
}

func termsOf(row *ent.Voucher) Terms { return Terms{row.Kind, row.Fen, row.Minutes} }

func expiry(from time.Time, days int) time.Time { return from.AddDate(0, 0, days) }

// Claim puts a voucher into the account of whoever holds its code; from then on it is used by its id. Claimed again
// by the same account it is answered again. Errors: UNAUTHENTICATED, FORBIDDEN, FACT_REQUIRED, CONSENT_REQUIRED;
// Unusable.
func (s *Service) Claim(ctx context.Context, code string) (*Voucher, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	var row *ent.Voucher
	err = s.write(ctx, jobGrant, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.Voucher.Query().Where(voucher.CodeHash(s.codeHash(code))).Only(ctx)
		switch {
		case ent.IsNotFound(err):
			return Unusable.At("code")
		case err != nil:
			return fmt.Errorf("read the voucher: %w", err)
		case row.AccountID != nil && *row.AccountID == v.AccountID:
			return nil
		case row.AccountID != nil || row.State != voucher.StateFREE || !s.clock.Now().Before(row.ExpiresAt):
			return Unusable.At("code")
		}
		n, err := tx.Voucher.Update().Where(voucher.ID(row.ID), voucher.AccountIDIsNil(), voucher.StateEQ(voucher.StateFREE)).
			SetAccountID(v.AccountID).Save(ctx)
		return store.ChangedOne(n, err, "claim the voucher")
	})
	if err != nil {
		return nil, err
	}
	return s.opened(row), nil
}

// driver answers the viewer, if they have an account that may use vouchers.
func driver(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver && v.Kind != viewer.Anonymous {
		return nil, fault.Forbidden
	}
	return v, entitlement.Require(v, entitlement.Vouchers, 0)
}

// codeBytes are too many to be guessed.
const codeBytes = 10

var codeText = base32.NewEncoding("ABCDEFGHJKMNPQRSTUVWXYZ234567890").WithPadding(base32.NoPadding)

// code is by what whoever holds a voucher uses it. It is made of the row, and so never kept.
func (s *Service) code(row int64) string { return s.codeOf("voucher_code", row) }

func (s *Service) codeOf(purpose string, row int64) string {
	return codeText.EncodeToString(s.vault.Index(purpose, strconv.FormatInt(row, 10))[:codeBytes])
}

// codeHash finds a voucher by its code, however it was typed.
func (s *Service) codeHash(code string) []byte { return s.hashOf("voucher_code_hash", code) }

func (s *Service) hashOf(purpose, code string) []byte {
	return s.vault.Index(purpose, strings.ToUpper(strings.TrimSpace(code)))
}
