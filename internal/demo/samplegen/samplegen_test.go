package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

const head = "id,part,date,locality,region,country,place,lat,lon,county,event_type,title,organizations,claims,online," +
	"size_text,size_low,size_high,size_mean,sources,n_sources\n"

// table has five rallies, so that "rally" is a common word.
const table = head +
	"a1,raw,2024-05-04,Springfield,IL,US,Library,39.78,-89.65,Sangamon County,rally; cake with a slogan,Secret title,Secret group,Secret claim,0," +
	"about 200,200,200,200,https://apnews.com/x https://www.apnews.com/y https://secret-cause.example/z https://x.com/someone https://cnn.com/q,5\n" +
	"a1-2,raw,2024-05-04,Springfield,IL,US,Library,39.78,-89.65,Sangamon County,rally,,,,0,,,,,,0\n" +
	"a2,oddpart,2024-05-05,Secret slogan (1!),IL,US,,,,,Rally,,,,0,dozens of secret people,24,24,24,,0\n" +
	"a3,p3,2024-05-06,,,US,,,,,rally,,,,0,,,,,,0\n" +
	"a4,p3,2024-05-07,online,,US,,,,,rally,,,,1,NA,,,,,0\n"

func TestReducesToWhatTakesNoSide(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.csv.gz"), filepath.Join(dir, "out.csv.zst")
	var packed bytes.Buffer
	zw := gzip.NewWriter(&packed)
	if _, err := io.WriteString(zw, table); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	if err := run([]string{"-in", in, "-out", out}, &log); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(log.String(), "3 of 5 rows, ") {
		t.Errorf("log %q", log.String())
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	zr, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join(columns(), ",") + "\n" +
		"a1,raw,2024-05-04,Springfield,IL,US,39.78,-89.65,Sangamon County,rally,0,about 200,200,200,200,https://apnews.com/ https://x.com/,5\n" +
		"a2,tab,2024-05-05,,IL,US,,,,rally,0,,24,24,24,,0\n" +
		"a4,p3,2024-05-07,online,,US,,,,rally,1,,,,,,0\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("sample (-want +got):\n%s", diff)
	}
	if strings.Contains(strings.ToLower(string(got)), "secret") || strings.Contains(string(got), "slogan") {
		t.Error("a text was let through")
	}
	if err := run([]string{"-in", in, "-out", filepath.Join(dir, "again")}, io.Discard); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(filepath.Join(dir, "again"))
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("a second run differs, %v", err)
	}
}

func TestRefusesOtherTables(t *testing.T) {
	t.Parallel()
	if _, err := parseTable(strings.NewReader("id,date\n")); err == nil || !strings.Contains(err.Error(), "no column part") {
		t.Errorf("err %v", err)
	}
	if err := run(nil, io.Discard); err == nil {
		t.Error("missing flags were accepted")
	}
}

func TestSizeWords(t *testing.T) {
	t.Parallel()
	for in, keep := range map[string]bool{
		"dozens": true, "about 200": true, "1,200-1,500": true, "FB: 13": true, "More than a dozen": true, "count video": true,
		"na": false, "": false, "dozens for the bridge": false, "200 “friends”": false, "50 http://x.example": false,
	} {
		if got := sizeWords(in); (got != "") != keep {
			t.Errorf("%q became %q", in, got)
		}
	}
}
