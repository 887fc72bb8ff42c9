package basemap

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func bundled(t testing.TB) *Archive {
	t.Helper()
	a, err := Bundled()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTileIDKnownValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		z, x, y int
		want    uint64
	}{{0, 0, 0, 0}, {1, 0, 0, 1}, {1, 0, 1, 2}, {1, 1, 1, 3}, {1, 1, 0, 4}, {2, 0, 0, 5}, {12, 3423, 1763, 19078479}} { // the specification's examples
		if got := tileID(c.z, c.x, c.y); got != c.want {
			t.Errorf("tileID(%d, %d, %d) = %d, want %d", c.z, c.x, c.y, got, c.want)
		}
	}
}

func TestTileIDNumbersEveryTileOnce(t *testing.T) {
	t.Parallel()
	seen := map[uint64]bool{}
	for z := range 6 {
		for x := range 1 << z {
			for y := range 1 << z {
				seen[tileID(z, x, y)] = true
			}
		}
	}
	if len(seen) != (1<<12-1)/3 || !seen[(1<<12-1)/3-1] {
		t.Errorf("%d ids for %d tiles", len(seen), (1<<12-1)/3)
	}
}

func TestBundledHoldsWhatItPromises(t *testing.T) {
	t.Parallel()
	a := bundled(t)
	if a.MinZoom() != 0 || a.MaxZoom() != 7 {
		t.Errorf("zoom %d to %d, want 0 to 7", a.MinZoom(), a.MaxZoom())
	}
	if want := "Natural Earth, US Census Bureau, GeoNames"; a.Credit() != want {
		t.Errorf("credit %q, want %q", a.Credit(), want)
	}
	tiles := 0
	layers := map[string]int{}
	for z := range 8 {
		for x := range 1 << z {
			for y := range 1 << z {
				data, encoding, ok, err := a.Tile(z, x, y)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					continue
				}
				tiles++
				if encoding != "gzip" {
					t.Fatalf("tile %d/%d/%d: encoding %q", z, x, y, encoding)
				}
				raw, err := decompress(data, compressionGzip, maxTileRaw)
				if err != nil {
					t.Fatal(err)
				}
				if err := decodeTile(raw, drawn, func(f *feature) { layers[f.layer]++ }); err != nil {
					t.Fatalf("tile %d/%d/%d: %v", z, x, y, err)
				}
			}
		}
	}
	if tiles != 11214 {
		t.Errorf("%d tiles, want 11214", tiles)
	}
	for _, l := range []string{"land", "lakes", "borders", "labels", "places"} {
		if layers[l] == 0 {
			t.Errorf("layer %s is empty", l)
		}
	}
}

func TestTileOutsideTheArchive(t *testing.T) {
	t.Parallel()
	a := bundled(t)
	for _, q := range [][3]int{{8, 0, 0}, {-1, 0, 0}, {1, 2, 0}, {1, 0, 2}, {1, -1, 0}, {1, 0, -1}} {
		if _, _, ok, err := a.Tile(q[0], q[1], q[2]); ok || err != nil {
			t.Errorf("Tile(%v) = %v, %v, want nothing", q, ok, err)
		}
	}
}

