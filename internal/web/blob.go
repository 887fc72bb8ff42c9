package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// blob is a body that is sent again and again: each encoding is made once, when
// it is first asked for.
type blob struct {
	body  []byte
	ctype string
	etag  string // strong, without the encoding's suffix
	once  [2]sync.Once
	enc   [2][]byte
	lines [3]lines // of each encoding, and of the plain body
	file  bool     // of the program: gzip at its best is smaller than zstd at the speed of pages
}

var encodings = [2]string{"zstd", "gzip"}

// lines are the values of header fields as net/http keeps them. They are made
// once and shared by all answers, so nobody may change them.
type lines struct {
	once, sized                      sync.Once
	coding, tag, length, ctype, vary []string
}

// size is the line of the length, which is always n.
func (l *lines) size(n int) []string {
	l.sized.Do(func() { l.length = []string{itoa(n)} })
	return l.length
}

// at is the place of an encoding; that of "", which is none, is after the others.
func at(enc string) int {
	i := 0
	for i < len(encodings) && encodings[i] != enc {
		i++
	}
	return i
}

// header returns the lines of one encoding but for the length.
func (b *blob) header(enc string) *lines {
	l := &b.lines[at(enc)]
	l.once.Do(func() {
		tag := b.etag
		if enc != "" {
			tag += "-" + enc
			l.coding = []string{enc}
		}
		l.tag, l.ctype = []string{`"` + tag + `"`}, []string{b.ctype}
		l.vary = []string{"Accept-Encoding, Accept-Language, Cookie"}
	})
	return l
}

func newBlob(ctype string, body []byte) *blob {
	sum := sha256.Sum256(body)
	return &blob{body: body, ctype: ctype, etag: base64.RawURLEncoding.EncodeToString(sum[:12])}
}

// newFile makes a blob of a file of the program.
func newFile(ctype string, body []byte) *blob {
	b := newBlob(ctype, body)
	b.file = true
	return b
}

// newPacked makes a blob of a body that is in the program as gzip: large files
// of a library, which nearly every browser takes just so.
func newPacked(ctype string, packed []byte) *blob {
	b := newFile(ctype, packed)
	b.body, b.enc[1] = nil, packed
	b.once[1].Do(func() {})
	return b
}

// encoding picks what the client accepts (RFC 9110 section 12.5.3, without
// weights: browsers send none but q=0, which is honoured).
func (b *blob) encoding(accept string, keep bool) string {
	for _, e := range encodings {
		// A one-off body: gzip at its fastest is cheaper.
		if accepts(accept, e) && (e != "zstd" || keep && !b.file) {
			return e
		}
	}
	return ""
}

// in is the body in one of the encodings, or in none. A packed one is unpacked each
// time.
func (b *blob) in(enc string, keep bool) []byte {
	if enc != "" {
		i := at(enc)
		b.once[i].Do(func() { b.enc[i] = compress(enc, b.body, keep) })
		return b.enc[i]
	}
	if b.body != nil {
		return b.body
	}
	r, err := gzip.NewReader(bytes.NewReader(b.enc[1]))
	if err != nil {
		panic(err) // a broken file in the program, which the tests find
	}
	body, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return body
}

func accepts(header, enc string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), enc) {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && !strings.HasPrefix(q, "q=0.000")
		}
	}
	return false
}

// zstdWriters are used again: each has tables of some megabytes.
var zstdWriters = sync.Pool{New: func() any {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		panic(err) // constant options
	}
	return w
}}

func compress(encoding string, body []byte, best bool) []byte {
	var out bytes.Buffer
	if encoding == "zstd" {
		w := zstdWriters.Get().(*zstd.Encoder)
		defer zstdWriters.Put(w)
		w.Reset(&out)
		_, _ = w.Write(body) // a bytes.Buffer takes everything
		_ = w.Close()
		w.Reset(nil) // it keeps no page alive
		return out.Bytes()
	}
	level := gzip.BestSpeed
	if best {
		level = gzip.BestCompression
	}
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(body)
	_ = w.Close()
	return out.Bytes()
}

// serve answers with the body, or 304 when the client has it: then nothing is
// packed or unpacked.
func (b *blob) serve(w http.ResponseWriter, r *http.Request, status int, cacheControl string) {
	enc := ""
	if b.body == nil || len(b.body) >= 512 && compressible(b.ctype) {
		enc = b.encoding(r.Header.Get("Accept-Encoding"), true)
	}
	h, l := w.Header(), b.header(enc)
	h["Etag"], h["Vary"], h["Cache-Control"] = l.tag, l.vary, []string{cacheControl}
	if matches(r.Header.Get("If-None-Match"), b.etag) && status == http.StatusOK {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := b.in(enc, true)
	if enc != "" {
		h["Content-Encoding"] = l.coding
	}
	h["Content-Type"], h["Content-Length"] = l.ctype, l.size(len(body))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// matches compares weakly (RFC 9110 section 13.1.2), whatever the encoding.
func matches(header, etag string) bool {
	if header == "" {
		return false
	}
	for part := range strings.SplitSeq(header, ",") {
		t := strings.Trim(strings.TrimPrefix(strings.TrimSpace(part), "W/"), `"`)
		base, _, _ := strings.Cut(t, "-"+encodings[0])
		base = strings.TrimSuffix(base, "-"+encodings[1])
		if t == "*" || base == etag {
			return true
		}
	}
	return false
}

func itoa(n int) string { return strconv.Itoa(n) }
