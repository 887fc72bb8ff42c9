package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Erase removes what committed deletes from tables left behind in the
// database's own files. On SQLite, opened with SecureDelete, it moves the
// write-ahead log into the file and truncates it; it fails when a reader holds
// an old snapshot for longer than the busy timeout, and may be called again. On
// PostgreSQL it rewrites the tables, which locks them meanwhile and so is for
// small ones. It cannot reach the server's write-ahead log, which is recycled
// in time, nor backups.
func (d *DB) Erase(ctx context.Context, tables ...string) error {
	if d.engine == Postgres {
		for _, t := range tables {
			q := "vacuum full " + pgx.Identifier{t}.Sanitize()
			if _, err := d.sql.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("rewrite table %s: %w", t, wrap(err))
			}
		}
		return nil
	}
	// A connection of its own: the writing one belongs to its goroutine.
	s, err := sql.Open("sqlite", sqliteDSN(d.opt, d.opt.CacheKiB, false))
	if err != nil {
		return fmt.Errorf("open to clear the write-ahead log: %w", err)
	}
	var busy, frames, moved int
	err = s.QueryRowContext(ctx, "pragma wal_checkpoint(truncate)").Scan(&busy, &frames, &moved)
	if err == nil && busy != 0 {
		err = errors.New("a reader is in the way")
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return fmt.Errorf("clear the write-ahead log: %w", err)
	}
	return nil
}
