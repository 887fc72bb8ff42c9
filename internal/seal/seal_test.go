package seal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/seal"
)

var boot = seal.BootKey{1, 2, 3}

// keysDB opens a key database and migrates it when it is new.
func keysDB(t *testing.T, url string, c clock.Clock) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{
		URL: url, Migrations: migrations.Keys, Clock: c, CacheKiB: 512, Readers: 2, SecureDelete: true,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

func openVault(t *testing.T, url string, c clock.Clock) *seal.Vault {
	t.Helper()
	d := keysDB(t, url, c)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	v, err := seal.Open(d, boot, c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func each(t *testing.T, f func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, filepath.Join(t.TempDir(), "keys.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, dbtest.EmptyPostgres(t))
	})
}

func key(t *testing.T, v *seal.Vault, scope string) *seal.Key {
	t.Helper()
	k, err := v.Key(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyLifeOnBothEngines(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, url string) {
		ctx, c := t.Context(), clock.NewManual(dbtest.Now)
		here, there := openVault(t, url, c), openVault(t, url, c)
		if _, err := here.Existing(ctx, "event:1"); !errors.Is(err, seal.ErrDestroyed) {
			t.Fatalf("a key nobody made: %v", err)
		}
		sealed := key(t, here, "event:1").Seal(rand.Reader, "attendance", "needs", "7", []byte("ramp"))
		got, err := key(t, there, "event:1").Open("attendance", "needs", "7", sealed)
		if err != nil || string(got) != "ramp" {
			t.Fatalf("open in another process: %q, %v", got, err)
		}
		if _, err := key(t, there, "event:2").Open("attendance", "needs", "7", sealed); !errors.Is(err, seal.ErrSealed) {
			t.Fatalf("another scope's key: %v", err)
		}
		held := key(t, here, "event:1")
		if err := here.Destroy(ctx, "event:1"); err != nil {
			t.Fatal(err)
		}
		if _, err := held.Open("attendance", "needs", "7", sealed); !errors.Is(err, seal.ErrDestroyed) {
			t.Errorf("a held key still opens: %v", err)
		}
		for _, get := range []func(context.Context, string) (*seal.Key, error){here.Key, here.Existing} {
			if _, err := get(ctx, "event:1"); !errors.Is(err, seal.ErrDestroyed) {
				t.Errorf("a destroyed key is given out: %v", err)
			}
		}
		// The other process learns it within a minute.
		c.Add(61 * time.Second)
		if _, err := there.Key(ctx, "event:1"); !errors.Is(err, seal.ErrDestroyed) {
			t.Errorf("the other process still has the key after a minute: %v", err)
		}
		key(t, there, "event:2")
		if err := there.Replay(ctx, []string{"event:1", "event:2", "event:3"}); err != nil {
			t.Fatal(err)
		}
		stones, err := here.Tombstones(ctx)
		if d := cmp.Diff([]string{"event:1", "event:2", "event:3"}, stones); d != "" || err != nil {
			t.Errorf("tombstones: %v %s", err, d)
		}
		for _, s := range stones {
			if _, err := there.Key(ctx, s); !errors.Is(err, seal.ErrDestroyed) {
				t.Errorf("%s after a replay: %v", s, err)
			}
		}
	})
}

// A clock that is set back must not keep a destroyed key alive.
func TestCacheWithClockSetBack(t *testing.T) {
	t.Parallel()
	ctx, c, url := t.Context(), clock.NewManual(dbtest.Now), filepath.Join(t.TempDir(), "keys.db")
	here, there := openVault(t, url, c), openVault(t, url, c)
	key(t, there, "event:1")
	if err := here.Destroy(ctx, "event:1"); err != nil {
		t.Fatal(err)
	}
	c.Add(-time.Hour)
	if _, err := there.Existing(ctx, "event:1"); !errors.Is(err, seal.ErrDestroyed) {
		t.Errorf("got %v", err)
	}
}

func TestRacersAgreeOnOneKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, url string) {
		c := clock.NewManual(dbtest.Now)
		vaults := []*seal.Vault{openVault(t, url, c), openVault(t, url, c)}
		tags := make([]string, 16)
		var wg sync.WaitGroup
		for i := range tags {
			wg.Go(func() {
				k, err := vaults[i%2].Key(t.Context(), "event:1")
				if err != nil {
					t.Error(err)
					return
				}
				tags[i] = string(k.Tag("p", "v"))
			})
		}
		wg.Wait()
		for _, tag := range tags {
			if tag != tags[0] || tag == "" {
				t.Fatal("two keys for one scope")
			}
		}
	})
}

