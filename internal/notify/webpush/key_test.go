package webpush

import (
	"log/slog"
	"path/filepath"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/migrations"
	"convoke/internal/seal"
)

func newVault(t *testing.T) *seal.Vault {
	t.Helper()
	keys, err := db.Open(t.Context(), db.Options{
		URL: filepath.Join(t.TempDir(), "keys.db"), Migrations: migrations.Keys, Clock: clock.System{}, CacheKiB: 512, SecureDelete: true,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keys.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := keys.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := seal.Open(keys, seal.BootKey{1}, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The key stays the same while the vault does.
func TestLoadKey(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	a, errA := LoadKey(t.Context(), v)
	b, errB := LoadKey(t.Context(), v)
	other, errC := LoadKey(t.Context(), newVault(t))
	if errA != nil || errB != nil || errC != nil {
		t.Fatal(errA, errB, errC)
	}
	if !a.Equal(b) || a.Equal(other) {
		t.Errorf("the same: %v, of two nodes: %v", a.Equal(b), a.Equal(other))
	}
	if err := v.Destroy(t.Context(), KeyScope); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(t.Context(), v); err == nil {
		t.Error("a destroyed key is made again")
	}
}
