package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/partner/ocr"
)

// reason says why a verification was refused. It is kept and shown.
type reason string

const (
	plateMismatch  reason = "PLATE_MISMATCH"    // the licence is another vehicle's
	ownerMismatch  reason = "OWNER_MISMATCH"    // the card is not the owner's
	invalidID      reason = "INVALID_ID_NUMBER" // the card's number does not add up
	personMismatch reason = "PERSON_MISMATCH"   // the account's other vehicles are another person's
	minor          reason = "MINOR"             // under 18 (decision 7)

	invalidCompany         reason = "INVALID_CREDIT_CODE"     // the business licence's number does not add up
	representativeMismatch reason = "REPRESENTATIVE_MISMATCH" // the card is not the legal representative's
)

const (
	maxPicture = 5 << 20
	adulthood  = 18 // years
)

// finding is what may be kept of two documents: a keyed hash of the person, or why they prove nothing.
type finding struct {
	person  []byte
	refused reason
}

type documents struct {
	licence ocr.DrivingLicence
	card    ocr.IDCard
}

func (s *Service) readDocuments(ctx context.Context, licence, card []byte) (d documents, err error) {
	if d.licence, err = s.reader.ReadDrivingLicence(ctx, licence); err != nil {
		return documents{}, at(err, "drivingLicence")
	}
	if d.card, err = s.reader.ReadIDCard(ctx, card); err != nil {
		return documents{}, at(err, "idCard")
	}
	return d, nil
}

// refusalIn tells a document that proves nothing from one that could not be examined.
func refusalIn(err error) (reason, bool) {
	if errors.Is(err, ocr.Unreadable) || errors.Is(err, ocr.NotOriginal) {
		return reason(fault.As(err).Code()), true
	}
	return "", false
}

// judge compares the documents with the plate and with each other.
func (s *Service) judge(bound cnid.Plate, d documents) finding {
	if !names(d.licence, bound) {
		return finding{refused: plateMismatch}
	}
	return s.judgePerson(d.licence.Owner, d.card, ownerMismatch)
}

// names holds for the licence of that plate. It tells no colour, so its plate is read in the one given.
func names(licence ocr.DrivingLicence, plate cnid.Plate) bool {
	shown, err := cnid.ParsePlate(licence.Plate, plate.Color())
	return err == nil && shown == plate
}

// judgePerson compares a card with the name in another document.
func (s *Service) judgePerson(name string, card ocr.IDCard, mismatch reason) finding {
	id, err := cnid.ParseResidentID(card.IDNumber)
	if err != nil {
		return finding{refused: invalidID}
	}
	if plain := plainName(name); plain == "" || plain != plainName(card.Name) {
		return finding{refused: mismatch}
	}
	if id.AgeOn(s.clock.Now()) < adulthood {
		return finding{refused: minor}
	}
	return finding{person: s.vault.Index("person", id.Text())}
}

// plainName drops what two documents write differently in one name: spaces, and the dot inside names of
// some peoples.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \u00a0\u3000·•・･‧.", r) {
			return -1
		}
		return r
	}, name)
}

// readPicture reads a document whole. Pieces it has outgrown are overwritten, so that the answer is the only
// copy; whoever holds it overwrites it too. Error: DOCUMENT_TOO_LARGE.
func readPicture(from io.Reader) ([]byte, error) {
	picture := make([]byte, 0, 64<<10)
	for {
		n, err := from.Read(picture[len(picture):cap(picture)])
		picture = picture[:len(picture)+n]
		switch {
		case len(picture) > maxPicture:
			clear(picture)
			return nil, DocumentTooLarge
		case errors.Is(err, io.EOF):
			return picture, nil
		case err != nil:
			clear(picture)
			return nil, fmt.Errorf("read a document: %w", err)
		case len(picture) == cap(picture):
			grown := append(make([]byte, 0, 2*cap(picture)), picture...)
			clear(picture)
			picture = grown
		}
	}
}
