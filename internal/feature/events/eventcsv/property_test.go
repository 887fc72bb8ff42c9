package eventcsv_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"html"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"pgregory.net/rapid"

	"convoke/internal/feature/events/eventcsv"
)

// words draws text that a reader must keep as it is: letters, signs that mean
// something to CSV or Markdown, single spaces inside.
func words(t *rapid.T, name string) string {
	word := rapid.StringMatching(`[A-Za-zäéñ,"'<>&*_\[\]|~#]{1,9}`)
	return "W" + strings.Join(rapid.SliceOfN(word, 1, 4).Draw(t, name), " ")
}

func drawRow(t *rapid.T, i int) eventcsv.Row {
	r := eventcsv.Row{
		UID:   fmt.Sprintf("id%dx", i),
		Title: words(t, "title"),
		Kind:  eventcsv.KindMarch,
		Types: []string{"march", words(t, "type")},
		Date: eventcsv.Date{
			Year:  rapid.IntRange(1800, 2200).Draw(t, "year"),
			Month: rapid.IntRange(1, 12).Draw(t, "month"),
			Day:   rapid.IntRange(1, 28).Draw(t, "day"),
		},
		Place: words(t, "place"), Locality: words(t, "locality"), Region: words(t, "region"),
		Country: "US", County: words(t, "county"),
		Online:  rapid.Bool().Draw(t, "online"),
		Arrests: rapid.IntRange(0, 900).Draw(t, "arrests"),
	}
	if rapid.Bool().Draw(t, "point") {
		r.Lat, r.Lon, r.HasPoint = rapid.Float64Range(0.1, 90).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lon"), true
	}
	if rapid.Bool().Draw(t, "size") {
		r.Low = rapid.IntRange(0, 10_000_000).Draw(t, "low")
		r.High, r.HasSize = r.Low+rapid.IntRange(0, 10_000_000).Draw(t, "more"), true
	}
	for n := range rapid.IntRange(0, 4).Draw(t, "sources") {
		r.Sources = append(r.Sources, fmt.Sprintf("https://news%d.example/a?b=%d", n, i))
	}
	r.SourceCount = len(r.Sources)
	return r
}

// writeTable writes rows in this project's layout.
func writeTable(rows []eventcsv.Row, comma rune, crlf bool) []byte {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	w.Comma, w.UseCRLF = comma, crlf
	_ = w.Write([]string{"id", "date", "locality", "region", "country", "place", "lat", "lon", "county", "event_type",
		"title", "online", "size_low", "size_high", "arrests", "sources", "n_sources"})
	for _, r := range rows {
		cells := []string{r.UID, r.Date.String(), r.Locality, r.Region, r.Country, r.Place, "", "", r.County,
			strings.Join(r.Types, "; "), r.Title, "0", "", "", strconv.Itoa(r.Arrests), strings.Join(r.Sources, " "), strconv.Itoa(r.SourceCount)}
		if r.HasPoint {
			cells[6], cells[7] = strconv.FormatFloat(r.Lat, 'g', -1, 64), strconv.FormatFloat(r.Lon, 'g', -1, 64)
		}
		if r.Online {
			cells[11] = "1"
		}
		if r.HasSize {
			cells[12], cells[13] = strconv.Itoa(r.Low), strconv.Itoa(r.High)
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return buf.Bytes()
}

func TestWrittenRowsAreReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var want []eventcsv.Row
		for i := range rapid.IntRange(1, 8).Draw(t, "rows") {
			r := drawRow(t, i)
			r.Line = i + 2
			want = append(want, r)
		}
		comma := rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "comma")
		data := writeTable(want, comma, rapid.Bool().Draw(t, "crlf"))
		var got []eventcsv.Row
		_, err := eventcsv.Read(bytes.NewReader(data),
			func(r eventcsv.Row) error { got = append(got, r); return nil },
			func(p eventcsv.Problem) { t.Errorf("problem: %+v", p) })
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("rows (-want +got):\n%s\n%s", diff, data)
		}
	})
}

var tags = regexp.MustCompile(`<[^>]*>`)

