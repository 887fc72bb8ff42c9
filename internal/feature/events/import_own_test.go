package events_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
)

// Events go from one node to another and back as a table, and stay what they
// are. Ids, addresses and times of storing are each node's own.
func TestExportedTableIsImportedAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		plain, day, odd := input(), input(), input()
		plain.Description = "We pick **litter**:\n\n- bring gloves\n- and \"friends\", if you like"
		plain.AccessYes, plain.Capacity, plain.Lang = []string{"toilet", "captions"}, "30", "de"
		day.StartTime, day.EndTime, day.EndDate, day.Kind, day.State = "", "", "2026-05-11", "presence", events.Postponed
		odd.Title, odd.Place, odd.Address = "=SUM(1)", "'-quoted", "-1"
		odd.Near, odd.Zone, odd.OnlineURL, odd.State = "", "America/New_York", "https://example.org/room?a=1", events.Cancelled
		for i, in := range []events.Input{plain, day, odd} {
			if _, err := f.Create(t.Context(), olga, "g1", string(rune('a'+i)), in); err != nil {
				t.Fatal(err)
			}
		}
		moved := input()
		e, err := f.Create(t.Context(), olga, "g1", "d", moved)
		if err != nil {
			t.Fatal(err)
		}
		moved.State, moved.StartTime, moved.Place = events.Moved, "11:00", "South gate"
		if err := f.Update(t.Context(), olga, e, 0, moved); err != nil {
			t.Fatal(err)
		}
		zone := input()
		if e, err = f.Create(t.Context(), olga, "g1", "e", zone); err != nil {
			t.Fatal(err)
		}
		zone.Zone = "Europe/London"
		if err := f.Update(t.Context(), olga, e, 0, zone); err != nil {
			t.Fatal(err)
		}
		hours := input()
		hours.StartTime, hours.EndTime = "", ""
		if e, err = f.Create(t.Context(), olga, "g1", "f", hours); err != nil {
			t.Fatal(err)
		}
		hours.StartTime, hours.EndTime = "10:00", "13:00"
		if err := f.Update(t.Context(), olga, e, 0, hours); err != nil {
			t.Fatal(err)
		}
		first := exported(t, f.Service)
		for _, want := range []string{"T10:00+02:00,\"North gate, Leipzig\",\r\n", "T10:00+02:00,,Europe/Berlin\r\n", ",2026-05-09,,\r\n"} {
			if !strings.Contains(first, want) {
				t.Errorf("what was before is not told: %s", first)
			}
		}
		k := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
		s, out := k.csv(first)
		if counts(s) != [5]int{6, 0, 0, 0, 0} {
			t.Fatalf("%v\n%s", counts(s), out)
		}
		if diff := cmp.Diff(cells(t, first), cells(t, exported(t, k.svc))); diff != "" {
			t.Errorf("what went and what came (-/+):\n%s", diff)
		}
		if s, out := k.csv(first); counts(s) != [5]int{0, 0, 6, 0, 0} {
			t.Errorf("again: %v\n%s", counts(s), out)
		}
		if s, _ := k.csv(strings.Replace(first, "toilet captions,30", "toilet captions,31", 1)); counts(s) != [5]int{0, 1, 5, 0, 0} {
			t.Errorf("with one more place: %v", counts(s))
		}
	})
}

