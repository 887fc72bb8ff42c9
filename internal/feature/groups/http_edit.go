package groups

import (
	"strings"

	"convoke/internal/authz"
	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/web"
)

type editData struct {
	Form   *web.Form
	Group  *Group // nil for a new one
	Action string
	Langs  []web.Choice
	Places []web.Choice // what the typed place may mean
	Anyway bool         // ask whether the look-alike is meant
}

var editPage = web.NewPage[editData](pages, "pages/edit.html")

func readInput(f *web.Form) CreateInput {
	return CreateInput{
		Name: f.Line("name"), Handle: f.Line("handle"), About: f.Text("about"), Place: f.Line("place"),
		Pick: f.Line("place_pick"), Langs: f.All("langs"), Anyway: f.Has("anyway", "1"), Version: f.Line("version"),
	}
}

func (s *Service) showForm(c *web.Call, f *web.Form, d editData, err error) error {
	d.Form = f
	d.Langs = f.Choose("langs", web.Languages())
	d.Places = s.PlaceChoices(f, err)
	d.Anyway = fault.HasCode(err, "group.look_alike") || f.Has("anyway", "1")
	c.Header().Set("Cache-Control", "no-store")
	return editPage.RenderForm(c, f, d)
}

// PlaceChoices are what the place in a form may mean, after the form came to err.
func (s *Service) PlaceChoices(f *web.Form, err error) (all []web.Choice) {
	if fault.HasCode(err, "group.place_which") {
		for _, p := range distinct(s.Places.Find(strings.TrimSpace(f.Line("place")), maxChoices)) {
			all = append(all, web.Choice{Value: p.Label(), Label: p.Label()})
		}
	}
	// A place that was chosen stays chosen while something else is wrong.
	if pick := f.Line("place_pick"); pick != "" && all == nil && f.Error("place") == "" && f.Failed() {
		all = []web.Choice{{Value: pick, Label: pick, On: true}}
	}
	return all
}

func (s *Service) newForm(c *web.Call) error {
	if err := authz.Check(c.Actor(), authz.StartGroup, authz.Subject{}); err != nil {
		return err
	}
	base, _, _ := strings.Cut(c.Locale.Tag(), "-")
	return s.showForm(c, c.NewForm().Set("langs", base), editData{Action: "/groups/new"}, nil)
}

func (s *Service) create(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	in := readInput(f)
	_, err = s.Create(c.Context(), in, c.Actor())
	if f.Accepts(err) {
		return s.showForm(c, f, editData{Action: "/groups/new"}, err)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + handle.Fold(in.Handle) + "?saved=new")
}

func (s *Service) editForm(c *web.Call) error {
	g, err := s.Editable(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	f := c.NewForm().Set("name", g.Name).Set("about", g.About).Set("place", g.Place).Set("langs", g.Langs...).Set("version", g.version())
	return s.showForm(c, f, editData{Group: &g, Action: "/groups/" + g.Handle + "/edit"}, nil)
}

func (s *Service) edit(c *web.Call) error {
	g, err := s.Editable(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.Edit(c.Context(), c.Actor(), g.Handle, readInput(f))
	if f.Accepts(err) {
		return s.showForm(c, f, editData{Group: &g, Action: "/groups/" + g.Handle + "/edit"}, err)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + g.Handle + "?saved=1")
}

// savedDraft names what the browser kept of the form that led here.
func savedDraft(saved, handle string) string {
	switch saved {
	case "new":
		return "group-new"
	case "1":
		return "group-" + handle + "-*"
	}
	return ""
}
