package attendance

import (
	"time"

	"convoke/internal/web"
)

// oneDay is the day that a form shows of an event with many slots.
type oneDay struct {
	Day     string // 2026-11-28; "" when the form shows all slots
	DayText string
	Days    []dayView // to go to, where there is a choice
	Others  bool      // there are other days
	ask     bool      // no day is chosen yet
}

// of are the slots that the form shows.
func (d oneDay) of(b Brief, all []Slot) []Slot {
	if d.Day == "" {
		return all
	}
	return slotsOn(all, b.zone(), d.Day)
}

func (d *oneDay) text(c *web.Call) {
	if t, err := time.Parse(time.DateOnly, d.Day); err == nil {
		d.DayText = c.Locale.Date(t)
	}
}

// signUpDay is the day of the form to sign up: that which was asked for, or
// that of the slot which was, or the only one. Else the day is asked for.
func signUpDay(c *web.Call, f *web.Form, b Brief, all []Slot) oneDay {
	if len(all) <= manySlots {
		return oneDay{}
	}
	want := f.Line("day")
	if s := slotByID(all, f.Line("slot")); s != nil && !knownDay(all, b.zone(), want) {
		want = s.day(b.zone())
	}
	days := dayViews(c, all, b.zone(), "/events/"+string(b.ID)+"/attend", "", nil)
	if !knownDay(all, b.zone(), want) && len(days) > 1 && !f.Failed() {
		return oneDay{Days: days, ask: true}
	}
	d := oneDay{Day: pickDay(all, b.zone(), want, c.Now()), Others: len(days) > 1}
	d.text(c)
	return d
}

// heldDay is the day of the form on a private page: that which was asked for, or
// the next of which its holder chose something.
func heldDay(c *web.Call, f *web.Form, b Brief, all []Slot, chosen []Chosen, path string) oneDay {
	if len(all) <= manySlots {
		return oneDay{}
	}
	want := f.Line("day")
	for i := range chosen {
		if want == "" && chosen[i].End.After(c.Now()) {
			want = chosen[i].day(b.zone())
		}
	}
	d := oneDay{Day: pickDay(all, b.zone(), want, c.Now())}
	d.Days = dayViews(c, all, b.zone(), path, d.Day, chosen)
	for i := range d.Days {
		d.Days[i].Href += "#change"
	}
	d.text(c)
	return d
}

type whenData struct {
	Event Brief
	Days  []dayView
}

var whenPage = web.NewPage[whenData](pages, "pages/when.html")

// when asks on which day somebody comes, where there are many slots.
func (w *Web) when(c *web.Call, b Brief, days []dayView) error {
	return whenPage.Render(c, whenData{b, days})
}

// upcoming is what the event's own page shows.
type upcoming struct {
	slots []Slot
	more  bool // there are others
}

// nextDays are the slots that are not over: all of them, or those of the next
// two days when they are many.
func nextDays(all []Slot, loc *time.Location, now time.Time) upcoming {
	var out upcoming
	days, last := 0, ""
	for _, s := range all {
		if !s.End.After(now) {
			continue
		}
		if day := s.day(loc); day != last {
			days, last = days+1, day
		}
		if len(all) > manySlots && (days > 2 || len(out.slots) == manySlots) {
			out.more = true
			break
		}
		out.slots = append(out.slots, s)
	}
	return out
}
