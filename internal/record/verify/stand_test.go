package verify_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/verify"
	"convoke/internal/record/wallet"
)

var ctx = context.Background()

// memory is a record in memory, to be tampered with.
type memory map[string][]byte

func (m memory) Get(_ context.Context, path string) ([]byte, error) {
	b, ok := m[path]
	if !ok {
		return nil, verify.ErrAbsent
	}
	return b, nil
}

// stand is a node that people take part on.
type stand struct {
	*recordtest.Stand
	*box.Boxes
	ids *id.Source
	n   byte
}

func newStand(t *testing.T, r *recordtest.Stand) *stand {
	t.Helper()
	s := &stand{Stand: r, ids: id.NewSource(r.Clock, nil)}
	s.Boxes = box.New(box.Deps{DB: r.DB, Vault: r.Vault, Record: r.Record, Sets: keyset.New(r.DB, s.ids.New), Clock: r.Clock})
	t.Cleanup(s.Stop)
	return s
}

// each runs f on SQLite and on PostgreSQL.
func each(t *testing.T, f func(t *testing.T, s *stand)) {
	t.Helper()
	recordtest.Each(t, func(t *testing.T, r *recordtest.Stand) { f(t, newStand(t, r)) })
}

func (s *stand) must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open makes a roll with one slot and a box on it.
func (s *stand) open(t testing.TB, in box.RollInput, m leaf.Box) *box.Info {
	t.Helper()
	d, err := s.Prepare(ctx, in)
	s.must(t, err)
	m.Opens, m.Closes, m.Text = dbtest.Now.Unix(), dbtest.Now.Add(24*time.Hour).Unix(), fmt.Sprintf("%064d", s.n)
	var b leaf.ID
	s.must(t, s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := s.StoreRoll(ctx, tx, d); err != nil {
			return err
		}
		b, err = s.Open(ctx, tx, d.ID, 0, m)
		return err
	}))
	i, err := s.Info(ctx, b)
	s.must(t, err)
	return i
}

// voter takes a credential: of an open roll when ref is "".
func (s *stand) voter(t testing.TB, i *box.Info, ref string) (*wallet.Part, []byte) {
	t.Helper()
	grant, err := s.AdmitAnybody(ctx, i.Roll, s.ids.Secret())
	if ref != "" {
		grant, err = s.AdmitMember(ctx, i.Roll, ref)
	}
	s.must(t, err)
	c, err := wallet.New(newRandom(s.ids.Bytes(32)))
	s.must(t, err)
	p := c.Part(leaf.RollOrigin(s.Node, i.Roll), 0)
	b, err := p.Request(i.Key, s.Node, i.Roll, 0)
	s.must(t, err)
	signed, err := s.Issue(ctx, i.Roll, box.IssueInput{Grant: grant, Slots: 1, Blinded: [][]byte{b.Message}})
	s.must(t, err)
	auth, err := b.Finalize(signed[0])
	s.must(t, err)
	return p, auth
}

func (s *stand) cast(t testing.TB, i *box.Info, b []byte) {
	t.Helper()
	_, err := s.Cast(ctx, i.ID, b)
	s.must(t, err)
}

// files are the whole record as it is now.
func (s *stand) files(t testing.TB) memory {
	t.Helper()
	s.must(t, s.Anchor(ctx))
	m := memory{}
	s.must(t, s.Export(ctx, nil, func(path string, b []byte) error {
		m[path] = b
		return nil
	}))
	return m
}

func (m memory) copy() memory { return maps.Clone(m) }

type random []byte

func newRandom(b []byte) *random { return (*random)(&b) }

func (r *random) Read(p []byte) (int, error) { return copy(p, *r), nil }
