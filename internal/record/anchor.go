package record

import (
	"context"
	"crypto/sha256"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/record/leaf"
)

// anchorsAtOnce bounds the logs that are anchored in one transaction.
const anchorsAtOnce = 500

// Anchor tells the node's log of every log that has grown since it was last told,
// and notes what is published then. It runs every ten seconds.
func (r *Record) Anchor(ctx context.Context) error {
	if r.Halted() != "" {
		return nil
	}
	for {
		n := 0
		err := r.DB.WriteHot(ctx, NodeLog, func(tx *db.Tx) error {
			var err error
			n, err = r.anchor(ctx, tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("anchor logs: %w", err)
		}
		if n < anchorsAtOnce {
			return r.noteHead(ctx)
		}
	}
}

type grown struct {
	id   string
	size int64
	root []byte
}

func (r *Record) anchor(ctx context.Context, tx *db.Tx) (int, error) {
	due, err := db.Query(ctx, tx, `select id, size, root from record_log where anchored <> size and id <> 'log' order by id limit $1`,
		[]any{anchorsAtOnce}, func(scan func(...any) error) (grown, error) {
			var g grown
			return g, scan(&g.id, &g.size, &g.root)
		})
	if err != nil || len(due) == 0 {
		return 0, err
	}
	leaves := make([][]byte, len(due))
	for i, g := range due {
		leaves[i] = leaf.Anchor{Log: sha256.Sum256([]byte(r.origin(g.id))), Size: uint64(g.size), Root: [32]byte(g.root)}.Encode()
	}
	first, err := r.Append(ctx, tx, NodeLog, leaves...)
	if err != nil {
		return 0, err
	}
	for i, g := range due {
		_, err := tx.Exec(ctx, "update record_log set anchored = $2, anchor_at = $3 where id = $1", g.id, g.size, first+int64(i)+1)
		if err != nil {
			return 0, fmt.Errorf("note the anchor of log %s: %w", g.id, err)
		}
	}
	return len(due), nil
}
