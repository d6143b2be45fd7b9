package tc3_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parkbff/internal/partner/ocr/tc3"
)

const documentedBody = `{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`

var (
	// The documentation masks its example key and yet signs with it as printed.
	documented = tc3.Credentials{ID: "AKID" + strings.Repeat("*", 32), Secret: strings.Repeat("*", 32)}
	sentAt     = time.Unix(1551113065, 0)
)

func documentedRequest(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, "https://cvm.tencentcloudapi.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-TC-Action", "DescribeInstances")
	tc3.Sign(r, []byte(documentedBody), documented, "cvm", sentAt)
	return r
}

func TestTheDocumentedRequestHasTheDocumentedSignature(t *testing.T) {
	const want = "TC3-HMAC-SHA256 Credential=AKID********************************/2019-02-25/cvm/tc3_request, " +
		"SignedHeaders=content-type;host;x-tc-action, " +
		"Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
	if got := documentedRequest(t).Header.Get("Authorization"); got != want {
		t.Error(got)
	}
}

func TestASignedRequestIsAcceptedAndAChangedOneIsNot(t *testing.T) {
	as := func(*http.Request) {}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		body   string
		now    time.Time
		want   error
	}{
		"as it is":          {as, documentedBody, sentAt, nil},
		"a little later":    {as, documentedBody, sentAt.Add(4 * time.Minute), nil},
		"too late":          {as, documentedBody, sentAt.Add(6 * time.Minute), tc3.Stale},
		"too early":         {as, documentedBody, sentAt.Add(-6 * time.Minute), tc3.Stale},
		"another body":      {as, "{}", sentAt, tc3.Mismatch},
		"another action":    {set("X-TC-Action", "RunInstances"), documentedBody, sentAt, tc3.Mismatch},
		"another time":      {set("X-TC-Timestamp", "1551113066"), documentedBody, sentAt, tc3.Mismatch},
		"no time":           {set("X-TC-Timestamp", ""), documentedBody, sentAt, tc3.Stale},
		"unsigned":          {set("Authorization", ""), documentedBody, sentAt, tc3.UnknownKey},
		"another host":      {func(r *http.Request) { r.Host = "evil.example" }, documentedBody, sentAt, tc3.Mismatch},
		"an unsigned query": {func(r *http.Request) { r.URL.RawQuery = "a=b" }, documentedBody, sentAt, tc3.Mismatch},
	} {
		r := documentedRequest(t)
		c.change(r)
		if err := tc3.Verify(r, []byte(c.body), documented, "cvm", c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		service string
		secret  string
	}{"another service": {"ocr", documented.Secret}, "another secret": {"cvm", "other"}} {
		by := tc3.Credentials{ID: documented.ID, Secret: c.secret}
		if err := tc3.Verify(documentedRequest(t), []byte(documentedBody), by, c.service, sentAt); !errors.Is(err, tc3.Mismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCredentialsAreNotPrinted(t *testing.T) {
	if got := fmt.Sprintf("%v %+v %#v", documented, documented, documented); strings.Contains(got, "*") {
		t.Error(got)
	}
}
