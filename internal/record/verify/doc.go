// Package verify counts a public record again from its files alone, as a stranger
// does, and says what was proven, what was disproven and where, and what could not
// be checked. docs/record.md is its specification.
//
// It imports nothing of the server but the published formats (packages leaf, tile
// and blind); a test keeps it so. Its memory does not grow with statements but for
// fifteen bytes a key.
package verify
