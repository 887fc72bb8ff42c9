package backup

import (
	"archive/tar"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"convoke/internal/db"
	"convoke/internal/media"
	"convoke/internal/seal"
)

// Input is what goes into one file: either Main and Blobs, or Keys. Write the
// keys after the rest; see the package's comment.
type Input struct {
	Main *db.DB
	// Blobs is the folder of a [media.Folder]; it may be missing.
	Blobs string
	Keys  *db.DB
	// BootKey is the [Fingerprint] of the boot key that wraps the keys.
	BootKey string
	// Derived are tables that are not copied, because they are made again from
	// others after a restore.
	Derived []string
	Version string // of the program
	Now     time.Time
	// Progress, when not nil, learns how many rows are written.
	Progress func(rows int)
}

// Result says what a file holds.
type Result struct {
	Manifest Manifest
	Sums     Sums
	// Damaged are the keys of pictures that were left out, because their files
	// are no longer what they were.
	Damaged []string
}

// Fingerprint tells boot keys apart and does not tell anything else about them.
func Fingerprint(k seal.BootKey) (string, error) {
	b, err := hkdf.Expand(sha256.New, k[:], "convoke backup 1 boot key", 16)
	if err != nil {
		return "", fmt.Errorf("name the boot key: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// Write writes one file of a backup, encrypted to the recipients, while others go on using
// the databases. Its memory does not grow with them.
func Write(ctx context.Context, w io.Writer, to []age.Recipient, in Input) (Result, error) {
	enc, err := age.Encrypt(w, to...)
	if err != nil {
		return Result{}, fmt.Errorf("encrypt the backup: %w", err)
	}
	zw, err := zstd.NewWriter(enc, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(4<<20))
	if err != nil {
		return Result{}, fmt.Errorf("compress the backup: %w", err)
	}
	r, err := writeArchive(ctx, zw, in)
	if err = errors.Join(err, zw.Close()); err != nil {
		return r, err // without its end the file does not open
	}
	if err := enc.Close(); err != nil {
		return r, fmt.Errorf("write the backup: %w", err)
	}
	return r, nil
}

// archive writes the entries.
type archive struct {
	tar    *tar.Writer
	in     Input
	result Result
	rows   int
}

func writeArchive(ctx context.Context, w io.Writer, in Input) (Result, error) {
	a := &archive{tar: tar.NewWriter(w), in: in}
	err := a.write(ctx)
	if err == nil {
		err = a.tar.Close()
	}
	if err != nil {
		return a.result, fmt.Errorf("write the backup: %w", err)
	}
	return a.result, nil
}

func (a *archive) write(ctx context.Context) error {
	m := &a.result.Manifest
	*m = Manifest{Format: formatVersion, Version: a.in.Version, Created: a.in.Now.UTC(), BootKey: a.in.BootKey}
	from, name := a.in.Main, mainName
	if from == nil {
		from, name = a.in.Keys, keysName
	}
	err := from.Read(ctx, func(tx *db.Tx) error {
		tables, d, err := a.describe(ctx, tx, name)
		if err != nil {
			return err
		}
		m.Databases = []Database{d}
		if err := a.json(manifestName, m); err != nil {
			return err
		}
		return a.tables(ctx, tx, name, tables)
	})
	if err != nil {
		return err
	}
	if err := a.blobs(ctx); err != nil {
		return err
	}
	return a.json(sumsName, &a.result.Sums)
}

func (a *archive) describe(ctx context.Context, tx *db.Tx, name string) ([]table, Database, error) {
	d := Database{Name: name, Engine: tx.Engine().String()}
	tables, err := catalog(ctx, tx, a.in.Derived)
	if err != nil {
		return nil, d, err
	}
	for i := range tables {
		d.Tables = append(d.Tables, tables[i].describe())
	}
	d.Migrations, err = applied(ctx, tx)
	return tables, d, err
}

func (a *archive) entry(name string, b []byte) error {
	err := a.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: int64(len(b)), Mode: 0o600, ModTime: a.in.Now.Truncate(time.Second), Format: tar.FormatUSTAR,
	})
	if err != nil {
		return err
	}
	_, err = a.tar.Write(b)
	return err
}

func (a *archive) json(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return a.entry(name, b)
}

func (a *archive) tables(ctx context.Context, tx *db.Tx, database string, tables []table) error {
	for i := range tables {
		sum, err := a.table(ctx, tx, database, &tables[i])
		if err != nil {
			return err
		}
		a.result.Sums.Tables = append(a.result.Sums.Tables, sum)
	}
	return nil
}

func (a *archive) table(ctx context.Context, tx *db.Tx, database string, t *table) (TableSum, error) {
	sum := newSum(database, t.name)
	var chunk []byte
	n := 0
	flush := func() error {
		n++
		err := a.entry(rowsEntry(database, t.name, n), chunk)
		chunk = chunk[:0]
		return err
	}
	err := rowsOf(ctx, tx, t, func(row []byte) error {
		sum.add(row)
		chunk = append(chunk, row...)
		a.rows++
		if a.in.Progress != nil && a.rows%1000 == 0 {
			a.in.Progress(a.rows)
		}
		if len(chunk) < chunkSize {
			return nil
		}
		return flush()
	})
	if err == nil && len(chunk) > 0 {
		err = flush()
	}
	return sum.done(), err
}

func rowsEntry(database, table string, n int) string {
	return fmt.Sprintf("%s/%s/%08d", database, table, n)
}

// rowSum adds up the rows of one table.
type rowSum struct {
	TableSum
	hash hash.Hash
}

func newSum(database, table string) *rowSum {
	return &rowSum{TableSum{Database: database, Table: table}, sha256.New()}
}

func (s *rowSum) add(row []byte) {
	s.Rows++
	s.hash.Write(row)
}

func (s *rowSum) done() TableSum {
	s.SHA256 = hex.EncodeToString(s.hash.Sum(nil))
	return s.TableSum
}

// blobs copies the pictures. One whose file was damaged does not keep all else
// from being saved.
func (a *archive) blobs(ctx context.Context) error {
	h := sha256.New()
	s := &a.result.Sums.Blobs
	err := eachBlob(a.in.Blobs, func(f *media.Folder, key string) error {
		b, err := f.Get(ctx, key)
		switch {
		case errors.Is(err, media.ErrDamaged):
			a.result.Damaged = append(a.result.Damaged, key)
			return nil
		case errors.Is(err, fs.ErrNotExist): // deleted meanwhile
			return nil
		case err != nil:
			return err
		}
		s.Count++
		s.Bytes += int64(len(b))
		h.Write([]byte(key))
		return a.entry(blobPrefix+key, b)
	})
	s.SHA256 = hex.EncodeToString(h.Sum(nil))
	return err
}

// eachBlob walks the folder in the order of the keys.
func eachBlob(dir string, f func(*media.Folder, string) error) error {
	if _, err := os.Stat(dir); dir == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	store, err := media.OpenFolder(dir)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("list pictures: %w", err)
		case !e.Type().IsRegular() || len(e.Name()) != 2*sha256.Size:
			return nil
		}
		return f(store, e.Name())
	})
}
