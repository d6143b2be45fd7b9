package token_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/internal/identity/token"
)

var noon = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

type watch struct{ now time.Time }

func (w *watch) Now() time.Time { return w.now }

// key makes a key pair from its id, so that tests repeat.
func key(id string) token.Key {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, id)
	private := ed25519.NewKeyFromSeed(seed)
	return token.Key{ID: id, Private: private, Public: private.Public().(ed25519.PublicKey)}
}

func idKey() []byte { return []byte("the key of ids, of 32 bytes, here") }

func issuer(t testing.TB, at *watch, keys ...token.Key) *token.Issuer {
	t.Helper()
	i, err := token.NewIssuer(keys, "https://parkbff.example", "parkbff", idKey(), at)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func issue(t testing.TB, i *token.Issuer, c token.Claims) string {
	t.Helper()
	raw, err := i.Issue(c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func driver() token.Claims {
	return token.Claims{Use: token.Access, Subject: 42, SignIn: 7, IssuedAt: noon, ExpiresAt: noon.Add(15 * time.Minute)}
}

func TestATokenTellsWhoItsBearerIs(t *testing.T) {
	at := &watch{noon}
	i := issuer(t, at, key("a"))
	for _, want := range []token.Claims{
		driver(),
		{Use: token.Gate, Subject: 9, IssuedAt: noon, ExpiresAt: noon.AddDate(100, 0, 0)},
		{Use: token.Staff, Subject: 1 << 62, SignIn: 1, IssuedAt: noon, ExpiresAt: noon.Add(time.Hour)},
	} {
		raw := issue(t, i, want)
		for range 2 { // computed, then remembered
			got, err := i.Verify(raw)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		}
	}
}

func TestATokenSaysNoRowInTheOpenAndTheSameOfOneSubject(t *testing.T) {
	later, other := driver(), driver()
	later.ExpiresAt, later.SignIn = later.ExpiresAt.Add(time.Hour), 8
	other.Subject = 43
	sub := said(driver(), "sub")
	switch {
	case sub != said(later, "sub"):
		t.Error("one subject goes by two names")
	case sub == said(other, "sub"), sub == said(machine(), "sub"), said(driver(), "sid") == said(later, "sid"):
		t.Error("two go by one name")
	case len(sub) != 22 || len(said(other, "sub")) != 22:
		t.Error("the name tells how large the row is")
	}
	if _, err := token.NewIssuer([]token.Key{key("a")}, "i", "a", idKey()[:31], &watch{noon}); err == nil {
		t.Error("a short key seals ids")
	}
}

func TestIssuedNowWhenNothingElseIsSaid(t *testing.T) {
	at := &watch{noon.Add(1500 * time.Millisecond)}
	i := issuer(t, at, key("a"))
	c := driver()
	c.IssuedAt = time.Time{}
	got, err := i.Verify(issue(t, i, c))
	if err != nil || !got.IssuedAt.Equal(noon.Add(time.Second)) {
		t.Errorf("%v, %v", got.IssuedAt, err)
	}
}

func TestClaimsThatMakeNoTokenAreNotSigned(t *testing.T) {
	at := &watch{noon}
	signer := issuer(t, at, key("a"))
	public := key("a")
	public.Private = nil
	verifier := issuer(t, at, public)
	for name, c := range map[string]struct {
		by     *token.Issuer
		change func(*token.Claims)
	}{
		"no use":         {signer, func(c *token.Claims) { c.Use = "" }},
		"no subject":     {signer, func(c *token.Claims) { c.Subject = 0 }},
		"no expiry":      {signer, func(c *token.Claims) { c.ExpiresAt = time.Time{} }},
		"no private key": {verifier, func(*token.Claims) {}},
	} {
		claims := driver()
		c.change(&claims)
		if raw, err := c.by.Issue(claims); err == nil {
			t.Errorf("%s: %s", name, raw)
		}
	}
	if _, err := verifier.Verify(issue(t, signer, driver())); err != nil {
		t.Errorf("a public key does not verify: %v", err)
	}
}

func TestAnExpiredTokenIsToldFromAnInvalidOne(t *testing.T) {
	at := &watch{noon}
	i := issuer(t, at, key("a"))
	raw := issue(t, i, driver())
	for _, c := range []struct {
		after time.Duration
		want  error
	}{
		{0, nil},
		{-29 * time.Second, nil},
		{15 * time.Minute, nil},
		{15*time.Minute + 29*time.Second, nil},
		{15*time.Minute + 30*time.Second, token.Expired},
		{24 * time.Hour, token.Expired},
	} {
		at.now = noon.Add(c.after)
		for name, by := range map[string]*token.Issuer{"remembering": i, "fresh": issuer(t, at, key("a"))} {
			if _, err := by.Verify(raw); !errors.Is(err, c.want) {
				t.Errorf("%s issuer, %v later: %v", name, c.after, err)
			}
		}
	}
}

func TestEachReplicaWithTheKeysVerifies(t *testing.T) {
	at := &watch{noon}
	raw := issue(t, issuer(t, at, key("old"), key("new")), driver())
	if _, err := issuer(t, at, key("new"), key("old")).Verify(raw); err != nil {
		t.Errorf("after rotation: %v", err)
	}
	if _, err := issuer(t, at, key("new")).Verify(raw); !errors.Is(err, token.Invalid) {
		t.Errorf("after the old key was withdrawn: %v", err)
	}
}

func TestAnIssuerRefusesUnusableKeys(t *testing.T) {
	stranger := key("a")
	stranger.Public = key("b").Public
	for name, keys := range map[string][]token.Key{
		"none":          nil,
		"no id":         {{Private: key("a").Private, Public: key("a").Public}},
		"two of one id": {key("a"), key("a")},
		"no public":     {{ID: "a", Private: key("a").Private}},
		"mismatched":    {stranger},
	} {
		if _, err := token.NewIssuer(keys, "i", "a", idKey(), &watch{noon}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTheKeySetHoldsPublicHalvesOnly(t *testing.T) {
	i := issuer(t, &watch{noon}, key("a"), key("b"))
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(i.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	for n, id := range []string{"a", "b"} {
		want := map[string]string{
			"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": id,
			"x": base64.RawURLEncoding.EncodeToString(key(id).Public),
		}
		if diff := cmp.Diff(want, set.Keys[n]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestKeysAndIssuersArePrintedWithoutTheirSecrets(t *testing.T) {
	k := key("a")
	i := issuer(t, &watch{noon}, k)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x"} {
		if got := fmt.Sprintf(verb+verb, k, i); got != "key atoken issuer" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func TestManyTokensAreVerifiedAtOnce(t *testing.T) {
	i := issuer(t, &watch{noon}, key("a"))
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for n := range 50 {
				c := driver()
				c.Subject = int64(n + 1)
				raw, err := i.Issue(c)
				if err != nil {
					t.Errorf("worker %d: %v", worker, err)
					return
				}
				if got, err := i.Verify(raw); err != nil || got != c {
					t.Errorf("worker %d: %v, %v", worker, got, err)
				}
			}
		})
	}
	all.Wait()
}

func TestARefreshTokenIsRandomAndNoAccessToken(t *testing.T) {
	plain, err := token.NewRefresh(bytes.NewReader(bytes.Repeat([]byte{0xff}, 32)))
	if err != nil || plain != strings.Repeat("_", 42)+"8" {
		t.Fatalf("%s, %v", plain, err)
	}
	if len(token.HashRefresh(plain)) != 32 || bytes.Equal(token.HashRefresh(plain), token.HashRefresh(plain+"x")) {
		t.Error("the hash is no hash")
	}
	if _, err := issuer(t, &watch{noon}, key("a")).Verify(plain); !errors.Is(err, token.Invalid) {
		t.Errorf("as access token: %v", err)
	}
	for name, random := range map[string]*strings.Reader{"short": strings.NewReader("x"), "empty": strings.NewReader("")} {
		if got, err := token.NewRefresh(random); err == nil {
			t.Errorf("%s source: %s", name, got)
		}
	}
	if got, err := token.NewRefresh(iotest.ErrReader(errors.New("broken"))); err == nil {
		t.Errorf("broken source: %s", got)
	}
}

func TestWhatIsIssuedIsVerified(t *testing.T) {
	at := &watch{noon}
	i := issuer(t, at, key("a"))
	rapid.Check(t, func(t *rapid.T) {
		want := token.Claims{
			Use:      rapid.SampledFrom([]token.Use{token.Access, token.Gate, token.Staff}).Draw(t, "use"),
			Subject:  rapid.Int64Min(1).Draw(t, "subject"),
			SignIn:   rapid.Int64Min(0).Draw(t, "sign-in"),
			IssuedAt: noon.Add(-time.Duration(rapid.IntRange(0, 1000).Draw(t, "age")) * time.Second),
		}
		want.ExpiresAt = noon.Add(time.Duration(rapid.IntRange(1, 1e9).Draw(t, "left")) * time.Second)
		raw, err := i.Issue(want)
		if err != nil || len(raw) > 600 {
			t.Fatalf("%d bytes, %v", len(raw), err)
		}
		if got, err := i.Verify(raw); err != nil || got != want {
			t.Fatalf("%v, %v", got, err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	i, err := token.NewIssuer([]token.Key{key("a")}, "https://parkbff.example", "parkbff", idKey(), &watch{noon})
	if err != nil {
		f.Fatal(err)
	}
	good := issue(f, i, driver())
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add("..")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := i.Verify(raw); (err == nil) != (raw == good) {
			t.Errorf("%q: %v", raw, err)
		} else if err != nil && !errors.Is(err, token.Invalid) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	at := &watch{noon}
	b.Run("hot", func(b *testing.B) {
		i := issuer(b, at, key("a"))
		raw := issue(b, i, driver())
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := i.Verify(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("cold", func(b *testing.B) {
		i := issuer(b, at, key("a"))
		raws := make([]string, 1000)
		for n := range raws {
			c := driver()
			c.Subject = int64(n + 1)
			raws[n] = issue(b, i, c)
		}
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if n%len(raws) == 0 {
				i = issuer(b, at, key("a"))
			}
			if _, err := i.Verify(raws[n%len(raws)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
