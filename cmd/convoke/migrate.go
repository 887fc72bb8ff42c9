package main

import (
	"context"
	"fmt"

	"convoke/internal/app"
)

type migrateCmd struct{}

// Help is shown by convoke migrate --help.
func (migrateCmd) Help() string {
	return `"convoke serve" does the same when it starts. An older convoke refuses a database that a newer
one has migrated.`
}

// Run applies what is pending.
func (migrateCmd) Run(ctx context.Context, p *program, set Settings) error {
	n, err := p.node(ctx, set, app.Options{Migrate: true, Create: true})
	if err != nil {
		return err
	}
	defer n.Close()
	_, err = fmt.Fprintln(p.out, "The database is up to date.")
	return err
}
