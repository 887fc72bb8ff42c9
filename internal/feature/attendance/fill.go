package attendance

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/id"
)

// maxShifts is how many shifts a day can be filled with at once.
const maxShifts = 8

// ShiftInput is a shift as typed, the same on each day that is filled. One whose
// end is not after its start ends on the next day.
type ShiftInput struct{ Title, Start, End, Capacity, Least string }

func (in ShiftInput) empty() bool { return in == ShiftInput{} }

// FillInput is shifts for many days, as typed.
type FillInput struct {
	From, To string   // days of the event, 2026-11-28
	Weekdays []string // "0" for Sunday to "6"; none means every day
	Shifts   []ShiftInput
}

// Skipped is a shift of one day that is not made: because a clock change skips
// its start or its end, or because it is not within the event.
type Skipped struct {
	Title    string
	Day      time.Time // at midnight UTC
	From, To string
	Gap      bool
}

// Filling is what filling makes: the slots as they follow in time, and what is
// left out.
type Filling struct {
	Slots   []Slot
	Skipped []Skipped
	There   int // slots that are there already, with name, start and end
}

// Seen names a filling, so that what is made is what was looked at.
func (f *Filling) Seen() string {
	var b strings.Builder
	for i := range f.Slots {
		fmt.Fprintf(&b, "%s %d %d\n", f.Slots[i].ID, f.Slots[i].Capacity, f.Slots[i].Least)
	}
	return id.SecretOf(id.Hash(b.String()))
}

// shift is a shift that was read: hours and minutes of a day, where the end may
// be past its midnight.
type shift struct {
	Slot     // without times and id
	from, to time.Duration
	typed    ShiftInput
}

// plan makes the slots, with ids that follow from the key of the form: the same
// form makes the same slots. start and end are the event's, in the zone of its
// place.
func (in FillInput) plan(key string, start, end time.Time) (Filling, error) {
	var fs []fault.FieldError
	fail := func(name, code, msg string, args ...any) { fs = append(fs, fault.Field(name, code, msg, args...)) }
	first, last := in.days(start, end, fail)
	shifts := in.shifts(fail)
	if err := fault.Invalid(fs...); err != nil {
		return Filling{}, err
	}
	var out Filling
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		if len(in.Weekdays) > 0 && !slices.Contains(in.Weekdays, fmt.Sprint(int(day.Weekday()))) {
			continue
		}
		if len(out.Slots)+len(out.Skipped)+len(shifts) > 2*maxSlots {
			return Filling{}, errManySlots()
		}
		for _, x := range shifts {
			s, gap := x.on(day, start.Location())
			if gap || s.Start.Before(start) || s.End.After(end) {
				out.Skipped = append(out.Skipped, Skipped{x.Title, day, x.typed.Start, x.typed.End, gap})
				continue
			}
			s.ID = id.SecretOf(id.Hash(fmt.Sprintf("%s\x00%s\x00%d\x00%d", key, s.Title, s.Start.Unix(), s.End.Unix())))
			out.Slots = append(out.Slots, s)
		}
	}
	slices.SortStableFunc(out.Slots, func(a, b Slot) int { return a.Start.Compare(b.Start) })
	if len(out.Slots) > maxSlots {
		return Filling{}, errManySlots()
	}
	return out, nil
}

func errManySlots() error {
	return fault.Conflict("slot.many", "An event has at most {max} times. Make another event for what comes after.", "max", maxSlots)
}

