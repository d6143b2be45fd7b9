package invoice

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/daead/subtle"

	"parkbff/ent"
	"parkbff/ent/invoice"
	"parkbff/internal/fault"
	"parkbff/internal/partner/einvoice"
	"parkbff/internal/viewer"
)

const (
	// linkHolds is how long a document lies at its link.
	linkHolds   = 10 * time.Minute
	linkBytes   = 3 * 8
	linkPurpose = "parkbff invoice link v1"
	// LinkPath and LinkEnd stand around the token of a link.
	LinkPath = "/invoices/"
	LinkEnd  = ".pdf"
)

// links seals who may read which document until when. Equal links are equal, as with quotes.
type links struct{ siv *subtle.AESSIV }

func newLinks(key []byte) (*links, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, linkPurpose, subtle.AESSIVKeySize)
	if err != nil {
		return nil, fmt.Errorf("derive the key of links: %w", err)
	}
	siv, err := subtle.NewAESSIV(derived)
	if err != nil {
		return nil, fmt.Errorf("make the key of links: %w", err)
	}
	return &links{siv}, nil
}

func (s *Service) link(row, accountID int64) (*string, error) {
	plain := make([]byte, 0, linkBytes)
	for _, part := range []int64{row, accountID, s.Clock.Now().Add(linkHolds).UnixMilli()} {
		plain = binary.BigEndian.AppendUint64(plain, uint64(part))
	}
	sealed, err := s.links.siv.EncryptDeterministically(plain, []byte(linkPurpose))
	if err != nil {
		return nil, fmt.Errorf("seal a link: %w", err)
	}
	path := LinkPath + base64.RawURLEncoding.EncodeToString(sealed) + LinkEnd
	return &path, nil
}

// Linked answers the document of a link, for whoever holds it. Errors: NOT_FOUND for a link that is none, has expired
// or leads to what is its account's no more; UNAVAILABLE.
func (s *Service) Linked(ctx context.Context, token string) (pdf []byte, err error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, fault.NotFound
	}
	plain, err := s.links.siv.DecryptDeterministically(sealed, []byte(linkPurpose))
	if err != nil || len(plain) != linkBytes {
		return nil, fault.NotFound
	}
	part := func(i int) int64 { return int64(binary.BigEndian.Uint64(plain[i*8:])) }
	if s.Clock.Now().UnixMilli() > part(2) {
		return nil, fault.NotFound
	}
	ctx = viewer.AsSystem(ctx, jobRead)
	row, err := s.Store.Fresh(ctx).Invoice.Query().Where(invoice.ID(part(0)), invoice.AccountID(part(1)), invoice.NumberNotNil()).Only(ctx)
	if err != nil {
		return nil, unseen(err, "read the invoice")
	}
	return s.fetch(ctx, row)
}

// fetch answers the document of an issued invoice, from the service that keeps it.
func (s *Service) fetch(ctx context.Context, row *ent.Invoice) ([]byte, error) {
	if s.Press == nil {
		return nil, fault.Unavailable.Because(NotOffered)
	}
	find := s.Press.Find
	if row.Kind == invoice.KindRED {
		find = s.Press.FindReversal
	}
	found, err := find(ctx, row.OrderNumber)
	switch {
	case err != nil:
		return nil, err
	case found.State != einvoice.Issued:
		return nil, fault.Unavailable.Because(errUnknownNumbers)
	}
	pdf, err := s.Press.Fetch(ctx, found.PDF)
	if errors.Is(err, einvoice.Refused) { // the service keeps it elsewhere than it says
		return nil, fault.Unavailable.Because(err)
	}
	return pdf, err
}
