package basemap

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"convoke/internal/geo"
)

// Limits on what one archive may make us read into memory. They are far above what real archives hold: the specification keeps the root directory
// under 16 KiB, and tiles above half a megabyte are considered broken by every renderer.
const (
	headerSize   = 127
	maxDirectory = 4 << 20  // stored or decompressed directory, bytes
	maxMetadata  = 1 << 20  // decompressed metadata, bytes
	maxTile      = 8 << 20  // stored tile, bytes
	maxTileRaw   = 16 << 20 // decompressed tile, bytes
	maxZoomLevel = 24
	maxDepth     = 4  // directories between the header and a tile
	leafCache    = 32 // decoded leaf directories kept
)

// Compression numbers of PMTiles v3, section 3.1 (header, internal and tile compression).
const (
	compressionNone = 1
	compressionGzip = 2
	tileTypeMVT     = 1
)

// ErrFormat is wrapped by every error that says an archive or a tile is not what its format promises.
var ErrFormat = errors.New("not a usable map file")

// Archive is an open PMTiles archive. It is safe for use by several goroutines at once.
type Archive struct {
	r       io.ReaderAt
	size    int64
	head    header
	root    []entry
	credit  string
	fontSet func() (fonts, error)

	mu     sync.Mutex
	leaves map[uint64][]entry // guarded by mu; by offset in the leaf section
}

// header is the part of the PMTiles header that reading needs.
type header struct {
	rootOffset, rootLength uint64
	metaOffset, metaLength uint64
	leafOffset, leafLength uint64
	dataOffset, dataLength uint64
	internal, tiles        byte
	minZoom, maxZoom       int
	bounds                 geo.Box
}

// Open reads the header and root directory of a PMTiles v3 archive of size bytes. The archive reads from r as long as it is used; closing r is the
// caller's business. The error wraps ErrFormat if the file is not PMTiles v3 with vector tiles, uncompressed or gzip.
func Open(r io.ReaderAt, size int64) (*Archive, error) {
	a := &Archive{r: r, size: size, leaves: map[uint64][]entry{}, fontSet: sync.OnceValues(loadFonts)}
	raw, err := a.read(0, headerSize, headerSize)
	if err != nil {
		return nil, fmt.Errorf("read map header: %w", err)
	}
	if a.head, err = parseHeader(raw); err != nil {
		return nil, fmt.Errorf("read map header: %w", err)
	}
	if a.root, err = a.directory(a.head.rootOffset, a.head.rootLength); err != nil {
		return nil, fmt.Errorf("read map root directory: %w", err)
	}
	if a.credit, err = a.readCredit(); err != nil {
		return nil, fmt.Errorf("read map metadata: %w", err)
	}
	return a, nil
}

// MinZoom is the smallest zoom level that the archive holds.
func (a *Archive) MinZoom() int { return a.head.minZoom }

// MaxZoom is the largest zoom level that the archive holds. Drawing enlarges these tiles when a picture shows more detail.
func (a *Archive) MaxZoom() int { return a.head.maxZoom }

// Credit is the line that must stand near the map, as the archive's metadata gives it, without markup. It may be empty.
func (a *Archive) Credit() string { return a.credit }

// Tile returns a tile as it is stored and its HTTP content coding: "gzip", or "" for plain bytes. ok is false if the archive has no such tile, also
// when z, x or y are out of range. The caller may keep data.
func (a *Archive) Tile(z, x, y int) (data []byte, encoding string, ok bool, err error) {
	if z < a.head.minZoom || z > a.head.maxZoom || x < 0 || y < 0 || x >= 1<<z || y >= 1<<z {
		return nil, "", false, nil
	}
	id := tileID(z, x, y)
	dir := a.root
	for range maxDepth {
		e, found := lookup(dir, id)
		switch {
		case !found:
			return nil, "", false, nil
		case e.run > 0:
			data, err := a.section(a.head.dataOffset, a.head.dataLength, e, maxTile)
			if err != nil {
				return nil, "", false, fmt.Errorf("read tile %d/%d/%d: %w", z, x, y, err)
			}
			return data, a.encoding(), true, nil
		}
		if dir, err = a.leaf(e); err != nil {
			return nil, "", false, fmt.Errorf("find tile %d/%d/%d: %w", z, x, y, err)
		}
	}
	return nil, "", false, fmt.Errorf("find tile %d/%d/%d: directories nested too deep: %w", z, x, y, ErrFormat)
}

func (a *Archive) encoding() string {
	if a.head.tiles == compressionGzip {
		return "gzip"
	}
	return ""
}

