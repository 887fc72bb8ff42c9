package backup

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"convoke/internal/db"
)

// unfinished is a migration that only a restore knows. While a database has it,
// every other command refuses the database, naming it.
const unfinished = "zz_unfinished_restore_run_convoke_restore_again"

const unfinishedSQL = "-- nothing: the name is the message\n"

// files is a flat folder of migrations in memory.
type files map[string][]byte

// Open implements [fs.FS]; migrations are read by name and pattern only.
func (f files) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
}

// ReadFile implements [fs.ReadFileFS].
func (f files) ReadFile(name string) ([]byte, error) {
	b, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return slices.Clone(b), nil
}

// Glob implements [fs.GlobFS].
func (f files) Glob(pattern string) ([]string, error) {
	var out []string
	for n := range f {
		ok, err := path.Match(pattern, n)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// some copies the migrations that keep says, and the mark of an unfinished
// restore when asked.
func some(all fs.FS, mark bool, keep func(name string) bool) (files, error) {
	out := files{}
	names, err := fs.Glob(all, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	for _, n := range names {
		base, _, _ := strings.Cut(n, ".")
		if !keep(base) {
			continue
		}
		if out[n], err = fs.ReadFile(all, n); err != nil {
			return nil, fmt.Errorf("read migration %s: %w", n, err)
		}
	}
	if mark {
		out[unfinished+".sql"] = []byte(unfinishedSQL)
	}
	return out, nil
}

// schemaOf returns the migrations that made d, when this program has them all.
func schemaOf(all fs.FS, d *Database, mark bool) (files, error) {
	e := db.SQLite
	if d.Engine == db.Postgres.String() {
		e = db.Postgres
	}
	ours, err := db.Migrations(all, e)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, m := range ours {
		sums[m.Name] = m.Checksum
	}
	theirs := map[string]bool{}
	for _, m := range d.Migrations {
		sum, ok := sums[m.Name]
		if !ok {
			return nil, fmt.Errorf("%w (it has %q)", ErrNewer, m.Name)
		}
		if sum != m.Checksum {
			return nil, fmt.Errorf("%w: %s", db.ErrChanged, m.Name)
		}
		theirs[m.Name] = true
	}
	return some(all, mark, func(name string) bool { return theirs[name] })
}
