package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

//go:embed sample.csv.zst
var sample []byte

// What a page that shows the sample says about it.
const (
	// Name of the sample.
	Name = "Crowd Counting Consortium sample"
	// Credit is how the consortium asks to be cited.
	Credit = "Crowd Counting Consortium"
	// URL of the data set of which the sample holds a part.
	URL = "https://doi.org/10.7910/DVN/6OPP7H"
	// Notice must stand on every page that shows the sample.
	Notice = "sample, not a census"
)

// Sample returns the events as a table with a header line, in UTF-8, comma-separated
// (RFC 4180).
func Sample() (io.ReadCloser, error) {
	r, err := zstd.NewReader(bytes.NewReader(sample), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("unpack the sample: %w", err)
	}
	return r.IOReadCloser(), nil
}
