package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// header is what a file says of itself before it is decoded.
type header struct {
	width, height int
	memory        int64 // bytes that decoding takes, estimated from above
	orientation   int   // Exif 2.32, tag 274: 1 to 8
	decode        func(io.Reader) (image.Image, error)
}

func (h header) pixels() int64 { return int64(h.width) * int64(h.height) }

// inspect reads the headers, by the first bytes and not by any declared type.
// Its errors are ErrNotPicture and ErrBroken.
func inspect(data []byte) (header, error) {
	var h header
	var err error
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		h, err = inspectJPEG(data)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		h, err = inspectPNG(data)
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		h, err = sized(data, gif.DecodeConfig, gif.Decode, 2)
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		h, err = inspectWebP(data)
	default:
		return header{}, ErrNotPicture
	}
	if err != nil {
		return header{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if h.width < 1 || h.height < 1 {
		return header{}, fmt.Errorf("%w: it has no pixels", ErrBroken)
	}
	if h.orientation < 1 || h.orientation > 8 {
		h.orientation = 1
	}
	return h, nil
}

func sized(data []byte, config func(io.Reader) (image.Config, error),
	decode func(io.Reader) (image.Image, error), bytesPerPixel int64,
) (header, error) {
	c, err := config(bytes.NewReader(data))
	h := header{width: c.Width, height: c.Height, decode: decode}
	h.memory = h.pixels() * bytesPerPixel
	return h, err
}

// inspectPNG follows the PNG specification (third edition), section 5.3 for
// chunks and 11.3.3.3 for eXIf.
func inspectPNG(data []byte) (header, error) {
	// Eight bytes a pixel for 16-bit channels, twice while interlaced.
	perPixel := int64(4)
	if len(data) > 28 && data[24] == 16 {
		perPixel = 8
	}
	if len(data) > 28 && data[28] != 0 {
		perPixel *= 2
	}
	h, err := sized(data, png.DecodeConfig, png.Decode, perPixel)
	if err != nil {
		return h, err
	}
	for rest := data[8:]; len(rest) >= 12; {
		n := int64(binary.BigEndian.Uint32(rest))
		if n > int64(len(rest)-12) {
			break // truncated; the decoder will say so
		}
		switch string(rest[4:8]) {
		case "eXIf":
			h.orientation = tiffOrientation(rest[8 : 8+n])
			return h, nil
		case "IDAT", "IEND":
			return h, nil
		}
		rest = rest[12+n:]
	}
	return h, nil
}

// inspectWebP follows RFC 9649, section 2.
func inspectWebP(data []byte) (header, error) {
	// Up to eight bytes a pixel: lossless while a palette is applied, or
	// lossy with compressed transparency.
	h, err := sized(data, webp.DecodeConfig, webp.Decode, 8)
	if err != nil {
		return h, err
	}
	// The decoder makes room for as many bytes as the file claims to have.
	if int64(binary.LittleEndian.Uint32(data[4:])) > int64(len(data)-8) {
		return h, io.ErrUnexpectedEOF
	}
	for rest := data[12:]; len(rest) >= 8; {
		n := int64(binary.LittleEndian.Uint32(rest[4:]))
		if n > int64(len(rest)-8) {
			break
		}
		if string(rest[:4]) == "EXIF" {
			h.orientation = tiffOrientation(bytes.TrimPrefix(rest[8:8+n], []byte("Exif\x00\x00")))
			break
		}
		rest = rest[min(8+n+n&1, int64(len(rest))):]
	}
	return h, nil
}

// maxScans bounds the passes of a progressive JPEG, each of which visits every
// block of the picture for a few bytes of file. Encoders write about ten.
const maxScans = 64

// inspectJPEG follows ITU-T T.81, annex B: it walks the markers to the end,
// for the orientation, the frame and the number of scans.
func inspectJPEG(data []byte) (header, error) {
	h, err := sized(data, jpeg.DecodeConfig, jpeg.Decode, 3)
	if err != nil {
		return h, err
	}
	scans, adobeRGB, progressive := 0, false, false
	var sof []byte
	for i := 2; i+4 <= len(data); {
		if data[i] != 0xff {
			i++ // within a scan
			continue
		}
		m := data[i+1]
		if m == 0xff {
			i++ // fill byte
			continue
		}
		if m == 0 || m == 0x01 || m >= 0xd0 && m <= 0xd8 {
			i += 2 // a stuffed byte, or a marker without a segment
			continue
		}
		if m == 0xd9 {
			break
		}
		end := min(i+2+int(binary.BigEndian.Uint16(data[i+2:])), len(data))
		body := data[i+4 : max(end, i+4)]
		switch {
		case m == 0xda:
			if scans++; scans > maxScans {
				return h, fmt.Errorf("more than %d scans", maxScans)
			}
		case m == 0xe1 && h.orientation == 0 && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			h.orientation = tiffOrientation(body[6:])
		case m == 0xee && len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")):
			adobeRGB = body[11] == 0
		case m >= 0xc0 && m <= 0xc2:
			sof, progressive = body, m == 0xc2
		}
		i = max(end, i+4)
	}
	h.memory = frameMemory(h, progressive, sof, adobeRGB)
	return h, nil
}

// frameMemory adds up the planes of a JPEG frame (T.81, B.2.2), each scaled by
// its sampling factors. A progressive frame keeps four bytes for each
// coefficient besides; four channels, or three that are RGB, are copied once.
func frameMemory(h header, progressive bool, sof []byte, rgb bool) int64 {
	if len(sof) < 6 || len(sof) < 6+3*int(sof[5]) {
		return h.memory // the decoder will refuse it
	}
	comps := int(sof[5])
	perSample, maxH, maxV, sum := int64(1), 1, 1, 0
	ids := make([]byte, 0, 4)
	for c := range comps {
		f := sof[6+3*c:]
		ids = append(ids, f[0])
		hs, vs := int(f[1]>>4), int(f[1]&15)
		maxH, maxV, sum = max(maxH, hs), max(maxV, vs), sum+hs*vs
	}
	if progressive {
		perSample = 5
	}
	// Planes are padded to whole blocks of up to 32 pixels.
	padded := int64(h.width+8*maxH) * int64(h.height+8*maxV)
	memory := padded * perSample * int64(sum) / int64(maxH*maxV)
	if comps == 4 || rgb || string(ids) == "RGB" {
		memory += 4 * padded
	}
	return memory
}
