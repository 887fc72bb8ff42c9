package record

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/record/tile"
)

// head is the state of a log.
type head struct {
	id     string
	size   int64
	edge   []tlog.Hash // roots of the largest full subtrees, from the left
	closed bool
}

// push adds one leaf's hash (RFC 6962 section 2.1, built from the left).
func (h *head) push(leaf tlog.Hash) {
	for bit := h.size; bit&1 == 1; bit >>= 1 {
		last := len(h.edge) - 1
		leaf = tlog.NodeHash(h.edge[last], leaf)
		h.edge = h.edge[:last]
	}
	h.edge = append(h.edge, leaf)
	h.size++
}

// root is the hash of the tree; of an empty one, SHA-256 of nothing.
func (h *head) root() tlog.Hash {
	if len(h.edge) == 0 {
		return emptyRoot
	}
	r := h.edge[len(h.edge)-1]
	for i := len(h.edge) - 2; i >= 0; i-- {
		r = tlog.NodeHash(h.edge[i], r)
	}
	return r
}

// emptyRoot is that of a log without leaves: what tlog has for a tree of size 0.
var emptyRoot = func() tlog.Hash {
	h, err := tlog.TreeHash(0, nil)
	if err != nil {
		panic("record: " + err.Error())
	}
	return h
}()

// appendLeaves writes leaves to the end of a log and returns the index of the
// first. The head is updated, and must be stored with [Record.putHead] in the same
// transaction.
//
// A leaf is written twice: to the tail when it arrives, and in a bundle when that
// is full. What arrives in full bundles goes there at once.
func appendLeaves(ctx context.Context, tx *db.Tx, h *head, leaves [][]byte) (first int64, err error) {
	first = h.size
	for _, l := range leaves {
		h.push(tlog.RecordHash(l))
	}
	at := first
	for len(leaves) > 0 {
		inBundle := at % tile.Width
		n := min(int64(len(leaves)), tile.Width-inBundle)
		if inBundle+n < tile.Width {
			return first, putTail(ctx, tx, h.id, at, leaves)
		}
		whole := leaves[:n]
		if inBundle > 0 {
			tail, err := takeTail(ctx, tx, h.id, at-inBundle)
			if err != nil {
				return first, err
			}
			if int64(len(tail)) != inBundle {
				return first, fmt.Errorf("log %s: its tail has %d leaves, not %d", h.id, len(tail), inBundle)
			}
			whole = append(tail, whole...)
		}
		if err := putFull(ctx, tx, h.id, at/tile.Width, whole); err != nil {
			return first, err
		}
		leaves, at = leaves[n:], at+n
	}
	return first, nil
}

// putFull writes a full bundle, its tile of hashes, and what changes above.
func putFull(ctx context.Context, tx *db.Tx, log string, index int64, leaves [][]byte) error {
	var bundle []byte
	hashes := make([]byte, 0, tile.Width*tlog.HashSize)
	level := make([]tlog.Hash, 0, tile.Width)
	for _, l := range leaves {
		bundle = tile.AppendEntry(bundle, l)
		h := tlog.RecordHash(l)
		hashes, level = append(hashes, h[:]...), append(level, h)
	}
	if err := putBundle(ctx, tx, log, index, bundle); err != nil {
		return err
	}
	if err := putTile(ctx, tx, log, 0, index, hashes); err != nil {
		return err
	}
	return climb(ctx, tx, log, 1, index, fold(level))
}

// climb adds the root of a full tile to the tile above it.
func climb(ctx context.Context, tx *db.Tx, log string, level int, index int64, root tlog.Hash) error {
	data, err := tileData(ctx, tx, log, level, index/tile.Width)
	if err != nil {
		return err
	}
	if at := index % tile.Width; int64(len(data)) != at*tlog.HashSize {
		return fmt.Errorf("log %s: tile %d of level %d has %d bytes before its hash %d", log, index/tile.Width, level, len(data), at)
	}
	data = append(data, root[:]...)
	if err := putTile(ctx, tx, log, level, index/tile.Width, data); err != nil {
		return err
	}
	if len(data) < tile.Width*tlog.HashSize {
		return nil
	}
	return climb(ctx, tx, log, level+1, index/tile.Width, fold(hashesOf(data)))
}

// fold is the root of a full tile.
func fold(h []tlog.Hash) tlog.Hash {
	h = append([]tlog.Hash(nil), h...)
	for len(h) > 1 {
		for i := range len(h) / 2 {
			h[i] = tlog.NodeHash(h[2*i], h[2*i+1])
		}
		h = h[:len(h)/2]
	}
	return h[0]
}

func hashesOf(data []byte) []tlog.Hash {
	out := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range out {
		copy(out[i][:], data[i*tlog.HashSize:])
	}
	return out
}

func bytesOf(h []tlog.Hash) []byte {
	out := make([]byte, 0, len(h)*tlog.HashSize)
	for _, x := range h {
		out = append(out, x[:]...)
	}
	return out
}
