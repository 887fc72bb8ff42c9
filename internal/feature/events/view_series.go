package events

import (
	"fmt"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/ical"
	"convoke/internal/web"
)

// nthNames are the days of a month that one weekday has, from the first.
var nthNames = [...]string{
	i18n.Mark("the first {weekday}"), i18n.Mark("the second {weekday}"), i18n.Mark("the third {weekday}"),
	i18n.Mark("the fourth {weekday}"), i18n.Mark("the fifth {weekday}"),
}

// onDay is the day of the month in words.
func (p pattern) onDay(l *i18n.Locale) string {
	switch {
	case p.nth < 0:
		return l.T("the last {weekday}", "weekday", l.Weekday(p.days[0]))
	case p.nth > 0:
		return l.T(nthNames[min(p.nth, len(nthNames))-1], "weekday", l.Weekday(p.days[0]))
	case p.day < 0:
		return l.T("the last day of the month")
	}
	return l.T("day {n} of the month", "n", p.day)
}

// words are the rule as people say it, without its end.
func (p pattern) words(l *i18n.Locale) string {
	switch p.unit {
	case Days:
		return l.N("Every day", "Every {n} days", p.every)
	case Months:
		return l.N("Every month: {day}", "Every {n} months: {day}", p.every, "day", p.onDay(l))
	}
	var days []string
	for _, d := range p.days {
		days = append(days, l.Weekday(d))
	}
	if len(days) == 1 && p.every == 1 {
		return l.T("Every {weekday}", "weekday", days[0])
	}
	return l.N("Every week: {days}", "Every {n} weeks: {days}", p.every, "days", strings.Join(days, ", "))
}

// wordsToEnd are [pattern.words] with the end.
func (p pattern) wordsToEnd(l *i18n.Locale) string {
	switch {
	case p.count > 0:
		return l.N("{rule}, {n} time", "{rule}, {n} times", p.count, "rule", p.words(l))
	case !p.until.IsZero():
		return l.T("{rule}, until {day}", "rule", p.words(l), "day", p.until)
	}
	return p.words(l)
}

// seriesView is what an event's page says of its series.
type seriesView struct {
	Words string
	Next  []link
	All   string // address of all dates
}

// nextDates is how many other dates an event's page names.
const nextDates = 4

// seriesView returns nil for an event that does not repeat; see [Web.datesOf].
func (w *Web) seriesView(c *web.Call, e *Event, known bool) (*seriesView, error) {
	x, es, err := w.datesOf(c, e, known)
	if err != nil || x == nil {
		return nil, err
	}
	p, err := patternOf(x.Rule)
	if err != nil {
		return nil, err
	}
	v := &seriesView{Words: p.words(c.Locale), All: "/events/" + string(e.ID) + "/dates"}
	for i := range es {
		n := &es[i]
		if n.ID == e.ID || n.Past(c.Now()) || n.State == Cancelled || len(v.Next) == nextDates {
			continue
		}
		v.Next = append(v.Next, link{"/events/" + string(n.ID), c.Locale.DateShort(n.Local(n.Start))})
	}
	return v, nil
}

// knowsDates tells whether somebody may see drafts among the other dates of an
// event. Who manages one date has no say in the others.
func knowsDates(by authz.Actor, sub authz.Subject) bool {
	sub.Manages = false
	return authz.MayKnow(by, false, sub)
}

// shownDates is how many dates of a series a page lists.
const shownDates = 200

// datesOf finds the series of an event and its dates, from a while ago on, in
// the order of time. The series is nil for an event that does not repeat. known
// says that the reader may see drafts of the group, and not of this event alone.
func (w *Web) datesOf(c *web.Call, e *Event, known bool) (*series, []Event, error) {
	var x *series
	var out []Event
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		if x, _, err = belongs(c.Context(), tx, e.ID); err != nil || x == nil {
			return err
		}
		since := day.Of(ical.WallOf(tx.Now().In(x.zone())).AddDate(0, 0, -pastDays))
		all, err := eventsFrom(c.Context(), tx, x.ID, since, shownDates)
		out = nil
		for i := range all {
			if known || all[i].State.Listed() || all[i].ID == e.ID {
				out = append(out, all[i])
			}
		}
		return err
	})
	sortByStart(out)
	return x, out, err
}

// clockNote explains what a clock change does to a date; "" for all others.
func clockNote(l *i18n.Locale, d *planned, zone *time.Location) string {
	switch d.Clock {
	case ical.Skipped:
		return l.T("The clocks go forward: {time} does not exist on that day, so it begins at {new}.", "time", l.Time(d.Wall), "new", l.Time(d.Start.In(zone)))
	case ical.Twice:
		return l.T("The clocks go back: {time} comes twice on that day; the first is meant.", "time", l.Time(d.Wall))
	}
	return ""
}

// dateChoices are the further dates of a plan as boxes to tick. fresh ticks all
// of them.
func dateChoices(l *i18n.Locale, f *web.Form, p *plan, fresh bool) []web.Choice {
	var out []web.Choice
	for i := range p.dates[1:] {
		d := &p.dates[1+i]
		x := Event{Start: d.Start, End: d.End, Zone: p.series.Zone, AllDay: p.series.AllDay}
		var hints []string
		if d.Event != nil {
			hint := l.T("There already.")
			if d.own&ownWhen != 0 {
				x = *d.Event
				hint = l.T("There already, with a time of its own.")
			}
			if d.Event.State == Cancelled {
				hint = l.T("Cancelled")
			}
			hints = append(hints, hint)
		}
		if note := clockNote(l, d, p.series.zone()); note != "" && !p.series.AllDay && d.own&ownWhen == 0 {
			hints = append(hints, note)
		}
		iso := day.ISO(d.day())
		out = append(out, web.Choice{
			Value: iso, Label: l.Date(x.Local(x.Start)) + ", " + hours(l, &x), Hint: strings.Join(hints, " "), On: fresh && !d.skipped || !fresh && f.Has("date", iso),
		})
	}
	return out
}

// months lists months in words.
func months(l *i18n.Locale, all []time.Time) string {
	var out []string
	for _, m := range all {
		out = append(out, l.Month(m))
	}
	return strings.Join(out, ", ")
}

// fillRepeat is the form as the series of an event would have been typed, or as
// the event suggests.
func fillRepeat(f *web.Form, e *Event, was *series, at dated) error {
	start := seriesFrom(e).Starts
	f.Set("every", "1").Set("unit", string(Weeks)).Set("weekday", weekdays[start.Weekday()]).Set("monthly", byDay).Set("end", endNever)
	if was == nil {
		return nil
	}
	p, err := patternOf(was.Rule)
	if err != nil {
		return err
	}
	f.Set("every", fmt.Sprint(p.every)).Set("unit", string(p.unit))
	switch p.unit {
	case Weeks:
		var codes []string
		for _, d := range p.days {
			codes = append(codes, weekdays[d])
		}
		f.Set("weekday", codes...)
	case Months:
		f.Set("monthly", p.how())
	}
	switch {
	case p.count > 0:
		f.Set("end", endTimes).Set("times", fmt.Sprint(p.count-countBefore(was, at.Day)))
	case !p.until.IsZero():
		f.Set("end", endUntil).Set("until", p.until.Format(time.DateOnly))
	}
	return nil
}
