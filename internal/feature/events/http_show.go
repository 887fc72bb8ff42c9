package events

import (
	"html/template"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/version"
	"convoke/internal/web"
)

// Fragment is HTML that html/template has made.
type Fragment = template.HTML

type showData struct {
	Event      Event
	Item       Item
	Day        string // the date in full
	DayOf      string // which of its days it is, while it is on
	ZoneNote   string
	Was        string // what changed, when the event was moved
	Group      Group
	Source     Source
	Campaign   Campaign
	Map        mapView
	HasMap     bool
	Precise    string
	AccessYes  []string
	AccessNo   []string
	Can        Can
	Attend     Fragment
	Programme  Fragment
	Panels     []Fragment
	Tools      []Tool
	Lang       string // of the title
	TextLang   string // of the description
	NoteLang   string // of the note on access
	TextDir    string
	Versions   version.Shown
	PictureURL string
	Series     *seriesView
	Schema     template.JS
	Exact      exactNote
	Draft      string // what the browser kept of the form that was just saved
	Keep       keepView
	Preview    bool // nothing of it is stored
}

var showPage = web.NewPage[showData](pages, "pages/show.html", "pages/event.html", "pages/parts.html", "pages/exact_parts.html")

// show is the event page, and the event as .ics, .json and .geojson.
func (w *Web) show(c *web.Call) error {
	name, format := split(c.Param("id"))
	eid, err := eventID(name)
	if err != nil {
		return err
	}
	return c.Cached([]string{"event:" + name, "site"}, 5*time.Minute, func() error {
		var (
			e    Event
			g    Group
			sub  authz.Subject
			src  Source
			camp Campaign
			all  programmes
			row  *exactRow
			said versions
		)
		err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
			if e, g, sub, err = w.Get(c.Context(), tx, c.Actor(), eid); err != nil {
				return err
			}
			if e.Source != "" {
				if src, err = sourceByID(c.Context(), tx, e.Source); err != nil {
					return err
				}
			}
			if camp, err = w.campaignOf(c.Context(), tx, &e); err != nil {
				return err
			}
			if row, err = exactRowOf(c.Context(), tx, eid); err != nil {
				return err
			}
			if said, err = versionsOf(c.Context(), tx, "", e); err != nil {
				return err
			}
			all, err = programmesOf(c.Context(), tx, e)
			return err
		})
		if err != nil {
			return err
		}
		exact, note, err := w.exactShown(c, &e, row, sub.Suspended)
		if err != nil {
			return err
		}
		own := e.Lang
		bring := all.of(&e).Bring
		shown := version.Show(c, "/events/"+name, own, e.said(bring), metas(said[eid]))
		one := []Event{e}
		said.say(shown.Lang, one)
		e = one[0]
		switch format {
		case "":
			return w.page(c, exact.at(e), g, sub, src, camp, all.of(&e), note, shown, own)
		case "ics":
			return w.oneICS(c, exact.at(e), g, exact.calendarText(c.Locale))
		case "json":
			return w.oneJSON(c, exact.at(e), g, all.of(&e))
		case "geojson":
			return w.oneGeoJSON(c, e)
		}
		return errNoEvent()
	}, "lang")
}

