package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"convoke/internal/app"
)

// exportCmd writes what is public.
type exportCmd struct {
	Format string `help:"csv, ics or geojson." enum:"csv,ics,geojson" default:"csv"`
	Output string `short:"o" help:"The file to write (default: standard output)." placeholder:"FILE"`
}

// Help is shown by convoke export --help.
func (exportCmd) Help() string {
	return `Every public event, past ones too, in the order of their start. The table has the columns of
/events.csv; a calendar can be imported on another node with "convoke import ics".`
}

// Run streams the events; a file that cannot be finished is removed.
func (e *exportCmd) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		if e.Output == "" || e.Output == "-" {
			return n.Export(ctx, p.out, e.Format, nil)
		}
		bar := p.progress(-1, "Events")
		defer bar.end()
		return toFile(e.Output, func(w io.Writer) error { return n.Export(ctx, w, e.Format, bar.set) })
	})
}

// toFile writes beside path first, so that path is never half a file.
func toFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path + ".part")
	if err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	return nil
}
