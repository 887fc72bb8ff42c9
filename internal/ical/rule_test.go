package ical

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/teambition/rrule-go"
	"pgregory.net/rapid"
)

// someRule draws rules on whose meaning all implementations agree: no mix of
// plain and counted weekdays, no BYWEEKNO alone. Below a day it draws only rules
// that soon have a date, because rrule-go looks for one without end. It draws no
// BYSETPOS in weekly rules: rrule-go counts from the start in the first week,
// not from the beginning of the week.
func someRule(t *rapid.T) string {
	ints := func(low, high int) string {
		// Distinct, because rrule-go gives a date twice for an item given twice.
		item := rapid.IntRange(low, high).Filter(func(n int) bool { return n != 0 || low >= 0 })
		list := rapid.SliceOfNDistinct(item, 1, 4, rapid.ID).Draw(t, "list")
		var out []string
		for _, n := range list {
			out = append(out, fmt.Sprint(n))
		}
		return strings.Join(out, ",")
	}
	flip := func(label string, of int) bool { return rapid.IntRange(1, of).Draw(t, label) == 1 }
	freq := rapid.SampledFrom([]string{"YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"}).Draw(t, "freq")
	short := freq == "HOURLY" || freq == "MINUTELY"
	interval := rapid.IntRange(1, 5).Draw(t, "interval")
	if short {
		interval = 1
	}
	parts := []string{"FREQ=" + freq, fmt.Sprintf("INTERVAL=%d", interval)}
	add := func(name, value string) { parts = append(parts, name+"="+value) }
	if flip("bymonth", 3) && !short {
		add("BYMONTH", ints(1, 12))
	}
	if flip("bymonthday", 4) && freq != "WEEKLY" && !short {
		add("BYMONTHDAY", ints(-31, 31))
	}
	if flip("byyearday", 6) && freq == "YEARLY" {
		add("BYYEARDAY", ints(-366, 366))
	}
	days := []string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}
	if flip("byday", 2) {
		list := rapid.SliceOfNDistinct(rapid.SampledFrom(days), 1, 4, rapid.ID).Draw(t, "days")
		if (freq == "MONTHLY" || freq == "YEARLY") && flip("nth", 2) {
			for i := range list {
				list[i] = rapid.SampledFrom([]string{"1", "2", "-1", "-2", "4"}).Draw(t, "n") + list[i]
			}
		}
		add("BYDAY", strings.Join(list, ","))
	}
	if flip("byhour", 4) {
		add("BYHOUR", ints(0, 23))
	}
	if flip("byminute", 5) {
		add("BYMINUTE", ints(0, 59))
	}
	if flip("wkst", 3) {
		add("WKST", rapid.SampledFrom(days).Draw(t, "wkst"))
	}
	if flip("setpos", 6) && len(parts) > 3 && !short && freq != "WEEKLY" {
		add("BYSETPOS", ints(-3, 3))
	}
	return strings.Join(parts, ";")
}

// TestRuleAgainstOther compares the dates of random rules with those that
// rrule-go gives, in a window of four years.
func TestRuleAgainstOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := someRule(t)
		start := time.Unix(rapid.Int64Range(1e9, 2e9).Draw(t, "start"), 0).UTC()
		to := start.AddDate(4, 0, 0)
		option, err := rrule.StrToROption(text + ";UNTIL=" + utc(to))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		option.Dtstart = start
		other, err := rrule.NewRRule(*option)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var want []time.Time
		for next := other.Iterator(); len(want) < 50; {
			d, ok := next()
			if !ok {
				break
			}
			if !d.Equal(start) { // each gives the start always
				want = append(want, d)
			}
		}
		r, odd, ok := parseRule(text)
		if !ok || len(odd) > 0 {
			t.Fatalf("%s: not understood", text)
		}
		budget := 10_000_000
		var got []time.Time
		if !r.each(start, window{until: to, stop: to}, &budget, func(d time.Time) bool {
			if !d.Equal(start) {
				got = append(got, d)
			}
			return len(got) < 50
		}) {
			t.Skip("budget")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s from %v (-rrule-go +got):\n%s", text, start, diff)
		}
		if len(want) > 10 { // skipping ahead must not change what follows
			from := want[len(want)/2]
			var late []time.Time
			r.each(start, window{from: from, until: to, stop: to}, &budget, func(d time.Time) bool {
				if !d.Before(from) {
					late = append(late, d)
				}
				return len(late) < 5
			})
			if diff := cmp.Diff(want[len(want)/2:len(want)/2+5], late); diff != "" {
				t.Fatalf("%s from %v, window from %v (-want +got):\n%s", text, start, from, diff)
			}
		}
	})
}

// TestRuleExamples are examples of RFC 5545, 3.8.5.3, all with DTSTART
// 1997-09-02 09:00.
func TestRuleExamples(t *testing.T) {
	t.Parallel()
	start := time.Date(1997, 9, 2, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct{ rule, want string }{
		{"FREQ=DAILY;COUNT=3", "0902 0903 0904"},
		{"FREQ=WEEKLY;INTERVAL=2;COUNT=4;WKST=SU;BYDAY=TU,TH", "0902 0904 0916 0918"},
		{"FREQ=MONTHLY;BYDAY=TU;BYSETPOS=-1;COUNT=3", "0902 0930 1028"},
		{"FREQ=MONTHLY;COUNT=3;BYMONTHDAY=-3", "0902 0928 1029"},
		{"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3", "0902 0511 0517"},
		{"FREQ=WEEKLY;WKST=WE;BYDAY=MO,WE;BYSETPOS=1;COUNT=3", "0902 0903 0910"},
		{"FREQ=YEARLY;COUNT=2", "0902 0902"},
		{"FREQ=MONTHLY;BYDAY=MO,1TU;COUNT=4", "0902 0908 0915 0922"}, // the first Tuesday and every Monday
	} {
		r, _, ok := parseRule(c.rule)
		if !ok {
			t.Fatalf("%s: not understood", c.rule)
		}
		budget := 100_000
		var got []string
		r.each(start, window{}, &budget, func(d time.Time) bool { got = append(got, d.Format("0102")); return true })
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.rule, diff)
		}
	}
}

func TestRuleRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "COUNT=3", "FREQ=FORTNIGHTLY", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=x", "FREQ=DAILY;INTERVAL=0",
		"FREQ=DAILY;UNTIL=soon", "FREQ=DAILY;BYMONTH=13", "FREQ=DAILY;BYDAY=XX", "FREQ=MONTHLY;BYDAY=0MO",
		"FREQ=YEARLY;RSCALE=HEBREW", "FREQ=DAILY;BYHOUR=24", "FREQ=MONTHLY;BYMONTHDAY=0",
	} {
		if _, _, ok := parseRule(s); ok {
			t.Errorf("%q was understood", s)
		}
	}
}
