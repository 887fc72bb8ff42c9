// Package verify counts a public record again from its files alone, as a stranger
// does, and says what was proven, what was disproven and where, and what could not
// be checked. docs/record.md is its specification.
//
// It imports nothing of the server but the published formats (packages leaf, tile
// and blind); a test keeps it so. Its memory does not grow with signatures and
// statements but for an eighth of a byte of each: large boxes are counted in parts,
// from a temporary file (parts.go).
package verify
