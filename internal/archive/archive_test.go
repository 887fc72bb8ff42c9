package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/fault"
)

const group = "01hzzzzzzzzzzzzzzzzzzzzzzz"

type row struct {
	Name string `json:"name"`
}

func few() Limits {
	l := defaults()
	l.Entries, l.Part, l.Picture, l.Total, l.Row = 40, 4<<20, 1<<20, 8<<20, 1<<10
	return l
}

// sample is a file with a list of n rows and some parts.
func sample(t testing.TB, n int, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, Manifest{Node: "https://old.example", Day: "2026-11-28", Group: Group{ID: group, Handle: "riverside", Name: "R"}})
	err := w.List("rows.json", func(add func(any) error) error {
		for i := range n {
			if err := add(row{fmt.Sprint("row ", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	for i := 0; i < len(parts) && err == nil; i += 2 {
		err = w.File(parts[i], []byte(parts[i+1]))
	}
	if err == nil {
		err = w.Close(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// take reads a file to its end, as an import does.
func take(b []byte, l Limits) (n int, err error) {
	r, err := open(bytes.NewReader(b), int64(len(b)), l)
	if err != nil {
		return 0, err
	}
	if err := r.Verify(context.Background(), nil); err != nil {
		return 0, err
	}
	err = Each(r, "rows.json", func(int, *row) error { n++; return nil })
	return n, err
}

func TestFileComesBack(t *testing.T) {
	t.Parallel()
	b := sample(t, 30, "pictures/a.png", "not packed", "about.txt", "text")
	if n, err := take(b, few()); err != nil || n != 30 {
		t.Errorf("read %d rows: %v", n, err)
	}
	r, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if m := r.Manifest; m.Node != "https://old.example" || m.Group.Handle != "riverside" || len(m.Entries) != 3 || !r.Has("about.txt") {
		t.Errorf("the manifest says %+v", m)
	}
	if got := r.Pictures(); len(got) != 1 || got[0] != "pictures/a.png" {
		t.Errorf("pictures: %v", got)
	}
	if !bytes.Equal(b, sample(t, 30, "pictures/a.png", "not packed", "about.txt", "text")) {
		t.Error("the same parts made other bytes")
	}
	if n, err := take(sample(t, 0), few()); err != nil || n != 0 {
		t.Errorf("an empty list: %d, %v", n, err)
	}
}

// forged makes a zip by hand, with a manifest that fits it unless fix spoils it.
type forged struct {
	h    zip.FileHeader
	data string
}

func forge(t *testing.T, parts []forged, manifest func(string) string) []byte {
	t.Helper()
	m := Manifest{Format: format, Version: version, Day: "2026-11-28", Group: Group{ID: group}}
	var names []string
	for _, p := range parts {
		names = append(names, fmt.Sprintf(`{"name":%q,"size":%d,"sha256":%q}`, p.h.Name, len(p.data), hexSum(p.data)))
	}
	text := fmt.Sprintf(`{"format":%q,"version":%d,"node":"","name":"","day":"","group":{"id":%q,"handle":"","name":""},"entries":[%s]}`,
		m.Format, m.Version, group, strings.Join(names, ","))
	if manifest != nil {
		text = manifest(text)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range append(parts, forged{zip.FileHeader{Name: manifestName, Method: zip.Deflate}, text}) {
		h := p.h
		w, err := z.CreateHeader(&h)
		if err == nil && !strings.HasSuffix(h.Name, "/") {
			_, err = io.WriteString(w, p.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func hexSum(s string) string {
	w := NewWriter(io.Discard, Manifest{})
	_ = w.File("x", []byte(s))
	return w.manifest.Entries[0].Hash
}

func named(name string) []forged {
	return []forged{{zip.FileHeader{Name: name, Method: zip.Deflate}, "x"}}
}

func list(rows string) []forged {
	return []forged{{zip.FileHeader{Name: "rows.json", Method: zip.Deflate}, rows}}
}

// What is not what it should be is refused, with words that say why.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	link := zip.FileHeader{Name: "rows.json", Method: zip.Deflate}
	link.SetMode(fs.ModeSymlink | 0o777)
	many := make([]forged, 60)
	for i := range many {
		many[i] = named(fmt.Sprint("part", i))[0]
	}
	good := sample(t, 3)
	replace := func(a, b string) func(string) string {
		return func(s string) string { return strings.Replace(s, a, b, 1) }
	}
	for name, x := range map[string]struct {
		file []byte
		says string
	}{
		"no zip":                     {[]byte(strings.Repeat("not a zip file. ", 20)), "not a zip file"},
		"nothing":                    {nil, "too short"},
		"cut off":                    {good[:len(good)-30], "cut off"},
		"cut off at the end":         {good[:len(good)-1], "cut off"},
		"without its beginning":      {good[40:], "list of parts"},
		"something before it":        {append([]byte("#!/bin/sh\n"), good...), "list of parts"},
		"something behind it":        {append(bytes.Clone(good), "more"...), "cut off"},
		"climbing out":               {forge(t, named("../../etc/passwd"), nil), "with the name"},
		"climbing out later":         {forge(t, named("statements/../../x"), nil), "with the name"},
		"absolute":                   {forge(t, named("/etc/passwd"), nil), "with the name"},
		"backslashes":                {forge(t, named(`..\..\x`), nil), "with the name"},
		"a drive":                    {forge(t, named("C:/x"), nil), "with the name"},
		"a hidden file":              {forge(t, named("statements/.htaccess"), nil), "with the name"},
		"a folder":                   {forge(t, named("statements/"), nil), "with the name"},
		"a line in a name":           {forge(t, named("a\nb"), nil), "with the name"},
		"a very long name":           {forge(t, named(strings.Repeat("x", 300)), nil), ""},
		"a link":                     {forge(t, []forged{{link, "/etc/passwd"}}, nil), "not a plain file"},
		"twice":                      {forge(t, append(named("rows.json"), named("rows.json")...), nil), "two parts with the name"},
		"twice in other letters":     {forge(t, append(named("rows.json"), named("Rows.json")...), nil), "two parts with the name"},
		"too many parts":             {forge(t, many, nil), "too many parts"},
		"no manifest":                {forge(t, list("[]"), func(string) string { return "" }), "manifest.json"},
		"another format":             {forge(t, list("[]"), replace(format, "holiday-pictures")), "something else"},
		"a version to come":          {forge(t, list("[]"), replace(`"version":1`, `"version":2`)), "version 2"},
		"a member twice":             {forge(t, list("[]"), replace(`"day":""`, `"day":"","day":"x"`)), "there twice"},
		"an unknown member":          {forge(t, list("[]"), replace(`"day":""`, `"day":"","key":"x"`)), "unknown field"},
		"a hash that is wrong":       {forge(t, list("[]"), replace(`"sha256":"`, `"sha256":"0`)), "another size"},
		"a hash of something else":   {forge(t, list("[]"), replace(hexSum("[]"), hexSum("x"))), "SHA-256"},
		"a hash that is missing":     {forge(t, list("[]"), replace(hexSum("[]"), "")), "another size"},
		"a size that is wrong":       {forge(t, list("[]"), replace(`"size":2`, `"size":3`)), "another size"},
		"a part that is not named":   {forge(t, list("[]"), replace("rows.json", "lost.json")), "not there"},
		"a part that nobody named":   {forge(t, list("[]"), func(s string) string { return s[:strings.Index(s, `"entries"`)] + `"entries":[]}` }), "does not name"},
		"a group without an id":      {forge(t, list("[]"), replace(group, "riverside")), "no group"},
		"a part that is too large":   {forge(t, list(strings.Repeat("0123456789abcdef", 300_000)), nil), "too large"},
		"a picture that is too much": {forge(t, []forged{{zip.FileHeader{Name: "pictures/a.png"}, strings.Repeat("x", 1<<20+1)}}, nil), "too large"},
		"all together too large": {forge(t, []forged{
			{zip.FileHeader{Name: "a"}, strings.Repeat("x", 4<<20)}, {zip.FileHeader{Name: "b"}, strings.Repeat("y", 4<<20)},
		}, nil), "together"},
		"a bomb":                    {forge(t, list(strings.Repeat(" ", 3<<20)), nil), "swell"},
		"a row that is too large":   {forge(t, list(`[{"name":"`+strings.Repeat("ab", 900)+`"}]`), nil), "too large"},
		"spaces without an end":     {forge(t, list("["+strings.Repeat(" \t", 3000)+"]"), nil), "too large"},
		"no list":                   {forge(t, list(`{}`), nil), "not a list"},
		"a list that does not end":  {forge(t, list(`[{"name":"a"}`), nil), "row 2"},
		"something behind the list": {forge(t, list(`[] []`), nil), "behind the list"},
		"rows without a comma":      {forge(t, list(`[{"name":"a"} {"name":"b"}]`), nil), "row"},
		"another type":              {forge(t, list(`[{"name":7}]`), nil), `"name" is a number`},
		"a row of another type":     {forge(t, list(`["name"]`), nil), "string"},
		"a member of a row twice":   {forge(t, list(`[{"name":"a","name":"b"}]`), nil), "there twice"},
		"a member in other letters": {forge(t, list(`[{"Name":"a"}]`), nil), "unknown"},
		"a deep row":                {forge(t, list(`[`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`]`), nil), "deeply"},
		"no UTF-8":                  {forge(t, list("[{\"name\":\"\xff\"}]"), nil), "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := take(x.file, few())
			if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), x.says) {
				t.Errorf("got %v, want words about %q", err, x.says)
			}
		})
	}
}

// patched changes bytes of the record of the first part in the list of parts.
func patched(t *testing.T, b []byte, change func(header []byte)) []byte {
	t.Helper()
	b = bytes.Clone(b)
	at := bytes.Index(b, []byte("PK\x01\x02"))
	if at < 0 {
		t.Fatal("no list of parts")
	}
	change(b[at:])
	return b
}

// A part that unpacks to more than it says, or overlaps another, is found out
// while it is read.
func TestFilesThatLie(t *testing.T) {
	t.Parallel()
	text := "[" + strings.Repeat(" ", 5000) + "]"
	bomb := forge(t, list(text), func(s string) string { return strings.Replace(s, `"size":5002`, `"size":10`, 1) })
	bomb = patched(t, bomb, func(h []byte) {
		binary.LittleEndian.PutUint32(h[16:], crc32.ChecksumIEEE([]byte(text)))
		binary.LittleEndian.PutUint32(h[24:], 10) // of 5,002
	})
	two := forge(t, append(named("a"), named("b")...), nil)
	at := bytes.LastIndex(two, []byte("PK\x01\x02"))     // the manifest
	at = bytes.LastIndex(two[:at], []byte("PK\x01\x02")) // b
	binary.LittleEndian.PutUint32(two[at+42:], 0)        // begins where a does
	encrypted := patched(t, sample(t, 1), func(h []byte) { h[8] |= 1 })
	packed := patched(t, sample(t, 1), func(h []byte) { h[10] = 93 })
	count := bytes.Clone(sample(t, 1))
	binary.LittleEndian.PutUint16(count[len(count)-12:], 65535)
	for name, x := range map[string]struct {
		file []byte
		says string
	}{
		"more than it says": {bomb, "rows.json"}, "parts that share bytes": {two, ""}, "encrypted": {encrypted, "encrypted"},
		"packed in another way": {packed, "unknown way"}, "a count that overflows": {count, "too many"},
	} {
		if _, err := take(x.file, few()); !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file of 2 GB of events is refused by what it says, and read no further.
func TestEnormousPart(t *testing.T) {
	t.Parallel()
	b := patched(t, sample(t, 3), func(h []byte) { binary.LittleEndian.PutUint32(h[24:], 2<<30) })
	if _, err := take(b, defaults()); !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}

// Every single byte that is changed in a file is noticed, or changes nothing.
func TestDamageIsNoticed(t *testing.T) {
	t.Parallel()
	good := sample(t, 20, "about.txt", "some text")
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(good)
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		b[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		n, err := take(b, few())
		if err == nil && n != 20 {
			t.Fatalf("byte %d: read %d rows, and no error", at, n)
		}
		if err != nil && !errors.Is(err, ErrUnreadable) {
			t.Fatalf("byte %d: %v", at, err)
		}
	})
}

func TestWords(t *testing.T) {
	t.Parallel()
	got, ok := NewReport().Wrong(fault.Invalid(fault.Field("title", "x", "At most {n}.", "n", 3)))
	if !ok || got != "title: At most 3." {
		t.Errorf("got %q, %v", got, ok)
	}
	if _, ok := NewReport().Wrong(errors.New("x")); ok {
		t.Error("any error is a form's")
	}
	in := Import{Now: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), Kept: map[string]string{"pictures/a.png": "k"}}
	if got := in.Moment(in.Now.AddDate(1, 0, 0)); !got.Equal(in.Now) {
		t.Errorf("tomorrow is %v", got)
	}
	if key, ok := in.Picture("pictures/a.png", ""); key != "k" || !ok {
		t.Error("a picture is not found")
	}
	if key, ok := in.Picture("pictures/b.png", "b"); key != "b" || !ok {
		t.Error("a picture that is here is not recognised")
	}
	if _, ok := in.Picture("pictures/c.png", ""); ok {
		t.Error("a picture is found that is not there")
	}
}

func TestReportIsBounded(t *testing.T) {
	t.Parallel()
	r := NewReport()
	for range maxNamed + 7 {
		r.Leave("events", "x", CodeInvalid, "no")
	}
	var b bytes.Buffer
	if err := r.Print(&b); err != nil || len(r.Rows) != maxNamed || r.More != 7 || r.Sum().Left != maxNamed+7 ||
		!strings.Contains(b.String(), "and 7 more") {
		t.Errorf("%d rows and %d more: %v", len(r.Rows), r.More, err)
	}
}

// FuzzRead: whatever a file is, it is read or refused, and never more of it than
// the limits say.
func FuzzRead(f *testing.F) {
	f.Add(sample(f, 3, "pictures/a.png", "x"))
	f.Add([]byte("PK\x05\x06"))
	if b, err := os.ReadFile("doc.go"); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l := few()
		l.Part, l.Total = 1<<16, 1<<17
		r, err := open(bytes.NewReader(b), int64(len(b)), l)
		if err != nil {
			return
		}
		total := int64(0)
		for _, name := range r.names {
			if strings.Contains(name, "..") || strings.HasPrefix(name, "/") {
				t.Fatalf("took the name %q", name)
			}
			part, err := r.Part(name)
			if err != nil {
				continue
			}
			n, _ := io.Copy(io.Discard, part)
			total += n
			_ = part.Close()
		}
		if total > l.Total+l.Manifest {
			t.Fatalf("read %d bytes", total)
		}
		_ = Each(r, "rows.json", func(int, *row) error { return nil })
	})
}

// FuzzStrict: what is taken as JSON means the same to everybody.
func FuzzStrict(f *testing.F) {
	for _, s := range []string{`{"name":"a"}`, `{"name":"a","name":"b"}`, `[1,2`, `{"name":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var x, y row
		if Strict(b, &x) == nil && (Strict(b, &y) != nil || x != y) {
			t.Fatal("the same bytes mean different things")
		}
	})
}
