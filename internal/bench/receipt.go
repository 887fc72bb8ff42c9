package bench

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
)

// receipt measures what somebody who signed asks for afterwards: the leaf found by
// its key, and the proof that it is in the tree.
func (b *bench) receipt(ctx context.Context) (err error) {
	node, id, err := b.largeBox(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	x, err := newBallot(node.Record.Node)
	if err != nil {
		return err
	}
	f, err := b.signatures(ctx, x, b.leaves)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := newWorld(node.Places, b.started, worldSeed).rand(7)
	signed := make([][]byte, b.queries)
	for i := range signed {
		signed[i] = make([]byte, leaf.SignSize)
		if _, err := f.ReadAt(signed[i], int64(r.IntN(b.leaves))*leaf.SignSize); err != nil {
			return fmt.Errorf("read %s: %w", filepath.Base(f.Name()), err)
		}
	}
	var took []time.Duration
	for _, l := range signed {
		start := time.Now()
		err := node.DB.Read(ctx, func(tx *db.Tx) error {
			at, err := node.Boxes.Where(ctx, tx, id, leaf.Key(l[2:34]), tlog.RecordHash(l))
			if err == nil {
				_, err = record.Proof(ctx, tx, record.BoxLog(id), at)
			}
			return err
		})
		if err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	first := took[0] // has read what the process keeps in memory
	took = took[min(1, len(took)-1):]
	among := fmt.Sprintf(" among %s leaves", number(float64(b.leaves)))
	b.add(Line{What: "a receipt" + among + ", p50", Value: millis(quantile(took, 0.5)), Unit: "ms", Times: len(took), Aim: Aim{Most: 1}})
	b.add(Line{What: "a receipt" + among + ", p99", Value: millis(quantile(took, 0.99)), Unit: "ms", Times: len(took)})
	b.add(Line{What: "the first after a start", Value: millis(first), Unit: "ms"})
	site, err := serve(ctx, crowd(node.Site))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.close()) }()
	l := load{addr: site.addr, conns: 1, total: len(signed), status: http.StatusOK, request: func(out []byte, i int) []byte {
		h := tlog.RecordHash(signed[i])
		path := "/b/" + id.String() + "/proof/" + hex.EncodeToString(h[:]) + "?key=" + hex.EncodeToString(signed[i][2:34])
		return get(site.addr, path)(out, i)
	}}
	res, err := l.run(ctx)
	if err != nil {
		return err
	}
	b.add(Line{What: "the same over HTTP, p50", Value: millis(quantile(res.took, 0.5)), Unit: "ms", Times: len(res.took)})
	return nil
}
