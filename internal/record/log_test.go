package record_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/tile"
)

const box = "b/aaaaaaaaaaaaaaaaaaaaaaaaaa"

// model is the same log as golang.org/x/mod/sumdb/tlog keeps it.
type model struct{ hashes []tlog.Hash }

func (m *model) ReadHashes(x []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(x))
	for i, n := range x {
		out[i] = m.hashes[n]
	}
	return out, nil
}

func (m *model) add(t fataler, n int64, leaf []byte) {
	h, err := tlog.StoredHashes(n, leaf, m)
	if err != nil {
		t.Fatal(err)
	}
	m.hashes = append(m.hashes, h...)
}

type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func leafOf(n int64) []byte {
	return fmt.Appendf(nil, "leaf %d %s", n, strings.Repeat("x", int(n%300)))
}

func start(t fataler, s *recordtest.Stand, log string) {
	t.Helper()
	write(t, s, func(tx *db.Tx) error { return s.Start(ctx, tx, log) })
}

func write(t fataler, s *recordtest.Stand, f func(tx *db.Tx) error) {
	t.Helper()
	if err := s.DB.WriteHot(ctx, "x", f); err != nil {
		t.Fatal(err)
	}
}

func read(t fataler, s *recordtest.Stand, f func(tx *db.Tx) error) {
	t.Helper()
	if err := s.DB.Read(ctx, f); err != nil {
		t.Fatal(err)
	}
}

// same compares every tile and bundle of a log with the model.
func same(t fataler, s *recordtest.Stand, m *model, size int64) {
	t.Helper()
	read(t, s, func(tx *db.Tx) error {
		root, err := tlog.TreeHash(size, m)
		if err != nil {
			return err
		}
		cp, err := record.Checkpoint(ctx, tx, box)
		if err != nil {
			return err
		}
		want := fmt.Sprintf("%s/%s\n%d\n%s\n", recordtest.Node, box, size, base64.StdEncoding.EncodeToString(root[:]))
		if !strings.HasPrefix(cp, want+"\n— ") {
			t.Fatalf("checkpoint\n%swant\n%s", cp, want)
		}
		for level := 0; size>>(tile.Height*level) > 0; level++ {
			n := size >> (tile.Height * level)
			for i := int64(0); i*tile.Width < n; i++ {
				w := int(min(tile.Width, n-i*tile.Width))
				want, err := tlog.ReadTileData(tlog.Tile{H: tile.Height, L: level, N: i, W: w}, m)
				if err != nil {
					return err
				}
				got, err := record.File(ctx, tx, box, tile.Name{Level: level, Index: i, Width: w})
				if err != nil || string(got) != string(want) {
					t.Fatalf("tile %d of level %d at size %d differs: %v", i, level, size, err)
				}
			}
		}
		for i := int64(0); i*tile.Width < size; i++ {
			w := int(min(tile.Width, size-i*tile.Width))
			b, err := record.File(ctx, tx, box, tile.Name{Level: tile.Entries, Index: i, Width: w})
			if err != nil {
				t.Fatalf("bundle %d: %v", i, err)
			}
			all, err := tile.ReadEntries(b, w)
			if err != nil {
				t.Fatalf("bundle %d: %v", i, err)
			}
			for k, l := range all {
				if n := i*tile.Width + int64(k); string(l) != string(leafOf(n)) {
					t.Fatalf("leaf %d differs", n)
				}
			}
		}
		return nil
	})
}

// TestTiles compares with an independent implementation at the sizes where
// something ends: docs/record.md names them.
func TestTiles(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		start(t, s, box)
		m := &model{}
		var size int64
		for _, stop := range []int64{1, 2, 255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000} {
			var batch [][]byte
			for ; size < stop; size++ {
				batch = append(batch, leafOf(size))
				m.add(t, size, leafOf(size))
			}
			write(t, s, func(tx *db.Tx) error {
				_, err := s.Append(ctx, tx, box, batch...)
				return err
			})
			same(t, s, m, size)
		}
	})
}

