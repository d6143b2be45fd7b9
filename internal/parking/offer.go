package parking

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/daead/subtle"

	"parkbff/internal/fault"
)

// Offer is what a quote stands for: so much for a stay, until then. Whoever holds its token may order it: that they
// may was asked when they were given the quote.
type Offer struct {
	SessionID int64
	Fen       int64
	ExpiresAt time.Time
}

// OfferAt is what a stay owes that is quoted now.
func OfferAt(sessionID, fen int64, now time.Time) Offer {
	return Offer{sessionID, fen, now.Add(quoteHolds)}
}

// QuoteExpired is answered for a quote that is too old, and for whatever is no quote of ours.
var QuoteExpired = fault.New("QUOTE_EXPIRED", "The quote no longer holds: ask for a new one.")

// offers seals offers into tokens, so that nothing needs to be kept of a quote. Equal offers have equal tokens
// (AES-SIV, RFC 5297): a random part would tell two quotes of one stay no more apart, and two worlds that differ in
// what is hidden from each other.
type offers struct{ siv *subtle.AESSIV }

const (
	offerBytes   = 3 * 8
	offerPurpose = "parkbff quote v1"
)

func newOffers(key []byte) (*offers, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, offerPurpose, subtle.AESSIVKeySize)
	if err != nil {
		return nil, fmt.Errorf("derive the key of quotes: %w", err)
	}
	siv, err := subtle.NewAESSIV(derived)
	if err != nil {
		return nil, fmt.Errorf("make the key of quotes: %w", err)
	}
	return &offers{siv}, nil
}

// seal answers the token of an offer, whose instant is kept to the millisecond.
func (o *offers) seal(offer Offer) (string, error) {
	plain := make([]byte, 0, offerBytes)
	for _, part := range []int64{offer.SessionID, offer.Fen, offer.ExpiresAt.UnixMilli()} {
		plain = binary.BigEndian.AppendUint64(plain, uint64(part))
	}
	sealed, err := o.siv.EncryptDeterministically(plain, []byte(offerPurpose))
	if err != nil {
		return "", fmt.Errorf("seal a quote: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

func (o *offers) open(token string) (Offer, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return Offer{}, QuoteExpired.Because(err)
	}
	plain, err := o.siv.DecryptDeterministically(sealed, []byte(offerPurpose))
	if err != nil || len(plain) != offerBytes {
		return Offer{}, QuoteExpired.Because(fmt.Errorf("not sealed here: %w", err))
	}
	part := func(i int) int64 { return int64(binary.BigEndian.Uint64(plain[i*8:])) }
	return Offer{SessionID: part(0), Fen: part(1), ExpiresAt: time.UnixMilli(part(2)).UTC()}, nil
}

// OpenOffer answers what the token of a quote stands for. Error: QuoteExpired.
func (s *Service) OpenOffer(token string) (Offer, error) {
	offer, err := s.offers.open(token)
	switch {
	case err != nil:
		return Offer{}, err
	case s.clock.Now().After(offer.ExpiresAt):
		return Offer{}, QuoteExpired
	}
	return offer, nil
}
