package events

import (
	"net/url"
	"time"

	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/web"
)

// calendarLimit is how many events a month shows; the day's list shows all.
const calendarLimit = 500

type calendarDay struct {
	Date       time.Time
	Out, Today bool
	Items      []Item
	More       int
	MoreURL    string
}

type calendarData struct {
	Search     searchForm
	Month      time.Time
	Weekdays   []string
	Weeks      [][]calendarDay
	Prev, Next string
	PrevMonth  time.Time
	NextMonth  time.Time
	Cut        bool
}

var calendarPage = web.NewPage[calendarData](pages, "pages/calendar.html", "pages/parts.html")

// perDay is how many events one cell names.
const perDay = 4

// calendar is one month of a search.
func (w *Web) calendar(c *web.Call) error {
	return c.Cached([]string{"events", "site"}, 10*time.Minute, func() error {
		v := c.Query()
		d := calendarData{Search: w.searchForm(c, "/calendar", v), Weekdays: c.Locale.Weekdays()}
		q, err := ParseQuery(without(v, "from", "to", "when"), w.Places)
		now := c.Now()
		d.Month = firstOfMonth(now)
		if err == nil {
			err = readMonth(v.Get("month"), &d.Month)
		}
		if d.Search.Form.Accepts(err) {
			return calendarPage.RenderForm(c, d.Search.Form, d)
		}
		if err != nil {
			return err
		}
		d.PrevMonth, d.NextMonth = d.Month.AddDate(0, -1, 0), d.Month.AddDate(0, 1, 0)
		d.Prev, d.Next = monthURL(q, d.PrevMonth), monthURL(q, d.NextMonth)
		r, err := w.Days(c.Context(), q, d.Month, d.NextMonth, calendarLimit)
		if err != nil {
			return err
		}
		d.Cut = r.More
		d.Weeks = weeks(d.Month, c.Locale.FirstWeekday(), now)
		w.fillDays(c, d.Weeks, r.Events, q)
		return calendarPage.Render(c, d)
	}, append(searchParams(), "month")...)
}

// readMonth sets month to what the address asks for, if it asks.
func readMonth(s string, month *time.Time) error {
	if s == "" {
		return nil
	}
	t, err := time.Parse("2006-01", s)
	if err != nil || t.Year() < 1971 || t.Year() >= 2399 {
		return fault.Invalid(fault.Field("month", "search.month", "Write the month as year-month, such as 2026-11."))
	}
	*month = t
	return nil
}

func firstOfMonth(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func monthURL(q Query, m time.Time) string {
	v := without(q.Values(), "from", "to")
	v.Set("month", m.Format("2006-01"))
	return withQuery("/calendar", v)
}

// weeks lays out a month in whole weeks that begin on first.
func weeks(month time.Time, first time.Weekday, now time.Time) [][]calendarDay {
	day := month.AddDate(0, 0, -((int(month.Weekday()) - int(first) + 7) % 7))
	var out [][]calendarDay
	for !day.After(month.AddDate(0, 1, -1)) {
		week := make([]calendarDay, 7)
		for i := range week {
			week[i] = calendarDay{Date: day, Out: day.Month() != month.Month(), Today: day.Format(time.DateOnly) == now.Format(time.DateOnly)}
			day = day.AddDate(0, 0, 1)
		}
		out = append(out, week)
	}
	return out
}

// fillDays puts events into the cells of their local day.
func (w *Web) fillDays(c *web.Call, weeks [][]calendarDay, es []Event, q Query) {
	byDay := map[int][]*Event{}
	for i := range es {
		byDay[es[i].Day()] = append(byDay[es[i].Day()], &es[i])
	}
	for _, week := range weeks {
		for i := range week {
			list := byDay[day.Of(week[i].Date)]
			for j, e := range list {
				if j == perDay {
					week[i].More = len(list) - perDay
					day := week[i].Date.Format(time.DateOnly)
					week[i].MoreURL = withQuery("/events", merge(q.Values(), url.Values{"from": {day}, "to": {day}}))
					break
				}
				week[i].Items = append(week[i].Items, w.item(c.Locale, e, nil, c.Now()))
			}
		}
	}
}

func merge(a, b url.Values) url.Values {
	out := without(a)
	for k, v := range b {
		out[k] = v
	}
	return out
}
