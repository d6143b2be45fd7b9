package identity

import (
	"context"
	"fmt"
	"strings"

	"parkbff/ent"
	"parkbff/ent/predicate"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
	"parkbff/internal/words"
)

const maxNickname = 20 // characters

func inBindOrder() []vehiclebinding.OrderOption {
	return []vehiclebinding.OrderOption{vehiclebinding.ByBoundAt(), vehiclebinding.ByID()}
}

func verified(b *ent.VehicleBinding) bool {
	return b.Verification == vehiclebinding.VerificationPASSED
}

// Vehicles answers what the viewer's account has bound, in the order it was bound. Error: UNAUTHENTICATED.
func (s *Service) Vehicles(ctx context.Context) ([]*Vehicle, error) {
	return s.bindings(ctx, s.store.Client(ctx))
}

// Vehicle answers one of them by the row of its binding. Errors: UNAUTHENTICATED, NOT_FOUND.
func (s *Service) Vehicle(ctx context.Context, bindingRow int64) (*Vehicle, error) {
	return s.binding(ctx, s.store.Client(ctx), vehiclebinding.ID(bindingRow))
}

type allVehicles struct{}

// VehicleOf answers one of them by the row of the vehicle, or nil when the viewer has it not bound. All
// of them are read at once and once per request, because it is asked for every row of a page.
func (s *Service) VehicleOf(ctx context.Context, vehicleID int64) (*Vehicle, error) {
	if _, bound := viewer.Of(ctx).Vehicle(vehicleID); !bound {
		return nil, nil
	}
	own, err := viewer.Once(ctx, allVehicles{}, s.Vehicles)
	if err != nil {
		return nil, err
	}
	for _, v := range own {
		if v.VehicleID == vehicleID {
			return v, nil
		}
	}
	return nil, nil
}

func (s *Service) binding(ctx context.Context, db *ent.Client, which predicate.VehicleBinding) (*Vehicle, error) {
	found, err := s.bindings(ctx, db, which)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound
	}
	return found[0], nil
}

func (s *Service) bindings(ctx context.Context, db *ent.Client, which ...predicate.VehicleBinding) ([]*Vehicle, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := db.VehicleBinding.Query().Where(which...).
		Where(vehiclebinding.AccountID(v.AccountID), vehiclebinding.EndedAtIsNil()).Order(inBindOrder()...).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read bindings: %w", err)
	}
	all := make([]*Vehicle, len(rows))
	for i, row := range rows {
		if all[i], err = s.opened(ctx, row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// opened is a binding with its values opened for its account.
func (s *Service) opened(ctx context.Context, row *ent.VehicleBinding) (*Vehicle, error) {
	owner := vault.AccountKey(row.AccountID)
	plate, err := s.vault.OpenString(ctx, owner, FieldPlate, row.Plate)
	if err != nil {
		return nil, err
	}
	v := &Vehicle{
		Row: row.ID, VehicleID: row.VehicleID, Plate: plate, PlateColor: cnid.Color(row.PlateColor),
		BoundAt: row.BoundAt, Verified: verified(row), CoDriven: row.Role == vehiclebinding.RoleCO_DRIVER,
		Messages:     messageSettings(row),
		Verification: Verification{Result: row.Verification, Method: row.VerificationMethod, CheckedAt: row.CheckedAt},
	}
	if row.VerificationReason != "" {
		v.Verification.Reason = &row.VerificationReason
	}
	if row.Nickname != nil {
		name, err := s.vault.OpenString(ctx, owner, fieldNickname, row.Nickname)
		if err != nil {
			return nil, err
		}
		v.Nickname = &name
	}
	return v, nil
}

// plateOf opens the plate of a binding as a value.
func (s *Service) plateOf(ctx context.Context, row *ent.VehicleBinding) (cnid.Plate, error) {
	text, err := s.vault.OpenString(ctx, vault.AccountKey(row.AccountID), FieldPlate, row.Plate)
	if err != nil {
		return cnid.Plate{}, err
	}
	return cnid.ParsePlate(text, cnid.Color(row.PlateColor))
}

// RenameVehicle gives a vehicle a name of the account's own; an empty one or none takes it away.
// Errors: UNAUTHENTICATED, NOT_FOUND, INVALID_NICKNAME.
func (s *Service) RenameVehicle(ctx context.Context, bindingRow int64, nickname *string) (*Vehicle, error) {
	v, err := entitled(ctx, entitlement.ManageProfile)
	if err != nil {
		return nil, err
	}
	name, err := tidyNickname(nickname)
	if err != nil {
		return nil, err
	}
	sealed, err := s.vault.Seal(ctx, vault.AccountKey(v.AccountID), fieldNickname, name)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, "rename a vehicle", func(ctx context.Context, tx *ent.Tx) error {
		change := tx.VehicleBinding.Update().
			Where(vehiclebinding.ID(bindingRow), vehiclebinding.AccountID(v.AccountID), vehiclebinding.EndedAtIsNil())
		if sealed == nil {
			change.ClearNickname()
		} else {
			change.SetNickname(sealed)
		}
		renamed, err := change.Save(ctx)
		if err == nil && renamed == 0 {
			return fault.NotFound
		}
		if err != nil {
			return fmt.Errorf("rename the vehicle: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.binding(ctx, s.store.Fresh(ctx), vehiclebinding.ID(bindingRow))
}

// tidyNickname answers the name without surrounding space, or nil for none.
func tidyNickname(nickname *string) ([]byte, error) {
	name, err := tidyText(nickname, maxNickname, InvalidNickname)
	if err != nil || name == nil || *name == "" {
		return nil, err
	}
	return []byte(*name), nil
}

// tidyName answers a name without surrounding space, and whether it is printable and short enough.
func tidyName(name string, most int) (tidy string, ok bool) {
	name = strings.TrimSpace(name)
	return name, words.Line(name, most)
}
