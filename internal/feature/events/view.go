package events

import (
	"context"
	"errors"
	"html/template"
	"net/url"
	"slices"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Item is one event in a list.
type Item struct {
	URL, Title  string
	Lang        string    // of the title; "" is not known
	Start       time.Time // local, for the stub
	Datetime    string
	ThisYear    bool
	When, Where string
	By          string
	Kind        string
	Badges      []Badge
	Distance    string
	Online      bool
	AllDay      bool
	Was         string // old and new time and place of what was moved or postponed
}

// Badge is a short label with its style.
type Badge struct{ Class, Text string }

func (s *Service) item(l *i18n.Locale, e *Event, q *Query, now time.Time) Item {
	start := e.Local(e.Start)
	it := Item{
		URL: "/events/" + string(e.ID), Title: e.Title, Lang: e.Lang, Start: start, Datetime: datetime(e, start),
		ThisYear: start.Year() == e.Local(now).Year(), When: hours(l, e), Where: e.Where.Label(), By: e.Organizer,
		Kind: l.T(e.Kind.Name()), Badges: badges(l, e, now), Online: e.Where.OnlineURL != "", AllDay: e.AllDay,
	}
	if e.State != Cancelled {
		it.Was = wasNote(l, e)
	}
	if q != nil && q.HasPlace && e.Where.HasPoint {
		it.Distance = l.Kilometers(geo.Distance(q.Place.Point, e.Where.Point))
	}
	return it
}

func (s *Service) items(c *web.Call, es []Event, q *Query) []Item {
	out := make([]Item, 0, len(es))
	for i := range es {
		it := s.item(c.Locale, &es[i], q, c.Now())
		if q != nil && q.Lang != "" && es[i].Said != nil {
			it.URL += "?lang=" + es[i].Lang // as it was asked for
		}
		out = append(out, it)
	}
	return out
}

// datetime is the machine's form for <time>.
func datetime(e *Event, t time.Time) string { return stamp(t, e.AllDay) }

func stamp(t time.Time, allDay bool) string {
	if allDay {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02T15:04Z07:00")
}

// hours is the time of day in one line: "10:00–13:00", "All day".
func hours(l *i18n.Locale, e *Event) string {
	from, to := e.Local(e.Start), e.Local(e.End)
	if e.AllDay {
		last := to.AddDate(0, 0, -1)
		if from.Format(time.DateOnly) >= last.Format(time.DateOnly) {
			return l.T("All day")
		}
		return l.T("Until {day}", "day", l.DateShort(last))
	}
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) || to.Sub(from) < 12*time.Hour {
		return l.Time(from) + "–" + l.Time(to)
	}
	return l.T("{time}, until {day}", "time", l.Time(from), "day", l.DateShort(to)+", "+l.Time(to))
}

// badges say what differs from an ordinary event that takes place.
func badges(l *i18n.Locale, e *Event, now time.Time) []Badge {
	var out []Badge
	if e.State != Confirmed {
		out = append(out, Badge{string(e.State), l.T(e.State.Name())})
	}
	if e.Past(now) && e.State != Cancelled {
		out = append(out, Badge{"past", l.T("Over")})
	}
	out = append(out, Badge{"", l.T(e.Kind.Name())})
	for i, f := range e.Access.Has() {
		if i == 2 {
			break
		}
		out = append(out, Badge{"", l.T(f.Name)})
	}
	return out
}

// Fact is one line about an event.
type Fact struct {
	Name string
	HTML template.HTML
}

// searchForm is the filter bar above lists, maps and calendars.
type searchForm struct {
	Action string
	Form   *web.Form
	Kinds  []web.Choice
	Langs  []web.Choice
	Access []web.Choice
	Radii  []web.Choice
	When   []web.Choice
	Open   bool // the further filters are in use
}

func (s *Service) searchForm(c *web.Call, action string, v url.Values) searchForm {
	l, f := c.Locale, c.NewForm()
	for k, vs := range v {
		f.Set(k, vs...)
	}
	sf := searchForm{Action: action, Form: f}
	kindChoices := []web.Choice{{Value: "", Label: l.T("Any kind")}}
	for _, k := range kinds {
		kindChoices = append(kindChoices, web.Choice{Value: string(k.kind), Label: l.T(k.name)})
	}
	sf.Kinds = f.Choose("kind", kindChoices)
	sf.Langs = f.Choose("lang", append([]web.Choice{{Label: l.T("Any language")}}, web.Languages()...))
	for _, x := range features {
		sf.Access = append(sf.Access, web.Choice{Value: x.Code, Label: l.T(x.Name), On: f.Has("access", x.Code)})
	}
	if f.Raw("radius_km") == "" {
		f.Set("radius_km", "25")
	}
	radii := []string{"5", "10", "25", "50", "100", "250"}
	if r := f.Raw("radius_km"); !slices.Contains(radii, r) {
		radii = append(radii, r) // what was asked for stays chosen
	}
	for _, km := range radii {
		sf.Radii = append(sf.Radii, web.Choice{Value: km, Label: l.T("{km} km", "km", km), On: f.Has("radius_km", km)})
	}
	sf.When = f.Choose("when", []web.Choice{{Value: "", Label: l.T("Upcoming")}, {Value: "past", Label: l.T("Past")}})
	for _, k := range []string{"from", "to", "kind", "lang", "access", "group"} {
		sf.Open = sf.Open || v.Get(k) != ""
	}
	return sf
}

// Description is an event in words, for a message in somebody's language.
type Description struct {
	Title             string
	When, Where       string
	WasWhen, WasWhere string // "" when they did not change
	Cancelled         bool
	Zone              *time.Location // of the place
}

// Describe words a listed event. It returns a NotFound fault for any other.
func (s *Service) Describe(ctx context.Context, eid id.Event, l *i18n.Locale) (Description, error) {
	var e Event
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if e, _, _, err = s.Get(ctx, tx, authz.Actor{}, eid); err != nil {
			return err
		}
		return sayIn(ctx, tx, &e, l.Tag())
	})
	if err != nil {
		return Description{}, err
	}
	d := Description{
		Title: e.Title, When: l.Date(e.Local(e.Start)) + ", " + hours(l, &e), Where: e.Where.Label(),
		WasWhere: e.WasPlace, Cancelled: e.State == Cancelled, Zone: e.Local(e.Start).Location(),
	}
	if !e.WasStart.IsZero() {
		was, now := e.Was(), e.Local(e.Start)
		d.When += zoneNote(&e, now)
		d.WasWhen = startIn(l, l.Date(was), was, e.WasAllDay) + zoneNote(&e, was)
	}
	return d, nil
}

