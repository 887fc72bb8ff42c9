package backup

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/media"
	"convoke/internal/seal"
)

var (
	derived = []string{"event_text"}
	sealed  = []Sealed{{Table: "attendance", Column: "event_id", Prefix: "event:"}}
)

const canary = "canary@example.org"

// node is one installation, open.
type node struct {
	dir, mainURL string
	main, keys   *db.DB
	vault        *seal.Vault
	boot         seal.BootKey
}

func testClock() clock.Clock { return clock.NewManual(dbtest.Now) }

func openDB(t testing.TB, o db.Options) *db.DB {
	t.Helper()
	o.Clock, o.Log = testClock(), slog.New(slog.NewTextHandler(t.Output(), nil))
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// newNode opens a new node in its own folder; url is of a PostgreSQL database,
// or empty for SQLite in the folder.
func newNode(t testing.TB, url string) *node {
	t.Helper()
	n := &node{dir: t.TempDir(), mainURL: url}
	if url == "" {
		n.mainURL = filepath.Join(n.dir, "convoke.db")
	}
	n.main = openDB(t, db.Options{URL: n.mainURL, Migrations: migrations.Main})
	n.keys = openDB(t, db.Options{URL: n.keysURL(), Migrations: migrations.Keys, SecureDelete: true})
	var err error
	if n.boot, err = seal.LoadBootKey(filepath.Join(n.dir, "boot.key"), true); err != nil {
		t.Fatal(err)
	}
	if n.vault, err = seal.Open(n.keys, n.boot, testClock()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.close(t) })
	return n
}

// filled is a new node that has something of everything.
func filled(t testing.TB, url string) *node {
	t.Helper()
	n := newNode(t, url)
	n.fill(t)
	return n
}

func (n *node) keysURL() string { return filepath.Join(n.dir, "keys.db") }

func (n *node) close(t testing.TB) {
	for _, d := range []**db.DB{&n.main, &n.keys} {
		if *d != nil {
			if err := (*d).Close(); err != nil {
				t.Error(err)
			}
			*d = nil
		}
	}
}

func (n *node) exec(t testing.TB, q string, args ...any) {
	t.Helper()
	err := n.main.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), q, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// fill stores rows of every kind: nulls, reals, truth values, bytes, long text,
