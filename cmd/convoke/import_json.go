package main

import (
	"context"
	"io"

	"convoke/internal/app"
	"convoke/internal/feature/events"
)

type importOSDI struct {
	importFlags
	File string `arg:"" help:"What the API answered; - is standard input."`
	Zone string `help:"Time zone of times that name none, where the place tells none." placeholder:"ZONE"`
}

// Run is like that of events.
func (i *importOSDI) Run(ctx context.Context, p *program, set Settings) error {
	return i.run(ctx, p, set, i.File, func(n *app.Node, r io.Reader, o events.ImportOptions, rep *events.Report) error {
		o.Source.Kind, o.Zone = "osdi", i.Zone
		return n.Events.ImportOSDI(ctx, r, o, rep)
	})
}

type importMobilize struct {
	importFlags
	File string `arg:"" help:"What the API answered; - is standard input."`
}

// Run is like that of events.
func (i *importMobilize) Run(ctx context.Context, p *program, set Settings) error {
	return i.run(ctx, p, set, i.File, func(n *app.Node, r io.Reader, o events.ImportOptions, rep *events.Report) error {
		o.Source.Kind = "mobilize"
		return n.Events.ImportMobilize(ctx, r, o, rep)
	})
}
