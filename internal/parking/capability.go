package parking

import (
	"slices"

	"parkbff/internal/fault"
)

// NotOffered is answered for a service that the lot does not offer (R029).
var NotOffered = fault.New("NOT_OFFERED_BY_LOT", "The lot does not offer that.")

// Offers tells whether a lot has a capability.
func (l *Lot) Offers(c Capability) bool { return slices.Contains(l.Capabilities, c) }

// Offering are the rows of the lots that have a capability.
func (s *Service) Offering(c Capability) []int64 {
	var rows []int64
	for _, lot := range s.catalogue.Load().lots {
		if lot.Offers(c) {
			rows = append(rows, lot.Row)
		}
	}
	return rows
}