// text that collations order differently, and sealed fields.
func (n *node) fill(t testing.TB) {
	t.Helper()
	for _, name := range []string{"a", "B", "b-1", "b 2", "Ä", "ä", "z", "_", "日本"} {
		n.exec(t, "insert into setting (name, value) values ($1, $2)", name, strings.Repeat(name, 300))
	}
	n.exec(t, "insert into setting (name, value) values ('long', $1)", strings.Repeat("long text ", 200_000))
	n.exec(t, `insert into person (id, handle, pass, operator, suspended, locale, created_day) values ('p1', 'ada', 'x', $1, $2, '', 20260101)`, true, false)
	n.exec(t, `insert into session (hash, id, person_id, label, created_day, used_day, expires_at) values ($1, 's1', 'p1', '', 1, 2, $2)`, []byte{0, 255, 7}, int64(1)<<62)
	n.exec(t, `insert into groups (id, handle, name, name_folded, about, about_html, place, lat, lon, zone, langs, suspended, sample, created_at)
		values ('g1', 'riverside', 'Riverside Neighbours', '', '', '', '', $1, $2, '', '', $3, $4, 5), ('g2', 'hill', '', '', '', '', '', null, null, '', '', $4, $3, -5)`,
		51.339699999, 12.0, false, true)
	n.exec(t, `insert into member (group_id, person_id, role, since_day) values ('g1', 'p1', 'steward', 20260101)`)
	for i := range 3 {
		n.event(t, fmt.Sprintf("e%d", i), int64(i+1))
	}
	for _, kind := range []string{"mail", "every:hour", "mail"} {
		n.exec(t, `insert into job (kind, args, unique_key, priority, run_at, attempt, failed, error, created_at) values ($1, '{}', null, 0, 0, 0, $2, '', 0)`, kind, false)
	}
	for i, e := range []string{"e0", "e0", "e1", "e2"} {
		k, err := n.vault.Key(t.Context(), "event:"+e)
		if err != nil {
			t.Fatal(err)
		}
		hash := []byte{byte(i), 1}
		n.exec(t, `insert into attendance (event_id, hash, state, party, queue, sealed) values ($1, $2, 'going', 1, 0, $3)`,
			e, hash, k.Seal(nil, "attendance", "sealed", e+string(hash), []byte(canary)))
	}
	store, err := media.OpenFolder(filepath.Join(n.dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{[]byte("a picture"), bytes.Repeat([]byte("another"), 1000)} {
		if err := store.Put(t.Context(), media.Key(b), b); err != nil {
			t.Fatal(err)
		}
	}
}

func (n *node) event(t testing.TB, eid string, seq int64) {
	t.Helper()
	n.exec(t, `insert into event (seq, id, at_key, group_id, uid, title, description, description_html, kind, state, listed, starts_at, ends_at,
		zone, all_day, day, place, address, locality, region, country, lat, lon, precise, online_url, lang, access_yes, access_no, access_note,
		capacity, organizer, source_url, picture, picture_alt, sequence, was_place, hash, created_at, updated_at) values
		($1, $2, $3, 'g1', $2, 'Open assembly', '', '', 'assembly', 'confirmed', $4, 0, 1, 'UTC', $5, 20260101, '', '', '', '', '', $6, null, '', '',
		'en', 3, 0, '', 60, '', '', '', '', 0, '', $7, 1, 2)`, seq, eid, seq<<28, true, false, 0.1+float64(seq), []byte{})
	n.exec(t, `insert into roster (event_id, capacity, open, going, waiting, queue, starts_at, ends_at) values ($1, 60, $2, 2, 0, 0, 0, 1)`, eid, true)
}

func newKey(t testing.TB) *age.X25519Identity {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (n *node) mainInput() Input {
	return Input{Main: n.main, Blobs: filepath.Join(n.dir, "blobs"), Derived: derived, Version: "test", Now: dbtest.Now}
}

func (n *node) keysInput(t testing.TB) Input {
	t.Helper()
	mark, err := Fingerprint(n.boot)
	if err != nil {
		t.Fatal(err)
	}
	return Input{Keys: n.keys, BootKey: mark, Version: "test", Now: dbtest.Now}
}

// backup writes both files and returns the path of the main one.
func (n *node) backup(t testing.TB, to age.Recipient) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "node.backup")
	n.write(t, path, to, n.mainInput())
	n.write(t, path+KeysSuffix, to, n.keysInput(t))
	return path
}

func (n *node) write(t testing.TB, path string, to age.Recipient, in Input) {
	t.Helper()
	var b bytes.Buffer
	if _, err := Write(t.Context(), &b, []age.Recipient{to}, in); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sums are those of a node as it is now.
func (n *node) sums(t testing.TB) []TableSum {
	t.Helper()
	k := newKey(t)
	file := n.backup(t, k.Recipient())
	var all []TableSum
	for _, f := range []string{file, file + KeysSuffix} {
		_, s, err := Check(bytes.NewReader(must(os.ReadFile(f))), []age.Identity{k})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s.Tables...)
	}
	return all
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// target is an empty place with the boot key of n.
func (n *node) target(t testing.TB, file, url string, k age.Identity) Options {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	boot := n.boot
	o := Options{
		File: file, KeysFile: file + KeysSuffix, With: []age.Identity{k}, MainURL: url, KeysURL: filepath.Join(dir, "keys.db"), MainFiles: migrations.Main, KeyFiles: migrations.Keys,
		Blobs: filepath.Join(dir, "blobs"), Clock: testClock(), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), BootKey: &boot,
		Sealed: sealed, Drop: []string{"mail"}, Derived: derived,
	}
	if url == "" {
		o.MainURL = filepath.Join(dir, "convoke.db")
	}
	return o
}

// reopen opens what was restored, as a server would.
func reopen(t testing.TB, o Options) *node {
	t.Helper()
	n := &node{dir: filepath.Dir(o.KeysURL), mainURL: o.MainURL, boot: *o.BootKey}
	n.main = openDB(t, db.Options{URL: o.MainURL, Migrations: migrations.Main})
	n.keys = openDB(t, db.Options{URL: o.KeysURL, Migrations: migrations.Keys, SecureDelete: true})
	t.Cleanup(func() { n.close(t) })
	var err error
	if n.vault, err = seal.Open(n.keys, n.boot, testClock()); err != nil {
		t.Fatal(err)
	}
	return n
}

// count reads one number.
func count(t testing.TB, d *db.DB, q string, args ...any) int {
	t.Helper()
	var k int
	err := d.Read(context.WithoutCancel(t.Context()), func(tx *db.Tx) error { return tx.Get(t.Context(), q, args, &k) })
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return k
}
