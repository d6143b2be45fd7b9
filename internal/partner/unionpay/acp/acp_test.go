package acp_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	sandbox "parkbff/internal/partner/sandbox/unionpay"
	"parkbff/internal/partner/unionpay/acp"
)

func TestAReplysFieldsEndAtAmpersandsOutsideBraces(t *testing.T) {
	got, err := acp.Parse("reserved={a=1&b=2}&respMsg=成功[00&00]&signature=ab+/==&empty=&version=5.1.0")
	want := acp.Message{"reserved": "{a=1&b=2}", "respMsg": "成功[00&00]", "signature": "ab+/==", "empty": "", "version": "5.1.0"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWhatIsNoMessageIsNotRead(t *testing.T) {
	for _, text := range []string{"a", "=1", "a=1&&b=2", "a=1&a=1"} {
		if got, err := acp.Parse(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
	if _, err := acp.FromForm(url.Values{"a": {"1", "1"}}); err == nil {
		t.Error("a field twice")
	}
}

func TestAFormsEmptyFieldsAreNotSaid(t *testing.T) {
	got, err := acp.FromForm(url.Values{"a": {"1"}, "b": {""}})
	if err != nil || !maps.Equal(got, acp.Message{"a": "1"}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestASignatureIsOfEveryField(t *testing.T) {
	keys, err := sandbox.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		m := acp.Message(rapid.MapOfN(rapid.StringMatching(`[a-r]{1,5}`), rapid.StringMatching(`[0-9a-z]{0,5}`), 1, 5).Draw(t, "m"))
		if err := m.Sign(keys.Merchant.Key); err != nil {
			t.Fatal(err)
		}
		if read, err := acp.Parse(m.Reply()); err != nil || !read.Signed(&keys.Merchant.Key.PublicKey) {
			t.Fatalf("%v: %v", m, err)
		}
		if m.Signed(&keys.UnionPay.Key.PublicKey) {
			t.Fatal("signed by somebody else")
		}
		name := rapid.SampledFrom([]string{"zz", "a"}).Draw(t, "name")
		m[name] += "x"
		if m.Signed(&keys.Merchant.Key.PublicKey) {
			t.Fatalf("%v is still signed", m)
		}
	})
}

// As the specification has it, worked out by hand.
func TestWhatIsSignedIsTheDigestOfTheFieldsByName(t *testing.T) {
	keys, err := sandbox.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	m := acp.Message{"txnAmt": "1", "orderId": "12345678", "respMsg": "成功[00]", "signature": "of another time"}
	if err := m.Sign(keys.Merchant.Key); err != nil {
		t.Fatal(err)
	}
	signature, err := base64.StdEncoding.DecodeString(m["signature"])
	if err != nil {
		t.Fatal(err)
	}
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte("orderId=12345678&respMsg=成功[00]&txnAmt=1")))
	again := sha256.Sum256([]byte(hash))
	if err := rsa.VerifyPKCS1v15(&keys.Merchant.Key.PublicKey, crypto.SHA256, again[:], signature); err != nil {
		t.Error(err)
	}
}

func TestATimeIsBeijings(t *testing.T) {
	at := time.Date(2026, 12, 31, 16, 0, 1, 999, time.UTC)
	if got := acp.Time(at); got != "20270101000001" {
		t.Error(got)
	}
	if got, err := acp.ParseTime("20270101000001"); err != nil || !got.Equal(at.Truncate(time.Second)) {
		t.Error(got, err)
	}
}

func TestATimeWithoutAYearIsTheNearest(t *testing.T) {
	near := time.Date(2027, 12, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"1231235959": "20271231235959", "0101000000": "20280101000000", "0229120000": "20280229120000", "0715000000": "20270715000000",
		"0630000000": "20280630000000", "0703000000": "20270703000000",
	} {
		if got, err := acp.NearTime(text, near); err != nil || acp.Time(got) != want {
			t.Errorf("%s: %s, %v", text, acp.Time(got), err)
		}
	}
	for _, text := range []string{"", "1", "1301000000", "01010000000", "a101000000", "0229120000"} {
		if got, err := acp.NearTime(text, near.AddDate(-1, 0, 0)); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Whatever a reply is, what is read of it is written as it was; but for braces that do not match, of which a reader
// of the fields in another order makes something else.
func FuzzReadingAReplyIsTheReverseOfWritingIt(f *testing.F) {
	f.Add("a=b&d==&e=")
	f.Add("a={b&c}&d=[e&f]")
	f.Add("&=&")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := acp.Parse(text)
		if err != nil || strings.ContainsAny(text, "{}[]") {
			return
		}
		if again, err := acp.Parse(m.Reply()); err != nil || !maps.Equal(again, m) {
			t.Errorf("%v became %v, %v", m, again, err)
		}
	})
}
