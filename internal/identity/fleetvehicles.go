package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/ent/fleet"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/partner/ocr"
	"parkbff/internal/viewer"
)

const (
	maxFleetBatch = 20
	readAtOnce    = 4 // licences of one batch, so that a batch ends in time and the partner is not flooded
	// maxFleetVehicles bounds what an account has bound through fleets: a viewer's vehicles are listed whole,
	// and they are facts that are held in memory.
	maxFleetVehicles = 200
)

// FleetVehicle is a vehicle to verify; an empty colour means the one the plate's kind has. The licence may
// have 5 MB.
type FleetVehicle struct {
	Plate          string
	Color          cnid.Color
	DrivingLicence Picture
}

// Format prints "vehicle of a fleet" whatever the verb.
func (FleetVehicle) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "vehicle of a fleet") }

// FleetResult is what became of one vehicle. Err: INVALID_PLATE; those of readDocument; PLATE_PROTECTED;
// VERIFICATION_REFUSED{reason}, of which nothing is kept; TOO_MANY_FLEET_VEHICLES; UNAVAILABLE.
type FleetResult struct {
	Vehicle *Vehicle
	Err     error
}

// VerifyFleetVehicles binds and verifies vehicles of a fleet by driving licences that name the company as
// their owner: 1 to 20, each for itself. A vehicle so verified is protected, and others lose it, as by
// VerifyVehicle. A call is one try of the account's, unless the partner answered nothing at all.
//
// Errors: UNAUTHENTICATED; CONSENT_REQUIRED{purpose}; BAD_USER_INPUT; NOT_FOUND; RATE_LIMITED.
func (s *Service) VerifyFleetVehicles(ctx context.Context, fleetRow int64, cars []FleetVehicle, trackConsent bool) ([]FleetResult, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.RunFleet, 0); err != nil {
		return nil, err
	}
	if !trackConsent {
		return nil, consentRequired(consent.PurposeMOVEMENT_TRACK)
	}
	if len(cars) == 0 || len(cars) > maxFleetBatch {
		return nil, fault.BadInput.At("vehicles")
	}
	of, err := s.store.Client(ctx).Fleet.Query().Where(fleet.ID(fleetRow), fleet.AccountID(v.AccountID), fleet.EndedAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the fleet: %w", err)
	}
	results, bound, err := s.verifyFleet(ctx, of, cars)
	if err != nil {
		return nil, err
	}
	if err := s.renew(ctx, v.AccountID, v.SignInID); err != nil {
		return nil, err
	}
	return results, s.showBound(ctx, results, bound)
}

// verifyFleet answers beside the refusals the rows of the bindings of those that passed.
func (s *Service) verifyFleet(ctx context.Context, of *ent.Fleet, cars []FleetVehicle) (results []FleetResult, bound []int64, err error) {
	if err := s.countTry(ctx, of.AccountID); err != nil {
		return nil, nil, err
	}
	results, bound = make([]FleetResult, len(cars)), make([]int64, len(cars))
	plates := make([]cnid.Plate, len(cars))
	var reading errgroup.Group
	reading.SetLimit(readAtOnce)
	for i, car := range cars {
		reading.Go(func() error {
			plates[i], results[i].Err = s.readFleetLicence(ctx, of, car)
			return nil
		})
	}
	_ = reading.Wait() // each keeps its own
	unanswered := func(r FleetResult) bool { return !errors.Is(r.Err, fault.Unavailable) }
	if !slices.ContainsFunc(results, unanswered) {
		if err := s.giveBackTry(ctx, of.AccountID); err != nil {
			return nil, nil, err
		}
	}
	for i := range results {
		if results[i].Err == nil {
			bound[i], results[i].Err = s.takeIn(ctx, of, plates[i])
		}
		if results[i].Err != nil && fault.As(results[i].Err) == nil {
			return nil, nil, results[i].Err
		}
	}
	return results, bound, nil
}

