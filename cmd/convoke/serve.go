package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"convoke/internal/app"
)

// serveCmd runs the node.
type serveCmd struct {
	Demo bool `help:"Load the bundled sample of real events into an empty database."`
	Dev  bool `help:"Offer pseudo-languages that show texts nobody can translate." hidden:""`
}

// Help is shown by convoke serve --help.
func (serveCmd) Help() string {
	return `With no settings at all it keeps everything in the folder "data" and answers at
http://localhost:8080. One line on standard output says the address once it answers. While nobody is
operator, a link on standard error opens the set-up page; it works once, for 30 minutes. SIGHUP reads the
translations in the folder "locales" of the data folder again.`
}

// Run serves until it is interrupted, and then finishes what was begun.
func (s *serveCmd) Run(ctx context.Context, p *program, set Settings) (err error) {
	flags := map[string]string{}
	if s.Demo {
		flags["demo"] = "true"
	}
	if s.Dev {
		flags["dev"] = "true"
	}
	c, err := set.load(p, flags)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	n, err := app.Open(ctx, c, p.logger(c), app.Options{Migrate: true, Create: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	if c.Demo {
		bar := p.progress(-1, "Loading the sample")
		if _, err := n.LoadDemo(ctx, bar.set); err != nil {
			return err
		}
		bar.end()
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	n.Reload = reload
	return n.Serve(ctx, p.out, p.err)
}
