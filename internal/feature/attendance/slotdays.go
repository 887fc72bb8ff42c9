package attendance

import (
	"slices"
	"time"

	"convoke/internal/web"
)

// manySlots is how many a form shows at once; of more it shows those of one day.
const manySlots = 20

// zone is the zone of the place.
func (b Brief) zone() *time.Location { return b.Start.Location() }

// day is the local day that a slot begins on, 2026-11-28.
func (s *Slot) day(loc *time.Location) string { return s.Start.In(loc).Format(time.DateOnly) }

// slotsOn are those that begin on a day.
func slotsOn(all []Slot, loc *time.Location, day string) []Slot {
	var out []Slot
	for i := range all {
		if all[i].day(loc) == day {
			out = append(out, all[i])
		}
	}
	return out
}

// manyDays says whether slots begin on more than one day.
func manyDays(all []Slot, loc *time.Location) bool {
	return len(all) > 0 && all[0].day(loc) != all[len(all)-1].day(loc)
}

// pickDay is the day that is wanted when it has slots, else the first that has
// one to choose, else the first of all. There is at least one slot.
func pickDay(all []Slot, loc *time.Location, want string, now time.Time) string {
	if knownDay(all, loc, want) {
		return want
	}
	for i := range all {
		if all[i].Takes(now) {
			return all[i].day(loc)
		}
	}
	return all[0].day(loc)
}

func knownDay(all []Slot, loc *time.Location, day string) bool {
	return day != "" && slices.ContainsFunc(all, func(s Slot) bool { return s.day(loc) == day })
}

// with adds what a sign-up had chosen of the slots that the form has not shown.
func (in *Input) with(had []choice, all []Slot) []string {
	if in.Part == nil {
		return in.Slots
	}
	out := slices.Clone(in.Slots)
	for _, h := range had {
		if s := slotByID(all, h.slot); s != nil && !in.Part(s) && !slices.Contains(out, h.slot) {
			out = append(out, h.slot)
		}
	}
	return out
}

// dayView is a day with slots, as one of several to go to.
type dayView struct {
	Href, Label, Datetime string
	Current               bool
	Missing               int // people that its slots still need
	Full                  bool
	Chosen                int // slots of it that somebody has chosen
}

// dayViews are the days with slots that are not over, and the current one; path
// is the address that takes a day.
func dayViews(c *web.Call, all []Slot, loc *time.Location, path, current string, chosen []Chosen) []dayView {
	var out []dayView
	for len(all) > 0 {
		day := all[0].day(loc)
		n := 1
		for n < len(all) && all[n].day(loc) == day {
			n++
		}
		of := all[:n]
		all = all[n:]
		v := dayView{
			Href: path + "?day=" + day, Label: c.Locale.WeekdayShort(of[0].Start.In(loc)) + " " + c.Locale.DateShort(of[0].Start.In(loc)),
			Datetime: day, Current: day == current, Full: true,
		}
		over := true
		for i := range of {
			s := &of[i]
			over = over && !s.End.After(c.Now())
			if s.Takes(c.Now()) {
				v.Missing += s.missing()
				v.Full = v.Full && s.full()
			}
			if slices.ContainsFunc(chosen, func(x Chosen) bool { return x.ID == s.ID }) {
				v.Chosen++
			}
		}
		if !over || v.Current || v.Chosen > 0 {
			out = append(out, v)
		}
	}
	return out
}

// full says that whoever chooses it now would wait.
func (s *Slot) full() bool { return s.free() <= 0 || s.Waiting > 0 }

// dayNumber is which day of an event t is on, 1 being the first, and how many
// it has; all in the zone of its place. An event that lasts no longer than 24
// hours has one.
func dayNumber(start, end, t time.Time) (n, of int) {
	if end.Sub(start) <= 24*time.Hour {
		return 1, 1
	}
	return 1 + daysFrom(start, t.In(start.Location())), 1 + daysFrom(start, end.Add(-time.Nanosecond))
}

// daysFrom is how many days b is after a, at any hour.
func daysFrom(a, b time.Time) int { return int(midnight(b).Sub(midnight(a)) / (24 * time.Hour)) }

// midnight is the date of t, in UTC.
func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
