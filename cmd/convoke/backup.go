package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"convoke/internal/app"
	"convoke/internal/backup"
)

// backupCmd writes everything into one file.
type backupCmd struct {
	File      string   `arg:"" help:"The file to write; an older backup there is replaced. - is standard output."`
	Recipient []string `help:"Encrypt to this public key, whose secret part is kept elsewhere. May be repeated." placeholder:"age1..." sep:"none"`
}

// Help is shown by convoke backup --help.
func (backupCmd) Help() string {
	return `The node may go on serving meanwhile. The file holds the database, the wrapped keys of personal fields
and all pictures, encrypted with age. It can be restored on SQLite and on PostgreSQL, wherever it was made.

Best: run "age-keygen -o node-backup.key" on a machine that is not the server, keep that file there, and
give the public key that it prints with --recipient. Who takes the server and its backups then has no key.

Without --recipient the key is DATA/backup.key, made by the first backup. Keep a copy of it away from the
server: without it nobody can open the backups.

The boot key (DATA/boot.key) is never in a backup, and a restore needs it for what people who signed up
wrote. Keep a copy of it too, apart from the backups. Delete backups that are older than 30 days.`
}

// Run writes the whole file or none.
func (b *backupCmd) Run(ctx context.Context, p *program, set Settings) error {
	to, err := backup.Recipients(b.Recipient)
	if err != nil {
		return usageError{err}
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
		var done backup.Result
		write := func(w io.Writer) (err error) {
			done, err = n.Backup(ctx, w, to, version, bar.set)
			return err
		}
		if b.File == "-" {
			err = write(p.out)
		} else {
			err = backup.WriteFile(b.File, write)
		}
		bar.end()
		if err != nil {
			return err
		}
		for _, key := range done.Damaged {
			p.tell("The picture %s is damaged on the disk and was left out.\n", key)
		}
		p.tell("Saved %d rows and %d pictures.\n", done.Sums.Rows(), done.Sums.Blobs.Count)
		return n.BackupDone()
	})
}

// tell says something to the operator, apart from what a command puts out. It
// stops nothing when nobody can read it.
func (p *program) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(p.err, strings.TrimPrefix(format, "\n"), args...)
}