// TestBatches appends in batches of any size.
func TestBatches(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		start(t, s, box)
		m := &model{}
		var size int64
		r := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			n := r.Int64N(40)
			if r.IntN(8) == 0 {
				n = r.Int64N(900)
			}
			var batch [][]byte
			for i := range n {
				batch = append(batch, leafOf(size+i))
				m.add(t, size+i, leafOf(size+i))
			}
			write(t, s, func(tx *db.Tx) error {
				first, err := s.Append(ctx, tx, box, batch...)
				if first != size {
					t.Errorf("the first of a batch is %d, want %d", first, size)
				}
				return err
			})
			size += n
		}
		same(t, s, m, size)
		prove(t, s, m, size)
	})
}

// prove checks receipts and consistency as a stranger does: with the public key
// and the checkpoint alone.
func prove(t *testing.T, s *recordtest.Stand, m *model, size int64) {
	vkey, err := s.VerifierKey(box)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.Int64Range(0, size-1).Draw(rt, "leaf")
		read(rt, s, func(tx *db.Tx) error {
			text, err := record.Proof(ctx, tx, box, n)
			if err != nil {
				return err
			}
			var p proof.TLogProof
			if err := p.Unmarshal([]byte(text)); err != nil {
				return err
			}
			signed, err := note.Open(p.Checkpoint, note.VerifierList(v))
			if err != nil {
				return err
			}
			root := rootOf(rt, signed.Text)
			var hashes tlog.RecordProof
			for _, h := range p.Hashes {
				hashes = append(hashes, h)
			}
			if err := tlog.CheckRecord(hashes, size, root, n, tlog.RecordHash(leafOf(n))); err != nil {
				return err
			}
			if tlog.CheckRecord(hashes, size, root, n, tlog.RecordHash(leafOf(n+1))) == nil {
				rt.Fatal("the receipt fits another leaf")
			}
			old := rapid.Int64Range(1, size).Draw(rt, "old")
			oldRoot, err := tlog.TreeHash(old, m)
			if err != nil {
				return err
			}
			c, err := record.Consistency(ctx, tx, box, old, size)
			if err != nil {
				return err
			}
			return tlog.CheckTree(c, size, root, old, oldRoot)
		})
	})
	read(t, s, func(tx *db.Tx) error {
		for _, n := range []int64{-1, size} {
			if _, err := record.Proof(ctx, tx, box, n); !errors.Is(err, db.ErrNoRows) {
				t.Errorf("a receipt for leaf %d: %v", n, err)
			}
		}
		return nil
	})
}

func rootOf(t fataler, text string) tlog.Hash {
	lines := strings.Split(text, "\n")
	h, err := tlog.ParseHash(lines[2])
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestUndone proves that what a failed transaction appended is not there.
func TestUndone(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		start(t, s, box)
		broken := errors.New("broken")
		m := &model{}
		var size int64
		for i := range 300 {
			err := s.DB.WriteHot(ctx, box, func(tx *db.Tx) error {
				if _, err := s.Append(ctx, tx, box, leafOf(size), leafOf(size+1)); err != nil {
					return err
				}
				if i%3 == 0 {
					return broken
				}
				return nil
			})
			if i%3 == 0 {
				if !errors.Is(err, broken) {
					t.Fatal(err)
				}
				continue
			}
			m.add(t, size, leafOf(size))
			m.add(t, size+1, leafOf(size+1))
			size += 2
		}
		same(t, s, m, size)
	})
}

func TestEnd(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		start(t, s, box)
		write(t, s, func(tx *db.Tx) error {
			if _, err := s.Append(ctx, tx, box, leafOf(0)); err != nil {
				return err
			}
			size, root, err := s.End(ctx, tx, box)
			if want := tlog.RecordHash(leafOf(0)); size != 1 || root != [32]byte(want) {
				t.Errorf("it ends with %d leaves and root %x", size, root)
			}
			return err
		})
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := s.Append(ctx, tx, box, leafOf(1))
			return err
		})
		if err == nil {
			t.Error("a closed log grows")
		}
	})
}

