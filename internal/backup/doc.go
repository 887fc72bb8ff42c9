// Package backup writes a node into one encrypted file and brings it back, on
// the same engine or on the other.
//
// The file is an age file (age-encryption.org/v1) around a zstd stream (RFC
// 8878) around a tar archive (POSIX ustar) with these entries, in this order:
//
//	manifest.json         what follows: schema, tables, columns, time
//	main/TABLE/00000001   rows, about a MiB an entry; then keys/TABLE/...
//	blobs/KEY             pictures; the key is the SHA-256 of the content
//	sums.json             count and SHA-256 of the rows of every table
//
// Rows are written in the order of their primary key (text by its bytes) as
// one value after another, so that equal databases have equal sums on both
// engines. A value is a byte that tells its kind and then the value:
//
//	0  null
//	1  integer, truth value (0, 1): signed varint as in encoding/binary
//	2  real: IEEE 754, 8 bytes, big-endian; never -0 nor NaN
//	3  text: length as uvarint, UTF-8
//	4  bytes: length as uvarint
//
// All rows of the main database come from one snapshot, and those of the keys
// from a later one: a row whose key was destroyed in between is erased when the
// backup is restored, and no row misses a key that it had. Sealed fields stay
// sealed, keys stay wrapped, and the boot key is not in the file. Nothing is
// written to disk in plain on the way.
//
// [Restore] first reads the whole file and checks it, so that a damaged one
// changes nothing. It then builds the database where no other command sees it
// as finished: an SQLite file under another name that is renamed at the end, or
// a PostgreSQL database that is marked as unfinished. Killed at any moment, it
// can be run again.
package backup