func exported(t *testing.T, s *events.Service) string {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(t.Context(), &out, events.ExportOptions{Format: "csv", BaseURL: "https://example.org"}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// cells are those of an exported table that are not a node's own.
func cells(t *testing.T, table string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, c := range row {
			if name := rows[0][i]; name != "id" && name != "url" && name != "updated" {
				m[name] = c
			}
		}
		out = append(out, m)
	}
	return out
}

func TestImportOfABrokenOwnTable(t *testing.T) {
	t.Parallel()
	k := newDesk(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	var rows bytes.Buffer
	w := csv.NewWriter(&rows)
	w.UseCRLF = true
	names := strings.Split(strings.TrimSpace(exported(t, k.svc)), ",")
	row := func(change ...string) {
		cell := map[string]string{
			"id": "x1", "title": "Open day", "kind": "meeting", "state": "confirmed", "start": "2026-06-01T10:00+02:00",
			"end": "2026-06-01T12:00+02:00", "zone": "Europe/Berlin", "all_day": "false", "locality": "Leipzig",
		}
		for i := 0; i < len(change); i += 2 {
			cell[change[i]] = change[i+1]
		}
		line := make([]string, len(names))
		for i, n := range names {
			line[i] = cell[n]
		}
		if err := w.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Write(names); err != nil {
		t.Fatal(err)
	}
	row("kind", "party", "state", "draft", "lang", "??", "zone", "Mars/Base", "lat", "91", "lon", "0", "online_url", "javascript:alert(1)",
		"capacity", "-3", "title", "Open\x00 \xff day", "precision", "exactly")
	row("id", "x2", "start", "tomorrow")
	row("id", "x3", "end", "2026-06-01T10:00+02:00")
	row("id", "x4", "start", "1066-10-14", "end", "1066-10-15", "all_day", "true")
	row("id", "")
	row("id", "x5", "title", "")
	w.Flush()
	rows.WriteString("x6,too few\r\n")
	row("id", "x7")
	w.Flush()
	s, out := k.csv(rows.String())
	if want := [5]int{3, 0, 0, 5, 1}; counts(s) != want {
		t.Fatalf("new, updated, unchanged, left, changed = %v, want %v\n%s", counts(s), want, out)
	}
	for _, want := range []string{"line 3, x2, left out: “tomorrow, ", "line 4, x3, left out: ", "line 5, x4, left out: Only events from 1971", "line 6, file, left out: This row cannot be read", "line 8, file, left out: "} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	e := k.one("x1")
	if e.Title != "Open day" || e.Kind != "other" || e.State != events.Confirmed || e.Zone != "UTC" || e.Where.HasPoint ||
		e.Where.OnlineURL != "" || e.Capacity != 0 || e.Where.Precise != "none" {
		t.Errorf("%+v", e)
	}
}

// Whatever stands below our own header is an event or is named in the report.
func FuzzOwnTable(f *testing.F) {
	d := dbtest.Open(f, dbtest.SQLite(f), clock.NewManual(dbtest.Now))
	head, _, _ := strings.Cut(exportHead, "\n")
	for _, row := range []string{
		strings.TrimPrefix(exportHead, head+"\n"), "\"a\"b,c\n", ",,,,\n", strings.Repeat(",", 24) + "\n",
		"x,'=1,march,draft,2026-03-29,2026-03-31,Mars/Base,true,,,,,,91,NaN,exactly,javascript:1,??,x y,-1,,ftp://x,,,\x00\xff\n",
	} {
		f.Add(row)
	}
	f.Fuzz(func(t *testing.T, rows string) {
		k := newDesk(t, d)
		o := k.options()
		o.DryRun = true
		s, out, err := k.run(false, strings.NewReader(head+"\n"+rows), o)
		if err != nil {
			t.Fatal(err)
		}
		if most := strings.Count(rows, "\n") + strings.Count(rows, "\r") + 1; s.Read > most || s.Left != strings.Count(out, ", left out: ") && !strings.Contains(rows, "left out") {
			t.Fatalf("%+v of %q\n%s", s, rows, out)
		}
	})
}

// exportHead is the header of an export and a row.
const exportHead = "id,title,kind,state,start,end,zone,all_day,place,address,locality,region,country,lat,lon,precision,online_url,language,access,capacity,organizer,source_url,url,updated,description\n" +
	"01j0,Open day,meeting,confirmed,2026-06-01T10:00+02:00,2026-06-01T12:00+02:00,Europe/Berlin,false,North gate,,Leipzig,,DE,51.3,12.3,locality,,de,toilet,30,Riverside,,https://example.org/events/01j0,2026-05-01T00:00:00Z,\"We **meet**\n- here\"\n"