// Keys made, used and destroyed at once: whoever got a key before the end may
// use it, nobody gets one after.
func TestDestroyRacesWithUse(t *testing.T) {
	t.Parallel()
	v := openVault(t, filepath.Join(t.TempDir(), "keys.db"), clock.NewManual(dbtest.Now))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := v.Key(t.Context(), "event:1"); err != nil && !errors.Is(err, seal.ErrDestroyed) {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		if err := v.Destroy(t.Context(), "event:1"); err != nil {
			t.Error(err)
		}
		if _, err := v.Existing(t.Context(), "event:1"); !errors.Is(err, seal.ErrDestroyed) {
			t.Errorf("after the end: %v", err)
		}
	})
	wg.Wait()
	if _, err := v.Existing(t.Context(), "event:1"); !errors.Is(err, seal.ErrDestroyed) {
		t.Errorf("a racer brought the key back: %v", err)
	}
}

func TestMoreScopesThanTheCacheHolds(t *testing.T) {
	t.Parallel()
	v := openVault(t, filepath.Join(t.TempDir(), "keys.db"), clock.NewManual(dbtest.Now))
	const n = 4200
	tags := make([]string, n)
	scope := func(i int) string {
		return "event:" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String()
	}
	var wg sync.WaitGroup
	for w := range 16 { // together, so that commits are shared
		wg.Go(func() {
			for i := w; i < n; i += 16 {
				k, err := v.Key(t.Context(), scope(i))
				if err != nil {
					t.Error(err)
					return
				}
				tags[i] = string(k.Tag("", ""))
			}
		})
	}
	wg.Wait()
	for i := range n {
		if k := key(t, v, scope(i)); string(k.Tag("", "")) != tags[i] {
			t.Fatalf("scope %d has another key now", i)
		}
	}
}

// What is sealed opens in its own place and in no other, and no byte of it may
// change.
func TestSealedValuesAreBound(t *testing.T) {
	t.Parallel()
	v := openVault(t, filepath.Join(t.TempDir(), "keys.db"), clock.NewManual(dbtest.Now))
	k, other := key(t, v, "event:1"), key(t, v, "event:2")
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringN(0, 6, 12)
		place := rapid.Custom(func(t *rapid.T) [3]string {
			return [3]string{word.Draw(t, "table"), word.Draw(t, "column"), word.Draw(t, "row")}
		})
		a, b := place.Draw(t, "a"), place.Draw(t, "b")
		if rapid.Bool().Draw(t, "shift") && a[0] != "" { // the same letters, cut elsewhere
			b = [3]string{a[0][:len(a[0])-1], a[0][len(a[0])-1:] + a[1], a[2]}
		}
		plain := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "plain")
		s := k.Seal(nil, a[0], a[1], a[2], plain)
		got, err := k.Open(a[0], a[1], a[2], s)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("open: %x, %v", got, err)
		}
		if len(s) != len(plain)+29 || s[0] != 1 {
			t.Fatalf("sealed %d bytes into %d, version %d", len(plain), len(s), s[0])
		}
		if _, err := k.Open(b[0], b[1], b[2], s); (err == nil) != (a == b) {
			t.Fatalf("sealed for %q, opened for %q: %v", a, b, err)
		}
		if _, err := other.Open(a[0], a[1], a[2], s); !errors.Is(err, seal.ErrSealed) {
			t.Fatalf("another key: %v", err)
		}
		i := rapid.IntRange(0, len(s)-1).Draw(t, "byte")
		s[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if _, err := k.Open(a[0], a[1], a[2], s); !errors.Is(err, seal.ErrSealed) {
			t.Fatalf("changed byte %d: %v", i, err)
		}
		if _, err := k.Open(a[0], a[1], a[2], s[:i]); !errors.Is(err, seal.ErrSealed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	})
}

