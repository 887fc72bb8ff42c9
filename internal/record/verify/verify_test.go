package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db/dbtest"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/tile"
	"convoke/internal/record/verify"
)

// TestPetition counts a petition again: signatures, one taken back, a goal.
func TestPetition(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.open(t, box.RollInput{Gate: box.GateBrowser}, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, Goals: []uint64{3}})
		for n := range 5 {
			p, auth := s.voter(t, i, "")
			s.cast(t, i, p.Sign(auth))
			if n == 3 {
				s.cast(t, i, p.Say(i.Origin, nil, 1, leaf.Withdraw()))
			}
		}
		s.voter(t, i, "") // took a credential and did not use it
		m := s.files(t)
		r := proven(t, m, verify.Options{})
		if len(r.Boxes) != 1 {
			t.Fatalf("%d boxes", len(r.Boxes))
		}
		want := verify.Box{
			ID: i.ID.String(), Type: leaf.Petition, Leaves: 6, Counted: 4, Withdrawn: 1, Gate: box.GateBrowser, Issued: 6, Anchored: 6, Checked: 6,
			Milestones: []verify.Milestone{{Part: -1, Goal: 3, Time: s.Clock.Now().Unix()}},
		}
		if d := cmp.Diff(want, r.Boxes[0]); d != "" {
			t.Error(d)
		}
		if text := strings.Join(r.Unproven, "\n"); !strings.Contains(text, "6 credentials were given out and 5 keys took part") || !strings.Contains(text, "no witnesses") {
			t.Errorf("what is not proven:\n%s", text)
		}
		s.must(t, s.Close(ctx, i.ID))
		if r := proven(t, s.files(t), verify.Options{Box: i.ID.String()}); !r.Boxes[0].Closed {
			t.Error("it is not closed")
		}
		// From a folder, as a mirror has it.
		dir := t.TempDir()
		for path, b := range m {
			f := filepath.Join(dir, filepath.FromSlash(path))
			s.must(t, os.MkdirAll(filepath.Dir(f), 0o700))
			s.must(t, os.WriteFile(f, b, 0o600))
		}
		src, _, c, err := verify.Open(dir)
		s.must(t, err)
		defer c.Close()
		if r, err := verify.Verify(ctx, src, verify.Options{}); err != nil || !r.Right() {
			t.Errorf("a folder: %v %v", err, r)
		}
	})
}

func proven(t testing.TB, m memory, o verify.Options) *verify.Report {
	t.Helper()
	r := recounted(t, m, o)
	if !r.Right() {
		t.Fatalf("a right record is wrong: %v", r.Wrong)
	}
	return r
}

// recounted counts a record with all keys at once and in small parts, which is to be
// the same.
func recounted(t testing.TB, m memory, o verify.Options) *verify.Report {
	t.Helper()
	r, err := verify.Verify(ctx, m, o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := verify.Verify(ctx, m, o.InSmallParts(3, 1))
	if d := cmp.Diff(r, again); err != nil || d != "" {
		t.Fatalf("in small parts it is another record: %v %s", err, d)
	}
	return r
}

// TestPledges counts pledges again: thresholds of two places, changes of mind.
func TestPledges(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.open(t, box.RollInput{Gate: box.GateMembers, References: []string{"a", "b", "c", "d"}},
			leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 2, Goals: []uint64{2}})
		say := map[string]func(n uint32, body []byte){}
		for _, ref := range []string{"a", "b", "c", "d"} {
			p, auth := s.voter(t, i, ref)
			say[ref] = func(n uint32, body []byte) {
				a := auth
				if n > 1 {
					a = nil
				}
				s.cast(t, i, p.Say(i.Origin, a, n, body))
			}
		}
		pledge := func(threshold uint32, part uint16) []byte {
			return leaf.Pledge{Threshold: threshold, Part: part}.Encode()
		}
		say["a"](1, pledge(2, 0))
		say["b"](1, pledge(2, 0))
		say["c"](1, pledge(9, 1))
		say["d"](1, pledge(1, 1))
		say["a"](2, leaf.Done())
		say["b"](2, leaf.Withdraw())
		say["c"](2, pledge(1, 1))
		r := proven(t, s.files(t), verify.Options{})
		b := r.Boxes[0]
		if b.Counted != 3 || b.Withdrawn != 1 || b.Done != 1 || b.RollSize != 4 || cmp.Diff([]uint64{0, 2}, b.Standing) != "" {
			t.Errorf("%+v", b)
		}
		if len(b.Milestones) != 2 {
			t.Errorf("goals %+v", b.Milestones)
		}
	})
}

