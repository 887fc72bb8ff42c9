package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
)

// OwnKey reads the key file at path, with which a node opens its own backups,
// and makes it when there is none; created says so. The file is an age identity
// file of mode 0600.
func OwnKey(path string, now time.Time) (to age.Recipient, created bool, err error) {
	ids, err := ReadKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(path, now); err != nil {
			return nil, false, fmt.Errorf("make the key of backups: %w", err)
		}
		created = true
		ids, err = ReadKeys(path)
	}
	if err != nil {
		return nil, created, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, created, fmt.Errorf("read the key of backups: %w", err)
	}
	if p := info.Mode().Perm(); p&0o077 != 0 {
		return nil, created, fmt.Errorf("others can read the key of backups; fix: chmod 600 %s", path)
	}
	for _, i := range ids {
		switch k := i.(type) {
		case *age.X25519Identity:
			return k.Recipient(), created, nil
		case *age.HybridIdentity:
			return k.Recipient(), created, nil
		}
	}
	return nil, created, fmt.Errorf("%s holds no age key that can encrypt", path)
}

// ReadKeys reads an age identity file. The error wraps [fs.ErrNotExist] when
// there is none, and quotes nothing of its content.
func ReadKeys(path string) ([]age.Identity, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("read the key of backups: %w", err)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s is not an age key file: it has lines that begin with AGE-SECRET-KEY-, without a passphrase", path)
	}
	return ids, nil
}

// Recipients reads public keys as typed: "age1...".
func Recipients(typed []string) ([]age.Recipient, error) {
	var out []age.Recipient
	for _, s := range typed {
		rs, err := age.ParseRecipients(strings.NewReader(s))
		if err != nil || strings.HasPrefix(strings.ToUpper(s), "AGE-SECRET-KEY") {
			return nil, errors.New(`a recipient is a public key that begins with "age1", as age-keygen prints it`)
		}
		out = append(out, rs...)
	}
	return out, nil
}

// makeKey writes a whole, synced file under another name and links it to path,
// so that two backups that begin at once get the same key.
func makeKey(path string, now time.Time) error {
	k, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("# opens the backups of this node; keep a copy away from the server\n# created: %s\n# public key: %s\n%s\n",
		now.UTC().Format(time.RFC3339), k.Recipient(), k)
	tmp, err := writeTemp(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err != nil {
		return err
	}
	err = os.Link(tmp, path)
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(tmp), syncDir(filepath.Dir(path)))
}

// writeTemp writes a synced file of mode 0600 beside path.
func writeTemp(path string, write func(io.Writer) error) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return "", err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// syncDir makes a new name in dir survive a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ageMark begins every age file.
const ageMark = "age-encryption.org/v1"

// WriteFile writes a backup to path: under another name first, so that path is
// never half a backup. It replaces an older backup and nothing else.
func WriteFile(path string, write func(io.Writer) error) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("write the backup: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is there and is not a file; name another one, or - for standard output", path)
	case !isAge(path):
		return fmt.Errorf("%s is there and is not a backup; it was left as it is", path)
	}
	tmp, err := writeTemp(path, write)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(fmt.Errorf("write the backup: %w", err), os.Remove(tmp))
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("write the backup: %w", err)
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
