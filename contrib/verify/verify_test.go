// Package verify_test compares the two verifiers: what they count in a right record,
// and that both find what is wrong in others.
package verify_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"convoke/internal/db/dbtest"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/tile"
	"convoke/internal/record/verify"
)

var ctx = context.Background()

// counted is what both verifiers say of a box.
type counted struct {
	ID, Type                  string
	Leaves, Keys, Issued      int64
	Counted, Paper, Unwatched int64
	Standing                  []uint64
	Closed, Frozen            bool
}

// second is the report of verify.py.
type second struct {
	Exit  int
	Boxes []struct {
		Box, Type          string
		Size, Keys         int64
		Issued, Counted    int64
		Paper, Unwitnessed int64
		Standing           uint64
		Parts              []struct{ Standing uint64 }
		Closed, Frozen     bool
	}
	Wrong, Unchecked []struct{ Where, What string }
	Since            *verify.Since
	CosignedAt       int64 `json:"cosigned_at"`
	Stale            bool
}

func python(t testing.TB, args ...string) (second, []byte) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("python3 is missing: scripts/setup-debian installs it")
		}
		t.Skip("python3 is missing")
	}
	out, err := exec.CommandContext(t.Context(), "python3", append([]string{"-I", "verify.py", "--json"}, args...)...).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var r second
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v: %s", err, exit.Stderr)
	}
	if exit != nil && exit.ExitCode() != r.Exit {
		t.Fatalf("it says %d and ends with %d", r.Exit, exit.ExitCode())
	}
	return r, out
}

// convoke is the first verifier, as a command.
func convoke() []string {
	if bin := os.Getenv("CONVOKE_TEST_BINARY"); bin != "" {
		return []string{bin}
	}
	return []string{"go", "run", "../../cmd/convoke"}
}

// folder writes a record as a mirror has it.
func (m files) folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for path, b := range m {
		f := filepath.Join(dir, filepath.FromSlash(path))
		must(t, os.MkdirAll(filepath.Dir(f), 0o700))
		must(t, os.WriteFile(f, b, 0o600))
	}
	return dir
}

func (s second) counts() (out []counted) {
	for _, b := range s.Boxes {
		c := counted{b.Box, b.Type, b.Size, b.Keys, b.Issued, b.Counted, b.Paper, b.Unwitnessed, nil, b.Closed, b.Frozen}
		for _, p := range b.Parts {
			c.Standing = append(c.Standing, p.Standing)
		}
		if b.Type == leaf.PledgeTo && len(b.Parts) == 0 {
			c.Standing = []uint64{b.Standing}
		}
		out = append(out, c)
	}
	return out
}

func counts(r *verify.Report) (out []counted) {
	for _, b := range r.Boxes {
		out = append(out, counted{
			b.ID, b.Type, b.Leaves, b.Counted + b.Withdrawn, b.Issued, b.Counted, b.Declared, b.Leaves - b.Witnessed, b.Standing, b.Closed, b.Frozen,
		})
	}
	return out
}

// TestBothCountTheSame counts a record with every kind of leaf twice, by programs
// of two languages that share nothing but docs/record.md.
func TestBothCountTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 270)
	m := w.export(t)
	got, out := python(t, m.folder(t))
	if got.Exit != 0 {
		t.Fatalf("%s", out)
	}
	r, err := verify.Verify(ctx, m, verify.Options{})
	must(t, err)
	if !r.Right() || len(r.Boxes) != 3 {
		t.Fatalf("%+v", r)
	}
	if d := cmp.Diff(counts(r), got.counts()); d != "" {
		t.Errorf("first (-) and second (+) verifier differ:\n%s", d)
	}
	if !slices.ContainsFunc(r.Boxes, func(b verify.Box) bool { return b.Frozen }) {
		t.Error("no box is frozen")
	}
	// The kinds that it holds, and that a rebuilt one is right too: what the other
	// tests change is all that is wrong in theirs.
	l := readLogs(t, m)
	var kinds []string
	for _, leaves := range l {
		for _, b := range leaves {
			kinds = append(kinds, fmt.Sprintf("%02x", b[1]))
		}
	}
	slices.Sort(kinds)
	if d := cmp.Diff(strings.Fields("01 02 03 04 06 07 10 11 13 20 21 22 23 24"), slices.Compact(kinds)); d != "" {
		t.Errorf("kinds of leaves: %s", d)
	}
	both(t, build(t, l), true)
	upper := "b/" + w.petition.ID.String() + "/" + tile.Name{Level: 1, Width: 1}.Path()
	for name, c := range map[string]files{"a flipped bit above": m.flip(upper, 3), "a tile above that is missing": m.without(upper)} {
		t.Run(name, func(t *testing.T) { both(t, c, false) })
	}
}

