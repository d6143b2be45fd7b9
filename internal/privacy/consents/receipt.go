package consents

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// ReceiptType is the `typ` of a receipt, which no token of the house has.
const ReceiptType = "consent-receipt+jwt"

// Signer signs what the house says, with the keys of /.well-known/jwks.json.
type Signer interface {
	SignStatement(typ string, claims map[string]any) (string, error)
}

// Keyed answers keyed hashes: equal for equal values of one kind, and telling nothing of them.
type Keyed interface {
	Index(kind, plain string) []byte
}

// Receipt is what the viewer agreed to, when, and how that stands, as a compact JWS (RFC 7515, EdDSA) after
// ISO/IEC TS 27560: controller, notice with its version and a digest of its words, purpose, events. Person,
// vehicle and receipt are named by keyed hashes, so that it carries neither a row's id nor an order. It is
// dated by its latest event, and so equal however often it is asked for. Instants are RFC 3339, +08:00.
// Error: UNAUTHENTICATED.
func (s *Service) Receipt(ctx context.Context, c *Consent) (string, error) {
	v := viewer.Of(ctx)
	if !v.Registered() {
		return "", fault.Unauthenticated
	}
	p, _ := s.catalogue.purpose(c.Purpose)
	agreed := s.catalogue.textIn(p, c.PolicyVersion)
	words := sha256.Sum256([]byte(agreed.Description.Zh))
	latest, account := c.GrantedAt, strconv.FormatInt(v.AccountID, 10)
	claims := map[string]any{
		"jti": s.hash("consent receipt", strconv.FormatInt(c.Row, 10)), "sub": s.hash("consent receipt subject", account),
		"controller": s.catalogue.controller, "notice": s.catalogue.document, "notice_version": c.PolicyVersion,
		"notice_digest": base64.RawURLEncoding.EncodeToString(words[:]), "source": agreed.Source,
		"purpose": string(c.Purpose), "purpose_name": agreed.Name.Zh, "separate": p.Separate, "state": string(c.State),
		"granted_at": shown(c.GrantedAt),
	}
	if c.VehicleID != nil {
		claims["vehicle"] = s.hash("consent receipt vehicle", account+"/"+strconv.FormatInt(*c.VehicleID, 10))
	}
	for name, at := range map[string]*time.Time{"withdrawn_at": c.WithdrawnAt, "ended_at": c.EndedAt} {
		if at == nil {
			continue
		}
		claims[name] = shown(*at)
		if at.After(latest) {
			latest = *at
		}
	}
	claims["iat"] = latest.Unix()
	return s.signer.SignStatement(ReceiptType, claims)
}

func (s *Service) hash(kind, plain string) string {
	return base64.RawURLEncoding.EncodeToString(s.keyed.Index(kind, plain))
}

func shown(at time.Time) string { return at.In(clock.Shanghai).Format(time.RFC3339) }
