package charge

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Payout is money of ours that is to go to somebody's bank card. The same number is paid out once. It prints as "payout".
type Payout struct {
	Number    string // ours, unique for ever: 26 letters and digits
	Fen       int64
	Card      string    // its number
	Holder    string    // whose it is: the bank holds the name against the card
	CreatedAt time.Time // by our clock; a bank knows a payout by it, to the second, and the number
}

// Format prints no card.
func (Payout) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "payout") }

// LogValue keeps it out of structured logs.
func (Payout) LogValue() slog.Value { return slog.StringValue("payout") }

// PayoutReceipt is what a bank says of a payout. Of an UNKNOWN one it has never heard; a CLOSED one was refused for
// good, and nothing of it was paid.
type PayoutReceipt struct {
	Number      string
	Transaction string // the bank's
	State       State
	BadCard     bool // of CLOSED: it is about the card, and no trying again helps
	Fen         int64
	At          time.Time // by the bank's clock, to the second
}

// Named is how the payout is asked after.
func (p Payout) Named() Named { return Named{Number: p.Number, CreatedAt: p.CreatedAt} }
