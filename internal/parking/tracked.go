package parking

import (
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent/consent"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/store"
)

// Policies says in which versions of the privacy policy a consent to a purpose counts at a moment.
type Policies interface {
	Counting(purpose consent.Purpose, at time.Time) []string
}

// isTracked holds for bindings whose stays are recorded for their account now, and were at bindersSince: a report
// that comes late must not show what happened while the consent to movement data, or to parking at all, was
// taken back. So a consent that holds now and was given after that moment does not cover it.
//
// That a binding is tracked was written when a consent was given or taken back; a purpose that has changed since
// makes it untrue at an instant at which nobody writes anything (R078). So the consents are asked too.
func isTracked(of *sql.SelectTable, tracking, core int) *sql.Predicate {
	c := sql.Table(consent.Table)
	return sql.And(
		sql.EQ(of.C(vehiclebinding.FieldTracked), true),
		hasAgreed(of, c, consent.PurposeMOVEMENT_TRACK, firstVersion, tracking,
			sql.ColumnsEQ(c.C(consent.FieldVehicleID), of.C(vehiclebinding.FieldVehicleID))),
		hasAgreed(of, c, consent.PurposePARKING_CORE, firstVersion+store.Value(tracking), core),
	)
}

// hasAgreed holds for a binding whose account has consented to a purpose: it counts now, held at bindersSince, and
// is as the further conditions say. The values from first on are the versions that count.
func hasAgreed(
	of, c *sql.SelectTable, purpose consent.Purpose, first store.Value, versions int, further ...*sql.Predicate,
) *sql.Predicate {
	counting := make([]any, versions)
	for i := range counting {
		counting[i] = first + store.Value(i)
	}
	return sql.Exists(sql.Select(c.C(consent.FieldID)).From(c).Where(sql.And(append(further,
		sql.ColumnsEQ(c.C(consent.FieldAccountID), of.C(vehiclebinding.FieldAccountID)),
		sql.EQ(c.C(consent.FieldPurpose), purpose),
		sql.IsNull(c.C(consent.FieldWithdrawnAt)), sql.IsNull(c.C(consent.FieldEndedAt)),
		sql.LTE(c.C(consent.FieldGrantedAt), bindersSince), sql.In(c.C(consent.FieldPolicyVersion), counting...),
	)...)))
}
