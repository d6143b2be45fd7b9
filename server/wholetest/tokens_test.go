package wholetest

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"parkbff/internal/identity/token"
	"parkbff/internal/vault"
	"parkbff/server/wholetest/rig"
)

var signedIn = rig.Person{Mobile: "13912340011", Channel: "APP"}

func TestATokenThatDoesNotHoldIsNobodysNotAnonymous(t *testing.T) {
	t.Parallel()
	h := open(t)
	driver, tokens := h.driver(signedIn)
	forge := newForger(t, h, tokens.AccessToken)
	for name, bad := range map[string]struct{ token, reason string }{
		"unsigned":             {forge.signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), "TOKEN_INVALID"},
		"of another key":       {forge.signed(jwt.SigningMethodEdDSA, forge.strange), "TOKEN_INVALID"},
		"by the public key":    {forge.signed(jwt.SigningMethodHS256, []byte(forge.public)), "TOKEN_INVALID"},
		"of another's account": {forge.tampered("sub", "77"), "TOKEN_INVALID"},
		"longer than granted":  {forge.tampered("exp", time.Now().Add(time.Hour).Unix()), "TOKEN_INVALID"},
		"expired":              {forge.expired(), "TOKEN_EXPIRED"},
		"for refreshing":       {tokens.RefreshToken, "TOKEN_INVALID"},
		"cut short":            {tokens.AccessToken[:len(tokens.AccessToken)-4], "TOKEN_INVALID"},
		"endless":              {tokens.AccessToken + strings.Repeat("A", 10_000), "TOKEN_INVALID"},
		"a plate":              {plantedPlate, "TOKEN_INVALID"},
	} {
		got := h.bearer(bad.token).asks(`{ viewer { tier } }`, nil)
		refuses(t, "a token "+name, got, "UNAUTHENTICATED")
		holds(t, "a token "+name, got.Body, `"reason":"`+bad.reason+`"`)
		if got.Status != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("a token %s: status %d", name, got.Status)
		}
	}
	holds(t, "the driver", driver.asks(`{ viewer { tier } }`, nil).Body, "REGISTERED")
	h.logHides(plantedPlate, tokens.AccessToken, tokens.RefreshToken, tokens.AccessToken[:40], signedIn.Mobile)
}

func TestASignInIsGivenInOneWay(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, tokens := h.driver(signedIn)
	for name, headers := range map[string][]string{
		"another scheme": {"Basic " + tokens.AccessToken},
		"no scheme":      {tokens.AccessToken},
		"two of them":    {"Bearer " + tokens.AccessToken, "Bearer " + tokens.AccessToken},
	} {
		request := must(http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL()+"/graphql",
			strings.NewReader(`{"query":"{ viewer { tier } }"}`)))(t)
		request.Header["Content-Type"] = []string{"application/json"}
		request.Header["Authorization"] = headers
		refuses(t, name, must(h.anybody().Send(request))(t), "UNAUTHENTICATED")
	}
}

