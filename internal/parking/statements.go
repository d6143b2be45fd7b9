package parking

import (
	"entgo.io/ent/dialect/sql"

	"parkbff/ent/observation"
	"parkbff/ent/vehicle"
	"parkbff/internal/store"
)

// statements are those for every car at every gate that ent would put together from its predicates each time, or
// cannot write in one.
type statements struct {
	holdVehicle store.Statement // by the index of its plate
	waitingExit store.Statement // by lot, index of the plate, and the moments from and until which it was seen
	binders     *store.Statements[bindersShape]
}

func writeStatements(dialect string) statements {
	return statements{
		holdVehicle: writeHoldVehicle(dialect),
		waitingExit: writeWaitingExit(dialect),
		binders:     store.NewStatements(writeBinders(dialect)),
	}
}

func writeHoldVehicle(dialect string) store.Statement {
	hold := sql.Dialect(dialect).Update(vehicle.Table)
	store.Hold(vehicle.FieldOwnerAccountID)(hold)
	return store.Write(hold.Where(sql.EQ(vehicle.FieldPlateIndex, store.Value(0))).Returning(vehicle.FieldID, vehicle.FieldPasswordFree))
}

func writeWaitingExit(dialect string) store.Statement {
	of := sql.Dialect(dialect).Table(observation.Table)
	return store.Write(sql.Dialect(dialect).
		Select(of.C(observation.FieldID), of.C(observation.FieldObservedAt)).From(of).
		Where(sql.And(
			sql.EQ(of.C(observation.FieldLotID), store.Value(0)), sql.EQ(of.C(observation.FieldPlateIndex), store.Value(1)),
			sql.ExprP(isUnmatched(of)),
			sql.GTE(of.C(observation.FieldObservedAt), store.Value(2)), sql.LT(of.C(observation.FieldObservedAt), store.Value(3)),
		)).
		OrderBy(of.C(observation.FieldObservedAt)).Limit(1))
}

// isUnmatched is written into the statement and not given to it: PostgreSQL would plan it anew each time, because a
// plan for any outcome cannot use the index of the exits that wait.
func isUnmatched(of *sql.SelectTable) string {
	return of.C(observation.FieldOutcome) + " = '" + string(observation.OutcomeUNMATCHED) + "'"
}
