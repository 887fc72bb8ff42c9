package verify_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/record/verify"
)

const nodeCheckpoint = "log/checkpoint"

// sinceBoth asks both verifiers whether a record goes on from a checkpoint that was
// kept; they say the same of it, and say what is wrong in the same words.
func sinceBoth(t *testing.T, m files, since []byte) (*verify.Report, second) {
	t.Helper()
	r, err := verify.Verify(ctx, m, verify.Options{Workers: 1, Since: since})
	must(t, err)
	file := filepath.Join(t.TempDir(), "kept")
	must(t, os.WriteFile(file, since, 0o600))
	got, out := python(t, m.folder(t), "--since", file)
	if r.Right() != (got.Exit == 0) {
		t.Errorf("the first verifier finds %v wrong, the second says %s", r.Wrong, out)
	}
	if d := cmp.Diff(r.Since, got.Since); d != "" {
		t.Errorf("first (-) and second (+) verifier differ:\n%s", d)
	}
	return r, got
}

// TestBothCompareSince gives both verifiers checkpoints that the record goes on from,
// was rolled back from, or forked from, and others that say nothing of it.
func TestBothCompareSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	l := readLogs(t, w.export(t))
	all := l["log"]
	right := build(t, l)
	signed := func(leaves [][]byte) []byte { return build(t, logs{"log": leaves})[nodeCheckpoint] }
	n := len(all)
	other := func(size int) [][]byte {
		c := slices.Clone(all[:size])
		c[0], c[1] = c[1], c[0]
		return c
	}
	for name, c := range map[string]struct {
		since []byte
		wrong string
	}{
		"the same":              {right[nodeCheckpoint], ""},
		"shorter":               {signed(all[:n-2]), ""},
		"nothing":               {signed(nil), ""},
		"rolled back":           {signed(append(slices.Clone(all), all[1])), "it was rolled back"},
		"forked, the same size": {signed(other(n)), "it was forked"},
		"forked, grown since":   {signed(other(n - 2)), "it was forked"},
		"of another node":       {right.swap(nodeCheckpoint, "node.example", "else.example")[nodeCheckpoint], "the earlier checkpoint is one of"},
		"of a box":              {right["b/"+w.petition.ID.String()+"/checkpoint"], "the earlier checkpoint is one of"},
		"another size":          {bytes.Replace(signed(all[:2]), []byte("\n2\n"), []byte("\n3\n"), 1), "the earlier checkpoint"},
		"a cut one":             {right[nodeCheckpoint][:60], "the earlier checkpoint"},
		"no text":               {[]byte{0xff, 0xfe}, "the earlier checkpoint"},
		"an empty file":         {[]byte{}, "the earlier checkpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			r, got := sinceBoth(t, right, c.since)
			if r.Right() != (c.wrong == "") {
				t.Fatalf("found %v", r.Wrong)
			}
			if c.wrong == "" {
				return
			}
			if len(r.Wrong) != 1 || len(got.Wrong) != 1 || !strings.HasPrefix(r.Wrong[0].What, c.wrong) || !strings.HasPrefix(got.Wrong[0].What, c.wrong) {
				t.Errorf("found %v and %v, want %q", r.Wrong, got.Wrong, c.wrong)
			}
		})
	}
	// One bit of a checkpoint that was kept, anywhere before the end of its signature,
	// where base64 has bits that mean nothing.
	for range *differ {
		b := bytes.Clone(right[nodeCheckpoint])
		at := rand.IntN(len(b) - 4)
		b[at] ^= 1 << rand.IntN(8)
		if r, _ := sinceBoth(t, right, b); r.Right() {
			t.Errorf("with byte %d changed it is right: %q", at, b)
		}
	}
	if got, out := python(t, right.folder(t), "--since", os.DevNull+"/nowhere"); got.Exit != 2 {
		t.Errorf("of a file that is not there: %s", out)
	}
}

// TestBothKnowTheAge: both say since when enough witnesses have signed, and that it
// is long ago while boxes are open.
func TestBothKnowTheAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	right := build(t, readLogs(t, w.export(t)))
	a, b, c := newCosigner("a.example"), newCosigner("b.example"), newCosigner("c.example")
	now := time.Now().Unix()
	for name, x := range map[string]struct {
		ago   []int64 // of a, b and c; -1 did not sign
		at    int64
		stale bool
	}{
		"enough now":  {[]int64{0, 60, 7200}, now - 60, false},
		"enough then": {[]int64{0, -1, 7200}, now - 7200, true},
		"too few":     {[]int64{0, -1, -1}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := right.with(verify.PolicyPath, []byte(string(right[verify.PolicyPath])+a.line()+b.line()+c.line()+"group g 2 a.example b.example c.example\nquorum g\n"))
			for i, s := range []cosigner{a, b, c} {
				if x.ago[i] >= 0 {
					m[nodeCheckpoint] = s.cosignAt(m[nodeCheckpoint], now-x.ago[i])
				}
			}
			r, err := verify.Verify(ctx, m, verify.Options{Workers: 1, Now: time.Now()})
			must(t, err)
			got, out := python(t, m.folder(t))
			if r.CosignedAt != x.at || got.CosignedAt != x.at {
				t.Errorf("signed at %d and %d, want %d", r.CosignedAt, got.CosignedAt, x.at)
			}
			says := strings.Contains(strings.Join(r.Unproven, "\n"), "the witnesses signed this")
			if got.Exit != 0 || says != x.stale || got.Stale != x.stale {
				t.Errorf("long ago: the first says %v, the second %s", r.Unproven, out)
			}
		})
	}
}
