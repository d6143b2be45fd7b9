package token_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/identity/token"
)

type object = map[string]any

// forge writes a token by hand. A change set to nil removes the member.
type forge struct {
	header, payload object
	sign            func(text string) []byte
}

func (f forge) String() string {
	header := object{"alg": "EdDSA", "typ": "at+jwt", "kid": "a"}
	payload := object{
		"iss": "https://parkbff.example", "aud": "parkbff", "sub": "42", "sid": "7",
		"iat": noon.Unix(), "nbf": noon.Unix(), "exp": noon.Add(15 * time.Minute).Unix(),
	}
	text := encode(header, f.header) + "." + encode(payload, f.payload)
	sign := f.sign
	if sign == nil {
		sign = by(key("a"))
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sign(text))
}

func encode(members, changes object) string {
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func by(k token.Key) func(string) []byte {
	return func(text string) []byte { return ed25519.Sign(k.Private, []byte(text)) }
}

// The handmade token is good as it stands, so each fault below is the only one.
func TestTheHandmadeTokenIsGood(t *testing.T) {
	got, err := issuer(t, &watch{noon}, key("a")).Verify(forge{}.String())
	if err != nil || got != driver() {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestEveryFaultOfRFC8725IsRefused(t *testing.T) {
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, key("a").Public)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	jwk := object{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(key("evil").Public)}
	good := forge{}.String()
	parts := strings.Split(good, ".")
	head := func(changes object) string { return forge{header: changes}.String() }
	body := func(changes object) string { return forge{payload: changes}.String() }
	hour := func(n int) int64 { return noon.Add(time.Duration(n) * time.Hour).Unix() }

	for name, raw := range map[string]string{
		"empty":                      "",
		"not a token":                "hello",
		"alg none":                   forge{header: object{"alg": "none"}, sign: func(string) []byte { return nil }}.String(),
		"alg NONE with a signature":  head(object{"alg": "NONE"}),
		"no alg":                     head(object{"alg": nil}),
		"HS256 with the public key":  forge{header: object{"alg": "HS256"}, sign: mac}.String(),
		"another algorithm's name":   head(object{"alg": "ES256"}),
		"signed by another key":      forge{sign: by(key("evil"))}.String(),
		"no signature":               parts[0] + "." + parts[1] + ".",
		"unknown kid":                forge{header: object{"kid": "evil"}, sign: by(key("evil"))}.String(),
		"no kid":                     head(object{"kid": nil}),
		"kid that is no text":        head(object{"kid": 1}),
		"kid that is a path":         head(object{"kid": "../../dev/null"}),
		"typ of another JWT":         head(object{"typ": "JWT"}),
		"typ of an id token":         head(object{"typ": "id+jwt"}),
		"no typ":                     head(object{"typ": nil}),
		"typ that is no text":        head(object{"typ": []string{"at+jwt"}}),
		"embedded jwk":               forge{header: object{"jwk": jwk}, sign: by(key("evil"))}.String(),
		"embedded jwk in kid's room": forge{header: object{"jwk": jwk, "kid": nil}, sign: by(key("evil"))}.String(),
		"jku":                        head(object{"jku": "https://evil.example/jwks.json"}),
		"x5u":                        head(object{"x5u": "https://evil.example/cert"}),
		"crit":                       head(object{"crit": []string{"b64"}}),
		"b64":                        head(object{"b64": false}),
		"compressed":                 head(object{"zip": "DEF"}),
		"another issuer":             body(object{"iss": "https://evil.example"}),
		"no issuer":                  body(object{"iss": nil}),
		"another audience":           body(object{"aud": "other"}),
		"no audience":                body(object{"aud": nil}),
		"an audience too many":       body(object{"aud": []string{"parkbff", "other"}}),
		"not yet valid":              body(object{"nbf": hour(1), "exp": hour(2)}),
		"issued in the future":       body(object{"iat": hour(1), "exp": hour(2)}),
		"no expiry":                  body(object{"exp": nil}),
		"no iat":                     body(object{"iat": nil}),
		"no nbf":                     body(object{"nbf": nil}),
		"expiry as text":             body(object{"exp": "never"}),
		"no subject":                 body(object{"sub": nil}),
		"subject that is no row":     body(object{"sub": "alice"}),
		"subject 0":                  body(object{"sub": "0"}),
		"negative subject":           body(object{"sub": "-42"}),
		"subject in another writing": body(object{"sub": "+42"}),
		"sign-in that is no row":     body(object{"sid": "x"}),
		"expired, another audience":  body(object{"exp": hour(-1), "aud": "other"}),
		"expired, another key":       forge{payload: object{"exp": hour(-1)}, sign: by(key("evil"))}.String(),
		"truncated":                  good[:len(good)-1],
		"half":                       good[:len(good)/2],
		"two segments":               parts[0] + "." + parts[1],
		"four segments":              good + ".",
		"five segments, as in JWE":   good + "." + parts[0] + "." + parts[1],
		"payload exchanged":          parts[0] + "." + encode(object{"sub": "1"}, nil) + "." + parts[2],
		"header exchanged":           encode(object{"alg": "EdDSA", "typ": "staff+jwt", "kid": "a"}, nil) + "." + parts[1] + "." + parts[2],
		"oversized":                  body(object{"pad": strings.Repeat("x", 4096)}),
		"padded base64":              parts[0] + "==." + parts[1] + "." + parts[2],
		"a line break within":        parts[0] + ".\n" + parts[1] + "." + parts[2],
		"with its scheme":            "Bearer " + good,
	} {
		t.Run(name, func(t *testing.T) {
			i := issuer(t, &watch{noon}, key("a"), key("b"))
			for range 2 { // a refusal is not remembered as a success
				got, err := i.Verify(raw)
				if !errors.Is(err, token.Invalid) || got != (token.Claims{}) {
					t.Fatalf("%v, %v", got, err)
				}
				if errors.Is(err, fault.Unauthenticated) || errors.Is(err, token.Expired) {
					t.Fatalf("%v passes for another fault", err)
				}
			}
		})
	}
}

func TestAnExpiredTokenOfOursIsOnlyExpired(t *testing.T) {
	raw := forge{payload: object{"exp": noon.Add(-time.Hour).Unix(), "iat": noon.Add(-2 * time.Hour).Unix(), "nbf": noon.Add(-2 * time.Hour).Unix()}}.String()
	if _, err := issuer(t, &watch{noon}, key("a")).Verify(raw); !errors.Is(err, token.Expired) || errors.Is(err, token.Invalid) {
		t.Fatal(err)
	}
}

func TestOneUseNeverPassesForAnother(t *testing.T) {
	i := issuer(t, &watch{noon}, key("a"))
	for typ, use := range map[string]token.Use{"at+jwt": token.Access, "gate+jwt": token.Gate, "staff+jwt": token.Staff} {
		got, err := i.Verify(forge{header: object{"typ": typ}}.String())
		if err != nil || got.Use != use {
			t.Errorf("%s is %s, %v", typ, got.Use, err)
		}
	}
}
