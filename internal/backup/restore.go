package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/media"
	"convoke/internal/seal"
)

// Errors that say why a restore does not begin. Nothing was changed.
var (
	ErrNotEmpty  = errors.New("there is a node already; a backup is restored into an empty place")
	ErrNoBootKey = errors.New("the boot key of the node that was backed up is missing")
	ErrBootKey   = errors.New("the boot key is not that of the node that was backed up")
)

// Sealed names rows that are of no use without their key: the key of a row's
// scope is Prefix and then the text in Column.
type Sealed struct{ Table, Column, Prefix string }

// Options say what to restore, and where to.
type Options struct {
	File string // path of the backup; read twice
	With []age.Identity

	// MainURL and KeysURL are as in [db.Options]. The main database must be
	// empty; the other may hold keys and tombstones, which are kept.
	MainURL, KeysURL    string
	MainFiles, KeyFiles fs.FS  // their migrations
	Blobs               string // folder of pictures
	Clock               clock.Clock
	Log                 *slog.Logger

	// BootKey must be the one of the node that was backed up, or nil when the
	// backup holds no keys.
	BootKey *seal.BootKey
	// WithoutKeys restores without them: what is sealed is lost.
	WithoutKeys bool
	DryRun      bool // check everything, change nothing

	Sealed  []Sealed
	Drop    []string // kinds of jobs that a restored copy must not do
	Derived []string // as in [Input]
	// Finish makes the derived tables again.
	Finish func(context.Context, *db.DB) error
	// Progress, when not nil, learns how many bytes are read of Size; see
	// [Report].
	Progress func(read int64)
}

// Report says what was restored.
type Report struct {
	Manifest Manifest
	Sums     Sums
	Erased   int64 // sealed rows whose key was destroyed or is not there
	Dropped  int64 // jobs
}

// Restore brings a backup back. When it fails everything is as before, but for
// a PostgreSQL database of keys, which may have got tables.
func Restore(ctx context.Context, o Options) (Report, error) {
	r := &restore{Options: o}
	if r.Progress == nil {
		r.Progress = func(int64) {}
	}
	if err := r.prepare(ctx); err != nil || o.DryRun {
		return r.Report, err
	}
	if err := r.run(ctx); err != nil {
		return r.Report, errors.Join(err, r.undo(context.WithoutCancel(ctx)))
	}
	return r.Report, nil
}

// restore is one run.
type restore struct {
	Options
	Report
	read int64 // bytes, over both passes

	schema, keySchema files // of the backup, marked and not
	stage             stage
	keysNew           bool // the database of keys was not there before
	main, keys        *db.DB
	added             []string // pictures that were not there before
}

// prepare reads the whole file and finds every reason not to begin.
func (r *restore) prepare(ctx context.Context) error {
	var err error
	if r.Manifest, r.Sums, err = r.pass(ctx, nothing{}); err != nil {
		return err
	}
	if r.schema, err = schemaOf(r.MainFiles, r.Manifest.database(mainName), true); err != nil {
		return err
	}
	if r.keySchema, err = schemaOf(r.KeyFiles, r.Manifest.database(keysName), false); err != nil {
		return err
	}
	if err := r.fitBootKey(); err != nil {
		return err
	}
	r.stage = stageFor(r)
	return r.stage.empty(ctx)
}

// pass reads the file once.
func (r *restore) pass(ctx context.Context, to sink) (Manifest, Sums, error) {
	f, err := os.Open(r.File)
	if err != nil {
		return Manifest{}, Sums{}, fmt.Errorf("open the backup: %w", err)
	}
	defer f.Close()
	m, sums, err := read(&counted{ctx, f, r}, r.With, to)
	if ctx.Err() != nil { // which looks like damage from inside
		err = ctx.Err()
	}
	return m, sums, err
}

// counted tells how far the file is read, and stops with its context.
type counted struct {
	ctx context.Context
	r   io.Reader
	of  *restore
}

// Read implements [io.Reader].
func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.of.read += int64(n)
	c.of.Progress(c.of.read)
	return n, err
}

// keyTable is of the schema migrations.Keys.
const keyTable = "seal_key"

func (r *restore) fitBootKey() error {
	i := slices.IndexFunc(r.Sums.Tables, func(s TableSum) bool { return s.Database == keysName && s.Table == keyTable })
	if r.WithoutKeys || i < 0 || r.Sums.Tables[i].Rows == 0 {
		return nil
	}
	if r.BootKey == nil {
		return ErrNoBootKey
	}
	mark, err := Fingerprint(*r.BootKey)
	if err == nil && mark != r.Manifest.BootKey {
		err = ErrBootKey
	}
	return err
}

