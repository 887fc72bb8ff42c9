package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"convoke/internal/app"
)

// exportCmd writes what is here as files.
type exportCmd struct {
	Events exportEvents `cmd:"" default:"withargs" help:"All public events as a table or calendar (what export alone does)."`
	Group  exportGroup  `cmd:"" help:"All that a group owns, as one file."`
	Posts  exportPosts  `cmd:"" help:"The statements of a group as Markdown files."`
	Record exportRecord `cmd:"" help:"The public record as files for any web server."`
}

// exportEvents writes what is public.
type exportEvents struct {
	Format string `help:"csv, ics or geojson." enum:"csv,ics,geojson" default:"csv"`
	Output string `short:"o" help:"The file to write (default: standard output)." placeholder:"FILE"`
}

// Help is shown by convoke export events --help.
func (exportEvents) Help() string {
	return `Every public event, past ones too, in the order of their start. The table has the columns of
/events.csv; a calendar can be imported on another node with "convoke import ics".`
}

// Run streams the events; a file that cannot be finished is removed.
func (e *exportEvents) Run(ctx context.Context, p *program, set Settings) error {
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
