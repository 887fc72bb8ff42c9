package backup

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"convoke/internal/db/migrations"
	"convoke/internal/media"
	"convoke/internal/seal"
)

func bootFrom(path string) (seal.BootKey, error) { return seal.LoadBootKey(path, false) }

// openPlain decrypts and unpacks a backup.
func openPlain(t testing.TB, file string, k age.Identity) ([]byte, error) {
	t.Helper()
	r, err := age.Decrypt(bytes.NewReader(must(os.ReadFile(file))), k)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(r)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return io.ReadAll(z)
}

func TestRowsReadAsWritten(t *testing.T) {
	t.Parallel()
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Int64(), func(v int64) any { return v }), rapid.Map(rapid.String(), func(v string) any { return v }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(v []byte) any { return append([]byte{}, v...) }),
		rapid.Map(rapid.Float64().Filter(func(f float64) bool { return !math.IsNaN(f) }), func(v float64) any { return v + 0 }),
	)
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOf(rapid.SliceOfN(value, 3, 3)).Draw(t, "rows")
		var b []byte
		for _, r := range rows {
			b = must(appendRow(b, r))
		}
		for _, want := range rows {
			got, rest, err := nextRow(b, 3)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
			b = rest
		}
		if len(b) > 0 {
			t.Fatalf("%d bytes are left", len(b))
		}
	})
}

func TestTruthAndZeroHaveOneForm(t *testing.T) {
	t.Parallel()
	a := must(appendRow(nil, []any{true, math.Copysign(0, -1)}))
	b := must(appendRow(nil, []any{int64(1), 0.0}))
	if !bytes.Equal(a, b) {
		t.Errorf("%x and %x differ between engines", a, b)
	}
	if _, err := appendRow(nil, []any{math.NaN()}); err == nil {
		t.Error("not-a-number is written")
	}
}

func TestSchemaHasAnOrder(t *testing.T) {
	t.Parallel()
	for _, m := range []struct {
		name string
		has  []string
	}{{"a", []string{"b"}}, {"b", []string{"a"}}} {
		if _, err := inOrder([]table{{name: m.name, refers: m.has}}); err == nil {
			t.Error("a table that refers to nothing known has an order")
		}
	}
	if _, err := inOrder([]table{{name: "a", refers: []string{"b"}}, {name: "b", refers: []string{"a"}}}); err == nil {
		t.Error("a circle has an order")
	}
}

func TestOwnKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "backup.key")
	a, created, err := OwnKey(path, testClock().Now())
	if err != nil || !created {
		t.Fatal(created, err)
	}
	b, created, err := OwnKey(path, testClock().Now())
	if err != nil || created || !cmp.Equal(a.(*age.X25519Recipient).String(), b.(*age.X25519Recipient).String()) {
		t.Fatal("the second time it is another key", created, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OwnKey(path, testClock().Now()); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
	if left := files3(t, filepath.Dir(path)); len(left) != 1 {
		t.Errorf("files are left: %v", left)
	}
	if _, err := Recipients([]string{string(must(os.ReadFile(path)))}); err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("a secret key is taken for a public one: %v", err)
	}
}

