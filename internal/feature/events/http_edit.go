package events

import (
	"fmt"
	"net/url"
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/media"
	"convoke/internal/web"
)

// Pictures normalizes and keeps uploaded pictures; see package media.
type Pictures interface {
	// Save returns the key of the re-encoded picture. Its errors are media's.
	Save(c *web.Call, field string) (key string, err error)
	// Get returns the picture's bytes and type.
	Get(c *web.Call, key string) (data []byte, contentType string, err error)
}

type editData struct {
	Form     *web.Form
	Group    Group
	Event    *Event // nil for a new one
	Action   string
	Key      string
	Kinds    []web.Choice
	States   []web.Choice
	Langs    []web.Choice
	Yes, No  []web.Choice
	Zones    []web.Choice
	Starters []web.Choice
	DraftKey string
	Saved    string       // draft of a form that is saved already
	Campaign Campaign     // that the event is part of, or is to be
	Scopes   []web.Choice // which dates of a series the change is for
}

var editPage = web.NewPage[editData](pages, "pages/edit.html", "pages/starters.html")

func (w *Web) editPage(c *web.Call, f *web.Form, d editData) error {
	l := c.Locale
	if err := w.formCampaign(c, f, &d); err != nil {
		return err
	}
	d.Form = f
	for _, k := range kinds {
		d.Kinds = append(d.Kinds, web.Choice{Value: string(k.kind), Label: l.T(k.name), On: f.Has("kind", string(k.kind))})
	}
	for _, s := range states {
		if s.state == Draft && d.Event != nil && d.Event.State.Listed() {
			continue
		}
		d.States = append(d.States, web.Choice{Value: string(s.state), Label: l.T(s.name), On: f.Has("state", string(s.state))})
	}
	d.Langs = f.Choose("lang", append([]web.Choice{{Label: l.T("Not said")}}, web.Languages()...))
	d.Zones = f.Choose("zone", []web.Choice{{Label: l.T("The place’s own time")}})
	for _, z := range geo.Zones() {
		d.Zones = append(d.Zones, web.Choice{Value: z, Label: z, On: f.Has("zone", z)})
	}
	for _, x := range features {
		d.Yes = append(d.Yes, web.Choice{Value: x.Code, Label: l.T(x.Name), On: f.Has("access_yes", x.Code)})
		d.No = append(d.No, web.Choice{Value: x.Code, Label: l.T(x.Name), On: f.Has("access_no", x.Code)})
	}
	if d.Event != nil {
		var err error
		if d.Scopes, err = w.scopes(c, f, d.Event); err != nil {
			return err
		}
	}
	c.Header().Set("Cache-Control", "no-store")
	return editPage.RenderForm(c, f, d)
}

// readInput takes an Input from the form.
func readInput(f *web.Form) Input {
	version, _ := f.Int("template")
	return Input{
		Title: f.Line("title"), Description: f.Text("description"), Kind: Kind(f.Line("kind")), State: State(f.Line("state")),
		StartDate: f.Line("start_date"), StartTime: f.Line("start_time"), EndDate: f.Line("end_date"), EndTime: f.Line("end_time"),
		Zone: f.Line("zone"), Place: f.Line("place"), Address: f.Line("address"), Near: f.Line("near"),
		OnlineURL: f.Line("online_url"), Lang: f.Line("lang"), AccessYes: f.All("access_yes"), AccessNo: f.All("access_no"),
		AccessNote: f.Text("access_note"), Capacity: f.Line("capacity"), PictureAlt: f.Line("picture_alt"),
		Campaign: f.Line("campaign"), Template: version,
	}
}

// newDraft names what the browser keeps of a group's form for a new event, from
// each starter apart; "*" is all of them.
func newDraft(g Group, starter string) string { return "event-new-" + g.Handle + ":" + starter }

// newForm is an empty form, with what the group's last page knows already.
func (w *Web) newForm(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	g, err := w.mayCreate(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("near", g.Place).Set("state", string(Confirmed)).Set("kind", "meeting")
	if len(g.Langs) > 0 {
		f.Set("lang", g.Langs[0])
	}
	kept := url.Values{}
	for _, k := range []string{"campaign", "near"} {
		if v := c.Query().Get(k); v != "" {
			f.Set(k, v)
			kept.Set(k, v)
		}
	}
	if x := starterOf(c.Query().Get("template")); x != nil {
		x.fill(f, c.Locale)
	}
	d := newData(g, c.NewKey(), f)
	d.Starters = starterLinks(c.Locale, func(code string) string { return withQuery(d.Action, with(kept, "template", code)) }, f.Raw("starter"))
	return w.editPage(c, f, d)
}

func newData(g Group, key string, f *web.Form) editData {
	d := editData{Group: g, Key: key, Action: "/groups/" + g.Handle + "/events/new", DraftKey: newDraft(g, "")}
	if x := starterOf(f.Raw("starter")); x != nil {
		d.DraftKey = newDraft(g, x.code)
	}
	return d
}

func (w *Web) mayCreate(c *web.Call) (Group, error) {
	var g Group
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		if g, err = w.Groups.ByHandle(c.Context(), tx, c.Param("handle")); err != nil {
			return err
		}
		sub, _, err := w.subject(c.Context(), tx, c.Actor(), g.ID)
		if err != nil {
			return err
		}
		return authz.Check(c.Actor(), authz.CreateEvent, sub)
	})
	return g, err
}

