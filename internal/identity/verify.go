package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/notice"
	"parkbff/ent/riskevent"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// triesPerDay bounds what one account may try, each try being two calls of a partner.
const triesPerDay = 5

// VerifyVehicle checks by the driving licence and the owner's identity card that a bound vehicle is the
// person's own (R063). Documents may have 5 MB each. Kept are the outcome, its method and time, and of the
// person a keyed hash of the identity number and whether they are of age (R072, decision 4).
//
// Passed, the vehicle is protected: others who had bound it lose it and their view of its stays, and those
// who follow are told. Of two accounts that verify one vehicle the first wins. A vehicle that is verified
// is answered as it is.
//
// Errors: UNAUTHENTICATED; BAD_USER_INPUT for pictures taken for something else (R066); NOT_FOUND; those of
// readDocument; RATE_LIMITED after five tries in a day; PLATE_PROTECTED; VERIFICATION_REFUSED{reason}, which
// is recorded; UNAVAILABLE, which counts as no try.
func (s *Service) VerifyVehicle(ctx context.Context, bindingRow int64, drivingLicence, idCard Picture) (*Vehicle, error) {
	v := viewer.Of(ctx)
	if err := entitlement.RequireConsents(v, entitlement.VerifyVehicle); err != nil {
		return nil, err
	}
	if err := takenFor(UploadVerifyPlate, drivingLicence, idCard); err != nil {
		return nil, err
	}
	b, err := s.toVerify(ctx, v, bindingRow)
	if err != nil {
		return nil, err
	}
	if err := entitlement.Require(v, entitlement.VerifyVehicle, b.VehicleID); err != nil {
		return nil, err
	}
	if verified(b) {
		return s.opened(ctx, b)
	}
	plate, err := s.plateOf(ctx, b)
	if err != nil {
		return nil, err
	}
	found, err := s.examine(ctx, v.AccountID, plate, drivingLicence, idCard)
	if err != nil {
		return nil, err
	}
	var refused reason
	err = s.write(ctx, "verify a vehicle", func(ctx context.Context, tx *ent.Tx) (err error) {
		refused, err = s.conclude(ctx, tx, b, found)
		return err
	})
	if err != nil {
		return nil, err
	}
	if refused != "" {
		return nil, refusedBecause(refused)
	}
	if err := s.renew(ctx, v.AccountID, v.SignInID); err != nil {
		return nil, err
	}
	return s.binding(ctx, s.store.Fresh(ctx), vehiclebinding.ID(bindingRow))
}

// toVerify finds the viewer's binding. One that it lost to the owner is answered as the race for it would be,
// for good; of one that has ended otherwise nobody learns what became of the plate.
func (s *Service) toVerify(ctx context.Context, v *viewer.Viewer, bindingRow int64) (*ent.VehicleBinding, error) {
	ctx = viewer.AsSystem(ctx, "find a vehicle to verify")
	b, err := s.store.Fresh(ctx).VehicleBinding.Query().
		Where(vehiclebinding.ID(bindingRow), vehiclebinding.AccountID(v.AccountID)).WithVehicle().Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the binding: %w", err)
	case b.EndReason != nil && *b.EndReason == vehiclebinding.EndReasonEVICTED:
		return nil, PlateProtected
	case b.EndedAt != nil:
		return nil, fault.NotFound
	case ownedByAnother(b.Edges.Vehicle, v.AccountID):
		return nil, PlateProtected
	}
	return b, nil
}

// examine reads both documents and judges what they say. Nothing else of them leaves it, and the pictures
// are overwritten.
func (s *Service) examine(ctx context.Context, accountID int64, plate cnid.Plate, licence, card Picture) (finding, error) {
	licencePicture, err := s.readDocument(licence)
	defer clear(licencePicture)
	if err != nil {
		return finding{}, at(err, "drivingLicence")
	}
	cardPicture, err := s.readDocument(card)
	defer clear(cardPicture)
	if err != nil {
		return finding{}, at(err, "idCard")
	}
	var d documents
	refused, err := s.consult(ctx, accountID, func() (err error) {
		d, err = s.readDocuments(ctx, licencePicture, cardPicture)
		return err
	})
	if err != nil || refused != "" {
		return finding{refused: refused}, err
	}
	return s.judge(plate, d), nil
}

// consult has documents read, which is a try of the account's unless the partner is away.
func (s *Service) consult(ctx context.Context, accountID int64, read func() error) (refused reason, err error) {
	if err := s.countTry(ctx, accountID); err != nil {
		return "", err
	}
	err = read()
	if errors.Is(err, fault.Unavailable) {
		err = errors.Join(err, s.giveBackTry(ctx, accountID))
	}
	if r, ok := refusalIn(err); ok {
		return r, nil
	}
	return "", err
}

// countTry counts a try before the partner is called, so that calls at once are counted too.
func (s *Service) countTry(ctx context.Context, accountID int64) error {
	var wait time.Duration
	err := s.write(ctx, "count a verification", func(ctx context.Context, tx *ent.Tx) error {
		row, err := holdAccount(ctx, tx, accountID)
		if err != nil {
			return err
		}
		var t tries
		t, wait = tries{row.VerifySince, row.VerifyTries}.andOne(s.clock.Now(), triesPerDay)
		if wait > 0 {
			s.noteAfter(ctx, riskevent.KindVERIFICATION_ABUSED, riskevent.OutcomeBLOCKED, accountID)
			return nil
		}
		err = tx.Account.UpdateOneID(accountID).SetVerifySince(*t.since).SetVerifyTries(t.n).Exec(ctx)
		if err != nil {
			return fmt.Errorf("count a verification: %w", err)
		}
		return nil
	})
	if err == nil && wait > 0 {
		return rateLimited(wait)
	}
	return err
}

