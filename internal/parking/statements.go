package parking

import (
	"entgo.io/ent/dialect/sql"

	"parkbff/ent/observation"
	"parkbff/ent/permit"
	"parkbff/ent/permitperiod"
	"parkbff/ent/plateright"
	"parkbff/ent/vehicle"
	"parkbff/internal/store"
)

// statements are those for every car at every gate that ent would put together from its predicates each time, or
// cannot write in one.
type statements struct {
	holdVehicle store.Statement // by the index of its plate
	awaiting    store.Statement // by lot, index of the plate, and the moments from and until which an exit was seen
	binders     *store.Statements[bindersShape]
}

func writeStatements(dialect string) statements {
	return statements{
		holdVehicle: writeHoldVehicle(dialect),
		awaiting:    writeAwaiting(dialect),
		binders:     store.NewStatements(writeBinders(dialect)),
	}
}

func writeHoldVehicle(dialect string) store.Statement {
	hold := sql.Dialect(dialect).Update(vehicle.Table)
	store.Hold(vehicle.FieldOwnerAccountID)(hold)
	return store.Write(hold.Where(sql.EQ(vehicle.FieldPlateIndex, store.Value(0))).Returning(vehicle.FieldID, vehicle.FieldPasswordFree))
}

// writeAwaiting writes what is asked at every entry: the first exit that waits, in the columns of rights, the rights, and
// the reservations.
// The exit stands first, because SQLite knows by the first part what is an instant.
func writeAwaiting(dialect string) store.Statement {
	b := sql.Dialect(dialect)
	of := b.Table(observation.Table)
	first := b.Select(of.C(observation.FieldOutcome), of.C(observation.FieldID), of.C(observation.FieldObservedAt)).From(of).
		Where(sql.And(
			sql.EQ(of.C(observation.FieldLotID), store.Value(0)), sql.EQ(of.C(observation.FieldPlateIndex), store.Value(1)),
			sql.ExprP(isUnmatched(of)),
			sql.GTE(of.C(observation.FieldObservedAt), store.Value(2)), sql.LT(of.C(observation.FieldObservedAt), store.Value(3)),
		)).
		OrderBy(of.C(observation.FieldObservedAt)).Limit(1).As("waiting")
	row, seen := first.C(observation.FieldID), first.C(observation.FieldObservedAt)
	r, m, p := b.Table(plateright.Table).As("r"), b.Table(permit.Table).As("m"), b.Table(permitperiod.Table).As("p")
	rights := b.Select(r.C(plateright.FieldKind), r.C(plateright.FieldPermitID), m.C(permit.FieldBays), m.C(permit.FieldPlates),
		r.C(plateright.FieldStartsAt), r.C(plateright.FieldEndsAt), p.C(permitperiod.FieldStartsAt), p.C(permitperiod.FieldEndsAt),
		p.C(permitperiod.FieldRevokedAt)).From(r).
		LeftJoin(m).On(m.C(permit.FieldID), r.C(plateright.FieldPermitID)).
		LeftJoin(p).On(p.C(permitperiod.FieldPermitID), r.C(plateright.FieldPermitID)).
		Where(sql.And(
			sql.EQ(r.C(plateright.FieldLotID), store.Value(0)), sql.EQ(r.C(plateright.FieldPlateIndex), store.Value(1)),
			sql.Or(sql.IsNull(r.C(plateright.FieldEndsAt)), sql.GT(r.C(plateright.FieldEndsAt), store.Value(2))),
			sql.Or(sql.IsNull(p.C(permitperiod.FieldEndsAt)), sql.GT(p.C(permitperiod.FieldEndsAt), store.Value(2))),
		))
	return store.Write(b.Select(first.C(observation.FieldOutcome), row, row, row, seen, seen, seen, seen, seen).From(first).
		UnionAll(rights).UnionAll(writeReserved(b)))
}

// isUnmatched is written into the statement and not given to it: PostgreSQL would plan it anew each time, because a
// plan for any outcome cannot use the index of the exits that wait.
func isUnmatched(of *sql.SelectTable) string {
	return of.C(observation.FieldOutcome) + " = '" + string(observation.OutcomeUNMATCHED) + "'"
}
