package loyalty

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/membership"
	"parkbff/ent/pointentry"
	"parkbff/ent/pointlot"
	"parkbff/ent/pointuse"
	"parkbff/internal/viewer"
)

// mostOffences are listed of one kind; one is enough to fail.
const mostOffences = 20

// Prove goes through all memberships as of one moment: that what each has, and owes, is what its entries sum to and what
// is left of its points, and that of each lot of points there is left what nothing was taken of. It answers what is not so,
// by rows and numbers and nobody's name.
func (s *Service) Prove(ctx context.Context) (offences []string, err error) {
	ctx = viewer.AsSystem(ctx, "prove points")
	err = s.store.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
		offences = nil
		for _, c := range proofs() {
			found, err := c.offences(ctx, tx, sql.Dialect(s.store.Dialect()))
			if err != nil {
				return fmt.Errorf("prove points: %w", err)
			}
			offences = append(offences, found...)
		}
		return nil
	})
	return offences, err
}

// proof is a column of a table that another table's rows must sum to, and how that is said.
type proof struct {
	table, word    string
	of, summed, by string
	why            string
}

func proofs() []proof {
	return []proof{
		{membership.Table, membership.FieldBalance, pointentry.Table, pointentry.FieldPoints, pointentry.FieldMembershipID, "its entries sum to"},
		{membership.Table, membership.FieldOwedPoints, pointentry.Table, pointentry.FieldOwed, pointentry.FieldMembershipID, "what its entries say is owed sums to"},
		{membership.Table, membership.FieldBalance, pointlot.Table, pointlot.FieldRemaining, pointlot.FieldMembershipID, "what is left of its points sums to"},
		{pointlot.Table, pointlot.FieldPoints + " - " + pointlot.FieldRemaining, pointuse.Table, pointuse.FieldPoints, pointuse.FieldLotID, "what was taken of it sums to"},
	}
}

func (p proof) offences(ctx context.Context, tx *ent.Tx, b *sql.DialectBuilder) ([]string, error) {
	t, o := b.Table(p.table).As("t"), b.Table(p.of).As("o")
	sum := b.Select(sumOf(o.C(p.summed))).From(o).Where(sql.ColumnsEQ(o.C(p.by), t.C("id")))
	said := func(w *sql.Builder) { w.Wrap(func(w *sql.Builder) { w.Join(sum) }) }
	found := b.Select(t.C("id")).From(t).AppendSelectExpr(sql.ExprFunc(said), sql.Expr(p.word)).Where(sql.P(func(w *sql.Builder) {
		w.WriteString(p.word + " <> ")
		said(w)
	})).Limit(mostOffences)
	query, args := found.Query()
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var offences []string
	for rows.Next() {
		var row, said, should int64
		if err := rows.Scan(&row, &said, &should); err != nil {
			return nil, err
		}
		offences = append(offences, fmt.Sprintf("%s %d: %s %d, and should be %d", p.table, row, p.why, said, should))
	}
	return offences, rows.Err()
}
