package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db/dbtest"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/verify"
)

const checkpoint = "log/checkpoint"

// TestSince compares a record with a checkpoint that somebody kept: what begins with
// it is right, what was rolled back or forked since is wrong, and it says where.
func TestSince(t *testing.T) { each(t, since) }

func since(t *testing.T, s *stand) {
	i := s.open(t, box.RollInput{Gate: box.GateBrowser}, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	sign := func() {
		p, auth := s.voter(t, i, "")
		s.cast(t, i, p.Sign(auth))
	}
	sign()
	before := s.files(t)
	sign()
	now := s.files(t)
	size := proven(t, before, verify.Options{}).Size
	longer := proven(t, now, verify.Options{}).Size
	if size < 2 || longer <= size {
		t.Fatalf("%d lines before, %d now", size, longer)
	}
	// other is a checkpoint of that size in another history, signed by the node.
	other := func(size int64) []byte {
		var leaves [][]byte
		for range size {
			leaves = append(leaves, leaf.Anchor{Size: uint64(size)}.Encode())
		}
		var b []byte
		s.must(t, s.signs(t, record.NodeLog, leaves).Export(ctx, nil, func(path string, text []byte) error {
			if path == checkpoint {
				b = text
			}
			return nil
		}))
		return b
	}
	foreign := bytes.Replace(before[checkpoint], []byte(s.Node), []byte("other.example"), 1)
	for name, c := range map[string]struct {
		m     memory
		since []byte
		size  int64 // of the earlier one, where it can be read
		wrong string
	}{
		"goes on":                  {now, before[checkpoint], size, ""},
		"is the same":              {now, now[checkpoint], longer, ""},
		"began with nothing":       {now, other(0), 0, ""},
		"rolled back":              {before, now[checkpoint], longer, fmt.Sprintf("log: it was rolled back: the earlier checkpoint has %d lines, and now there are %d", longer, size)},
		"rolled back and forked":   {before, other(longer), longer, "log: it was rolled back"},
		"forked at the same size":  {now, other(longer), longer, fmt.Sprintf("log: it was forked: the node signed other %d lines in the earlier checkpoint than the first %d of the %d that there are now", longer, longer, longer)},
		"forked and grown":         {now, other(size), size, fmt.Sprintf("other %d lines in the earlier checkpoint than the first %d of the %d", size, size, longer)},
		"of another node":          {now, foreign, -1, "the earlier checkpoint is one of \"other.example/log\", and this log is \"" + s.Node + "/log\""},
		"of a box":                 {now, now[i.Log()+"/checkpoint"], -1, "the earlier checkpoint is one of"},
		"with another size":        {now, bytes.Replace(before[checkpoint], fmt.Appendf(nil, "\n%d\n", size), []byte("\n1\n"), 1), -1, "the earlier checkpoint is not signed by the node"},
		"without a signature":      {now, before[checkpoint][:bytes.Index(before[checkpoint], []byte("\n\n"))], -1, "the earlier checkpoint is not signed by the node"},
		"with nothing in the file": {now, []byte{}, -1, "the earlier checkpoint is one of \"\""},
	} {
		t.Run(name, func(t *testing.T) {
			r := recounted(t, c.m, verify.Options{Since: c.since})
			if r.Right() != (c.wrong == "") || !strings.Contains(fmt.Sprint(r.Wrong), c.wrong) {
				t.Errorf("found %v, want %q", r.Wrong, c.wrong)
			}
			var want *verify.Since
			if c.size >= 0 {
				want = &verify.Since{Size: c.size, Extended: c.wrong == ""}
			}
			if d := cmp.Diff(want, r.Since); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestOldCosignatures: while a box is open, what witnesses signed more than an hour
// ago is said to prove little, and the time is that since which enough of them have.
func TestOldCosignatures(t *testing.T) { each(t, oldCosignatures) }

func oldCosignatures(t *testing.T, s *stand) {
	i := s.open(t, box.RollInput{Gate: box.GateBrowser}, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	open := s.files(t)
	s.must(t, s.Close(ctx, i.ID))
	closed := s.files(t)
	at := dbtest.Now
	for name, c := range map[string]struct {
		m     memory
		now   time.Time
		signs map[string]time.Duration // before at
		since time.Duration            // before at; -1 when not enough have signed
		says  bool
	}{
		"just now":             {open, at, map[string]time.Duration{"a": 0, "b": time.Minute}, time.Minute, false},
		"an hour ago":          {open, at, map[string]time.Duration{"a": time.Hour, "b": 0}, time.Hour, false},
		"longer ago":           {open, at, map[string]time.Duration{"a": 0, "b": 61 * time.Minute}, 61 * time.Minute, true},
		"a third one is older": {open, at, map[string]time.Duration{"a": 0, "b": time.Minute, "c": 48 * time.Hour}, time.Minute, false},
		"one of them only":     {open, at, map[string]time.Duration{"a": 0}, -1, false},
		"nothing is open":      {closed, at, map[string]time.Duration{"a": 48 * time.Hour, "b": 48 * time.Hour}, 48 * time.Hour, false},
		"nobody asks":          {open, time.Time{}, map[string]time.Duration{"a": 48 * time.Hour, "b": 48 * time.Hour}, 48 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := c.m.copy()
			policy := string(m[verify.PolicyPath])
			for _, n := range []string{"a", "b", "c"} {
				policy += cosigner(n).line()
				if ago, ok := c.signs[n]; ok {
					m[checkpoint] = cosigner(n).cosign(m[checkpoint], at.Add(-ago))
				}
			}
			m[verify.PolicyPath] = []byte(policy + "group g 2 a b c\nquorum g\n")
			r := proven(t, m, verify.Options{Now: c.now})
			want := at.Add(-c.since).Unix()
			if c.since < 0 {
				want = 0
			}
			if r.CosignedAt != want {
				t.Errorf("signed at %d, want %d", r.CosignedAt, want)
			}
			if says := strings.Contains(fmt.Sprint(r.Unproven), "the witnesses signed this 61 minutes ago"); says != c.says {
				t.Errorf("not proven: %q", r.Unproven)
			}
		})
	}
}

// cosigner is a witness of that name (C2SP tlog-cosignature).
type cosigner string

func (w cosigner) key() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(w))
	return ed25519.NewKeyFromSeed(seed[:])
}

func (w cosigner) keyed() []byte { return append([]byte{4}, w.key()[32:]...) }

func (w cosigner) id() []byte {
	h := sha256.Sum256(append([]byte(w+"\n"), w.keyed()...))
	return h[:4]
}

func (w cosigner) line() string {
	return fmt.Sprintf("witness %s %s+%x+%s https://%s.example/\n", w, w, w.id(), base64.StdEncoding.EncodeToString(w.keyed()), w)
}

func (w cosigner) cosign(checkpoint []byte, at time.Time) []byte {
	body, _, _ := bytes.Cut(checkpoint, []byte("\n\n"))
	b := binary.BigEndian.AppendUint64(w.id(), uint64(at.Unix()))
	b = append(b, ed25519.Sign(w.key(), fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", at.Unix(), body))...)
	return fmt.Appendf(bytes.Clone(checkpoint), "— %s %s\n", w, base64.StdEncoding.EncodeToString(b))
}
