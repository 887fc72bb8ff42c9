// Package backup writes a node into two encrypted files and brings it back, on
// the same engine or on the other. One file holds the main database and the
// pictures, the other the wrapped keys of personal fields, so that an operator
// can delete the keys of old days long before the rest: without the key that
// it is sealed under, a field in an old backup stays erased.
//
// Each file is an age file (age-encryption.org/v1) around a zstd stream (RFC
// 8878) around a tar archive (POSIX ustar) with these entries, in this order:
//
//	manifest.json         what follows: schema, tables, columns, time
//	main/TABLE/00000001   rows, about a MiB an entry; keys/TABLE/... in the other file
//	blobs/KEY             pictures, beside the main database only; the key is
//	                      the SHA-256 of the content
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
// All rows of a database come from one snapshot. That of the keys has to be the
// later one, then no row misses a key that it had. A keys file may be much
// newer than the main file: rows whose key was destroyed since are erased when
// they are restored. Sealed fields stay sealed, keys stay wrapped, and the boot
// key is in no file. Nothing is written to disk in plain on the way.
//
// [Restore] first reads both files and checks them, so that a damaged one
// changes nothing. It then builds the database where no other command sees it
// as finished: an SQLite file under another name that is renamed at the end, or
// a PostgreSQL database that is marked as unfinished. Killed at any moment, it
// can be run again.
package backup
