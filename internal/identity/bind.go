package identity

import (
	"context"
	"errors"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/consent"
	"parkbff/ent/notice"
	"parkbff/ent/predicate"
	"parkbff/ent/riskevent"
	"parkbff/ent/vehicle"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	notices "parkbff/internal/notice"
	"parkbff/internal/risk"
	"parkbff/internal/store"
	"parkbff/internal/vault"
)

// maxUnverified is how many plates an account may bind without showing that they are its own.
const maxUnverified = 3

// BindPlate binds a plate to the viewer's account; an empty colour means the one the plate's kind has.
// trackConsent is the separate consent to the recording of where and when the vehicle was seen. A plate
// the account has bound is answered as it is. Accounts that have bound it before and follow are told.
//
// Errors: UNAUTHENTICATED, FORBIDDEN; INVALID_PLATE; CONSENT_REQUIRED{purpose}; TOO_MANY_PLATES; RATE_LIMITED
// after ten plates tried in a day; PLATE_PROTECTED (R064).
func (s *Service) BindPlate(ctx context.Context, plate string, color cnid.Color, trackConsent bool) (*Vehicle, error) {
	v, err := entitled(ctx, entitlement.BindPlate)
	if err != nil {
		return nil, err
	}
	p, err := cnid.ParsePlate(plate, color)
	if err != nil {
		return nil, at(err, "plate")
	}
	if !trackConsent {
		return nil, consentRequired(consent.PurposeMOVEMENT_TRACK)
	}
	var bound int64
	var refusal error
	err = s.write(ctx, "bind a plate", func(ctx context.Context, tx *ent.Tx) (err error) {
		bound, refusal, err = s.bind(ctx, tx, v.AccountID, p)
		return err
	})
	switch {
	case errors.Is(err, fault.RateLimited):
		s.risks.Note(ctx, risk.Happening{Kind: riskevent.KindPLATES_PROBED, Outcome: riskevent.OutcomeBLOCKED, AccountID: v.AccountID})
		return nil, err
	case err != nil:
		return nil, err
	case refusal != nil:
		return nil, refusal
	}
	if err := s.renew(ctx, v.AccountID, v.SignInID); err != nil {
		return nil, err
	}
	return s.binding(ctx, s.store.Fresh(ctx), vehiclebinding.ID(bound))
}

// bind binds, or answers why not: a refusal goes with a count that must be committed.
func (s *Service) bind(ctx context.Context, tx *ent.Tx, accountID int64, p cnid.Plate) (binding int64, refusal, err error) {
	car, err := s.vehicleWith(ctx, tx, p)
	if err != nil {
		return 0, nil, err
	}
	account, err := holdAccount(ctx, tx, accountID)
	if err != nil {
		return 0, nil, err
	}
	binders, err := tx.VehicleBinding.Query().
		Where(vehiclebinding.VehicleID(car.ID), vehiclebinding.EndedAtIsNil()).All(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("read bindings: %w", err)
	}
	for _, b := range binders {
		if b.AccountID == accountID {
			return b.ID, nil, nil
		}
	}
	if err := s.mayBind(ctx, tx, accountID); err != nil {
		return 0, nil, err
	}
	// Whether the plate is protected is asked last and counted, so that as little as can be is learnt by
	// trying plates.
	if err := s.countBind(ctx, tx, account); err != nil {
		return 0, nil, err
	}
	if ownedByAnother(car, accountID) {
		return 0, PlateProtected, nil
	}
	untold, err := s.notToldToday(ctx, tx, accountID, binders)
	if err != nil {
		return 0, nil, err
	}
	if err := s.agreeToTrack(ctx, tx, accountID, car.ID); err != nil {
		return 0, nil, err
	}
	if binding, err = s.addBinding(ctx, tx, accountID, car.ID, p); err != nil {
		return 0, nil, err
	}
	s.accountChanged(ctx, accountID)
	return binding, nil, s.tell(ctx, tx, notice.KindBOUND_BY_ANOTHER, untold, p)
}

// vehicleWith answers the one row of a plate, a new one if need be, and holds it.
func (s *Service) vehicleWith(ctx context.Context, tx *ent.Tx, p cnid.Plate) (*ent.Vehicle, error) {
	index := s.plateIndex(p)
	err := tx.Vehicle.Create().SetPlateIndex(index).SetCreatedAt(s.clock.Now()).
		OnConflictColumns(vehicle.FieldPlateIndex).Ignore().Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("record the vehicle: %w", err)
	}
	id, err := tx.Vehicle.Query().Where(vehicle.PlateIndex(index)).OnlyID(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the vehicle: %w", err)
	}
	return holdVehicle(ctx, tx, id)
}

