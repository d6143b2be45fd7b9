package mall

import (
	"context"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parkbff/ent"
	"parkbff/ent/mallorder"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// codeBytes are too many to be guessed.
const codeBytes = 10

var codeText = base32.NewEncoding("ABCDEFGHJKMNPQRSTUVWXYZ234567890").WithPadding(base32.NoPadding)

// code is by what whoever has an order collects it. It is made of the row, and so never kept.
func (s *Service) code(row int64) string {
	return codeText.EncodeToString(s.vault.Index("mall_code", strconv.FormatInt(row, 10))[:codeBytes])
}

// codeHash finds an order by its code, however it was typed.
func (s *Service) codeHash(code string) []byte {
	return s.vault.Index("mall_code_hash", strings.ToUpper(strings.TrimSpace(code)))
}

// HandedOver is what staff of a store are told of an order: what it is, and nobody's name.
type HandedOver struct {
	ItemName string
	At       time.Time
}

// HandOver notes that the item of a code was handed over, once. It is for staff of the store.
//
// Errors: UNAUTHENTICATED, FORBIDDEN; CodeUnusable, alike for codes that are none, are another store's, were cancelled or have
// run out; AlreadyHanded.
func (s *Service) HandOver(ctx context.Context, code string) (*HandedOver, error) {
	v := viewer.Of(ctx)
	switch {
	case v.Kind == viewer.Anonymous:
		return nil, fault.Unauthenticated
	case v.Kind != viewer.Staff || len(v.Stores) == 0:
		return nil, fault.Forbidden
	}
	var done *HandedOver
	err := s.write(ctx, jobHand, func(ctx context.Context, tx *ent.Tx) error {
		of, err := tx.MallOrder.Query().Where(mallorder.CodeHash(s.codeHash(code)), mallorder.StoreIDIn(v.StoreIDs()...)).Only(ctx)
		now := s.clock.Now()
		switch {
		case ent.IsNotFound(err):
			return CodeUnusable
		case err != nil:
			return fmt.Errorf("read the order: %w", err)
		case of.State == mallorder.StateHANDED_OVER:
			return AlreadyHanded.At("code")
		case of.State != mallorder.StatePAID || !now.Before(of.ExpiresAt):
			return CodeUnusable
		}
		n, err := tx.MallOrder.Update().Where(mallorder.ID(of.ID), mallorder.StateEQ(mallorder.StatePAID)).
			SetState(mallorder.StateHANDED_OVER).SetHandedOverAt(now).SetStaffID(v.StaffID).Save(ctx)
		done = &HandedOver{of.Name, now}
		return store.ChangedOne(n, err, "hand the item over")
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}
