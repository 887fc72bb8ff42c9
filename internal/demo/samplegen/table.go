package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// columns of the sample, in order.
func columns() []string {
	return []string{
		"id", "part", "date", "locality", "region", "country", "lat", "lon", "county", "event_type", "online",
		"size_text", "size_low", "size_high", "size_mean", "sources", "n_sources",
	}
}

// row is one row by column name.
type row map[string]string

func readTable(path string) ([]row, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("open the table: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	zr, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("unpack the table: %w", err)
	}
	return parseTable(zr)
}

func parseTable(r io.Reader) ([]row, error) {
	cr := csv.NewReader(r)
	header, err := cr.Read()
	if err != nil {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	have := make(map[string]bool, len(header))
	for _, name := range header {
		have[name] = true
	}
	for _, name := range columns() {
		if !have[name] {
			return nil, fmt.Errorf("the table has no column %s", name)
		}
	}
	var table []row
	for {
		cells, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return table, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the table: %w", err)
		}
		r := make(row, len(header))
		for i, name := range header {
			r[name] = cells[i]
		}
		table = append(table, r)
	}
}

// pack writes the rows packed by one processor, so that equal rows give equal bytes.
func pack(rows []row) ([]byte, error) {
	var buf bytes.Buffer
	zw, err := zstd.NewWriter(&buf, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	cw := csv.NewWriter(zw)
	if err := cw.Write(columns()); err != nil {
		return nil, err
	}
	for _, r := range rows {
		var cells []string
		for _, name := range columns() {
			cells = append(cells, r[name])
		}
		if err := cw.Write(cells); err != nil {
			return nil, err
		}
	}
	cw.Flush()
	if err := errors.Join(cw.Error(), zw.Close()); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
