package demo

import (
	"bytes"
	_ "embed"
	"io"
)

//go:embed sample.csv.gz
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

// Sample returns the events as a gzip-compressed table with a header line, in
// UTF-8, comma-separated (RFC 4180). Closing it does nothing.
func Sample() io.ReadCloser { return io.NopCloser(bytes.NewReader(sample)) }
