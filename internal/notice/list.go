package notice

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/notice"
	"parkbff/ent/predicate"
	"parkbff/ent/sessionaccess"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Page lists the asking driver's notices, newest first, in one statement. It pages by the sequence of the
// notice that p.After names; when that one has expired, so has all that follows it, and the page is empty.
// Errors: fault.Unauthenticated, CONSENT_REQUIRED.
func (s *Service) Page(ctx context.Context, p page.Request) (page.Of[*Notice], error) {
	v, err := reader(viewer.Of(ctx))
	if err != nil {
		return page.Of[*Notice]{}, err
	}
	query := visible(s.store.Client(ctx)).Order(ent.Desc(notice.FieldSequence)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(toldBefore(p.After, v.AccountID))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Notice]{}, fmt.Errorf("read notices: %w", err)
	}
	cut := page.Cut(rows, p.First)
	notices := make([]*Notice, len(cut.Items))
	for i, row := range cut.Items {
		if notices[i], err = s.open(ctx, row); err != nil {
			return page.Of[*Notice]{}, err
		}
	}
	return page.Of[*Notice]{Items: notices, More: cut.More}, nil
}

// Notice answers one notice of the asking driver. Errors: fault.NotFound, for everybody else too;
// CONSENT_REQUIRED.
func (s *Service) Notice(ctx context.Context, row int64) (*Notice, error) {
	v := viewer.Of(ctx)
	if !v.Registered() {
		return nil, fault.NotFound
	}
	if _, err := reader(v); err != nil {
		return nil, err
	}
	return s.one(ctx, s.store.Client(ctx), row)
}

// Addressed is Notice for one that is on its way to an account: as its viewer may see it at this moment,
// replicas that lag behind left aside. What its person has agreed to is the caller's question, because news of the
// account's security needs no consent. Error: fault.NotFound.
func (s *Service) Addressed(ctx context.Context, to *viewer.Viewer, row int64) (*Notice, error) {
	return s.one(viewer.With(ctx, to), s.store.Fresh(ctx), row)
}

// one answers a notice that the viewer may see.
func (s *Service) one(ctx context.Context, db *ent.Client, row int64) (*Notice, error) {
	found, err := visible(db).Where(notice.ID(row)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read notice: %w", err)
	}
	return s.open(ctx, found)
}

// visible asks for the notices that the viewer may see, each with the account's own wish for the record.
func visible(client *ent.Client) *ent.NoticeQuery {
	query := client.Notice.Query()
	query.Modify(func(s *sql.Selector) { withHidden(s, s.C) })
	return query
}

// toldBefore holds for notices older than the one in the given row of the account.
func toldBefore(row, accountID int64) predicate.Notice {
	return func(s *sql.Selector) {
		at := sql.Table(notice.Table).As("cursor")
		s.Where(sql.LT(s.C(notice.FieldSequence), sql.Select(at.C(notice.FieldSequence)).From(at).
			Where(sql.And(sql.EQ(at.C(notice.FieldID), row), sql.EQ(at.C(notice.FieldAccountID), accountID)))))
	}
}

const columnHidden = "access_hidden"

// withHidden joins the account's wish for the record; of names the columns of the notices in s.
func withHidden(s *sql.Selector, of func(column string) string) {
	access := sql.Table(sessionaccess.Table).As("access")
	s.LeftJoin(access).
		On(of(notice.FieldSessionID), access.C(sessionaccess.FieldSessionID)).
		On(of(notice.FieldAccountID), access.C(sessionaccess.FieldAccountID))
	// Null for a notice about no stay, and modernc's SQLite cannot tell the type of a null.
	wish := sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("CASE WHEN ").Ident(access.C(sessionaccess.FieldHidden)).WriteString(" THEN 1 ELSE 0 END")
	})
	s.AppendSelectExprAs(wish, columnHidden)
}

func hidden(row *ent.Notice) (bool, error) {
	value, err := row.Value(columnHidden)
	if err != nil {
		return false, fmt.Errorf("read notice: %w", err)
	}
	return value == int64(1), nil
}

// open opens a notice's values.
func (s *Service) open(ctx context.Context, row *ent.Notice) (*Notice, error) {
	plate, err := s.vault.OpenString(ctx, vault.AccountKey(row.AccountID), sealedPlate, row.Plate)
	if err != nil {
		return nil, fmt.Errorf("read notice: %w", err)
	}
	unwanted, err := hidden(row)
	if err != nil {
		return nil, err
	}
	n := &Notice{
		Row: row.ID, Sequence: row.Sequence, Kind: row.Kind, Plate: plate,
		OccurredAt: row.OccurredAt, FeeFen: row.FeeFen, Hidden: unwanted,
	}
	if row.VehicleID != nil {
		n.VehicleID = *row.VehicleID
	}
	if row.LotID != nil {
		n.LotID = *row.LotID
		name, half := s.lots.LotName(n.LotID)
		n.LotName, n.HalfLotName = &name, half
	}
	return n, nil
}