// giveBackTry leaves the try of a client that went away counted: its context is over.
func (s *Service) giveBackTry(ctx context.Context, accountID int64) error {
	return s.write(ctx, "give back a verification", func(ctx context.Context, tx *ent.Tx) error {
		return tx.Account.Update().Where(account.ID(accountID), account.VerifyTriesGT(0)).AddVerifyTries(-1).Exec(ctx)
	})
}

// conclude records what was found. What the account and the vehicle have become meanwhile counts.
func (s *Service) conclude(ctx context.Context, tx *ent.Tx, b *ent.VehicleBinding, found finding) (reason, error) {
	car, err := holdVehicle(ctx, tx, b.VehicleID)
	if err != nil {
		return "", err
	}
	if ownedByAnother(car, b.AccountID) {
		return "", PlateProtected
	}
	now, err := boundRow(ctx, tx, b.AccountID, b.ID)
	if err != nil {
		return "", err
	}
	if verified(now) { // meanwhile: what another call has shown stands
		return "", nil
	}
	person, err := holdAccount(ctx, tx, b.AccountID)
	if err != nil {
		return "", err
	}
	if found.refused == "" && isAnother(person, found.person) {
		found.refused = personMismatch
	}
	if found.refused != "" {
		return found.refused, s.recordRefusal(ctx, tx, b, person, found.refused)
	}
	return "", s.recordPass(ctx, tx, b, proof{method: vehiclebinding.VerificationMethodDOCUMENTS, person: found.person})
}

// recordRefusal takes a minor's card for the account's person's own, unless it is known that they are of age.
func (s *Service) recordRefusal(ctx context.Context, tx *ent.Tx, b *ent.VehicleBinding, of *ent.Account, r reason) error {
	err := tx.VehicleBinding.UpdateOneID(b.ID).SetVerification(vehiclebinding.VerificationREFUSED).SetVerificationReason(string(r)).
		SetVerificationMethod(vehiclebinding.VerificationMethodDOCUMENTS).SetCheckedAt(s.clock.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("record the refusal: %w", err)
	}
	if r != minor || len(of.PersonIndex) > 0 {
		return nil
	}
	if err := tx.Account.UpdateOneID(of.ID).SetAdult(false).Exec(ctx); err != nil {
		return fmt.Errorf("record the age: %w", err)
	}
	return s.noticeMinor(ctx, tx, of)
}

// proof is how a vehicle was shown to be an account's own. No person: the account is known to be theirs.
type proof struct {
	method vehiclebinding.VerificationMethod
	person []byte
	fleet  *int64
}

func (s *Service) recordPass(ctx context.Context, tx *ent.Tx, b *ent.VehicleBinding, by proof) error {
	err := tx.VehicleBinding.UpdateOneID(b.ID).SetVerification(vehiclebinding.VerificationPASSED).ClearVerificationReason().
		SetVerificationMethod(by.method).SetCheckedAt(s.clock.Now()).SetRole(vehiclebinding.RoleBINDER).
		SetNillableFleetID(by.fleet).Exec(ctx)
	if err != nil {
		return fmt.Errorf("record the verification: %w", err)
	}
	if by.person != nil {
		if err := s.recordPerson(ctx, tx, b.AccountID, by.person); err != nil {
			return err
		}
	}
	if err := tx.Vehicle.UpdateOneID(b.VehicleID).SetOwnerAccountID(b.AccountID).Exec(ctx); err != nil {
		return fmt.Errorf("protect the plate: %w", err)
	}
	s.accountChanged(ctx, b.AccountID)
	return s.evictOthers(ctx, tx, b)
}

// recordPerson keeps whose an account is, a person of age, by the keyed hash of their identity number.
func (s *Service) recordPerson(ctx context.Context, tx *ent.Tx, accountID int64, person []byte) error {
	if err := tx.Account.UpdateOneID(accountID).SetPersonIndex(person).SetAdult(true).Exec(ctx); err != nil {
		return fmt.Errorf("record the person: %w", err)
	}
	return s.trustAdult(ctx, tx, accountID)
}

// isAnother holds when an account is known to be another person's.
func isAnother(of *ent.Account, person []byte) bool {
	return len(of.PersonIndex) > 0 && !equal(person, of.PersonIndex)
}

// evictOthers takes the vehicle from everyone who bound it without owning it (R064).
func (s *Service) evictOthers(ctx context.Context, tx *ent.Tx, owner *ent.VehicleBinding) error {
	others, err := tx.VehicleBinding.Query().Where(vehiclebinding.VehicleID(owner.VehicleID),
		vehiclebinding.AccountIDNEQ(owner.AccountID), vehiclebinding.EndedAtIsNil()).
		Order(vehiclebinding.ByAccountID()).All(ctx)
	if err != nil {
		return fmt.Errorf("read bindings: %w", err)
	}
	for _, b := range others {
		if err := s.release(ctx, tx, b, vehiclebinding.EndReasonEVICTED); err != nil {
			return err
		}
	}
	var plate cnid.Plate
	if plate, err = s.plateOf(ctx, owner); err != nil {
		return err
	}
	return s.tell(ctx, tx, notice.KindEVICTED, others, plate)
}
