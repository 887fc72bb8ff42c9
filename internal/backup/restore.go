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
	ErrNoKeys    = errors.New("the keys file of the backup is missing")
)

// Sealed names rows that are of no use without their key: the key of a row's
// scope is Prefix and then the text in Column, and behind a colon the number in
// Number, where there is one. Rows without their key are deleted; where the rest
// of the row is still of use, Blank names the column that is emptied instead.
type Sealed struct{ Table, Column, Prefix, Number, Blank string }

// name is what identifies a row's scope, as SQL.
func (s *Sealed) name() string {
	if s.Number == "" {
		return quote(s.Column)
	}
	return "(" + quote(s.Column) + " || ':' || cast(" + quote(s.Number) + " as text))"
}

// sealed is the condition that a row still holds something sealed, as SQL.
func (s *Sealed) sealed() string {
	if s.Blank == "" {
		return "1 = 1"
	}
	return "length(" + quote(s.Blank) + ") > 0"
}

// erase is the statement that erases the rows of a scope; it takes the scope's
// name and, with Blank, an empty value.
func (s *Sealed) erase() string {
	if s.Blank == "" {
		return "delete from " + quote(s.Table) + " where " + s.name() + " = $1"
	}
	return "update " + quote(s.Table) + " set " + quote(s.Blank) + " = $2 where " + s.name() + " = $1"
}

// Options say what to restore, and where to.
type Options struct {
	// File and KeysFile are paths; both files are read twice. The keys may be of
	// another day: what has no key there is erased.
	File, KeysFile string
	// WithoutKeys restores without KeysFile: what is sealed is lost, but for
	// what keys in the other database open.
	WithoutKeys bool
	With        []age.Identity

	// MainURL and KeysURL are as in [db.Options]. The main database must be
	// empty; the other may hold keys and tombstones, which are kept.
	MainURL, KeysURL    string
	MainFiles, KeyFiles fs.FS  // their migrations
	Blobs               string // folder of pictures
	Clock               clock.Clock
	Log                 *slog.Logger

	// BootKey must be the one of the node that was backed up, or nil when there
	// are no keys.
	BootKey *seal.BootKey
	DryRun  bool // check everything, change nothing

	Sealed  []Sealed
	Drop    []string // kinds of jobs that a restored copy must not do
	Derived []string // as in [Input]
	// Finish makes the derived tables again.
	Finish func(context.Context, *db.DB) error
	// Progress, when not nil, learns how many bytes are read, of twice the size
	// of both files.
	Progress func(read int64)
}

// Report says what was restored.
type Report struct {
	Manifest     Manifest
	Sums         Sums
	KeysManifest Manifest // empty without keys, as KeysSums
	KeysSums     Sums
	Erased       int64 // sealed rows whose key was destroyed or is not there
	Dropped      int64 // jobs
}

// KeysOlder says that the keys are of an earlier time than the rows, so that
// keys made in between are not there.
func (r *Report) KeysOlder() bool {
	return r.KeysManifest.Format > 0 && r.KeysManifest.Created.Before(r.Manifest.Created)
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
	read int64 // bytes of all files, over both passes

	schema, keySchema files // of the two files, marked and not
	stage             stage
	keysNew           bool // the database of keys was not there before
	main, keys        *db.DB
	added             []string // pictures that were not there before
}

// prepare reads both files and finds every reason not to begin.
func (r *restore) prepare(ctx context.Context) error {
	var err error
	if r.Manifest, r.Sums, err = r.pass(ctx, r.File, mainName, keysThere{r: r}); err != nil {
		return err
	}
	if r.schema, err = schemaOf(r.MainFiles, r.Manifest.database(mainName), true); err != nil {
		return err
	}
	if err := r.prepareKeys(ctx); err != nil {
		return err
	}
	r.stage = stageFor(r)
	return r.stage.empty(ctx)
}

func (r *restore) prepareKeys(ctx context.Context) (err error) {
	if r.WithoutKeys {
		r.keySchema, err = some(r.KeyFiles, false, func(string) bool { return true })
		return err
	}
	if r.KeysManifest, r.KeysSums, err = r.pass(ctx, r.KeysFile, keysName, nothing{}); err != nil {
		return err
	}
	if r.keySchema, err = schemaOf(r.KeyFiles, r.KeysManifest.database(keysName), false); err != nil {
		return err
	}
	return r.fitBootKey()
}

// keysThere looks for the keys file as soon as the other proves to be a backup,
// and not after all of it.
type keysThere struct {
	nothing
	r *restore
}

func (k keysThere) manifest(*Manifest) error {
	if k.r.WithoutKeys {
		return nil
	}
	_, err := os.Stat(k.r.KeysFile)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNoKeys
	}
	return err
}

// pass reads one file once; name is of the database that it must hold.
func (r *restore) pass(ctx context.Context, file, name string, to sink) (Manifest, Sums, error) {
	f, err := os.Open(file)
	if err != nil {
		return Manifest{}, Sums{}, fmt.Errorf("open the backup: %w", err)
	}
	defer f.Close()
	m, sums, err := read(&counted{ctx, f, r}, r.With, expecting{to, name})
	switch {
	case ctx.Err() != nil: // which looks like damage from inside
		err = ctx.Err()
	case err != nil && !errors.Is(err, ErrNoKeys):
		err = fmt.Errorf("%s: %w", file, err)
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
	i := slices.IndexFunc(r.KeysSums.Tables, func(s TableSum) bool { return s.Table == keyTable })
	if i < 0 || r.KeysSums.Tables[i].Rows == 0 {
		return nil
	}
	if r.BootKey == nil {
		return ErrNoBootKey
	}
	mark, err := Fingerprint(*r.BootKey)
	if err == nil && mark != r.KeysManifest.BootKey {
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

// openKeys opens the database of keys. A new one gets the file's schema; one
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
	done := func() { r.Progress(r.read) }
	l, err := newLoader(ctx, r.main, r.Derived, done)
	if err != nil {
		return err
	}
	from := r.Manifest.database(mainName)
	if err := r.loadFile(ctx, r.File, from, l, &r.Sums); err != nil {
		return err
	}
	if err := verify(ctx, r.main, r.Sums.Tables, from, r.Derived); err != nil || r.WithoutKeys {
		return err
	}
	if l, err = newLoader(ctx, r.keys, nil, done); err != nil {
		return err
	}
	l.again = " on conflict do nothing"
	from = r.KeysManifest.database(keysName)
	if err := r.loadFile(ctx, r.KeysFile, from, l, &r.KeysSums); err != nil || !r.keysNew {
		return err
	}
	return verify(ctx, r.keys, r.KeysSums.Tables, from, nil)
}

// loadFile loads the rows of one file, which must be as in the first pass.
func (r *restore) loadFile(ctx context.Context, file string, from *Database, to *loader, want *Sums) error {
	_, sums, err := r.pass(ctx, file, from.Name, &loading{r: r, ctx: ctx, rows: to})
	if err == nil {
		err = to.flush()
	}
	if err == nil && !slices.Equal(sums.Tables, want.Tables) {
		err = fmt.Errorf("%s: %w (while it was read)", file, ErrDamaged)
	}
	return err
}

// loading is the sink of the second pass.
type loading struct {
	r     *restore
	ctx   context.Context
	rows  *loader
	blobs *media.Folder
}

func (l *loading) manifest(m *Manifest) error {
	d := &m.Databases[0]
	for i := range d.Tables {
		if err := l.rows.fits(&d.Tables[i]); err != nil {
			return err
		}
	}
	return nil
}

func (l *loading) row(t *Table, values []any) error { return l.rows.add(t, values) }

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
