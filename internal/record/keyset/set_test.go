package keyset

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
)

// sets opens sets that settle and merge early.
func sets(d *db.DB) *Sets {
	n := 0
	s := New(d, func() string { n++; return fmt.Sprintf("run%09d", n) })
	s.fresh = 64
	return s
}

func keyOf(n uint64) Key {
	r := rand.New(rand.NewPCG(n, 5))
	var k Key
	binary.BigEndian.PutUint64(k[:], r.Uint64())
	binary.BigEndian.PutUint64(k[8:], r.Uint64())
	return k
}

// put adds the keys that are not taken, as a caller does, and returns which were.
func (s *Sets) put(ctx context.Context, log string, next int64, keys []Key) (taken []bool, n int64, err error) {
	err = s.db.WriteHot(ctx, log, func(tx *db.Tx) error {
		n, taken = next, make([]bool, len(keys))
		f, seen := s.Finder(tx, log), map[Key]bool{}
		var fresh []Entry
		for i, k := range keys {
			if _, taken[i], err = f.Find(ctx, k); err != nil {
				return err
			}
			if taken[i] = taken[i] || seen[k]; !taken[i] {
				fresh, n, seen[k] = append(fresh, Entry{k, n}), n+1, true
			}
		}
		return s.Add(ctx, tx, log, fresh)
	})
	return taken, n, err
}

// TestModel compares with a map: keys of two logs, many of them again, merges in
// between and a second process that knows no filter yet.
func TestModel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		logs := []string{"b/one", "b/two"}
		one := sets(d)
		two := New(d, func() string { return one.ids() + "x" })
		two.fresh = one.fresh
		model := map[string]map[Key]int64{logs[0]: {}, logs[1]: {}}
		r := rand.New(rand.NewPCG(3, 4))
		next := map[string]int64{}
		for step := range 400 {
			s := []*Sets{one, two}[r.IntN(2)]
			log := logs[r.IntN(2)]
			keys := make([]Key, r.IntN(30))
			for i := range keys {
				keys[i] = keyOf(r.Uint64N(4000))
			}
			taken, n, err := s.put(ctx, log, next[log], keys)
			if err != nil {
				t.Fatal(err)
			}
			at := next[log]
			for i, k := range keys {
				_, was := model[log][k]
				if was != taken[i] {
					t.Fatalf("step %d: key %x is taken: %v, want %v", step, k, taken[i], was)
				}
				if !was {
					model[log][k], at = at, at+1
				}
			}
			if next[log] = n; n != at {
				t.Fatalf("%d keys, want %d", n, at)
			}
			if step%40 == 39 {
				if err := s.MergeAll(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, log := range logs {
			check(t, one, log, model[log])
			check(t, two, log, model[log])
		}
		var level int
		if err := d.Read(ctx, func(tx *db.Tx) error {
			return tx.Get(ctx, "select max(level) from record_run", nil, &level)
		}); err != nil || level < 1 {
			t.Errorf("no run was merged: %v", err)
		}
	})
}

func check(t *testing.T, s *Sets, log string, want map[Key]int64) {
	t.Helper()
	checkFirst(t, s, log, want, 4000)
}

