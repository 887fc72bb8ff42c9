package eventcsv_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"convoke/internal/feature/events/eventcsv"
)

// result is all that one reading gave.
type result struct {
	rows     []eventcsv.Row
	problems []eventcsv.Problem
	sum      eventcsv.Summary
}

func readAll(t *testing.T, r io.Reader) result {
	t.Helper()
	var out result
	sum, err := eventcsv.Read(r,
		func(row eventcsv.Row) error { out.rows = append(out.rows, row); return nil },
		func(p eventcsv.Problem) { out.problems = append(out.problems, p) })
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	out.sum = sum
	return out
}

func readFixture(t *testing.T, name string) result {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, bytes.NewReader(data))
}

func (r result) byUID(t *testing.T, uid string) eventcsv.Row {
	t.Helper()
	for _, row := range r.rows {
		if row.UID == uid {
			return row
		}
	}
	t.Fatalf("no row %s", uid)
	return eventcsv.Row{}
}

// brief is what the tests compare of a problem.
type brief struct {
	line int
	code string
	left bool
}

func (r result) briefs() []brief {
	var out []brief
	for _, p := range r.problems {
		out = append(out, brief{p.Line, p.Code, p.Left})
	}
	return out
}

var exposed = cmp.AllowUnexported(brief{})

func TestTable(t *testing.T) {
	t.Parallel()
	got := readFixture(t, "table.csv")
	wantSum := eventcsv.Summary{Layout: eventcsv.LayoutTable, Rows: 15, Taken: 10, Left: 5, Changed: 7}
	if diff := cmp.Diff(wantSum, got.sum); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	wantProblems := []brief{
		{3, "repeat", true},
		{4, "swapped", false}, {4, "source", false},
		{5, "point", false}, {5, "size", false},
		{6, "date", true},
		{7, "place", true},
		{9, "encoding", false},
		{10, "personal", false},
		{11, "size", false}, {11, "arrests", false},
		{12, "cells", true},
		{13, "quotes", true},
		{16, "id", false},
		{17, "long", false},
	}
	if diff := cmp.Diff(wantProblems, got.briefs(), exposed); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	want := eventcsv.Row{
		Line: 2, UID: "a1", Title: "March in Springfield",
		Description: "Purpose: Keep the library open hours\n\nOrganizations: Riverside Neighbours; Friends of the Library",
		Kind:        eventcsv.KindMarch, Types: []string{"march", "rally"},
		Date:  eventcsv.Date{Year: 2024, Month: 5, Day: 4},
		Place: "Public Library", Locality: "Springfield", Region: "IL", Country: "US", County: "Sangamon County",
		Lat: 39.78, Lon: -89.65, HasPoint: true,
		Organizer: "Riverside Neighbours; Friends of the Library",
		SizeText:  "several dozen", Low: 24, High: 40, HasSize: true, Arrests: 2,
		Sources: []string{"https://news.example/library", "https://photos.example/"}, SourceCount: 2,
	}
	if diff := cmp.Diff(want, got.byUID(t, "a1")); diff != "" {
		t.Errorf("row a1 (-want +got):\n%s", diff)
	}
}

func TestTableQuirks(t *testing.T) {
	t.Parallel()
	got := readFixture(t, "table.csv")
	if r := got.byUID(t, "a2"); r.Low != 60 || r.High != 100 || r.Organizer != "" || len(r.Sources) != 0 || r.SourceCount != 1 {
		t.Errorf("a2: %+v", r)
	}
	if r := got.byUID(t, "a3"); r.HasPoint || r.HasSize || r.Lat != 0 {
		t.Errorf("a3 kept a bad point or size: %+v", r)
	}
	if r := got.byUID(t, "a6"); !r.Online || r.Locality != "" || r.Kind != eventcsv.KindVigil || r.Title != "Online vigil" {
		t.Errorf("a6: %+v", r)
	}
	r := got.byUID(t, "a7")
	if r.Title != "Neighbours’ Day" || r.Place != "Mayor’s Garden" || r.Organizer != "Café Riverside" {
		t.Errorf("a7 is still garbled: %q %q %q", r.Title, r.Place, r.Organizer)
	}
	if r.Kind != eventcsv.KindTeachIn || r.Low != 120 || r.High != 120 || r.SourceCount != 3 {
		t.Errorf("a7: %+v", r)
	}
	r = got.byUID(t, "a8")
	if r.Kind != eventcsv.KindRentStrike || r.Title != "<b>Rents</b> & _repairs_" || r.Low != 12 || r.High != 12 {
		t.Errorf("a8: %+v", r)
	}
	wantText := `Purpose: Write to (removed) or (removed) \<script\>alert(1)\</script\>` + "\n\nOrganizations: Tenants of 5 Hill Street"
	if diff := cmp.Diff(wantText, r.Description); diff != "" {
		t.Errorf("a8 description (-want +got):\n%s", diff)
	}
	if r := got.byUID(t, "a9"); r.Kind != eventcsv.KindOther || r.Title != "=1+1" || r.HasSize || r.Arrests != 0 {
		t.Errorf("a9: %+v", r)
	}
	if r := got.byUID(t, "b3"); r.Line != 14 || r.Place != "Town Hall, south side" {
		t.Errorf("b3, the row after the broken one: %+v", r)
	}
	if r := got.byUID(t, "a1-2"); r.Date.Month != 6 {
		t.Errorf("the second, different a1: %+v", r)
	}
	r = got.byUID(t, "b4")
	if n := len([]rune(r.Title)); n > 200 || !strings.HasSuffix(r.Title, "…") {
		t.Errorf("title of %d characters: %q", n, r.Title)
	}
	if n := len([]rune(r.Description)); n > 4000 || n < 3900 {
		t.Errorf("description of %d characters", n)
	}
}

