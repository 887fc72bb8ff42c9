package events

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

func (w *Web) mountSeries(site *web.Site) {
	site.Handle("GET /events/{id}/repeat", w.repeatForm)
	site.Handle("POST /events/{id}/repeat", w.repeat)
	site.Handle("POST /events/{id}/repeat/end", w.endSeries)
	site.Handle("GET /events/{id}/dates", w.dates)
}

type repeatData struct {
	Form       *web.Form
	End        *web.Form // of ending the series
	Event      Event
	When, Zone string
	Key        string
	Series     string // token of the series as it was
	Version    int
	Words      string // of the series; "" when the event does not repeat yet
	Units      []web.Choice
	Weekdays   []web.Choice
	Monthly    []web.Choice
	Ends       []web.Choice
	Scopes     []web.Choice
	Dates      []web.Choice // of the preview
	Shown      string
	Rule       string // in words
	Endless    bool
	Missing    string   // months
	Gone       []string // dates that would be called off
}

var repeatPage = web.NewPage[repeatData](pages, "pages/repeat.html")

// loadRepeatable is [Web.load] for somebody who may change several dates.
func (w *Web) loadRepeatable(c *web.Call) (Event, Group, error) {
	e, g, err := w.load(c)
	if err != nil {
		return e, g, err
	}
	return e, g, w.DB.Read(c.Context(), func(tx *db.Tx) error {
		_, err := w.repeatable(c.Context(), tx, c.Actor(), e.ID)
		return err
	})
}

func (w *Web) repeatForm(c *web.Call) error {
	e, _, err := w.loadRepeatable(c)
	if err != nil {
		return err
	}
	f := c.NewForm()
	return w.repeatPage(c, f, &e, nil)
}

// readRepeat takes a RepeatInput from the form.
func readRepeat(f *web.Form) RepeatInput {
	return RepeatInput{
		Every: f.Line("every"), Unit: Unit(f.Line("unit")), Weekdays: f.All("weekday"), Monthly: f.Line("monthly"),
		End: f.Line("end"), Until: f.Line("until"), Times: f.Line("times"), Except: f.All("except"),
		Shown: f.Line("shown"), Ticked: f.All("date"),
	}
}

// repeat shows the dates, or saves them.
func (w *Web) repeat(c *web.Call) error {
	e, _, err := w.loadRepeatable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if !id.ValidSecret(f.Line("key")) {
		return fault.Malformed("event.key", "This form is broken. Please open the page again.")
	}
	in := readRepeat(f)
	if f.Line("step") == "save" {
		err := w.Repeat(c.Context(), c.Actor(), e.ID, f.Line("key"), f.Line("series"), in)
		if err == nil {
			return c.SeeOther("/events/" + string(e.ID) + "/dates?saved=repeat")
		}
		if !f.Accepts(err) {
			return err
		}
	}
	p, err := w.preview(c.Context(), c.Actor(), e.ID, in)
	if err != nil {
		if f.Failed() || f.Accepts(err) { // said already
			return w.repeatPage(c, f, &e, nil)
		}
		return err
	}
	return w.repeatPage(c, f, &e, &p)
}

