package policy

import (
	"context"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"

	gen "parkbff/ent"
	"parkbff/ent/gate"
	"parkbff/ent/gatecommand"
	"parkbff/ent/notice"
	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
	"parkbff/ent/privacy"
	"parkbff/ent/sessionaccess"
)

// ParkingSession is read by the accounts that have access to it, by the staff of its lot, and by the
// gates that saw its car.
func ParkingSession() ent.Policy {
	return own(privacy.ParkingSessionQueryRuleFunc(func(ctx context.Context, q *gen.ParkingSessionQuery) error {
		if err := atGate(ctx, func(id int64) { q.Where(seenBy(id)) }); err != privacy.Skip {
			return err
		}
		if err := atLots(ctx, func(ids []int64) { q.Where(parkingsession.LotIDIn(ids...)) }); err != privacy.Skip {
			return err
		}
		return driver(ctx, func(id int64) { q.Where(accessibleTo(id)) })
	}))
}

func seenBy(gateID int64) func(*sql.Selector) {
	return func(s *sql.Selector) {
		seen := sql.Table(observation.Table)
		s.Where(sql.Exists(sql.Select(seen.C(observation.FieldID)).From(seen).Where(sql.And(
			sql.ColumnsEQ(seen.C(observation.FieldSessionID), s.C(parkingsession.FieldID)),
			sql.EQ(seen.C(observation.FieldGateID), gateID),
		))))
	}
}

// Access is the table of rights as it stands in a driver's query for stays, for services that select
// from it.
func Access() *sql.SelectTable { return sql.Table(sessionaccess.Table).As("access") }

// accessibleTo joins the account's rights, so that a page walks them by index instead of testing every
// stay.
func accessibleTo(accountID int64) func(*sql.Selector) {
	return func(s *sql.Selector) {
		access := Access()
		s.Join(access).On(s.C(parkingsession.FieldID), access.C(sessionaccess.FieldSessionID))
		s.Where(sql.EQ(access.C(sessionaccess.FieldAccountID), accountID))
	}
}

// SessionAccess is read by its account.
func SessionAccess() ent.Policy {
	return own(privacy.SessionAccessQueryRuleFunc(func(ctx context.Context, q *gen.SessionAccessQuery) error {
		return driver(ctx, func(id int64) { q.Where(sessionaccess.AccountID(id)) })
	}))
}

// Notice is read by its account, and one about a stay only while the account may see that stay.
func Notice() ent.Policy {
	return own(privacy.NoticeQueryRuleFunc(func(ctx context.Context, q *gen.NoticeQuery) error {
		return driver(ctx, func(id int64) { q.Where(noticesOf(id)) })
	}))
}

func noticesOf(accountID int64) func(*sql.Selector) {
	return func(s *sql.Selector) {
		s.Where(VisibleNotice(s.C, func(column string) *sql.Predicate { return sql.EQ(column, accountID) }))
	}
}

// VisibleNotice is the whole rule of who sees a notice, for services that read as the system what many
// accounts may see. Of names the columns of the notices at hand; account holds for a column that is the
// account whose view is asked for.
func VisibleNotice(of func(column string) string, account func(column string) *sql.Predicate) *sql.Predicate {
	access := sql.Table(sessionaccess.Table)
	itsOwn := account(of(notice.FieldAccountID))
	mayStill := sql.Exists(sql.Select(access.C(sessionaccess.FieldID)).From(access).Where(sql.And(
		sql.ColumnsEQ(access.C(sessionaccess.FieldSessionID), of(notice.FieldSessionID)),
		account(access.C(sessionaccess.FieldAccountID)),
	)))
	return sql.And(itsOwn, sql.Or(sql.IsNull(of(notice.FieldSessionID)), mayStill))
}

// Observation is read by the staff and gates of its lot.
func Observation() ent.Policy {
	return own(privacy.ObservationQueryRuleFunc(func(ctx context.Context, q *gen.ObservationQuery) error {
		return atLots(ctx, func(ids []int64) { q.Where(observation.LotIDIn(ids...)) })
	}))
}

// Gate is read by the staff and gates of its lot.
func Gate() ent.Policy {
	return own(privacy.GateQueryRuleFunc(func(ctx context.Context, q *gen.GateQuery) error {
		return atLots(ctx, func(ids []int64) { q.Where(gate.LotIDIn(ids...)) })
	}))
}

// GateCommand is read by the gate it is for and by the staff of the lot.
func GateCommand() ent.Policy {
	return own(privacy.GateCommandQueryRuleFunc(func(ctx context.Context, q *gen.GateCommandQuery) error {
		if err := atGate(ctx, func(id int64) { q.Where(gatecommand.GateID(id)) }); err != privacy.Skip {
			return err
		}
		return atLots(ctx, func(ids []int64) { q.Where(gatecommand.LotIDIn(ids...)) })
	}))
}
