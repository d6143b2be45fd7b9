package cnid

import (
	"fmt"
	"io"
)

// What each value says of itself to fmt, to loggers and to encoders. An encoder gets the word and cannot
// read it back: a place that must keep a number keeps its sealed text, by choice.

func say(w io.Writer, word string) { _, _ = io.WriteString(w, word) }

// Format prints "plate" whatever the verb.
func (Plate) Format(s fmt.State, _ rune) { say(s, Plate{}.String()) }

// GoString is "plate".
func (Plate) GoString() string { return Plate{}.String() }

// MarshalText answers "plate".
func (Plate) MarshalText() ([]byte, error) { return []byte(Plate{}.String()), nil }

// String is "plate"; see Text for the number.
func (Plate) String() string { return "plate" }

// Format prints "vin" whatever the verb.
func (VIN) Format(s fmt.State, _ rune) { say(s, VIN{}.String()) }

// GoString is "vin".
func (VIN) GoString() string { return VIN{}.String() }

// MarshalText answers "vin".
func (VIN) MarshalText() ([]byte, error) { return []byte(VIN{}.String()), nil }

// String is "vin"; see Text for the number.
func (VIN) String() string { return "vin" }

// Format prints "resident id" whatever the verb.
func (ResidentID) Format(s fmt.State, _ rune) { say(s, ResidentID{}.String()) }

// GoString is "resident id".
func (ResidentID) GoString() string { return ResidentID{}.String() }

// MarshalText answers "resident id".
func (ResidentID) MarshalText() ([]byte, error) { return []byte(ResidentID{}.String()), nil }

// String is "resident id"; see Text for the number.
func (ResidentID) String() string { return "resident id" }

// Format prints "credit code" whatever the verb.
func (CreditCode) Format(s fmt.State, _ rune) { say(s, CreditCode{}.String()) }

// GoString is "credit code".
func (CreditCode) GoString() string { return CreditCode{}.String() }

// MarshalText answers "credit code".
func (CreditCode) MarshalText() ([]byte, error) { return []byte(CreditCode{}.String()), nil }

// String is "credit code"; see Text for the code.
func (CreditCode) String() string { return "credit code" }

// Format prints "mobile" whatever the verb.
func (Mobile) Format(s fmt.State, _ rune) { say(s, Mobile{}.String()) }

// GoString is "mobile".
func (Mobile) GoString() string { return Mobile{}.String() }

// MarshalText answers "mobile".
func (Mobile) MarshalText() ([]byte, error) { return []byte(Mobile{}.String()), nil }

// String is "mobile"; see E164 for the number.
func (Mobile) String() string { return "mobile" }
