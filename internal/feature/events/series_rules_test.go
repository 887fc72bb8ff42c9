package events

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/ical"
)

func midnight(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// byHand looks at every single day whether the rule has it.
func byHand(in RepeatInput, every int, start, stop time.Time) []time.Time {
	monday := func(t time.Time) time.Time { return t.AddDate(0, 0, -int(t.Weekday()+6)%7) }
	first := start.Truncate(24 * time.Hour)
	var out []time.Time
	for d := first; !d.After(stop); d = d.AddDate(0, 0, 1) {
		ok := false
		last := d.AddDate(0, 0, 1).Month() != d.Month()
		switch in.Unit {
		case Days:
			ok = int(d.Sub(first).Hours()/24)%every == 0
		case Weeks:
			ok = slices.Contains(in.Weekdays, weekdays[d.Weekday()]) && int(monday(d).Sub(monday(first)).Hours()/24/7)%every == 0
		case Months:
			switch in.Monthly {
			case byDay:
				ok = d.Day() == first.Day()
			case byLastDay:
				ok = last
			case byNth:
				ok = d.Weekday() == first.Weekday() && (d.Day()-1)/7 == (first.Day()-1)/7
			case byLast:
				ok = d.Weekday() == first.Weekday() && d.AddDate(0, 0, 7).Month() != d.Month()
			}
			ok = ok && (d.Year()*12+int(d.Month())-first.Year()*12-int(first.Month()))%every == 0
		}
		if ok {
			out = append(out, d.Add(start.Sub(first)))
		}
	}
	return out
}

// TestRulesAgainstTheCalendar compares what the form makes with a walk over all
// days, and reads the stored rule back.
func TestRulesAgainstTheCalendar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := midnight("2024-01-01").AddDate(0, 0, rapid.IntRange(0, 1500).Draw(t, "day")).Add(18 * time.Hour)
		every := rapid.IntRange(1, 13).Draw(t, "every")
		in := RepeatInput{Every: fmt.Sprint(every), Unit: rapid.SampledFrom([]Unit{Days, Weeks, Months}).Draw(t, "unit")}
		in.Monthly = rapid.SampledFrom(monthly(start)).Draw(t, "monthly")
		in.Weekdays = rapid.SliceOfNDistinct(rapid.SampledFrom(weekdays[:]), 0, 4, rapid.ID).Draw(t, "weekdays")
		if !slices.Contains(in.Weekdays, weekdays[start.Weekday()]) {
			in.Weekdays = append(in.Weekdays, weekdays[start.Weekday()])
		}
		stop := start.AddDate(maxYears, 0, 0)
		want := byHand(in, every, start, stop)
		switch in.End = rapid.SampledFrom([]string{endNever, endUntil, endTimes}).Draw(t, "end"); in.End {
		case endUntil:
			last := start.AddDate(0, 0, rapid.IntRange(1, 700).Draw(t, "until"))
			in.Until = last.Format(time.DateOnly)
			want = slices.DeleteFunc(want, func(w time.Time) bool { return w.After(last) })
		case endTimes:
			n := rapid.IntRange(2, maxDates).Draw(t, "times")
			in.Times = fmt.Sprint(n)
			want = want[:min(n, len(want))]
		}
		p, err := in.parse(start, start)
		if err != nil {
			t.Fatal(err)
		}
		x := series{Rule: p.rule(), Starts: start}
		got, _ := x.walls(0, stop, 10_000)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%s from %v (-days +rule):\n%s", x.Rule, start, d)
		}
		back, err := patternOf(x.Rule)
		if err != nil || back.rule() != x.Rule {
			t.Fatalf("%s is read as %s, %v", x.Rule, back.rule(), err)
		}
		cut := day.Of(start.AddDate(0, 0, rapid.IntRange(1, 700).Draw(t, "cut")))
		if err := x.endBefore(cut); err != nil {
			t.Fatal(err)
		}
		before, _ := x.walls(0, stop, 10_000)
		want = slices.DeleteFunc(want, func(w time.Time) bool { return day.Of(w) >= cut })
		if d := cmp.Diff(want, before); d != "" {
			t.Fatalf("ended before %d:\n%s", cut, d)
		}
	})
}

