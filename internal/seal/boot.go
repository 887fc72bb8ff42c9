package seal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// BootKey is the secret that wraps all data keys. It is a file beside the
// data, read once at start.
type BootKey [32]byte

// Format implements [fmt.Formatter]: no verb prints the key.
func (BootKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "(boot key)") }

// LoadBootKey reads the file at path, which nobody but its owner may read. When
// there is none and create is true, it makes one, durably and whole: processes
// that start at once get the same key. Without create a missing file is
// [fs.ErrNotExist].
func LoadBootKey(path string, create bool) (BootKey, error) {
	k, err := readBootKey(path)
	if create && errors.Is(err, fs.ErrNotExist) {
		if err := createBootKey(path); err != nil {
			return BootKey{}, fmt.Errorf("make the boot key: %w", err)
		}
		k, err = readBootKey(path)
	}
	if err != nil {
		return BootKey{}, fmt.Errorf("read the boot key: %w", err)
	}
	return k, nil
}

func readBootKey(path string) (BootKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return BootKey{}, err
	}
	if p := info.Mode().Perm(); !info.Mode().IsRegular() || p&0o077 != 0 {
		return BootKey{}, fmt.Errorf("%s must be a file that only its owner can read, but its mode is %04o; fix: chmod 600 %[1]s", path, p)
	}
	if info.Size() > 1024 {
		return BootKey{}, fmt.Errorf("%s is too long to be a boot key", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return BootKey{}, err
	}
	k, err := parseBootKey(string(b))
	if err != nil {
		return BootKey{}, fmt.Errorf("%s %w", path, err)
	}
	return k, nil
}

func parseBootKey(s string) (BootKey, error) {
	var k BootKey
	b, err := hex.DecodeString(strings.TrimRight(s, "\r\n"))
	if err != nil || len(b) != len(k) {
		return BootKey{}, errors.New("does not hold 64 hexadecimal digits")
	}
	copy(k[:], b)
	if k == (BootKey{}) {
		return BootKey{}, errors.New("holds only zeros")
	}
	return k, nil
}

// createBootKey writes a whole, synced file under another name and links it to
// path, which fails when another process was first; theirs is then right.
func createBootKey(path string) (err error) {
	var k BootKey
	if _, err := rand.Read(k[:]); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".boot-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, werr := f.WriteString(hex.EncodeToString(k[:]) + "\n")
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new name in dir survive a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
