package notice

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent/notice"
	"parkbff/internal/privacy"
)

// Notice is something an account was told, with its values opened. Instants are UTC, money is fen.
type Notice struct {
	Row         int64
	Sequence    int64
	Kind        notice.Kind
	LotID       int64 // 0: no lot is concerned
	VehicleID   int64
	LotName     *string
	HalfLotName string
	Plate       string
	OccurredAt  time.Time
	FeeFen      *int64
	Hidden      bool
}

// VehicleAtHand is the vehicle that facts are tested about.
func (n *Notice) VehicleAtHand() int64 { return n.VehicleID }

// LotAtHand is none: a notice is an account's own, whoever else works at the lot.
func (n *Notice) LotAtHand() int64 { return 0 }

// MaskedLotName is the lot's name for those who may see half of it.
func (n *Notice) MaskedLotName() string { return n.HalfLotName }

// NameHidden tells whether the viewer has hidden the record.
func (n *Notice) NameHidden() bool { return n.Hidden }

// NameVisibility of the clear value.
func (n *Notice) NameVisibility() privacy.NameVisibility { return privacy.NameClear }

// OccurredAtPrecision of the clear value.
func (n *Notice) OccurredAtPrecision() privacy.Precision { return privacy.PrecisionExact }

// Format prints "notice" under every verb: its values are personal.
func (Notice) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, noticeWord) }

// LogValue keeps its values out of structured logs.
func (Notice) LogValue() slog.Value { return slog.StringValue(noticeWord) }

const noticeWord = "notice"
