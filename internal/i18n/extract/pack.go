package extract

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Pack is the catalogues in the folder dir, and the template, as the ZIP file that
// the program carries. It holds no times, so that the same texts make the same file.
func Pack(dir string) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	files, err := filepath.Glob(filepath.Join(dir, "*.po*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		data, err := os.ReadFile(file) //nolint:gosec // a file of the repository
		if err != nil {
			return nil, err
		}
		w, err := z.Create("locales/" + filepath.Base(file))
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", file, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack catalogues: %w", err)
	}
	return out.Bytes(), nil
}
