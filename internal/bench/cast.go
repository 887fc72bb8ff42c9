package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
)

// bareLeaf is a row of the length of a signature.
var bareLeaf = bareRow{size: leaf.SignSize}

// cast measures signatures put into a petition's box by very many people at once:
// the credential is verified, uniqueness kept, the tree and its head signed, all in
// one durable commit with the counters.
func (b *bench) cast(ctx context.Context) (err error) {
	dir := filepath.Join(b.dir, "cast")
	node, err := openNode(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	x, err := newBallot(node.Record.Node)
	if err != nil {
		return err
	}
	id, err := x.open(ctx, node, petition())
	if err != nil {
		return err
	}
	f, err := b.signatures(ctx, x, 2*b.casts*b.Runs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return besideBare(ctx, node, filepath.Join(dir, "bare.db"), bareLeaf, func(addr, ref string) error {
		return b.castTurns(ctx, node, id, f, addr, ref)
	})
}

// prototypeInside is what the prototype stored a second, within the process and
// without looking at credentials; the slowest of its runs, on another machine.
const prototypeInside = 21_000

// castTurns casts half of the signatures of a turn over HTTP and half within the
// process.
func (b *bench) castTurns(ctx context.Context, node *app.Node, id leaf.ID, f *os.File, addr, ref string) error {
	var bare, inside pair
	var bareP99 []float64
	turn := 0
	err := batches(f, 2*b.casts*b.Runs, 2*b.casts, func(leaves [][]byte) error {
		turn++
		b.say("turn %d of %d", turn, b.Runs)
		public, rest := leaves[:b.casts], leaves[b.casts:]
		product, reference, err := inTurns(ctx, castLoad(addr, id, b.castConns, public, http.StatusCreated),
			castLoad(ref, id, b.castConns, public, http.StatusSeeOther))
		if err != nil {
			return err
		}
		bare.add(product, reference)
		bareP99 = append(bareP99, millis(quantile(reference.took, 0.99)))
		r, err := castInside(ctx, node, id, b.castConns, rest)
		if err != nil {
			return err
		}
		inside.add(product, r)
		return checkBox(ctx, node, id, turn*2*b.casts)
	})
	if err != nil {
		return err
	}
	conns := strconv.Itoa(b.castConns) + " connections"
	aim := Aim{Ratio: 0.4}
	b.add(bare.line("signatures cast over HTTP, to bare group commits, "+conns, "/s", aim))
	b.add(inside.line("the same, to casts within the process", "/s", aim))
	rate := median(bare.product)
	b.add(Line{What: "the same, to what the prototype stored within the process", Value: rate, Unit: "/s", Times: len(bare.product),
		Reference: prototypeInside, Ratio: rate / prototypeInside, Aim: aim})
	b.add(Line{What: "a cast, p50", Value: median(bare.p50), Unit: "ms", Times: len(bare.p50)})
	p99 := median(bare.p99)
	b.add(Line{What: "a cast, p99", Value: p99, Unit: "ms", Times: len(bare.p99), Reference: median(bareP99), Ratio: p99 / median(bareP99), Aim: Aim{Most: 500}})
	return nil
}

// castInside puts signatures into a box past HTTP, many at a time.
func castInside(ctx context.Context, node *app.Node, id leaf.ID, callers int, leaves [][]byte) (result, error) {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	watch := startWatch()
	for range callers {
		g.Go(func() error {
			for i := next.Add(1) - 1; i < int64(len(leaves)); i = next.Add(1) - 1 {
				if _, err := node.Boxes.Cast(ctx, id, leaves[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	return watch.stop(len(leaves)), err
}

// checkBox compares the leaves of a box and its count with what was put in.
func checkBox(ctx context.Context, node *app.Node, id leaf.ID, want int) error {
	return node.DB.Read(ctx, func(tx *db.Tx) error {
		size, err := record.Size(ctx, tx, record.BoxLog(id))
		if err != nil {
			return err
		}
		n, err := node.Boxes.Numbers(ctx, tx, id)
		if err == nil && (size != int64(want) || n.Counted != int64(want)) {
			err = fmt.Errorf("%d people signed, and there are %d leaves and a count of %d", want, size, n.Counted)
		}
		return err
	})
}

func castLoad(addr string, id leaf.ID, conns int, leaves [][]byte, status int) load {
	head := "POST /b/" + id.String() + "/cast HTTP/1.1\r\nHost: " + addr + "\r\nContent-Type: application/octet-stream\r\nContent-Length: " +
		strconv.Itoa(leaf.SignSize) + "\r\n\r\n"
	return load{addr: addr, conns: conns, total: len(leaves), status: status, request: func(out []byte, i int) []byte {
		return append(append(out, head...), leaves[i]...)
	}}
}
