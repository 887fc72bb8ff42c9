package grants

import (
	"embed"
	"html/template"

	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Web is the feature's pages.
type Web struct{ *Service }

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /events/{id}/people", w.people)
	site.Handle("POST /events/{id}/people/invite", w.invite)
	site.Handle("POST /events/{id}/people/name", w.name)
	site.Handle("POST /events/{id}/people/{grant}/end", w.end)
	site.Handle("POST /events/{id}/people/links/{link}/revoke", w.revoke)
	site.Handle("GET /events/{id}/roster", w.roster)
	site.Handle("POST /events/{id}/roster", w.prove)
	site.Handle("POST /events/{id}/roster/address", w.address)
	site.Handle("POST /me/helping/{grant}/end", w.giveUp)
}

func eventID(c *web.Call) (id.Event, error) {
	if !id.Valid(c.Param("id")) {
		return "", web.ErrNotFound()
	}
	return id.Event(c.Param("id")), nil
}

type peopleData struct {
	Event    Event
	URL      string
	Form     *web.Form
	Managers []Grant
	Roster   []Grant
	Links    []Link
	Looks    []Look
	Steward  bool
	Full     bool   // no more may see sign-ups
	Link     string // shown once
	At       string // the form that is shown again: "name" or not
}

var peoplePage = web.NewPage[peopleData](pages, "pages/people.html")

// people is who helps with an event, for the organizers of its group.
func (w *Web) people(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	return w.showPeople(c, c.NewForm(), "", "")
}

func (w *Web) showPeople(c *web.Call, f *web.Form, at, link string) error {
	e, err := eventID(c)
	if err != nil {
		return err
	}
	p, err := w.People(c.Context(), c.Actor(), e)
	if err != nil {
		return err
	}
	if f.Raw("key") == "" { // the other form was sent, or none
		f.Set("key", c.NewKey())
	}
	d := peopleData{
		Event: p.Event, URL: "/events/" + string(e) + "/people", Form: f, Links: p.Links, Looks: p.Looks, Steward: p.Steward,
		Link: link, At: at,
	}
	for _, g := range p.Grants {
		if g.Kind == Roster {
			d.Roster = append(d.Roster, g)
		} else {
			d.Managers = append(d.Managers, g)
		}
	}
	d.Full = len(d.Roster) >= maxRoster
	c.Header().Set("Cache-Control", "no-store")
	return peoplePage.RenderForm(c, f, d)
}

// organizer finds the event for somebody who may see its people page, so that a
// form of somebody else is refused before the words are asked for.
func (w *Web) organizer(c *web.Call) (id.Event, error) {
	if err := c.RequireActor(); err != nil {
		return "", err
	}
	e, err := eventID(c)
	if err != nil {
		return "", err
	}
	_, err = w.People(c.Context(), c.Actor(), e)
	return e, err
}

// invite makes a link. It gives a role away, so it asks for the words.
func (w *Web) invite(c *web.Call) error {
	e, err := w.organizer(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	path := ""
	if err = w.Prove(c, f); err == nil {
		path, err = w.Invite(c.Context(), c.Actor(), e, f.Line("handle"), f.Line("key"))
	}
	if f.Accepts(err) {
		return w.showPeople(c, f, "invite", "")
	}
	if err != nil {
		return err
	}
	return w.showPeople(c, c.NewForm(), "", c.BaseURL()+path)
}

// name lets a member see sign-ups.
func (w *Web) name(c *web.Call) error {
	e, err := w.organizer(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err = w.MayName(c.Context(), c.Actor(), e); err != nil {
		return err
	}
	if err = w.Prove(c, f); err == nil {
		err = w.Name(c.Context(), c.Actor(), e, f.Line("member"))
	}
	if f.Accepts(err) {
		return w.showPeople(c, f, "name", "")
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/events/" + string(e) + "/people")
}

func (w *Web) end(c *web.Call) error {
	e, err := w.organizer(c)
	if err != nil {
		return err
	}
	if err := w.End(c.Context(), c.Actor(), e, c.Param("grant")); err != nil {
		return err
	}
	return c.SeeOther("/events/" + string(e) + "/people")
}

func (w *Web) revoke(c *web.Call) error {
	e, err := w.organizer(c)
	if err != nil {
		return err
	}
	if err := w.RevokeLink(c.Context(), c.Actor(), e, c.Param("link")); err != nil {
		return err
	}
	return c.SeeOther("/events/" + string(e) + "/people")
}

func (w *Web) giveUp(c *web.Call) error {
	if err := w.GiveUp(c.Context(), c.Actor(), c.Param("grant")); err != nil {
		return err
	}
	return c.SeeOther("/me")
}

type helpView struct {
	Grant
	What, Title, Href string
}

type helpingData struct{ List []helpView }

var helpingPage = web.NewPage[helpingData](pages, "pages/helping.html")

// Panel is the part of one's own page that lists the events one helps with. It is
// empty for those who help with none.
func (w *Web) Panel(c *web.Call) (template.HTML, error) {
	all, of, err := w.Mine(c.Context(), c.Actor())
	if err != nil || len(all) == 0 {
		return "", err
	}
	var d helpingData
	for i, g := range all {
		v := helpView{Grant: g, What: c.Locale.T(KindName(g.Kind)), Title: of[i].Title, Href: "/events/" + string(g.Event)}
		if g.Kind == Roster {
			v.Href += "/roster"
		}
		d.List = append(d.List, v)
	}
	return helpingPage.Fragment(c, d)
}