func TestSheet(t *testing.T) {
	t.Parallel()
	got := readFixture(t, "sheet.csv")
	wantSum := eventcsv.Summary{Layout: eventcsv.LayoutSheet, Rows: 6, Taken: 4, Left: 2, Changed: 1}
	if diff := cmp.Diff(wantSum, got.sum); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	wantProblems := []brief{
		{1, "columns", false},
		{3, "arrests", false}, {3, "source", false},
		{5, "repeat", true},
		{6, "date", true},
	}
	if diff := cmp.Diff(wantProblems, got.briefs(), exposed); diff != "" {
		t.Fatalf("problems (-want +got):\n%s", diff)
	}
	r := got.rows[0]
	if r.Place != "Outside City Hall" || r.Locality != "Springfield" || r.Country != "US" || r.SizeText != "several dozen" || r.Low != 24 {
		t.Errorf("first row: %+v", r)
	}
	if r.Title != "Protest in Springfield" || r.Date.String() != "2017-11-01" || r.Organizer != "" {
		t.Errorf("first row: %+v", r)
	}
	second, third, last := got.rows[1], got.rows[2], got.rows[3]
	if second.UID == third.UID || third.UID != second.UID+"-2" {
		t.Errorf("uids of similar rows: %s, %s", second.UID, third.UID)
	}
	if diff := cmp.Diff([]string{"https://news.example/b", "https://news.example/c"}, second.Sources); diff != "" || second.SourceCount != 3 {
		t.Errorf("sources, %d (-want +got):\n%s", second.SourceCount, diff)
	}
	if last.Date.String() != "2017-11-04" || last.Kind != eventcsv.KindMarch || last.Low != 150 || last.High != 150 || last.SizeText != "" {
		t.Errorf("last row: %+v", last)
	}
}

func TestCompiledLayoutLeavesPrivateColumns(t *testing.T) {
	t.Parallel()
	got := readFixture(t, "compiled.csv")
	if got.sum.Layout != eventcsv.LayoutCompiled || len(got.problems) != 0 || len(got.rows) != 1 {
		t.Fatalf("summary %+v, problems %v", got.sum, got.problems)
	}
	r := got.rows[0]
	if r.Title != "Sit-in in Springfield" || r.Place != "Main Street" || r.Low != 1200 || r.High != 1201 || r.SourceCount != 2 || r.Country != "US" {
		t.Errorf("row: %+v", r)
	}
	for _, private := range []string{"Person", "Verbatim", "private", "XY"} {
		if strings.Contains(r.Description+r.Title+r.Organizer, private) {
			t.Errorf("%q was read", private)
		}
	}
}

func TestSemicolonsAndWindowsLetters(t *testing.T) {
	t.Parallel()
	got := readFixture(t, "semicolon.csv")
	want := []brief{{2, "columns", false}, {3, "encoding", false}, {4, "encoding", false}}
	if diff := cmp.Diff(want, got.briefs(), exposed); diff != "" {
		t.Fatalf("problems (-want +got):\n%s", diff)
	}
	if !strings.Contains(got.problems[0].Text, "Bemerkung") {
		t.Errorf("unknown column is not named: %s", got.problems[0].Text)
	}
	if r := got.rows[0]; r.Locality != "München" || r.Lat != 48.137 || r.Lon != 11.575 || r.Low != 1200 {
		t.Errorf("row: %+v", r)
	}
	if r := got.rows[1]; r.Locality != "Plauen’s Platz" || r.HasPoint {
		t.Errorf("row: %+v", r)
	}
}

