package media

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

const canary = "GPS-CANARY-51.3397N"

func normalize(t *testing.T, data []byte, l Limits) (Picture, error) {
	t.Helper()
	return NewNormalizer(1).Normalize(t.Context(), bytes.NewReader(data), l)
}

// quadrants is red, green / blue, white, each quarter one colour.
func quadrants(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	colours := []color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, colours[2*(2*y/h)+2*x/w])
		}
	}
	return m
}

func encodeAs(t testing.TB, format string, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch format {
	case "jpeg":
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: 95})
	case "png":
		err = png.Encode(&b, m)
	case "gif":
		err = gif.Encode(&b, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif is a TIFF block with an orientation and a text.
func exif(order binary.AppendByteOrder, mark string, orientation uint16) []byte {
	b := []byte(mark)
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 270) // a description, passed over
	b = order.AppendUint16(b, 2)
	b = order.AppendUint32(b, uint32(len(canary)))
	b = order.AppendUint32(b, 38)
	b = order.AppendUint16(b, 274)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, 0)
	return append(b, canary...)
}

func segment(marker byte, body []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return append(b, body...)
}

// withSegments puts segments behind a JPEG's start.
func withSegments(data []byte, segments ...[]byte) []byte {
	return bytes.Join([][]byte{data[:2], bytes.Join(segments, nil), data[2:]}, nil)
}

func chunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// withChunks puts chunks behind a PNG's header.
func withChunks(data []byte, chunks ...[]byte) []byte {
	return bytes.Join([][]byte{data[:33], bytes.Join(chunks, nil), data[33:]}, nil)
}

func TestFormats(t *testing.T) {
	t.Parallel()
	// 1 × 1, lossless, from the WebP container's own examples.
	tiny, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		t.Fatal(err)
	}
	clear := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	clear.SetNRGBA(1, 1, color.NRGBA{255, 0, 0, 255})
	for _, c := range []struct {
		name string
		data []byte
		want string
		w, h int
	}{
		{"jpeg", encodeAs(t, "jpeg", quadrants(40, 20)), "image/jpeg", 40, 20},
		{"opaque png", encodeAs(t, "png", quadrants(40, 20)), "image/jpeg", 40, 20},
		{"clear png", encodeAs(t, "png", clear), "image/png", 8, 8},
		{"gif", encodeAs(t, "gif", quadrants(40, 20)), "image/jpeg", 40, 20},
		{"webp", tiny, "image/png", 1, 1},
		{"gray jpeg", encodeAs(t, "jpeg", image.NewGray(image.Rect(0, 0, 9, 9))), "image/jpeg", 9, 9},
		{"wide", encodeAs(t, "png", quadrants(2000, 100)), "image/jpeg", 800, 40},
		{"high", encodeAs(t, "png", quadrants(10, 4000)), "image/jpeg", 4, 1600},
	} {
		p, err := normalize(t, c.data, Limits{MaxWidth: 800})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		m, format, err := image.Decode(bytes.NewReader(p.Data))
		if err != nil || "image/"+format != p.Type || m.Bounds().Dx() != p.Width || m.Bounds().Dy() != p.Height {
			t.Errorf("%s: output %s %v: %v", c.name, format, m.Bounds(), err)
		}
		if p.Type != c.want || p.Width != c.w || p.Height != c.h {
			t.Errorf("%s: got %s %d × %d", c.name, p.Type, p.Width, p.Height)
		}
	}
}

// TestFirstFrame: of an animation, only the first frame is decoded.
func TestFirstFrame(t *testing.T) {
	t.Parallel()
	red := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 255, 255}})
	blue := image.NewPaletted(red.Rect, red.Palette)
	for i := range blue.Pix {
		blue.Pix[i] = 1
	}
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{red, blue}, Delay: []int{0, 0}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := normalize(t, b.Bytes(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(p.Data))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, bl, _ := m.At(2, 2).RGBA(); r < 0xf000 || bl > 0x1000 {
		t.Errorf("colour %v", m.At(2, 2))
	}
}

