// Command samplegen makes the sample of package demo from a full event table.
//
//	go run ./internal/demo/samplegen -in us-events.csv.gz -out internal/demo/sample.csv.zst
//
// It keeps when, where, what kind and how many, and leaves out everything that
// says for or against what, or who: see DATA.md of package demo. The output
// depends on the input alone, byte by byte.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "samplegen:", err)
		os.Exit(1)
	}
}

func run(args []string, log io.Writer) error {
	flags := flag.NewFlagSet("samplegen", flag.ContinueOnError)
	flags.SetOutput(log)
	in := flags.String("in", "", "event table, gzip")
	out := flags.String("out", "", "sample to write, zstd")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *in == "" || *out == "" {
		return fmt.Errorf("both -in and -out are needed")
	}
	table, err := readTable(*in)
	if err != nil {
		return err
	}
	sample := newChooser(table, allowedHosts()).choose()
	data, err := pack(sample)
	if err != nil {
		return fmt.Errorf("pack the sample: %w", err)
	}
	if err := os.WriteFile(filepath.Clean(*out), data, 0o600); err != nil {
		return fmt.Errorf("write the sample: %w", err)
	}
	fmt.Fprintf(log, "%d of %d rows, %d bytes\n", len(sample), len(table), len(data))
	return nil
}
