package tariff

import (
	"encoding/json"
	"errors"
)

// MaxBytes is the size of the largest tariff Parse reads.
const MaxBytes = 1 << 20

// Parse reads a schedule and checks it. Unknown fields are refused.
// Errors: Invalid, with the path of the field and a reason.
func Parse(raw []byte) (Schedule, error) {
	if len(raw) > MaxBytes {
		return Schedule{}, invalid("", "too large")
	}
	var s Schedule
	if err := decodeStrictly(raw, &s); err != nil {
		path := ""
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			path = wrong.Field
		}
		return Schedule{}, Invalid.At(path).With("reason", "not the JSON of a tariff").Because(err)
	}
	if err := s.Validate(); err != nil {
		return Schedule{}, err
	}
	return s, nil
}
