package backup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ageMark begins every age file.
const ageMark = "age-encryption.org/v1"

// WriteFiles writes files of backups: under other names first, and synced, so
// that no path is ever half a backup. The last path is replaced first:
// whatever stops it, each file is at least as new as the one before it. It
// replaces older backups and nothing else.
func WriteFiles(paths []string, write func([]io.Writer) error) (err error) {
	if err := replaceable(paths); err != nil {
		return err
	}
	temps, writers := make([]*os.File, len(paths)), make([]io.Writer, len(paths))
	defer func() {
		for _, f := range temps {
			if f != nil {
				err = errors.Join(err, discard(f))
			}
		}
	}()
	for i, p := range paths {
		if temps[i], err = tempBeside(p); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
		writers[i] = temps[i]
	}
	if err := write(writers); err != nil {
		return err
	}
	for _, f := range temps {
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
	}
	for i := len(paths) - 1; i >= 0; i-- {
		err := os.Rename(temps[i].Name(), paths[i])
		if err == nil {
			temps[i] = nil
			err = syncDir(filepath.Dir(paths[i]))
		}
		if err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
	}
	return nil
}

// replaceable makes sure that each path is free or an older backup, and that
// no two are the same.
func replaceable(paths []string) error {
	seen := map[string]bool{}
	for _, p := range paths {
		info, err := os.Lstat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("write the backup: %w", err)
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is there and is not a file; name another one", p)
		case !isAge(p):
			return fmt.Errorf("%s is there and is not a backup; it was left as it is", p)
		}
		full, err := filepath.Abs(p)
		if err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(full))
		if err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
		if full = filepath.Join(dir, filepath.Base(full)); seen[full] {
			return fmt.Errorf("%s cannot hold two files of a backup; name another one for the keys", p)
		}
		seen[full] = true
	}
	return nil
}

func isAge(path string) bool {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, len(ageMark))
	_, err = io.ReadFull(f, b)
	return err == nil && string(b) == ageMark
}

// tempBeside makes an empty file of mode 0600 beside path.
func tempBeside(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
}

// discard removes an unfinished file, which may be closed already.
func discard(f *os.File) error {
	err := f.Close()
	if errors.Is(err, fs.ErrClosed) {
		err = nil
	}
	return errors.Join(err, os.Remove(f.Name()))
}

// syncDir makes a new name in dir survive a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
