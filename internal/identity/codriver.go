package identity

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"parkbff/ent"
	"parkbff/ent/codriverinvitation"
	"parkbff/ent/consent"
	"parkbff/ent/notice"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

const (
	invitationBytes = 10 // 80 bits: nobody guesses one, so tries need not be counted
	invitationGroup = 4  // characters between two hyphens
	invitationLife  = day
	// maxCoDrivers is how many co-drivers a vehicle has, and how many invitations are open at a time.
	maxCoDrivers = 5
)

// Invitation lets whoever has its code bind a vehicle. The code is in four groups of base32 (RFC 4648
// section 6); case, spaces and hyphens do not matter.
type Invitation struct {
	Code      string
	ExpiresAt time.Time
}

// Format prints "invitation" whatever the verb.
func (Invitation) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "invitation") }

// InviteCoDriver makes an invitation to a vehicle that the viewer has verified (P17). Only a keyed hash of
// its code is kept; it is good once, for 24 hours, and ends with the viewer's ownership.
//
// Errors: UNAUTHENTICATED; NOT_FOUND; FACT_REQUIRED{fact, nextStep}, to co-drivers too; TOO_MANY_CO_DRIVERS.
func (s *Service) InviteCoDriver(ctx context.Context, bindingRow int64) (Invitation, error) {
	v, err := driver(ctx)
	if err != nil {
		return Invitation{}, err
	}
	car, err := s.Vehicle(ctx, bindingRow)
	if err != nil {
		return Invitation{}, err
	}
	if err := entitlement.Require(v, entitlement.InviteCoDriver, car.VehicleID); err != nil {
		return Invitation{}, err
	}
	code, err := s.drawInvitation()
	if err != nil {
		return Invitation{}, err
	}
	made := Invitation{Code: code, ExpiresAt: s.clock.Now().Add(invitationLife)}
	err = s.write(ctx, "invite a co-driver", func(ctx context.Context, tx *ent.Tx) error {
		return s.keepInvitation(ctx, tx, v.AccountID, car.VehicleID, made)
	})
	if err != nil {
		return Invitation{}, err
	}
	return made, nil
}

func (s *Service) drawInvitation() (string, error) {
	drawn := make([]byte, invitationBytes)
	if _, err := io.ReadFull(s.random, drawn); err != nil {
		return "", fmt.Errorf("draw an invitation: %w", err)
	}
	groups := slices.Collect(slices.Chunk([]byte(base32.StdEncoding.EncodeToString(drawn)), invitationGroup))
	parts := make([]string, len(groups))
	for i, group := range groups {
		parts[i] = string(group)
	}
	return strings.Join(parts, "-"), nil
}

// invitationHash is the keyed hash of a code however it was typed.
func (s *Service) invitationHash(code string) []byte {
	return s.vault.Index("co_driver_invitation", strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code)))
}

// keepInvitation drops the vehicle's invitations that are over, so that those left without an answer are open.
func (s *Service) keepInvitation(ctx context.Context, tx *ent.Tx, accountID, vehicleID int64, made Invitation) error {
	car, err := holdVehicle(ctx, tx, vehicleID)
	if err != nil {
		return err
	}
	if !ownedBy(car, accountID) {
		return fault.NotFound
	}
	now, ofCar := s.clock.Now(), invitationsTo(accountID, vehicleID)
	if _, err := tx.CoDriverInvitation.Delete().Where(ofCar, codriverinvitation.ExpiresAtLTE(now)).Exec(ctx); err != nil {
		return fmt.Errorf("drop old invitations: %w", err)
	}
	open, err := tx.CoDriverInvitation.Query().
		Where(ofCar, codriverinvitation.AcceptedAtIsNil(), codriverinvitation.RevokedAtIsNil()).Count(ctx)
	if err != nil {
		return fmt.Errorf("count invitations: %w", err)
	}
	bound, err := boundTo(ctx, tx, vehicleID)
	if err != nil {
		return err
	}
	if open >= maxCoDrivers || guestsIn(bound) >= maxCoDrivers {
		return TooManyCoDrivers
	}
	err = tx.CoDriverInvitation.Create().SetAccountID(accountID).SetVehicleID(vehicleID).
		SetCodeHash(s.invitationHash(made.Code)).SetCreatedAt(now).SetExpiresAt(made.ExpiresAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep an invitation: %w", err)
	}
	return nil
}

