package ical

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// someText draws what Read gives back unchanged: trimmed and without control
// characters.
func someText(breaks bool) *rapid.Generator[string] {
	return rapid.Map(rapid.StringOfN(rapid.OneOf(
		rapid.RuneFrom([]rune("aZ9 ,;:\\\"'^\näöü€漢🙂=%<>&")), rapid.Rune(),
	), 0, 120, -1), func(s string) string { return cleanText(s, breaks) })
}

// someOut draws an event that can be written.
func someOut(t *rapid.T, label string) Out {
	zones := append([]string{"", "UTC", "Europe/Berlin"}, matchOrder()...)
	e := Out{
		UID:         cleanText(rapid.StringMatching(`[a-z0-9;,@-]{1,90}`).Draw(t, "uid"), false) + label,
		Sequence:    rapid.IntRange(0, 1<<30).Draw(t, "sequence"),
		Summary:     someText(false).Draw(t, "summary"),
		Description: someText(true).Draw(t, "description"),
		Location:    someText(true).Draw(t, "location"),
		Organizer:   strings.ReplaceAll(someText(false).Draw(t, "organizer"), "@", ""),
		Status:      rapid.SampledFrom([]string{"confirmed", "tentative", "cancelled"}).Draw(t, "status"),
		Zone:        rapid.SampledFrom(zones).Draw(t, "zone"),
		AllDay:      rapid.Bool().Draw(t, "allDay"),
		HasGeo:      rapid.Bool().Draw(t, "hasGeo"),
		Language:    rapid.SampledFrom([]string{"", "de", "pt-BR"}).Draw(t, "language"),
	}
	e.Organizer = cleanText(e.Organizer, false)
	if rapid.Bool().Draw(t, "hasURL") {
		e.URL = "https://riverside.example/" + rapid.StringMatching(`[a-z0-9/?=&;,%-]{0,100}`).Draw(t, "url")
	}
	if e.HasGeo {
		e.Lat, e.Lon = rapid.Float64Range(0.01, 90).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lon")
	}
	for _, c := range rapid.SliceOfNDistinct(someText(false), 0, 5, rapid.ID).Draw(t, "categories") {
		if c != "" {
			e.Categories = append(e.Categories, c)
		}
	}
	loc := time.UTC
	if z, ok := place(ianaName(e.Zone)); ok {
		loc = z.loc
	}
	e.Start = time.Unix(rapid.Int64Range(-2e9, 8e9).Draw(t, "start"), 0).In(loc)
	e.End = e.Start.Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "length")) * time.Second)
	if e.AllDay {
		wall := time.Date(e.Start.Year(), e.Start.Month(), e.Start.Day(), 0, 0, 0, 0, time.UTC)
		e.Start = zone{loc: loc}.instant(wall)
		e.End = zone{loc: loc}.instant(wall.AddDate(0, 0, rapid.IntRange(1, 40).Draw(t, "days")))
	}
	e.Stamp = time.Unix(rapid.Int64Range(0, 2e9).Draw(t, "stamp"), 0).UTC()
	e.LastModified = e.Stamp
	return e
}

// TestWriteRead writes events, reads them back and compares everything. Times
// that the clock shows twice come back in UTC, the same instant.
func TestWriteRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cal := Calendar{Name: someText(false).Draw(t, "name"), Host: "riverside.example", Language: "en", Refresh: time.Hour}
		var list []Out
		for i := range rapid.IntRange(0, 4).Draw(t, "events") {
			list = append(list, someOut(t, string(rune('a'+i))))
		}
		data := write(t, cal, list)
		checkLines(t, data)
		got := readAll(data, Options{})
		if got.Err != nil {
			t.Fatalf("read: %v\n%s", got.Err, data)
		}
		if got.Summary.Name != cal.Name {
			t.Fatalf("name %q, want %q", got.Summary.Name, cal.Name)
		}
		for _, p := range got.Problems {
			if p.Code != codeFloating {
				t.Fatalf("problem %+v in\n%s", p, data)
			}
		}
		if len(got.Events) != len(list) {
			t.Fatalf("%d events, want %d:\n%s", len(got.Events), len(list), data)
		}
		for i, e := range got.Events {
			if diff := cmp.Diff(expected(list[i]), e, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("event differs (-written +read):\n%s\n%s", diff, data)
			}
			if !list[i].AllDay && list[i].Zone != "" && !list[i].Start.Equal(e.Start) {
				t.Fatalf("start %v, want %v", e.Start, list[i].Start)
			}
		}
	})
}

