package app_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"convoke/internal/db"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/record/wallet"
)

// used is what the node gets and gives when a code takes part in a box.
type used struct {
	box   *box.Info
	bytes [][]byte
}

// uses takes part with a code.
func (c *crowd) uses(w wallet.Code, i *box.Info) used {
	c.t.Helper()
	ctx := c.t.Context()
	grant, err := c.Boxes.AdmitAnybody(ctx, i.Roll, c.IDs.Secret())
	c.ok(err)
	v, err := boxtest.IssueTo(ctx, c.Boxes, i, grant, w)
	c.ok(err)
	asked, err := v.Request(i.Key, c.Record.Node, i.Roll, i.Manifest.Slot)
	c.ok(err)
	statement := v.Signs()
	if i.Manifest.Takes == leaf.TakesSay {
		statement = v.Says(leaf.Pledge{Threshold: 2}.Encode())
	}
	r, err := c.Boxes.Cast(ctx, i.ID, statement)
	c.ok(err)
	if r.Again {
		c.t.Errorf("in %s the code has taken part already", i.ID)
	}
	key, message := v.Public(), sha256.Sum256(asked.Message)
	c.raw("a seed", v.Key.Seed())
	return used{i, [][]byte{key[:], v.Auth, asked.Message, message[:]}}
}

// table is all rows of all tables, as text with bytes in hexadecimal.
func (c *crowd) table() (out []string) {
	ctx := c.t.Context()
	c.ok(c.DB.Read(ctx, func(tx *db.Tx) error {
		tables, columns, row := "select tablename from pg_tables where schemaname = current_schema()",
			"select column_name from information_schema.columns where table_schema = current_schema() and table_name = $1", "%q::text"
		if c.DB.Engine() == db.SQLite {
			tables, columns, row = "select name from sqlite_schema where type = 'table' and sql not like 'create virtual%'", "select name from pragma_table_info($1)", "quote(%q)"
		}
		names, err := db.Column[string](ctx, tx, tables)
		if err != nil {
			return err
		}
		for _, name := range names {
			all, err := db.Column[string](ctx, tx, columns, name)
			if err != nil {
				return err
			}
			for n := range all {
				all[n] = fmt.Sprintf("coalesce("+row+", '')", all[n])
			}
			rows, err := db.Column[string](ctx, tx, fmt.Sprintf("select %s from %q", strings.Join(all, " || ' ' || "), name))
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			for _, r := range rows {
				out = append(out, name+" "+strings.ToLower(r))
			}
		}
		return nil
	}))
	return out
}

// holds says whether a row holds any eight bytes of what was used.
func (u used) holds(row string) bool {
	for _, b := range u.bytes {
		for text := range slices.Chunk([]byte(hex.EncodeToString(b)), 16) {
			if len(text) == 16 && strings.Contains(row, string(text)) {
				return true
			}
		}
	}
	return false
}

// TestOneCodeEverywhere: a code takes part in two boxes with two keys, and no row of
// the database has anything of both.
func TestOneCodeEverywhere(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, url string) {
		c := nobody(t, url)
		w, err := wallet.New(rand.Reader)
		c.ok(err)
		c.code(w)
		a := c.uses(w, c.box(box.GateBrowser, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign}))
		b := c.uses(w, c.box(box.GateBrowser, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay}))
		if bytes.Equal(a.bytes[0], b.bytes[0]) {
			t.Fatal("both boxes know it by one key")
		}
		own, rows := [2]int{}, c.table()
		for _, row := range rows {
			for n, u := range []used{a, b} {
				other := []used{b, a}[n]
				if !u.holds(row) {
					continue
				}
				own[n]++
				if other.holds(row) || strings.Contains(row, other.box.ID.String()) || strings.Contains(row, other.box.Roll.String()) {
					t.Errorf("a row connects both: %s", row)
				}
			}
		}
		if own[0] < 3 || own[1] < 3 {
			t.Errorf("only %d rows of what was used are found", own)
		}
		if found := c.finds([]byte(strings.Join(rows, "\n"))); len(found) > 0 {
			t.Errorf("the tables hold %s", found)
		}
	})
}
