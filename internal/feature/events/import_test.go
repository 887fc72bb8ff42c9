package events_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
)

const head = "id,date,locality,region,country,place,lat,lon,event_type,title,organizations,claims,online,size_text,size_low,size_high,sources\n"

const table = head +
	"a1,2024-06-01,Springfield,IL,US,Riverside Park,39.7817,-89.6501,rally,Clean river rally,Riverside Neighbours,clean water,0,dozens,24,60,https://www.example.org/report https://example.net/\n" +
	"a2,2024-06-02,Norfolk,VA,US,,52.6309,1.2974,vigil,,,,0,,,,\n" + // the point of another Norfolk
	"a3,2024-06-03,San Juan,PR,US,,18.4663,-66.1057,march,,,,0,,1200,800,\n" +
	"a4,2024-06-04,Leipzig,,Germany,,,,meeting,Tenants meet,,,0,,,,\n" +
	"a5,2024-06-05,Nowhere At All,ND,US,,,,rally,,,,0,,,,\n" +
	"a6,2024-06-06,,,,,,,webinar,,,,1,,7,7,\n" +
	"b1,2024-06-07,San Juan,San Juan,US,,18.4663,-66.1057,rally,,,,0,,,,\n" + // a territory, in odd words
	"b2,2024-06-08,Marydel,MD,US,,39.1129,-75.7458,rally,,,,0,,,,\n" + // on a border
	"b3,2024-06-09,Seattle,OR,US,,47.6061,-122.3328,rally,,,,0,,,,\n" + // the wrong state
	"a7,not a day,Springfield,IL,US,,,,rally,,,,0,,,,\n" +
	"a8,1901-01-01,Springfield,IL,US,,,,rally,,,,0,,,,\n"

func TestImportTable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		s, out := k.csv(table)
		if want := [5]int{9, 0, 0, 2, 3}; counts(s) != want {
			t.Fatalf("new, updated, unchanged, left, changed = %v, want %v\n%s", counts(s), want, out)
		}
		for _, want := range []string{"line 3, a2: The coordinates", "line 11, a7, left out: ", "line 12, a8, left out: Only events from 1971"} {
			if !strings.Contains(out, want) {
				t.Errorf("the report lacks %q:\n%s", want, out)
			}
		}
		a1 := k.one("a1")
		if got, want := a1.Start, time.Date(2024, 6, 1, 5, 0, 0, 0, time.UTC); !got.Equal(want) || !a1.AllDay || a1.Day() != 20240601 {
			t.Errorf("a1 starts %v on day %d, want %v", got, a1.Day(), want)
		}
		want := []events.Estimate{{Low: 24, High: 60, Words: "dozens", Method: "reported", SourceName: "example.org", SourceURL: "https://www.example.org/report"}}
		if diff := cmp.Diff(want, k.led.estimates[a1.ID]); diff != "" {
			t.Errorf("estimates (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(&events.Spot{Day: 20240601, Country: "US", Region: "IL"}, k.led.spots[a1.ID]); diff != "" {
			t.Errorf("spot (-want +got):\n%s", diff)
		}
		if k.find("river clean") != 1 || k.find("river vigil") != 0 {
			t.Error("words are not found")
		}
		again, _ := k.csv(table)
		if want := [5]int{0, 0, 9, 2, 3}; counts(again) != want {
			t.Errorf("second import: %v, want %v", counts(again), want)
		}
		if n := k.count("select count(*) from source where id = 'table'"); n != 1 {
			t.Errorf("%d sources", n)
		}
	})
}

func TestImportPlaces(t *testing.T) {
	t.Parallel()
	k := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	k.csv(table)
	for uid, want := range map[string]string{
		"a1": "Riverside Park|Springfield|IL|US|locality|America/Chicago|true",
		"a2": "|Norfolk|VA|US|locality|America/New_York|true",
		"a3": "|San Juan||PR|locality|America/Puerto_Rico|true",
		"a4": "|Leipzig||DE|locality|Europe/Berlin|true",
		"a5": "|Nowhere At All|ND|US|region|America/Chicago|true",
		"a6": "||||none|UTC|false",
		"b1": "|San Juan||PR|locality|America/Puerto_Rico|true",
		"b2": "|Marydel|MD|US|locality|America/New_York|true",
		"b3": "|Seattle|OR|US|region|America/Los_Angeles|true",
	} {
		e := k.one(uid)
		w := e.Where
		got := fmt.Sprintf("%s|%s|%s|%s|%s|%s|%v", w.Place, w.Locality, w.Region, w.Country, w.Precise, e.Zone, w.HasPoint)
		if got != want {
			t.Errorf("%s: %s, want %s", uid, got, want)
		}
	}
	if e := k.one("a2"); e.Where.Point.Lon > -70 {
		t.Errorf("a point outside the state was kept: %v", e.Where.Point)
	}
	if e := k.one("a6"); e.Kind != "online" {
		t.Errorf("an online row is of kind %q", e.Kind)
	}
}

