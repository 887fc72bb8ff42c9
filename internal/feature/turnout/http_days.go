package turnout

import (
	"slices"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// panelDays is how many days the event's own page shows.
const panelDays = 3

// dayView is what is said of one day of an event.
type dayView struct {
	Label string
	Range string // over all that is said of it, where that is more than one thing
	Lines []line
}

// byDay groups what is said, the latest day first.
func byDay(l *i18n.Locale, all []said) []dayView {
	var out []dayView
	top := 1
	for _, x := range all {
		top = max(top, x.High)
	}
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Nth == all[0].Nth {
			n++
		}
		one := estimates(all[:n])
		s := spanOf(one)
		d := dayView{Label: l.DateShort(day.Time(all[0].day)), Lines: lines(l, one, top)}
		if s.n > 1 {
			d.Range = people(l, s.low, s.high)
		}
		out = append(out, d)
		all = all[n:]
	}
	slices.Reverse(out)
	return out
}

func estimates(all []said) []Estimate {
	out := make([]Estimate, len(all))
	for i, x := range all {
		out[i] = x.Estimate
	}
	return out
}

type daysData struct {
	Event id.Event
	Title string
	Days  []dayView
	Range string // of the fullest day
	Add   string
}

var daysPage = web.NewPage[daysData](pages, "pages/days.html", "pages/parts.html")

// days shows all that is said of an event, day by day.
func (w *Web) days(c *web.Call) error {
	if !id.Valid(c.Param("id")) {
		return web.ErrNotFound()
	}
	e := id.Event(c.Param("id"))
	return c.Cached([]string{"event:" + string(e)}, time.Hour, func() error {
		var d daysData
		var all []said
		err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
			a, sub, err := w.Events.About(c.Context(), tx, c.Actor(), e)
			if err != nil {
				return err
			}
			d = daysData{Event: e, Title: a.Title}
			if authz.May(c.Actor(), authz.AddEstimate, sub) && a.Spot != nil {
				d.Add = newPath(e)
			}
			all, err = estimatesOf(c.Context(), tx, e)
			return err
		})
		if err != nil {
			return err
		}
		d.Days = byDay(c.Locale, all)
		if s := daysOfEstimates(estimates(all)).whole(); len(d.Days) > 1 {
			d.Range = people(c.Locale, s.low, s.high)
		}
		return daysPage.Render(c, d)
	})
}

func newPath(e id.Event) string { return "/events/" + string(e) + "/turnout/new" }
