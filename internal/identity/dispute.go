package identity

import (
	"context"
	"fmt"
	"io"
	"slices"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/ent/notice"
	"parkbff/ent/platedispute"
	"parkbff/ent/vehicle"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/privacy"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// fieldClaimed is sealed under the claimant's key.
const fieldClaimed = "plate_dispute.plate"

// Claim is a claim to a plate; an empty colour means the one the plate's kind has. Documents may have 5 MB
// each. TrackConsent is the separate consent to movement data, for when the claim is upheld.
type Claim struct {
	Plate          string
	Color          cnid.Color
	DrivingLicence Picture
	IDCard         Picture
	TrackConsent   bool
}

// Format prints "claim" whatever the verb.
func (Claim) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "claim") }

// DisputePlate claims a plate that another account has verified, by the documents of VerifyVehicle, and
// answers the claim that an officer will decide. A claim that is open already is answered as it is. Of the
// documents only the keyed hash of the identity number is kept, until the claim is decided. Whoever would lose the
// vehicle is told that there is a claim.
//
// Whether anybody has verified the plate is told only to whom the documents show to be its owner.
//
// Errors: UNAUTHENTICATED; INVALID_PLATE; CONSENT_REQUIRED{purpose}; those of readDocument; RATE_LIMITED, tries
// being counted with those to verify; VERIFICATION_REFUSED{reason}, of which nothing is kept;
// NOT_DISPUTABLE; UNAVAILABLE.
func (s *Service) DisputePlate(ctx context.Context, c Claim) (*PlateDispute, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.DisputePlate, 0); err != nil {
		return nil, err
	}
	plate, err := cnid.ParsePlate(c.Plate, c.Color)
	if err != nil {
		return nil, at(err, "plate")
	}
	if !c.TrackConsent {
		return nil, consentRequired(consent.PurposeMOVEMENT_TRACK)
	}
	open, err := s.store.Fresh(ctx).PlateDispute.Query().Where(platedispute.AccountID(v.AccountID),
		platedispute.PlateIndex(s.plateIndex(plate)), platedispute.StateEQ(platedispute.StateOPEN)).Only(ctx)
	if err == nil {
		return s.shownClaim(ctx, open)
	}
	if !ent.IsNotFound(err) {
		return nil, fmt.Errorf("find the claim: %w", err)
	}
	found, err := s.examine(ctx, v.AccountID, plate, c.DrivingLicence, c.IDCard)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, "claim a plate", func(ctx context.Context, tx *ent.Tx) (err error) {
		open, err = s.keepClaim(ctx, tx, v.AccountID, plate, found)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.shownClaim(ctx, open)
}

func (s *Service) keepClaim(ctx context.Context, tx *ent.Tx, accountID int64, plate cnid.Plate, found finding) (*ent.PlateDispute, error) {
	car, err := s.knownVehicle(ctx, tx, plate)
	if err != nil {
		return nil, err
	}
	var of int64 // no row is 0: nobody has it bound
	if car != nil {
		of = car.ID
	}
	claimant, bound, err := holdParties(ctx, tx, accountID, of)
	if err != nil {
		return nil, err
	}
	if found.refused == "" && isAnother(claimant, found.person) {
		found.refused = personMismatch
	}
	if found.refused != "" {
		return nil, refusedBecause(found.refused)
	}
	if car == nil || !ownedByAnother(car, accountID) {
		return nil, NotDisputable
	}
	open, err := tx.PlateDispute.Query().Where(platedispute.AccountID(accountID), platedispute.VehicleID(car.ID),
		platedispute.StateEQ(platedispute.StateOPEN)).Only(ctx)
	if err == nil {
		return open, nil
	}
	if !ent.IsNotFound(err) {
		return nil, fmt.Errorf("find the claim: %w", err)
	}
	if err := s.agreeToTrack(ctx, tx, accountID, car.ID); err != nil {
		return nil, err
	}
	sealed, err := s.vault.SealString(ctx, vault.AccountKey(accountID), fieldClaimed, plate.Text())
	if err != nil {
		return nil, err
	}
	open, err = tx.PlateDispute.Create().SetAccountID(accountID).SetVehicleID(car.ID).SetPlate(sealed).
		SetPlateIndex(s.plateIndex(plate)).SetPlateColor(string(plate.Color())).SetPersonIndex(found.person).
		SetCreatedAt(s.clock.Now()).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("keep the claim: %w", err)
	}
	return open, s.tellOfClaim(ctx, tx, open, bound, plate)
}

