// Package db is the only door to the database: SQLite in the process, or
// PostgreSQL, with one SQL text for both.
//
// A write is a function that runs inside one serializable transaction and may
// run more than once, so it must touch nothing but the transaction. On SQLite
// one goroutine owns the only writing connection and puts all waiting writes
// into one commit (group commit); a caller is answered after that commit is
// durable. On PostgreSQL ordinary writes have a transaction each, and hot ones
// ([DB.WriteHot]) share commits by lane, as on SQLite.
//
// Rules that keep one text right on both engines: $1 placeholders, lower-case
// names, NULLS LAST in every ordering by a column that may be null, times as
// integers of microseconds, "on conflict do nothing" instead of catching a
// constraint error and going on (PostgreSQL ends the transaction at the first
// error), and reading all rows before the next statement ([Query] does).
package db
