package replay

import "math"

// Report is the outcome of a replay. Its JSON is one line.
type Report struct {
	Stays          int                  `json:"stays"`          // reported
	Observations   int                  `json:"observations"`   // sent and answered: two to a stay
	SessionsClosed int                  `json:"sessionsClosed"` // stays found exactly once, closed at the recorded times
	Duplicates     int                  `json:"duplicates"`     // observations that the server knew already
	Errors         int                  `json:"errors"`         // observations refused, and stays found otherwise
	FeesCompared   int                  `json:"feesCompared"`   // of stays that are stable and paid by the record
	FeesAgree      int                  `json:"feesAgree"`
	PerLot         map[string]LotReport `json:"perLot"` // by lot code
	// Digest is the SHA-256 of the sorted rows "lot, entry, exit, fee" of the replay's stays, read back as
	// staff of the lots. It does not depend on how often a replay was stopped.
	Digest  string  `json:"digest"`
	Seconds float64 `json:"seconds"`
}

// LotReport is the outcome for one lot.
type LotReport struct {
	Stays    int     `json:"stays"`
	Compared int     `json:"compared"` // fees
	Agree    int     `json:"agree"`
	Percent  float64 `json:"percent"` // of the fees compared, to two decimals
}

func (r *LotReport) share() {
	if r.Compared > 0 {
		r.Percent = math.Round(10_000*float64(r.Agree)/float64(r.Compared)) / 100
	}
}

// add counts one lot's outcome.
func (r *Report) add(lotCode string, told tally, found audit) {
	r.Stays += found.lot.Stays
	r.Observations += told.sent
	r.SessionsClosed += found.closed
	r.Duplicates += told.duplicates
	for _, n := range told.refused {
		r.Errors += n
	}
	r.Errors += found.broken
	r.FeesCompared += found.lot.Compared
	r.FeesAgree += found.lot.Agree
	r.PerLot[lotCode] = found.lot
}
