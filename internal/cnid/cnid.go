// Package cnid reads the numbers that name vehicles, people and companies in China: plates, VINs,
// resident ids, unified social credit codes and mobiles.
//
// Each Parse function takes what a person or a camera wrote, normalises it (full-width to ASCII, upper
// case, no separators) and answers a small comparable value, or a fault that never repeats the input.
// The values are personal: whatever prints, logs or encodes one shows only its kind ("plate", "vin"),
// even as an unexported field of something that is printed. To get at the text one must ask for it by name.
package cnid

import (
	"strings"
	"unique"

	"parkbff/internal/fault"
)

// Faults of this package. The two INVALID_PLATE values are one error to errors.Is.
var (
	InvalidPlate      = fault.New("INVALID_PLATE", "This is not a number plate.")
	InvalidColor      = fault.New("INVALID_PLATE", "This is not a colour that such a plate has.")
	InvalidVIN        = fault.New("INVALID_VIN", "A VIN has 17 letters and digits, without I, O and Q.")
	VINCheckDigit     = fault.New("VIN_CHECK_DIGIT", "The check digit of this VIN is wrong; most often a character was misread.")
	InvalidIDNumber   = fault.New("INVALID_ID_NUMBER", "This is not a resident id number.")
	InvalidCreditCode = fault.New("INVALID_CREDIT_CODE", "This is not a unified social credit code.")
	InvalidMobile     = fault.New("INVALID_MOBILE", "This is not a mobile number of mainland China, Hong Kong, Macao or Taiwan.")
)

// maxRaw bounds what Parse functions look at, in bytes: the longest number there is, spelt in full width
// with a separator between every two characters, is shorter.
const maxRaw = 128

// normalise folds full-width characters to ASCII and letters to upper case, and drops the separators
// people write into numbers. Longer input than any number has becomes empty, which no number is.
func normalise(raw string) string {
	if len(raw) > maxRaw {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		switch {
		case strings.ContainsRune(separators, r):
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, raw)
}

// separators are dropped: the dots and dashes that keyboards, plates and partners offer, the space, the
// no-break space and the ideographic space. Tabs and line breaks are not: nobody writes them in a number.
const separators = "·•・･‧.-–— \u00a0\u3000"

// consists holds when text has no character outside set.
func consists(text, set string) bool { return strings.Trim(text, set) == "" }

// hidden is a text that reflection does not show: the formatting verbs print the value of an unexported
// field without asking its methods, but a handle is a pointer to them. Equal texts are equal values.
type hidden struct{ handle unique.Handle[string] }

func hide(text string) hidden { return hidden{unique.Make(text)} }

// reveal answers the text, or nothing for the zero value.
func (h hidden) reveal() string {
	if h == (hidden{}) {
		return ""
	}
	return h.handle.Value()
}