// A cell must come out of a Markdown renderer as it went in.
func TestDescriptionRendersLiterally(t *testing.T) {
	t.Parallel()
	md := goldmark.New(goldmark.WithExtensions(extension.GFM))
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(
			rapid.StringMatching(`[ -~]{1,30}`),
			rapid.SampledFrom([]string{"http://a.example/x", "www.a.example", "<b>", "**x**", "[a](b)", "![a](b)", "`c`", "~~d~~",
				"&amp;", "# e", "- f", "1. g", "> h", "a | b", "---", `\`, "<script>", "ftp://x.example", "mailto:x", "a@b.c1", "WWW.b.example"}),
		)
		cell := "x" + strings.Join(strings.Fields(strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "parts"), " ")), " ")
		var data bytes.Buffer
		w := csv.NewWriter(&data)
		_ = w.Write([]string{"date", "locality", "event_type", "claims"})
		_ = w.Write([]string{"2024-01-01", "Springfield", "rally", cell})
		w.Flush()
		var row eventcsv.Row
		hidden := false
		if _, err := eventcsv.Read(&data, func(r eventcsv.Row) error { row = r; return nil },
			func(p eventcsv.Problem) { hidden = hidden || p.Code == eventcsv.CodePersonal }); err != nil {
			t.Fatal(err)
		}
		if hidden {
			t.Skip("looks like an address or a number")
		}
		var out bytes.Buffer
		if err := md.Convert([]byte(row.Description), &out); err != nil {
			t.Fatal(err)
		}
		page := strings.TrimSuffix(strings.TrimPrefix(out.String(), "<p>"), "</p>\n")
		if tags.MatchString(page) {
			t.Fatalf("%q became %q", cell, page)
		}
		if got, want := html.UnescapeString(page), "Purpose: "+cell; got != want {
			t.Fatalf("shown %q, want %q (Markdown %q)", got, want, row.Description)
		}
	})
}

// FuzzRead checks what callers rely on for any input.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"table.csv", "sheet.csv", "compiled.csv", "semicolon.csv"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("date,locality,event_type\n\"2024-01-01,\"a\"\n\"\",x,\"y\n"))
	f.Add([]byte("\xff\xfed\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		uids, taken, left := map[string]bool{}, 0, 0
		sum, err := eventcsv.Read(bytes.NewReader(data), func(r eventcsv.Row) error {
			taken++
			if uids[r.UID] || r.UID == "" {
				t.Errorf("uid %q is not unique", r.UID)
			}
			uids[r.UID] = true
			checkRow(t, r)
			return nil
		}, func(p eventcsv.Problem) {
			if p.Left {
				left++
			}
			if p.Text == "" || p.Line < 1 || !utf8.ValidString(p.Text) {
				t.Errorf("problem %+v", p)
			}
		})
		if err == nil && (sum.Rows != taken+left || sum.Taken != taken || sum.Left != left || sum.Changed > taken) {
			t.Errorf("summary %+v after %d taken, %d left", sum, taken, left)
		}
	})
}

func checkRow(t *testing.T, r eventcsv.Row) {
	t.Helper()
	texts := append([]string{r.Title, r.Place, r.Locality, r.Region, r.Country, r.County, r.Organizer, r.SizeText, r.UID}, r.Types...)
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\n\r\t") || utf8.RuneCountInString(s) > 200 {
			t.Errorf("text %q", s)
		}
	}
	if r.Title == "" || !slices.Contains(eventcsv.Kinds(), r.Kind) || !utf8.ValidString(r.Description) || utf8.RuneCountInString(r.Description) > 4000 {
		t.Errorf("row %+v", r)
	}
	if r.Low < 0 || r.Low > r.High || r.High > 20_000_000 || r.Lat < -90 || r.Lat > 90 || r.Lon < -180 || r.Lon > 180 || r.Lat != r.Lat {
		t.Errorf("numbers of %+v", r)
	}
	for _, s := range r.Sources {
		if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
			t.Errorf("source %q", s)
		}
	}
	if r.Date.Month < 1 || r.Date.Month > 12 || r.Date.Day < 1 || r.Date.Day > 31 || r.SourceCount < len(r.Sources) {
		t.Errorf("row %+v", r)
	}
}
