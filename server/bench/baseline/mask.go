package main

import (
	"database/sql"
	"time"
	"unicode/utf8"
)

// The masks of the contract, for what gates observed of a car that is not verified.

const (
	fullMaskName = "捷停车智慧停车场"
	hidden       = "***"
	partHours    = 6
)

func (s *stay) shownName() string {
	switch {
	case s.fullMask || s.hidden.Bool:
		return fullMaskName
	case s.verified:
		return s.lotName.String
	}
	return s.halfName.String
}

func (s *stay) precision() string {
	if s.verified {
		return `"EXACT"`
	}
	return `"PART_OF_DAY"`
}

// appendPlate shows province, letter and the last two characters of a mainland plate; of other texts the
// last two of six characters or more.
func (s *stay) appendPlate(out, plate []byte) []byte {
	if s.verified {
		return appendString(out, string(plate))
	}
	runes := []rune(string(plate))
	out = append(out, '"')
	if isMainland(runes) {
		out = append(out, string(runes[:2])...)
	}
	out = append(out, hidden...)
	if len(runes) >= 6 {
		out = append(out, string(runes[len(runes)-2:])...)
	}
	return append(out, '"')
}

// isMainland holds for a Chinese character and a letter before five or six more.
func isMainland(plate []rune) bool {
	return (len(plate) == 7 || len(plate) == 8) && plate[0] >= 0x4e00 && plate[1] >= 'A' && plate[1] <= 'Z'
}

func (s *stay) appendInstant(out []byte, at sql.NullTime) []byte {
	if !at.Valid {
		return append(out, `null`...)
	}
	local := at.Time.In(shanghai)
	if !s.verified {
		year, month, day := local.Date()
		local = time.Date(year, month, day, local.Hour()/partHours*partHours, 0, 0, 0, shanghai)
	}
	out = append(out, '"')
	out = local.AppendFormat(out, time.RFC3339Nano)
	return append(out, '"')
}

func (s *stay) minutes(now time.Time) int64 {
	until := now
	switch {
	case s.exited.Valid:
		until = s.exited.Time
	case s.gone.Valid:
		until = s.gone.Time
	}
	from := s.entered.Time
	if !s.verified && s.state.String == "OPEN" {
		local := from.In(shanghai)
		year, month, day := local.Date()
		from = time.Date(year, month, day, local.Hour()/partHours*partHours, 0, 0, 0, shanghai)
	}
	minutes := max(0, int64(until.Sub(from)/time.Minute))
	if s.verified {
		return minutes
	}
	return max(1, (minutes+59)/60) * 60
}

// appendString writes a JSON string. Quotes, backslashes, control characters and broken UTF-8 are rare.
func appendString(out []byte, text string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r < ' ':
			out = append(out, `\u00`...)
			out = append(out, hex[r>>4], hex[r&0xf])
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}
