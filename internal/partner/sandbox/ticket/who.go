package ticket

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/url"
)

// IDOf is an id of a person, always the same for the same words.
func IDOf(words ...string) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q", words)))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:24]
}

// NumberOf is an id of a person in so many digits.
func NumberOf(digits int, words ...string) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q", words)))
	n, _ := new(big.Int).SetString(hex.EncodeToString(sum[:]), 16)
	text := n.String()
	return text[len(text)-digits:]
}

// MobileOf is the number of a person to whom nobody gave another.
func MobileOf(person string) string { return "139" + NumberOf(8, "mobile", person) }

// Someone is the person that a page of authorisation takes for its visitor.
func Someone(query url.Values) string { return cmp.Or(query.Get("person"), "alice") }

// Back reads where a page of authorisation is to lead back to: somewhere on the app's own host.
func Back(given, registered string) (*url.URL, error) {
	back, err := url.Parse(given)
	if err != nil {
		return nil, errors.New("ticket: no address to lead back to")
	}
	own, err := url.Parse(registered)
	if err != nil || own.Host == "" || own.Host != back.Host || own.Scheme != back.Scheme {
		return nil, errors.New("ticket: not the app's address")
	}
	return back, nil
}

// With adds a code and the state to an address.
func With(back *url.URL, parameter, code, state string) string {
	q := back.Query()
	q.Set(parameter, code)
	q.Set("state", state)
	to := *back
	to.RawQuery = q.Encode()
	return to.String()
}
