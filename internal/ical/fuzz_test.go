package ical

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// limitedOptions keep what one input may give small.
func limitedOptions() Options {
	o := corpusOptions()
	o.MaxPerSeries = 50
	return o
}

// FuzzRead reads anything: it must not panic, give more than the file can hold,
// take long, or give an event that a page could not show.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/corpus/*.ics")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		begin := time.Now()
		got := readAll(data, limitedOptions())
		if took := time.Since(begin); took > 10*time.Second {
			t.Fatalf("took %v", took)
		}
		events := strings.Count(strings.ToUpper(string(data)), "VEVENT")
		if most := events * 51; len(got.Events) > most {
			t.Fatalf("%d occurrences from %d events", len(got.Events), events)
		}
		if most := 200 + len(data); len(got.Problems) > most {
			t.Fatalf("%d problems from %d bytes", len(got.Problems), len(data))
		}
		for _, p := range got.Problems {
			if p.Text == "" || len(p.Text) > 800 {
				t.Fatalf("problem %+v", p)
			}
		}
		var buf bytes.Buffer
		w := NewWriter(&buf, Calendar{})
		for _, e := range got.Events {
			if e.UID == "" || e.End.Before(e.Start) || e.Start.IsZero() || strings.ContainsAny(e.Summary+e.URL, "\x00\r\n") {
				t.Fatalf("event %+v", e)
			}
			if y := e.Start.Year(); y < 2 || y > 9990 || e.End.Year() > 9990 {
				continue
			}
			if err := w.Event(Out{UID: e.UID, Start: e.Start, End: e.End, Zone: e.Zone, AllDay: e.AllDay, Summary: e.Summary}); err != nil {
				t.Fatalf("event %+v cannot be written: %v", e, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		checkLines(t, buf.Bytes())
	})
}

// FuzzRRule expands any rule: dates must be in order, not before the start, and
// the budget must hold.
func FuzzRRule(f *testing.F) {
	for _, s := range []string{
		"FREQ=SECONDLY", "FREQ=SECONDLY;COUNT=1000000000", "FREQ=YEARLY;BYSECOND=0,1,2,59;BYMINUTE=1,2;BYHOUR=3,4;BYDAY=1MO,-1SU",
		"FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "FREQ=YEARLY;BYWEEKNO=1,53,-1;UNTIL=99991231", "FREQ=HOURLY;INTERVAL=99999;BYYEARDAY=366",
		"RRULE:FREQ=WEEKLY;WKST=SU;BYDAY=MO, TU", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
	} {
		f.Add(s, int64(1_700_000_000))
	}
	f.Fuzz(func(t *testing.T, s string, at int64) {
		const range9999 = 253_402_300_799
		at = max(-62_000_000_000, min(at, range9999))
		r, _, ok := parseRule(s)
		if !ok {
			return
		}
		start := time.Unix(at, 0).UTC()
		begin := time.Now()
		budget, n, last := 200_000, 0, time.Time{}
		r.each(start, window{from: start.AddDate(1, 0, 0)}, &budget, func(d time.Time) bool {
			if n++; n > 1 && !d.After(last) || d.Before(start) {
				t.Fatalf("%q from %v: %v after %v", s, start, d, last)
			}
			last = d
			return n < 1000
		})
		if took := time.Since(begin); took > 5*time.Second || budget < -1 {
			t.Fatalf("%q took %v, budget %d", s, took, budget)
		}
	})
}
