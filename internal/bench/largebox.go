package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
)

func (b *bench) recordDir() string { return filepath.Join(b.keep, fmt.Sprintf("record-%d", b.leaves)) }

// recordMark is written when the record is whole: the box's name.
func (b *bench) recordMark() string { return filepath.Join(b.recordDir(), "bench.txt") }

func petition() leaf.Box { return leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign} }

// largeBox opens the record that was appended to, now or in a run before.
func (b *bench) largeBox(ctx context.Context) (node *app.Node, id leaf.ID, err error) {
	text, err := os.ReadFile(b.recordMark())
	if errors.Is(err, fs.ErrNotExist) {
		if _, _, err = b.appendProduct(ctx); err == nil {
			text, err = os.ReadFile(b.recordMark())
		}
	}
	if err == nil {
		id, err = leaf.ParseID(strings.TrimSpace(string(text)))
	}
	if err != nil {
		return nil, id, fmt.Errorf("make a large box: %w", err)
	}
	node, err = openNode(ctx, b.recordDir())
	return node, id, err
}

// appendProduct makes the record that all benches of it use. It returns the file of
// the signatures in it.
func (b *bench) appendProduct(ctx context.Context) (g grown, signed string, err error) {
	node, err := openNode(ctx, b.recordDir())
	if err != nil {
		return g, "", err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	x, err := newBallot(node.Record.Node)
	if err != nil {
		return g, "", err
	}
	id, err := x.open(ctx, node, petition())
	if err != nil {
		return g, "", err
	}
	f, err := b.signatures(ctx, x, b.leaves)
	if err != nil {
		return g, "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	g, err = b.growth(filepath.Join(b.recordDir(), "convoke.db"), func() error { return b.appendAll(ctx, node, record.BoxLog(id), f) })
	if err == nil {
		err = b.issueAll(ctx, node, x, b.leaves)
	}
	if err == nil {
		err = os.WriteFile(b.recordMark(), []byte(id.String()+"\n"), 0o600)
	}
	return g, f.Name(), err
}

// issueAll says in the roll's log that as many credentials were given out.
func (b *bench) issueAll(ctx context.Context, node *app.Node, x *ballot, n int) error {
	log, r := record.RollLog(x.roll), chance(0)
	for left := n; left > 0; {
		n := min(left, appendBatch)
		leaves := make([][]byte, n)
		for i := range leaves {
			l := leaf.Issue{Member: leaf.NoMember, Mode: leaf.Blind, Slots: 1}
			_, _ = r.Read(l.Hash[:]) // never fails
			leaves[i] = l.Encode()
		}
		err := node.DB.WriteHot(ctx, log, func(tx *db.Tx) error {
			_, err := node.Record.Append(ctx, tx, log, leaves...)
			return err
		})
		if err != nil {
			return fmt.Errorf("note credentials: %w", err)
		}
		left -= n
	}
	return node.Record.Anchor(ctx)
}