// expected is what Read should give for what was written.
func expected(o Out) Event {
	e := Event{
		UID: o.UID, Sequence: o.Sequence, Summary: o.Summary, Description: o.Description, Location: o.Location,
		URL: o.URL, Organizer: strings.ReplaceAll(o.Organizer, `\`, "/"), Status: o.Status, Start: o.Start, End: o.End, Zone: o.Zone,
		AllDay: o.AllDay, Lat: o.Lat, Lon: o.Lon, HasGeo: o.HasGeo, Categories: o.Categories,
		Language: o.Language, LastModified: o.LastModified,
	}
	loc := o.Start.Location()
	written := time.Date(o.Start.Year(), o.Start.Month(), o.Start.Day(), o.Start.Hour(), o.Start.Minute(), o.Start.Second(), 0, time.UTC)
	if !o.AllDay && o.Zone != "" && !(zone{loc: loc}).instant(written).Equal(o.Start) {
		e.Zone = "UTC"
		e.Start, e.End = o.Start.UTC(), o.End.UTC()
	}
	return e
}

type fataler interface{ Fatalf(string, ...any) }

func write(t fataler, cal Calendar, list []Out) []byte {
	var buf bytes.Buffer
	w := NewWriter(&buf, cal)
	for _, e := range list {
		if err := w.Event(e); err != nil {
			t.Fatalf("event %+v: %v", e, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	return buf.Bytes()
}

// checkLines holds the text to RFC 5545, 3.1.
func checkLines(t fataler, data []byte) {
	for _, line := range bytes.SplitAfter(data, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		if !bytes.HasSuffix(line, []byte("\r\n")) || bytes.Count(line, []byte("\r")) != 1 || len(line) > 77 || !utf8.Valid(line) {
			t.Fatalf("bad line %q", line)
		}
	}
}

// TestWriteReadByOthers reads what was written with another library.
func TestWriteReadByOthers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := someOut(t, "x")
		o.Summary += " and more"
		o.Summary = cleanText(o.Summary, false)
		data := write(t, Calendar{Name: "Riverside Neighbours"}, []Out{o})
		cal, err := ics.ParseCalendar(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("golang-ical: %v\n%s", err, data)
		}
		if n := len(cal.Events()); n != 1 {
			t.Fatalf("golang-ical reads %d events:\n%s", n, data)
		}
		e := cal.Events()[0]
		start := e.GetStartAt
		if o.AllDay {
			start = e.GetAllDayStartAt
		}
		at, err := start()
		if err != nil {
			t.Fatalf("golang-ical: start: %v\n%s", err, data)
		}
		if o.Zone != "" && !o.AllDay && !at.Equal(o.Start) {
			t.Fatalf("golang-ical reads start %v, want %v", at, o.Start)
		}
		if got := ics.FromText(e.GetProperty(ics.ComponentPropertySummary).Value); got != o.Summary && e.GetProperty(ics.ComponentPropertySummary).Value != o.Summary {
			t.Fatalf("golang-ical reads summary %q, want %q", got, o.Summary)
		}
	})
}

// TestZoneDescriptions compares what is written about each zone with Go's own
// data, every week from 1970 to 2040.
func TestZoneDescriptions(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, name := range matchOrder() {
		z, ok := place(name, true)
		if !ok {
			t.Fatalf("zone %s does not load", name)
		}
		if z.loc == time.UTC {
			continue
		}
		data := write(t, Calendar{}, []Out{{UID: "1", Start: at, Zone: name}, {UID: "2", Start: at, Zone: name}})
		if n := bytes.Count(data, []byte("BEGIN:VTIMEZONE")); n != 1 {
			t.Fatalf("%s is described %d times", name, n)
		}
		p := newParser(Options{}, func(Event) error { return nil }, func(Problem) {})
		in := newLines(bytes.NewReader(data))
		for line, err := in.read(); err == nil; line, err = in.read() {
			p.line(line)
		}
		budget := 10_000_000
		from, to := time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2040, 12, 31, 0, 0, 0, 0, time.UTC)
		rules := p.zones.defs[zoneKey{1, name}].rules(use{from: from, to: to}, &budget)
		for _, u := range everyWeek(from, to) {
			if rules.offset(u) != z.offset(u) {
				t.Errorf("%s: offset %d at %v, want %d\n%s", name, rules.offset(u), time.Unix(u, 0).UTC(), z.offset(u), data)
				break
			}
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 18, 0, 0, 0, time.UTC)
	for name, e := range map[string]Out{
		"no uid":           {Start: at},
		"no start":         {UID: "1"},
		"end before start": {UID: "1", Start: at, End: at.Add(-time.Hour)},
		"unknown zone":     {UID: "1", Start: at, Zone: "Europe/Atlantis"},
		"path as zone":     {UID: "1", Start: at, Zone: "../../etc/passwd"},
	} {
		w := NewWriter(&bytes.Buffer{}, Calendar{})
		if err := w.Event(e); !errors.Is(err, ErrEvent) {
			t.Errorf("%s: error %v, want ErrEvent", name, err)
		}
		if err := w.Close(); err != nil {
			t.Errorf("%s: the calendar is broken afterwards: %v", name, err)
		}
	}
}

type brokenDisk struct{}

func (brokenDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteKeepsError(t *testing.T) {
	t.Parallel()
	w := NewWriter(brokenDisk{}, Calendar{Name: "Leipzig"})
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v, want that of the disk", err)
	}
}
