package backup

import (
	"bytes"
	"errors"
	"fmt"
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
	f, err := tempBeside(path)
	if err != nil {
		return err
	}
	if _, err = f.WriteString(text); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return errors.Join(err, discard(f), syncDir(filepath.Dir(path)))
}