// both runs both verifiers on a record.
func both(t *testing.T, m files, right bool) {
	t.Helper()
	r, err := verify.Verify(ctx, m, verify.Options{Workers: 1})
	must(t, err)
	got, out := python(t, m.folder(t))
	if r.Right() != right {
		t.Errorf("the first verifier finds %v wrong", r.Wrong)
	}
	if got.Exit != map[bool]int{true: 0, false: 1}[right] {
		t.Errorf("the second verifier says %s", out)
	}
	if !t.Failed() && !right {
		t.Logf("%v; %v", r.Wrong, got.Wrong)
	}
}

// TestBothFindIt changes the files of a record as a mirror might.
func TestBothFindIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	m := w.export(t)
	log := "b/" + w.petition.ID.String()
	n := len(readLogs(t, m)[log])
	entries, hashes := log+"/"+tile.Name{Level: tile.Entries, Width: n}.Path(), log+"/"+tile.Name{Width: n}.Path()
	for name, c := range map[string]files{
		"a flipped bit in a leaf":         m.flip(entries, 400),
		"a flipped bit in a tile":         m.flip(hashes, 40),
		"a leaf cut off":                  m.cut(entries),
		"a tile cut off":                  m.cut(hashes),
		"another size":                    m.swap(log+"/checkpoint", fmt.Sprintf("\n%d\n", n), fmt.Sprintf("\n%d\n", n-1)),
		"the checkpoint of another box":   m.with(log+"/checkpoint", m["b/"+w.pledge.ID.String()+"/checkpoint"]),
		"no leaves":                       m.without(entries),
		"no tile":                         m.without(hashes),
		"a flipped bit in the node's log": m.flip("log/"+tile.Name{Level: tile.Entries, Width: len(readLogs(t, m)["log"])}.Path(), 30),
		"a flipped bit in a roll": m.flip("r/"+w.petition.Roll.String()+"/"+
			tile.Name{Level: tile.Entries, Width: len(readLogs(t, m)["r/"+w.petition.Roll.String()])}.Path(), 30),
	} {
		t.Run(name, func(t *testing.T) { both(t, c, false) })
	}
	for name, c := range map[string]files{"no policy": m.without(verify.PolicyPath), "no checkpoint": m.without("log/checkpoint")} {
		t.Run(name, func(t *testing.T) {
			if r, err := verify.Verify(ctx, c, verify.Options{}); err == nil {
				t.Errorf("the first verifier checked it: %+v", r)
			}
			if r, out := python(t, c.folder(t)); r.Exit != 2 {
				t.Errorf("the second verifier checked it: %s", out)
			}
		})
	}
}

func (m files) flip(path string, at int) files {
	b := bytes.Clone(m[path])
	b[at] ^= 1
	return m.with(path, b)
}

func (m files) cut(path string) files { return m.with(path, m[path][:len(m[path])-1]) }

func (m files) swap(path, old, new string) files {
	return m.with(path, bytes.Replace(m[path], []byte(old), []byte(new), 1))
}

func (m files) with(path string, b []byte) files {
	c := maps.Clone(m)
	if _, ok := c[path]; !ok {
		panic("the record has no " + path)
	}
	c[path] = b
	return c
}

