package ical

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/corpus.golden")

// corpusOptions are those of the golden table. Decades fit every file.
func corpusOptions() Options {
	return Options{
		Zone: "Europe/Berlin",
		From: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
		To:   time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// reading is all that one Read gave.
type reading struct {
	Summary  Summary
	Events   []Event
	Problems []Problem
	Err      error
}

func readAll(data []byte, o Options) reading {
	var got reading
	got.Summary, got.Err = Read(bytes.NewReader(data), o,
		func(e Event) error { got.Events = append(got.Events, e); return nil },
		func(p Problem) { got.Problems = append(got.Problems, p) })
	return got
}

func (r reading) codes() []string {
	count := map[string]int{}
	for _, p := range r.Problems {
		count[p.Code]++
	}
	var out []string
	for code, n := range count {
		if n > 1 {
			code = fmt.Sprintf("%s*%d", code, n)
		}
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

// TestCorpus reads every file and compares counts, problem codes, the first and
// the last occurrence with a table that was checked by hand.
func TestCorpus(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/corpus/*.ics")
	if err != nil || len(files) != 85 {
		t.Fatalf("corpus has %d files, want 85 (%v)", len(files), err)
	}
	var table strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(data, corpusOptions())
		s := got.Summary
		fmt.Fprintf(&table, "%s\n  calendars %d, components %d, events %d, occurrences %d, left %d, name %q\n",
			filepath.Base(file), s.Calendars, s.Components, s.Events, s.Occurrences, s.Left, s.Name)
		if got.Err != nil {
			fmt.Fprintf(&table, "  error: %v\n", got.Err)
		}
		if codes := got.codes(); len(codes) > 0 {
			fmt.Fprintf(&table, "  problems: %s\n", strings.Join(codes, " "))
		}
		for i, e := range got.Events {
			if i < 2 || i == len(got.Events)-1 {
				fmt.Fprintf(&table, "  %s\n", brief(e))
			}
		}
		if s.Occurrences != len(got.Events) {
			t.Errorf("%s: summary says %d occurrences, %d were given", file, s.Occurrences, len(got.Events))
		}
	}
	const golden = "testdata/corpus.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), table.String()); diff != "" {
		t.Errorf("corpus reads differently (-want +got):\n%s", diff)
	}
}

// brief shows an event in one line.
func brief(e Event) string {
	form := "2006-01-02 15:04 -0700"
	if e.AllDay {
		form = "2006-01-02"
	}
	summary := []rune(e.Summary)
	return fmt.Sprintf("%s to %s, zone %q, id %q, %s, %q", e.Start.Format(form), e.End.Format(form),
		e.Zone, e.RecurrenceID, e.Status, string(summary[:min(len(summary), 40)]))
}
