package verify

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/record/tile"
)

// rows are the roots of full tiles of one level: the hashes of the next one.
type rows []tlog.Hash

// add notes a bundle's hashes, of which only a full tile has a root for good.
func (r *rows) add(hashes []byte) {
	if len(hashes) == tile.Width*tlog.HashSize {
		*r = append(*r, rootOf(hashes))
	}
}

func rootOf(hashes []byte) tlog.Hash {
	t := &tree{}
	for i := 0; i < len(hashes); i += tlog.HashSize {
		t.push(tlog.Hash(hashes[i : i+tlog.HashSize]))
	}
	return t.root()
}

// upper compares the tiles above the lowest level, from which others make proofs,
// with what the leaves say.
func (v *verifier) upper(ctx context.Context, path string, row rows) error {
	for level := 1; len(row) > 0; level++ {
		var next rows
		for at := 0; at < len(row); at += tile.Width {
			part := row[at:min(at+tile.Width, len(row))]
			n := tile.Name{Level: level, Index: int64(at / tile.Width), Width: len(part)}
			got, err := v.src.Get(ctx, path+"/"+n.Path())
			if err != nil {
				return absent(path, n, err)
			}
			want := make([]byte, 0, len(part)*tlog.HashSize)
			for _, h := range part {
				want = append(want, h[:]...)
			}
			if string(got) != string(want) {
				return Wrong{path, -1, fmt.Sprintf("%s differs from what the leaves make", n.Path())}
			}
			next.add(want)
		}
		row = next
	}
	return nil
}
