package attendance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/fault"
)

const fillKey = "0123456789abcdefghjkmnpqrs"

func place(t interface {
	Helper()
	Fatal(...any)
}, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// shown says whether the clocks of a place ever show a time, by looking at each
// minute of three days.
func shown(day, clock string, loc *time.Location) bool {
	d, _ := time.ParseInLocation(time.DateOnly, day, time.UTC)
	for t := d.Add(-24 * time.Hour); t.Before(d.Add(48 * time.Hour)); t = t.Add(time.Minute) {
		if t.In(loc).Format("2006-01-02 15:04") == day+" "+clock {
			return true
		}
	}
	return false
}

// Whatever is typed, what is made lies within the event, begins and ends when
// the clocks of the place show the hours that were typed, and is there once;
// the rest is said to be left out.
func TestFillingLiesWithinTheEvent(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{place(t, "Europe/Berlin"), place(t, "America/New_York"), place(t, "Asia/Beirut"), place(t, "Australia/Lord_Howe"), time.UTC}
	rapid.Check(t, func(t *rapid.T) {
		loc := rapid.SampledFrom(zones).Draw(t, "zone")
		first := time.Date(2026, time.Month(rapid.SampledFrom([]int{3, 10, 11}).Draw(t, "month")), rapid.IntRange(1, 30).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
		n := rapid.IntRange(1, 12).Draw(t, "days")
		begin, ends := rapid.IntRange(0, 23).Draw(t, "begin"), rapid.IntRange(1, 24).Draw(t, "end")
		if n == 1 {
			begin = 0
		}
		start := time.Date(first.Year(), first.Month(), first.Day(), begin, 0, 0, 0, loc)
		end := time.Date(first.Year(), first.Month(), first.Day()+n-1, ends, 0, 0, 0, loc)
		in := FillInput{From: start.Format(time.DateOnly), To: end.Add(-1).Format(time.DateOnly)}
		for i := range rapid.IntRange(1, 4).Draw(t, "shifts") {
			from := 30 * rapid.IntRange(0, 47).Draw(t, "from")
			to := (from + 30*rapid.IntRange(1, 47).Draw(t, "long")) % (24 * 60)
			in.Shifts = append(in.Shifts, ShiftInput{
				Title: fmt.Sprint("Shift ", i), Start: fmt.Sprintf("%02d:%02d", from/60, from%60), End: fmt.Sprintf("%02d:%02d", to/60, to%60),
			})
		}
		days := daysFrom(start, end.Add(-1)) + 1
		f, err := in.plan(fillKey, start, end)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Slots)+len(f.Skipped) != days*len(in.Shifts) {
			t.Fatalf("%d made and %d left out of %d times %d", len(f.Slots), len(f.Skipped), days, len(in.Shifts))
		}
		seen := map[string]bool{}
		for i, s := range f.Slots {
			var k int
			if _, err := fmt.Sscanf(s.Title, "Shift %d", &k); err != nil {
				t.Fatal(err)
			}
			x := in.Shifts[k]
			if s.Start.Before(start) || s.End.After(end) || !s.End.After(s.Start) {
				t.Errorf("%s to %s is not within %s to %s", s.Start, s.End, start, end)
			}
			if s.Start.In(loc).Format("15:04") != x.Start || s.End.In(loc).Format("15:04") != x.End {
				t.Errorf("%s to %s, typed %s to %s", s.Start, s.End, x.Start, x.End)
			}
			if seen[s.ID] || !validSlot(s.ID) || i > 0 && s.Start.Before(f.Slots[i-1].Start) {
				t.Errorf("%+v", s)
			}
			seen[s.ID] = true
		}
		for _, s := range f.Skipped {
			if !s.Gap {
				continue
			}
			to := s.Day
			if s.To <= s.From {
				to = to.AddDate(0, 0, 1)
			}
			a, b := shown(s.Day.Format(time.DateOnly), s.From, loc), shown(to.Format(time.DateOnly), s.To, loc)
			// A time that is there twice may leave a span without any length.
			if a && b && !(s.To > s.From && s.Day.AddDate(0, 0, 1).In(loc).Hour() != s.Day.In(loc).Hour()) {
				t.Errorf("%+v is left out, and the clocks show both", s)
			}
		}
		again, err := in.plan(fillKey, start, end)
		if err != nil || again.Seen() != f.Seen() {
			t.Errorf("the same form makes something else: %v", err)
		}
	})
}

// In the night when the clocks go forward a watch over the gap stays, and what
// begins or ends in it is left out.
func TestFillingOverAClockChange(t *testing.T) {
	t.Parallel()
	loc := place(t, "Europe/Berlin")
	start, end := time.Date(2027, 3, 27, 0, 0, 0, 0, loc), time.Date(2027, 3, 30, 0, 0, 0, 0, loc)
	in := FillInput{From: "2027-03-27", To: "2027-03-29", Shifts: []ShiftInput{
		{Title: "Night", Start: "00:00", End: "06:00"}, {Title: "Early", Start: "02:30", End: "06:00"},
		{Title: "Gap", Start: "02:00", End: "03:00"}, {Title: "Late", Start: "22:00", End: "02:15"}, {Title: "Evening", Start: "18:00", End: "24:00"},
	}}
	f, err := in.plan(fillKey, start, end)
	if err != nil {
		t.Fatal(err)
	}
	var made, left []string
	for _, s := range f.Slots {
		made = append(made, fmt.Sprint(s.Title, " ", s.Start.In(loc).Format("02 15:04"), " ", s.End.Sub(s.Start)))
	}
	for _, s := range f.Skipped {
		left = append(left, fmt.Sprint(s.Title, " ", s.Day.Day(), " ", s.Gap))
	}
	if got, want := strings.Join(left, ", "), "Late 27 true, Early 28 true, Gap 28 true, Late 29 false"; got != want {
		t.Errorf("left out %s, want %s", got, want)
	}
	if got := strings.Join(made, ", "); len(made) != 11 || !strings.Contains(got, "Night 28 00:00 5h0m0s") || !strings.Contains(got, "Evening 29 18:00 6h0m0s") {
		t.Error(got)
	}
}

func TestFillingIsRefused(t *testing.T) {
	t.Parallel()
	start, end := time.Date(2026, 5, 9, 8, 0, 0, 0, time.UTC), time.Date(2026, 5, 30, 0, 0, 0, 0, time.UTC)
	one := ShiftInput{Title: "Watch", Start: "10:00", End: "12:00"}
	with := func(f func(*ShiftInput)) []ShiftInput {
		x := one
		f(&x)
		return []ShiftInput{x}
	}
	long := make([]ShiftInput, 8)
	for i := range long {
		long[i] = ShiftInput{Title: fmt.Sprint(i), Start: "10:00", End: "12:00"}
	}
	for name, x := range map[string]struct {
		from, to string
		shifts   []ShiftInput
		code     string
		end      time.Time
	}{
		"no shifts":          {"2026-05-09", "2026-05-29", nil, "slot.fill_none", end},
		"empty shifts":       {"2026-05-09", "2026-05-29", make([]ShiftInput, 8), "slot.fill_none", end},
		"no days":            {"", "", []ShiftInput{one}, "slot.date", end},
		"not a day":          {"2026-02-30", "2026-05-29", []ShiftInput{one}, "slot.date", end},
		"back to front":      {"2026-05-12", "2026-05-11", []ShiftInput{one}, "slot.fill_order", end},
		"before the event":   {"2026-05-08", "2026-05-29", []ShiftInput{one}, "slot.fill_day", end},
		"after the event":    {"2026-05-09", "2026-05-30", []ShiftInput{one}, "slot.fill_day", end},
		"no time between":    {"2026-05-09", "2026-05-29", with(func(x *ShiftInput) { x.End = x.Start }), "slot.end", end},
		"not a time":         {"2026-05-09", "2026-05-29", with(func(x *ShiftInput) { x.End = "25:00" }), "slot.time", end},
		"a start at 24":      {"2026-05-09", "2026-05-29", with(func(x *ShiftInput) { x.Start = "24:00" }), "slot.time", end},
		"no name":            {"2026-05-09", "2026-05-29", with(func(x *ShiftInput) { x.Title = " " }), "slot.title", end},
		"a long name":        {"2026-05-09", "2026-05-29", with(func(x *ShiftInput) { x.Title = strings.Repeat("x", 101) }), "form.long", end},
		"no capacity":        {"2026-05-09", "2026-05-29", with(func(x *ShiftInput) { x.Capacity = "0" }), "slot.capacity_number", end},
		"more than fit":      {"2026-05-09", "2026-05-29", with(func(x *ShiftInput) { x.Capacity, x.Least = "3", "4" }), "slot.least_over", end},
		"less than nothing":  {"2026-05-09", "2026-05-29", with(func(x *ShiftInput) { x.Least = "-1" }), "slot.least", end},
		"twice":              {"2026-05-09", "2026-05-29", []ShiftInput{one, one}, "slot.fill_twice", end},
		"five hundred":       {"2026-05-09", "2026-07-10", long, "slot.many", end.AddDate(0, 2, 0)},
		"four hundred years": {"2026-05-09", "2399-01-01", []ShiftInput{one}, "slot.many", end.AddDate(400, 0, 0)},
	} {
		f, err := FillInput{From: x.from, To: x.to, Shifts: x.shifts}.plan(fillKey, start, x.end)
		if !fault.HasCode(err, x.code) || len(f.Slots) > 0 {
			t.Errorf("%s: %v, want %s", name, err, x.code)
		}
	}
}
