package token

import (
	"errors"
	"fmt"
	"maps"

	"github.com/golang-jwt/jwt/v5"
)

// SignStatement signs something that the house says and that proves nobody's identity, such as a receipt: a
// compact JWS (RFC 7515) with claims of the caller's and the house as `iss`. It bears a type of its own, so
// that Verify refuses it as every foreign token; an error is a type that is empty or a token's, or a key that
// cannot sign.
func (i *Issuer) SignStatement(typ string, claims map[string]any) (string, error) {
	if _, token := uses[typ]; token || typ == "" {
		return "", errors.New("token: a statement must not pass for a token")
	}
	if i.signing.Private == nil {
		return "", fmt.Errorf("token: key %q cannot sign", i.signing.ID)
	}
	said := jwt.MapClaims{}
	maps.Copy(said, claims)
	said["iss"] = i.name
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, said)
	t.Header["typ"], t.Header["kid"] = typ, i.signing.ID
	raw, err := t.SignedString(i.signing.Private)
	if err != nil {
		return "", fmt.Errorf("token: sign: %w", err)
	}
	return raw, nil
}
