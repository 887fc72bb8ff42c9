// Command weights compares what a visitor downloads, and the program itself,
// with their limits, and exits with 1 when one is passed. Style and script are
// measured as they travel: compressed with gzip, which every browser takes.
// Pages are weighed whole by the browser tests.
package main

import (
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"convoke/internal/web"
)

// The limits, in bytes (kB are thousands).
const (
	maxStyle  = 12_000
	maxScript = 8_000
	maxBinary = 60_000_000 // decision 0055
)

func main() {
	static := flag.String("static", "internal/web/static", "folder of the files that pages load")
	binary := flag.String("binary", "", "the built program; empty leaves it out")
	flag.Parse()
	all, err := measure(*static, *binary)
	if err != nil {
		fmt.Fprintln(os.Stderr, "weights:", err)
		os.Exit(1)
	}
	if !report(os.Stdout, all) {
		os.Exit(1)
	}
}

type weight struct {
	name       string
	bytes, max int64
}

// report prints the weights and tells whether each is within its limit.
func report(out io.Writer, all []weight) bool {
	ok := true
	for _, w := range all {
		verdict := "ok  "
		if w.bytes > w.max {
			verdict, ok = "FAIL", false
		}
		fmt.Fprintf(out, "%s  %-8s %9d of %9d bytes\n", verdict, w.name, w.bytes, w.max)
	}
	return ok
}

func measure(static, binary string) ([]weight, error) {
	style, err := compressed(static, ".css")
	if err != nil {
		return nil, err
	}
	script, err := scripts(static)
	if err != nil {
		return nil, err
	}
	all := []weight{{"style", style, maxStyle}, {"script", script, maxScript}}
	if binary == "" {
		return all, nil
	}
	info, err := os.Stat(binary)
	if err != nil {
		return nil, err
	}
	return append(all, weight{"program", info.Size(), maxBinary}), nil
}

// together are scripts that one page loads beside those of all pages. No page loads
// two of these rows.
var together = [][]string{{"passkey.js"}, {"record.js", "take.js"}, {"recount.js"}, {"assembly.js"}, {"places.js", "push.js"}, {"keep.js"}}

// scripts is what the page with most of them loads.
func scripts(dir string) (int64, error) {
	all, err := compressed(dir, ".js")
	if err != nil {
		return 0, err
	}
	var most int64
	for _, row := range together {
		var sum int64
		for _, name := range row {
			n, err := gzipped(filepath.Join(dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue // under another name it counts for all pages
			}
			if err != nil {
				return 0, err
			}
			sum += n
		}
		all -= sum
		most = max(most, sum)
	}
	return all + most, nil
}

// compressed sums the files with an extension that lie in the folder itself.
// What lies deeper (the map, the count of a record) is loaded only when a
// visitor asks for it.
func compressed(dir, ext string) (int64, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+ext))
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, fmt.Errorf("no %s files in %s", ext, dir)
	}
	var sum int64
	for _, f := range files {
		n, err := gzipped(f)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// counter is a writer that only counts.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func gzipped(name string) (int64, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	if filepath.Ext(name) == ".js" {
		data = web.Bare(data)
	}
	var n counter
	z, err := gzip.NewWriterLevel(&n, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	if _, err := z.Write(data); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	return int64(n), nil // Close wrote the rest
}