// bombs are files whose decoding would cost far more than their length.
func bombs(t testing.TB) map[string][]byte {
	ihdr := encodeAs(t, "png", quadrants(2, 2))
	huge := bytes.Clone(ihdr)
	binary.BigEndian.PutUint32(huge[16:], 60000)
	binary.BigEndian.PutUint32(huge[20:], 60000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))

	deep := bytes.Clone(ihdr) // few enough pixels, eight bytes each
	binary.BigEndian.PutUint32(deep[16:], 6000)
	binary.BigEndian.PutUint32(deep[20:], 6000)
	deep[24] = 16
	binary.BigEndian.PutUint32(deep[29:], crc32.ChecksumIEEE(deep[12:29]))

	wideGIF := encodeAs(t, "gif", quadrants(2, 2))
	binary.LittleEndian.PutUint16(wideGIF[6:], 65535)
	binary.LittleEndian.PutUint16(wideGIF[8:], 65535)

	frame := func(marker byte, w, h uint16) []byte {
		sof := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0}
		scan := segment(0xda, []byte{3, 1, 0, 2, 0, 3, 0, 0, 63, 0})
		return append(append([]byte{0xff, 0xd8}, segment(marker, sof)...), scan...)
	}
	vp8x := append([]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00"), 0, 0, 0, 0, 0xff, 0x7f, 0, 0xff, 0x7f, 0)
	return map[string][]byte{
		"png": huge, "16-bit png": deep, "gif": wideGIF, "webp": vp8x,
		"jpeg": frame(0xc0, 65535, 65535), "progressive jpeg": frame(0xc2, 5000, 5000),
	}
}

// TestBombs is not parallel, because it measures.
func TestBombs(t *testing.T) {
	for name, data := range bombs(t) {
		var err error
		used := allocated(func() { _, err = normalize(t, data, Limits{}) })
		if !errors.Is(err, ErrTooManyPixels) {
			t.Errorf("%s: got %v", name, err)
		}
		if used > 1<<20 {
			t.Errorf("%s: took %d bytes to refuse", name, used)
		}
	}
}

// TestWebPClaims is not parallel, because it measures. The file claims a last
// partition of 16 MB, for which its decoder would make room.
func TestWebPClaims(t *testing.T) {
	lying := []byte("RIFF\x0c\x00\xff\x00WEBPVP8 \x00\x00\xff\x00\x10\x08\x00\x9d\x01\x2a\x10\x00\x10\x00")
	lying = append(lying, make([]byte, 64)...)
	var err error
	used := allocated(func() { _, err = normalize(t, lying, Limits{}) })
	if !errors.Is(err, ErrBroken) || used > 1<<20 {
		t.Errorf("got %v, took %d bytes", err, used)
	}
}

