package record

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/record/tile"
)

// Proof shows that a leaf is in a log: a receipt in the form of C2SP tlog-proof,
// with the checkpoint that it leads to.
func Proof(ctx context.Context, tx *db.Tx, log string, index int64) (string, error) {
	size, err := Size(ctx, tx, log)
	if err != nil {
		return "", err
	}
	if index < 0 || index >= size {
		return "", db.ErrNoRows
	}
	p, err := tlog.ProveRecord(size, index, newReader(ctx, tx, log))
	if err != nil {
		return "", fmt.Errorf("prove leaf %d of log %s: %w", index, log, err)
	}
	cp, err := Checkpoint(ctx, tx, log)
	if err != nil {
		return "", err
	}
	out := proof.TLogProof{Index: uint64(index), Checkpoint: []byte(cp)}
	for _, h := range p {
		out.Hashes = append(out.Hashes, h)
	}
	return string(out.Marshal()), nil
}

// Consistency shows that a log of a size is the beginning of what it is now.
func Consistency(ctx context.Context, tx *db.Tx, log string, from, to int64) ([]tlog.Hash, error) {
	if from == 0 || from == to {
		return nil, nil
	}
	p, err := tlog.ProveTree(to, from, newReader(ctx, tx, log))
	if err != nil {
		return nil, fmt.Errorf("prove that log %s grew from %d to %d: %w", log, from, to, err)
	}
	return p, nil
}

// LeafHash is the hash of a leaf (RFC 6962 section 2.1).
func LeafHash(ctx context.Context, tx *db.Tx, log string, index int64) ([32]byte, error) {
	h, err := newReader(ctx, tx, log).ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return [32]byte{}, err
	}
	return h[0], nil
}

// Leaves gives the leaves of a log from an index to before another, in their order.
func Leaves(ctx context.Context, tx *db.Tx, log string, from, to int64, take func(index int64, raw []byte) error) error {
	for at := from; at < to; {
		first := at - at%tile.Width
		data, n, err := bundleData(ctx, tx, log, at/tile.Width)
		if err != nil {
			return err
		}
		end := min(to, first+int64(n))
		if end <= at {
			return fmt.Errorf("log %s ends at leaf %d: %w", log, end, db.ErrNoRows)
		}
		for i := first; i < end; i++ {
			size := 2 + int(binary.BigEndian.Uint16(data))
			if i >= at {
				if err := take(i, data[2:size:size]); err != nil {
					return err
				}
			}
			data = data[size:]
		}
		at = end
	}
	return nil
}

// Leaf is one leaf of a log.
func Leaf(ctx context.Context, tx *db.Tx, log string, index int64) (raw []byte, err error) {
	err = Leaves(ctx, tx, log, index, index+1, func(_ int64, b []byte) error {
		raw = b
		return nil
	})
	return raw, err
}
