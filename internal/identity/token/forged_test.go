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
		"iss": "https://parkbff.example", "aud": "parkbff", "sub": said(driver(), "sub"), "sid": said(driver(), "sid"),
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

// said is what a token of the issuer says under a name.
func said(c token.Claims, name string) string {
	i, err := token.NewIssuer([]token.Key{key("a")}, "https://parkbff.example", "parkbff", idKey(), &watch{noon})
	if err != nil {
		panic(err)
	}
	raw, err := i.Issue(c)
	if err != nil {
		panic(err)
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		panic(err)
	}
	var payload map[string]any
	if err := json.Unmarshal(text, &payload); err != nil {
		panic(err)
	}
	value, _ := payload[name].(string)
	return value
}

func machine() token.Claims {
	return token.Claims{Use: token.Gate, Subject: 42, SignIn: 7, IssuedAt: noon, ExpiresAt: noon.Add(15 * time.Minute)}
}

const goodHeader = `{"alg":"EdDSA","typ":"at+jwt","kid":"a"}`

// signedText is a token of two texts.
func signedText(header, payload string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return text + "." + base64.RawURLEncoding.EncodeToString(by(key("a"))(text))
}

// twice is the good token with a member written again, into the header or the payload.
func twice(into, member string) string {
	var segments [2]string
	for i, segment := range strings.Split(forge{}.String(), ".")[:2] {
		text, err := base64.RawURLEncoding.DecodeString(segment)
		if err != nil {
			panic(err)
		}
		segments[i] = string(text)
	}
	i := map[string]int{"header": 0, "payload": 1}[into]
	segments[i] = strings.TrimSuffix(segments[i], "}") + "," + member + "}"
	return signedText(segments[0], segments[1])
}

// looser writes the same bytes with bits set after the last of them.
func looser(segment string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(segment) - 1
	return segment[:last] + string(alphabet[strings.IndexByte(alphabet, segment[last])+1])
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
		"subject that is no id":      body(object{"sub": "alice"}),
		"subject in the open":        body(object{"sub": "42"}),
		"subject of a gate":          body(object{"sub": said(machine(), "sub")}),
		"a sign-in for a subject":    body(object{"sub": said(driver(), "sid")}),
		"a subject for a sign-in":    body(object{"sid": said(driver(), "sub")}),
		"subject cut":                body(object{"sub": said(driver(), "sub")[1:]}),
		"subject with padding":       body(object{"sub": said(driver(), "sub") + "=="}),
		"subject sealed elsewhere":   body(object{"sub": "AAAAAAAAAAAAAAAAAAAAAA"}),
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
		"kid that is SQL":            head(object{"kid": "a' OR '1'='1"}),
		"kid that is a URL":          head(object{"kid": "https://evil.example/key"}),
		"kid in another case":        forge{header: object{"kid": "A"}}.String(),
		"x5c":                        head(object{"x5c": []string{"MIIB"}}),
		"typ of a consent's receipt": head(object{"typ": "receipt+jwt"}),
		"typ of a security event":    head(object{"typ": "secevent+jwt"}),
		"typ of a logout token":      head(object{"typ": "logout+jwt"}),
		"typ as a media type":        head(object{"typ": "application/at+jwt"}),
		"typ in another case":        head(object{"typ": "AT+JWT"}),
		"alg in another case":        head(object{"alg": "eddsa"}),
		"RS256":                      head(object{"alg": "RS256"}),
		"encrypted":                  head(object{"alg": "dir", "enc": "A128GCM"}),
		"valid from a minute on":     body(object{"nbf": noon.Add(time.Minute).Unix()}),
		"issued in a minute":         body(object{"iat": noon.Add(time.Minute).Unix()}),
		"a subject twice":            twice("payload", `"sub":"1"`),
		"a subject in two cases":     twice("payload", `"SUB":"1"`),
		"a subject in odd letters":   twice("payload", `"\u017fub":"1"`),
		"an expiry twice":            twice("payload", `"exp":99999999999`),
		"an audience twice":          twice("payload", `"aud":"parkbff"`),
		"an algorithm twice":         twice("header", `"alg":"none"`),
		"a key twice":                twice("header", `"kid":"a"`),
		"detached signature":         parts[0] + ".." + parts[2],
		"signature in two":           good + parts[2],
		"garbage after it":           good + "AA",
		"garbage after a blank":      good + " x",
		"garbage in the payload":     signedText(goodHeader, `{"sub":"42"}{}`),
		"bits after the last byte":   parts[0] + "." + parts[1] + "." + looser(parts[2]),
		"another alphabet":           parts[0] + "." + parts[1] + ".+" + parts[2][1:],
		"a payload that is a list":   signedText(goodHeader, `["sub","42"]`),
		"a payload of nothing":       signedText(goodHeader, ``),
		"a fraction of a row":        body(object{"sub": said(driver(), "sub") + ".0"}),
		"a subject that is a number": body(object{"sub": 42}),
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

func TestClocksOfReplicasMayDifferByHalfAMinute(t *testing.T) {
	at := func(member string, ahead time.Duration) string {
		return forge{payload: object{member: noon.Add(ahead).Unix()}}.String()
	}
	for _, member := range []string{"iat", "nbf"} {
		for ahead, want := range map[time.Duration]error{0: nil, token.Skew: nil, token.Skew + time.Second: token.Invalid} {
			if _, err := issuer(t, &watch{noon}, key("a")).Verify(at(member, ahead)); !errors.Is(err, want) {
				t.Errorf("%s %v ahead: %v", member, ahead, err)
			}
		}
	}
	for behind, want := range map[time.Duration]error{token.Skew - time.Second: nil, token.Skew: token.Expired} {
		raw := forge{payload: object{"iat": noon.Add(-time.Hour).Unix(), "nbf": noon.Add(-time.Hour).Unix(), "exp": noon.Add(-behind).Unix()}}.String()
		if _, err := issuer(t, &watch{noon}, key("a")).Verify(raw); !errors.Is(err, want) {
			t.Errorf("ended %v ago: %v", behind, err)
		}
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
		own := driver()
		own.Use = use
		got, err := i.Verify(forge{header: object{"typ": typ}, payload: object{"sub": said(own, "sub"), "sid": said(own, "sid")}}.String())
		if err != nil || got.Use != use {
			t.Errorf("%s is %s, %v", typ, got.Use, err)
		}
		if _, err := i.Verify(forge{header: object{"typ": typ}}.String()); (err == nil) != (use == token.Access) {
			t.Errorf("a driver's ids in a %s: %v", typ, err)
		}
	}
}
