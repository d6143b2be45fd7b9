package parking

import (
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent/consent"
	"parkbff/ent/predicate"
	"parkbff/ent/vehiclebinding"
)

// trackedSince are the bindings whose stays are recorded for their account now, and were at a moment: a report
// that comes late must not show what happened while the consent to movement data, or to parking at all, was
// taken back. So a consent that holds now and was given after that moment does not cover it.
func trackedSince(at time.Time) predicate.VehicleBinding {
	return func(s *sql.Selector) {
		c := sql.Table(consent.Table)
		ofVehicle := sql.And(sql.EQ(c.C(consent.FieldPurpose), consent.PurposeMOVEMENT_TRACK),
			sql.ColumnsEQ(c.C(consent.FieldVehicleID), s.C(vehiclebinding.FieldVehicleID)))
		later := sql.Select(c.C(consent.FieldID)).From(c).Where(sql.And(
			sql.ColumnsEQ(c.C(consent.FieldAccountID), s.C(vehiclebinding.FieldAccountID)),
			sql.Or(ofVehicle, sql.EQ(c.C(consent.FieldPurpose), consent.PurposePARKING_CORE)),
			sql.IsNull(c.C(consent.FieldWithdrawnAt)), sql.IsNull(c.C(consent.FieldEndedAt)),
			sql.GT(c.C(consent.FieldGrantedAt), at),
		))
		s.Where(sql.And(sql.EQ(s.C(vehiclebinding.FieldTracked), true), sql.Not(sql.Exists(later))))
	}
}
