package stmtcache

import (
	"database/sql/driver"
	"io"
	"reflect"
)

// rows remembers on its connection that it is open. Of the facts about columns that a driver may tell, it
// passes on the one for which ent asks, with every row that has a column unknown to the model.
type rows struct {
	driver.Rows
	conn *conn
}

func (r *rows) Close() error {
	r.conn.reading = false
	return r.Rows.Close()
}

func (r *rows) HasNextResultSet() bool {
	n, ok := r.Rows.(driver.RowsNextResultSet)
	return ok && n.HasNextResultSet()
}

func (r *rows) NextResultSet() error {
	if n, ok := r.Rows.(driver.RowsNextResultSet); ok {
		return n.NextResultSet()
	}
	return io.EOF
}

func (r *rows) ColumnTypeScanType(index int) reflect.Type {
	if t, ok := r.Rows.(driver.RowsColumnTypeScanType); ok {
		return t.ColumnTypeScanType(index)
	}
	return reflect.TypeFor[any]()
}
