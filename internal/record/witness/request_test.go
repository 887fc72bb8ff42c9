package witness

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// theirs is the example of a request in https://c2sp.org/tlog-witness.
const theirs = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`

// TestRequest reads the example of the protocol and writes it again.
func TestRequest(t *testing.T) {
	r, err := parseRequest([]byte(theirs))
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(r.note), "\n\n")
	c, err := parseCheckpoint(text + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if r.old != 20852014 || len(r.proof) != 4 || c.origin != "example.com/behind-the-sofa" || c.size != 20852163 {
		t.Errorf("read as %d, %d hashes, %+v", r.old, len(r.proof), c)
	}
	if got := string(r.encode()); got != theirs {
		t.Errorf("written again it is\n%s", got)
	}
}

func TestMalformedRequests(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"nothing":         func(string) string { return "" },
		"no old size":     func(s string) string { return strings.TrimPrefix(s, "old 20852014\n") },
		"zeros before it": func(s string) string { return strings.Replace(s, "old 2", "old 02", 1) },
		"a negative size": func(s string) string { return strings.Replace(s, "old 2", "old -2", 1) },
		"a sign":          func(s string) string { return strings.Replace(s, "old 2", "old +2", 1) },
		"a huge size":     func(s string) string { return strings.Replace(s, "old 2", "old 99999999999999999992", 1) },
		"a short hash":    func(s string) string { return strings.Replace(s, "kaw=\n", "\n", 1) },
		"loose base64":    func(s string) string { return strings.Replace(s, "kaw=\n", "kax=\n", 1) },
		"no checkpoint":   func(s string) string { return s[:strings.Index(s, "\n\n")] },
		"an empty one":    func(s string) string { return s[:strings.Index(s, "\n\n")+2] },
		"a line too many": func(s string) string {
			return "old 1\n" + strings.Repeat(strings.Split(s, "\n")[1]+"\n", 64) + "\n" + theirs
		},
		"an end of line":    func(s string) string { return strings.Replace(s, "kaw=\n", "ka\rw=\n", 1) },
		"Windows line ends": func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	} {
		if _, err := parseRequest([]byte(change(theirs))); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for _, s := range []string{"", "a\n", "a\n1\n", "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n1\nCsUY\n", "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2\rMPA3j2jxq2I=\n"} {
		if _, err := parseCheckpoint(s); err == nil {
			t.Errorf("the checkpoint %q is taken", s)
		}
	}
}

// TestCosignature compares with another program that verifies cosignatures.
func TestCosignature(t *testing.T) {
	c := &cosigner{"w.example/witness", ed25519.NewKeyFromSeed(make([]byte, 32))}
	v, err := fnote.NewVerifierForCosignatureV1(c.vkey())
	if err != nil {
		t.Fatal(err)
	}
	const text = "example.com/log\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	at := time.Unix(1_700_000_000, 0)
	n, err := note.Open([]byte(text+"\n"+c.line(text, at)), note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fnote.CoSigV1Timestamp(n.Sigs[0]); err != nil || !got.Equal(at) {
		t.Errorf("its time is %v: %v", got, err)
	}
	other := strings.Replace(text, "\n3\n", "\n4\n", 1)
	if _, err := note.Open([]byte(other+"\n"+c.line(text, at)), note.VerifierList(v)); err == nil {
		t.Error("it fits another checkpoint")
	}
}

// Keys of witnesses from the tests of another program.
const (
	w1 = "sigsum.org+e4ade967+AZuUY6B08pW3QVHu8uvsrxWPcAv9nykap2Nb4oxCee+r"
	w2 = "example.com+3753d3de+AebBhMcghIUoavZpjuDofa4sW6fYHyVn7gvwDBfvkvuM"
)

func TestPolicy(t *testing.T) {
	p, err := ParsePolicy("# ours\nlog " + w1 + "\nwitness\tA " + w1 + " https://sigsum.org/w/\n  witness B " + w2 + " https://example.com/w\n\ngroup all-of-us all A B\nquorum all-of-us\n")
	if err != nil {
		t.Fatal(err)
	}
	if want := "witness A " + w1 + " https://sigsum.org/w/\nwitness B " + w2 + " https://example.com/w\ngroup all-of-us all A B\nquorum all-of-us\n"; p.Text != want {
		t.Errorf("it is published as\n%s", p.Text)
	}
	if got := p.witnesses(); len(got) != 2 || got[0].url != "https://example.com/w/add-checkpoint" {
		t.Errorf("it asks %v", got)
	}
	a, b := "witness A "+w1+" https://sigsum.org/w\n", "witness B "+w2+" https://example.com/w\n"
	for name, text := range map[string]string{
		"no witness":         "quorum none\n",
		"no quorum":          a,
		"a quorum of nobody": a + "quorum none\n",
		"a group of nobody":  a + "group g 0 A\nquorum g\n",
		"no address":         "witness A " + w1 + "\nquorum A\n",
		"no web address":     "witness A " + w1 + " ftp://sigsum.org/w\nquorum A\n",
		"plain HTTP":         "witness A " + w1 + " http://sigsum.org/w\nquorum A\n",
		"a port":             "witness A " + w1 + " https://sigsum.org:8443/w\nquorum A\n",
		"a wrong key":        "witness A sigsum.org https://sigsum.org/w\nquorum A\n",
		"a name twice":       a + strings.Replace(b, " B ", " A ", 1) + "quorum A\n",
		"a key twice":        a + strings.Replace(a, " A ", " B ", 1) + "quorum A\n",
		"too few":            a + "group g 2 A\nquorum g\n",
		"unknown words":      a + "quorum A\nwhatever\n",
	} {
		if _, err := ParsePolicy(text); err == nil {
			t.Errorf("a policy with %s is taken", name)
		}
	}
}

func TestLogs(t *testing.T) {
	l, err := ParseLogs("# ours\n\n" + w1 + "  Sigsum\nlog " + w2 + "\n")
	if err != nil || len(l) != 2 || len(l["sigsum.org"]) != 1 {
		t.Errorf("read as %v: %v", l, err)
	}
	for _, s := range []string{"log\n", "whatever\n", "log x+y+z\n"} {
		if _, err := ParseLogs(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}
