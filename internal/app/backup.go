package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"convoke/internal/backup"
	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/db/migrations"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/events"
	"convoke/internal/feature/feedback"
	"convoke/internal/feature/ladders"
	"convoke/internal/feature/members"
	"convoke/internal/feature/petitions"
	"convoke/internal/feature/pledges"
	"convoke/internal/feature/rides"
	"convoke/internal/feature/roles"
	"convoke/internal/feature/subscriptions"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/seal"
)

// Files in the data folder that belong to backups.
const (
	backupKeyFile  = "backup.key"  // opens them
	backupLastFile = "backup.last" // when the last one was written
)

// derivedTables are made again from others, so no backup carries them.
func derivedTables() []string { return []string{events.TextTable} }

// sealedRows are the rows that only a key makes useful.
func sealedRows() []backup.Sealed {
	out := append(mailRows(), backup.Sealed{Table: campaigns.SealedTable, Column: campaigns.SealedColumn, Prefix: campaigns.ScopePrefix},
		backup.Sealed{Table: events.ExactTable, Column: events.ExactColumn, Prefix: events.ExactScope})
	for _, table := range []string{attendance.SealedTable, attendance.NoticeTable, feedback.SealedTable} {
		out = append(out, backup.Sealed{Table: table, Column: attendance.SealedColumn, Prefix: attendance.ScopePrefix})
	}
	out = append(out, recordRows()...)
	out = append(out, pollRows()...)
	for _, table := range petitions.SealedTables() {
		out = append(out, backup.Sealed{Table: table, Column: petitions.SealedColumn, Prefix: petitions.ScopePrefix})
	}
	return append(out, backup.Sealed{Table: roles.SealedTable, Column: roles.SealedColumn, Prefix: roles.ScopePrefix},
		backup.Sealed{Table: rides.SealedTable, Column: rides.SealedColumn, Prefix: attendance.ScopePrefix},
		backup.Sealed{Table: members.SealedTable, Column: members.SealedColumn, Prefix: members.ScopePrefix},
		backup.Sealed{Table: pledges.SealedTable, Column: pledges.SealedColumn, Prefix: pledges.ScopePrefix},
		backup.Sealed{Table: ladders.SealedTable, Column: ladders.SealedColumn, Prefix: ladders.ScopePrefix},
		backup.Sealed{Table: subscriptions.SealedTable, Column: subscriptions.SealedColumn, Prefix: subscriptions.ScopePrefix})
}

// recordRows are the sealed ones of the public record. Of slots only the key goes:
// how many credentials it gave out stays.
func recordRows() []backup.Sealed {
	out := []backup.Sealed{
		{Table: record.KeyTable, Column: record.KeyName, Prefix: record.KeyScopes},
		{Table: box.SlotTable, Column: "roll_id", Number: "n", Prefix: box.SlotScopes, Blank: "sealed"},
	}
	for _, table := range box.TagTables() {
		out = append(out, backup.Sealed{Table: table, Column: "roll_id", Prefix: box.RollScopes})
	}
	return out
}

// BackupKeyPath is where the key of a node's own backups lies.
func BackupKeyPath(c config.Config) string { return filepath.Join(c.Data, backupKeyFile) }

// BackupKey returns the public key of the node's own backups; created says that
// it was made just now.
func (n *Node) BackupKey() (to age.Recipient, created bool, err error) {
	return backup.OwnKey(BackupKeyPath(n.Config), n.Clock.Now())
}

// Backup writes the two files of a backup, encrypted to the recipients, while
// the node goes on. The keys come second, so that they open all that is in
// main. version is the program's; the result is that of main.
func (n *Node) Backup(ctx context.Context, main, keys io.Writer, to []age.Recipient, version string, progress func(rows int)) (backup.Result, error) {
	boot, err := seal.LoadBootKey(n.Config.BootKeyFile, false)
	if err != nil {
		return backup.Result{}, err
	}
	mark, err := backup.Fingerprint(boot)
	if err != nil {
		return backup.Result{}, err
	}
	done, err := backup.Write(ctx, main, to, backup.Input{
		Main: n.DB, Blobs: filepath.Join(n.Config.Data, "blobs"), Derived: derivedTables(), Version: version,
		Now: n.Clock.Now(), Progress: progress,
	})
	if err == nil {
		_, err = backup.Write(ctx, keys, to, backup.Input{Keys: n.Keys, BootKey: mark, Version: version, Now: n.Clock.Now()})
	}
	return done, err
}

