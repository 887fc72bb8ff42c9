package basemap

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// field writes a length-delimited protocol buffer field.
func field(number int, body ...byte) []byte {
	b := binary.AppendUvarint(nil, uint64(number)<<3|2)
	b = binary.AppendUvarint(b, uint64(len(body)))
	return append(b, body...)
}

func concat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// exampleTile holds the polygon of the specification's section 4.3.5.6 (an outer ring, then another with a hole) with a name and a population.
func exampleTile() []byte {
	geometry := []byte{9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15, 9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15}
	layer := concat(
		field(2, concat(field(2, 0, 0, 1, 1), []byte{3 << 3, geomPolygon}, field(4, geometry...))...), // before the keys, as is allowed
		field(1, []byte("places")...), field(3, []byte("name")...), field(3, []byte("pop")...),
		field(4, field(1, []byte("Leipzig")...)...), field(4, 5<<3, 7),
		[]byte{5 << 3, 64},
	)
	return field(3, layer...)
}

func TestDecodeTileSpecificationExample(t *testing.T) {
	t.Parallel()
	var got feature
	calls := 0
	err := decodeTile(exampleTile(), drawn, func(f *feature) { got = *f; calls++ })
	if err != nil || calls != 1 {
		t.Fatalf("%d features, %v", calls, err)
	}
	want := feature{
		layer: "places", extent: 64, kind: geomPolygon, props: properties{name: "Leipzig", pop: 7},
		parts: [][]point{{{0, 0}, {10, 0}, {10, 10}, {0, 10}}, {{11, 11}, {20, 11}, {20, 20}, {11, 20}}, {{13, 13}, {13, 17}, {17, 17}, {17, 13}}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(feature{}, point{}, properties{})); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeTileSkipsUnwantedLayers(t *testing.T) {
	t.Parallel()
	err := decodeTile(exampleTile(), func(string) bool { return false }, func(*feature) { t.Error("visited") })
	if err != nil {
		t.Error(err)
	}
}

func TestDecodeTileRefusesDamage(t *testing.T) {
	t.Parallel()
	whole := exampleTile()
	for n := 1; n < len(whole); n++ {
		if err := decodeTile(whole[:n], drawn, func(*feature) {}); !errors.Is(err, ErrFormat) {
			t.Errorf("first %d bytes of %d: %v, want ErrFormat", n, len(whole), err)
		}
	}
	lineFirst := field(3, concat(field(1, []byte("land")...), field(2, field(4, 10, 1, 1)...))...)
	if err := decodeTile(lineFirst, drawn, func(*feature) {}); !errors.Is(err, ErrFormat) {
		t.Errorf("line before any point: %v, want ErrFormat", err)
	}
}

func FuzzDecodeTile(f *testing.F) {
	f.Add(exampleTile())
	f.Fuzz(func(t *testing.T, b []byte) {
		points := 0
		_ = decodeTile(b, drawn, func(f *feature) {
			for _, p := range f.parts {
				points += len(p)
			}
		})
		if points > len(b)/2 { // a point takes two bytes at least
			t.Errorf("%d points from %d bytes", points, len(b))
		}
	})
}
