package media_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"convoke/internal/media"
)

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "media")
	f, err := media.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s media.Store = f
	ctx, data := t.Context(), []byte("a picture")
	key := media.Key(data)

	if _, err := s.Get(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.Put(ctx, key, data); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, err := s.Get(ctx, key); err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %q, %v", got, err)
	}
	path := filepath.Join(dir, key[:2], key[2:4], key)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("stat: %v, %v", info, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	// Damage is noticed, and mended by putting again.
	if err := os.WriteFile(path, []byte("a pictur3"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, key); !errors.Is(err, media.ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if err := s.Put(ctx, key, data); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, key); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := s.Delete(ctx, key); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Get(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestFolderRefuses(t *testing.T) {
	t.Parallel()
	f, err := media.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, data := t.Context(), []byte("a picture")
	key := media.Key(data)
	for _, bad := range []string{"", "../../etc/passwd", strings.ToUpper(key), key[1:], "../" + key[3:], media.Key(nil)} {
		if err := f.Put(ctx, bad, data); !errors.Is(err, media.ErrBadKey) {
			t.Errorf("put %q: %v", bad, err)
		}
	}
	if _, err := f.Get(ctx, "x"); !errors.Is(err, media.ErrBadKey) {
		t.Errorf("get: %v", err)
	}
	if err := f.Delete(ctx, "x"); !errors.Is(err, media.ErrBadKey) {
		t.Errorf("delete: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := f.Put(gone, key, data); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := media.OpenFolder(file); err == nil {
		t.Error("a file was taken for a folder")
	}
}
