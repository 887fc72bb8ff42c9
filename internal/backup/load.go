package backup

import (
	"context"
	"fmt"
	"slices"

	"convoke/internal/db"
)

// Bounds of one transaction while loading, and of one statement on PostgreSQL.
const (
	batchRows  = 2000
	batchBytes = 4 << 20
	rowsAtOnce = 50
	maxArgs    = 30000 // the protocol's limit is 65,535
)

// loader inserts rows in batches.
type loader struct {
	ctx    context.Context
	db     *db.DB
	tables map[string]*table // of db
	again  string            // " on conflict do nothing" where rows may be there already

	now   *table
	names []string
	rows  [][]any
	bytes int
	done  func() // after each batch
}

func newLoader(ctx context.Context, d *db.DB, derived []string, done func()) (*loader, error) {
	l := &loader{ctx: ctx, db: d, tables: map[string]*table{}, done: done}
	err := d.Read(ctx, func(tx *db.Tx) error {
		all, err := catalog(ctx, tx, derived)
		for i := range all {
			l.tables[all[i].name] = &all[i]
		}
		return err
	})
	return l, err
}

// fits says what a table of the backup lacks here. Columns that the backup does
// not know get their default.
func (l *loader) fits(t *Table) error {
	have, ok := l.tables[t.Name]
	if !ok {
		return fmt.Errorf("the backup has a table %q and the database has not", t.Name)
	}
	for _, c := range t.Columns {
		if have.kindOf(c) == "" {
			return fmt.Errorf("the backup has a column %q in table %s and the database has not", c, t.Name)
		}
	}
	return nil
}

// add takes one row; flush must follow the last.
func (l *loader) add(t *Table, values []any) error {
	if l.now == nil || l.now.name != t.Name {
		if err := l.flush(); err != nil {
			return err
		}
		l.now, l.names = l.tables[t.Name], t.Columns
	}
	for i, v := range values {
		switch x := v.(type) {
		case int64:
			if l.now.kindOf(l.names[i]) == "boolean" {
				values[i] = x != 0
			}
		case string:
			l.bytes += len(x)
		case []byte:
			l.bytes += len(x)
		}
	}
	l.rows = append(l.rows, values)
	if len(l.rows) < batchRows && l.bytes < batchBytes {
		return nil
	}
	return l.flush()
}

func (l *loader) flush() error {
	if len(l.rows) == 0 {
		return nil
	}
	head := "insert into " + quote(l.now.name) + " (" + quoteAll(l.names) + ") values "
	n := 1 // SQLite is fastest with one row a statement; PostgreSQL waits for each
	if l.db.Engine() == db.Postgres {
		n = max(1, min(rowsAtOnce, maxArgs/len(l.names)))
	}
	many, one := head+db.Tuples(n, len(l.names))+l.again, head+db.Tuples(1, len(l.names))+l.again
	err := l.db.Write(l.ctx, func(tx *db.Tx) error {
		for part := range slices.Chunk(l.rows, n) {
			if len(part) == n {
				if _, err := tx.Exec(l.ctx, many, slices.Concat(part...)...); err != nil {
					return err
				}
				continue
			}
			for _, r := range part {
				if _, err := tx.Exec(l.ctx, one, r...); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load table %s: %w", l.now.name, err)
	}
	l.rows, l.bytes = l.rows[:0], 0
	l.done()
	return nil
}

// verify reads back what was loaded and compares it with the sums.
func verify(ctx context.Context, d *db.DB, want []TableSum, from *Database, derived []string) error {
	return d.Read(ctx, func(tx *db.Tx) error {
		all, err := catalog(ctx, tx, derived)
		if err != nil {
			return err
		}
		var got []TableSum
		for _, t := range from.Tables {
			i := slices.IndexFunc(all, func(o table) bool { return o.name == t.Name })
			if i < 0 {
				return fmt.Errorf("table %s was not restored", t.Name)
			}
			// The sums are over the columns in the backup's order.
			all[i].columns = inOrderOf(all[i].columns, t.Columns)
			sum := newSum(from.Name, t.Name)
			if err := rowsOf(ctx, tx, &all[i], func(row []byte) error { sum.add(row); return nil }); err != nil {
				return err
			}
			got = append(got, sum.done())
		}
		for i := range want {
			if want[i] != got[i] {
				return fmt.Errorf("table %s was not restored as it was: %d rows instead of %d, or they differ",
					want[i].Table, got[i].Rows, want[i].Rows)
			}
		}
		return nil
	})
}

func inOrderOf(have []column, names []string) []column {
	out := make([]column, 0, len(names))
	for _, n := range names {
		for _, c := range have {
			if c.name == n {
				out = append(out, c)
			}
		}
	}
	return out
}