func TestImportChangedRow(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		k.csv(table)
		old := k.one("a1")
		s, _ := k.csv(strings.NewReplacer("2024-06-01", "2024-07-09", "Clean river rally", "Harbour day", "dozens,24,60", ",,").Replace(table))
		if want := [5]int{0, 1, 8, 2, 3}; counts(s) != want {
			t.Fatalf("%v, want %v", counts(s), want)
		}
		e := k.one("a1")
		if e.ID != old.ID || e.Seq != old.Seq || e.Sequence != old.Sequence+1 || e.AtKey <= old.AtKey || !e.WasStart.IsZero() {
			t.Errorf("the row was not replaced in place: %+v, was %+v", e, old)
		}
		if k.find("clean rally") != 0 || k.find("harbour") != 1 {
			t.Error("the words of the old title are still found, or the new ones are not")
		}
		if got := k.led.estimates[e.ID]; len(got) != 0 {
			t.Errorf("an estimate that the file no longer holds is kept: %v", got)
		}
	})
}

// big is a table of more rows than one batch holds.
func big(n int) string {
	var b strings.Builder
	b.WriteString(head)
	for i := range n {
		fmt.Fprintf(&b, "b%d,2024-%02d-%02d,Springfield,IL,US,,,,rally,Rally %d,,,0,,%d,%d,\n", i, i%12+1, i%28+1, i, i, i+5)
	}
	return b.String()
}

var errKilled = errors.New("killed")

func TestImportKilledAndRepeated(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		text := big(1300)
		ctx, kill := context.WithCancelCause(t.Context())
		o := k.options()
		o.Progress = func(int) { kill(errKilled) } // after the first batch
		rep := events.NewReport(io.Discard, true)
		if err := k.svc.ImportCSV(ctx, strings.NewReader(text), o, rep); !errors.Is(err, context.Canceled) {
			t.Fatalf("error = %v", err)
		}
		if n := k.count("select count(*) from event"); n != 500 {
			t.Fatalf("%d rows after the kill, want one whole batch", n)
		}
		s, _ := k.csv(text)
		if want := [5]int{800, 0, 500, 0, 0}; counts(s) != want {
			t.Errorf("second import: %v, want %v", counts(s), want)
		}
		once := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
		once.csv(text)
		if diff := cmp.Diff(once.rows(), k.rows()); diff != "" && d.Engine() == db.SQLite {
			t.Errorf("killed and repeated differs from once (-once +twice):\n%s", diff)
		}
		if len(k.rows()) != 1300 {
			t.Errorf("%d rows", len(k.rows()))
		}
	})
}

func TestImportBrokenReader(t *testing.T) {
	t.Parallel()
	k := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	text := big(700)
	r := io.MultiReader(strings.NewReader(text[:len(text)-100]), failing{})
	if _, _, err := k.run(false, r, k.options()); !errors.Is(err, errKilled) {
		t.Fatalf("error = %v", err)
	}
	if n := k.count("select count(*) from event"); n < 690 {
		t.Errorf("%d rows were kept of what could be read", n)
	}
	if _, _, err := k.run(false, strings.NewReader("PK\x03\x04"), k.options()); err == nil {
		t.Error("a zip file was taken")
	}
	if _, _, err := k.run(true, strings.NewReader("hello"), k.options()); err == nil {
		t.Error("a text that is no calendar was taken")
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errKilled }

func TestImportDryRun(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		o := k.options()
		o.DryRun = true
		s, out, err := k.run(false, strings.NewReader(table), o)
		if err != nil || counts(s) != [5]int{9, 0, 0, 2, 3} || !strings.Contains(out, "dry run") {
			t.Fatalf("%v, %v\n%s", counts(s), err, out)
		}
		if n := k.count("select (select count(*) from event) + (select count(*) from source) + (select count(*) from setting)"); n != 0 {
			t.Errorf("a dry run wrote %d rows", n)
		}
	})
}

func TestImportReportJSON(t *testing.T) {
	t.Parallel()
	k := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	var out bytes.Buffer
	rep := events.NewReport(&out, true)
	if err := k.svc.ImportCSV(t.Context(), strings.NewReader(table), k.options(), rep); err != nil {
		t.Fatal(err)
	}
	s := rep.Summary()
	s.Seconds = 1.5
	if err := rep.Close(s); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows    []events.ImportProblem
		Summary events.ImportSummary
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if len(got.Rows) != 5 || got.Rows[0].Code != "point_outside" || got.Summary.Read != 11 || got.Summary.Codes["year"] != 1 {
		t.Errorf("report: %+v", got)
	}
	var empty bytes.Buffer
	rep = events.NewReport(&empty, true)
	if err := rep.Close(rep.Summary()); err != nil || !json.Valid(empty.Bytes()) {
		t.Errorf("a report without rows: %v\n%s", err, empty.String())
	}
}

// Real calendars, many of them broken: none makes the import fail half-way, and
// taking one in again changes nothing.
func TestImportCorpus(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../ical/testdata/*/*.ics")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d calendars, %v", len(files), err)
	}
	k := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		o := k.options()
		o.Source.ID = filepath.Base(f)
		first, out, err := k.run(true, bytes.NewReader(b), o)
		if err != nil {
			continue // not a calendar at all, which the reader's own tests judge
		}
		again, _, err := k.run(true, bytes.NewReader(b), o)
		if err != nil || again.New+again.Updated > 0 || again.Unchanged != first.New+first.Updated+first.Unchanged {
			t.Errorf("%s: first %v, again %v, %v\n%s", f, counts(first), counts(again), err, out)
		}
	}
}
