package attendance

import (
	"fmt"
	"strconv"
	"time"

	"convoke/internal/i18n"
	"convoke/internal/web"
)

// suggested are the shifts that a new form starts with.
var suggested = [...]struct{ title, start, end string }{
	{i18n.Mark("Morning"), "06:00", "12:00"}, {i18n.Mark("Afternoon"), "12:00", "18:00"},
	{i18n.Mark("Evening"), "18:00", "00:00"}, {i18n.Mark("Night"), "00:00", "06:00"}, {}, {},
}

type fillData struct {
	Event    Brief
	Form     *web.Form
	Key      string
	Weekdays []web.Choice
	Rows     []int
	Looked   bool
	Seen     string
	Days     []fillDay
	Made     int // slots that would be made
	There    int
	Gaps     []string // what a clock change skips
	Outside  []string // what is not within the event
}

// fillDay is what would be made on one day.
type fillDay struct{ Day, Shifts string }

var fillPage = web.NewPage[fillData](pages, "pages/fill.html")

// fillForm asks for the shifts of many days.
func (w *Web) fillForm(c *web.Call) error {
	b, err := w.edits(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("key", c.NewKey()).Set("from", b.Start.Format(time.DateOnly)).
		Set("to", b.End.Add(-time.Nanosecond).In(b.zone()).Format(time.DateOnly))
	for i, x := range suggested {
		if x.title != "" {
			n := strconv.Itoa(i + 1)
			f.Set("title"+n, c.Locale.T(x.title)).Set("start"+n, x.start).Set("end"+n, x.end)
		}
	}
	return w.showFill(c, b, f, fillData{})
}

func readFill(f *web.Form) FillInput {
	in := FillInput{From: f.Line("from"), To: f.Line("to"), Weekdays: f.All("weekday")}
	for i := range maxShifts {
		n := strconv.Itoa(i + 1)
		in.Shifts = append(in.Shifts, ShiftInput{
			Title: f.Line("title" + n), Start: f.Line("start" + n), End: f.Line("end" + n),
			Capacity: f.Line("capacity" + n), Least: f.Line("least" + n),
		})
	}
	return in
}

// fill shows first what the form would make, and makes it when what is sent is
// what was shown.
func (w *Web) fill(c *web.Call) error {
	b, err := w.edits(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	in, key := readFill(f), f.Line("key")
	looked, err := w.LookAtFill(c.Context(), b.ID, key, b.Start, b.End, in)
	if err == nil && f.Line("do") == "make" && f.Line("seen") == looked.Seen() && len(looked.Slots) > 0 {
		looked, err = w.Fill(c.Context(), b.ID, key, b.Start, b.End, in)
		if err == nil {
			return c.SeeOther(fmt.Sprintf("%s?saved=1&made=%d", slotsPath(b.ID), len(looked.Slots)-looked.There))
		}
	}
	if f.Accepts(err) {
		return w.showFill(c, b, f, fillData{})
	}
	if err != nil {
		return err
	}
	return w.showFill(c, b, f, viewFilling(c, b, &looked))
}

func viewFilling(c *web.Call, b Brief, f *Filling) fillData {
	l := c.Locale
	d := fillData{Looked: true, Seen: f.Seen(), There: f.There, Made: len(f.Slots) - f.There}
	last := ""
	for i := range f.Slots {
		s := &f.Slots[i]
		from, to := s.Start.In(b.zone()), s.End.In(b.zone())
		if day := s.day(b.zone()); day != last {
			d.Days, last = append(d.Days, fillDay{Day: l.WeekdayShort(from) + " " + l.DateShort(from)}), day
		} else {
			d.Days[len(d.Days)-1].Shifts += "; "
		}
		d.Days[len(d.Days)-1].Shifts += s.Title + " " + l.Time(from) + "–" + l.Time(to)
	}
	for _, s := range f.Skipped {
		text := s.Title + ", " + l.DateShort(s.Day) + ", " + s.From + "–" + s.To
		if s.Gap {
			d.Gaps = append(d.Gaps, text)
		} else {
			d.Outside = append(d.Outside, text)
		}
	}
	return d
}

func (w *Web) showFill(c *web.Call, b Brief, f *web.Form, d fillData) error {
	d.Event, d.Form, d.Key = b, f, f.Line("key")
	names := c.Locale.Weekdays()
	for i, name := range names {
		day := (int(c.Locale.FirstWeekday()) + i) % len(names)
		d.Weekdays = append(d.Weekdays, web.Choice{Value: strconv.Itoa(day), Label: name, On: f.Has("weekday", strconv.Itoa(day))})
	}
	for i := range maxShifts {
		n := i + 1
		if n <= len(suggested) || f.Line(fmt.Sprintf("title%d", n)) != "" {
			d.Rows = append(d.Rows, n)
		}
	}
	c.Header().Set("Cache-Control", "no-store")
	return fillPage.RenderForm(c, f, d)
}
