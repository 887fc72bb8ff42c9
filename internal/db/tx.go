package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// ErrNoRows is what [Tx.Get] returns when nothing fits.
var ErrNoRows = sql.ErrNoRows

// Tx is one transaction. It belongs to the function it was given to and must
// not be kept.
type Tx struct {
	conn    *conn
	engine  Engine
	now     time.Time
	write   bool
	wrote   bool // a statement that writes was tried
	broken  bool // a statement failed; PostgreSQL needs a rollback
	tags    []string
	commits []func()
}

// Now is the one time of this transaction, in UTC.
func (t *Tx) Now() time.Time { return t.now }

// Engine tells which database runs the transaction; only search needs it.
func (t *Tx) Engine() Engine { return t.engine }

// Writes reports whether this transaction may write.
func (t *Tx) Writes() bool { return t.write }

// Touch says that pages which show tag are out of date once this commits.
func (t *Tx) Touch(tags ...string) { t.tags = append(t.tags, tags...) }

// OnCommit runs f after the commit, in no order, on the committing goroutine:
// f must be quick. It does not run when the transaction is undone.
func (t *Tx) OnCommit(f func()) { t.commits = append(t.commits, f) }

// detach keeps a caller who leaves from breaking a commit shared with others:
// an interrupted statement would undo the whole batch.
func (t *Tx) detach(ctx context.Context) context.Context {
	if t.write {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// Exec runs a statement and returns the number of rows it changed.
func (t *Tx) Exec(ctx context.Context, q string, args ...any) (int64, error) {
	t.wrote = true
	r, err := t.conn.exec(t.detach(ctx), q, args...)
	if err != nil {
		t.broken = true
		return 0, wrap(err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("count changed rows: %w", err)
	}
	return n, nil
}

// Get reads the first row of q into dest. It returns [ErrNoRows] when there is
// none.
func (t *Tx) Get(ctx context.Context, q string, args []any, dest ...any) error {
	rows, err := t.query(ctx, q, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			t.broken = true
			return wrap(err)
		}
		return ErrNoRows
	}
	if err := rows.Scan(dest...); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	// PostgreSQL reports some errors only after the row ("returning" that
	// violates a constraint), so the end is read too.
	if err := rows.Close(); err != nil {
		t.broken = true
		return wrap(err)
	}
	if err := rows.Err(); err != nil {
		t.broken = true
		return wrap(err)
	}
	return nil
}

// Returning is [Tx.Get] for a statement that writes.
func (t *Tx) Returning(ctx context.Context, q string, args []any, dest ...any) error {
	t.wrote = true
	return t.Get(ctx, q, args, dest...)
}

// Each calls f for every row; f scans it. The rows are streamed, so f must not
// use the transaction.
func (t *Tx) Each(ctx context.Context, q string, args []any, f func(scan func(...any) error) error) error {
	rows, err := t.query(ctx, q, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		t.broken = true
		return wrap(err)
	}
	return nil
}

func (t *Tx) query(ctx context.Context, q string, args []any) (*sql.Rows, error) {
	rows, err := t.conn.query(t.detach(ctx), q, args...)
	if err != nil {
		t.broken = true
		return nil, wrap(err)
	}
	return rows, nil
}

// Query reads all rows of q, each through scan.
func Query[T any](ctx context.Context, t *Tx, q string, args []any, scan func(scan func(...any) error) (T, error)) ([]T, error) {
	var out []T
	err := t.Each(ctx, q, args, func(s func(...any) error) error {
		v, err := scan(s)
		if err != nil {
			return err
		}
		out = append(out, v)
		return nil
	})
	return out, err
}

// Column reads a query of one column.
func Column[T any](ctx context.Context, t *Tx, q string, args ...any) ([]T, error) {
	return Query(ctx, t, q, args, func(scan func(...any) error) (T, error) {
		var v T
		err := scan(&v)
		return v, err
	})
}

// Tuples is ($1, $2), ($3, $4) for n rows of a width: many rows of one insert.
func Tuples(n, width int) string {
	var b strings.Builder
	for i := range n * width {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%width == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteString(")")
	return b.String()
}
