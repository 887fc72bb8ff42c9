package db

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"convoke/internal/fault"
)

// SQLite result codes (https://www.sqlite.org/rescode.html) and PostgreSQL
// SQLSTATEs (appendix A of its manual) that mean something to callers.
const (
	sqliteBusy      = 5
	sqliteIOErr     = 10
	sqliteCorrupt   = 11
	sqliteFull      = 13
	sqlitePrimary   = 1555
	sqliteUnique    = 2067
	sqliteForeign   = 787
	pgUnique        = "23505"
	pgForeign       = "23503"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
	pgDiskFull      = "53100"
)

func codes(err error) (lite int, pg string) {
	var le *sqlite.Error
	if errors.As(err, &le) {
		return le.Code(), ""
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return 0, pe.Code
	}
	return 0, ""
}

// IsUnique reports whether err says that a unique value exists already.
func IsUnique(err error) bool {
	l, p := codes(err)
	return l == sqliteUnique || l == sqlitePrimary || p == pgUnique
}

// IsForeign reports whether err says that a row is referred to or missing.
func IsForeign(err error) bool {
	l, p := codes(err)
	return l == sqliteForeign || p == pgForeign
}

// retryable: the same transaction may succeed when run again.
func retryable(err error) bool {
	_, p := codes(err)
	return p == pgSerialization || p == pgDeadlock
}

// untrusted: after this error nobody knows what the file holds.
func untrusted(err error) bool {
	l, _ := codes(err)
	return l&0xff == sqliteIOErr || l&0xff == sqliteCorrupt
}

// NotRecorded is the fault of a write that could not be kept.
func NotRecorded(cause error) error {
	return fault.Because(fault.Unavailable("db.unavailable",
		"The server cannot save anything just now. Nothing was recorded. Please try again in a moment."), cause)
}

// wrap turns a full disk or a lost database into a fault, and leaves the rest.
func wrap(err error) error {
	l, p := codes(err)
	var ce *pgconn.ConnectError
	if l&0xff == sqliteFull || l&0xff == sqliteBusy || l&0xff == sqliteIOErr || p == pgDiskFull || errors.As(err, &ce) {
		return NotRecorded(err)
	}
	return fmt.Errorf("sql: %w", err)
}