// mayBind asks what has nothing to do with the plate.
func (s *Service) mayBind(ctx context.Context, tx *ent.Tx, accountID int64) error {
	agreed, err := tx.Consent.Query().Where(s.counts(consent.PurposePARKING_CORE), consent.AccountID(accountID)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read the consent: %w", err)
	}
	if !agreed { // taken back meanwhile
		return consentRequired(consent.PurposePARKING_CORE)
	}
	unverified, err := tx.VehicleBinding.Query().Where(vehiclebinding.AccountID(accountID), vehiclebinding.EndedAtIsNil(),
		vehiclebinding.VerificationNEQ(vehiclebinding.VerificationPASSED), vehiclebinding.RoleEQ(vehiclebinding.RoleBINDER)).Count(ctx)
	if err != nil {
		return fmt.Errorf("count bindings: %w", err)
	}
	if unverified >= maxUnverified {
		return TooManyPlates
	}
	return nil
}

// addBinding binds a vehicle, and records its stays for the account as far as consents hold; each change says
// more of the binding.
func (s *Service) addBinding(ctx context.Context, tx *ent.Tx, accountID, vehicleID int64, p cnid.Plate, changes ...func(*ent.VehicleBindingCreate)) (int64, error) {
	sealed, err := s.vault.SealString(ctx, vault.AccountKey(accountID), FieldPlate, p.Text())
	if err != nil {
		return 0, err
	}
	create := tx.VehicleBinding.Create().SetAccountID(accountID).SetVehicleID(vehicleID).SetBoundAt(s.clock.Now()).
		SetPlate(sealed).SetPlateIndex(s.plateIndex(p)).SetPlateColor(string(p.Color()))
	for _, change := range changes {
		change(create)
	}
	row, err := create.Save(ctx)
	if store.IsDuplicate(err) {
		return 0, store.Retry(err)
	}
	if err != nil {
		return 0, fmt.Errorf("bind: %w", err)
	}
	return row.ID, s.track(ctx, tx, accountID)
}

// agreeToTrack keeps the consent to movement data of a vehicle that is bound or claimed now, unless one that
// counts stands already.
func (s *Service) agreeToTrack(ctx context.Context, tx *ent.Tx, accountID, vehicleID int64) error {
	stands, err := tx.Consent.Query().Where(tracking(accountID, vehicleID)...).
		Where(s.counts(consent.PurposeMOVEMENT_TRACK)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read the consent: %w", err)
	}
	if stands {
		return nil
	}
	err = tx.Consent.Create().SetAccountID(accountID).SetPurpose(consent.PurposeMOVEMENT_TRACK).SetVehicleID(vehicleID).
		SetPolicyVersion(s.policyVersion()).SetGrantedAt(s.clock.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("record the consent: %w", err)
	}
	return nil
}

// tracking finds an account's consent to movement data of a vehicle, if it stands.
func tracking(accountID, vehicleID int64) []predicate.Consent {
	return []predicate.Consent{
		consent.AccountID(accountID), consent.VehicleID(vehicleID), consent.PurposeEQ(consent.PurposeMOVEMENT_TRACK),
		consent.WithdrawnAtIsNil(), consent.EndedAtIsNil(),
	}
}

// tell tells the accounts behind bindings of one vehicle, those that follow (R024).
func (s *Service) tell(ctx context.Context, tx *ent.Tx, kind notice.Kind, binders []*ent.VehicleBinding, p cnid.Plate) error {
	if len(binders) == 0 {
		return nil
	}
	ids := make([]int64, len(binders))
	for i, b := range binders {
		ids[i] = b.AccountID
	}
	return s.tellAccounts(ctx, tx, kind, ids, binders[0].VehicleID, p)
}

// tellAccounts tells those accounts that follow (R024) something about a vehicle.
func (s *Service) tellAccounts(ctx context.Context, tx *ent.Tx, kind notice.Kind, ids []int64, vehicleID int64, p cnid.Plate) error {
	links, err := tx.ChannelLink.Query().Where(channellink.AccountIDIn(ids...), channellink.EndedAtIsNil()).
		Order(channellink.ByAccountID()).All(ctx)
	if err != nil {
		return fmt.Errorf("read channels: %w", err)
	}
	told := int64(0)
	for _, link := range links {
		if link.AccountID == told {
			continue
		}
		told = link.AccountID
		t := notices.Telling{AccountID: told, Kind: kind, VehicleID: vehicleID, Plate: p.Text(), OccurredAt: s.clock.Now()}
		if err := s.teller.Tell(ctx, tx, t); err != nil {
			return err
		}
	}
	return nil
}

// plateIndex is the one by which stays are found too.
func (s *Service) plateIndex(p cnid.Plate) []byte { return s.vault.Index("plate", p.Key()) }
