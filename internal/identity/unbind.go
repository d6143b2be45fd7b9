package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/ent/sessionaccess"
	"parkbff/ent/vehicle"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/fault"
)

// UnbindPlate unbinds a vehicle, whatever its stays or debts. With it goes the consent to movement data,
// the account's view of the vehicle's stays other than those it paid, the protection of the plate, and its
// co-drivers.
// Errors: UNAUTHENTICATED, NOT_FOUND.
func (s *Service) UnbindPlate(ctx context.Context, bindingRow int64) error {
	v, err := driver(ctx)
	if err != nil {
		return err
	}
	err = s.write(ctx, "unbind a plate", func(ctx context.Context, tx *ent.Tx) error {
		b, err := boundRow(ctx, tx, v.AccountID, bindingRow)
		if err != nil {
			return err
		}
		if _, err := holdVehicle(ctx, tx, b.VehicleID); err != nil {
			return err
		}
		if err := s.release(ctx, tx, b, vehiclebinding.EndReasonUNBOUND); err != nil {
			return err
		}
		return s.disown(ctx, tx, b)
	})
	if err != nil {
		return err
	}
	return s.renew(ctx, v.AccountID, v.SignInID)
}

// boundRow finds an account's binding that holds. Error: NOT_FOUND.
func boundRow(ctx context.Context, tx *ent.Tx, accountID, bindingRow int64) (*ent.VehicleBinding, error) {
	row, err := tx.VehicleBinding.Query().
		Where(vehiclebinding.ID(bindingRow), vehiclebinding.AccountID(accountID), vehiclebinding.EndedAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the binding: %w", err)
	}
	return row, nil
}

// release ends a binding and all that rests on it. Stays the account paid for stay visible to it.
func (s *Service) release(ctx context.Context, tx *ent.Tx, b *ent.VehicleBinding, why vehiclebinding.EndReason) error {
	now := s.clock.Now()
	if err := tx.VehicleBinding.UpdateOneID(b.ID).SetEndedAt(now).SetEndReason(why).Exec(ctx); err != nil {
		return fmt.Errorf("end the binding: %w", err)
	}
	// The consent ends with what it was given for; only the person takes one back.
	err := tx.Consent.Update().Where(consent.AccountID(b.AccountID), consent.VehicleID(b.VehicleID),
		consent.PurposeEQ(consent.PurposeMOVEMENT_TRACK), consent.WithdrawnAtIsNil(), consent.EndedAtIsNil()).
		SetEndedAt(now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end the consent: %w", err)
	}
	if err := loseSight(ctx, tx, b.AccountID, b.VehicleID); err != nil {
		return err
	}
	s.accountChanged(ctx, b.AccountID)
	return nil
}

// loseSight takes from an account the view of a vehicle's stays, other than those it paid for.
func loseSight(ctx context.Context, tx *ent.Tx, accountID, vehicleID int64) error {
	_, err := tx.SessionAccess.Delete().Where(sessionaccess.AccountID(accountID),
		sessionaccess.VehicleID(vehicleID), sessionaccess.Paid(false)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("withdraw the view of stays: %w", err)
	}
	err = tx.SessionAccess.Update().Where(sessionaccess.AccountID(accountID),
		sessionaccess.VehicleID(vehicleID), sessionaccess.Bound(true)).SetBound(false).Exec(ctx)
	if err != nil {
		return fmt.Errorf("loosen the view of stays: %w", err)
	}
	return nil
}

// disown ends the protection of a plate that the account of the binding has verified, if it has, and takes
// the vehicle from everyone whom that account had invited.
func (s *Service) disown(ctx context.Context, tx *ent.Tx, b *ent.VehicleBinding) error {
	disowned, err := tx.Vehicle.Update().Where(vehicle.ID(b.VehicleID), vehicle.OwnerAccountID(b.AccountID)).
		ClearOwnerAccountID().Save(ctx)
	if err != nil {
		return fmt.Errorf("end the protection: %w", err)
	}
	if disowned == 0 {
		return nil
	}
	return s.dismissGuests(ctx, tx, b.AccountID, b.VehicleID, 0)
}
