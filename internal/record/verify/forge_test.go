package verify_test

import (
	"strings"
	"testing"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/record"
	"convoke/internal/record/box"
)

// forged is the record as a dishonest operator would publish it who put these leaves
// into the box: signed with the node's own key, in tiles that fit.
func (s *stand) forged(t testing.TB, m memory, i *box.Info, leaves [][]byte) memory {
	t.Helper()
	c, log := m.copy(), i.Log()
	for path := range c {
		if strings.HasPrefix(path, log+"/") {
			delete(c, path)
		}
	}
	var sealed []byte
	s.must(t, s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select sealed from record_key where name = 'node'", nil, &sealed)
	}))
	other := dbtest.SQLite
	if s.DB.Engine() == db.Postgres {
		other = dbtest.Postgres
	}
	d := dbtest.Open(t, other(t), s.Clock)
	s.must(t, d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "insert into record_key (name, sealed) values ('node', $1)", sealed)
		return err
	}))
	r, err := record.Open(ctx, record.Deps{DB: d, Vault: s.Vault, Log: s.Record.Log, Node: s.Node})
	s.must(t, err)
	s.must(t, d.Write(ctx, func(tx *db.Tx) error {
		if err := r.Start(ctx, tx, log); err != nil {
			return err
		}
		_, err := r.Append(ctx, tx, log, leaves...)
		return err
	}))
	s.must(t, r.Export(ctx, func(l string) bool { return l == log }, func(path string, b []byte) error {
		if strings.HasPrefix(path, log+"/") {
			c[path] = b
		}
		return nil
	}))
	return c
}
