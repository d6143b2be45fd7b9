package notice

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent/notice"
)

// Telling is what an account is to be told. Zero ids mean that nothing of that kind is concerned.
type Telling struct {
	AccountID  int64
	Kind       notice.Kind
	SessionID  int64
	VehicleID  int64 // the row of the vehicle, not of a binding
	LotID      int64
	Plate      string
	OccurredAt time.Time // UTC
	FeeFen     *int64
}

// Format prints "telling" under every verb: the plate is a personal value.
func (Telling) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, tellingWord) }

// LogValue keeps the plate out of structured logs.
func (Telling) LogValue() slog.Value { return slog.StringValue(tellingWord) }

const tellingWord = "telling"
