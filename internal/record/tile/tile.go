// Package tile is how logs are cut into files that can be cached for ever:
// hashes in tiles and leaves in bundles, 256 each, named and written as C2SP
// tlog-tiles says (https://c2sp.org/tlog-tiles).
//
// It has no state and imports nothing of the server: verifiers use it too.
package tile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Size and bounds of tiles and bundles.
const (
	Height = 8
	Width  = 1 << Height
	// maxLevel is that of the largest log: 2^63 leaves.
	maxLevel = 7
)

// Name is the place of a tile or bundle in its log.
type Name struct {
	Level int   // Entries for a bundle
	Index int64 // from the left
	Width int   // hashes or leaves; [Width] when it is full
}

// Entries is the level of bundles of leaves.
const Entries = -1

// Path is the name behind the log's address: "tile/0/x001/067" or
// "tile/entries/000.p/5".
func (n Name) Path() string {
	level := "entries"
	if n.Level != Entries {
		level = strconv.Itoa(n.Level)
	}
	digits := fmt.Sprintf("%03d", n.Index%1000)
	for x := n.Index / 1000; x > 0; x /= 1000 {
		digits = fmt.Sprintf("x%03d/%s", x%1000, digits)
	}
	s := "tile/" + level + "/" + digits
	if n.Width != Width {
		s += fmt.Sprintf(".p/%d", n.Width)
	}
	return s
}

// ErrPath says that a path names no tile.
var ErrPath = errors.New("this path names no tile")

// Parse reads what [Name.Path] wrote, and nothing else.
func Parse(path string) (Name, error) {
	n := Name{Width: Width}
	s, ok := strings.CutPrefix(path, "tile/")
	level, rest, cut := strings.Cut(s, "/")
	if !ok || !cut {
		return n, ErrPath
	}
	var err error
	if n.Level = Entries; level != "entries" {
		if n.Level, err = strconv.Atoi(level); err != nil || n.Level < 0 || n.Level > maxLevel {
			return n, ErrPath
		}
	}
	digits, width, partial := strings.Cut(rest, ".p/")
	if partial {
		if n.Width, err = strconv.Atoi(width); err != nil || n.Width < 1 || n.Width >= Width {
			return n, ErrPath
		}
	}
	for part := range strings.SplitSeq(digits, "/") {
		x, err := strconv.Atoi(strings.TrimPrefix(part, "x"))
		if err != nil || x < 0 || n.Index > 1<<52 {
			return n, ErrPath
		}
		n.Index = n.Index*1000 + int64(x)
	}
	if n.Path() != path {
		return n, ErrPath
	}
	return n, nil
}

// ErrBundle says that a bundle is damaged.
var ErrBundle = errors.New("this is no bundle of leaves")

// AppendEntry adds a leaf to a bundle: its length in two bytes, and itself.
func AppendEntry(b, leaf []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(leaf))), leaf...)
}

// ReadEntries reads the leaves of a bundle, which must be n.
func ReadEntries(b []byte, n int) ([][]byte, error) {
	out := make([][]byte, 0, n)
	for len(b) > 0 {
		if len(b) < 2 {
			return nil, ErrBundle
		}
		size := int(binary.BigEndian.Uint16(b))
		if len(b) < 2+size || len(out) == n {
			return nil, ErrBundle
		}
		out = append(out, b[2:2+size:2+size])
		b = b[2+size:]
	}
	if len(out) != n {
		return nil, ErrBundle
	}
	return out, nil
}