// TestTampered changes a record in each way that an operator might, and finds it
// each time, with its place.
func TestTampered(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.open(t, box.RollInput{Gate: box.GateBrowser}, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, Goals: []uint64{200}})
		other := s.open(t, box.RollInput{Gate: box.GateBrowser}, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
		var leaves [][]byte
		for range 20 {
			p, auth := s.voter(t, i, "")
			leaves = append(leaves, p.Sign(auth))
			s.cast(t, i, leaves[len(leaves)-1])
		}
		foreign, auth := s.voter(t, other, "")
		m := s.files(t)
		proven(t, m, verify.Options{})
		path := "b/" + i.ID.String()
		entries := path + "/" + tile.Name{Level: tile.Entries, Width: 20}.Path()
		edit := func(f func(all [][]byte) [][]byte) memory {
			c := m.copy()
			all, err := tile.ReadEntries(c[entries], 20)
			s.must(t, err)
			c[entries] = nil
			for _, l := range f(all) {
				c[entries] = tile.AppendEntry(c[entries], l)
			}
			return c
		}
		flip := func(p string, at int) memory {
			c := m.copy()
			b := bytes.Clone(c[p])
			b[at] ^= 1
			c[p] = b
			return c
		}
		for name, c := range map[string]struct {
			m    memory
			what string
		}{
			"a flipped bit in a leaf":  {edit(func(all [][]byte) [][]byte { all[7] = append(bytes.Clone(all[7][:50]), all[8][50:]...); return all }), path + ", leaf 7"},
			"two swapped leaves":       {edit(func(all [][]byte) [][]byte { all[3], all[4] = all[4], all[3]; return all }), path + ", leaf 3"},
			"a dropped leaf":           {edit(func(all [][]byte) [][]byte { return all[:19] }), path + ", leaf 0"},
			"a leaf too many":          {edit(func(all [][]byte) [][]byte { return append(all, all[0]) }), path + ", leaf 0"},
			"a flipped bit in a tile":  {flip(path+"/"+tile.Name{Width: 20}.Path(), 5*32), path + ", leaf 5"},
			"another checkpoint":       {flip(path+"/checkpoint", 60), path + ": its checkpoint is not signed"},
			"another node's log":       {flip("log/"+tile.Name{Level: tile.Entries, Width: 5}.Path(), 20), "log, leaf 0"},
			"a bundle that is missing": {func() memory { c := m.copy(); delete(c, entries); return c }(), "is missing"},
		} {
			t.Run(name, func(t *testing.T) {
				r := recounted(t, c.m, verify.Options{})
				if r.Right() || !strings.Contains(fmt.Sprint(r.Wrong), c.what) {
					t.Errorf("found %v, want %s", r.Wrong, c.what)
				}
			})
		}
		// A server that signs what it forged is found by what the leaves say.
		forge := func(leaves ...[]byte) memory { return s.forged(t, m, i, leaves) }
		swapped, err := leaf.DecodeSign(leaves[1])
		s.must(t, err)
		swapped.Key[3] ^= 1
		for name, c := range map[string]struct {
			m    memory
			what string
		}{
			"a credential that is none":       {forge(leaves[0], swapped.Encode()), "leaf 1: its credential"},
			"a key that signs twice":          {forge(leaves[0], leaves[1], leaves[0]), "leaf 2: its key has signed before"},
			"a credential of another box":     {forge(foreign.Sign(auth)), "leaf 0: its credential"},
			"a leaf of another kind":          {forge(leaf.Freeze{}.Encode()), "leaf 0: a box has no leaves"},
			"a leaf that is too long":         {forge(append(bytes.Clone(leaves[0]), 0)), "leaf 0"},
			"a leaf of another version":       {forge(append([]byte{2}, leaves[0][1:]...)), "leaf 0"},
			"fewer than were anchored":        {forge(leaves[:19]...), "leaves were dropped"},
			"others than were anchored":       {forge(append(append([][]byte{}, leaves[1:]...), leaves[0])...), "differ from what the node's log says"},
			"taking back what never was said": {forge(foreign.Say(i.Origin, nil, 1, leaf.Withdraw())), "leaf 0: its key shows no credential"},
		} {
			t.Run(name, func(t *testing.T) {
				r := recounted(t, c.m, verify.Options{Workers: 2})
				if r.Right() || !strings.Contains(fmt.Sprint(r.Wrong), c.what) {
					t.Errorf("found %v, want %s", r.Wrong, c.what)
				}
			})
		}
	})
}

// TestTemporaryFile: the file of a large box is gone whatever happens, and a box that
// has no room for one could not be checked.
func TestTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	folder := t.TempDir()
	s := newStand(t, recordtest.Open(t, dbtest.SQLite(t), folder+"/keys.db", folder+"/head.json"))
	i := s.open(t, box.RollInput{Gate: box.GateBrowser}, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	var leaves [][]byte
	for range 5 {
		p, auth := s.voter(t, i, "")
		leaves = append(leaves, p.Sign(auth))
		s.cast(t, i, leaves[len(leaves)-1])
	}
	m := s.files(t)
	twice := s.forged(t, m, i, append(leaves[:5:5], leaves[0]))
	small := verify.Options{}.InSmallParts(2, 1)
	cancelled, cancel := context.WithCancel(ctx)
	stopping := small
	stopping.Progress = func(log string, _, _ int64) {
		if strings.HasPrefix(log, "b/") {
			cancel()
		}
	}
	for name, run := range map[string]func() error{
		"right":     func() error { _, err := verify.Verify(ctx, m, small); return err },
		"wrong":     func() error { _, err := verify.Verify(ctx, twice, small); return err },
		"cancelled": func() error { _, err := verify.Verify(cancelled, m, stopping); return err },
	} {
		err := run()
		if name == "cancelled" != errors.Is(err, context.Canceled) || name != "cancelled" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind %v, %v", name, left, err)
		}
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	r, err := verify.Verify(ctx, twice, small)
	if r != nil || err == nil || !strings.Contains(err.Error(), "needs room for a temporary file: open "+dir) {
		t.Errorf("without a folder: %v, %v", r, err)
	}
	if r, err := verify.Verify(ctx, m, verify.Options{}); err != nil || !r.Right() {
		t.Errorf("a small box needs a folder: %v, %v", r, err)
	}
}

// TestNothingOfTheServer proves that the verifier stands on the published formats
// alone.
func TestNothingOfTheServer(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "convoke/internal/record/verify").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{"blind": true, "leaf": true, "sealed": true, "tally": true, "tile": true, "verify": true}
	for _, p := range strings.Fields(string(out)) {
		if name, ok := strings.CutPrefix(p, "convoke/"); ok && !allowed[strings.TrimPrefix(name, "internal/record/")] {
			t.Errorf("it imports %s", p)
		}
	}
}
