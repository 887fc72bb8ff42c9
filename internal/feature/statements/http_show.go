package statements

import (
	"html/template"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/version"
	"convoke/internal/web"
)

type correctionView struct {
	Day  time.Time
	ISO  string
	Lang string // its name, where there are several versions
	Note string
}

type showData struct {
	Item         item
	URL          string
	Statement    Statement
	Text         Text
	Date         string
	Group        Group
	Campaign     Campaign
	Versions     version.Shown
	Corrections  []correctionView
	Revised      string
	Withdrawn    string
	WithdrawnISO string
	PictureURL   string
	CanEdit      bool
	IsDraft      bool
	IsWithdrawn  bool
	Formats      []link
	Schema       template.JS
}

var showPage = web.NewPage[showData](pages, "pages/show.html", "pages/parts.html")

const pageTTL = time.Hour

// show is the page of a statement, and the statement as .md and .json.
func (w *Web) show(c *web.Call) error {
	sid, format, err := statementID(c.Param("id"))
	if err != nil {
		return err
	}
	return c.Cached([]string{"statement:" + string(sid), "groups", "campaigns", "site"}, pageTTL, func() error {
		var f Found
		err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
			var err error
			f, err = w.Get(c.Context(), tx, c.Actor(), sid)
			return err
		})
		if err != nil {
			return err
		}
		original := f.Statement.Original()
		f.Statement = f.Statement.withheld()
		s := &f.Statement
		shown := version.Show(c, "/statements/"+string(s.ID), s.Lang, original.hash(), s.metas())
		t := s.In(shown.Lang)
		switch format {
		case "":
			return w.page(c, &f, t, shown)
		case "md":
			return w.oneMarkdown(c, &f, t)
		case "json":
			return writeJSON(c, "application/ld+json", schemaOf(c, &f, t, true))
		}
		return errNone()
	}, "lang")
}

func (w *Web) page(c *web.Call, f *Found, t Text, shown version.Shown) error {
	l, s := c.Locale, &f.Statement
	d := showData{
		Item: makeItem(c, s, f.Group, t.Lang), URL: "/statements/" + string(s.ID), Statement: *s, Text: t, Date: l.Date(day.Time(s.Day)), Group: f.Group, Campaign: f.Campaign,
		CanEdit: s.State != Withdrawn && authz.May(c.Actor(), authz.PublishStatement, f.Subject),
		IsDraft: s.State == Draft, IsWithdrawn: s.State == Withdrawn, Versions: shown, Schema: schemaBlock(schemaOf(c, f, t, false)),
	}
	d.Item.Badges = badges(l, s)
	for _, x := range s.Corrections {
		v := correctionView{Day: day.Time(x.Day), ISO: day.ISO(x.Day), Note: x.Note}
		if len(s.Texts) > 1 {
			v.Lang = languageName(x.Lang)
		}
		d.Corrections = append(d.Corrections, v)
	}
	if s.Revised > 0 {
		d.Revised = l.DateShort(day.Time(s.Revised))
	}
	if d.IsWithdrawn {
		d.Withdrawn, d.WithdrawnISO = l.Date(day.Time(s.Withdrawn)), day.ISO(s.Withdrawn)
	}
	if s.Picture != "" {
		d.PictureURL = "/pictures/" + s.Picture
	}
	for _, x := range [...]link{{".md", "Markdown"}, {".json", "JSON"}} {
		d.Formats = append(d.Formats, link{d.URL + x.Href + "?lang=" + t.Lang, x.Text})
	}
	return showPage.Render(c, d)
}
