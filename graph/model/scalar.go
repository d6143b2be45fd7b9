package model

import (
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
)

// MarshalDateTime writes an instant as RFC 3339 in +08:00.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		var buf [40]byte
		out := append(buf[:0], '"')
		out = t.In(clock.Shanghai).AppendFormat(out, time.RFC3339Nano)
		_, _ = w.Write(append(out, '"'))
	})
}

// UnmarshalDateTime reads RFC 3339 with any offset. Error: BAD_USER_INPUT.
func UnmarshalDateTime(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok || len(text) > 40 {
		return time.Time{}, fault.BadInput
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, fault.BadInput
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

// MarshalDate writes a day.
func MarshalDate(day time.Time) graphql.Marshaler {
	return graphql.MarshalString(day.Format(time.DateOnly))
}

// UnmarshalDate reads YYYY-MM-DD and answers midnight UTC of that day. Error: BAD_USER_INPUT.
func UnmarshalDate(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok || len(text) != len(time.DateOnly) {
		return time.Time{}, fault.BadInput
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Year() < 1900 {
		return time.Time{}, fault.BadInput
	}
	return day, nil
}

// MarshalFen writes an amount in fen.
func MarshalFen(fen int64) graphql.Marshaler { return graphql.MarshalInt64(fen) }

// UnmarshalFen reads a whole number of fen. Error: BAD_USER_INPUT.
func UnmarshalFen(v any) (int64, error) {
	fen, err := graphql.UnmarshalInt64(v)
	if err != nil {
		return 0, fault.BadInput
	}
	return fen, nil
}

// MarshalPlate writes a plate as it is shown: clear or masked.
func MarshalPlate(text string) graphql.Marshaler { return graphql.MarshalString(text) }

// UnmarshalPlate takes what was typed or read; the domain parses it and names the field at fault.
func UnmarshalPlate(v any) (string, error) {
	text, ok := v.(string)
	if !ok || len(text) > 64 {
		return "", fault.BadInput
	}
	return text, nil
}