// checkFirst looks for that many keys.
func checkFirst(t *testing.T, s *Sets, log string, want map[Key]int64, keys uint64) {
	t.Helper()
	err := s.db.Read(t.Context(), func(tx *db.Tx) error {
		for n := range keys {
			k := keyOf(n)
			leaf, ok, err := s.Find(t.Context(), tx, log, k)
			if err != nil {
				return err
			}
			if w, has := want[k]; ok != has || leaf != w {
				t.Fatalf("%s: key %x is of leaf %d, %v, want %d, %v", log, k, leaf, ok, w, has)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFinderReadsOnce: the runs that a finder has read once it uses on.
func TestFinderReadsOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, s := t.Context(), sets(d)
		for n := range uint64(200) {
			if _, _, err := s.put(ctx, "b/one", int64(n), []Key{keyOf(n)}); err != nil {
				t.Fatal(err)
			}
		}
		err := d.Write(ctx, func(tx *db.Tx) error {
			f := s.Finder(tx, "b/one")
			for _, n := range []uint64{3, 5, 199} {
				if leaf, ok, err := f.Find(ctx, keyOf(n)); err != nil || !ok || leaf != int64(n) {
					t.Errorf("key %d is of leaf %d, %v, %v", n, leaf, ok, err)
				}
				if _, err := tx.Exec(ctx, "update record_run set ready = $1", false); err != nil {
					return err
				}
			}
			_, ok, err := f.Find(ctx, keyOf(777))
			if ok {
				t.Error("a key that was never there is found")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestInterrupted begins a merge, leaves it, and merges again.
func TestInterrupted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const log = "b/one"
		s := sets(d)
		model := map[Key]int64{}
		for n := range uint64(1000) {
			model[keyOf(n)] = int64(n)
			if _, _, err := s.put(t.Context(), log, int64(n), []Key{keyOf(n)}); err != nil {
				t.Fatal(err)
			}
		}
		left, stop := context.WithCancel(t.Context())
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), "insert into record_run (id, set_id, level, keys, ready) values ('left', $1, 1, 9, $2)", log, false)
			if err != nil {
				return err
			}
			return putPart(t.Context(), tx, "left", []Entry{{keyOf(3), 77}})
		})
		stop()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.MergeAll(left); err == nil {
			t.Error("a merge that was called off succeeds")
		}
		check(t, s, log, model)
		if err := s.MergeAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(t, s, log, model)
	})
}

// TestStoppedAtEachStatement ends the process before each statement of a batch that
// becomes a run, and of a merge: every key is found afterwards, and no other.
func TestStoppedAtEachStatement(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const log = "b/one"
			var stop dbtest.Abort
			d := dbtest.OpenBefore(t, url(t), clock.NewManual(dbtest.Now), stop.Before)
			model := map[Key]int64{}
			run := 0
			again := func() *Sets { // a process that starts
				s := New(d, func() string { run++; return fmt.Sprintf("run%09d", run) })
				s.fresh = 16
				return s
			}
			stopped := 0
			each := func(f func(s *Sets) error, done func()) {
				for n := 1; ; n++ {
					stop.At(n)
					err := f(again())
					aborted := stop.Off()
					if err == nil {
						break
					}
					if stopped++; !aborted {
						t.Fatalf("statement %d: %v", n, err)
					}
					checkFirst(t, again(), log, model, 20*fanIn)
				}
				done()
				checkFirst(t, again(), log, model, 20*fanIn)
			}
			for n := range uint64(fanIn) {
				var all []Key
				for k := range uint64(16) {
					all = append(all, keyOf(16*n+k))
				}
				add := func(s *Sets) error {
					_, _, err := s.put(t.Context(), log, int64(16*n), all)
					return err
				}
				done := func() {
					for k, key := range all {
						model[key] = int64(16*n) + int64(k)
					}
				}
				if n == 0 || n == fanIn-1 {
					each(add, done)
				} else if err := add(again()); err != nil {
					t.Fatal(err)
				} else {
					done()
				}
			}
			each(func(s *Sets) error { return s.MergeAll(t.Context()) }, func() {})
			var level, left int
			err := d.Read(t.Context(), func(tx *db.Tx) error {
				return tx.Get(t.Context(), "select max(level), count(*) from record_run", nil, &level, &left)
			})
			if err != nil || level != 1 || left != 1 || stopped < 80 {
				t.Errorf("%d runs up to level %d after %d stops, %v", left, level, stopped, err)
			}
		})
	}
}

func TestFilter(t *testing.T) {
	const n = 20_000
	f := newFilter(n)
	for i := range uint64(n) {
		f.add(keyOf(i))
	}
	wrong := 0
	for i := range uint64(n) {
		if !f.maybe(keyOf(i)) {
			t.Fatal("a key that was added is not there")
		}
		if f.maybe(keyOf(i + n)) {
			wrong++
		}
	}
	if wrong > n/50 {
		t.Errorf("%d of %d keys seem to be there and are not", wrong, n)
	}
}
