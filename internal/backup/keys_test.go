package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"convoke/internal/seal"
)

// left counts the sealed rows of each event.
func (n *node) left(t *testing.T) (out [3]int) {
	t.Helper()
	for i, e := range []string{"e0", "e1", "e2"} {
		out[i] = count(t, n.main, "select count(*) from attendance where event_id = $1", e)
	}
	return out
}

// TestAnOldBackupDoesNotOpenWhatWasErasedSince is why there are two files: the
// one that is kept for long has no key in it.
func TestAnOldBackupDoesNotOpenWhatWasErasedSince(t *testing.T) {
	t.Parallel()
	for name, e := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := filled(t, "")
			k := newKey(t)
			file := n.backup(t, k.Recipient())
			wrapped := must(wrappedKey(t, n.keys, "event:e1"))
			if err := n.vault.Destroy(t.Context(), "event:e1"); err != nil {
				t.Fatal(err)
			}
			// The keys of that day are deleted; those of today take their place.
			newest := filepath.Join(t.TempDir(), "newest")
			in := n.keysInput(t)
			in.Now = in.Now.AddDate(0, 0, 29)
			n.write(t, newest, k.Recipient(), in)
			if err := os.Remove(file + KeysSuffix); err != nil {
				t.Fatal(err)
			}
			for _, f := range []string{file, newest} {
				if b := must(openPlain(t, f, k)); strings.Contains(string(b), string(wrapped)) {
					t.Errorf("%s holds a destroyed key", f)
				}
			}
			o := n.target(t, file, e.empty(t), k)
			if _, err := Restore(t.Context(), o); !errors.Is(err, ErrNoKeys) {
				t.Errorf("without a keys file: %v", err)
			}
			if _, err := os.Stat(filepath.Dir(o.KeysURL)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the folder was made: %v", err)
			}
			o.KeysFile = newest
			r, err := Restore(t.Context(), o)
			if err != nil || r.Erased != 1 || r.KeysOlder() {
				t.Fatalf("erased %d rows, want 1; keys are older: %v; %v", r.Erased, r.KeysOlder(), err)
			}
			m := reopen(t, o)
			if got := m.left(t); got != [3]int{2, 0, 1} {
				t.Errorf("rows of the events: %v", got)
			}
			if _, err := m.vault.Key(t.Context(), "event:e1"); !errors.Is(err, seal.ErrDestroyed) {
				t.Errorf("the key is back: %v", err)
			}
			if _, err := m.vault.Existing(t.Context(), "event:e0"); err != nil {
				t.Error(err)
			}
			if at := holding(t, m.dir, wrapped); at != "" {
				t.Errorf("%s holds a destroyed key", at)
			}
		})
	}
}

func TestOlderKeysLoseWhatCameSince(t *testing.T) {
	t.Parallel()
	n := filled(t, "")
	k := newKey(t)
	older := filepath.Join(t.TempDir(), "older")
	in := n.keysInput(t)
	in.Now = in.Now.Add(-time.Second)
	n.write(t, older, k.Recipient(), in)
	key, err := n.vault.Key(t.Context(), "event:new")
	if err != nil {
		t.Fatal(err)
	}
	n.event(t, "new", 9)
	n.exec(t, "insert into attendance (event_id, hash, state, party, queue, sealed) values ('new', $1, 'going', 1, 0, $2)",
		[]byte{9}, key.Seal(nil, "attendance", "sealed", "new", []byte(canary)))
	o := n.target(t, n.backup(t, k.Recipient()), "", k)
	o.KeysFile = older
	r, err := Restore(t.Context(), o)
	if err != nil || r.Erased != 1 || !r.KeysOlder() {
		t.Fatalf("erased %d rows, want 1; keys are older: %v; %v", r.Erased, r.KeysOlder(), err)
	}
	m := reopen(t, o)
	if got := count(t, m.main, "select count(*) from attendance where event_id = 'new'"); got != 0 || m.left(t) != [3]int{2, 1, 1} {
		t.Errorf("%d rows without a key are left, and %v others", got, m.left(t))
	}
}

func TestTheTwoFilesAreToldApart(t *testing.T) {
	t.Parallel()
	n := filled(t, "")
	k := newKey(t)
	file := n.backup(t, k.Recipient())
	o := n.target(t, file, "", k)
	o.KeysFile = file
	if _, err := Restore(t.Context(), o); !errors.Is(err, ErrNotKeys) {
		t.Errorf("a backup as its keys: %v", err)
	}
	o = n.target(t, file+KeysSuffix, "", k)
	for _, without := range []bool{false, true} {
		o.WithoutKeys = without
		if _, err := Restore(t.Context(), o); !errors.Is(err, ErrNotMain) {
			t.Errorf("keys as the backup: %v", err)
		}
	}
	if _, err := os.Stat(filepath.Dir(o.MainURL)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
}

// TestKeysThatAreThere restores into a folder that still has its keys.
func TestKeysThatAreThere(t *testing.T) {
	t.Parallel()
	n := filled(t, "")
	k := newKey(t)
	file := n.backup(t, k.Recipient())
	if err := n.vault.Destroy(t.Context(), "event:e0"); err != nil {
		t.Fatal(err)
	}
	if err := n.keys.Erase(t.Context(), keyTable); err != nil {
		t.Fatal(err)
	}
	o := n.target(t, file, "", k)
	o.WithoutKeys, o.KeysFile = true, ""
	copyFile(t, n.keysURL(), o.KeysURL)
	kept := *o.BootKey
	for _, wrong := range []*seal.BootKey{nil, {1}} {
		o.BootKey = wrong
		if _, err := Restore(t.Context(), o); !errors.Is(err, seal.ErrBootKey) {
			t.Errorf("keys that do not open keep a node from starting: %v", err)
		}
	}
	o.BootKey = &kept
	r, err := Restore(t.Context(), o)
	if err != nil || r.Erased != 2 || r.KeysOlder() {
		t.Fatalf("erased %d rows, want 2; keys are older: %v; %v", r.Erased, r.KeysOlder(), err)
	}
	m := reopen(t, o)
	if m.left(t) != [3]int{0, 1, 1} || count(t, m.keys, "select count(*) from seal_key") != 2 {
		t.Errorf("rows of the events: %v", m.left(t))
	}
	if _, err := m.vault.Existing(t.Context(), "event:e2"); err != nil {
		t.Error(err)
	}
}

// TestNewestKeysDestroyThoseThatAreThere: a restore with old keys was killed,
// and is run again with the newest.
func TestNewestKeysDestroyThoseThatAreThere(t *testing.T) {
	t.Parallel()
	n := filled(t, "")
	k := newKey(t)
	o := n.target(t, n.backup(t, k.Recipient()), "", k)
	before := n.target(t, o.File, "", k)
	if _, err := Restore(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	copyFile(t, before.KeysURL, o.KeysURL)
	if err := n.vault.Destroy(t.Context(), "event:e0"); err != nil {
		t.Fatal(err)
	}
	n.write(t, o.KeysFile, k.Recipient(), n.keysInput(t))
	if r, err := Restore(t.Context(), o); err != nil || r.Erased != 2 {
		t.Fatalf("erased %d rows, want 2; %v", r.Erased, err)
	}
	m := reopen(t, o)
	if m.left(t) != [3]int{0, 1, 1} || count(t, m.keys, "select count(*) from seal_key where scope = 'event:e0'") != 0 {
		t.Errorf("rows of the events: %v", m.left(t))
	}
}
