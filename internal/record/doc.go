// Package record is the node's public record: logs that only grow, signed, cut
// into tiles that anybody can copy, written in the same transaction as what they
// tell of.
//
// There is one log of the node ("log"), which says what was opened, closed and
// reached and anchors all others; one for each box ("b/ID") with what people put
// in; one for each roll ("r/ID") with the credentials that were given out.
// docs/record.md specifies all of it for those who write a verifier. The packages
// below it are pure: leaf (bytes of leaves), tile (names of files), blind
// (tokens), wallet (what a participant keeps), verify (counting again).
//
// It owns the tables whose names begin with record_.
package record
