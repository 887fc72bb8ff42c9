package main

import (
	"context"
	"fmt"

	"convoke/internal/app"
)

// exportRecord writes the public record.
type exportRecord struct {
	Dir string `arg:"" help:"The folder to write, which may hold an earlier export."`
}

// Help is shown by convoke export record --help.
func (exportRecord) Help() string {
	return `The folder is what a mirror serves as the root of its address, and what "convoke verify DIR" counts again. Run it as
often as you like, also while the server runs and others read: only what is new is written, and the checkpoints
come last. There is nothing private in it.`
}

// Run writes and says how much.
func (e *exportRecord) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		bar := p.progress(-1, "Files")
		done, err := n.ExportRecord(ctx, e.Dir, bar.set)
		bar.end()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "%d files, %d of them new.\n", done.Files, done.Written)
		return err
	})
}
