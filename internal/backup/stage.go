package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"convoke/internal/db"
)

// stage is where the main database grows until it is whole.
type stage interface {
	// empty returns [ErrNotEmpty] when there is something already.
	empty(ctx context.Context) error
	// open opens it with these migrations and applies them.
	open(ctx context.Context, m files) (*db.DB, error)
	// unmark says that it is whole; the database is then closed.
	unmark(ctx context.Context, d *db.DB) error
	commit() error
	// undo removes it; d may be nil.
	undo(ctx context.Context, d *db.DB) error
}

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

func stageFor(r *restore) stage {
	if isPostgres(r.MainURL) {
		return &serverStage{r: r}
	}
	return &fileStage{r: r, path: r.MainURL + ".restoring"}
}

// fileStage is an SQLite file under another name.
type fileStage struct {
	r     *restore
	path  string
	fresh bool
}

func (s *fileStage) empty(context.Context) error {
	_, err := os.Stat(s.r.MainURL)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a database: %w", err)
	}
	return fmt.Errorf("%w: %s is there", ErrNotEmpty, s.r.MainURL)
}

func (s *fileStage) open(ctx context.Context, m files) (*db.DB, error) {
	if !s.fresh { // what a killed restore left
		if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
			return nil, fmt.Errorf("make the data folder: %w", err)
		}
		if err := removeSQLite(s.path); err != nil {
			return nil, err
		}
		s.fresh = true
	}
	return openMigrated(ctx, s.r.options(s.path, m))
}

func openMigrated(ctx context.Context, o db.Options) (*db.DB, error) {
	d, err := db.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, d); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (s *fileStage) unmark(ctx context.Context, d *db.DB) error { return unmark(ctx, d) }

func unmark(ctx context.Context, d *db.DB) error {
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "delete from migration where name = $1", unfinished)
		return err
	})
	if err != nil {
		return fmt.Errorf("finish the restore: %w", err)
	}
	return nil
}

// commit gives the closed file its name. Closing has moved the write-ahead log
// into it.
func (s *fileStage) commit() error {
	if info, err := os.Stat(s.path + "-wal"); err == nil && info.Size() > 0 {
		return errors.New("finish the restore: another program has the new database open")
	}
	for _, ext := range []string{"-wal", "-shm"} {
		if err := os.Remove(s.path + ext); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("finish the restore: %w", err)
		}
	}
	// Link, unlike rename, does not replace a database that came meanwhile.
	if err := os.Link(s.path, s.r.MainURL); err != nil {
		return fmt.Errorf("finish the restore: %w", err)
	}
	if err := errors.Join(os.Remove(s.path), syncDir(filepath.Dir(s.path))); err != nil {
		return fmt.Errorf("finish the restore: %w", err)
	}
	return nil
}

func (s *fileStage) undo(_ context.Context, d *db.DB) error {
	if !s.fresh {
		return nil
	}
	var err error
	if d != nil {
		err = d.Close()
		s.r.main = nil
	}
	return errors.Join(err, removeSQLite(s.path))
}

func removeSQLite(path string) error {
	for _, ext := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + ext); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove an unfinished database: %w", err)
		}
	}
	return nil
}

// serverStage is the PostgreSQL database itself, marked.
type serverStage struct {
	r       *restore
	begun   bool
	leftBy  bool // an earlier restore was killed here
	emptied bool
}

func (s *serverStage) empty(ctx context.Context) (err error) {
	d, err := db.Open(ctx, s.r.options(s.r.MainURL, s.r.schema))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Read(ctx, func(tx *db.Tx) error {
		var name string
		if err := tx.Get(ctx, "select cast(current_database() as text)", nil, &name); err != nil {
			return err
		}
		tables, err := tableNames(ctx, tx)
		if err != nil || len(tables) == 0 {
			return err
		}
		if !slices.Contains(tables, migrationTable) {
			return fmt.Errorf("%w: the PostgreSQL database %q has tables of another program", ErrNotEmpty, name)
		}
		done, err := applied(ctx, tx)
		if err != nil {
			return err
		}
		if err := s.older(done); err != nil {
			return fmt.Errorf("the PostgreSQL database %q %w", name, err)
		}
		if s.leftBy {
			return nil
		}
		return noRows(ctx, tx, name, tables)
	})
}

// older makes sure that the backup's schema can be made of what is there.
func (s *serverStage) older(done []Migration) error {
	for _, m := range done {
		if m.Name == unfinished {
			s.leftBy = true
			continue
		}
		_, both := s.r.schema[m.Name+".sql"]
		_, one := s.r.schema[m.Name+"."+db.Postgres.String()+".sql"]
		if !both && !one {
			return errors.New("has a newer schema than the backup; please make a new, empty one for it")
		}
	}
	return nil
}

func noRows(ctx context.Context, tx *db.Tx, name string, tables []string) error {
	for _, t := range tables {
		if t == migrationTable {
			continue
		}
		var n int
		if err := tx.Get(ctx, "select count(*) from (select 1 from "+quote(t)+" limit 1) x", nil, &n); err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%w: the PostgreSQL database %q has rows in table %s", ErrNotEmpty, name, t)
		}
	}
	return nil
}

func (s *serverStage) open(ctx context.Context, m files) (*db.DB, error) {
	d, err := openMigrated(ctx, s.r.options(s.r.MainURL, m))
	if err != nil {
		return nil, err
	}
	s.begun = true
	if s.leftBy && !s.emptied {
		if err := truncate(ctx, d); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	s.emptied = true
	return d, nil
}

// unmark also sets the counters of new row numbers behind the rows.
func (s *serverStage) unmark(ctx context.Context, d *db.DB) error {
	err := d.Write(ctx, func(tx *db.Tx) error {
		all, err := db.Query(ctx, tx, `select cast(table_name as text), cast(column_name as text) from information_schema.columns
			where table_schema = current_schema() and is_identity = 'YES'`, nil, func(scan func(...any) error) ([2]string, error) {
			var x [2]string
			return x, scan(&x[0], &x[1])
		})
		if err != nil {
			return err
		}
		for _, x := range all {
			q := fmt.Sprintf("select setval(pg_get_serial_sequence($1, $2), (select coalesce(max(%s), 0) + 1 from %s), false)", quote(x[1]), quote(x[0]))
			var n int64
			if err := tx.Returning(ctx, q, []any{quote(x[0]), x[1]}, &n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set the row counters: %w", err)
	}
	return unmark(ctx, d)
}

func (s *serverStage) commit() error { return nil }

func (s *serverStage) undo(ctx context.Context, d *db.DB) error {
	if !s.begun {
		return nil
	}
	if d == nil {
		var err error
		if d, err = db.Open(ctx, s.r.options(s.r.MainURL, s.r.schema)); err != nil {
			return err
		}
		s.r.main = d
	}
	return errors.Join(truncate(ctx, d), unmark(ctx, d))
}

// truncate empties every table but that of migrations.
func truncate(ctx context.Context, d *db.DB) error {
	err := d.Write(ctx, func(tx *db.Tx) error {
		names, err := tableNames(ctx, tx)
		names = slices.DeleteFunc(names, func(n string) bool { return n == migrationTable })
		if err != nil || len(names) == 0 {
			return err
		}
		_, err = tx.Exec(ctx, "truncate "+quoteAll(names))
		return err
	})
	if err != nil {
		return fmt.Errorf("empty the tables: %w", err)
	}
	return nil
}
