package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"convoke/internal/app"
)

// restoreCmd brings a backup back.
type restoreCmd struct {
	File        string `arg:"" help:"A file that \"convoke backup\" wrote."`
	Identity    string `help:"The age key file that opens it (default: DATA/backup.key)." placeholder:"KEYFILE"`
	DryRun      bool   `help:"Read and check everything, change nothing."`
	WithoutKeys bool   `help:"Restore without the boot key. What people who signed up wrote is then lost."`
}

// Help is shown by convoke restore --help.
func (restoreCmd) Help() string {
	return `It restores into an empty data folder (--data) or an empty PostgreSQL database, and refuses any other.
Put the boot key of the node there first, at DATA/boot.key. If the folder still has the keys.db of the
node, leave it: what was erased after the backup is then erased from the backup too.

The file is read once to check it and once to restore it. When something fails, nothing is left behind, and
after a crash the same command can be run again. Messages to people that were waiting in the backup are
dropped, so a copy sends no mail.`
}

// Run ends with 0 only when everything is back and compared.
func (r *restoreCmd) Run(ctx context.Context, p *program, set Settings) error {
	c, err := set.load(p, nil)
	if err != nil {
		return err
	}
	c.LogLevel = max(c.LogLevel, slog.LevelWarn)
	total := int64(-1)
	if info, err := os.Stat(r.File); err == nil {
		total = 2 * info.Size()
	}
	bar := p.progress(total, "Bytes")
	done, err := app.Restore(ctx, c, p.logger(c), r.File, app.RestoreOptions{
		Identity: r.Identity, DryRun: r.DryRun, WithoutKeys: r.WithoutKeys, Progress: func(n int64) { bar.set(int(n)) },
	})
	bar.end()
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d rows and %d pictures of %s", done.Sums.Rows(), done.Sums.Blobs.Count, done.Manifest.Created.Format(time.RFC3339))
	if r.DryRun {
		_, err = fmt.Fprintf(p.out, "The backup is whole: %s. Nothing was changed.\n", what)
		return err
	}
	if done.Erased > 0 {
		p.tell("Erased again %d sign-ups whose key was destroyed or is missing.\n", done.Erased)
	}
	if done.Dropped > 0 {
		p.tell("Dropped %d messages that were waiting to be sent.\n", done.Dropped)
	}
	_, err = fmt.Fprintf(p.out, "Restored %s.\n", what)
	return err
}
