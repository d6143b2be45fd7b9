package identity

import (
	"context"
	"fmt"
	"io"

	"parkbff/ent"
	"parkbff/internal/partner/ocr"
)

// Deed is what a certificate of ownership and an identity card say together, once both were found to be of one adult
// with a valid number (GB 11643).
type Deed struct {
	Owner    string // the whole name
	IDNumber string
	Location string // of what is owned, as the certificate writes it

	person []byte
}

// Format prints "deed" under every verb.
func (Deed) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "deed") }

// ExamineDeed has a certificate of ownership (不动产权证书, 产权证明) and its owner's identity card read and compared, for
// the asking driver (R077). Documents may have 5 MB each, and nothing of them is kept here.
//
// Errors: UNAUTHENTICATED; those of readDocument; RATE_LIMITED, tries being counted with those to verify;
// VERIFICATION_REFUSED{reason}; UNAVAILABLE.
func (s *Service) ExamineDeed(ctx context.Context, certificate, idCard Picture) (*Deed, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	certificatePicture, err := s.readDocument(certificate)
	defer clear(certificatePicture)
	if err != nil {
		return nil, at(err, "certificate")
	}
	cardPicture, err := s.readDocument(idCard)
	defer clear(cardPicture)
	if err != nil {
		return nil, at(err, "idCard")
	}
	var says ocr.PropertyCertificate
	var card ocr.IDCard
	refused, err := s.consult(ctx, v.AccountID, func() (err error) {
		if says, err = s.reader.ReadPropertyCertificate(ctx, certificatePicture); err != nil {
			return at(err, "certificate")
		}
		card, err = s.reader.ReadIDCard(ctx, cardPicture)
		return at(err, "idCard")
	})
	if err != nil {
		return nil, err
	}
	found := finding{refused: refused}
	if refused == "" {
		found = s.judgePerson(says.Owner, card, ownerMismatch)
	}
	if found.refused != "" {
		return nil, refusedBecause(found.refused)
	}
	return &Deed{Owner: card.Name, IDNumber: card.IDNumber, Location: says.Location, person: found.person}, nil
}

// RecordDeed notes in an account that it is the person's whom the documents name. The caller is the system.
// Errors: NOT_FOUND for a closed account; VERIFICATION_REFUSED when the account is known to be another person's.
func (s *Service) RecordDeed(ctx context.Context, tx *ent.Tx, accountID int64, d *Deed) error {
	holder, err := holdAccount(ctx, tx, accountID)
	switch {
	case err != nil:
		return err
	case isAnother(holder, d.person):
		return refusedBecause(personMismatch)
	}
	return s.recordPerson(ctx, tx, accountID, d.person)
}