func (r *restore) run(ctx context.Context) error {
	if err := r.openKeys(ctx); err != nil {
		return err
	}
	var err error
	if r.main, err = r.stage.open(ctx, r.schema); err != nil {
		return err
	}
	if err := r.load(ctx); err != nil {
		return err
	}
	if err := r.upgrade(ctx); err != nil {
		return err
	}
	if err := r.erase(ctx); err != nil {
		return err
	}
	if r.Finish != nil {
		if err := r.Finish(ctx, r.main); err != nil {
			return fmt.Errorf("make derived tables: %w", err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.stage.unmark(ctx, r.main); err != nil {
		return err
	}
	if err := r.close(); err != nil {
		return err
	}
	return r.stage.commit()
}

func (r *restore) options(url string, m fs.FS) db.Options {
	return db.Options{URL: url, Migrations: m, Clock: r.Clock, Log: r.Log, Readers: 2}
}

func (r *restore) keyOptions(m fs.FS) db.Options {
	o := r.options(r.KeysURL, m)
	o.SecureDelete, o.Readers, o.CacheKiB = true, 1, 512
	return o
}

// openKeys opens the database of keys. A new one gets the backup's schema; one
// that is there is brought up to date, and the rows are added to its own.
func (r *restore) openKeys(ctx context.Context) error {
	if !isPostgres(r.KeysURL) {
		if err := os.MkdirAll(filepath.Dir(r.KeysURL), 0o700); err != nil {
			return fmt.Errorf("make the folder of keys: %w", err)
		}
		_, err := os.Stat(r.KeysURL)
		r.keysNew = errors.Is(err, fs.ErrNotExist)
	}
	d, err := db.Open(ctx, r.keyOptions(r.keySchema))
	if err != nil {
		return fmt.Errorf("open the keys: %w", err)
	}
	r.keys = d
	if isPostgres(r.KeysURL) {
		err := d.Read(ctx, func(tx *db.Tx) error {
			names, err := tableNames(ctx, tx)
			r.keysNew = err == nil && len(names) == 0
			return err
		})
		if err != nil {
			return fmt.Errorf("look at the keys: %w", err)
		}
	}
	if r.keysNew {
		return migrate(ctx, d)
	}
	return r.reopenKeys(ctx)
}

func (r *restore) reopenKeys(ctx context.Context) error {
	err := r.keys.Close()
	r.keys = nil
	if err != nil {
		return fmt.Errorf("close the keys: %w", err)
	}
	if r.keys, err = db.Open(ctx, r.keyOptions(r.KeyFiles)); err != nil {
		return fmt.Errorf("open the keys: %w", err)
	}
	return migrate(ctx, r.keys)
}

func migrate(ctx context.Context, d *db.DB) error {
	_, err := d.Migrate(ctx)
	return err
}

// load is the second pass.
func (r *restore) load(ctx context.Context) error {
	to := &loading{r: r, ctx: ctx}
	var err error
	done := func() { r.Progress(r.read) }
	if to.main, err = newLoader(ctx, r.main, r.Derived, done); err != nil {
		return err
	}
	if to.keys, err = newLoader(ctx, r.keys, nil, done); err != nil {
		return err
	}
	to.keys.again = " on conflict do nothing"
	_, sums, err := r.pass(ctx, to)
	if err != nil {
		return err
	}
	if err := errors.Join(to.main.flush(), to.keys.flush()); err != nil {
		return err
	}
	if !slices.Equal(sums.Tables, r.Sums.Tables) {
		return fmt.Errorf("%w (while it was read)", ErrDamaged)
	}
	if err := verify(ctx, r.main, sums.Tables, r.Manifest.database(mainName), r.Derived); err != nil {
		return err
	}
	if !r.keysNew || r.WithoutKeys {
		return nil
	}
	return verify(ctx, r.keys, sums.Tables, r.Manifest.database(keysName), nil)
}

// loading is the sink of the second pass.
type loading struct {
	r          *restore
	ctx        context.Context
	main, keys *loader
	blobs      *media.Folder
}

func (l *loading) manifest(m *Manifest) error {
	for i := range m.Databases {
		d := &m.Databases[i]
		to := l.main
		if d.Name == keysName {
			to = l.keys
		}
		for k := range d.Tables {
			if err := to.fits(&d.Tables[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *loading) row(d *Database, t *Table, values []any) error {
	if d.Name == mainName {
		return l.main.add(t, values)
	}
	if l.r.WithoutKeys && t.Name == keyTable {
		return nil
	}
	return l.keys.add(t, values)
}

func (l *loading) blob(key string, data []byte) error {
	if l.blobs == nil {
		var err error
		if l.blobs, err = media.OpenFolder(l.r.Blobs); err != nil {
			return err
		}
	}
	_, err := l.blobs.Get(l.ctx, key)
	if err != nil {
		l.r.added = append(l.r.added, key)
		err = l.blobs.Put(l.ctx, key, data)
	}
	return err
}

// upgrade applies the migrations that are newer than the backup.
func (r *restore) upgrade(ctx context.Context) error {
	all, err := some(r.MainFiles, true, func(string) bool { return true })
	if err != nil {
		return err
	}
	err = r.main.Close()
	r.main = nil
	if err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	if r.main, err = r.stage.open(ctx, all); err != nil {
		return err
	}
	return r.reopenKeys(ctx)
}

func (r *restore) close() error {
	var errs []error
	for _, d := range []**db.DB{&r.main, &r.keys} {
		if *d != nil {
			errs = append(errs, (*d).Close())
			*d = nil
		}
	}
	return errors.Join(errs...)
}

// undo takes back what a failed restore has done.
func (r *restore) undo(ctx context.Context) error {
	errs := []error{r.stage.undo(ctx, r.main)}
	if r.keys != nil && r.keysNew && isPostgres(r.KeysURL) {
		errs = append(errs, truncate(ctx, r.keys))
	}
	errs = append(errs, r.close())
	if r.keysNew && !isPostgres(r.KeysURL) {
		errs = append(errs, removeSQLite(r.KeysURL))
	}
	if len(r.added) > 0 {
		f, err := media.OpenFolder(r.Blobs)
		errs = append(errs, err)
		for _, key := range r.added {
			if err == nil {
				errs = append(errs, f.Delete(ctx, key))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("take back what was restored: %w", err)
	}
	return nil
}
