package stmtcache_test

import (
	"context"
	"database/sql/driver"
)

// counting counts what the real driver below the cache is asked to prepare and to close.
type counting struct {
	driver.Connector
	engine engine
}

type countedConn struct {
	realConn
	engine engine
}

type realConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.QueryerContext
	driver.ExecerContext
	driver.SessionResetter
	driver.Validator
}

type countedStmt struct {
	realStmt
	engine engine
}

type realStmt interface {
	driver.Stmt
	driver.StmtQueryContext
	driver.StmtExecContext
}

func (c counting) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return countedConn{conn.(realConn), c.engine}, nil
}

func (c countedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.realConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	*c.engine.prepares++
	*c.engine.open++
	return countedStmt{s.(realStmt), c.engine}, nil
}

func (s countedStmt) Close() error {
	*s.engine.open--
	return s.realStmt.Close()
}
