package witness

import (
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// A request is refused, or it is what it is read as, letter for letter: there is one
// way to write each. No proof makes the comparison of trees fail.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(theirs))
	f.Add([]byte("old 0\n\nexample.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"))
	f.Add([]byte("old 1\n\n\n\n"))
	f.Add([]byte("old 9223372036854775807\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\nx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRequest(b)
		if err != nil {
			return
		}
		if got := string(r.encode()); got != string(b) || r.old < 0 || len(r.proof) > maxProof {
			t.Fatalf("%q is written again as %q", b, got)
		}
		text, _, _ := strings.Cut(string(r.note), "\n\n")
		if c, err := parseCheckpoint(text + "\n"); err == nil && c.extends(r.old, tlog.Hash{}, r.proof) && r.old > 0 {
			t.Fatalf("%q extends a tree that nobody has", b)
		}
	})
}

// A checkpoint is refused, or its first three lines are what it is read as.
func FuzzCheckpoint(f *testing.F) {
	for _, s := range []string{
		"example.com/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n01\n\n", "a\n-1\nCsUY\n", "a\r\n1\r\n\r\n",
		"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nmore\n\n", "\n0\n\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCheckpoint(s)
		if err != nil {
			return
		}
		again := string(tlog.FormatTree(tlog.Tree{N: c.size, Hash: c.root}))
		_, rest, _ := strings.Cut(again, "\n") // FormatTree has an origin of its own
		if c.origin == "" || c.size < 0 || !strings.HasPrefix(s, c.origin+"\n"+rest) {
			t.Fatalf("%q is read as %+v", s, c)
		}
	})
}

// A policy is refused, or it asks known witnesses, and what is published of it means
// the same.
func FuzzPolicy(f *testing.F) {
	a, b := "witness A "+w1+" https://sigsum.org/w/\n", "witness B "+w2+" https://example.com/w\n"
	for _, s := range []string{
		"# ours\nlog " + w1 + "\n" + a + b + "group g all A B\nquorum g\n", a + "quorum A\n", a + "quorum none\n", a + "group g 2 A\nquorum g\n",
		a + b + "group g any A B\ngroup h all g A\nquorum h\n", "witness A\n", "group g 0\nquorum g\n", a + "group g -1 A\nquorum g\n", "quorum\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePolicy(s)
		if err != nil {
			return
		}
		if n := len(p.witnesses()); n < 1 || n > maxWitnesses || p.Satisfied(nil) {
			t.Fatalf("%q asks %d witnesses", s, n)
		}
		again, err := ParsePolicy(p.Text)
		if err != nil || again.Text != p.Text || len(again.witnesses()) != len(p.witnesses()) {
			t.Fatalf("%q is published as %q: %v", s, p.Text, err)
		}
	})
}

// A list of logs is refused, or each is known under the name in its key.
func FuzzLogs(f *testing.F) {
	for _, s := range []string{"# ours\n\n" + w1 + "  Sigsum\nlog " + w2 + "\n", w1 + "\n" + w1, "log\n", "log x+y+z\n", "+00000000+\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		logs, err := ParseLogs(s)
		if err != nil {
			return
		}
		for origin, keys := range logs {
			if origin == "" || len(keys) == 0 || !strings.Contains(s, origin+"+") {
				t.Fatalf("%q has %q with %d keys", s, origin, len(keys))
			}
		}
	})
}
