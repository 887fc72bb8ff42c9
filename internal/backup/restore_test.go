package backup

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/seal"
)

// engines give the address of a database of each engine; "" is SQLite.
var engines = map[string]struct{ full, empty func(testing.TB) string }{
	"sqlite":   {func(testing.TB) string { return "" }, func(testing.TB) string { return "" }},
	"postgres": {dbtest.Postgres, dbtest.EmptyPostgres},
}

func TestEveryRowComesBackOnEitherEngine(t *testing.T) {
	t.Parallel()
	for from, a := range engines {
		for to, b := range engines {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				n := filled(t, a.full(t))
				k := newKey(t)
				o := n.target(t, n.backup(t, k.Recipient()), b.empty(t), k)
				o.Drop = nil
				r, err := Restore(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				m := reopen(t, o)
				if diff := cmp.Diff(n.sums(t), m.sums(t)); diff != "" {
					t.Errorf("rows differ:\n%s", diff)
				}
				if r.Sums.Blobs.Count != 2 || !strings.HasPrefix(from, r.Manifest.Databases[0].Engine) {
					t.Errorf("the report is not true: %+v", r)
				}
				if got := count(t, m.main, "select count(*) from groups where not suspended and lat > 51.33 and lat < 51.34"); got != 1 {
					t.Errorf("%d groups have the place and the state of the one", got)
				}
				// The next job gets a free number.
				m.exec(t, "insert into job (kind, args, priority, run_at, attempt, failed, error, created_at) values ('x', '', 0, 0, 0, $1, '', 0)", false)
				key, err := m.vault.Existing(t.Context(), "event:e1")
				if err != nil {
					t.Fatal(err)
				}
				var row []byte
				err = m.main.Read(t.Context(), func(tx *db.Tx) error {
					return tx.Get(t.Context(), "select sealed from attendance where event_id = 'e1'", nil, &row)
				})
				if err != nil {
					t.Fatal(err)
				}
				if plain, err := key.Open("attendance", "sealed", "e1\x02\x01", row); err != nil || string(plain) != canary {
					t.Errorf("a sealed field reads %q, %v", plain, err)
				}
			})
		}
	}
}

func TestErasedStaysErased(t *testing.T) {
	t.Parallel()
	for name, e := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := filled(t, "")
			if err := n.vault.Destroy(t.Context(), "event:e0"); err != nil { // before the backup; its rows are still there
				t.Fatal(err)
			}
			k := newKey(t)
			file := n.backup(t, k.Recipient())
			if err := n.vault.Destroy(t.Context(), "event:e1"); err != nil { // after it
				t.Fatal(err)
			}
			n.close(t)
			o := n.target(t, file, e.empty(t), k)
			copyFile(t, n.keysURL(), o.KeysURL) // the keys that the folder still has
			r, err := Restore(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Erased != 3 || r.Dropped != 2 {
				t.Errorf("erased %d rows and dropped %d jobs, want 3 and 2", r.Erased, r.Dropped)
			}
			m := reopen(t, o)
			if got := count(t, m.main, "select count(*) from attendance where event_id = 'e2'"); got != 1 {
				t.Errorf("%d rows of the event with a key", got)
			}
			if got := count(t, m.main, "select count(*) from attendance"); got != 1 {
				t.Errorf("%d rows in all, want 1", got)
			}
			if got := count(t, m.main, "select count(*) from job where kind = 'every:hour'"); got != 1 {
				t.Errorf("%d schedules, want 1", got)
			}
			for _, s := range []string{"event:e0", "event:e1"} {
				if _, err := m.vault.Key(t.Context(), s); !errors.Is(err, seal.ErrDestroyed) {
					t.Errorf("the key of %s is back: %v", s, err)
				}
			}
		})
	}
}