// days reads the first and the last day, which are days of the event.
func (in FillInput) days(start, end time.Time, fail func(name, code, msg string, args ...any)) (first, last time.Time) {
	begin, stop := midnight(start), midnight(end.Add(-time.Nanosecond))
	var out [2]time.Time
	ok := true
	for i, f := range []struct{ name, typed string }{{"from", in.From}, {"to", in.To}} {
		d, err := time.Parse(time.DateOnly, strings.TrimSpace(f.typed))
		switch {
		case err != nil:
			fail(f.name, "slot.date", "Write the date as year-month-day, such as 2026-11-28.")
			ok = false
		case d.Before(begin) || d.After(stop):
			fail(f.name, "slot.fill_day", "Choose a day of the event, from {first} to {last}.",
				"first", begin.Format(time.DateOnly), "last", stop.Format(time.DateOnly))
			ok = false
		}
		out[i] = d
	}
	if ok && out[1].Before(out[0]) {
		fail("to", "slot.fill_order", "The last day must not be before the first.")
	}
	return out[0], out[1]
}

// shifts reads the rows; those that are empty are none.
func (in FillInput) shifts(fail func(name, code, msg string, args ...any)) []shift {
	var out []shift
	if len(in.Shifts) > maxShifts {
		in.Shifts = in.Shifts[:maxShifts]
	}
	for i, typed := range in.Shifts {
		if typed.empty() {
			continue
		}
		x := typed.parse(func(name, code, msg string, args ...any) { fail(fmt.Sprintf("%s%d", name, i+1), code, msg, args...) })
		if slices.ContainsFunc(out, func(o shift) bool { return o.Title == x.Title && o.from == x.from && o.to == x.to }) {
			fail(fmt.Sprintf("title%d", i+1), "slot.fill_twice", "This shift is there twice.")
		}
		out = append(out, x)
	}
	if len(out) == 0 {
		fail("title1", "slot.fill_none", "Write at least one shift, with its name and its hours.")
	}
	return out
}

func (in ShiftInput) parse(fail func(name, code, msg string, args ...any)) shift {
	x := shift{typed: in, Slot: Slot{Title: strings.TrimSpace(in.Title)}}
	switch n := utf8.RuneCountInString(x.Title); {
	case n == 0:
		fail("title", "slot.title", "Give it a name, such as “Morning shift”.")
	case n > maxSlotTitle:
		fail("title", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxSlotTitle)
	}
	var from, to bool
	x.from, from = clockOf(in.Start)
	if !from || x.from == 24*time.Hour {
		fail("start", "slot.time", "Write the time with hours and minutes, such as 18:30.")
	}
	if x.to, to = clockOf(in.End); !to {
		fail("end", "slot.time", "Write the time with hours and minutes, such as 18:30.")
	}
	switch {
	case !from || !to:
	case x.to == x.from:
		fail("end", "slot.end", "The end must be after the start.")
	case x.to < x.from:
		x.to += 24 * time.Hour
	}
	x.Capacity, x.Least = people(in.Capacity, in.Least, fail)
	return x
}

// clockOf reads hours and minutes, 24:00 being the end of a day.
func clockOf(s string) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if s == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", s)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err == nil
}

// on is the shift on one day; gap says that the clocks skip its start or its end.
func (x *shift) on(day time.Time, loc *time.Location) (s Slot, gap bool) {
	s = x.Slot
	var ok, ok2 bool
	s.Start, ok = wall(day, x.from, loc)
	s.End, ok2 = wall(day, x.to, loc)
	return s, !ok || !ok2 || !s.End.After(s.Start)
}

// wall is a time of a day as the clocks of a place show it, and whether they do.
func wall(day time.Time, at time.Duration, loc *time.Location) (time.Time, bool) {
	w := day.Add(at)
	t := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), 0, 0, loc)
	return t, t.Hour() == w.Hour() && t.Minute() == w.Minute() && t.Day() == w.Day()
}

// against notes which of the slots are there already. Those keep their ids.
func (f *Filling) against(all []Slot) (missing []Slot) {
	f.There = 0
	for _, s := range f.Slots {
		same := func(x Slot) bool { return x.Title == s.Title && x.Start.Equal(s.Start) && x.End.Equal(s.End) }
		switch i := slices.IndexFunc(all, same); {
		case slotByID(all, s.ID) != nil:
		case i >= 0:
			f.There++
		default:
			missing = append(missing, s)
		}
	}
	return missing
}
