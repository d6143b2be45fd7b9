package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parkbff/ent"
	"parkbff/ent/notice"
	"parkbff/ent/platedispute"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/vault"
	"parkbff/internal/words"
)

const maxPurpose = 100 // characters

// decision is what an officer decided, and for what purpose they looked at the case.
type decision struct {
	staffID int64
	uphold  bool
	purpose string
}

// DecidePlateDispute decides a claim. Upheld, the vehicle passes to the claimant, verified: whoever had it
// bound loses it, its owner and their co-drivers included, and all are told. A claim whose ground is gone is
// withdrawn, whatever was decided: the plate was given up, or its owner proved it after the claim, or the
// claimant has left or is known to be somebody else. The claimant is told in every case. Kept are who
// decided, when and for what purpose.
//
// Errors: FORBIDDEN to all but officers; STEP_UP_REQUIRED; BAD_USER_INPUT for a purpose that has not 1 to 100
// printable characters; NOT_FOUND; ALREADY_DECIDED.
func (s *Service) DecidePlateDispute(ctx context.Context, row int64, uphold bool, purpose string) (*PlateDispute, error) {
	v, err := officer(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.stepUps.SteppedUp(ctx); err != nil {
		return nil, err
	}
	by := decision{staffID: v.StaffID, uphold: uphold, purpose: strings.TrimSpace(purpose)}
	if by.purpose == "" || !words.Line(by.purpose, maxPurpose) {
		return nil, fault.BadInput.At("purpose")
	}
	err = s.write(ctx, "decide a claim", func(ctx context.Context, tx *ent.Tx) error {
		return s.decide(ctx, tx, row, by)
	})
	if err != nil {
		return nil, err
	}
	return s.PlateDispute(ctx, row)
}

func (s *Service) decide(ctx context.Context, tx *ent.Tx, row int64, by decision) error {
	d, err := tx.PlateDispute.Get(ctx, row)
	if ent.IsNotFound(err) {
		return fault.NotFound
	}
	if err != nil {
		return fmt.Errorf("read the claim: %w", err)
	}
	car, err := holdVehicle(ctx, tx, d.VehicleID)
	if err != nil {
		return err
	}
	if d.State != platedispute.StateOPEN {
		return AlreadyDecided
	}
	claimant, bound, err := holdParties(ctx, tx, d.AccountID, d.VehicleID)
	if err != nil {
		return err
	}
	plate, err := s.claimedPlate(ctx, d)
	if err != nil {
		return err
	}
	switch {
	case fallen(d, car, claimant, bound):
		err = s.close(ctx, tx, d, platedispute.StateWITHDRAWN, by)
	case !by.uphold:
		err = s.close(ctx, tx, d, platedispute.StateREJECTED, by)
	default:
		if err = s.handOver(ctx, tx, d, *car.OwnerAccountID, plate); err == nil {
			err = s.close(ctx, tx, d, platedispute.StateUPHELD, by)
		}
	}
	if err != nil {
		return err
	}
	return s.tellAccounts(ctx, tx, notice.KindDISPUTE_DECIDED, []int64{d.AccountID}, d.VehicleID, plate)
}

// holdParties holds the claimant and everybody who has the vehicle bound, by ascending account: all of them
// may be told.
func holdParties(ctx context.Context, tx *ent.Tx, accountID, vehicleID int64) (claimant *ent.Account, bound []*ent.VehicleBinding, err error) {
	if bound, err = boundTo(ctx, tx, vehicleID); err != nil {
		return nil, nil, err
	}
	parties := []int64{accountID}
	for _, b := range bound {
		parties = append(parties, b.AccountID)
	}
	slices.Sort(parties)
	for _, id := range slices.Compact(parties) {
		party, err := holdAccount(ctx, tx, id)
		if err != nil {
			return nil, nil, err
		}
		if id == accountID {
			claimant = party
		}
	}
	return claimant, bound, nil
}

// fallen holds for a claim that has nothing left to decide.
func fallen(d *ent.PlateDispute, car *ent.Vehicle, claimant *ent.Account, bound []*ent.VehicleBinding) bool {
	if isAnother(claimant, d.PersonIndex) || !ownedByAnother(car, d.AccountID) {
		return true
	}
	owner := bindingOf(bound, *car.OwnerAccountID)
	return owner == nil || owner.CheckedAt != nil && owner.CheckedAt.After(d.CreatedAt)
}

// handOver gives the vehicle of an owner to the claimant. Its stays are recorded for them as far as the consents hold that
// they gave with the claim: none is given by an officer's deciding.
func (s *Service) handOver(ctx context.Context, tx *ent.Tx, d *ent.PlateDispute, owner int64, plate cnid.Plate) error {
	if err := s.dismissGuests(ctx, tx, owner, d.VehicleID, d.AccountID); err != nil {
		return err
	}
	b, err := s.bindingFor(ctx, tx, d.AccountID, d.VehicleID, plate, false)
	if err != nil {
		return err
	}
	return s.recordPass(ctx, tx, b, proof{method: vehiclebinding.VerificationMethodDISPUTE, person: d.PersonIndex})
}

// close writes how a claim ended. Of the person nothing stays with it.
func (s *Service) close(ctx context.Context, tx *ent.Tx, d *ent.PlateDispute, as platedispute.State, by decision) error {
	err := tx.PlateDispute.UpdateOneID(d.ID).SetState(as).SetDecidedAt(s.clock.Now()).SetStaffID(by.staffID).
		SetPurpose(by.purpose).ClearPersonIndex().Exec(ctx)
	if err != nil {
		return fmt.Errorf("close the claim: %w", err)
	}
	return s.endUnusedConsent(ctx, tx, d)
}

// endUnusedConsent ends the consent that was given with a claim, unless the vehicle is the claimant's now.
func (s *Service) endUnusedConsent(ctx context.Context, tx *ent.Tx, d *ent.PlateDispute) error {
	used, err := tx.VehicleBinding.Query().Where(vehiclebinding.AccountID(d.AccountID),
		vehiclebinding.VehicleID(d.VehicleID), vehiclebinding.EndedAtIsNil()).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read bindings: %w", err)
	}
	if used {
		return nil
	}
	err = tx.Consent.Update().Where(tracking(d.AccountID, d.VehicleID)...).SetEndedAt(s.clock.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end the consent: %w", err)
	}
	return nil
}

func (s *Service) claimedPlate(ctx context.Context, d *ent.PlateDispute) (cnid.Plate, error) {
	text, err := s.vault.OpenString(ctx, vault.AccountKey(d.AccountID), fieldClaimed, d.Plate)
	if err != nil {
		return cnid.Plate{}, err
	}
	return cnid.ParsePlate(text, cnid.Color(d.PlateColor))
}
