package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"parkbff/ent"
	"parkbff/ent/privacy"
	"parkbff/internal/fault"
)

// Unavailable answers fault.Unavailable, with err as its cause, when err says that the database is away,
// full, broken or contended, and err itself otherwise. WithTx does so already; for reads the edge does it
// where it turns errors into answers.
func Unavailable(err error) error {
	if err == nil || isFault(err) {
		return err
	}
	if isLost(err) || isAway(err) || isContention(err) {
		return fault.Unavailable.Because(err)
	}
	return err
}

// told is for the calls that people make: like Unavailable, but its text shows the cause, which that of a
// fault does not.
func told(doing string, err error) error {
	if known := Unavailable(err); isFault(known) {
		return fmt.Errorf("store: %s: %w: %w", doing, known, err)
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}

// IsUnseen holds where a row is not there, and where it is no business of the viewer's: both are to look the same.
func IsUnseen(err error) bool { return ent.IsNotFound(err) || errors.Is(err, privacy.Deny) }

// IsDuplicate says that a row met a unique index. ent.IsConstraintError reads English messages and is
// wrong on a server that speaks another language.
func IsDuplicate(err error) bool {
	if code := sqliteCode(err); code != 0 {
		return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return postgresCode(err) == pqerror.UniqueViolation
}

func isFault(err error) bool { return fault.As(err) != nil }

// isContention: other transactions were in the way; nothing was written.
func isContention(err error) bool {
	switch postgresCode(err) {
	case pqerror.TRSerializationFailure, pqerror.TRDeadlockDetected:
		return true
	}
	return primary(sqliteCode(err)) == sqlite3.SQLITE_BUSY
}

// isStale: a prepared statement no longer fits the schema, or the server has forgotten it.
func isStale(err error) bool {
	var refused *pq.Error
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code {
	case pqerror.InvalidSQLStatementName:
		return true
	case pqerror.FeatureNotSupported:
		return refused.Routine == "RevalidateCachedQuery" ||
			strings.Contains(refused.Message, "cached plan must not change result type")
	}
	return false
}

// isLost: a connection that was there broke.
func isLost(err error) bool {
	var op *net.OpError
	return !isRefused(err) && (errors.Is(err, driver.ErrBadConn) || errors.As(err, &op) && op.Op != "dial")
}

// isRefused: no connection could be made.
func isRefused(err error) bool {
	var refused *connectError
	return errors.As(err, &refused)
}

// isAway: the database cannot be reached or cannot do its work.
func isAway(err error) bool {
	if isRefused(err) || errors.Is(err, sql.ErrConnDone) {
		return true
	}
	switch primary(sqliteCode(err)) {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_PROTOCOL:
		return true
	}
	return isAwayOnPostgres(postgresCode(err))
}

func isAwayOnPostgres(code pqerror.Code) bool {
	if code == "" {
		return false
	}
	switch code.Class() {
	case pqerror.ClassConnectionException, pqerror.ClassInsufficientResources, pqerror.ClassSystemError:
		return true
	}
	switch code {
	case pqerror.AdminShutdown, pqerror.CrashShutdown, pqerror.CannotConnectNow, pqerror.IdleSessionTimeout,
		pqerror.ReadOnlySQLTransaction: // a primary that has become a follower
		return true
	}
	return false
}

func postgresCode(err error) pqerror.Code {
	var refused *pq.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// sqliteCode is the extended result code (https://www.sqlite.org/rescode.html), or 0.
func sqliteCode(err error) int {
	var refused *sqlite.Error
	if errors.As(err, &refused) {
		return refused.Code()
	}
	return 0
}

func primary(code int) int { return code & 0xff }
