package cnid

import "strings"

// VIN is a vehicle identification number (GB 16735, ISO 3779). The zero VIN is none.
type VIN struct{ text hidden }

const (
	vinLength = 17
	// vinCheckAt is the index of the check digit, which has weight 0.
	vinCheckAt = 8
	vinDigits  = "0123456789X"
)

var vinWeights = [vinLength]int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}

// vinLetters and vinValues pair letters (without I, O, Q) with the numbers they count as.
const (
	vinLetters = "ABCDEFGHJKLMNPRSTUVWXYZ"
	vinValues  = "12345678123457923456789"
)

// ParseVIN reads a VIN and checks its check digit, which GB 16735 makes mandatory in China.
//
// Errors: InvalidVIN for what has not the shape of one; VINCheckDigit for one that has, but was misread
// or comes from a market without check digits (some imports from Europe): see ParseVINUnchecked.
func ParseVIN(raw string) (VIN, error) {
	v, err := ParseVINUnchecked(raw)
	if err != nil {
		return VIN{}, err
	}
	if !checkedVIN(v.Text()) {
		return VIN{}, VINCheckDigit
	}
	return v, nil
}

// ParseVINUnchecked reads a VIN whose check digit a person has overridden. Error: InvalidVIN.
func ParseVINUnchecked(raw string) (VIN, error) {
	text := normalise(raw)
	if len(text) != vinLength || !consists(text, vinLetters+digits) {
		return VIN{}, InvalidVIN
	}
	return VIN{hide(text)}, nil
}

func checkedVIN(text string) bool {
	sum := 0
	for i, weight := range vinWeights {
		sum += weight * vinValue(text[i])
	}
	return vinDigits[sum%11] == text[vinCheckAt]
}

func vinValue(c byte) int {
	if i := strings.IndexByte(vinLetters, c); i >= 0 {
		c = vinValues[i]
	}
	return int(c - '0')
}

// Text is the VIN, upper case.
func (v VIN) Text() string { return v.text.reveal() }