// The same table must be read alike however it is wrapped.
func TestWrappings(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/table.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := readAll(t, bytes.NewReader(data))
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	if _, err := zw.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]io.Reader{
		"gzip":    &zipped,
		"utf-16":  bytes.NewReader(wide),
		"crlf":    bytes.NewReader(bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))),
		"cr":      bytes.NewReader(bytes.ReplaceAll(data, []byte("\n"), []byte("\r"))),
		"by byte": iotest.OneByteReader(bytes.NewReader(data)),
		"no end":  bytes.NewReader(bytes.TrimSpace(data)),
	}
	for name, r := range cases {
		got := readAll(t, r)
		if diff := cmp.Diff(want.rows, got.rows); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(want.briefs(), got.briefs(), exposed); diff != "" {
			t.Errorf("%s: problems (-want +got):\n%s", name, diff)
		}
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	read := func(s string) error {
		_, err := eventcsv.Read(strings.NewReader(s), func(eventcsv.Row) error { return nil }, nil)
		return err
	}
	for _, s := range []string{"", "\n \r\n", "\xef\xbb\xbf"} {
		if err := read(s); !errors.Is(err, eventcsv.ErrEmpty) {
			t.Errorf("%q: %v, want ErrEmpty", s, err)
		}
	}
	if err := read("PK\x03\x04rest"); !errors.Is(err, eventcsv.ErrOffice) {
		t.Errorf("zip: %v", err)
	}
	var missing *eventcsv.HeaderError
	if err := read("id,title,locality,place\n"); !errors.As(err, &missing) {
		t.Fatalf("missing columns: %v", err)
	}
	if diff := cmp.Diff([]string{"date", "event_type"}, missing.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if !strings.Contains(missing.Error(), "no column date, no column event_type") {
		t.Errorf("message: %s", missing)
	}
	if err := read("CityTown,StateTerritory,EstimateLow,EventType\n"); !errors.As(err, &missing) || missing.Missing[0] != "Date" || missing.Layout != eventcsv.LayoutSheet {
		t.Errorf("sheet without date: %v", err)
	}
	if err := read("\x1f\x8b\x08broken"); err == nil {
		t.Error("broken gzip was read")
	}
	boom := errors.New("boom")
	in := io.MultiReader(strings.NewReader("date,locality,event_type\n2024-01-01,Springfield,rally\n2024"), iotest.ErrReader(boom))
	if sum, err := eventcsv.Read(in, func(eventcsv.Row) error { return nil }, nil); !errors.Is(err, boom) || sum.Taken != 1 {
		t.Errorf("failing reader: %v, %+v", err, sum)
	}
}

func TestYieldStops(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	in := "date,locality,event_type\n2024-01-01,Springfield,rally\n2024-01-02,Springfield,rally\n"
	n := 0
	sum, err := eventcsv.Read(strings.NewReader(in), func(eventcsv.Row) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	}, nil)
	if !errors.Is(err, stop) || n != 2 || sum.Taken != 1 {
		t.Errorf("err %v after %d rows, %+v", err, n, sum)
	}
}

// One bad quotation mark must cost one row, wherever it stands.
func TestQuotesResynchronise(t *testing.T) {
	t.Parallel()
	const head = "date,locality,event_type,title\n"
	good := "2024-01-02,Riverside,rally,\"One, two\"\n"
	cases := map[string]string{
		"never closed":             "2024-01-01,Springfield,rally,\"Open\n",
		"closed too early":         "2024-01-01,Springfield,\"rally\" now,Title\n",
		"never closed, first cell": "\"2024-01-01,Springfield,rally,Title\n",
	}
	for name, bad := range cases {
		got := readAll(t, strings.NewReader(head+bad+good+strings.ReplaceAll(good, "-02", "-03")))
		if len(got.rows) != 2 || got.sum.Left != 1 || got.problems[0].Code != eventcsv.CodeQuotes || got.problems[0].Line != 2 {
			t.Errorf("%s: %d rows, problems %+v", name, len(got.rows), got.problems)
		}
	}
	got := readAll(t, strings.NewReader(head+"2024-01-01,Springfield,rally,The \"big\" one\n"+good))
	if len(got.rows) != 2 || got.rows[0].Title != `The "big" one` {
		t.Errorf("marks inside a bare cell: %+v", got.rows)
	}
	huge := "2024-01-01,Springfield,rally," + strings.Repeat("x", 2<<20) + "\n"
	got = readAll(t, strings.NewReader(head+huge+good))
	if len(got.rows) != 1 || got.sum.Left != 1 {
		t.Errorf("huge row: %+v", got.sum)
	}
}

func TestProblemsSpeakPlainly(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"table.csv", "sheet.csv", "semicolon.csv"} {
		for _, p := range readFixture(t, file).problems {
			if p.Text == "" || strings.ContainsAny(p.Text, "{}") || p.Message == "" {
				t.Errorf("%s line %d: %+v", file, p.Line, p)
			}
			if p.Left != strings.HasSuffix(p.Text, "left out.") {
				t.Errorf("%s line %d: left %v but %q", file, p.Line, p.Left, p.Text)
			}
		}
	}
}