// zip writes a record as one file.
func (m files) zip(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "record.zip")
	out, err := os.Create(file)
	must(t, err)
	z := zip.NewWriter(out)
	for path, b := range m {
		f, err := z.Create(path)
		must(t, err)
		_, err = f.Write(b)
		must(t, err)
	}
	must(t, errors.Join(z.Close(), out.Close()))
	return file
}

// zipped is what the first verifier says of a file.
func zipped(t testing.TB, file string) (*verify.Report, error) {
	t.Helper()
	src, only, closer, err := verify.Open(file)
	must(t, err)
	defer closer.Close()
	return verify.Verify(ctx, src, verify.Options{Box: only})
}

func (m files) without(path string) files {
	c := m.with(path, nil)
	delete(c, path)
	return c
}

// TestBothReadOneBox gives both verifiers what a node offers at a box: a zip with
// that box, of all that the node's log tells of. Its pledges end before it closes.
func TestBothReadOneBox(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	roll := w.roll(t, box.RollInput{Gate: box.GateBrowser})
	i := w.open(t, roll, 0, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Goals: []uint64{1}, Until: dbtest.Now.Add(time.Hour).Unix()})
	p := w.person(t, i, "")
	w.cast(t, i, p.Says(pledge(1, 0)))
	m := w.export(t)
	maps.DeleteFunc(m, func(path string, _ []byte) bool {
		return path[1] == '/' && !strings.HasPrefix(path, "b/"+i.ID.String()) && !strings.HasPrefix(path, "r/"+roll.String())
	})
	file := m.zip(t)
	r, err := zipped(t, file)
	must(t, err)
	got, said := python(t, file)
	if got.Exit != 0 || !r.Right() || len(got.Boxes) != 1 {
		t.Fatalf("the first says %v, the second %s", r.Wrong, said)
	}
	if d := cmp.Diff(counts(r), got.counts()); d != "" {
		t.Errorf("first (-) and second (+) verifier differ:\n%s", d)
	}
	if err := os.WriteFile(file, []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, said := python(t, file); got.Exit != 2 {
		t.Errorf("of no zip the second says %s", said)
	}
}

// TestBothLookForTheBox gives both verifiers the file of a box that the node's log
// does not open: nothing of it could be checked, and neither says that it was.
func TestBothLookForTheBox(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	m := w.export(t)
	none, other := files{}, files{}
	for path, b := range m {
		rest, ok := strings.CutPrefix(path, "b/"+w.pledge.ID.String())
		switch {
		case ok:
			other["b/aaaaaaaaaaaaaaaaaaaaaaaaaa"+rest] = b
		case !strings.HasPrefix(path, "b/"):
			none[path], other[path] = b, b
		}
	}
	beside := maps.Clone(none)
	beside["b/nothing"] = nil
	for name, file := range map[string]string{"another box": other.zip(t), "a file for a box": beside.zip(t), "no box": none.zip(t)} {
		t.Run(name, func(t *testing.T) {
			if r, err := zipped(t, file); err == nil {
				t.Errorf("the first verifier checked it: %+v", r)
			}
			if r, said := python(t, file); r.Exit != 2 {
				t.Errorf("the second verifier says %s", said)
			}
		})
	}
}

// TestBothReadSizes lets an operator sign checkpoints whose size is written otherwise.
func TestBothReadSizes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	l := readLogs(t, w.export(t))
	log := "b/" + w.petition.ID.String()
	n, origin := len(l[log]), recordtest.Node+"/"+log
	right := build(t, l)
	for _, size := range []string{"", "-1", fmt.Sprint("+", n), fmt.Sprint("0", n), fmt.Sprint(n, " "), "9223372036854775808", "18446744073709551616", strings.Repeat("9", 5000)} {
		text := fmt.Sprintf("%s\n%s\n%s\n", origin, size, rootOf(hashesOf(l[log])))
		b, err := note.Sign(&note.Note{Text: text}, signerOf(t, origin, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))))
		must(t, err)
		both(t, right.with(log+"/checkpoint", b), false)
	}
}
