// Package tc3 signs HTTP requests to Tencent Cloud, and checks such signatures, by TC3-HMAC-SHA256
// ("Signature v3", https://www.tencentcloud.com/document/api/1005/34678). It serves POST requests to the
// root path, which is what the JSON interfaces are.
package tc3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm       = "TC3-HMAC-SHA256"
	signedHeaders   = "content-type;host;x-tc-action"
	timestampHeader = "X-TC-Timestamp"
	actionHeader    = "X-TC-Action"

	// window is how far a request's time may be off before its receiver refuses it.
	window = 5 * time.Minute
)

// Credentials are an API key. They print as "credentials".
type Credentials struct{ ID, Secret string }

// Format prints no secret.
func (Credentials) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "credentials") }

// Failure is why a signature was refused, by the code Tencent Cloud answers.
type Failure string

// Failures.
const (
	UnknownKey Failure = "AuthFailure.SecretIdNotFound"
	Stale      Failure = "AuthFailure.SignatureExpire"
	Mismatch   Failure = "AuthFailure.SignatureFailure"
)

func (f Failure) Error() string { return string(f) }

// Sign adds the headers that prove who sends the request with that body to a service ("ocr"). The caller
// has set Content-Type and X-TC-Action.
func Sign(r *http.Request, body []byte, by Credentials, service string, now time.Time) {
	r.Header.Set(timestampHeader, strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Authorization", authorization(r, body, by, service, now))
}

// Verify checks what Sign added, for a receiver. The error is a Failure.
func Verify(r *http.Request, body []byte, by Credentials, service string, now time.Time) error {
	given := r.Header.Get("Authorization")
	if !strings.HasPrefix(given, algorithm+" Credential="+by.ID+"/") {
		return UnknownKey
	}
	seconds, err := strconv.ParseInt(r.Header.Get(timestampHeader), 10, 64)
	sent := time.Unix(seconds, 0)
	if err != nil || now.Sub(sent).Abs() > window {
		return Stale
	}
	if r.URL.RawQuery != "" || !hmac.Equal([]byte(given), []byte(authorization(r, body, by, service, sent))) {
		return Mismatch
	}
	return nil
}

func authorization(r *http.Request, body []byte, by Credentials, service string, at time.Time) string {
	date := at.UTC().Format(time.DateOnly)
	scope := date + "/" + service + "/tc3_request"
	text := strings.Join([]string{algorithm, strconv.FormatInt(at.Unix(), 10), scope, digest([]byte(canonical(r, body)))}, "\n")
	key := []byte("TC3" + by.Secret)
	for _, part := range []string{date, service, "tc3_request"} {
		key = keyed(key, part)
	}
	return fmt.Sprintf("%s Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		algorithm, by.ID, scope, signedHeaders, hex.EncodeToString(keyed(key, text)))
}

// canonical is the request in the one form both sides can build.
func canonical(r *http.Request, body []byte) string {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return strings.Join([]string{
		r.Method, "/", "",
		"content-type:" + strings.ToLower(r.Header.Get("Content-Type")),
		"host:" + host,
		"x-tc-action:" + strings.ToLower(r.Header.Get(actionHeader)),
		"", signedHeaders, digest(body),
	}, "\n")
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, text)
	return mac.Sum(nil)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
