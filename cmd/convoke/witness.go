package main

import (
	"context"
	"os/signal"
	"syscall"

	"convoke/internal/app"
)

// witnessCmd runs a witness and nothing else.
type witnessCmd struct {
	Logs string `help:"File with the keys of the logs to cosign, one a line (default: the setting witness_logs)." placeholder:"FILE"`
}

// Help is shown by convoke witness --help.
func (witnessCmd) Help() string {
	return `Cosigns the logs of other nodes as long as they only grow, so that none of them can show two histories. It
keeps what it has signed in the data folder: never bring an older copy of that folder back; delete it and start
anew, with a new key, instead. Give --base-url (or record_name) at the first start: the key is named after it.

The first lines on standard output are its address and its key. Operators of the other nodes put them into the
file of their setting record_policy, as in

  witness NAME KEY ADDRESS
  quorum NAME

A node that runs already is a witness too: set witness_logs there, and "convoke record show" prints its key.`
}

// Run serves until it is interrupted.
func (w *witnessCmd) Run(ctx context.Context, p *program, set Settings) error {
	extra := map[string]string{}
	if w.Logs != "" {
		extra["witness_logs"] = w.Logs
	}
	c, err := set.load(p, extra)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return app.ServeWitness(ctx, c, p.logger(c), p.out)
}
