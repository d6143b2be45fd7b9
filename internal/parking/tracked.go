package parking

import (
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent/consent"
	"parkbff/ent/predicate"
	"parkbff/ent/vehiclebinding"
)

// Policies says in which versions of the privacy policy a consent to a purpose counts at a moment.
type Policies interface {
	Counting(purpose consent.Purpose, at time.Time) []string
}

// trackedSince are the bindings whose stays are recorded for their account now, and were at a moment: a report
// that comes late must not show what happened while the consent to movement data, or to parking at all, was
// taken back. So a consent that holds now and was given after that moment does not cover it.
//
// That a binding is tracked was written when a consent was given or taken back; a purpose that has changed since
// makes it untrue at an instant at which nobody writes anything (R078). So the consents are asked too.
func (s *Service) trackedSince(at time.Time) predicate.VehicleBinding {
	movement, parking := s.agreedSince(consent.PurposeMOVEMENT_TRACK, at), s.agreedSince(consent.PurposePARKING_CORE, at)
	return func(of *sql.Selector) {
		c := sql.Table(consent.Table)
		of.Where(sql.And(
			sql.EQ(of.C(vehiclebinding.FieldTracked), true),
			sql.Exists(movement(of, c).Where(sql.ColumnsEQ(c.C(consent.FieldVehicleID), of.C(vehiclebinding.FieldVehicleID)))),
			sql.Exists(parking(of, c)),
		))
	}
}

// agreedSince selects the consents of a binding's account to a purpose that count now and held at a moment.
func (s *Service) agreedSince(purpose consent.Purpose, at time.Time) func(of *sql.Selector, c *sql.SelectTable) *sql.Selector {
	var counting []any
	for _, version := range s.policies.Counting(purpose, s.clock.Now()) {
		counting = append(counting, version)
	}
	return func(of *sql.Selector, c *sql.SelectTable) *sql.Selector {
		return sql.Select(c.C(consent.FieldID)).From(c).Where(sql.And(
			sql.ColumnsEQ(c.C(consent.FieldAccountID), of.C(vehiclebinding.FieldAccountID)),
			sql.EQ(c.C(consent.FieldPurpose), purpose),
			sql.IsNull(c.C(consent.FieldWithdrawnAt)), sql.IsNull(c.C(consent.FieldEndedAt)),
			sql.LTE(c.C(consent.FieldGrantedAt), at), sql.In(c.C(consent.FieldPolicyVersion), counting...),
		))
	}
}