func (w *Web) create(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	g, err := w.mayCreate(c)
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
	d := newData(g, f.Line("key"), f)
	switch f.Raw("do") {
	case doEdit:
		return w.editPage(c, f, d)
	case doPreview:
		return w.showPreview(c, f, d)
	}
	eid, err := w.Create(c.Context(), c.Actor(), g.ID, f.Line("key"), readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, d)
	}
	if err != nil {
		return err
	}
	if err := w.savePicture(c, f, eid); err != nil {
		return w.pictureAgain(c, f, eid, newDraft(g, "*"), err)
	}
	return c.SeeOther("/events/" + string(eid) + "?saved=new")
}

// load finds the event of the address for somebody who may edit it.
func (w *Web) load(c *web.Call) (Event, Group, error) {
	if err := c.RequireActor(); err != nil {
		return Event{}, Group{}, err
	}
	eid, err := eventID(c.Param("id"))
	if err != nil {
		return Event{}, Group{}, err
	}
	return w.editable(c, eid)
}

func (w *Web) editable(c *web.Call, eid id.Event) (Event, Group, error) {
	var e Event
	var g Group
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var sub authz.Subject
		var err error
		if e, g, sub, err = w.Get(c.Context(), tx, c.Actor(), eid); err != nil {
			return err
		}
		return authz.Check(c.Actor(), authz.EditEvent, sub)
	})
	return e, g, err
}

func (w *Web) editForm(c *web.Call) error {
	e, g, err := w.load(c)
	if err != nil {
		return err
	}
	return w.editPage(c, w.filled(c, &e), w.editOf(&e, g))
}

func (w *Web) editOf(e *Event, g Group) editData {
	return editData{Group: g, Event: e, Action: "/events/" + string(e.ID) + "/edit", DraftKey: fmt.Sprint("event-", e.ID, "-", e.Sequence)}
}

// filled is the form as the stored event would have been typed.
func (w *Web) filled(c *web.Call, e *Event) *web.Form {
	start, end := e.Local(e.Start), e.Local(e.End)
	f := c.NewForm().Set("title", e.Title).Set("description", e.Description).Set("kind", string(e.Kind)).
		Set("state", string(e.State)).Set("start_date", start.Format("2006-01-02")).Set("zone", e.Zone).
		Set("place", e.Where.Place).Set("address", e.Where.Address).Set("near", e.near()).
		Set("online_url", e.Where.OnlineURL).Set("lang", e.Lang).Set("access_note", e.Access.Note).
		Set("picture_alt", e.PictureAlt).Set("sequence", strconv.Itoa(e.Sequence))
	if e.AllDay {
		f.Set("end_date", end.AddDate(0, 0, -1).Format("2006-01-02"))
	} else {
		f.Set("start_time", start.Format("15:04")).Set("end_date", end.Format("2006-01-02")).Set("end_time", end.Format("15:04"))
	}
	if e.Capacity > 0 {
		f.Set("capacity", strconv.Itoa(e.Capacity))
	}
	set := func(name string, fs []Feature) {
		var codes []string
		for _, x := range fs {
			codes = append(codes, x.Code)
		}
		f.Set(name, codes...)
	}
	set("access_yes", e.Access.Has())
	set("access_no", e.Access.Lacks())
	return f
}

func (w *Web) edit(c *web.Call) error {
	e, g, err := w.load(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	d := w.editOf(&e, g)
	switch f.Raw("do") {
	case doEdit:
		return w.editPage(c, f, d)
	case doPreview:
		return w.showPreview(c, f, d)
	}
	next, err := w.save(c, f, &e)
	if f.Accepts(err) {
		return w.editPage(c, f, d)
	}
	if err != nil {
		return err
	}
	if err := w.savePicture(c, f, e.ID); err != nil {
		return w.pictureAgain(c, f, e.ID, d.DraftKey, err)
	}
	return c.SeeOther(next)
}

// savePicture stores an uploaded picture; without one nothing changes.
func (w *Web) savePicture(c *web.Call, f *web.Form, ev id.Event) error {
	if f.Has("picture_remove", "1") {
		return w.SetSeriesPicture(c.Context(), c.Actor(), ev, reachOf(f).Scope, "")
	}
	key, err := w.Pictures.Save(c, "picture")
	if err != nil {
		return media.Fault("picture", err)
	}
	if key == "" {
		return nil
	}
	return w.SetSeriesPicture(c.Context(), c.Actor(), ev, reachOf(f).Scope, key)
}

// pictureAgain shows the form of an event that is saved, but whose picture was
// refused. The draft of what is saved has done its service.
func (w *Web) pictureAgain(c *web.Call, f *web.Form, eid id.Event, draft string, err error) error {
	if !f.Accepts(err) {
		return err
	}
	e, g, err := w.editable(c, eid)
	if err != nil {
		return err
	}
	f.Set("sequence", strconv.Itoa(e.Sequence)).Set("series_version") // what was just saved
	d := w.editOf(&e, g)
	d.Saved = draft
	return w.editPage(c, f, d)
}

func (w *Web) servePicture(c *web.Call) error {
	data, ctype, err := w.Pictures.Get(c, c.Param("key"))
	if err != nil {
		return web.ErrNotFound()
	}
	c.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return c.Write(200, ctype, data)
}
