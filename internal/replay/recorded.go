package replay

import (
	"slices"
	"time"

	"parkbff/internal/parking/lotfile"
)

// Stay is a recorded stay as a replay reports it, without its server: instants are UTC, money is fen.
type Stay struct {
	Lot         string // its code
	Plate       string // synthetic
	Enter, Exit time.Time
	FeeFen      int64
	Stable      bool // the lot's own judgement of its reading
}

// Recorded reads what Run would report to a server: the lots, and the stays in order of arrival. Of the options it
// takes Lots, Sessions, Accounts and Rebase, which ends them at now.
func Recorded(o Options, now time.Time) ([]lotfile.Lot, []Stay, error) {
	p, err := makePlan(o, now, func(string, ...any) {})
	if err != nil {
		return nil, nil, err
	}
	var all []Stay
	for _, s := range p.scenes {
		for _, one := range s.stays {
			all = append(all, Stay{s.lot.Code, one.plate, one.enter.UTC(), one.exit.UTC(), one.feeFen, one.stable})
		}
	}
	slices.SortStableFunc(all, func(a, b Stay) int { return a.Enter.Compare(b.Enter) })
	return p.lots, all, nil
}