// Months without the day are left out, and named.
func TestMonthsWithoutTheDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ start, how, want, missing string }{
		{"2026-08-31", byDay, "0831 1031 1231 0131 0331 0531", "2026-09 2026-11 2027-02 2027-04"},
		{"2026-08-31", byLastDay, "0831 0930 1031 1130 1231 0131 0228 0331 0430 0531", ""},
		{"2028-01-30", byDay, "0130 0330 0430 0530 0630 0730 0830 0930 1030", "2028-02"},
		{"2028-01-29", byDay, "0129 0229 0329 0429 0529 0629 0729 0829 0929 1029", ""}, // a leap year
		{"2027-01-29", byDay, "0129 0329 0429 0529 0629 0729 0829 0929 1029", "2027-02"},
		{"2026-09-30", byNth, "0930 1230 0331 0630", "2026-10 2026-11 2027-01 2027-02 2027-04 2027-05"}, // a fifth Wednesday
		{"2026-09-30", byLast, "0930 1028 1125 1230 0127 0224 0331 0428 0526 0630", ""},
		{"2026-09-01", byNth, "0901 1006 1103 1201 0105 0202 0302 0406 0504 0601", ""}, // the first Tuesday
	} {
		start := midnight(c.start).Add(18 * time.Hour)
		p, err := RepeatInput{Unit: Months, Monthly: c.how}.parse(start, start)
		if err != nil {
			t.Fatal(err)
		}
		x := series{Rule: p.rule(), Starts: start}
		walls, _ := x.walls(0, start.AddDate(0, 9, 3), 100)
		var got, missing []string
		for _, w := range walls {
			got = append(got, w.Format("0102"))
		}
		for _, m := range p.gaps(walls) {
			missing = append(missing, m.Format("2006-01"))
		}
		if strings.Join(got, " ") != c.want || strings.Join(missing, " ") != c.missing {
			t.Errorf("%s by %s: %q without %q, want %q without %q", c.start, c.how, got, missing, c.want, c.missing)
		}
	}
	leap := midnight("2028-02-29").Add(18 * time.Hour)
	p, err := RepeatInput{Unit: Months, Every: "12", Monthly: byDay}.parse(leap, leap)
	if err != nil {
		t.Fatal(err)
	}
	x := series{Rule: p.rule(), Starts: leap}
	if _, err := x.dates(p, leap); !fault.HasCode(err, "series.once") {
		t.Errorf("29 February every year: %v", err)
	}
}

