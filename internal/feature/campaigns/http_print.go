package campaigns

import (
	"strings"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/markdown"
	"convoke/internal/print"
	"convoke/internal/web"
)

func (w *Web) mountPrint(site *web.Site) {
	for _, file := range print.Files() {
		site.Handle("GET /campaigns/{handle}/"+file, func(c *web.Call) error { return w.print(c, file) })
	}
}

// print answers with posters of a campaign in each of its languages. A draft
// has none, for its owners either: paper cannot be taken back.
func (w *Web) print(c *web.Call, file string) error {
	handle := c.Param("handle")
	cid, err := w.idOf(c, handle)
	if err != nil {
		return err
	}
	s := print.Subject{Path: "/campaigns/" + handle, Name: handle, Tags: []string{"campaign:" + string(cid), "groups", "site"}}
	s.Sheets = func() ([]print.Sheet, error) { return w.sheets(c, handle, s.Path) }
	return w.Print.Serve(c, file, s)
}

func (w *Web) sheets(c *web.Call, handle, path string) (out []print.Sheet, err error) {
	var camp Campaign
	var texts []Text
	var d showData
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		if camp, _, err = w.load(c.Context(), tx, authz.Actor{}, handle); err != nil {
			return err
		}
		if texts, err = textsOf(c.Context(), tx, camp.ID); err != nil {
			return err
		}
		d = showData{}
		return w.people(c.Context(), tx, &camp, &d)
	})
	if err != nil {
		return nil, err
	}
	var owners []string
	for _, g := range d.Owners {
		owners = append(owners, g.Name)
	}
	for _, t := range append([]Text{camp.Text}, texts...) {
		l, _ := w.Print.Locale(t.Lang)
		sheet := sheetOf(l, &camp, t, strings.Join(owners, ", "))
		sheet.URL = c.BaseURL() + path
		out = append(out, sheet)
	}
	return out, nil
}

// sheetText is as much of a statement, in characters, as a poster may have room
// for.
const sheetText = 600

// sheetOf is what a poster says in the language of t. Without a locale it has
// only words of the campaign itself, and dates in numbers.
func sheetOf(l *i18n.Locale, camp *Campaign, t Text, owners string) print.Sheet {
	s := print.Sheet{
		Lang: t.Lang, Name: languageName(t.Lang), Title: t.Title, Text: print.Line(markdown.Plain(t.Statement, sheetText)), By: owners, Day: numbers(camp.Dates),
	}
	if l == nil {
		return s
	}
	s.Day = print.Capital(dates(l, camp.Dates))
	if len(camp.Dates) == 1 && camp.Dates[0].First == camp.Dates[0].Last {
		s.Day = print.Capital(l.Date(day.Time(camp.Dates[0].First)))
	}
	s.By = l.T("Called for by {groups}", "groups", owners)
	s.Scan = l.T("Find an event near you")
	if camp.State == Ended {
		s.Notice, s.Scan = l.T("This campaign has ended."), ""
	}
	return s
}

// numbers are dates that can be read in every language.
func numbers(all []Span) string {
	var out []string
	for _, s := range all {
		d := day.ISO(s.First)
		if s.Last != s.First {
			d += "–" + day.ISO(s.Last)
		}
		out = append(out, d)
	}
	return strings.Join(out, " · ")
}