// repeatPage shows the form, with the dates of p when there is one.
func (w *Web) repeatPage(c *web.Call, f *web.Form, e *Event, p *plan) error {
	l := c.Locale
	d := repeatData{Form: f, End: f, Event: *e, Key: f.Raw("key"), Series: f.Raw("series")}
	d.When, d.Zone = l.Date(e.Local(e.Start))+", "+hours(l, e), zoneCity(e.Zone)
	if err := w.fillSeries(c, f, e, &d); err != nil {
		return err
	}
	d.Units = f.Choose("unit", []web.Choice{
		{Value: string(Days), Label: l.T("days")}, {Value: string(Weeks), Label: l.T("weeks")}, {Value: string(Months), Label: l.T("months")},
	})
	for i := range weekdays {
		day := (int(l.FirstWeekday()) + i) % 7
		d.Weekdays = append(d.Weekdays, web.Choice{Value: weekdays[day], Label: l.Weekday(time.Weekday(day)), On: f.Has("weekday", weekdays[day])})
	}
	start := seriesFrom(e).Starts
	for _, how := range monthly(start) {
		var x pattern
		x.byMonth(how, start)
		d.Monthly = append(d.Monthly, web.Choice{Value: how, Label: x.onDay(l), On: f.Has("monthly", how)})
	}
	d.Ends = f.Choose("end", []web.Choice{
		{Value: endNever, Label: l.T("No end"), Hint: l.T("Dates are added by themselves, 90 days ahead.")},
		{Value: endUntil, Label: l.T("On a last day")}, {Value: endTimes, Label: l.T("After a number of times")},
	})
	if p != nil {
		w.showPlan(c, f, p, &d)
	}
	c.Header().Set("Cache-Control", "no-store")
	return repeatPage.RenderForm(c, f, d)
}

// fillSeries fills in what the series is now, into a form that is new too.
func (w *Web) fillSeries(c *web.Call, f *web.Form, e *Event, d *repeatData) error {
	var x *series
	var at dated
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		x, at, err = belongs(c.Context(), tx, e.ID)
		return err
	})
	if err != nil {
		return err
	}
	if d.Key == "" {
		d.Key, d.Series = c.NewKey(), token(x)
		if err := fillRepeat(f, e, x, at); err != nil {
			return err
		}
	}
	if x == nil {
		return nil
	}
	rule, err := patternOf(x.Rule)
	if err != nil {
		return err
	}
	l := c.Locale
	d.Words, d.Version = rule.wordsToEnd(l), x.Version
	d.Scopes = f.Choose("end_scope", []web.Choice{
		{Value: string(After), Label: l.T("All after this date")}, {Value: string(Later), Label: l.T("This date and all later ones")},
		{Value: string(All), Label: l.T("All that are still to come")},
	})
	return nil
}

func (w *Web) showPlan(c *web.Call, f *web.Form, p *plan, d *repeatData) {
	l := c.Locale
	d.Shown, d.Rule, d.Endless = p.shown(), p.rule.wordsToEnd(l), p.rule.endless()
	d.Dates = dateChoices(l, f, p, f.Line("shown") != d.Shown)
	d.Missing = months(l, p.missing)
	for i := range p.gone {
		x := &p.gone[i]
		d.Gone = append(d.Gone, l.Date(x.Local(x.Start))+", "+hours(l, x))
	}
}

// endSeries calls dates off.
func (w *Web) endSeries(c *web.Call) error {
	e, g, err := w.loadRepeatable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	version, ok := f.Int("version")
	if !ok {
		return fault.Malformed("event.key", "This form is broken. Please open the page again.")
	}
	n, err := w.EndSeries(c.Context(), c.Actor(), e.ID, Reach{Scope(f.Line("end_scope")), version})
	if f.Accepts(err) {
		return w.repeatPage(c, f, &e, nil)
	}
	if err != nil {
		return err
	}
	if _, _, err := w.editable(c, e.ID); fault.Is(err, fault.KindNotFound) { // it was a draft
		return c.SeeOther("/groups/" + g.Handle)
	}
	return c.SeeOther(fmt.Sprintf("/events/%s/dates?saved=end&n=%d", e.ID, n))
}

type datesData struct {
	Event          Event
	Words          string
	Upcoming, Past []Item
	Edit           bool
	Saved          []string // what was just done
	Draft          string   // what the browser kept of the form that was just saved
}

var datesPage = web.NewPage[datesData](pages, "pages/dates.html", "pages/parts.html")