func (w *Web) page(c *web.Call, e Event, g Group, sub authz.Subject, src Source, camp Campaign, p *Programme, exact exactNote, shown version.Shown, own string) error {
	d := w.says(c, e, g)
	d.Source, d.Campaign, d.Exact, d.Versions = src, camp, exact, shown
	d.Can = Can{
		Edit:       authz.May(c.Actor(), authz.EditEvent, sub),
		SeeNumbers: authz.May(c.Actor(), authz.SeeNumbers, sub),
		Campaign:   authz.May(c.Actor(), authz.EditCampaign, sub),
	}
	var bringLang string
	d.TextLang, d.NoteLang, bringLang = e.langs(own)
	d.TextDir = version.Dir(d.TextLang)
	if e.Where.HasPoint {
		d.Map = w.eventMap(c, &e)
	}
	d.Schema = w.schema(c, &e, g)
	switch c.Query().Get("saved") {
	case "new":
		d.Draft = newDraft(g, "*")
	case "1":
		d.Draft = "event-" + string(e.ID) + "-*"
	}
	var err error
	if d.Attend, err = w.Attend(c, &e, d.Can); err != nil {
		return err
	}
	for _, panel := range w.Panels {
		html, err := panel(c, &e, d.Can)
		if err != nil {
			return err
		}
		d.Panels = append(d.Panels, html)
	}
	for _, tool := range w.Tools {
		if tool.Needs == "" && d.Can.Edit || tool.Needs != "" && authz.May(c.Actor(), tool.Needs, sub) {
			d.Tools = append(d.Tools, tool)
		}
	}
	if d.Series, err = w.seriesView(c, &e, knowsDates(c.Actor(), sub)); err != nil {
		return err
	}
	if d.Programme, err = w.programmePanel(c, &e, p, d.Can, bringLang); err != nil {
		return err
	}
	d.Keep = keepOf(c, &e)
	return showPage.Render(c, d)
}

// says is what the event itself says on its page.
func (w *Web) says(c *web.Call, e Event, g Group) showData {
	l := c.Locale
	start := e.Local(e.Start)
	d := showData{
		Event: e, Item: w.item(l, &e, nil, c.Now()), Day: l.Date(start), Group: g, Lang: e.Lang,
		DayOf: dayInWords(l, &e, c.Now()), Was: wasNote(l, &e), HasMap: e.Where.HasPoint, Precise: preciseNote(l, &e),
	}
	d.TextLang, d.NoteLang, _ = e.langs(e.Lang)
	d.TextDir = version.Dir(d.TextLang)
	d.Versions.Dir = version.Dir(e.Lang)
	if e.Organizer == "" {
		d.Item.By = g.Name
	}
	if zone, _ := start.Zone(); !e.AllDay {
		d.ZoneNote = l.T("{zone} time ({short})", "zone", zoneCity(e.Zone), "short", zone)
	}
	for _, f := range e.Access.Has() {
		d.AccessYes = append(d.AccessYes, l.T(f.Name))
	}
	for _, f := range e.Access.Lacks() {
		d.AccessNo = append(d.AccessNo, l.T(f.Name))
	}
	if e.Picture != "" {
		d.PictureURL = "/pictures/" + e.Picture
	}
	return d
}

// wasNote tells old and new where an event was moved or postponed.
func wasNote(l *i18n.Locale, e *Event) string {
	var parts []string
	if !e.WasStart.IsZero() {
		was, now := e.Was(), e.Local(e.Start)
		parts = append(parts, l.T("Old time: {old}. New time: {new}.",
			"old", startIn(l, l.DateShort(was), was, e.WasAllDay)+zoneNote(e, was),
			"new", startIn(l, l.DateShort(now), now, e.AllDay)+zoneNote(e, now)))
	}
	if e.WasPlace != "" {
		parts = append(parts, l.T("Old place: {old}. New place: {new}.", "old", e.WasPlace, "new", e.Where.Label()))
	}
	return strings.Join(parts, " ")
}

// startIn is the old or the new start of an event that was moved: its day in words,
// and the time unless it was, or is, of whole days.
func startIn(l *i18n.Locale, day string, t time.Time, allDay bool) string {
	if allDay {
		return day
	}
	return day + ", " + l.Time(t)
}

// zoneNote ends a time with the city of its zone, where the old zone is another.
func zoneNote(e *Event, t time.Time) string {
	if e.WasZone == "" {
		return ""
	}
	return " (" + zoneCity(t.Location().String()) + ")"
}

// zoneCity turns America/New_York into New York.
func zoneCity(zone string) string {
	if i := strings.LastIndexByte(zone, '/'); i >= 0 {
		zone = zone[i+1:]
	}
	return strings.ReplaceAll(zone, "_", " ")
}

func preciseNote(l *i18n.Locale, e *Event) string {
	switch e.Where.Precise {
	case "locality":
		return l.T("The map shows the middle of the town, not the exact place.")
	case "postcode":
		return l.T("The map shows the middle of the postcode area, not the exact place.")
	case "region", "country":
		return l.T("Only the region is known.")
	}
	return ""
}
