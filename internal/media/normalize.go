package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
)

// Errors of [Normalizer.Normalize] that are the sender's to mend.
var (
	// ErrTooLarge: the file has more than Limits.MaxBytes.
	ErrTooLarge = errors.New("media: file is too large")
	// ErrTooManyPixels: decoding would take more than Limits.MaxPixels allows.
	ErrTooManyPixels = errors.New("media: picture has too many pixels")
	// ErrNotPicture: not a JPEG, PNG, GIF or WebP file.
	ErrNotPicture = errors.New("media: not a picture of a known format")
	// ErrBroken: it begins as a picture and cannot be decoded.
	ErrBroken = errors.New("media: picture is broken")
)

// Limits bound one picture. A field that is zero takes its default.
type Limits struct {
	MaxBytes int64 // of the file; default 10 MiB
	// MaxPixels is the most pixels of the original; default 40 million. It
	// bounds memory too: a format that takes more than four bytes a pixel to
	// decode, as a progressive JPEG may, gets proportionally fewer pixels.
	MaxPixels int
	// MaxWidth is the widest result; wider pictures are scaled down. A
	// result is at most twice as high. Default 1600.
	MaxWidth int
}

func (l Limits) withDefaults() Limits {
	if l.MaxBytes == 0 {
		l.MaxBytes = 10 << 20
	}
	if l.MaxPixels == 0 {
		l.MaxPixels = 40_000_000
	}
	if l.MaxWidth == 0 {
		l.MaxWidth = 1600
	}
	return l
}

// Picture is a picture encoded by this package.
type Picture struct {
	Width, Height int    // pixels
	Type          string // "image/jpeg" or "image/png"
	Data          []byte // the file
}

// quality of JPEG output: no visible loss on photographs, half the bytes of 95.
const quality = 82

// Normalizer makes pictures safe. It bounds how many are decoded at once and
// may be used by many goroutines.
type Normalizer struct{ slots chan struct{} }

// NewNormalizer returns a Normalizer that decodes at most parallel pictures at
// once; 1 or 2 is right, for each may take four bytes for each of
// Limits.MaxPixels.
func NewNormalizer(parallel int) *Normalizer {
	return &Normalizer{slots: make(chan struct{}, max(parallel, 1))}
}

// Normalize reads a picture and encodes it afresh. It waits its turn and may
// take a second for the largest; the context's end stops both. Errors are
// the four of this package, wrapped, or those of r or the context.
func (n *Normalizer) Normalize(ctx context.Context, r io.Reader, l Limits) (Picture, error) {
	l = l.withDefaults()
	// Read before taking a slot: a slow sender must not keep others waiting.
	data, err := io.ReadAll(io.LimitReader(r, l.MaxBytes+1))
	if err != nil {
		return Picture{}, fmt.Errorf("media: read picture: %w", err)
	}
	if int64(len(data)) > l.MaxBytes {
		return Picture{}, ErrTooLarge
	}
	return n.process(ctx, data, int64(l.MaxPixels), l.MaxWidth)
}

// Thumbnail returns p scaled down to width, at most twice as high; a picture
// that is small enough stays as it is. It waits its turn like Normalize.
func (n *Normalizer) Thumbnail(ctx context.Context, p Picture, width int) (Picture, error) {
	width = max(width, 1)
	if p.Width <= width && p.Height <= 2*width {
		return p, nil
	}
	return n.process(ctx, p.Data, int64(p.Width)*int64(p.Height)*4, width)
}

func (n *Normalizer) process(ctx context.Context, data []byte, maxPixels int64, width int) (Picture, error) {
	h, err := inspect(data)
	if err != nil {
		return Picture{}, err
	}
	if h.pixels() > maxPixels || h.memory > 4*maxPixels {
		return Picture{}, fmt.Errorf("%w: %d × %d", ErrTooManyPixels, h.width, h.height)
	}
	select {
	case n.slots <- struct{}{}:
		defer func() { <-n.slots }()
	case <-ctx.Done():
		return Picture{}, fmt.Errorf("media: wait for a turn: %w", ctx.Err())
	}
	img, err := h.decode(&ctxReader{ctx, bytes.NewReader(data)})
	if ctx.Err() != nil {
		return Picture{}, fmt.Errorf("media: decode: %w", ctx.Err())
	}
	if err != nil {
		return Picture{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if b := img.Bounds(); b.Dx() < 1 || b.Dy() < 1 || b.Dx() > h.width || b.Dy() > h.height {
		return Picture{}, fmt.Errorf("%w: its size is not what it says", ErrBroken)
	}
	return encode(upright(shrink(img, h.orientation, width), h.orientation))
}

// ctxReader lets the end of a context stop a decoder.
type ctxReader struct {
	ctx context.Context //nolint:containedctx // lives for one call
	r   io.Reader
}

func (r *ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// encode writes JPEG, or PNG when anything is transparent.
func encode(m *image.RGBA) (Picture, error) {
	p := Picture{Width: m.Rect.Dx(), Height: m.Rect.Dy(), Type: "image/jpeg"}
	var b bytes.Buffer
	var err error
	if m.Opaque() {
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: quality})
	} else {
		p.Type = "image/png"
		err = png.Encode(&b, m)
	}
	if err != nil {
		return Picture{}, fmt.Errorf("media: encode: %w", err)
	}
	p.Data = b.Bytes()
	return p, nil
}
