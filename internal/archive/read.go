package archive

import (
	"archive/zip"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"

	"convoke/internal/id"
)

// ErrUnreadable is in the chain of every error that says that a file is not what
// it should be.
var ErrUnreadable = errors.New("this file cannot be read as a group's archive")

func bad(msg string, args ...any) error {
	return fmt.Errorf("%w: "+msg, append([]any{ErrUnreadable}, args...)...)
}

// Reader reads one file. It is for one goroutine.
type Reader struct {
	Manifest Manifest

	limits Limits
	files  map[string]*zip.File
	hashes map[string]Entry
	names  []string // in the order of the file
}

// Open reads the list of parts and the manifest, and refuses a file whose form is
// not right. What the parts hold is checked by [Reader.Verify].
func Open(r io.ReaderAt, size int64) (*Reader, error) { return open(r, size, defaults()) }

func open(r io.ReaderAt, size int64, l Limits) (*Reader, error) {
	if err := checkEnd(r, size, l); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // which names are good is said below
		return nil, bad("%v", err)
	}
	x := &Reader{limits: l, files: map[string]*zip.File{}, hashes: map[string]Entry{}}
	if err := x.list(z.File); err != nil {
		return nil, err
	}
	return x, x.manifest()
}

// endSize is that of the record at the end of every zip file.
const endSize = 22

// checkEnd reads the record at the end, before anything is made of what it says:
// a list of millions of parts would fill the memory.
func checkEnd(r io.ReaderAt, size int64, l Limits) error {
	b := make([]byte, endSize)
	if size < endSize {
		return bad("it is too short")
	}
	if size > math.MaxUint32 {
		return bad("it is larger than 4 GiB")
	}
	if _, err := r.ReadAt(b, size-endSize); err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	le := binary.LittleEndian
	if string(b[:4]) != "PK\x05\x06" || le.Uint16(b[20:]) != 0 {
		return bad("it is not a zip file, or was cut off")
	}
	entries, length, at := int64(le.Uint16(b[10:])), int64(le.Uint32(b[12:])), int64(le.Uint32(b[16:]))
	switch {
	case entries > int64(l.Entries) || entries == math.MaxUint16:
		return bad("it has too many parts: more than %d", l.Entries)
	case at+length != size-endSize:
		return bad("its list of parts is not where it should be")
	case length > entries*maxHeader:
		return bad("its list of parts is too long")
	}
	return nil
}

// maxHeader is the most bytes of one entry in the list of parts: 46 and a name.
const (
	maxHeader = 46 + 2*maxPath
	maxPath   = 255
)

// list checks all parts by what the file says of them.
func (x *Reader) list(all []*zip.File) error {
	type span struct{ from, to int64 }
	var spans []span
	seen := map[string]bool{}
	total := int64(0)
	for _, f := range all {
		if err := checkName(f.Name); err != nil {
			return err
		}
		if folded := strings.ToLower(f.Name); seen[folded] {
			return bad("it has two parts with the name %q", f.Name)
		} else { //nolint:revive // both need the name
			seen[folded] = true
		}
		if err := x.checkPart(f); err != nil {
			return err
		}
		if total += int64(f.UncompressedSize64); total > x.limits.Total { //nolint:gosec // bounded by checkPart
			return bad("its parts have more than %d bytes together", x.limits.Total)
		}
		at, err := f.DataOffset()
		if err != nil {
			return bad("%s: %v", f.Name, err)
		}
		spans = append(spans, span{at, at + int64(f.CompressedSize64)}) //nolint:gosec // bounded by the file
		x.files[f.Name] = f
		x.names = append(x.names, f.Name)
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return bad("two of its parts share their bytes")
		}
	}
	return nil
}

func (x *Reader) checkPart(f *zip.File) error {
	size := f.UncompressedSize64
	switch limit := x.limitOf(f.Name); {
	case !f.Mode().IsRegular():
		return bad("%q is not a plain file", f.Name)
	case f.Flags&1 != 0:
		return bad("%q is encrypted", f.Name)
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return bad("%q is packed in an unknown way", f.Name)
	case size > uint64(limit): //nolint:gosec // positive
		return bad("%q is too large: %d bytes, of at most %d", f.Name, size, limit)
	case size > freely && size/max(f.CompressedSize64, 1) > uint64(x.limits.Ratio): //nolint:gosec // positive
		return bad("%q would swell to more than %d times its size", f.Name, x.limits.Ratio)
	}
	return nil
}