// TestAnchor proves that the node's log tells of each log that has grown, once.
func TestAnchor(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		start(t, s, box)
		start(t, s, "b/bbbbbbbbbbbbbbbbbbbbbbbbbb")
		write(t, s, func(tx *db.Tx) error {
			_, err := s.Append(ctx, tx, box, leafOf(0), leafOf(1))
			return err
		})
		for range 2 {
			if err := s.Anchor(ctx); err != nil {
				t.Fatal(err)
			}
		}
		read(t, s, func(tx *db.Tx) error {
			n, err := record.Size(ctx, tx, record.NodeLog)
			if err != nil || n != 1 {
				t.Fatalf("%d lines of the node's log: %v", n, err)
			}
			b, err := record.File(ctx, tx, record.NodeLog, tile.Name{Level: tile.Entries, Width: 1})
			if err != nil {
				return err
			}
			all, err := tile.ReadEntries(b, 1)
			if err != nil {
				return err
			}
			a, err := leaf.DecodeAnchor(all[0])
			root := tlog.NodeHash(tlog.RecordHash(leafOf(0)), tlog.RecordHash(leafOf(1)))
			want := leaf.Anchor{Log: sha256.Sum256([]byte(recordtest.Node + "/" + box)), Size: 2, Root: root}
			if a != want {
				t.Errorf("anchor %+v, want %+v", a, want)
			}
			return err
		})
	})
}

// TestOldCopy proves that a database older than what was published signs nothing.
func TestOldCopy(t *testing.T) {
	dir := t.TempDir()
	grow := func(s *recordtest.Stand, text string) error {
		return s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := s.Append(ctx, tx, record.NodeLog, []byte(text))
			return err
		})
	}
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		for _, text := range []string{"a", "b"} {
			if err := grow(s, text); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Anchor(ctx); err != nil {
			t.Fatal(err)
		}
		again := func(edit func(m map[string]any)) string {
			t.Helper()
			b, err := os.ReadFile(s.HeadFile)
			if err != nil {
				t.Fatal(err)
			}
			var m map[string]any
			if err := json.Unmarshal(b, &m); err != nil {
				t.Fatal(err)
			}
			edit(m)
			if b, err = json.Marshal(m); err != nil {
				t.Fatal(err)
			}
			f := dir + "/" + strings.ReplaceAll(t.Name(), "/", "-")
			if err := os.WriteFile(f, b, 0o600); err != nil {
				t.Fatal(err)
			}
			d := s.Deps
			d.HeadFile = f
			r, err := record.Open(ctx, d)
			if err != nil {
				t.Fatal(err)
			}
			err = s.DB.Write(ctx, func(tx *db.Tx) error {
				_, err := r.Append(ctx, tx, record.NodeLog, []byte("c"))
				if r.Halted() == "" {
					return errors.Join(err, errUndo)
				}
				return err
			})
			if (r.Halted() != "") != fault.Is(err, fault.KindUnavailable) {
				t.Errorf("halted %q, append gives %v", r.Halted(), err)
			}
			return r.Halted()
		}
		if why := again(func(map[string]any) {}); why != "" {
			t.Errorf("halted without cause: %s", why)
		}
		if why := again(func(m map[string]any) { m["size"] = 3 }); why == "" {
			t.Error("goes on although more was published")
		}
		if why := again(func(m map[string]any) { m["root"] = "AAAA" }); why == "" {
			t.Error("goes on although something else was published")
		}
		if why := again(func(m map[string]any) { m["size"] = 1 }); why != "" {
			t.Errorf("halted although the database is newer: %s", why)
		}
	})
}

var errUndo = errors.New("undo")
