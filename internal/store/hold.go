package store

import "entgo.io/ent/dialect/sql"

// Hold writes a column as it is, so that a row is held until the commit and a concurrent transaction
// that read it is repeated. PostgreSQL's row locks alone allow write skew under repeatable read, and
// SQLite has none.
func Hold(column string) func(*sql.UpdateBuilder) {
	return func(u *sql.UpdateBuilder) { u.Set(column, sql.Expr(u.Quote(column))) }
}
