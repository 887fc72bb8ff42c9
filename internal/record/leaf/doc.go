// Package leaf is the bytes of the public record: what a line of each log says,
// how logs are named, and how manifests are written. docs/record.md is its
// specification; the two change together.
//
// A leaf is 1 byte of version, 1 byte of kind, and the fields of that kind, all
// numbers big-endian. There is one encoding of each leaf: what does not decode
// and encode to the same bytes is refused.
//
// It has no state and imports nothing of the server: verifiers and clients use
// it too.
package leaf
