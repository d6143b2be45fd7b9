// Package balance finds the rows of a table that do not say what other rows sum to. Each check is one statement that reads
// each table once, so that books of millions of rows are proved in seconds.
package balance

import (
	"context"
	stdsql "database/sql"
	"fmt"

	"entgo.io/ent/dialect/sql"
)

// Check is one thing that must hold of every row of a table.
type Check struct {
	What  string // a row of the table, such as "payment"
	Why   string // what Sum is, such as "its lines sum to"
	Table string
	Word  string // what a row says itself: an expression over the table's columns
	Other Sum    // in place of Word, another sum
	Sum   Sum
}

// Sum selects what a row's others sum to, as Grouped does. Rows that are not among them have 0.
type Sum func(b *sql.DialectBuilder) *sql.Selector

// Offence is a row of which a check does not hold. It names rows and numbers, and nobody.
type Offence struct {
	What string
	Row  int64
	Why  string
}

func (o Offence) String() string { return fmt.Sprintf("%s %d: %s", o.What, o.Row, o.Why) }

// Tx reads as of one moment.
type Tx interface {
	QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error)
}

// mostOffences are listed of each check; one is enough to fail.
const mostOffences = 20

// Find answers the rows of which a check does not hold.
func Find(ctx context.Context, tx Tx, dialect string, checks ...Check) ([]Offence, error) {
	var found []Offence
	for _, c := range checks {
		more, err := c.offences(ctx, tx, sql.Dialect(dialect))
		if err != nil {
			return nil, fmt.Errorf("find each %s of which it does not hold that %s: %w", c.What, c.Why, err)
		}
		found = append(found, more...)
	}
	return found, nil
}

func (c Check) offences(ctx context.Context, tx Tx, b *sql.DialectBuilder) (found []Offence, err error) {
	query, args := c.differing(b).Query()
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row, said, should int64
		if err := rows.Scan(&row, &said, &should); err != nil {
			return nil, err
		}
		found = append(found, Offence{c.What, row, fmt.Sprintf("%s: %d, and should be %d", c.Why, said, should)})
	}
	return found, rows.Err()
}

// differing selects the rows whose word is not the sum, with the sum and the word.
func (c Check) differing(b *sql.DialectBuilder) *sql.Selector {
	t := b.Table(c.Table).As("t")
	found := b.Select().From(t)
	said, word := joined(found, t, c.Sum(b).As("said")), c.Word
	if c.Other != nil {
		word = joined(found, t, c.Other(b).As("word"))
	}
	return found.Select(t.C("id")).AppendSelectExpr(sql.Expr(said), sql.Expr(word)).
		Where(sql.ExprP(said + " <> " + word)).OrderBy(t.C("id")).Limit(mostOffences)
}

// joined joins a sum, and answers it as an expression.
func joined(found *sql.Selector, t *sql.SelectTable, sum *sql.Selector) string {
	found.LeftJoin(sum).On(t.C("id"), sum.C(ofColumn))
	return "COALESCE(" + sum.C(sumColumn) + ", 0)"
}

const (
	ofColumn  = "of_row"
	sumColumn = "sum_of_row"
)

// Of sums up an expression such as "SUM(fen)" over the rows of a table that fulfil all of some conditions, by the row that
// a column names.
func Of(table, sum, by string, only ...*sql.Predicate) Sum {
	return func(b *sql.DialectBuilder) *sql.Selector {
		from := b.Table(table)
		return Grouped(b.Select().From(from).Where(sql.And(append(only, sql.NotNull(from.C(by)))...)), sum, from.C(by))
	}
}

// Grouped has a selector answer a sum for each value of a column.
func Grouped(from *sql.Selector, sum, by string) *sql.Selector {
	// PostgreSQL would answer a numeric.
	return from.Select(sql.As(by, ofColumn), sql.As("CAST("+sum+" AS bigint)", sumColumn)).GroupBy(by)
}