func TestAChangedRowIsFound(t *testing.T) {
	t.Parallel()
	n := filled(t, "")
	k := newKey(t)
	m, sums, err := Check(bytes.NewReader(must(os.ReadFile(n.backup(t, k.Recipient())))), []age.Identity{k})
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(t.Context(), n.main, sums.Tables, m.database(mainName), derived); err != nil {
		t.Error(err)
	}
	for _, q := range []string{"update person set locale = 'es'", "delete from member"} {
		n.exec(t, q)
		if err := verify(t.Context(), n.main, sums.Tables, m.database(mainName), derived); err == nil {
			t.Errorf("%s was not found", q)
		}
		n.exec(t, "update person set locale = ''")
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, must(os.ReadFile(from)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNothingPersonalIsInAnyFile(t *testing.T) {
	t.Parallel()
	n := filled(t, "")
	k := newKey(t)
	file := n.backup(t, k.Recipient())
	o := n.target(t, file, "", k)
	if _, err := Restore(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	m := reopen(t, o)
	wrapped := must(wrappedKey(t, m.keys, "event:e0"))
	if holding(t, m.dir, wrapped) == "" {
		t.Fatal("the search finds nothing at all")
	}
	for _, e := range []string{"e0", "e1", "e2"} {
		if err := m.vault.Destroy(t.Context(), "event:"+e); err != nil {
			t.Fatal(err)
		}
	}
	if at := holding(t, m.dir, wrapped); at != "" {
		t.Errorf("%s holds a destroyed key", at)
	}
	plain := must(openPlain(t, file, k))
	if bytes.Contains(plain, []byte(canary)) {
		t.Error("the backup holds a personal field")
	}
	if bytes.Contains(plain, wrapped) {
		t.Error("the backup holds a wrapped key")
	}
	if !bytes.Contains(must(openPlain(t, file+KeysSuffix, k)), wrapped) {
		t.Error("the search for the wrapped key finds nothing at all")
	}
	if !bytes.Contains(plain, []byte("Riverside Neighbours")) {
		t.Error("the search in the backup finds nothing at all")
	}
	for _, dir := range []string{n.dir, m.dir, filepath.Dir(file)} {
		if at := holding(t, dir, []byte(canary)); at != "" {
			t.Errorf("%s holds a personal field", at)
		}
	}
	if at := holding(t, filepath.Dir(file), []byte("Riverside")); at != "" {
		t.Errorf("%s is not encrypted", at)
	}
}

func wrappedKey(t *testing.T, d *db.DB, scope string) (b []byte, err error) {
	err = d.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Get(t.Context(), "select wrapped from seal_key where scope = $1", []any{scope}, &b)
	})
	return b, err
}

// holding is the first file below dir that holds b.
func holding(t *testing.T, dir string, b []byte) (path string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if bytes.Contains(must(os.ReadFile(p)), b) && path == "" {
			path = p
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// errHeader stands for two: where only the part for one key is changed, no key
// fits.
var errHeader = errors.New("not a backup, or of another key")

func TestDamageIsRefusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	n := filled(t, "")
	k := newKey(t)
	file := n.backup(t, k.Recipient())
	for _, damaged := range []string{file, file + KeysSuffix} {
		whole := must(os.ReadFile(damaged))
		change := func(at int) []byte {
			b := bytes.Clone(whole)
			b[at] ^= 1
			return b
		}
		for name, c := range map[string]struct {
			b    []byte
			with age.Identity
			want error
		}{
			"first byte":  {change(0), k, ErrNotBackup},
			"header":      {change(60), k, errHeader},
			"middle":      {change(len(whole) / 2), k, ErrDamaged},
			"last byte":   {change(len(whole) - 1), k, ErrDamaged},
			"cut off":     {whole[:len(whole)-1], k, ErrDamaged},
			"half":        {whole[:len(whole)/2], k, ErrDamaged},
			"something":   {append(bytes.Clone(whole), 'x'), k, ErrDamaged},
			"empty":       {nil, k, ErrNotBackup},
			"another key": {whole, newKey(t), ErrIdentity},
		} {
			t.Run(filepath.Ext(damaged)+" "+name, func(t *testing.T) {
				t.Parallel()
				bad := filepath.Join(t.TempDir(), "bad")
				if err := os.WriteFile(bad, c.b, 0o600); err != nil {
					t.Fatal(err)
				}
				o := n.target(t, file, "", c.with)
				if damaged == file {
					o.File = bad
				} else {
					o.KeysFile = bad
				}
				_, err := Restore(t.Context(), o)
				if c.want == errHeader && (errors.Is(err, ErrIdentity) || errors.Is(err, ErrNotBackup)) {
					c.want = err
				}
				if !errors.Is(err, c.want) || c.with == k && !strings.Contains(err.Error(), bad) {
					t.Errorf("got %v, want %v, naming the file", err, c.want)
				}
				if _, err := os.Stat(filepath.Dir(o.MainURL)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("the folder was made: %v", err)
				}
			})
		}
	}
}

func TestOnlyAnEmptyPlaceWithTheRightBootKeyIsTaken(t *testing.T) {
	t.Parallel()
	for name, e := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := filled(t, e.full(t))
			k := newKey(t)
			file := n.backup(t, k.Recipient())
			o := n.target(t, file, n.mainURL, k)
			before := n.sums(t)
			if _, err := Restore(t.Context(), o); !errors.Is(err, ErrNotEmpty) {
				t.Errorf("a node was taken for an empty place: %v", err)
			}
			if diff := cmp.Diff(before, n.sums(t)); diff != "" {
				t.Errorf("the refused restore changed the node:\n%s", diff)
			}
			o = n.target(t, file, e.full(t), k) // migrated, but without rows
			o.BootKey = nil
			if _, err := Restore(t.Context(), o); !errors.Is(err, ErrNoBootKey) {
				t.Errorf("without a boot key: %v", err)
			}
			o.BootKey = &seal.BootKey{1}
			if _, err := Restore(t.Context(), o); !errors.Is(err, ErrBootKey) {
				t.Errorf("with another boot key: %v", err)
			}
			o.WithoutKeys = true
			o.DryRun = true
			if _, err := Restore(t.Context(), o); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(o.KeysURL); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a dry run made files: %v", err)
			}
			o.DryRun, o.BootKey = false, nil
			r, err := Restore(t.Context(), o)
			if err != nil || r.Erased != 4 {
				t.Errorf("without keys: %d sign-ups erased, want 4; %v", r.Erased, err)
			}
		})
	}
}

func TestAFailedRestoreLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, e := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := filled(t, "")
			k := newKey(t)
			o := n.target(t, n.backup(t, k.Recipient()), e.empty(t), k)
			broken := errors.New("broken on purpose")
			o.Finish = failing(broken)
			if _, err := Restore(t.Context(), o); !errors.Is(err, broken) {
				t.Fatalf("got %v", err)
			}
			if left := files3(t, filepath.Dir(o.KeysURL)); len(left) > 0 {
				t.Errorf("files are left: %v", left)
			}
			o.Finish = nil
			if _, err := Restore(t.Context(), o); err != nil {
				t.Fatalf("it cannot be run again: %v", err)
			}
			if got := count(t, reopen(t, o).main, "select count(*) from event"); got != 3 {
				t.Errorf("%d events, want 3", got)
			}
		})
	}
}

// files3 lists the files below dir.
func files3(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestOlderBackup restores a backup of a schema to which a column and a table
// were added since.
func TestOlderBackup(t *testing.T) {
	t.Parallel()
	for name, e := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := filled(t, "")
			k := newKey(t)
			o := n.target(t, n.backup(t, k.Recipient()), e.empty(t), k)
			newer, err := some(migrations.Main, false, func(string) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			newer["299901010000_later.sql"] = []byte("alter table person add column pet text not null default 'cat';\ncreate table later (id text primary key) {{strict}};\n")
			o.MainFiles = newer
			if _, err := Restore(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			d := openDB(t, db.Options{URL: o.MainURL, Migrations: newer})
			defer d.Close()
			if got := count(t, d, "select count(*) from person where pet = 'cat'"); got != 1 {
				t.Errorf("%d persons have the new column", got)
			}
			delete(newer, "299901010000_later.sql")
			delete(newer, "202611210900_start.sql")
			if _, err := Restore(t.Context(), o); !errors.Is(err, ErrNewer) {
				t.Errorf("a backup of a newer program: %v", err)
			}
		})
	}
}
