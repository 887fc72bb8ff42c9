package bench

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/record/keyset"
)

// appendBatch is the largest commit of a box.
const appendBatch = 10_000

// prototypeWritten is what the prototype wrote for each of seven million leaves, with
// one row and one entry of a random index each: 54 GB in all.
const prototypeWritten = 54e9 / 7e6

// appender puts leaves into a log as a box's commit does, without looking at their
// credentials.
type appender struct {
	node *app.Node
	log  string
}

func (a *appender) add(ctx context.Context, leaves [][]byte) error {
	sets := a.node.Boxes.Sets
	return a.node.DB.WriteHot(ctx, a.log, func(tx *db.Tx) error {
		known := sets.Finder(tx, a.log)
		entries := make([]keyset.Entry, len(leaves))
		for i, l := range leaves {
			entries[i].Key = keyset.Key(l[2:18])
			switch _, there, err := known.Find(ctx, entries[i].Key); {
			case err != nil:
				return err
			case there:
				return errors.New("a key is there twice")
			}
		}
		first, err := a.node.Record.Append(ctx, tx, a.log, leaves...)
		if err != nil {
			return err
		}
		for i := range entries {
			entries[i].Leaf = first + int64(i)
		}
		return sets.Add(ctx, tx, a.log, entries)
	})
}

// appends measures how a box's log grows large, to a bare table with a unique index
// over random keys in an equal number of equal commits.
func (b *bench) appends(ctx context.Context) error {
	if err := os.RemoveAll(b.recordDir()); err != nil {
		return err
	}
	p, signed, err := b.appendProduct(ctx)
	if err != nil {
		return err
	}
	r, err := b.appendBare(ctx, signed)
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	var turns pair
	turns.add(p.result, r.result)
	n := float64(b.leaves)
	b.add(turns.line(number(n)+" leaves appended, to bare rows with a unique index", "/s", Aim{}))
	b.add(Line{What: "size of the database for each", Value: p.size / n, Unit: "B", Reference: r.size / n, Ratio: p.size / r.size})
	if p.written > 0 {
		b.add(Line{What: "written for each", Value: p.written / n, Unit: "B", Reference: r.written / n, Ratio: p.written / r.written,
			Aim: Aim{Most: prototypeWritten / 2}})
	}
	if p.memory > 0 {
		b.add(Line{What: "memory resident meanwhile, at most", Value: p.memory, Unit: "MiB", Reference: r.memory, Ratio: p.memory / r.memory})
	}
	return nil
}

// grown is what it took to append, in bytes and MiB.
type grown struct {
	result
	size, written, memory float64
}

// growth measures do, which appends to the database in file.
func (b *bench) growth(file string, do func() error) (g grown, err error) {
	resetPeak()
	before := written()
	watch := startWatch()
	if err := do(); err != nil {
		return g, err
	}
	g.result = watch.stop(b.leaves)
	g.written = written() - before
	_, g.memory = resident(os.Getpid())
	for _, name := range []string{file, file + "-wal"} {
		if st, err := os.Stat(name); err == nil {
			g.size += float64(st.Size())
		}
	}
	return g, nil
}

// appendAll appends the signatures in full batches. Runs of keys are merged
// meanwhile, as the job does it that looks after them.
func (b *bench) appendAll(ctx context.Context, node *app.Node, log string, f *os.File) error {
	a := &appender{node, log}
	sets, stop, merged := node.Boxes.Sets, make(chan struct{}), make(chan error, 1)
	go func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			if err := sets.MergeAll(ctx); err != nil {
				merged <- err
				return
			}
			select {
			case <-t.C:
			case <-stop:
				merged <- sets.MergeAll(ctx)
				return
			}
		}
	}()
	done := 0
	err := batches(f, b.leaves, appendBatch, func(leaves [][]byte) error {
		if done += len(leaves); done%500_000 == 0 {
			b.say("%d of %d leaves appended", done, b.leaves)
		}
		return a.add(ctx, leaves)
	})
	close(stop)
	return errors.Join(err, <-merged)
}

// appendBare does it with rows and nothing else.
func (b *bench) appendBare(ctx context.Context, signed string) (g grown, err error) {
	dir := filepath.Join(b.dir, "bare")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "bare.db")
	d, err := openBare(file)
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if _, err := d.ExecContext(ctx, "create table statement (pk blob primary key, leaf blob not null) strict"); err != nil {
		return g, err
	}
	f, err := os.Open(signed)
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return b.growth(file, func() error {
		done := 0
		return batches(f, b.leaves, appendBatch, func(leaves [][]byte) error {
			if done += len(leaves); done%500_000 == 0 {
				b.say("reference: %d of %d rows", done, b.leaves)
			}
			return insertBare(ctx, d, leaves)
		})
	})
}

// insertBare stores a commit in the order of keys.
func insertBare(ctx context.Context, d *sql.DB, leaves [][]byte) (err error) {
	key := func(l []byte) []byte { return l[2:34] }
	sorted := slices.SortedFunc(slices.Values(leaves), func(a, b []byte) int { return bytes.Compare(key(a), key(b)) })
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit there is nothing to undo
	st, err := tx.PrepareContext(ctx, "insert into statement values (?, ?)")
	if err != nil {
		return err
	}
	defer st.Close()
	for _, l := range sorted {
		if _, err := st.ExecContext(ctx, key(l), l); err != nil {
			return err
		}
	}
	return tx.Commit()
}