// AcceptCoDriverInvitation binds the vehicle of an invitation to the viewer's account, as a co-driver: it
// sees the vehicle's stays from then on, masked as those of any unverified vehicle. The vehicle is not one
// of the three unverified plates. Who has it bound already keeps it so, and the invitation stays good.
//
// Errors: UNAUTHENTICATED; CONSENT_REQUIRED{purpose}; INVITATION_INVALID, whatever is wrong with it;
// TOO_MANY_CO_DRIVERS.
func (s *Service) AcceptCoDriverInvitation(ctx context.Context, code string, trackConsent bool) (*Vehicle, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.BindPlate, 0); err != nil {
		return nil, err
	}
	if !trackConsent {
		return nil, consentRequired(consent.PurposeMOVEMENT_TRACK)
	}
	var bound int64
	err := s.write(ctx, "accept an invitation", func(ctx context.Context, tx *ent.Tx) (err error) {
		bound, err = s.accept(ctx, tx, v.AccountID, code)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.renew(ctx, v.AccountID, v.SignInID); err != nil {
		return nil, err
	}
	return s.binding(ctx, s.store.Fresh(ctx), vehiclebinding.ID(bound))
}

func (s *Service) accept(ctx context.Context, tx *ent.Tx, accountID int64, code string) (binding int64, err error) {
	open, err := tx.CoDriverInvitation.Query().Where(
		codriverinvitation.CodeHash(s.invitationHash(code)), codriverinvitation.AccountIDNEQ(accountID),
		codriverinvitation.AcceptedAtIsNil(), codriverinvitation.RevokedAtIsNil(),
		codriverinvitation.ExpiresAtGT(s.clock.Now())).Only(ctx)
	if ent.IsNotFound(err) {
		return 0, InvitationInvalid
	}
	if err != nil {
		return 0, fmt.Errorf("find the invitation: %w", err)
	}
	car, err := holdVehicle(ctx, tx, open.VehicleID)
	if err != nil {
		return 0, err
	}
	if _, err := holdAccount(ctx, tx, accountID); err != nil {
		return 0, err
	}
	bound, err := boundTo(ctx, tx, car.ID)
	if err != nil {
		return 0, err
	}
	owner := bindingOf(bound, open.AccountID)
	if owner == nil || !ownedBy(car, open.AccountID) {
		return 0, InvitationInvalid
	}
	if own := bindingOf(bound, accountID); own != nil {
		return own.ID, nil
	}
	if guestsIn(bound) >= maxCoDrivers {
		return 0, TooManyCoDrivers
	}
	return s.admit(ctx, tx, open, owner, accountID)
}

// admit binds the vehicle and tells its owner, who may have lost the code to somebody.
func (s *Service) admit(ctx context.Context, tx *ent.Tx, by *ent.CoDriverInvitation, owner *ent.VehicleBinding, accountID int64) (binding int64, err error) {
	var plate cnid.Plate
	if plate, err = s.plateOf(ctx, owner); err != nil {
		return 0, err
	}
	if err := tx.CoDriverInvitation.UpdateOneID(by.ID).SetAcceptedAt(s.clock.Now()).Exec(ctx); err != nil {
		return 0, fmt.Errorf("use up the invitation: %w", err)
	}
	if err := s.agreeToTrack(ctx, tx, accountID, by.VehicleID); err != nil {
		return 0, err
	}
	binding, err = s.addBinding(ctx, tx, accountID, by.VehicleID, plate, func(c *ent.VehicleBindingCreate) {
		c.SetRole(vehiclebinding.RoleCO_DRIVER).SetInvitedByAccountID(by.AccountID)
	})
	if err != nil {
		return 0, err
	}
	s.accountChanged(ctx, accountID)
	return binding, s.tell(ctx, tx, notice.KindBOUND_BY_ANOTHER, []*ent.VehicleBinding{owner}, plate)
}

// RemoveCoDriver takes a vehicle back from a co-driver of the viewer's, who is told. The row is that of the
// co-driver's binding. Answered is the viewer's own vehicle. Errors: UNAUTHENTICATED, NOT_FOUND.
func (s *Service) RemoveCoDriver(ctx context.Context, coDriverRow int64) (*Vehicle, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	var vehicleID int64
	err = s.write(ctx, "remove a co-driver", func(ctx context.Context, tx *ent.Tx) error {
		guest, err := tx.VehicleBinding.Query().Where(vehiclebinding.ID(coDriverRow), guestOf(v.AccountID)).Only(ctx)
		if ent.IsNotFound(err) {
			return fault.NotFound
		}
		if err != nil {
			return fmt.Errorf("find the co-driver: %w", err)
		}
		vehicleID = guest.VehicleID
		if _, err := holdVehicle(ctx, tx, vehicleID); err != nil {
			return err
		}
		return s.dismiss(ctx, tx, []*ent.VehicleBinding{guest})
	})
	if err != nil {
		return nil, err
	}
	if err := s.renew(ctx, v.AccountID, v.SignInID); err != nil {
		return nil, err
	}
	return s.binding(ctx, s.store.Fresh(ctx), vehiclebinding.VehicleID(vehicleID))
}
