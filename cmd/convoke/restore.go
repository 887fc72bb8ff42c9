package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"convoke/internal/app"
	"convoke/internal/backup"
)

// restoreCmd brings a backup back.
type restoreCmd struct {
	File        string `arg:"" help:"A file that \"convoke backup\" wrote."`
	Keys        string `help:"The keys file, which may be newer than FILE (default: FILE.keys)." placeholder:"PATH" xor:"keys"`
	Identity    string `help:"The age key file that opens both (default: DATA/backup.key)." placeholder:"KEYFILE"`
	DryRun      bool   `help:"Read and check everything, change nothing."`
	WithoutKeys bool   `help:"Restore without a keys file and the boot key. The sign-ups are then lost." xor:"keys"`
}

// Help is shown by convoke restore --help.
func (restoreCmd) Help() string {
	return `It restores into an empty data folder (--data) or an empty PostgreSQL database, and refuses any other.
Put the boot key of the node there first, at DATA/boot.key. If the folder still has the keys.db of the
node, leave it: what was erased after the backup is then erased from the backup too.

With FILE goes a keys file, FILE.keys or another that --keys names. Take the newest that you have: sign-ups
to events whose key is not in it are erased. One that is older than FILE does too, without the sign-ups to
events that came later. Keep FILE for 30 days at most, and keys files for 7.

Both files are read once to check them and once to restore them. When something fails, nothing is left
behind, and after a crash the same command can be run again. Messages to people that were waiting in the
backup are dropped, so a copy sends no mail. A public record with lines in it is halted afterwards, see
"convoke record resume --help", and a witness gets a new key.`
}

// Run ends with 0 only when everything is back and compared.
func (r *restoreCmd) Run(ctx context.Context, p *program, set Settings) error {
	c, err := set.load(p, nil)
	if err != nil {
		return err
	}
	c.LogLevel = max(c.LogLevel, slog.LevelWarn)
	if r.Keys == "" {
		r.Keys = r.File + backup.KeysSuffix
	}
	bar := p.progress(r.size(), "Bytes")
	halted := false
	done, err := app.Restore(ctx, c, p.logger(c), r.File, app.RestoreOptions{
		Keys: r.Keys, Identity: r.Identity, DryRun: r.DryRun, WithoutKeys: r.WithoutKeys, Progress: func(n int64) { bar.set(int(n)) },
		Halted: func() { halted = true },
	})
	bar.end()
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d rows and %d pictures of %s", done.Sums.Rows(), done.Sums.Blobs.Count, done.Manifest.Created.Format(time.RFC3339))
	if done.KeysOlder() {
		p.tell("The keys file is of %s, older than the backup: sign-ups to events made since then are lost.\n", done.KeysManifest.Created.Format(time.RFC3339))
	}
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
	if halted {
		p.tell("The public record takes nothing more until you have chosen how it goes on: convoke record resume --help.\n")
	}
	_, err = fmt.Fprintf(p.out, "Restored %s.\n", what)
	return err
}

// size is how many bytes will be read, or -1 when that is not known.
func (r *restoreCmd) size() int64 {
	files, total := []string{r.File, r.Keys}, int64(0)
	if r.WithoutKeys {
		files = files[:1]
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return -1
		}
		total += 2 * info.Size()
	}
	return total
}