// buildArchive writes an archive whose tiles are given by id; entries beyond the first few lie in leaf directories. Runs of equal neighbours are joined.
func buildArchive(t testing.TB, tiles map[uint64][]byte, maxZoom byte, compression byte, perLeaf int) []byte {
	t.Helper()
	var ids []uint64
	for id := range tiles {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var entries []entry
	var data []byte
	for _, id := range ids {
		if n := len(entries); n > 0 && entries[n-1].id+uint64(entries[n-1].run) == id && bytes.Equal(tiles[id], data[entries[n-1].offset:]) {
			entries[n-1].run++
			continue
		}
		entries = append(entries, entry{id: id, offset: uint64(len(data)), length: uint32(len(tiles[id])), run: 1})
		data = append(data, tiles[id]...)
	}
	var root []entry
	var leaves []byte
	for chunk := range slices.Chunk(entries, perLeaf) {
		b := pack(t, writeDirectory(chunk), compression)
		root = append(root, entry{id: chunk[0].id, offset: uint64(len(leaves)), length: uint32(len(b))})
		leaves = append(leaves, b...)
	}
	if len(entries) <= perLeaf {
		root, leaves = entries, nil
	}
	rootBytes := pack(t, writeDirectory(root), compression)
	meta := pack(t, []byte(`{"attribution":"<a href=\"https://example.org\">Example</a>  map"}`), compression)
	h := make([]byte, headerSize)
	copy(h, "PMTiles\x03")
	at := uint64(headerSize)
	for i, n := range []int{len(rootBytes), len(meta), len(leaves), len(data)} {
		binary.LittleEndian.PutUint64(h[8+16*i:], at)
		binary.LittleEndian.PutUint64(h[16+16*i:], uint64(n))
		at += uint64(n)
	}
	h[97], h[98], h[99], h[100], h[101] = compression, compressionNone, tileTypeMVT, 0, maxZoom
	for i, deg := range []int32{-180, -85, 180, 85} {
		binary.LittleEndian.PutUint32(h[102+4*i:], uint32(deg*1e7))
	}
	return slices.Concat(h, rootBytes, meta, leaves, data)
}

func writeDirectory(dir []entry) []byte {
	b := binary.AppendUvarint(nil, uint64(len(dir)))
	var last uint64
	for _, e := range dir {
		b = binary.AppendUvarint(b, e.id-last)
		last = e.id
	}
	for _, e := range dir {
		b = binary.AppendUvarint(b, uint64(e.run))
	}
	for _, e := range dir {
		b = binary.AppendUvarint(b, uint64(e.length))
	}
	for i, e := range dir {
		if i > 0 && e.offset == dir[i-1].offset+uint64(dir[i-1].length) {
			b = append(b, 0)
		} else {
			b = binary.AppendUvarint(b, e.offset+1)
		}
	}
	return b
}

func pack(t testing.TB, b []byte, compression byte) []byte {
	t.Helper()
	if compression == compressionNone {
		return b
	}
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	if _, err := zw.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestArchiveRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		const zoom = 4
		tiles := rapid.MapOf(rapid.Uint64Range(0, (1<<(2*zoom+2)-1)/3-1), rapid.SampledFrom([][]byte{{1}, {2, 2}, {3, 3, 3}})).Draw(rt, "tiles")
		compression := rapid.SampledFrom([]byte{compressionNone, compressionGzip}).Draw(rt, "compression")
		file := buildArchive(t, tiles, zoom, compression, rapid.IntRange(1, 40).Draw(rt, "per leaf"))
		a, err := Open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			rt.Fatal(err)
		}
		if a.Credit() != "Example map" {
			rt.Fatalf("credit %q", a.Credit())
		}
		for z := range zoom + 1 {
			for x := range 1 << z {
				for y := range 1 << z {
					want, there := tiles[tileID(z, x, y)]
					got, encoding, ok, err := a.Tile(z, x, y)
					if err != nil || ok != there || !bytes.Equal(got, want) || encoding != "" {
						rt.Fatalf("Tile(%d, %d, %d) = %v, %q, %v, %v; want %v, %v", z, x, y, got, encoding, ok, err, want, there)
					}
				}
			}
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	good := buildArchive(t, map[uint64][]byte{0: {1}}, 0, compressionGzip, 10)
	with := func(change func(b []byte)) []byte {
		b := slices.Clone(good)
		change(b)
		return b
	}
	for name, file := range map[string][]byte{
		"empty":                 {},
		"short":                 good[:100],
		"other format":          with(func(b []byte) { b[0] = 'X' }),
		"version 2":             with(func(b []byte) { b[7] = 2 }),
		"picture tiles":         with(func(b []byte) { b[99] = 2 }),
		"brotli tiles":          with(func(b []byte) { b[98] = 3 }),
		"zstd directories":      with(func(b []byte) { b[97] = 4 }),
		"zooms swapped":         with(func(b []byte) { b[100] = 9 }),
		"zoom 200":              with(func(b []byte) { b[101] = 200 }),
		"root beyond the end":   with(func(b []byte) { binary.LittleEndian.PutUint64(b[8:], 1<<40) }),
		"root of a terabyte":    with(func(b []byte) { binary.LittleEndian.PutUint64(b[16:], 1<<40) }),
		"root offset wraps":     with(func(b []byte) { binary.LittleEndian.PutUint64(b[8:], 1<<64-1) }),
		"root not gzip":         with(func(b []byte) { b[headerSize] = 0 }),
		"metadata not gzip":     with(func(b []byte) { binary.LittleEndian.PutUint64(b[24:], 1) }),
		"sections out of range": with(func(b []byte) { binary.LittleEndian.PutUint64(b[56:], 1<<63) }),
	} {
		if _, err := Open(bytes.NewReader(file), int64(len(file))); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, want ErrFormat", name, err)
		}
	}
}

func TestDirectoryThatLies(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"billions of entries": binary.AppendUvarint(nil, 1<<40),
		"cut short":           {2, 0, 1, 1, 1, 1, 1},
		"same id twice":       {2, 0, 0, 1, 1, 1, 1, 1, 1},
		"no length":           {1, 0, 1, 0, 1},
		"no first offset":     {1, 0, 1, 1, 0},
		"varint without end":  {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		if dir, err := parseDirectory(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, %v, want ErrFormat", name, dir, err)
		}
	}
}

func TestLeafThatPointsToItself(t *testing.T) {
	t.Parallel()
	loop := []entry{{id: 0, offset: 0, length: 5}}
	leaf := writeDirectory(loop)
	if len(leaf) != 5 {
		t.Fatalf("leaf of %d bytes", len(leaf))
	}
	file := buildArchive(t, map[uint64][]byte{0: {1}, 1: leaf}, 1, compressionNone, 1)
	a, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	a.root = loop
	a.head.leafOffset, a.head.leafLength = a.head.dataOffset+1, 5
	if _, _, _, err := a.Tile(0, 0, 0); !errors.Is(err, ErrFormat) {
		t.Errorf("%v, want ErrFormat", err)
	}
}

func TestDecompressStopsBombs(t *testing.T) {
	t.Parallel()
	bomb := pack(t, make([]byte, 1<<20), compressionGzip)
	if _, err := decompress(bomb, compressionGzip, 1<<16); !errors.Is(err, ErrFormat) {
		t.Errorf("%v, want ErrFormat", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(buildArchive(f, map[uint64][]byte{0: {1}, 1: {2}, 2: {2}, 3: {3}}, 2, compressionGzip, 10))
	f.Add(buildArchive(f, map[uint64][]byte{0: {1}, 1: {2}, 2: {2}, 4: {3}}, 2, compressionNone, 1))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := Open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		for _, q := range [][3]int{{0, 0, 0}, {1, 1, 0}, {2, 3, 1}, {a.MaxZoom(), 0, 0}} {
			data, _, ok, err := a.Tile(q[0], q[1], q[2])
			if ok != (data != nil) || (err != nil && ok) || len(data) > len(file) {
				t.Fatalf("Tile(%v) = %d bytes, %v, %v", q, len(data), ok, err)
			}
		}
	})
}
