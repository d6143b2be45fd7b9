package acs3_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parkbff/internal/partner/acs3"
)

var (
	documented = acs3.Credentials{ID: "YourAccessKeyId", Secret: "YourAccessKeySecret"}
	sentAt     = time.Date(2023, 10, 26, 10, 22, 32, 0, time.UTC)
)

// The example of the documentation, section "Fixed parameters".
func documentedRequest(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost,
		"https://ecs.cn-shanghai.aliyuncs.com/?RegionId=cn-shanghai&ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-acs-action", "RunInstances")
	r.Header.Set("x-acs-version", "2014-05-26")
	acs3.Sign(r, nil, documented, "3156853299f313e23d1673dc12e1703d", sentAt)
	return r
}

func TestTheDocumentedRequestHasTheDocumentedSignature(t *testing.T) {
	const want = "ACS3-HMAC-SHA256 Credential=YourAccessKeyId," +
		"SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
		"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got := documentedRequest(t).Header.Get("Authorization"); got != want {
		t.Errorf("%s", got)
	}
}

func TestASignedRequestIsAcceptedAndAChangedOneIsNot(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*http.Request)
		body   string
		now    time.Time
		want   error
	}{
		"as it is":       {func(*http.Request) {}, "", sentAt, nil},
		"a little later": {func(*http.Request) {}, "", sentAt.Add(14 * time.Minute), nil},
		"too late":       {func(*http.Request) {}, "", sentAt.Add(16 * time.Minute), acs3.Stale},
		"too early":      {func(*http.Request) {}, "", sentAt.Add(-16 * time.Minute), acs3.Stale},
		"another body":   {func(*http.Request) {}, "x", sentAt, acs3.Mismatch},
		"another query":  {func(r *http.Request) { r.URL.RawQuery += "&a=b" }, "", sentAt, acs3.Mismatch},
		"another action": {func(r *http.Request) { r.Header.Set("x-acs-action", "StopInstances") }, "", sentAt, acs3.Mismatch},
		"another host":   {func(r *http.Request) { r.Host = "evil.example" }, "", sentAt, acs3.Mismatch},
		"unsigned":       {func(r *http.Request) { r.Header.Del("Authorization") }, "", sentAt, acs3.Incomplete},
		"another key":    {edit("YourAccessKeyId", "Another"), "", sentAt, acs3.UnknownKey},
		"action left out": {
			edit("x-acs-action;", ""), "", sentAt, acs3.Incomplete,
		},
	} {
		r := documentedRequest(t)
		c.change(r)
		if err := acs3.Verify(r, []byte(c.body), documented, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := acs3.Verify(documentedRequest(t), nil, acs3.Credentials{ID: documented.ID, Secret: "other"}, sentAt); !errors.Is(err, acs3.Mismatch) {
		t.Errorf("another secret: %v", err)
	}
}

func TestCredentialsAreNotPrinted(t *testing.T) {
	if got := fmt.Sprintf("%v %+v %#v", documented, documented, documented); strings.Contains(got, documented.Secret) {
		t.Error(got)
	}
}

func edit(was, is string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), was, is, 1))
	}
}
