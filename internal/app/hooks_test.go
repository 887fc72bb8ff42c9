package app

import (
	"context"

	"convoke/internal/record/witness"
)

// AskWitnesses is the job that asks them, over a way that tests choose: the real one
// reaches public addresses only.
func (n *Node) AskWitnesses(ctx context.Context, by witness.Poster) error {
	n.collector.Post = by
	return n.collector.Collect(ctx)
}
