package parking

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/notice"
	"parkbff/ent/sessionaccess"
	"parkbff/ent/vehiclebinding"
)

// binder is an account that has a vehicle bound, agrees to its being tracked, and listens if it wants messages of
// the kind that was asked for (R013) and follows on a channel (R024).
type binder struct {
	account int64
	listens bool
}

// binders reads those of a stay's vehicle who have agreed since a moment and meet a condition, by account, so that
// two transactions that tell them raise their counters in the same order.
//
// It runs for every car at every gate. So it is one statement, written in one piece: put together from the
// predicates of the model, each of which ent wraps in the next, it made a third of all garbage of an observation.
func (s *Service) binders(
	ctx context.Context, tx *ent.Tx, stay *ent.ParkingSession, kind notice.Kind, since time.Time,
	condition func(of *sql.SelectTable) *sql.Predicate,
) ([]binder, error) {
	of, link := sql.Table(vehiclebinding.Table), sql.Table(channellink.Table)
	follows := sql.Exists(sql.Select(link.C(channellink.FieldID)).From(link).Where(sql.And(
		sql.ColumnsEQ(link.C(channellink.FieldAccountID), of.C(vehiclebinding.FieldAccountID)),
		sql.IsNull(link.C(channellink.FieldEndedAt)),
	)))
	query, args := sql.Dialect(s.store.Dialect()).
		Select(of.C(vehiclebinding.FieldAccountID)).
		AppendSelectExprAs(sql.And(sql.EQ(of.C(wanted[kind]), true), follows), "listens").
		From(of).
		Where(sql.And(
			sql.EQ(of.C(vehiclebinding.FieldVehicleID), *stay.VehicleID),
			sql.IsNull(of.C(vehiclebinding.FieldEndedAt)),
			s.trackedSince(of, since), condition(of),
		)).
		OrderBy(of.C(vehiclebinding.FieldAccountID)).
		Query()
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read who has the vehicle bound: %w", err)
	}
	defer rows.Close()
	var found []binder
	for rows.Next() {
		var b binder
		if err := rows.Scan(&b.account, &b.listens); err != nil {
			return nil, fmt.Errorf("read who has the vehicle bound: %w", err)
		}
		found = append(found, b)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read who has the vehicle bound: %w", err)
	}
	return found, nil
}

// boundBy holds for bindings that were there at a moment.
func boundBy(at time.Time) func(of *sql.SelectTable) *sql.Predicate {
	return func(of *sql.SelectTable) *sql.Predicate { return sql.LTE(of.C(vehiclebinding.FieldBoundAt), at) }
}

// seeing holds for bindings by which a stay is seen.
func seeing(stayID int64) func(of *sql.SelectTable) *sql.Predicate {
	return func(of *sql.SelectTable) *sql.Predicate {
		access := sql.Table(sessionaccess.Table)
		return sql.In(of.C(vehiclebinding.FieldAccountID), sql.Select(access.C(sessionaccess.FieldAccountID)).From(access).
			Where(sql.And(sql.EQ(access.C(sessionaccess.FieldSessionID), stayID), sql.EQ(access.C(sessionaccess.FieldBound), true))))
	}
}

// listening are the accounts of those who listen.
func listening(binders []binder) []int64 {
	var accounts []int64
	for _, b := range binders {
		if b.listens {
			accounts = append(accounts, b.account)
		}
	}
	return accounts
}

// wanted are the message settings, by the kind of notice they are about (R013).
var wanted = map[notice.Kind]string{
	notice.KindENTERED: vehiclebinding.FieldTellEntry,
	notice.KindEXITED:  vehiclebinding.FieldTellExit,
}
