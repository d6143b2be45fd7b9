// Package acp writes, reads and signs the messages of UnionPay's all-channel platform (全渠道, ACP), version 5.1.0,
// signed with RSA (signMethod 01). See https://open.unionpay.com/tjweb/support/doc/online/3/125.
package acp

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"parkbff/internal/clock"
)

// What every message of this version says of itself.
const (
	Version    = "5.1.0"
	Encoding   = "UTF-8"
	SignMethod = "01"
)

const signature = "signature"

// errTwice is of a message in which one field has two values: whoever reads the one may have checked the other.
var errTwice = errors.New("acp: a field is said twice")

// Message is the fields of a message.
type Message map[string]string

// FromForm reads a message that came as a form: a request, or a notice. Empty fields count as not said, as they do
// in UnionPay's own SDKs.
func FromForm(form url.Values) (Message, error) {
	m := Message{}
	for name, values := range form {
		if len(values) != 1 {
			return nil, errTwice
		}
		if values[0] != "" {
			m[name] = values[0]
		}
	}
	return m, nil
}

// Parse reads a reply. Replies look like forms and are none: nothing in them is escaped, and within braces and
// brackets an ampersand ends no field.
func Parse(reply string) (Message, error) {
	m := Message{}
	for reply != "" {
		var field string
		field, reply = cut(reply)
		name, value, found := strings.Cut(field, "=")
		if !found || name == "" {
			return nil, errors.New("acp: a field has no name or no value")
		}
		if _, said := m[name]; said {
			return nil, errTwice
		}
		m[name] = value
	}
	return m, nil
}

// cut answers the first field and the rest.
func cut(reply string) (field, rest string) {
	var closing byte
	for i := range len(reply) {
		switch c := reply[i]; {
		case closing != 0:
			if c == closing {
				closing = 0
			}
		case c == '{':
			closing = '}'
		case c == '[':
			closing = ']'
		case c == '&':
			return reply[:i], reply[i+1:]
		}
	}
	return reply, ""
}

// Form is the message as a form.
func (m Message) Form() url.Values {
	form := make(url.Values, len(m))
	for name, value := range m {
		form.Set(name, value)
	}
	return form
}

// Reply is the message as Parse reads it.
func (m Message) Reply() string { return m.joined(m.names()) }

// Sign adds the signature.
func (m Message) Sign(key *rsa.PrivateKey) error {
	delete(m, signature)
	signed, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, m.digest())
	if err != nil {
		return errors.New("acp: the key does not sign")
	}
	m[signature] = base64.StdEncoding.EncodeToString(signed)
	return nil
}

// Signed tells whether the key signed the message.
func (m Message) Signed(key *rsa.PublicKey) bool {
	signed, err := base64.StdEncoding.DecodeString(m[signature])
	return err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, m.digest(), signed) == nil
}

// Speaks tells whether a message is of this version, encoding and kind of signature.
func (m Message) Speaks() bool {
	return m["version"] == Version && strings.EqualFold(m["encoding"], Encoding) && m["signMethod"] == SignMethod
}

// digest is what RSA signs: the SHA-256 of the SHA-256, in hexadecimal, of the fields by name.
func (m Message) digest() []byte {
	inner := sha256.Sum256([]byte(m.joined(slices.DeleteFunc(m.names(), func(name string) bool { return name == signature }))))
	outer := sha256.Sum256([]byte(hex.EncodeToString(inner[:])))
	return outer[:]
}

func (m Message) names() []string { return slices.Sorted(maps.Keys(m)) }

func (m Message) joined(names []string) string {
	var text strings.Builder
	for i, name := range names {
		if i > 0 {
			text.WriteByte('&')
		}
		text.WriteString(name + "=" + m[name])
	}
	return text.String()
}

// layout of times, which are Beijing's.
const layout = "20060102150405"

// Time writes a time, to the second.
func Time(t time.Time) string { return t.In(clock.Shanghai).Format(layout) }

// ParseTime reads a time.
func ParseTime(text string) (time.Time, error) {
	t, err := time.ParseInLocation(layout, text, clock.Shanghai)
	if err != nil {
		return time.Time{}, errors.New("acp: not a time")
	}
	return t.UTC(), nil
}

// NearTime reads a time that says no year, such as 1121091500, in the year that brings it nearest to another time.
func NearTime(text string, near time.Time) (time.Time, error) {
	year := near.In(clock.Shanghai).Year()
	var best time.Time
	for _, y := range []int{year - 1, year, year + 1} {
		t, err := time.ParseInLocation(layout, fmt.Sprintf("%04d", y)+text, clock.Shanghai)
		if err == nil && (best.IsZero() || t.Sub(near).Abs() < best.Sub(near).Abs()) {
			best = t
		}
	}
	if best.IsZero() {
		return time.Time{}, errors.New("acp: not a time without a year")
	}
	return best.UTC(), nil
}