func TestNobodyDoesWhatIsAnothersToDo(t *testing.T) {
	t.Parallel()
	h := open(t)
	driver, _ := h.driver(signedIn)
	gate := h.gate(rig.Lot)
	staff := h.bearer(must(h.House.Token(t.Context(), rig.StaffToken, rig.Lot))(t))
	seen := rig.Seen("e", rig.Lot, rig.Entry, plantedPlate, time.Now())
	bind := `mutation { bindPlate(input: {plate: "` + plantedPlate + `", trackConsent: true}) { userErrors { code } } }`
	open := `mutation { sendGateCommand(input: {lotCode: "` + rig.Lot + `", gateCode: "G1", kind: OPEN, reason: "test", idempotencyKey: "k"}) { userErrors { code } } }`
	for name, bad := range map[string]struct {
		got  rig.Answer
		code string
	}{
		"a gate binds":             {gate.asks(bind, nil), "FORBIDDEN"},
		"staff bind":               {staff.asks(bind, nil), "FORBIDDEN"},
		"nobody binds":             {h.anybody().asks(bind, nil), "UNAUTHENTICATED"},
		"a driver reports":         {driver.reports(seen), "FORBIDDEN"},
		"staff report":             {staff.reports(seen), "FORBIDDEN"},
		"nobody reports":           {h.anybody().reports(seen), "UNAUTHENTICATED"},
		"a driver opens a barrier": {driver.asks(open, nil), "FORBIDDEN"},
		"a gate opens its own":     {gate.asks(open, nil), "FORBIDDEN"},
	} {
		refuses(t, name, bad.got, bad.code)
	}
	sessions := `{ lot(code: "` + rig.Lot + `") { sessions(first: 1) { edges { node { id } } } } }`
	for name, a := range map[string]asker{"a driver": driver, "nobody": h.anybody()} {
		refuses(t, name+" reads a lot's stays", a.asks(sessions, nil), "FACT_REQUIRED")
	}
	if got := h.stays(rig.Lot); len(got) != 0 {
		t.Errorf("the lot has %+v", got)
	}
	broken := driver.posts("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{"+plantedPlate)
	refuses(t, "an upload in pieces", broken, "BAD_REQUEST")
	h.logHides(plantedPlate, signedIn.Mobile)
}

// forger makes tokens that differ from a good one in one thing.
type forger struct {
	t       *testing.T
	h       *house
	good    string
	header  map[string]any
	claims  jwt.MapClaims
	public  ed25519.PublicKey
	strange ed25519.PrivateKey
}

func newForger(t *testing.T, h *house, good string) *forger {
	t.Helper()
	f := &forger{t: t, h: h, good: good, claims: jwt.MapClaims{}}
	parsed, _, err := jwt.NewParser().ParseUnverified(good, f.claims)
	if err != nil {
		t.Fatal(err)
	}
	f.header = parsed.Header
	if f.public, f.strange, err = ed25519.GenerateKey(nil); err != nil {
		t.Fatal(err)
	}
	f.public, _ = f.keys().SigningKeys()[0].Private.Public().(ed25519.PublicKey)
	return f
}

// keys are the server's own.
func (f *forger) keys() *vault.Keys {
	return must(vault.LoadKeys(filepath.Join(f.h.Data, "keys")))(f.t)
}

func (f *forger) signed(method jwt.SigningMethod, key any) string {
	f.t.Helper()
	made := jwt.NewWithClaims(method, f.claims)
	made.Header["typ"], made.Header["kid"] = f.header["typ"], f.header["kid"]
	return must(made.SignedString(key))(f.t)
}

// tampered changes a claim under the good signature.
func (f *forger) tampered(name string, value any) string {
	f.t.Helper()
	parts := strings.Split(f.good, ".")
	claims := jwt.MapClaims{}
	for k, v := range f.claims {
		claims[k] = v
	}
	claims[name] = value
	parts[1] = base64.RawURLEncoding.EncodeToString(must(json.Marshal(claims))(f.t))
	return strings.Join(parts, ".")
}

// expired is a token that the server itself would have issued an hour ago.
func (f *forger) expired() string {
	f.t.Helper()
	var keys []token.Key
	for _, k := range f.keys().SigningKeys() {
		public, _ := k.Private.Public().(ed25519.PublicKey)
		keys = append(keys, token.Key{ID: k.ID, Private: k.Private, Public: public})
	}
	before := time.Now().Add(-time.Hour)
	issuer := must(token.NewIssuer(keys, "parkbff", "parkbff", f.keys().IDKey(), fixed(before)))(f.t)
	return must(issuer.Issue(token.Claims{Use: token.Access, Subject: 1, SignIn: 1, ExpiresAt: before.Add(15 * time.Minute)}))(f.t)
}

// fixed is a clock that stands still.
type fixed time.Time

// Now is always the same.
func (f fixed) Now() time.Time { return time.Time(f) }