// dates lists the dates of an event's series.
func (w *Web) dates(c *web.Call) error {
	eid, err := eventID(c.Param("id"))
	if err != nil {
		return err
	}
	return c.Cached([]string{"event:" + string(eid), "site"}, listTTL, func() error {
		var e Event
		var sub authz.Subject
		err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
			e, _, sub, err = w.Get(c.Context(), tx, c.Actor(), eid)
			return err
		})
		if err != nil {
			return err
		}
		x, es, err := w.datesOf(c, &e, knowsDates(c.Actor(), sub))
		if err != nil {
			return err
		}
		if x == nil {
			return errNoSeries()
		}
		rule, err := patternOf(x.Rule)
		if err != nil {
			return err
		}
		d := datesData{Event: e, Words: rule.wordsToEnd(c.Locale), Edit: authz.May(c.Actor(), authz.CreateEvent, sub), Saved: savedDates(c)}
		if c.Query().Get("saved") == "1" {
			d.Draft = "event-" + string(e.ID) + "-*"
		}
		for i := range es {
			it := w.item(c.Locale, &es[i], nil, c.Now())
			if es[i].Past(c.Now()) {
				d.Past = append(d.Past, it)
			} else {
				d.Upcoming = append(d.Upcoming, it)
			}
		}
		return datesPage.Render(c, d)
	})
}

// savedDates says what was just done to several dates.
func savedDates(c *web.Call) []string {
	l, v := c.Locale, c.Query()
	number := func(name string) int {
		n, _ := strconv.Atoi(v.Get(name))
		return max(0, min(n, 999))
	}
	switch v.Get("saved") {
	case "repeat":
		return []string{l.T("Saved.")}
	case "end":
		return []string{l.N("{n} date was called off.", "{n} dates were called off.", number("n"))}
	case "1":
		out := []string{l.N("{n} date was changed.", "{n} dates were changed.", number("n"))}
		if k := number("kept"); k > 0 {
			out = append(out, l.N("{n} date was changed on its own before; what was changed there stays.",
				"{n} dates were changed on their own before; what was changed there stays.", k))
		}
		return out
	}
	return nil
}

// reachOf reads from an event's form which dates it is for.
func reachOf(f *web.Form) Reach {
	version, ok := f.Int("series_version")
	if !ok {
		version = AnyVersion - 1 // fits none
	}
	return Reach{Scope(f.Line("scope")), version}
}

// scopes are the choices of an event's form, nil for one that does not repeat and
// for somebody who may change this date alone.
func (w *Web) scopes(c *web.Call, f *web.Form, e *Event) ([]web.Choice, error) {
	var x *series
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		x = nil
		if _, _, sub, err := w.Get(c.Context(), tx, c.Actor(), e.ID); err != nil || !authz.May(c.Actor(), authz.CreateEvent, sub) {
			return err
		}
		x, _, err = belongs(c.Context(), tx, e.ID)
		return err
	})
	if err != nil || x == nil {
		return nil, err
	}
	if f.Raw("series_version") == "" {
		f.Set("series_version", strconv.Itoa(x.Version))
	}
	if f.Raw("scope") == "" {
		f.Set("scope", string(OnlyThis))
	}
	return f.Choose("scope", scopeChoices(c.Locale)), nil
}

func scopeChoices(l *i18n.Locale) []web.Choice {
	return []web.Choice{
		{Value: string(OnlyThis), Label: l.T("Only this date")}, {Value: string(Later), Label: l.T("This date and all later ones")},
		{Value: string(All), Label: l.T("All that are still to come")},
	}
}

// save stores an event's form, and says where to go then.
func (w *Web) save(c *web.Call, f *web.Form, e *Event) (string, error) {
	seq, _ := f.Int("sequence")
	r := reachOf(f)
	done, err := w.UpdateSeries(c.Context(), c.Actor(), e.ID, seq, r, readInput(f))
	if r.Scope == "" || r.Scope == OnlyThis {
		return "/events/" + string(e.ID) + "?saved=1", err
	}
	return fmt.Sprintf("/events/%s/dates?saved=1&n=%d&kept=%d", e.ID, done.Changed, done.Kept), err
}

func sortByStart(es []Event) {
	slices.SortFunc(es, func(a, b Event) int { return cmp.Compare(a.AtKey, b.AtKey) })
}
