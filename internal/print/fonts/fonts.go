// Package fonts has the typefaces of posters, packed.
package fonts

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"
)

//go:embed NotoSans.zst
var sans []byte

//go:embed NotoSansArabic.zst
var arabic []byte

//go:embed NotoSansHebrew.zst
var hebrew []byte

// Family is a typeface, regular and bold.
type Family int

// The families, by the letters that they have.
const (
	European Family = iota // Latin, Greek and Cyrillic
	Arabic
	Hebrew
)

// Unpack returns the two files of a family. They are not kept.
func (f Family) Unpack() (regular, bold []byte, err error) {
	packed := [...]struct {
		both    []byte
		regular int // the size of the first file
	}{{sans, 512672}, {arabic, 244072}, {hebrew, 26892}}[f]
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, nil, fmt.Errorf("unpack font: %w", err)
	}
	defer r.Close()
	both, err := r.DecodeAll(packed.both, nil)
	if err != nil || len(both) < packed.regular {
		return nil, nil, fmt.Errorf("unpack font: %w", err)
	}
	return slices.Clip(both[:packed.regular]), both[packed.regular:], nil
}