// readFleetLicence answers the plate of a vehicle whose licence says that it is the company's.
func (s *Service) readFleetLicence(ctx context.Context, of *ent.Fleet, car FleetVehicle) (cnid.Plate, error) {
	plate, err := cnid.ParsePlate(car.Plate, car.Color)
	if err != nil {
		return cnid.Plate{}, at(err, "plate")
	}
	picture, err := s.readDocument(car.DrivingLicence)
	defer clear(picture)
	if err != nil {
		return cnid.Plate{}, at(err, "drivingLicence")
	}
	licence, err := s.reader.ReadDrivingLicence(ctx, picture)
	if r, ok := refusalIn(err); ok {
		return cnid.Plate{}, refusedBecause(r)
	}
	if err != nil {
		return cnid.Plate{}, at(err, "drivingLicence")
	}
	return plate, s.judgeFleetLicence(of, plate, licence)
}

func (s *Service) judgeFleetLicence(of *ent.Fleet, plate cnid.Plate, licence ocr.DrivingLicence) error {
	if !names(licence, plate) {
		return refusedBecause(plateMismatch)
	}
	if !equal(s.companyIndex(licence.Owner), of.NameIndex) {
		return refusedBecause(ownerMismatch)
	}
	return nil
}

// takeIn binds and verifies one vehicle of a fleet and answers the row of its binding.
func (s *Service) takeIn(ctx context.Context, of *ent.Fleet, plate cnid.Plate) (binding int64, err error) {
	err = s.write(ctx, "verify a vehicle of a fleet", func(ctx context.Context, tx *ent.Tx) error {
		car, err := s.vehicleWith(ctx, tx, plate)
		if err != nil {
			return err
		}
		if ownedByAnother(car, of.AccountID) {
			return PlateProtected
		}
		b, err := s.bindingFor(ctx, tx, of.AccountID, car.ID, plate, true)
		if err != nil {
			return err
		}
		if binding = b.ID; verified(b) {
			return nil
		}
		if err := hasRoom(ctx, tx, of.AccountID); err != nil {
			return err
		}
		return s.recordPass(ctx, tx, b, proof{method: vehiclebinding.VerificationMethodFLEET, fleet: &of.ID})
	})
	return binding, err
}

// bindingFor answers an account's binding of a vehicle, a new one if need be, with the account held. Agreeing
// says that the account agrees with the act to the recording of the vehicle's movement.
func (s *Service) bindingFor(ctx context.Context, tx *ent.Tx, accountID, vehicleID int64, plate cnid.Plate, agreeing bool) (*ent.VehicleBinding, error) {
	if _, err := holdAccount(ctx, tx, accountID); err != nil {
		return nil, err
	}
	bound, err := boundTo(ctx, tx, vehicleID)
	if err != nil {
		return nil, err
	}
	if own := bindingOf(bound, accountID); own != nil {
		return own, nil
	}
	if agreeing {
		if err := s.agreeToTrack(ctx, tx, accountID, vehicleID); err != nil {
			return nil, err
		}
	}
	row, err := s.addBinding(ctx, tx, accountID, vehicleID, plate)
	if err != nil {
		return nil, err
	}
	made, err := tx.VehicleBinding.Get(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("read the binding: %w", err)
	}
	return made, nil
}

func hasRoom(ctx context.Context, tx *ent.Tx, accountID int64) error {
	taken, err := tx.VehicleBinding.Query().Where(vehiclebinding.AccountID(accountID), vehiclebinding.EndedAtIsNil(),
		vehiclebinding.FleetIDNotNil()).Count(ctx)
	if err != nil {
		return fmt.Errorf("count vehicles of fleets: %w", err)
	}
	if taken >= maxFleetVehicles {
		return TooManyFleetVehicles
	}
	return nil
}

// showBound puts the vehicles that passed into their results, with one look at all of them.
func (s *Service) showBound(ctx context.Context, results []FleetResult, bound []int64) error {
	own, err := s.bindings(ctx, s.store.Fresh(ctx), vehiclebinding.IDIn(bound...))
	if err != nil {
		return err
	}
	for i, row := range bound {
		at := slices.IndexFunc(own, func(v *Vehicle) bool { return v.Row == row })
		if at >= 0 {
			results[i].Vehicle = own[at]
		}
	}
	return nil
}