// tellOfClaim tells those who would lose the vehicle, its owner and their co-drivers, that it is claimed, and
// nothing of the claimant.
func (s *Service) tellOfClaim(ctx context.Context, tx *ent.Tx, d *ent.PlateDispute, bound []*ent.VehicleBinding, plate cnid.Plate) error {
	losers := slices.DeleteFunc(bound, func(b *ent.VehicleBinding) bool { return b.AccountID == d.AccountID })
	return s.tell(ctx, tx, notice.KindDISPUTE_OPENED, losers, plate)
}

// knownVehicle holds the vehicle of a plate; nil when nobody ever bound it.
func (s *Service) knownVehicle(ctx context.Context, tx *ent.Tx, plate cnid.Plate) (*ent.Vehicle, error) {
	id, err := tx.Vehicle.Query().Where(vehicle.PlateIndex(s.plateIndex(plate))).OnlyID(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the vehicle: %w", err)
	}
	return holdVehicle(ctx, tx, id)
}

// OwnDisputes lists the claims of the viewer's account, newest first. Error: UNAUTHENTICATED.
func (s *Service) OwnDisputes(ctx context.Context, p page.Request) (page.Of[*PlateDispute], error) {
	v, err := driver(ctx)
	if err != nil {
		return page.Of[*PlateDispute]{}, err
	}
	query := s.store.Client(ctx).PlateDispute.Query().Where(platedispute.AccountID(v.AccountID)).
		Order(platedispute.ByID(newestFirst))
	if p.After > 0 {
		query.Where(platedispute.IDLT(p.After))
	}
	return s.claims(ctx, query, p)
}

// OpenDisputes lists the claims that wait to be decided, oldest first, to officers. Error: FORBIDDEN.
func (s *Service) OpenDisputes(ctx context.Context, p page.Request) (page.Of[*PlateDispute], error) {
	if _, err := officer(ctx); err != nil {
		return page.Of[*PlateDispute]{}, err
	}
	query := s.store.Client(ctx).PlateDispute.Query().Where(platedispute.StateEQ(platedispute.StateOPEN)).
		Order(platedispute.ByID())
	if p.After > 0 {
		query.Where(platedispute.IDGT(p.After))
	}
	return s.claims(ctx, query, p)
}

func (s *Service) claims(ctx context.Context, query *ent.PlateDisputeQuery, p page.Request) (page.Of[*PlateDispute], error) {
	rows, err := query.Limit(p.Limit()).All(ctx)
	if err != nil {
		return page.Of[*PlateDispute]{}, fmt.Errorf("read claims: %w", err)
	}
	cut := page.Cut(rows, p.First)
	all := make([]*PlateDispute, len(cut.Items))
	for i, row := range cut.Items {
		if all[i], err = s.shownClaim(ctx, row); err != nil {
			return page.Of[*PlateDispute]{}, err
		}
	}
	return page.Of[*PlateDispute]{Items: all, More: cut.More}, nil
}

// PlateDispute answers one claim to its claimant and to officers. Error: NOT_FOUND, for everybody else too.
func (s *Service) PlateDispute(ctx context.Context, row int64) (*PlateDispute, error) {
	if v := viewer.Of(ctx); v.Kind != viewer.Driver && !isOfficer(v) {
		return nil, fault.NotFound
	}
	found, err := s.store.Fresh(ctx).PlateDispute.Query().Where(platedispute.ID(row)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the claim: %w", err)
	}
	return s.shownClaim(ctx, found)
}

// shownClaim is a claim as the viewer may see it: its plate is whole for the claimant alone.
func (s *Service) shownClaim(ctx context.Context, row *ent.PlateDispute) (*PlateDispute, error) {
	plate, err := s.vault.OpenString(ctx, vault.AccountKey(row.AccountID), fieldClaimed, row.Plate)
	if err != nil {
		return nil, err
	}
	if v := viewer.Of(ctx); v.Kind != viewer.Driver || v.AccountID != row.AccountID {
		plate = privacy.Plate(plate)
	}
	return &PlateDispute{Row: row.ID, Plate: plate, State: row.State, OpenedAt: row.CreatedAt, DecidedAt: row.DecidedAt}, nil
}

func isOfficer(v *viewer.Viewer) bool { return v.Kind == viewer.Staff && v.Holds(viewer.Officer) }

// officer answers the viewer when it is an officer of the platform. Error: FORBIDDEN.
func officer(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if !isOfficer(v) {
		return nil, fault.Forbidden
	}
	return v, nil
}
