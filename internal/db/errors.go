package db

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

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

// mayPass is [retryable], and a few times also a value that is there already: another
// transaction may have come first with it, and PostgreSQL does not always tell that as a
// conflict (its manual, "Serialization Failure Handling"). doubled counts the times.
func mayPass(err error, doubled *int) bool {
	if _, p := codes(err); p == pgUnique {
		*doubled++
		return *doubled <= pgDoubled
	}
	return retryable(err)
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

// unsure is the fault of a commit whose answer was lost: it may stand.
func unsure(cause error) error {
	return fault.Because(fault.Unavailable("db.unsure",
		"The server cannot tell whether this was saved. Please send the same form again in a moment; it will not count twice."), cause)
}

// away reports that PostgreSQL is gone, going or full: connection exceptions,
// operator intervention, insufficient resources, and broken connections.
func away(pg string, err error) bool {
	if len(pg) == 5 {
		return pg[:2] == "08" || pg[:2] == "53" || pg[:2] == "57"
	}
	var ne net.Error
	return errors.As(err, &ne) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, net.ErrClosed)
}

// wrap turns a full disk or a lost database into a fault, and leaves the rest.
func wrap(err error) error {
	l, p := codes(err)
	var ce *pgconn.ConnectError
	if l&0xff == sqliteFull || l&0xff == sqliteBusy || l&0xff == sqliteIOErr || errors.As(err, &ce) || away(p, err) {
		return NotRecorded(err)
	}
	return fmt.Errorf("sql: %w", err)
}
