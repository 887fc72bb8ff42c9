package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"convoke/internal/record"
)

// ErrOtherRecord says that a folder holds the record of another node.
var ErrOtherRecord = errors.New("this folder holds the record of another node; name another one")

// ExportedRecord says what [Node.ExportRecord] did.
type ExportedRecord struct{ Files, Written int }

// ExportRecord writes the public record into a folder that any web server can serve
// as the root of an address. It can be repeated while others read: tiles that are
// full and there are left alone, and the checkpoints, which say how far to read,
// come last, that of the node's log last of all.
func (n *Node) ExportRecord(ctx context.Context, dir string, progress func(files int)) (done ExportedRecord, err error) {
	type file struct {
		path string
		data []byte
	}
	var checkpoints []file
	write := func(path string, data []byte) error {
		done.Files++
		if progress != nil {
			progress(done.Files)
		}
		wrote, err := putFile(filepath.Join(dir, filepath.FromSlash(path)), path, data)
		if wrote {
			done.Written++
		}
		return err
	}
	err = n.Record.Export(ctx, nil, func(path string, data []byte) error {
		switch {
		case path == record.PolicyPath:
			if err := sameRecord(filepath.Join(dir, filepath.FromSlash(path)), data); err != nil {
				return err
			}
		case strings.HasSuffix(path, "/checkpoint"):
			checkpoints = append(checkpoints, file{path, data})
			return nil
		}
		return write(path, data)
	})
	if err != nil {
		return done, fmt.Errorf("export the record: %w", err)
	}
	for i := len(checkpoints) - 1; i >= 0; i-- { // the node's log was the first
		if err := write(checkpoints[i].path, checkpoints[i].data); err != nil {
			return done, fmt.Errorf("export the record: %w", err)
		}
	}
	return done, nil
}

// sameRecord refuses a folder whose policy names the key of another log.
func sameRecord(path string, policy []byte) error {
	was, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	key := func(b []byte) string {
		line, _, _ := strings.Cut(string(b), "\n")
		return line
	}
	if key(was) != key(policy) {
		return ErrOtherRecord
	}
	return nil
}

// putFile writes a file as a whole or not at all. It leaves alone what is there and
// never changes.
func putFile(path, name string, data []byte) (wrote bool, err error) {
	full := strings.Contains(name, "/tile/") && !strings.Contains(name, ".p/")
	if st, err := os.Stat(path); err == nil {
		if full && st.Size() == int64(len(data)) {
			return false, nil
		}
		if was, err := os.ReadFile(path); err == nil && bytes.Equal(was, data) {
			return false, nil
		}
	}
	// Others serve these files, so they are for all to read, unlike the node's own.
	if err := publicFolder(filepath.Dir(path)); err != nil {
		return false, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return false, err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close()) //nolint:gosec // public
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error says more
	}
	return err == nil, err
}

// publicFolder makes a folder that all may read, whatever the umask.
func publicFolder(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if up := filepath.Dir(path); up != path {
		if err := publicFolder(up); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // public
		return err
	}
	return os.Chmod(path, 0o755) //nolint:gosec // public
}