// BackupDone notes that a backup is whole, for doctor.
func (n *Node) BackupDone() error {
	path := filepath.Join(n.Config.Data, backupLastFile)
	text := n.Clock.Now().Format(time.RFC3339) + "\n"
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return fmt.Errorf("note the time of the backup: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("note the time of the backup: %w", err)
	}
	return nil
}

// lastBackup is the zero time when there was none.
func lastBackup(c config.Config) (time.Time, error) {
	b, err := os.ReadFile(filepath.Join(c.Data, backupLastFile))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read the time of the last backup: %w", err)
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(string(b)))
	if err != nil {
		return time.Time{}, fmt.Errorf("read the time of the last backup: %w", err)
	}
	return t, nil
}

// RestoreOptions say how to restore.
type RestoreOptions struct {
	Identity    string // path of the key; "" is the folder's own
	Keys        string // path of the keys file
	DryRun      bool
	WithoutKeys bool
	Progress    func(read int64)
	Halted      func()      // called when the public record takes nothing more; may be nil
	Clock       clock.Clock // nil is the machine's
}

// Restore brings the backup in file back into the empty place that the settings
// name. No node is open meanwhile.
func Restore(ctx context.Context, c config.Config, log *slog.Logger, file string, o RestoreOptions) (backup.Report, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	path := o.Identity
	if path == "" {
		path = BackupKeyPath(c)
	}
	with, err := backup.ReadKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		return backup.Report{}, fmt.Errorf("there is no key at %s; name the one that opens the backup with --identity: %w", path, err)
	}
	if err != nil {
		return backup.Report{}, err
	}
	boot, err := bootKeyIfThere(c.BootKeyFile)
	if err != nil {
		return backup.Report{}, err
	}
	r, err := backup.Restore(ctx, backup.Options{
		File: file, KeysFile: o.Keys, With: with, MainURL: c.DatabaseURL, KeysURL: c.KeysURL, MainFiles: migrations.Main, KeyFiles: migrations.Keys,
		Blobs: filepath.Join(c.Data, "blobs"), Clock: o.Clock, Log: log, BootKey: boot, WithoutKeys: o.WithoutKeys,
		DryRun: o.DryRun, Sealed: sealedRows(), Drop: messageKinds(), Derived: derivedTables(), Progress: o.Progress,
		Finish: func(ctx context.Context, d *db.DB) error {
			// Where sign-ups were lost with their keys, places are free again.
			if _, err := recountSignUps(ctx, d); err != nil {
				return err
			}
			if err := subscriptions.Restored(ctx, d); err != nil {
				return err
			}
			halted, err := record.Restored(ctx, d)
			if err != nil {
				return err
			}
			if halted && o.Halted != nil {
				o.Halted()
			}
			return events.New(events.Deps{DB: d}).RebuildText(ctx)
		},
	})
	switch {
	case err == nil && boot == nil && !o.DryRun: // nothing is wrapped by the old one
		_, err = seal.LoadBootKey(c.BootKeyFile, true)
	case errors.Is(err, backup.ErrNoKeys):
		err = fmt.Errorf("%w: there is none at %s; name one with --keys, best the newest that you have, or restore --without-keys, which loses the sign-ups", err, o.Keys)
	case errors.Is(err, backup.ErrNotMain), errors.Is(err, backup.ErrNotKeys):
		err = fmt.Errorf("%w; name the backup first and its keys with --keys", err)
	case errors.Is(err, backup.ErrNoBootKey), errors.Is(err, backup.ErrBootKey):
		err = fmt.Errorf("%w: put it at %s, or restore --without-keys, which loses the sign-ups", err, c.BootKeyFile)
	case errors.Is(err, seal.ErrBootKey):
		err = fmt.Errorf("%w, which holds keys already: put the boot key of the node at %s, or move that database away", err, c.BootKeyFile)
	case errors.Is(err, backup.ErrNotEmpty):
		err = fmt.Errorf("%w; name another folder with --data, or move that one away", err)
	case errors.Is(err, backup.ErrIdentity):
		err = fmt.Errorf("%w (tried %s; name another with --identity)", err, path)
	}
	return r, err
}

func bootKeyIfThere(path string) (*seal.BootKey, error) {
	k, err := seal.LoadBootKey(path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &k, nil
}
