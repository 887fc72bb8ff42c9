package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"convoke/internal/media"
)

// sink takes what a file holds, in its order. The values of a row may be
// kept, the data of a blob may not.
type sink interface {
	manifest(m *Manifest) error
	row(t *Table, values []any) error
	blob(key string, data []byte) error
}

// nothing takes everything and does nothing.
type nothing struct{}

func (nothing) manifest(*Manifest) error  { return nil }
func (nothing) row(*Table, []any) error   { return nil }
func (nothing) blob(string, []byte) error { return nil }

// expecting refuses the other of the two files at once.
type expecting struct {
	sink
	name string // of the database
}

func (e expecting) manifest(m *Manifest) error {
	switch {
	case m.database(e.name) != nil:
		return e.sink.manifest(m)
	case e.name == keysName:
		return ErrNotKeys
	}
	return ErrNotMain
}

// Check reads a whole file of a backup and compares everything with its sums.
func Check(r io.Reader, with []age.Identity) (Manifest, Sums, error) {
	return read(r, with, nothing{})
}

// read decrypts r. Its error wraps [ErrNotBackup], [ErrDamaged], [ErrIdentity]
// or [ErrNewer], or is the sink's.
func read(r io.Reader, with []age.Identity, to sink) (Manifest, Sums, error) {
	plain, err := age.Decrypt(r, with...)
	var no *age.NoIdentityMatchError
	switch {
	case errors.As(err, &no):
		return Manifest{}, Sums{}, ErrIdentity
	case err != nil:
		return Manifest{}, Sums{}, fmt.Errorf("%w: %w", ErrNotBackup, err)
	}
	zr, err := zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(32<<20), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return Manifest{}, Sums{}, fmt.Errorf("unpack the backup: %w", err)
	}
	defer zr.Close()
	return readArchive(zr, to)
}

// reader walks the entries and keeps account.
type reader struct {
	to   sink
	m    Manifest
	got  Sums
	want *Sums

	tables []Table // in order
	at     int     // the table being read
	part   int
	sum    *rowSum
	keys   hash.Hash
	last   string // key of the blob before
}

func readArchive(r io.Reader, to sink) (Manifest, Sums, error) {
	rd := &reader{to: to, at: -1, keys: sha256.New()}
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rd.m, rd.got, damaged(err)
		}
		if err := rd.entry(t, h); err != nil {
			return rd.m, rd.got, err
		}
	}
	if rd.want == nil {
		return rd.m, rd.got, fmt.Errorf("%w (its end is missing)", ErrDamaged)
	}
	// The end of the encrypted stream is what proves that nothing was cut off.
	n, err := io.Copy(io.Discard, r)
	if err == nil && n > 0 {
		err = errors.New("something follows its end")
	}
	if err != nil {
		return rd.m, rd.got, damaged(err)
	}
	return rd.m, rd.got, nil
}

func damaged(err error) error {
	if errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w (%w)", ErrDamaged, err)
}

func (r *reader) entry(t io.Reader, h *tar.Header) error {
	if h.Typeflag != tar.TypeReg || h.Size < 0 || h.Size > maxEntry || r.want != nil {
		return fmt.Errorf("%w (an entry is not as expected)", ErrDamaged)
	}
	b, err := io.ReadAll(t)
	if err != nil {
		return damaged(err)
	}
	switch {
	case h.Name == manifestName && r.m.Format == 0:
		return r.manifest(b)
	case r.m.Format == 0:
		return fmt.Errorf("%w: it does not begin as one", ErrNotBackup)
	case h.Name == sumsName:
		return r.sums(b)
	case strings.HasPrefix(h.Name, blobPrefix) && r.m.database(mainName) != nil:
		return r.blob(strings.TrimPrefix(h.Name, blobPrefix), b)
	}
	return r.rows(h.Name, b)
}

func (r *reader) manifest(b []byte) error {
	if err := json.Unmarshal(b, &r.m); err != nil {
		return fmt.Errorf("%w: %w", ErrNotBackup, err)
	}
	switch {
	case r.m.Format > formatVersion:
		return ErrNewer
	case r.m.Format < 1 || len(r.m.Databases) != 1 || r.m.database(mainName) == nil && r.m.database(keysName) == nil:
		return fmt.Errorf("%w: its manifest is not complete", ErrNotBackup)
	}
	r.tables = r.m.Databases[0].Tables
	return r.to.manifest(&r.m)
}

// rows takes one entry of rows. Tables without rows have none.
func (r *reader) rows(name string, b []byte) error {
	database := r.m.Databases[0].Name
	if r.at < 0 || name != rowsEntry(database, r.tables[r.at].Name, r.part+1) {
		for {
			if !r.next() {
				return fmt.Errorf("%w (entry %q is out of place)", ErrDamaged, name)
			}
			if name == rowsEntry(database, r.tables[r.at].Name, 1) {
				break
			}
		}
	}
	r.part++
	t := &r.tables[r.at]
	for len(b) > 0 {
		values, rest, err := nextRow(b, len(t.Columns))
		if err != nil {
			return err
		}
		if len(rest) == len(b) { // a table without columns would never end
			return errValue
		}
		r.sum.add(b[:len(b)-len(rest)])
		b = rest
		if err := r.to.row(t, values); err != nil {
			return err
		}
	}
	return nil
}

// next ends the table being read and goes on to the one after it.
func (r *reader) next() bool {
	if r.sum != nil {
		r.got.Tables = append(r.got.Tables, r.sum.done())
		r.sum = nil
	}
	if r.at+1 >= len(r.tables) {
		r.at = len(r.tables)
		return false
	}
	r.at++
	r.part = 0
	r.sum = newSum(r.m.Databases[0].Name, r.tables[r.at].Name)
	return true
}

func (r *reader) blob(key string, data []byte) error {
	if key <= r.last || media.Key(data) != key {
		return fmt.Errorf("%w (picture %q is not what it was)", ErrDamaged, key)
	}
	r.last = key
	r.got.Blobs.Count++
	r.got.Blobs.Bytes += int64(len(data))
	r.keys.Write([]byte(key))
	return r.to.blob(key, data)
}

func (r *reader) sums(b []byte) error {
	for r.next() {
		continue
	}
	r.got.Blobs.SHA256 = hex.EncodeToString(r.keys.Sum(nil))
	r.want = new(Sums)
	if err := json.Unmarshal(b, r.want); err != nil {
		return damaged(err)
	}
	return compare(r.want.Tables, r.got.Tables, r.want.Blobs == r.got.Blobs)
}

func compare(want, got []TableSum, blobs bool) error {
	if len(want) != len(got) || !blobs {
		return fmt.Errorf("%w (its parts do not add up)", ErrDamaged)
	}
	for i := range want {
		if want[i] != got[i] {
			return fmt.Errorf("%w (table %s should have %d rows and has %d, or they differ)", ErrDamaged, want[i].Table, want[i].Rows, got[i].Rows)
		}
	}
	return nil
}
