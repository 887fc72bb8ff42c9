package record

import (
	"context"
	"fmt"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
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
