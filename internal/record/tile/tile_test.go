package tile

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// TestPath compares with the paths of the Go checksum database, which have the
// height between: the C2SP form drops it.
func TestPath(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := Name{
			Level: rapid.IntRange(0, maxLevel).Draw(rt, "level"), Index: rapid.Int64Range(0, 1<<40).Draw(rt, "index"),
			Width: rapid.IntRange(1, Width).Draw(rt, "width"),
		}
		want := strings.Replace(tlog.Tile{H: Height, L: n.Level, N: n.Index, W: n.Width}.Path(), "tile/8/", "tile/", 1)
		if n.Path() != want {
			rt.Fatalf("%q, want %q", n.Path(), want)
		}
		if got, err := Parse(want); err != nil || got != n {
			rt.Fatalf("%v %v", got, err)
		}
	})
	if s := (Name{Entries, 1234067, 5}).Path(); s != "tile/entries/x001/x234/067.p/5" {
		t.Error(s)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("tile/entries/x001/x234/067.p/5")
	f.Add("tile/0/000")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err == nil && n.Path() != s {
			t.Errorf("%q is read as %q", s, n.Path())
		}
		if err != nil && !errors.Is(err, ErrPath) {
			t.Error(err)
		}
	})
}

func TestRefusedPaths(t *testing.T) {
	for _, s := range []string{"", "tile", "tile/0", "tile/8/000", "tile/-1/000", "tile/0/0", "tile/0/1000", "tile/0/x000/001", "tile/0/001/002",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/", "tile/00/000", "tile/0/-01", "tile/0/000/", "/tile/0/000", "tile/0/+01"} {
		if _, err := Parse(s); !errors.Is(err, ErrPath) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestBundle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		leaves := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 300), 0, Width).Draw(rt, "leaves")
		var b []byte
		for _, l := range leaves {
			b = AppendEntry(b, l)
		}
		got, err := ReadEntries(b, len(leaves))
		if err != nil {
			rt.Fatal(err)
		}
		for i := range leaves {
			if string(got[i]) != string(leaves[i]) {
				rt.Fatalf("leaf %d differs", i)
			}
		}
		if _, err := ReadEntries(b, len(leaves)+1); err == nil {
			rt.Fatal("one leaf too few is taken")
		}
		if len(b) > 0 {
			if _, err := ReadEntries(b[:len(b)-1], len(leaves)); err == nil && len(leaves[len(leaves)-1]) > 0 {
				rt.Fatal("a bundle that ends early is taken")
			}
		}
	})
}
