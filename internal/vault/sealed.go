package vault

import (
	"fmt"
	"io"
	"log/slog"
)

// Sealed is a personal value as the store keeps it: ciphertext that only Open turns back.
//
// It is the Go type of an ent column, field.Bytes("plate").GoType(Sealed{}), and converts to and from
// []byte, so a database driver needs no Value or Scan. An absent value is nil.
type Sealed []byte

// Format prints "sealed" under every verb, so that an entity printed by accident shows no ciphertext.
func (Sealed) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, sealedWord) }

// LogValue keeps ciphertext out of structured logs.
func (Sealed) LogValue() slog.Value { return slog.StringValue(sealedWord) }

const sealedWord = "sealed"