// leaf returns a decoded leaf directory, from the cache if it is there. Two goroutines may decode the same leaf at once; that is cheaper than making
// all wait for one read.
func (a *Archive) leaf(e entry) ([]entry, error) {
	a.mu.Lock()
	dir, ok := a.leaves[e.offset]
	a.mu.Unlock()
	if ok {
		return dir, nil
	}
	if e.offset > a.head.leafLength || uint64(e.length) > a.head.leafLength-e.offset {
		return nil, fmt.Errorf("leaf directory outside its section: %w", ErrFormat)
	}
	dir, err := a.directory(a.head.leafOffset+e.offset, uint64(e.length))
	if err != nil {
		return nil, fmt.Errorf("read leaf directory: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.leaves) >= leafCache {
		clear(a.leaves)
	}
	a.leaves[e.offset] = dir
	return dir, nil
}

func (a *Archive) directory(offset, length uint64) ([]entry, error) {
	stored, err := a.read(offset, length, maxDirectory)
	if err != nil {
		return nil, err
	}
	raw, err := decompress(stored, a.head.internal, maxDirectory)
	if err != nil {
		return nil, err
	}
	return parseDirectory(raw)
}

// section reads what entry e points to inside a section of the archive.
func (a *Archive) section(start, length uint64, e entry, limit uint64) ([]byte, error) {
	if e.offset > length || uint64(e.length) > length-e.offset {
		return nil, fmt.Errorf("entry outside its section: %w", ErrFormat)
	}
	return a.read(start+e.offset, uint64(e.length), limit)
}

// read returns length bytes at offset, after checking them against the file's size and limit: a length in a hostile file must not decide how much is
// allocated.
func (a *Archive) read(offset, length, limit uint64) ([]byte, error) {
	size := uint64(max(a.size, 0))
	if length > limit || offset > size || length > size-offset {
		return nil, fmt.Errorf("%d bytes at %d of a file of %d: %w", length, offset, size, ErrFormat)
	}
	buf := make([]byte, length)
	if _, err := a.r.ReadAt(buf, int64(offset)); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %d bytes at %d: %w", length, offset, err)
	}
	return buf, nil
}

var markup = regexp.MustCompile(`<[^>]*>`)

func (a *Archive) readCredit() (string, error) {
	if a.head.metaLength == 0 {
		return "", nil
	}
	stored, err := a.read(a.head.metaOffset, a.head.metaLength, maxMetadata)
	if err != nil {
		return "", err
	}
	raw, err := decompress(stored, a.head.internal, maxMetadata)
	if err != nil {
		return "", err
	}
	var meta struct {
		Attribution string `json:"attribution"`
	}
	if err := json.Unmarshal(raw, &meta); err != nil {
		return "", fmt.Errorf("%w: %w", ErrFormat, err)
	}
	text := strings.Join(strings.Fields(markup.ReplaceAllString(meta.Attribution, "")), " ")
	return strings.ToValidUTF8(text[:min(len(text), 200)], ""), nil
}

// parseHeader reads the fixed header, PMTiles v3 section 3.
func parseHeader(b []byte) (header, error) {
	if len(b) < headerSize || string(b[:7]) != "PMTiles" {
		return header{}, fmt.Errorf("no PMTiles signature: %w", ErrFormat)
	}
	if b[7] != 3 {
		return header{}, fmt.Errorf("PMTiles version %d, want 3: %w", b[7], ErrFormat)
	}
	u := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	deg := func(at int) float64 { return float64(int32(binary.LittleEndian.Uint32(b[at:]))) / 1e7 }
	h := header{
		rootOffset: u(8), rootLength: u(16), metaOffset: u(24), metaLength: u(32),
		leafOffset: u(40), leafLength: u(48), dataOffset: u(56), dataLength: u(64),
		internal: b[97], tiles: b[98], minZoom: int(b[100]), maxZoom: int(b[101]),
		bounds: geo.Box{West: deg(102), South: deg(106), East: deg(110), North: deg(114)},
	}
	switch {
	case b[99] != tileTypeMVT:
		return header{}, fmt.Errorf("tile type %d, want vector tiles (1): %w", b[99], ErrFormat)
	case h.internal != compressionNone && h.internal != compressionGzip:
		return header{}, fmt.Errorf("directory compression %d, want none (1) or gzip (2): %w", h.internal, ErrFormat)
	case h.tiles != compressionNone && h.tiles != compressionGzip:
		return header{}, fmt.Errorf("tile compression %d, want none (1) or gzip (2): %w", h.tiles, ErrFormat)
	case h.minZoom > h.maxZoom || h.maxZoom > maxZoomLevel:
		return header{}, fmt.Errorf("zoom levels %d to %d: %w", h.minZoom, h.maxZoom, ErrFormat)
	case h.leafOffset > 1<<62 || h.dataOffset > 1<<62:
		return header{}, fmt.Errorf("sections out of range: %w", ErrFormat)
	}
	return h, nil
}

// decompress undoes a PMTiles compression; more than limit bytes is an error, so that a small file cannot unfold into a large one.
func decompress(b []byte, compression byte, limit int64) ([]byte, error) {
	if compression == compressionNone {
		return b, nil
	}
	zr, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	out, err := io.ReadAll(io.LimitReader(zr, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if int64(len(out)) > limit {
		return nil, fmt.Errorf("decompresses to more than %d bytes: %w", limit, ErrFormat)
	}
	return out, nil
}
