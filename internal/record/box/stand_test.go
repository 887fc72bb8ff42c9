package box_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/recounttest"
	"convoke/internal/record/tile"
	"convoke/internal/record/wallet"
)

var ctx = context.Background()

// stand is boxes on a record, and what they told.
type stand struct {
	*recordtest.Stand
	*box.Boxes
	ids *id.Source

	mu      sync.Mutex
	reached []box.Reached
	closed  []leaf.ID
}

func (s *stand) Reached(_ context.Context, tx *db.Tx, r box.Reached) error {
	tx.OnCommit(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reached = append(s.reached, r)
	})
	return nil
}

func (s *stand) Closed(_ context.Context, tx *db.Tx, b leaf.ID, _ string) error {
	tx.OnCommit(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.closed = append(s.closed, b)
	})
	return nil
}

func each(t *testing.T, f func(t *testing.T, s *stand)) {
	t.Helper()
	recordtest.Each(t, func(t *testing.T, r *recordtest.Stand) {
		s := &stand{Stand: r, ids: id.NewSource(r.Clock, nil)}
		s.Boxes = box.New(box.Deps{
			DB: r.DB, Vault: r.Vault, Record: r.Record, Sets: keyset.New(r.DB, s.ids.New), Clock: r.Clock, Listener: s,
		})
		t.Cleanup(s.Stop)
		f(t, s)
	})
}

// eachCounted is [each] of a test that counts polls: both verifiers count them again.
func eachCounted(t *testing.T, f func(t *testing.T, s *stand)) {
	t.Helper()
	each(t, func(t *testing.T, s *stand) {
		f(t, s)
		recounttest.Record(t, s.Record)
	})
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// roll makes and stores a roll.
func (s *stand) roll(t fataler, in box.RollInput) leaf.ID {
	t.Helper()
	d, err := s.Prepare(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, func(tx *db.Tx) error { return s.StoreRoll(ctx, tx, d) })
	return d.ID
}

// open opens a box on a slot of a roll, from now for a day unless m says else.
func (s *stand) open(t fataler, roll leaf.ID, slot uint8, m leaf.Box) *box.Info {
	t.Helper()
	if m.Opens == 0 {
		m.Opens = dbtest.Now.Unix()
	}
	if m.Closes == 0 {
		m.Closes = dbtest.Now.Add(24 * time.Hour).Unix()
	}
	if m.Takes == "" {
		m.Type, m.Takes = leaf.Petition, leaf.TakesSign
	}
	m.Text = fmt.Sprintf("%064d", s.ids.Bytes(1)[0])
	var b leaf.ID
	s.write(t, func(tx *db.Tx) (err error) {
		b, err = s.Open(ctx, tx, roll, slot, m)
		return err
	})
	i, err := s.Info(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (s *stand) write(t fataler, f func(tx *db.Tx) error) {
	t.Helper()
	if err := s.DB.Write(ctx, f); err != nil {
		t.Fatal(err)
	}
}

func (s *stand) numbers(t fataler, i *box.Info) box.Numbers {
	t.Helper()
	var n box.Numbers
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		n, err = s.Numbers(ctx, tx, i.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// leaves are all leaves of a log.
func (s *stand) leaves(t fataler, log string) [][]byte {
	t.Helper()
	var out [][]byte
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := record.Size(ctx, tx, log)
		if err != nil {
			return err
		}
		for at := int64(0); at < n; at += tile.Width {
			w := int(min(tile.Width, n-at))
			b, err := record.File(ctx, tx, log, tile.Name{Level: tile.Entries, Index: at / tile.Width, Width: w})
			if err != nil {
				return err
			}
			all, err := tile.ReadEntries(b, w)
			if err != nil {
				return err
			}
			out = append(out, all...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// issue gives somebody with that grant a credential for the box.
func (s *stand) issue(i *box.Info, grant string, c wallet.Code) (*boxtest.Voter, error) {
	return boxtest.IssueTo(ctx, s.Boxes, i, grant, c)
}

// anybody is a voter of an open box.
func (s *stand) anybody(t fataler, i *box.Info) *boxtest.Voter {
	t.Helper()
	g, err := s.AdmitAnybody(ctx, i.Roll, s.ids.Secret())
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.issue(i, g, code(t))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func code(t fataler) wallet.Code {
	t.Helper()
	c, err := wallet.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *stand) cast(t fataler, i *box.Info, b []byte) box.Receipt {
	t.Helper()
	r, err := s.Cast(ctx, i.ID, b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantCode(t fataler, err error, code string) {
	t.Helper()
	if !fault.HasCode(err, code) && (fault.Of(err) == nil || fault.Of(err).Code != code) {
		t.Errorf("got %v, want %s", err, code)
	}
}
