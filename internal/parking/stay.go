package parking

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/parkingsession"
	"parkbff/internal/privacy"
)

// Stay is a parking session with its values opened, for whoever may see it; how much of it is shown is
// the contract's business. Instants are UTC, money is fen.
type Stay struct {
	Row         int64
	LotID       int64
	VehicleID   int64 // the vehicle as it was bound when the stay opened; 0: none was
	Plate       string
	LotName     string
	HalfLotName string
	State       parkingsession.State
	Match       parkingsession.Match
	Review      parkingsession.Review
	EnteredAt   time.Time
	ExitedAt    *time.Time
	GoneBefore  *time.Time // GHOST: when it became known that the car had gone
	FeeFen      int64      // so far, while open
	PaidFen     int64
	Hidden      bool // the viewer's own wish for this record (R065)

	// DiscountedFen is what vouchers took off.
	DiscountedFen int64

	asOf time.Time
}

// OwedFen is what is still to be paid.
func (s *Stay) OwedFen() int64 { return s.FeeFen - s.PaidFen - s.DiscountedFen }

// covered is what of a stay's fee was paid or taken off.
func covered(row *ent.ParkingSession) int64 { return row.PaidFen + row.DiscountedFen }

// VehicleAtHand is the vehicle that facts are tested about.
func (s *Stay) VehicleAtHand() int64 { return s.VehicleID }

// LotAtHand is the lot that facts are tested about.
func (s *Stay) LotAtHand() int64 { return s.LotID }

// KnownAs tells whether who bound the vehicle at that moment may know the stay as that vehicle's. Whoever
// paid for a stranger's car must not find its plate by binding one after the other.
func (s *Stay) KnownAs(boundAt time.Time) bool { return !boundAt.After(s.EnteredAt) }

// MaskedLotName is the lot's name for those who may see half of it.
func (s *Stay) MaskedLotName() string { return s.HalfLotName }

// NameHidden tells whether the viewer has hidden this record.
func (s *Stay) NameHidden() bool { return s.Hidden }

// NameVisibility of the clear value.
func (s *Stay) NameVisibility() privacy.NameVisibility { return privacy.NameClear }

// EnteredAtPrecision of the clear value.
func (s *Stay) EnteredAtPrecision() privacy.Precision { return privacy.PrecisionExact }

// ExitedAtPrecision of the clear value.
func (s *Stay) ExitedAtPrecision() privacy.Precision { return privacy.PrecisionExact }

// DurationMinutes of the stay in whole minutes, so far while it is open.
func (s *Stay) DurationMinutes() int { return wholeMinutes(s.EnteredAt, s.until()) }

// MaskedDurationMinutes rounds up to whole hours. Of an open stay it counts from the part of the day in
// which the car came: counted from the minute, the moment at which the hour turns would tell the minute.
func (s *Stay) MaskedDurationMinutes() int {
	if s.State == parkingsession.StateOPEN {
		return privacy.HourUp(wholeMinutes(privacy.PartOfDay(s.EnteredAt), s.until()))
	}
	return privacy.HourUp(s.DurationMinutes())
}

func (s *Stay) until() time.Time {
	switch {
	case s.ExitedAt != nil:
		return *s.ExitedAt
	case s.GoneBefore != nil:
		return *s.GoneBefore
	}
	return s.asOf
}

// Format prints "stay" under every verb: its values are personal.
func (Stay) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, stayWord) }

// LogValue keeps its values out of structured logs.
func (Stay) LogValue() slog.Value { return slog.StringValue(stayWord) }

const stayWord = "stay"

func wholeMinutes(from, to time.Time) int { return max(0, int(to.Sub(from)/time.Minute)) }