// 18:00 stays 18:00 when the clocks change, and what they do to a night is known.
func TestClockChangesInsideASeries(t *testing.T) {
	t.Parallel()
	at := func(zone, start, end string) Event {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		parse := func(s string) time.Time {
			x, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
			if err != nil {
				t.Fatal(err)
			}
			return x.UTC()
		}
		return Event{Start: parse(start), End: parse(end), Zone: zone}
	}
	for _, c := range []struct {
		e        Event
		on       string
		from, to string
		clock    ical.Clock
	}{
		{at("Europe/Berlin", "2026-03-22 18:00", "2026-03-22 20:00"), "2026-03-29", "2026-03-29T18:00+02:00", "2026-03-29T20:00+02:00", ical.Once},
		{at("Europe/Berlin", "2026-03-22 02:30", "2026-03-22 02:50"), "2026-03-29", "2026-03-29T03:30+02:00", "2026-03-29T03:50+02:00", ical.Skipped},
		{at("Europe/Berlin", "2026-03-22 02:30", "2026-03-22 03:10"), "2026-03-29", "2026-03-29T03:30+02:00", "2026-03-29T04:10+02:00", ical.Skipped},
		{at("Europe/Berlin", "2026-10-18 02:30", "2026-10-18 04:00"), "2026-10-25", "2026-10-25T02:30+02:00", "2026-10-25T04:00+01:00", ical.Twice},
		{at("Europe/Berlin", "2026-10-17 22:00", "2026-10-18 06:00"), "2026-10-24", "2026-10-24T22:00+02:00", "2026-10-25T06:00+01:00", ical.Once},
		{at("America/New_York", "2026-10-25 18:00", "2026-10-25 19:00"), "2026-11-01", "2026-11-01T18:00-05:00", "2026-11-01T19:00-05:00", ical.Once},
		{at("Australia/Lord_Howe", "2026-09-27 02:15", "2026-09-27 05:00"), "2026-10-04", "2026-10-04T02:45+11:00", "2026-10-04T05:00+11:00", ical.Skipped},
		{at("Africa/Cairo", "2026-04-17 00:00", "2026-04-17 00:30"), "2026-04-24", "2026-04-24T01:00+03:00", "2026-04-24T01:30+03:00", ical.Skipped},
	} {
		x := seriesFrom(&c.e)
		if got := x.on(day.Of(midnight(c.on))).Format("15:04"); got != x.Starts.Format("15:04") {
			t.Errorf("%s: the wall time is %s", c.on, got)
		}
		start, end, clock := x.span(x.on(day.Of(midnight(c.on))))
		from, to := start.In(x.zone()).Format("2006-01-02T15:04Z07:00"), end.In(x.zone()).Format("2006-01-02T15:04Z07:00")
		if from != c.from || to != c.to || clock != c.clock {
			t.Errorf("%s on %s: %s to %s (%v), want %s to %s (%v)", c.e.Zone, c.on, from, to, clock, c.from, c.to, c.clock)
		}
	}
	whole := Event{Start: time.Date(2026, 4, 16, 22, 0, 0, 0, time.UTC), End: time.Date(2026, 4, 17, 22, 0, 0, 0, time.UTC), Zone: "Africa/Cairo", AllDay: true}
	x := seriesFrom(&whole)
	start, end, _ := x.span(x.on(20260424)) // begins at 01:00, as there is no midnight
	if got := start.In(x.zone()).Format("0102 15:04") + " " + end.In(x.zone()).Format("0102 15:04"); got != "0424 01:00 0425 00:00" {
		t.Errorf("a whole day whose midnight is skipped: %s", got)
	}
	first := Event{Start: start, End: end, Zone: x.Zone, AllDay: true}
	if again := seriesFrom(&first); again.Starts.Format(wallText) != "2026-04-24T00:00" || again.Length != 24*time.Hour {
		t.Errorf("repeated from that day: %v, %v", again.Starts, again.Length)
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	now := midnight("2026-05-02")
	every := func(n, of int) (out []time.Time) {
		for i := range of {
			out = append(out, now.AddDate(0, 0, n*(i+1)))
		}
		return out
	}
	for _, c := range []struct {
		name  string
		walls []time.Time
		have  int
		want  int
	}{
		{"weekly, 90 days", every(7, 50), 0, 12}, {"weekly, twelve are there", every(7, 50)[12:], 12, 0},
		{"daily, sixty at most", every(1, 200), 0, 60}, {"yearly, the next in any case", every(365, 2), 0, 1},
		{"yearly, the next is there", every(365, 2)[1:], 1, 0}, {"none", nil, 0, 0},
	} {
		if got := len(due(c.walls, now, c.have)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestRepeatRefused(t *testing.T) {
	t.Parallel()
	start := midnight("2026-05-05").Add(18 * time.Hour) // a Tuesday
	now := midnight("2026-05-02")
	week := RepeatInput{Unit: Weeks}
	for _, c := range []struct {
		change func(*RepeatInput)
		field  string
		code   string
	}{
		{func(in *RepeatInput) { in.Unit = "" }, "unit", "series.unit"},
		{func(in *RepeatInput) { in.Unit = "year" }, "unit", "series.unit"},
		{func(in *RepeatInput) { in.Every = "0" }, "every", "series.every"},
		{func(in *RepeatInput) { in.Every = "two" }, "every", "series.every"},
		{func(in *RepeatInput) { in.Every = "99999999999999999999" }, "every", "series.every"},
		{func(in *RepeatInput) { in.Weekdays = []string{"WE"} }, "weekday", "series.weekday_own"},
		{func(in *RepeatInput) { in.Weekdays = []string{"TU", "XX"} }, "weekday", "series.weekday"},
		{func(in *RepeatInput) { in.Unit, in.Monthly = Months, "weekly" }, "monthly", "series.monthly"},
		{func(in *RepeatInput) { in.Unit, in.Monthly = Months, byLast }, "monthly", "series.monthly"}, // the first Tuesday is not the last
		{func(in *RepeatInput) { in.End = "some day" }, "end", "series.end"},
		{func(in *RepeatInput) { in.End = endUntil }, "until", "event.date"},
		{func(in *RepeatInput) { in.End, in.Until = endUntil, "31.12.2026" }, "until", "event.date"},
		{func(in *RepeatInput) { in.End, in.Until = endUntil, "2026-05-05" }, "until", "series.until_early"},
		{func(in *RepeatInput) { in.End, in.Until = endUntil, "2028-05-06" }, "until", "series.far"},
		{func(in *RepeatInput) { in.Unit, in.End, in.Until = Days, endUntil, "2026-07-04" }, "until", "series.many"},
		{func(in *RepeatInput) { in.End, in.Times = endTimes, "1" }, "times", "series.times"},
		{func(in *RepeatInput) { in.End, in.Times = endTimes, "61" }, "times", "series.times"},
		{func(in *RepeatInput) { in.Unit, in.End, in.Times = Months, endTimes, "26" }, "times", "series.times_far"},
		{func(in *RepeatInput) { in.End, in.Until = endUntil, "2026-05-06" }, "every", "series.once"},
	} {
		in := week
		c.change(&in)
		p, err := in.parse(start, now)
		if err == nil {
			x := series{Rule: p.rule(), Starts: start}
			_, err = x.dates(p, now)
		}
		if !fault.HasCode(err, c.code) || fault.Of(err).Fields[0].Name != c.field {
			t.Errorf("%+v: %v, want %s beside %s", in, err, c.code, c.field)
		}
	}
	for _, in := range []RepeatInput{
		week, {Unit: Days, End: endUntil, Until: "2026-07-03"}, {Unit: Months, End: endTimes, Times: "25"}, {Unit: Weeks, Weekdays: []string{"tu", "SU"}, Every: "2"},
	} {
		p, err := in.parse(start, now)
		if err == nil {
			x := series{Rule: p.rule(), Starts: start}
			_, err = x.dates(p, now)
		}
		if err != nil {
			t.Errorf("%+v: %v", in, err)
		}
	}
}

// A part that differs is noticed, and taking it makes it the same: a part that
// is forgotten in one of them would be lost, or never kept.
func TestPartsAreTaken(t *testing.T) {
	t.Parallel()
	a := Event{Title: "a", Zone: "UTC"}
	for bit, change := range map[int64]func(*Event){
		ownTitle: func(e *Event) { e.Title = "b" }, ownKind: func(e *Event) { e.Kind = "march" }, ownDescription: func(e *Event) { e.Description = "b" },
		ownState: func(e *Event) { e.State = Postponed }, ownWhere: func(e *Event) { e.Where.Place = "b" }, ownLang: func(e *Event) { e.Lang = "de" },
		ownAccess: func(e *Event) { e.Access.No = 1 }, ownCapacity: func(e *Event) { e.Capacity = 7 }, ownPicture: func(e *Event) { e.PictureAlt = "b" },
		ownWhen: func(e *Event) { e.AllDay = true },
	} {
		b := a
		change(&b)
		if got := differences(&a, &b); got != bit {
			t.Errorf("part %d: %d differs", bit, got)
		}
		c := a
		if c.take(&b, bit); bit != ownWhen && differences(&b, &c) != 0 {
			t.Errorf("part %d is not taken", bit)
		}
		if c = a; bit != ownWhen {
			if c.take(&b, ^bit); differences(&a, &c) != 0 {
				t.Errorf("part %d is taken with others", bit)
			}
		}
	}
}
