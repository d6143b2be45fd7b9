package token_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"parkbff/internal/identity/token"
)

func TestAStatementIsNoTokenWhateverItSays(t *testing.T) {
	i := issuer(t, &watch{noon}, key("a"))
	all := map[string]any{ // all that a driver's token says
		"aud": []string{"parkbff"}, "sub": "42", "sid": "7", "iat": noon.Unix(), "nbf": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
	}
	said, err := i.SignStatement("consent-receipt+jwt", all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Verify(said); !errors.Is(err, token.Invalid) {
		t.Errorf("a statement signs in: %v", err)
	}
	for _, typ := range []string{"", "at+jwt", "gate+jwt", "staff+jwt"} {
		if _, err := i.SignStatement(typ, all); err == nil {
			t.Errorf("a statement of type %q is signed", typ)
		}
	}
	if all["iss"] != nil || strings.Count(said, ".") != 2 {
		t.Error("the caller's claims were changed, or this is no compact JWS")
	}
	verifying := key("b")
	verifying.Private = nil
	if _, err := issuer(t, &watch{noon}, verifying).SignStatement("x+jwt", all); err == nil {
		t.Error("a key without its private half signs")
	}
}