func TestMigrationFiles(t *testing.T) {
	t.Parallel()
	f, err := some(migrations.Keys, true, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(f, "*.sql")
	if err != nil || len(names) < 2 || names[len(names)-1] != unfinished+".sql" {
		t.Errorf("files are %v, %v", names, err)
	}
}

// seedArchive is a small whole archive, made without a database.
func seedArchive(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	a := &archive{tar: tar.NewWriter(&b)}
	row := must(appendRow(nil, []any{"a", nil, int64(7)}))
	sum, none := newSum(mainName, "x"), newSum(mainName, "y")
	sum.add(row)
	picture := []byte("a picture")
	for _, err := range []error{
		a.json(manifestName, Manifest{Format: 1, Databases: []Database{
			{Name: mainName, Tables: []Table{
				{Name: "x", Columns: []string{"a", "b", "c"}, Key: []string{"a"}}, {Name: "y", Columns: []string{"a"}, Key: []string{"a"}},
			}},
		}}),
		a.entry(rowsEntry(mainName, "x", 1), row), a.entry(blobPrefix+media.Key(picture), picture),
		a.json(sumsName, Sums{Tables: []TableSum{sum.done(), none.done()}, Blobs: BlobSum{1, int64(len(picture)), media.Key([]byte(media.Key(picture)))}}),
		a.tar.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestTheEndIsReadToo(t *testing.T) {
	t.Parallel()
	whole := seedArchive(t)
	if _, _, err := readArchive(bytes.NewReader(whole), nothing{}); err != nil {
		t.Fatal(err)
	}
	broken := iotest.ErrReader(errors.New("the last part does not open"))
	if _, _, err := readArchive(io.MultiReader(bytes.NewReader(whole), broken), nothing{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("a damaged end: %v", err)
	}
	if _, _, err := readArchive(bytes.NewReader(append(whole, 'x')), nothing{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("something after the end: %v", err)
	}
}

func TestOneFileHoldsOneDatabase(t *testing.T) {
	t.Parallel()
	picture := []byte("a picture")
	key := media.Key(picture)
	sums := string(must(json.Marshal(Sums{Blobs: BlobSum{1, int64(len(picture)), media.Key([]byte(key))}})))
	with := func(database string) []byte {
		return withEntry(manifestName, `{"format":1,"databases":[{"name":"`+database+`"}]}`, blobPrefix+key, string(picture), sumsName, sums)
	}
	if _, _, err := readArchive(bytes.NewReader(with(mainName)), nothing{}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"two databases":          {withEntry(manifestName, `{"format":1,"databases":[{"name":"main"},{"name":"keys"}]}`), ErrNotBackup},
		"none":                   {withEntry(manifestName, `{"format":1,"databases":[]}`), ErrNotBackup},
		"another":                {withEntry(manifestName, `{"format":1,"databases":[{"name":"other"}]}`), ErrNotBackup},
		"picture among the keys": {with(keysName), ErrDamaged},
	} {
		if _, _, err := readArchive(bytes.NewReader(c.b), nothing{}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func FuzzArchive(f *testing.F) {
	whole := seedArchive(f)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("manifest.json"))
	f.Add(withEntry(manifestName, `{"format":1,"databases":[{"name":"main","tables":[{"name":"x"}]}]}`, "main/x/00000001", "abc"))
	f.Add(withEntry(manifestName, `{"format":1,"databases":[{"name":"keys"}]}`, "blobs/a", "abc"))
	f.Add(withEntry(manifestName, `{"format":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, sums, err := readArchive(bytes.NewReader(b), nothing{})
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotBackup) && !errors.Is(err, ErrNewer) {
			t.Errorf("an error of no kind: %v", err)
		}
		if err == nil && sums.Rows() < 0 {
			t.Error("less than no rows")
		}
	})
}

func withEntry(pairs ...string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: pairs[i], Size: int64(len(pairs[i+1]))}); err != nil {
			panic(err)
		}
		_ = must(w.Write([]byte(pairs[i+1])))
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func FuzzRow(f *testing.F) {
	f.Add(must(appendRow(nil, []any{nil, int64(-5), 1.5, "text", []byte{1}})), 5)
	f.Add([]byte{isText, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, 1)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		values, rest, err := nextRow(b, max(0, n%8))
		if err != nil {
			return
		}
		again, err := appendRow(nil, values)
		if err != nil || len(again) > len(b)-len(rest) {
			// Only not-a-number cannot be written; numbers may get shorter.
			for _, v := range values {
				if x, ok := v.(float64); ok && math.IsNaN(x) {
					return
				}
			}
			t.Errorf("%x reads as %v and is written as %x, %v", b, values, again, err)
		}
	})
}
