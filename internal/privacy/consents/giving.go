package consents

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/ent/predicate"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// VersionOutdated is answered to a consent in a version that is not in force, or in which the purpose was
// another: the person was shown something else.
var VersionOutdated = fault.New("CONSENT_VERSION_OUTDATED",
	"The policy says something else now. Show the purpose as it is and ask again.").At("policyVersion")

// Grant agrees to a purpose in the version of the policy that the person was shown, for the vehicle of a
// binding where the purpose is given per vehicle. Agreed again, it answers the same consent. What was lost
// when the consent before was taken back stays lost.
//
// Errors: UNAUTHENTICATED; CONSENT_VERSION_OUTDATED; BAD_USER_INPUT for a vehicle missing or too many, and for
// THIRD_PARTY_ACCOUNT, which is agreed to when an account is linked and not apart from it; NOT_FOUND for a
// vehicle that is not the viewer's.
func (s *Service) Grant(ctx context.Context, code consent.Purpose, version string, binding *int64) (*Consent, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.ManageConsents, 0); err != nil {
		return nil, err
	}
	switch {
	case code == consent.PurposeTHIRD_PARTY_ACCOUNT:
		return nil, fault.BadInput.At("purpose")
	case !s.takes(code, binding):
		return nil, fault.BadInput.At("vehicleId")
	case !s.catalogue.Counts(code, version, s.clock.Now()):
		return nil, VersionOutdated
	}
	var given *ent.Consent
	err := s.store.WithTx(viewer.AsSystem(ctx, "give a consent"), func(ctx context.Context, tx *ent.Tx) (err error) {
		vehicleID, err := s.accounts.HoldForConsents(ctx, tx, v.AccountID, binding)
		if err != nil {
			return err
		}
		given, err = s.give(ctx, tx, v.AccountID, Change{Purpose: code, VehicleID: vehicleID}, version)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.consentOf(given), s.accounts.RenewViewer(ctx)
}

// give answers the consent that counts, a new one if there is none. It ends those that count no more: the new
// one stands in their place.
func (s *Service) give(ctx context.Context, tx *ent.Tx, accountID int64, c Change, version string) (*ent.Consent, error) {
	now := s.clock.Now()
	before, err := tx.Consent.Query().Where(standing(accountID, c.Purpose), about(c.VehicleID)).Order(consent.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read consents: %w", err)
	}
	for _, row := range before {
		if s.catalogue.Counts(row.Purpose, row.PolicyVersion, now) {
			return row, nil
		}
	}
	err = tx.Consent.Update().Where(standing(accountID, c.Purpose), about(c.VehicleID)).SetEndedAt(now).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("end outdated consents: %w", err)
	}
	create := tx.Consent.Create().SetAccountID(accountID).SetPurpose(c.Purpose).SetPolicyVersion(version).SetGrantedAt(now)
	if c.VehicleID != 0 {
		create.SetVehicleID(c.VehicleID)
	}
	row, err := create.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("record the consent: %w", err)
	}
	return row, s.accounts.ConsentsChanged(ctx, tx, accountID, c)
}

// Withdraw takes a consent back, at once. One that is not given is taken back already.
//
// Errors: UNAUTHENTICATED; BAD_USER_INPUT for a vehicle missing or too many; NOT_FOUND for a vehicle that is
// not the viewer's.
func (s *Service) Withdraw(ctx context.Context, code consent.Purpose, binding *int64) error {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.ManageConsents, 0); err != nil {
		return err
	}
	if !s.takes(code, binding) {
		return fault.BadInput.At("vehicleId")
	}
	err := s.store.WithTx(viewer.AsSystem(ctx, "take a consent back"), func(ctx context.Context, tx *ent.Tx) error {
		vehicleID, err := s.accounts.HoldForConsents(ctx, tx, v.AccountID, binding)
		if err != nil {
			return err
		}
		err = tx.Consent.Update().Where(standing(v.AccountID, code), about(vehicleID)).SetWithdrawnAt(s.clock.Now()).Exec(ctx)
		if err != nil {
			return fmt.Errorf("take the consent back: %w", err)
		}
		return s.accounts.ConsentsChanged(ctx, tx, v.AccountID, Change{Purpose: code, VehicleID: vehicleID, Withdrawn: true})
	})
	if err != nil {
		return err
	}
	return s.accounts.RenewViewer(ctx)
}

// takes tells whether a purpose is given with a vehicle, or without one.
func (s *Service) takes(code consent.Purpose, binding *int64) bool {
	p, ok := s.catalogue.purpose(code)
	return ok && p.PerVehicle == (binding != nil)
}

func about(vehicleID int64) predicate.Consent {
	if vehicleID == 0 {
		return consent.VehicleIDIsNil()
	}
	return consent.VehicleID(vehicleID)
}
