package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Store keeps pictures by the hash of their bytes. Implementations may be
// used by many goroutines and processes.
type Store interface {
	// Put keeps data, which must be what key names; see [Key]. When it
	// returns nil the data survives a power cut. To put again is no error.
	Put(ctx context.Context, key string, data []byte) error
	// Get returns what was put; the error is fs.ErrNotExist when there is
	// nothing and [ErrDamaged] when it is no longer what key names.
	Get(ctx context.Context, key string) ([]byte, error)
	// Delete removes what was put; it is no error when there is nothing.
	Delete(ctx context.Context, key string) error
}

// Errors of a [Store].
var (
	ErrBadKey  = errors.New("media: key is not the SHA-256 of the data")
	ErrDamaged = errors.New("media: stored data is damaged")
)

// Key names data: its SHA-256 in lower-case hexadecimal, 64 characters.
func Key(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Folder is a [Store] in a folder of the file system. The file of a key that
// begins abcd is ab/cd/abcd...; files being written are in tmp, where those
// that a crash left behind may be deleted while no process runs.
type Folder struct{ dir string }

// OpenFolder uses dir, which is made if need be.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return nil, fmt.Errorf("media: open folder: %w", err)
	}
	return &Folder{dir}, nil
}

// path also keeps a key from naming anything outside the folder.
func (f *Folder) path(key string) (string, error) {
	if len(key) != 64 || strings.Trim(key, "0123456789abcdef") != "" {
		return "", ErrBadKey
	}
	return filepath.Join(f.dir, key[:2], key[2:4], key), nil
}

// Put implements [Store].
func (f *Folder) Put(ctx context.Context, key string, data []byte) error {
	path, err := f.path(key)
	if err != nil {
		return err
	}
	if Key(data) != key {
		return ErrBadKey
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("media: put: %w", err)
	}
	if _, err := f.Get(ctx, key); err == nil {
		// Whoever put it may not have synced the folders yet.
		return f.syncFolders(path)
	}
	if err := f.write(path, data); err != nil {
		return fmt.Errorf("media: put: %w", err)
	}
	return nil
}

func (f *Folder) write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Join(f.dir, "tmp"), "put-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return f.syncFolders(path)
}

// syncFolders makes the names on the way to path durable.
func (f *Folder) syncFolders(path string) error {
	level2 := filepath.Dir(path)
	for _, dir := range []string{level2, filepath.Dir(level2), f.dir} {
		d, err := os.Open(dir) //nolint:gosec // below our own folder
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Get implements [Store].
func (f *Folder) Get(ctx context.Context, key string) ([]byte, error) {
	path, err := f.path(key)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("media: get: %w", err)
	}
	data, err := os.ReadFile(path) //nolint:gosec // path checks the key
	if err != nil {
		return nil, fmt.Errorf("media: get: %w", err)
	}
	if Key(data) != key {
		return nil, fmt.Errorf("%w: %s", ErrDamaged, key)
	}
	return data, nil
}

// Delete implements [Store].
func (f *Folder) Delete(_ context.Context, key string) error {
	path, err := f.path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("media: delete: %w", err)
	}
	return nil
}
