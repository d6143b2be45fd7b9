package identity

import (
	"context"
	"fmt"

	"golang.org/x/text/width"

	"parkbff/ent"
	"parkbff/ent/fleet"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/partner/ocr"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Columns of fleets that are sealed under the account's key.
const (
	fieldFleetName   = "fleet.name"
	fieldFleetCredit = "fleet.credit_code"
)

// company is what may be kept of a business licence, and of the representative it names.
type company struct {
	finding
	name   string
	credit cnid.CreditCode
}

// OpenFleet opens a fleet for a company by its business licence and the identity card of the legal
// representative it names, whose account this is (P17). Documents may have 5 MB each. Kept are the company's
// name and credit code (GB 32100), and of the person what VerifyVehicle keeps. A fleet that is open already
// is answered, under the name that the company has now.
//
// Errors: UNAUTHENTICATED; CONSENT_REQUIRED{purpose}; those of readDocument; RATE_LIMITED, tries being counted
// with those to verify; VERIFICATION_REFUSED{reason}, of which nothing is kept; UNAVAILABLE.
func (s *Service) OpenFleet(ctx context.Context, businessLicence, idCard Picture) (*Fleet, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.RunFleet, 0); err != nil {
		return nil, err
	}
	found, err := s.examineCompany(ctx, v.AccountID, businessLicence, idCard)
	if err != nil {
		return nil, err
	}
	var row int64
	err = s.write(ctx, "open a fleet", func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = s.keepFleet(ctx, tx, v.AccountID, found)
		return err
	})
	if err != nil {
		return nil, err
	}
	opened, err := s.store.Fresh(ctx).Fleet.Get(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("read the fleet: %w", err)
	}
	return s.openedFleet(ctx, opened)
}

func (s *Service) examineCompany(ctx context.Context, accountID int64, licence, card Picture) (company, error) {
	licencePicture, err := s.readDocument(licence)
	defer clear(licencePicture)
	if err != nil {
		return company{}, at(err, "businessLicence")
	}
	cardPicture, err := s.readDocument(card)
	defer clear(cardPicture)
	if err != nil {
		return company{}, at(err, "idCard")
	}
	var of ocr.BusinessLicence
	var shown ocr.IDCard
	refused, err := s.consult(ctx, accountID, func() (err error) {
		if of, err = s.reader.ReadBusinessLicence(ctx, licencePicture); err != nil {
			return at(err, "businessLicence")
		}
		shown, err = s.reader.ReadIDCard(ctx, cardPicture)
		return at(err, "idCard")
	})
	if err != nil || refused != "" {
		return company{finding: finding{refused: refused}}, err
	}
	return s.judgeCompany(of, shown), nil
}

func (s *Service) judgeCompany(licence ocr.BusinessLicence, card ocr.IDCard) company {
	credit, err := cnid.ParseCreditCode(licence.CreditCode)
	if err != nil || companyName(licence.Name) == "" {
		return company{finding: finding{refused: invalidCompany}}
	}
	return company{
		finding: s.judgePerson(licence.LegalRepresentative, card, representativeMismatch),
		name:    licence.Name, credit: credit,
	}
}

// companyName is a name as two documents may both write it: brackets are wide in one and narrow in another.
func companyName(name string) string { return plainName(width.Narrow.String(name)) }

func (s *Service) companyIndex(name string) []byte {
	return s.vault.Index("company", companyName(name))
}

func (s *Service) keepFleet(ctx context.Context, tx *ent.Tx, accountID int64, found company) (int64, error) {
	holder, err := holdAccount(ctx, tx, accountID)
	if err != nil {
		return 0, err
	}
	if found.refused == "" && isAnother(holder, found.person) {
		found.refused = personMismatch
	}
	if found.refused != "" {
		return 0, refusedBecause(found.refused)
	}
	if err := recordPerson(ctx, tx, accountID, found.person); err != nil {
		return 0, err
	}
	owner := vault.AccountKey(accountID)
	name, err := s.vault.SealString(ctx, owner, fieldFleetName, found.name)
	if err != nil {
		return 0, err
	}
	credit, err := s.vault.SealString(ctx, owner, fieldFleetCredit, found.credit.Text())
	if err != nil {
		return 0, err
	}
	row, err := tx.Fleet.Create().SetAccountID(accountID).SetName(name).SetNameIndex(s.companyIndex(found.name)).
		SetCreditCode(credit).SetCreditCodeIndex(s.vault.Index("credit_code", found.credit.Text())).SetCreatedAt(s.clock.Now()).
		OnConflictColumns(fleet.FieldAccountID, fleet.FieldCreditCodeIndex).
		Update(func(u *ent.FleetUpsert) { u.UpdateName().UpdateNameIndex().ClearEndedAt() }).ID(ctx)
	if err != nil {
		return 0, fmt.Errorf("keep the fleet: %w", err)
	}
	return row, nil
}

// Fleets answers the fleets of the viewer's account, in the order they were opened. Error: UNAUTHENTICATED.
func (s *Service) Fleets(ctx context.Context) ([]*Fleet, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.store.Client(ctx).Fleet.Query().Where(fleet.AccountID(v.AccountID), fleet.EndedAtIsNil()).
		Order(fleet.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read fleets: %w", err)
	}
	all := make([]*Fleet, len(rows))
	for i, row := range rows {
		if all[i], err = s.openedFleet(ctx, row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Fleet answers one of them. Errors: UNAUTHENTICATED, NOT_FOUND.
func (s *Service) Fleet(ctx context.Context, row int64) (*Fleet, error) {
	all, err := s.Fleets(ctx)
	if err != nil {
		return nil, err
	}
	for _, own := range all {
		if own.Row == row {
			return own, nil
		}
	}
	return nil, fault.NotFound
}

func (s *Service) openedFleet(ctx context.Context, row *ent.Fleet) (*Fleet, error) {
	owner := vault.AccountKey(row.AccountID)
	name, err := s.vault.OpenString(ctx, owner, fieldFleetName, row.Name)
	if err != nil {
		return nil, err
	}
	credit, err := s.vault.OpenString(ctx, owner, fieldFleetCredit, row.CreditCode)
	if err != nil {
		return nil, err
	}
	return &Fleet{Row: row.ID, Name: name, CreditCode: credit, OpenedAt: row.CreatedAt}, nil
}
