package print

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"rsc.io/qr"
)

func encode(url string) (*qr.Code, error) {
	code, err := qr.Encode(url, qr.M)
	if err != nil {
		return nil, fmt.Errorf("encode qr: %w", err)
	}
	return code, nil
}

// quiet is the white that a reader needs around a code, in modules.
const quiet = 4

// qrPNG is the code large enough to be printed, whole pixels for each module.
func qrPNG(url string) ([]byte, error) {
	code, err := encode(url)
	if err != nil {
		return nil, err
	}
	side := code.Size + 2*quiet
	px := (1000 + side - 1) / side
	img := image.NewPaletted(image.Rect(0, 0, side*px, side*px), color.Palette{color.White, color.Black})
	for y := range side * px {
		for x := range side * px {
			if code.Black(x/px-quiet, y/px-quiet) {
				img.Pix[y*img.Stride+x] = 1
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encode png: %w", err)
	}
	return b.Bytes(), nil
}
