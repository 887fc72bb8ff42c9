package campaigns

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/id"
)

func TestDatesAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"2026-11-28":                              "20261128",
		"  2026-11-28  \r\n\r\n2026-11-30":        "20261128 20261130",
		"2026-12-05 to 2026-12-26":                "20261205-20261226",
		"2026-12-05 – 2026-12-26\n2026-11-28":     "20261128 20261205-20261226",
		"from 2026-12-05 until 2026-12-26":        "20261205-20261226",
		"desde el 2026-12-05 hasta el 2026-12-26": "20261205-20261226",
		"": "",
	} {
		var p parser
		if got := writeDates(p.dates(typed)); got != want || len(p.fields) > 0 {
			t.Errorf("%q reads as %q, %v; want %q", typed, got, p.fields, want)
		}
	}
	for _, typed := range []string{
		"28 November", "2026-02-30", "2026-12-26 to 2026-12-05", "2026-01-01 to 2028-01-01", "2026-11-28 2026-11-29 2026-11-30",
		"28.11.2026", "soon", "0001-01-01", strings.Repeat("2026-11-28\n", maxDates+1),
	} {
		var p parser
		p.dates(typed)
		if len(p.fields) == 0 {
			t.Errorf("%q was taken", shorten(typed, 40))
		}
	}
}

func TestDatesReadAsWritten(t *testing.T) {
	t.Parallel()
	days := rapid.Custom(func(t *rapid.T) int {
		return day.After(20200101, rapid.IntRange(0, 5000).Draw(t, "days"))
	})
	rapid.Check(t, func(t *rapid.T) {
		var all []Span
		for range rapid.IntRange(0, 10).Draw(t, "n") {
			first := days.Draw(t, "first")
			all = append(all, Span{first, day.After(first, rapid.IntRange(0, maxDays).Draw(t, "length"))})
		}
		sortSpans(all)
		if got := readDates(writeDates(all)); !slices.Equal(got, all) {
			t.Fatalf("%v is stored as %v", all, got)
		}
		var p parser
		if got := p.dates(typedDates(all)); !slices.Equal(got, all) {
			t.Fatalf("%v is shown and read as %v, %v", all, got, p.fields)
		}
	})
}

func TestWhatIsWrongIsSaidBesideEachField(t *testing.T) {
	t.Parallel()
	_, err := Input{Handle: "x", Title: strings.Repeat("a", maxTitle+1), Lang: "tlh", Dates: "never", State: "gone", Statement: strings.Repeat("a", 1<<20)}.parse(nil)
	names := fieldNames(err)
	for _, want := range []string{"handle", "title", "lang", "dates", "state", "statement"} {
		if !slices.Contains(names, want) {
			t.Errorf("nothing is said of %s: %v", want, names)
		}
	}
	open := Campaign{State: Open, Handle: "day-of-care"}
	if _, err := (Input{Title: "Day of care", Lang: "en", State: Draft}).parse(&open); !slices.Contains(fieldNames(err), "state") {
		t.Errorf("a published campaign became a draft: %v", err)
	}
	c, err := Input{Handle: "other", Title: "Day of care", Lang: "en", State: Ended}.parse(&open)
	if err != nil || c.Handle != "day-of-care" {
		t.Errorf("the handle changed to %q, %v", c.Handle, err)
	}
}

func fieldNames(err error) []string {
	var out []string
	if e := fault.Of(err); e != nil {
		for _, f := range e.Fields {
			out = append(out, f.Name)
		}
	}
	return out
}

func FuzzReadSpan(f *testing.F) {
	f.Add("2026-05-01 – 2026-05-14", "20260501.01kqm8ymg00000000000000000")
	f.Fuzz(func(t *testing.T, line, after string) {
		if s, ok := readSpan(line); ok && s.Last < s.First {
			t.Errorf("%q is read as %+v", line, s)
		}
		if c := readCursor(after); c != (cursor{}) && (!id.Valid(c.id) || readCursor(strconv.Itoa(c.day)+"."+c.id) != c) {
			t.Errorf("%q is read as %+v", after, c)
		}
	})
}
