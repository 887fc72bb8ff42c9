package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"convoke/internal/app"
	"convoke/internal/backup"
)

// backupCmd writes everything into two files.
type backupCmd struct {
	File      string   `arg:"" help:"The file to write; an older backup there is replaced. - is standard output, and needs --keys."`
	Keys      string   `help:"The file for the keys of personal fields (default: FILE.keys)." placeholder:"PATH"`
	Recipient []string `help:"Encrypt to this public key, whose secret part is kept elsewhere. May be repeated." placeholder:"age1..." sep:"none"`
}

// Help is shown by convoke backup --help.
func (backupCmd) Help() string {
	return `The node may go on serving meanwhile. FILE holds the database and all pictures, FILE.keys the wrapped keys
of what people who signed up wrote, both encrypted with age. They can be restored on SQLite and on
PostgreSQL, wherever they were made.

They are two because they are kept for different times: FILE for 30 days at most, FILE.keys for 7. A sign-up
is erased by destroying its event's key, and an old keys file would open it again. To restore an old FILE,
take the newest keys file: it opens what has not been erased since.

Best: run "age-keygen -o node-backup.key" on a machine that is not the server, keep that file there, and
give the public key that it prints with --recipient. Who takes the server and its backups then has no key.

Without --recipient the key is DATA/backup.key, made by the first backup. Keep a copy of it away from the
server: without it nobody can open the backups.

The boot key (DATA/boot.key) is never in a backup, and a restore needs it for what people who signed up
wrote. Keep a copy of it too, apart from the backups.`
}

// Run writes both files whole or none.
func (b *backupCmd) Run(ctx context.Context, p *program, set Settings) error {
	to, err := backup.Recipients(b.Recipient)
	switch {
	case err != nil:
	case b.Keys == "-":
		err = errors.New("--keys names a file; only the backup itself can go to standard output")
	case b.File == "-" && b.Keys == "":
		err = errors.New("the keys of personal fields go into a file of their own: name it with --keys PATH")
	}
	if err != nil {
		return usageError{err}
	}
	if b.Keys == "" {
		b.Keys = b.File + backup.KeysSuffix
	}
	return p.withNode(ctx, set, func(n *app.Node) error {
		if len(to) == 0 {
			own, created, err := n.BackupKey()
			if err != nil {
				return err
			}
			if created {
				p.tell("Made the key of your backups: %s\nKeep a copy of it away from this server: without it nobody can open the backups.\nKeep a copy of %s too, somewhere else: it is in no backup.\n",
					app.BackupKeyPath(n.Config), n.Config.BootKeyFile)
			}
			to = []age.Recipient{own}
		}
		bar := p.progress(-1, "Rows")
		done, err := b.write(ctx, n, p.out, to, bar.set)
		bar.end()
		if err != nil {
			return err
		}
		for _, key := range done.Damaged {
			p.tell("The picture %s is damaged on the disk and was left out.\n", key)
		}
		p.tell("Saved %d rows and %d pictures; the keys of personal fields are in %s.\n", done.Sums.Rows(), done.Sums.Blobs.Count, b.Keys)
		return n.BackupDone()
	})
}

func (b *backupCmd) write(ctx context.Context, n *app.Node, out io.Writer, to []age.Recipient, progress func(int)) (backup.Result, error) {
	var done backup.Result
	paths := []string{b.File, b.Keys}
	if b.File == "-" {
		paths = paths[1:]
	}
	err := backup.WriteFiles(paths, func(w []io.Writer) (err error) {
		if b.File == "-" {
			w = []io.Writer{out, w[0]}
		}
		done, err = n.Backup(ctx, w[0], w[1], to, version, progress)
		return err
	})
	return done, err
}

// tell says something to the operator, apart from what a command puts out. It
// stops nothing when nobody can read it.
func (p *program) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(p.err, strings.TrimPrefix(format, "\n"), args...)
}