func TestTags(t *testing.T) {
	t.Parallel()
	v := openVault(t, filepath.Join(t.TempDir(), "keys.db"), clock.NewManual(dbtest.Now))
	k := key(t, v, "event:1")
	seen := map[string]bool{}
	for _, tag := range [][]byte{
		k.Tag("mail", "a@example.org"), k.Tag("phone", "a@example.org"), k.Tag("mail", "b@example.org"),
		k.Tag("maila", "@example.org"), key(t, v, "event:2").Tag("mail", "a@example.org"),
	} {
		if len(tag) != 16 || seen[string(tag)] {
			t.Errorf("tag %x: wrong length or not of its own", tag)
		}
		seen[string(tag)] = true
	}
	if !bytes.Equal(k.Tag("mail", "a@example.org"), k.Tag("mail", "a@example.org")) {
		t.Error("equal values have different tags")
	}
}

func TestWrongBootKeyIsNoticed(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(dbtest.Now)
	d := keysDB(t, filepath.Join(t.TempDir(), "keys.db"), c)
	defer d.Close()
	right, err := seal.Open(d, boot, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := right.Check(t.Context()); err != nil {
		t.Errorf("an empty database: %v", err)
	}
	key(t, right, "event:1")
	if err := right.Check(t.Context()); err != nil {
		t.Error(err)
	}
	wrong, err := seal.Open(d, seal.BootKey{9}, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := wrong.Check(t.Context()); !errors.Is(err, seal.ErrBootKey) {
		t.Errorf("check: %v", err)
	}
	if _, err := wrong.Key(t.Context(), "event:1"); !errors.Is(err, seal.ErrBootKey) {
		t.Errorf("key: %v", err)
	}
	if _, err := seal.Open(d, seal.BootKey{}, c); err == nil {
		t.Error("an empty boot key was taken")
	}
}

// The canary: destroyed keys are in no file of the database's folder, neither
// while it is open nor after it is closed, however the pages were filled.
func TestDestroyedKeysAreInNoFile(t *testing.T) {
	t.Parallel()
	ctx, c, dir := t.Context(), clock.NewManual(dbtest.Now), t.TempDir()
	d := keysDB(t, filepath.Join(dir, "keys.db"), c)
	v, err := seal.Open(d, boot, c)
	if err != nil {
		t.Fatal(err)
	}
	const n = 600
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < n; i += 8 {
				if _, err := v.Key(ctx, time.Duration(i*7919%n).String()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	type row struct {
		scope   string
		wrapped []byte
	}
	var rows []row
	err = d.Read(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.Query(ctx, tx, "select scope, wrapped from seal_key", nil, func(scan func(...any) error) (r row, err error) {
			return r, scan(&r.scope, &r.wrapped)
		})
		return err
	})
	if err != nil || len(rows) != n {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := found(t, dir, rows[0].wrapped); got == 0 {
		t.Fatal("the search does not find a key that is there")
	}
	for i := range n { // half one by one and at once, the rest stay
		if i%10 == 0 {
			err = v.Destroy(ctx, rows[i].scope)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var rest []string
	for i := range n {
		if i%10 != 0 && i%2 == 0 {
			rest = append(rest, rows[i].scope)
		}
	}
	if err := v.Replay(ctx, rest); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		for i := range n {
			// The last half is enough: part of a key is as bad.
			if got := found(t, dir, rows[i].wrapped[len(rows[i].wrapped)/2:]); (got > 0) != (i%2 == 1) {
				t.Fatalf("%s: key %d is in %d files", when, i, got)
			}
		}
	}
	check("open")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	check("closed")
}

// found counts the files under dir that hold b.
func found(t *testing.T, dir string, b []byte) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		n += bytes.Count(text, b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