// Brief is one event for another feature's page. Who may not know of it gets
// the fault of an event that is absent.
func (w *Web) Brief(c *web.Call, eid id.Event) (Item, Event, error) {
	return w.brief(c, eid, func(tx *db.Tx) (Event, error) {
		e, _, _, err := w.Get(c.Context(), tx, c.Actor(), eid)
		return e, err
	})
}

// Held is [Web.Brief] of any event, also one that is hidden: for those who hold
// a sign-up for it.
func (w *Web) Held(c *web.Call, eid id.Event) (Item, Event, error) {
	return w.brief(c, eid, func(tx *db.Tx) (Event, error) {
		e, err := eventByID(c.Context(), tx, eid)
		if errors.Is(err, db.ErrNoRows) {
			return e, errNoEvent()
		}
		return e, err
	})
}

// Edits is [Web.Brief] for those who may edit the event; others are refused.
func (w *Web) Edits(c *web.Call, eid id.Event) (Item, Event, error) {
	if err := c.RequireActor(); err != nil {
		return Item{}, Event{}, err
	}
	e, _, err := w.editable(c, eid)
	if err != nil {
		return Item{}, Event{}, err
	}
	return w.item(c.Locale, &e, nil, c.Now()), e, nil
}

func (w *Web) brief(c *web.Call, eid id.Event, get func(*db.Tx) (Event, error)) (Item, Event, error) {
	var e Event
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		e, err = get(tx)
		return err
	})
	if err != nil {
		return Item{}, e, err
	}
	return w.item(c.Locale, &e, nil, c.Now()), e, nil
}

type groupPanelData struct {
	Upcoming, Past []Item
	Starters       []web.Choice // for those who may make an event, while none is planned
}

var groupPanel = web.NewPage[groupPanelData](pages, "pages/group.html", "pages/parts.html", "pages/starters.html")

// GroupPanel is a group's events on its page.
func (w *Web) GroupPanel(c *web.Call, g id.Group) (template.HTML, error) {
	var d groupPanelData
	for _, past := range []bool{false, true} {
		r, err := w.search(c, Query{Group: g, Past: past, Limit: 10})
		if err != nil {
			return "", err
		}
		if past {
			d.Past = w.items(c, r.Events, nil)
		} else {
			d.Upcoming = w.items(c, r.Events, nil)
		}
	}
	if len(d.Upcoming) == 0 && !c.Actor().Visitor() {
		err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
			sub, gr, err := w.subject(c.Context(), tx, c.Actor(), g)
			if err == nil && authz.May(c.Actor(), authz.CreateEvent, sub) {
				d.Starters = starterLinks(c.Locale, func(code string) string { return "/groups/" + gr.Handle + "/events/new?template=" + code }, "")
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return groupPanel.Fragment(c, d)
}