// allocated measures what f allocates; nothing may run beside it.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestScans: each scan of a progressive JPEG visits the whole picture.
func TestScans(t *testing.T) {
	t.Parallel()
	data := encodeAs(t, "jpeg", quadrants(16, 16))
	scan := segment(0xda, []byte{1, 1, 0, 0, 0, 0})
	many := bytes.Join([][]byte{data[:len(data)-2], bytes.Repeat(scan, maxScans), data[len(data)-2:]}, nil)
	if _, err := inspect(many); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "scans") {
		t.Errorf("got %v", err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	good := encodeAs(t, "jpeg", quadrants(64, 64))
	flat := encodeAs(t, "png", quadrants(64, 64))
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, ErrNotPicture},
		{"text", []byte("hello"), ErrNotPicture},
		{"svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), ErrNotPicture},
		{"html before a picture", append([]byte("<html>"), good...), ErrNotPicture},
		{"long", append(bytes.Clone(good), make([]byte, 1<<20)...), ErrTooLarge},
		{"cut jpeg", good[:len(good)/2], ErrBroken},
		{"cut png", flat[:len(flat)/2], ErrBroken},
		{"only a start", good[:3], ErrBroken},
		{"damaged png", append(bytes.Clone(flat[:40]), bytes.Repeat([]byte{7}, 40)...), ErrBroken},
	} {
		if _, err := normalize(t, c.data, Limits{MaxBytes: 1 << 20}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	failed := errors.New("line cut")
	_, err := NewNormalizer(1).Normalize(t.Context(), iotest.ErrReader(failed), Limits{})
	if !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

// TestNothingLeaks plants a text wherever the formats let one be.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	const script = "<script>alert(1)</script>"
	note := []byte(canary + script)
	block := exif(binary.BigEndian, "MM", 1)
	j := withSegments(encodeAs(t, "jpeg", quadrants(32, 32)),
		segment(0xe1, append([]byte("Exif\x00\x00"), block...)),
		segment(0xe1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), note...)),
		segment(0xe2, append([]byte("ICC_PROFILE\x00"), note...)),
		segment(0xed, note), segment(0xfe, note))
	clear := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	p := withChunks(encodeAs(t, "png", clear), chunk("eXIf", block),
		chunk("tEXt", append([]byte("Comment\x00"), note...)), chunk("iTXt", note))
	g := encodeAs(t, "gif", quadrants(8, 8))
	g = bytes.Join([][]byte{g[:len(g)-1], {0x21, 0xfe, byte(len(note))}, note, {0, 0x3b}}, nil)
	for name, data := range map[string][]byte{"jpeg": j, "png": p, "gif": g} {
		data = append(data, note...)                             // behind the end
		data = append(data, "PK\x03\x04 a.js "+script+canary...) // a second format
		out, err := normalize(t, data, Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if bytes.Contains(out.Data, []byte(canary)) || bytes.Contains(out.Data, []byte("script")) ||
			bytes.Contains(out.Data, []byte("Exif")) {
			t.Errorf("%s: metadata came through", name)
		}
	}
}

func TestThumbnail(t *testing.T) {
	t.Parallel()
	n := NewNormalizer(1)
	p, err := normalize(t, encodeAs(t, "png", quadrants(900, 600)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := n.Thumbnail(t.Context(), p, 300)
	if err != nil || s.Width != 300 || s.Height != 200 || s.Type != "image/jpeg" {
		t.Errorf("got %d × %d %s: %v", s.Width, s.Height, s.Type, err)
	}
	if same, err := n.Thumbnail(t.Context(), s, 300); err != nil || &same.Data[0] != &s.Data[0] {
		t.Errorf("a small picture was encoded again: %v", err)
	}
}

// TestTurns: one slot, taken; a second caller waits until its context ends.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := NewNormalizer(1)
		n.slots <- struct{}{}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		data := encodeAs(t, "png", quadrants(4, 4))
		go func() {
			_, err := n.Normalize(ctx, bytes.NewReader(data), Limits{})
			done <- err
		}()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("did not wait: %v", err)
		default:
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		<-n.slots
		if _, err := n.Normalize(t.Context(), bytes.NewReader(data), Limits{}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestContextStopsDecoding(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := &ctxReader{ctx, strings.NewReader("abc")}
	cancel()
	if _, err := io.ReadAll(r); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func FuzzNormalize(f *testing.F) {
	m := quadrants(16, 8)
	for _, format := range []string{"jpeg", "png", "gif"} {
		f.Add(encodeAs(f, format, m))
	}
	f.Add(withSegments(encodeAs(f, "jpeg", m), segment(0xe1, append([]byte("Exif\x00\x00"), exif(binary.BigEndian, "MM", 6)...))))
	for _, b := range bombs(f) {
		f.Add(b)
	}
	n := NewNormalizer(4)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := n.Normalize(t.Context(), bytes.NewReader(data), Limits{MaxBytes: 1 << 20, MaxPixels: 1 << 20, MaxWidth: 64})
		if err != nil {
			for _, known := range []error{ErrTooLarge, ErrTooManyPixels, ErrNotPicture, ErrBroken} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("unknown error %v", err)
		}
		if p.Width < 1 || p.Width > 64 || p.Height < 1 || p.Height > 128 {
			t.Fatalf("%d × %d", p.Width, p.Height)
		}
		if c, _, err := image.DecodeConfig(bytes.NewReader(p.Data)); err != nil || c.Width != p.Width {
			t.Fatalf("output: %v", err)
		}
	})
}
