package parking

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/consent"
	"parkbff/ent/notice"
	"parkbff/ent/sessionaccess"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/store"
)

// binder is an account that has a vehicle bound, agrees to its being tracked, and listens if it wants messages of
// the kind that was asked for (R013) and follows on a channel (R024).
type binder struct {
	account int64
	listens bool
}

// bindersWhenOpened reads those of a stay's vehicle who had it bound when the stay began.
func (s *Service) bindersWhenOpened(ctx context.Context, tx *ent.Tx, stay *ent.ParkingSession) ([]binder, error) {
	return s.binders(ctx, tx, stay, notice.KindENTERED, stay.EnteredAt, boundBy, stay.EnteredAt)
}

// bindersSeeing reads those of a stay's vehicle who see the stay.
func (s *Service) bindersSeeing(ctx context.Context, tx *ent.Tx, stay *ent.ParkingSession, kind notice.Kind) ([]binder, error) {
	return s.binders(ctx, tx, stay, kind, s.clock.Now(), seeing, stay.ID)
}

// binders reads those of a stay's vehicle who have agreed to its being tracked since a moment and meet a condition
// with its operand, by account, so that two transactions that tell them raise their counters in the same order.
func (s *Service) binders(
	ctx context.Context, tx *ent.Tx, stay *ent.ParkingSession, kind notice.Kind, since time.Time,
	with condition, operand any,
) ([]binder, error) {
	now := s.clock.Now()
	tracking, core := s.policies.Counting(consent.PurposeMOVEMENT_TRACK, now), s.policies.Counting(consent.PurposePARKING_CORE, now)
	values := append(make([]any, 0, int(firstVersion)+len(tracking)+len(core)), *stay.VehicleID, since, operand)
	for _, version := range tracking {
		values = append(values, version)
	}
	for _, version := range core {
		values = append(values, version)
	}
	rows, err := s.statements.binders.Of(bindersShape{kind, with, len(tracking), len(core)}).Query(ctx, tx, values...)
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

// bindersShape is what tells apart the statements that read binders.
type bindersShape struct {
	kind           notice.Kind
	with           condition
	tracking, core int // how many versions of the policy count for either purpose
}

// condition is what is asked of a binding beside its being tracked.
type condition int

const (
	boundBy condition = iota // that it was there at a moment, the operand
	seeing                   // that a stay is seen by it, the operand
)

// Values of the statements that read binders. After them come the versions that count for tracking, and then those
// that count for parking.
const (
	bindersVehicle store.Value = iota
	bindersSince
	bindersOperand
	firstVersion
)

func writeBinders(dialect string) func(bindersShape) sql.Querier {
	return func(a bindersShape) sql.Querier {
		of, link := sql.Table(vehiclebinding.Table), sql.Table(channellink.Table)
		follows := sql.Exists(sql.Select(link.C(channellink.FieldID)).From(link).Where(sql.And(
			sql.ColumnsEQ(link.C(channellink.FieldAccountID), of.C(vehiclebinding.FieldAccountID)),
			sql.IsNull(link.C(channellink.FieldEndedAt)),
		)))
		return sql.Dialect(dialect).
			Select(of.C(vehiclebinding.FieldAccountID)).
			AppendSelectExprAs(sql.And(sql.EQ(of.C(wanted[a.kind]), true), follows), "listens").
			From(of).
			Where(sql.And(
				sql.EQ(of.C(vehiclebinding.FieldVehicleID), bindersVehicle),
				sql.IsNull(of.C(vehiclebinding.FieldEndedAt)),
				isTracked(of, a.tracking, a.core), a.with.holds(of),
			)).
			OrderBy(of.C(vehiclebinding.FieldAccountID))
	}
}

func (c condition) holds(of *sql.SelectTable) *sql.Predicate {
	if c == boundBy {
		return sql.LTE(of.C(vehiclebinding.FieldBoundAt), bindersOperand)
	}
	access := sql.Table(sessionaccess.Table)
	return sql.In(of.C(vehiclebinding.FieldAccountID), sql.Select(access.C(sessionaccess.FieldAccountID)).From(access).
		Where(sql.And(sql.EQ(access.C(sessionaccess.FieldSessionID), bindersOperand), sql.EQ(access.C(sessionaccess.FieldBound), true))))
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
