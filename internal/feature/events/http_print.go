package events

import (
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/print"
	"convoke/internal/web"
)

func (w *Web) mountPrint(site *web.Site) {
	for _, file := range print.Files() {
		site.Handle("GET /events/{id}/"+file, func(c *web.Call) error { return w.print(c, file) })
	}
}

// print answers with posters of an event. Its own words are in its language or
// in a version, the words around them in each that the site speaks. A draft has none, for its
// group either: paper cannot be taken back.
func (w *Web) print(c *web.Call, file string) error {
	eid, err := eventID(c.Param("id"))
	if err != nil {
		return err
	}
	s := print.Subject{Path: "/events/" + string(eid), Name: string(eid), Tags: []string{"event:" + string(eid), "groups", "site"}}
	s.Sheets = func() ([]print.Sheet, error) { return w.sheets(c, eid, s.Path) }
	return w.Print.Serve(c, file, s)
}

func (w *Web) sheets(c *web.Call, eid id.Event, path string) (out []print.Sheet, err error) {
	var e Event
	var g Group
	var said versions
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		if e, g, _, err = w.Get(c.Context(), tx, authz.Actor{}, eid); err != nil {
			return err
		}
		said, err = versionsOf(c.Context(), tx, "", e)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, l := range w.Print.Locales() {
		one := []Event{e}
		said.say(l.Tag(), one)
		sheet := w.sheet(l, &one[0], g)
		sheet.URL = c.BaseURL() + path
		out = append(out, sheet)
	}
	return out, nil
}

// sheetText is as much of a description, in characters, as a poster may have
// room for.
const sheetText = 600

// sheet is what a poster says. It names the group, never the organizer of an
// imported event, who may be a person.
func (w *Web) sheet(l *i18n.Locale, e *Event, g Group) print.Sheet {
	start := e.Local(e.Start)
	s := print.Sheet{
		Lang: l.Tag(), Name: l.Name(), Kicker: l.T(e.Kind.Name()), Title: e.Title, Day: print.Capital(l.Date(start)), Hours: hours(l, e),
		Where: e.Where.Label(), Text: print.Line(w.Plain(e.Description, sheetText)), Access: accessLine(l, e.Access), Scan: l.T("Details and sign-up"),
	}
	if zone, _ := start.Zone(); !e.AllDay {
		s.Zone = l.T("{zone} time ({short})", "zone", zoneCity(e.Zone), "short", zone)
	}
	if s.Where == "" && e.Where.OnlineURL != "" {
		s.Where = l.T("Online")
	}
	if g.Name != "" {
		s.By = l.T("Organized by {group}", "group", g.Name)
	}
	was := wasNote(l, e)
	switch {
	case e.State == Cancelled:
		s.Notice = l.T("This event is cancelled.")
	case e.State == Postponed:
		s.Notice = strings.TrimSpace(l.T("This event is postponed.") + " " + was)
	case was != "":
		s.Notice = l.T("This event was moved.") + " " + was
	}
	if !e.State.TakesSignUps() {
		s.Scan = l.T("Details")
	}
	return s
}

// accessLine is what the event's page says of access, in one line.
func accessLine(l *i18n.Locale, a Access) string {
	var parts []string
	for _, part := range []struct {
		name string
		all  []Feature
	}{{l.T("Access:"), a.Has()}, {l.T("Not there:"), a.Lacks()}} {
		var names []string
		for _, f := range part.all {
			names = append(names, l.T(f.Name))
		}
		if len(names) > 0 {
			parts = append(parts, part.name+" "+strings.Join(names, ", ")+".")
		}
	}
	if a.Note != "" {
		parts = append(parts, a.Note)
	}
	return strings.Join(parts, " ")
}
