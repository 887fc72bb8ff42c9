package events

import (
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/web"
)

// What a button of an event's form does beside saving it.
const (
	doPreview = "preview"
	doEdit    = "edit"
)

type previewData struct {
	Event   showData
	Action  string
	Typed   []web.Typed // carried on until it is published, or edited further
	New     bool
	Missing []string // what the form leaves unsaid
	Picture bool     // one was chosen, which no page can carry on
}

var previewPage = web.NewPage[previewData](pages, "pages/preview.html", "pages/event.html", "pages/parts.html", "pages/exact_parts.html")

// showPreview shows the page of an event as the form would leave it. What is typed
// travels in the page, so that nothing is stored and nothing is lost.
func (w *Web) showPreview(c *web.Call, f *web.Form, d editData) error {
	p := previewData{Action: d.Action, New: d.Event == nil}
	var view showData
	var err error
	said := &Programme{}
	if p.New {
		view, err = w.previewNew(c, f, d.Group)
	} else {
		view, said, err = w.previewEdit(c, f, d.Event, d.Group)
	}
	if f.Accepts(err) {
		return w.editPage(c, f, d)
	}
	if err != nil {
		return err
	}
	view.Preview = true
	if view.HasMap {
		view.Map = w.sketchMap(c, &view.Event)
	}
	for _, g := range gaps(&view.Event, said, c.Now()) {
		if strings.HasPrefix(g.Path, "/edit") {
			p.Missing = append(p.Missing, gapText(c.Locale, g))
		}
	}
	if form := c.R.MultipartForm; form != nil {
		for _, file := range form.File["picture"] {
			p.Picture = p.Picture || file.Size > 0
		}
	}
	p.Event, p.Typed = view, f.Rest("do")
	c.Header().Set("Cache-Control", "no-store")
	return previewPage.Render(c, p)
}

func (w *Web) previewNew(c *web.Call, f *web.Form, g Group) (showData, error) {
	e, err := w.PreviewNew(c.Context(), g, readInput(f))
	if err != nil {
		return showData{}, err
	}
	return w.says(c, e, g), nil
}

// previewEdit adds what is said of the event in other places.
func (w *Web) previewEdit(c *web.Call, f *web.Form, old *Event, g Group) (showData, *Programme, error) {
	seq, _ := f.Int("sequence")
	e, err := w.PreviewEdit(c.Context(), c.Actor(), old.ID, seq, readInput(f))
	if err != nil {
		return showData{}, nil, err
	}
	if f.Has("picture_remove", "1") {
		e.Picture = ""
	}
	var camp Campaign
	var all programmes
	var row *exactRow
	var sub authz.Subject
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		if camp, err = w.campaignOf(c.Context(), tx, &e); err != nil {
			return err
		}
		if row, err = exactRowOf(c.Context(), tx, e.ID); err != nil {
			return err
		}
		if sub, _, err = w.subject(c.Context(), tx, c.Actor(), e.Group); err != nil {
			return err
		}
		all, err = programmesOf(c.Context(), tx, e)
		return err
	})
	if err != nil {
		return showData{}, nil, err
	}
	exact, note, err := w.exactShown(c, &e, row, sub.Suspended)
	if err != nil {
		return showData{}, nil, err
	}
	e = exact.at(e)
	d := w.says(c, e, g)
	d.Campaign, d.Exact = camp, note
	said := all.of(&e)
	if d.Series, err = w.seriesView(c, &e, knowsDates(c.Actor(), sub)); err != nil {
		return d, said, err
	}
	_, _, bringLang := e.langs(e.Lang)
	d.Programme, err = w.programmePanel(c, &e, said, Can{}, bringLang)
	return d, said, err
}