func (x *Reader) limitOf(name string) int64 {
	switch {
	case name == manifestName:
		return x.limits.Manifest
	case isPicture(name):
		return x.limits.Picture
	}
	return x.limits.Part
}

func isPicture(name string) bool {
	return strings.HasPrefix(name, "pictures/") || strings.HasPrefix(name, "statements/pictures/")
}

// checkName takes plain relative names, which lead nowhere else on any system.
func checkName(name string) error {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./", r)
	}
	if len(name) > maxPath || !fs.ValidPath(name) || strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		return bad("it has a part with the name %q", shorten(name))
	}
	for elem := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(elem, ".") || strings.HasSuffix(elem, ".") {
			return bad("it has a part with the name %q", shorten(name))
		}
	}
	return nil
}

func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// manifest reads it and compares it with the list of parts.
func (x *Reader) manifest() error {
	if x.files[manifestName] == nil {
		return bad("it has no %s", manifestName)
	}
	b, err := x.read(manifestName)
	if err != nil {
		return err
	}
	m := &x.Manifest
	// A file of another version says so before anything else is asked of it.
	if err := checkVersion(b); err != nil {
		return err
	}
	if err := Strict(b, m); err != nil {
		return bad("%s: %v", manifestName, err)
	}
	if !id.Valid(string(m.Group.ID)) {
		return bad("%s names no group", manifestName)
	}
	for _, e := range m.Entries {
		f := x.files[e.Name]
		if f == nil || e.Name == manifestName {
			return bad("%s names the part %q, which is not there", manifestName, shorten(e.Name))
		}
		if _, twice := x.hashes[e.Name]; twice {
			return bad("%s names the part %q twice", manifestName, e.Name)
		}
		if len(e.Hash) != 2*sha256.Size || e.Size < 0 || uint64(e.Size) != f.UncompressedSize64 {
			return bad("%q has another size than %s says", e.Name, manifestName)
		}
		x.hashes[e.Name] = e
	}
	for _, name := range x.names {
		if _, ok := x.hashes[name]; !ok && name != manifestName {
			return bad("%s does not name the part %q", manifestName, name)
		}
	}
	return nil
}

// Has reports whether there is a part.
func (x *Reader) Has(name string) bool { return x.files[name] != nil }

// Pictures are the names of all pictures.
func (x *Reader) Pictures() []string {
	var out []string
	for _, name := range x.names {
		if isPicture(name) {
			out = append(out, name)
		}
	}
	return out
}

// Part opens a part. Its last read fails when the part is not what the manifest
// names.
func (x *Reader) Part(name string) (io.ReadCloser, error) {
	f := x.files[name]
	if f == nil {
		return nil, bad("it has no %s", name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, bad("%s: %v", name, err)
	}
	c := &checked{r: r, name: name, left: int64(f.UncompressedSize64), sum: sha256.New()} //nolint:gosec // bounded by checkPart
	c.want = x.hashes[name].Hash
	return c, nil
}

// checked reads a part and compares its hash at the end.
type checked struct {
	r    io.ReadCloser
	name string
	left int64
	sum  hash.Hash
	want string
}

func (c *checked) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if c.left -= int64(n); c.left < 0 {
		return 0, bad("%q is larger than it says", c.name)
	}
	c.sum.Write(b[:n])
	switch {
	case errors.Is(err, io.EOF) && c.want != "" && hex.EncodeToString(c.sum.Sum(nil)) != c.want:
		return n, bad("%q is damaged or was changed: its SHA-256 is not the one in %s", c.name, manifestName)
	case err != nil && !errors.Is(err, io.EOF):
		return n, bad("%q: %v", c.name, err)
	}
	return n, err
}

func (c *checked) Close() error { return c.r.Close() }

func (x *Reader) read(name string) (b []byte, err error) {
	r, err := x.Part(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(r)
}

// Verify reads every part once and compares it with the manifest.
func (x *Reader) Verify(ctx context.Context, progress func(parts int)) error {
	buf := make([]byte, 64<<10)
	for i, name := range x.names {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := x.Part(name)
		if err != nil {
			return err
		}
		_, err = io.CopyBuffer(io.Discard, struct{ io.Reader }{r}, buf)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		if progress != nil {
			progress(i + 1)
		}
	}
	return nil
}
