// Package acs3 signs HTTP requests to Alibaba Cloud, and checks such signatures, by ACS3-HMAC-SHA256
// ("Request syntax and signature method V3",
// https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature).
package acs3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	algorithm   = "ACS3-HMAC-SHA256"
	dateLayout  = "2006-01-02T15:04:05Z"
	dateHeader  = "x-acs-date"
	nonceHeader = "x-acs-signature-nonce"
	hashHeader  = "x-acs-content-sha256"

	// window is how old a request may be before its receiver refuses it.
	window = 15 * time.Minute
)

// Credentials are an access key. They print as "credentials".
type Credentials struct{ ID, Secret string }

// Format prints no secret.
func (Credentials) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "credentials") }

// Failure is why a signature was refused, by the code Alibaba Cloud answers.
type Failure string

// Failures.
const (
	UnknownKey Failure = "InvalidAccessKeyId.NotFound"
	Stale      Failure = "InvalidTimeStamp.Expired"
	Mismatch   Failure = "SignatureDoesNotMatch"
	Incomplete Failure = "IncompleteSignature"
)

func (f Failure) Error() string { return string(f) }

// Sign adds the headers that prove who sends the request with that body. The nonce must never repeat; the
// caller has set x-acs-action, x-acs-version and whatever else it sends.
func Sign(r *http.Request, body []byte, by Credentials, nonce string, now time.Time) {
	r.Header.Set(dateHeader, now.UTC().Format(dateLayout))
	r.Header.Set(nonceHeader, nonce)
	r.Header.Set(hashHeader, digest(body))
	signed := []string{"host"}
	for name := range r.Header {
		if name = strings.ToLower(name); name == "content-type" || strings.HasPrefix(name, "x-acs-") {
			signed = append(signed, name)
		}
	}
	slices.Sort(signed)
	r.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s,SignedHeaders=%s,Signature=%s",
		algorithm, by.ID, strings.Join(signed, ";"), signature(r, signed, by)))
}

// Verify checks what Sign added, for a receiver. The error is a Failure. That a nonce is used once is for
// the receiver to see to.
func Verify(r *http.Request, body []byte, by Credentials, now time.Time) error {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return Incomplete
	}
	given := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		given[name] = value
	}
	if given["Credential"] != by.ID {
		return UnknownKey
	}
	signed := strings.Split(given["SignedHeaders"], ";")
	for _, name := range []string{"host", "x-acs-action", "x-acs-version", dateHeader, nonceHeader, hashHeader} {
		if !slices.Contains(signed, name) {
			return Incomplete
		}
	}
	if sent, err := time.Parse(dateLayout, r.Header.Get(dateHeader)); err != nil || now.Sub(sent).Abs() > window {
		return Stale
	}
	if r.Header.Get(hashHeader) != digest(body) || !hmac.Equal([]byte(given["Signature"]), []byte(signature(r, signed, by))) {
		return Mismatch
	}
	return nil
}

// Nonce of a request that was signed.
func Nonce(r *http.Request) string { return r.Header.Get(nonceHeader) }

func signature(r *http.Request, signed []string, by Credentials) string {
	mac := hmac.New(sha256.New, []byte(by.Secret))
	_, _ = io.WriteString(mac, algorithm+"\n"+digest([]byte(canonical(r, signed))))
	return hex.EncodeToString(mac.Sum(nil))
}

// canonical is the request in the one form both sides can build.
func canonical(r *http.Request, signed []string) string {
	var headers strings.Builder
	for _, name := range signed {
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(header(r, name)))
	}
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	return strings.Join([]string{
		r.Method, path, query(r.URL), headers.String(), strings.Join(signed, ";"), r.Header.Get(hashHeader),
	}, "\n")
}

func header(r *http.Request, name string) string {
	if name != "host" {
		return r.Header.Get(name)
	}
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

// query is sorted and escaped by RFC 3986, where a space is %20.
func query(u *url.URL) string { return strings.ReplaceAll(u.Query().Encode(), "+", "%20") }

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
