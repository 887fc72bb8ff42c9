package backup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"convoke/internal/db"
)

// column is one column as the engine describes it.
type column struct {
	name, kind string // kind is the engine's word for the type, in lower case
}

// table is one table of an open database.
type table struct {
	name    string
	columns []column
	key     []string
	refers  []string
}

func (t *table) describe() Table {
	d := Table{Name: t.name, Key: t.key}
	for _, c := range t.columns {
		d.Columns = append(d.Columns, c.name)
	}
	return d
}

func (t *table) kindOf(name string) string {
	for _, c := range t.columns {
		if c.name == name {
			return c.kind
		}
	}
	return ""
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteAll(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = quote(n)
	}
	return strings.Join(out, ", ")
}

// selectRows reads all rows of t in the order that both engines agree on.
func (t *table) selectRows(e db.Engine) string {
	order := make([]string, len(t.key))
	for i, k := range t.key {
		order[i] = quote(k)
		if e == db.Postgres && t.kindOf(k) == "text" {
			order[i] += ` collate "C"`
		}
	}
	return "select " + quoteAll(t.describe().Columns) + " from " + quote(t.name) + " order by " + strings.Join(order, ", ")
}

// migrationTable is the table of applied migrations, which the manifest holds.
const migrationTable = "migration"

// catalog lists the tables to copy, each after those that it refers to. Tables
// named in derived, and what an engine keeps beside them, are left out.
func catalog(ctx context.Context, tx *db.Tx, derived []string) ([]table, error) {
	names, err := tableNames(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	var all []table
	for _, n := range names {
		if n == migrationTable || slices.ContainsFunc(derived, func(d string) bool { return n == d || strings.HasPrefix(n, d+"_") }) {
			continue
		}
		t, err := describeTable(ctx, tx, n)
		if err != nil {
			return nil, fmt.Errorf("describe table %s: %w", n, err)
		}
		all = append(all, t)
	}
	return inOrder(all)
}

func tableNames(ctx context.Context, tx *db.Tx) ([]string, error) {
	if tx.Engine() == db.Postgres {
		return db.Column[string](ctx, tx, `select cast(c.relname as text) from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname = current_schema() and c.relkind in ('r', 'p') order by 1`)
	}
	return db.Column[string](ctx, tx, `select name from sqlite_schema where type = 'table' and substr(name, 1, 7) <> 'sqlite_' order by name`)
}

func describeTable(ctx context.Context, tx *db.Tx, name string) (table, error) {
	t := table{name: name}
	columns, key, refers := `select name, lower(type) from pragma_table_info($1) order by cid`,
		`select name from pragma_table_info($1) where pk > 0 order by pk`,
		`select distinct "table" from pragma_foreign_key_list($1) order by 1`
	arg := name
	if tx.Engine() == db.Postgres {
		columns = `select cast(attname as text), format_type(atttypid, null) from pg_attribute
			where attrelid = cast(cast($1 as text) as regclass) and attnum > 0 and not attisdropped order by attnum`
		key = `select cast(a.attname as text) from pg_index i cross join lateral unnest(i.indkey) with ordinality k(att, place)
			join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.att
			where i.indisprimary and i.indrelid = cast(cast($1 as text) as regclass) order by k.place`
		refers = `select distinct cast(f.relname as text) from pg_constraint c join pg_class f on f.oid = c.confrelid
			where c.contype = 'f' and c.conrelid = cast(cast($1 as text) as regclass) order by 1`
		arg = quote(name)
	}
	var err error
	t.columns, err = db.Query(ctx, tx, columns, []any{arg}, func(scan func(...any) error) (column, error) {
		var c column
		return c, scan(&c.name, &c.kind)
	})
	if err != nil {
		return t, err
	}
	if t.key, err = db.Column[string](ctx, tx, key, arg); err != nil {
		return t, err
	}
	if len(t.key) == 0 {
		return t, fmt.Errorf("table %s has no primary key", name)
	}
	t.refers, err = db.Column[string](ctx, tx, refers, arg)
	return t, err
}

// inOrder puts each table after those that it refers to.
func inOrder(all []table) ([]table, error) {
	var out []table
	done := map[string]bool{}
	for len(out) < len(all) {
		before := len(out)
		for _, t := range all {
			ready := !slices.ContainsFunc(t.refers, func(r string) bool { return !done[r] })
			if ready && !done[t.name] {
				out, done[t.name] = append(out, t), true
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("tables refer to each other in a circle: %d of %d have an order", len(out), len(all))
		}
	}
	return out, nil
}

// applied lists the migrations that a database has seen.
func applied(ctx context.Context, tx *db.Tx) ([]Migration, error) {
	ms, err := db.Query(ctx, tx, "select name, checksum from migration", nil, func(scan func(...any) error) (Migration, error) {
		var m Migration
		return m, scan(&m.Name, &m.Checksum)
	})
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	slices.SortFunc(ms, func(a, b Migration) int { return strings.Compare(a.Name, b.Name) })
	return ms, nil
}

// rowsOf calls f with every row of t, encoded; f must not keep it.
func rowsOf(ctx context.Context, tx *db.Tx, t *table, f func(row []byte) error) error {
	values, dest := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		dest[i] = &values[i]
	}
	var buf []byte
	err := tx.Each(ctx, t.selectRows(tx.Engine()), nil, func(scan func(...any) error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := scan(dest...); err != nil {
			return err
		}
		var err error
		if buf, err = appendRow(buf[:0], values); err != nil {
			return err
		}
		return f(buf)
	})
	if err != nil {
		return fmt.Errorf("read table %s: %w", t.name, err)
	}
	return nil
}
