package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// imports measures a table taken in by the import against the same rows
// inserted, in batches of the same size, into the same table with the same
// indices: nothing read, placed, compared, found by words or counted.
func (b *bench) imports(ctx context.Context) error {
	var rows, withText pair
	for turn := range b.Runs {
		b.say("turn %d of %d", turn+1, b.Runs)
		dir := filepath.Join(b.dir, "import")
		product, err := b.importTurn(ctx, dir)
		if err != nil {
			return err
		}
		file := filepath.Join(dir, "convoke.db")
		bare, err := b.bareTurn(ctx, file, false)
		if err != nil {
			return fmt.Errorf("reference: %w", err)
		}
		text, err := b.bareTurn(ctx, file, true)
		if err != nil {
			return fmt.Errorf("reference with words: %w", err)
		}
		rows.add(product, bare)
		withText.add(product, text)
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("tidy up: %w", err)
		}
	}
	b.add(rows.line("rows of a table, to bare batched insert", "/s", Aim{Ratio: 0.4}))
	b.add(withText.line("the same, to bare insert with the full-text index", "/s", Aim{}))
	return nil
}

// importTurn imports into a fresh node.
func (b *bench) importTurn(ctx context.Context, dir string) (r result, err error) {
	node, err := openNode(ctx, dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	w := newWorld(node.Places, b.started, worldSeed)
	var table strings.Builder
	if err := w.table(&table, b.imported); err != nil {
		return r, err
	}
	watch := startWatch()
	err = importTable(ctx, node, strings.NewReader(table.String()), b.imported)
	return watch.stop(b.imported), err
}

// bareBatch is the import's.
const bareBatch = 500

// bareTurn reads the rows that the import has made, empties the table and
// inserts them again.
func (b *bench) bareTurn(ctx context.Context, file string, words bool) (r result, err error) {
	d, err := openBare(file)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	c, err := d.Conn(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	rows, columns, err := allRows(ctx, c, "select * from event order by at_key")
	if err != nil {
		return r, err
	}
	if len(rows) != b.imported {
		return r, fmt.Errorf("the table holds %d rows, not %d", len(rows), b.imported)
	}
	clear := "delete from event; insert into event_text(event_text) values ('delete-all'); vacuum; pragma wal_checkpoint(truncate)"
	if _, err := c.ExecContext(ctx, clear); err != nil {
		return r, fmt.Errorf("empty the table: %w", err)
	}
	insert, err := c.PrepareContext(ctx, "insert into event values (?"+strings.Repeat(", ?", len(columns)-1)+")")
	if err != nil {
		return r, err
	}
	defer insert.Close()
	find, err := c.PrepareContext(ctx, "insert into event_text (rowid, words) values (?, ?)")
	if err != nil {
		return r, err
	}
	defer find.Close()
	texts := wordsOf(rows, columns)
	watch := startWatch()
	err = inBatches(ctx, c, len(rows), func(i int) error {
		if _, err := insert.ExecContext(ctx, rows[i]...); err != nil || !words {
			return err
		}
		_, err := find.ExecContext(ctx, texts[i].key, texts[i].words)
		return err
	})
	return watch.stop(len(rows)), err
}

// inBatches does n things, [bareBatch] in a transaction.
func inBatches(ctx context.Context, c *sql.Conn, n int, do func(i int) error) error {
	for i := range n {
		if i%bareBatch == 0 {
			if _, err := c.ExecContext(ctx, "begin immediate"); err != nil {
				return err
			}
		}
		if err := do(i); err != nil {
			return err
		}
		if (i+1)%bareBatch == 0 || i+1 == n {
			if _, err := c.ExecContext(ctx, "commit"); err != nil {
				return err
			}
		}
	}
	return nil
}

type rowWords struct{ key, words any }

// wordsOf makes the text of each row beforehand; folding it is the import's work.
func wordsOf(rows [][]any, columns []string) []rowWords {
	out := make([]rowWords, len(rows))
	for i, row := range rows {
		var text []string
		for j, name := range columns {
			switch s, isText := row[j].(string); {
			case name == "at_key":
				out[i].key = row[j]
			case isText && (name == "title" || name == "organizer" || name == "place" || name == "locality" || name == "description"):
				text = append(text, strings.ToLower(s))
			}
		}
		out[i].words = strings.Join(text, " ")
	}
	return out
}

// allRows reads everything into memory.
func allRows(ctx context.Context, c *sql.Conn, q string) (all [][]any, columns []string, err error) {
	rows, err := c.QueryContext(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		row, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, nil, err
		}
		all = append(all, row)
	}
	return all, columns, rows.Err()
}
