package store

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"sync"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
)

// Value stands in a statement for what is given when it runs: the value of that number.
type Value int

// Statement is SQL that is written once and run often. The builders put one together anew for each run: the one that
// reads who is told that a car leaves made two fifths of all garbage of recording it.
type Statement struct {
	text string
	args []any // some of them Values
}

// Write has a builder write its statement.
func Write(q sql.Querier) Statement {
	text, args := q.Query()
	return Statement{text, args}
}

// Query runs the statement in a transaction. There must be as many values as the statement has places for.
func (st Statement) Query(ctx context.Context, tx *ent.Tx, values ...any) (*stdsql.Rows, error) {
	args := make([]any, len(st.args))
	for i, arg := range st.args {
		if place, ok := arg.(Value); ok {
			arg = values[place]
		}
		args[i] = arg
	}
	return tx.QueryContext(ctx, st.text, args...)
}

// Statements are statements of one sort, told apart by their shape, such as how long their lists are. Each is
// written when it is first asked for, and kept: there must be few shapes.
type Statements[Shape comparable] struct {
	write   func(Shape) sql.Querier
	written sync.Map // of Statement, by Shape
}

// NewStatements answers those that a function writes.
func NewStatements[Shape comparable](write func(Shape) sql.Querier) *Statements[Shape] {
	return &Statements[Shape]{write: write}
}

// Of answers the statement of a shape.
func (s *Statements[Shape]) Of(shape Shape) Statement {
	if known, ok := s.written.Load(shape); ok {
		return known.(Statement)
	}
	st := Write(s.write(shape))
	s.written.Store(shape, st)
	return st
}

// Constant writes a condition without values, to be given to sql.ExprP wherever it is part of a statement that is
// put together anew each time.
func Constant(dialect string, p *sql.Predicate) string {
	p.SetDialect(dialect)
	text, args := p.Query()
	if len(args) > 0 {
		panic(fmt.Sprintf("store: %d values in the constant condition %s", len(args), text))
	}
	return text
}
