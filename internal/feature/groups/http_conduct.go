package groups

import (
	"html/template"
	"strconv"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/web"
)

type conductData struct {
	Group   Group
	HTML    template.HTML
	Version int
	Since   time.Time
	Old     []int // earlier versions
	Edit    bool
}

var conductPage = web.NewPage[conductData](pages, "pages/conduct.html")

func (s *Service) conduct(c *web.Call) error {
	version, err := strconv.Atoi(c.Query().Get("version"))
	if err != nil || version < 0 {
		version = 0
	}
	g, sub, t, err := s.Conduct(c.Context(), c.Actor(), c.Param("handle"), version)
	if err != nil {
		return err
	}
	d := conductData{
		Group: g, HTML: t.HTML, Version: t.Version, Since: day.Time(t.Day), Edit: authz.May(c.Actor(), authz.EditGroup, sub),
	}
	for v := t.Version - 1; v > 0; v-- {
		d.Old = append(d.Old, v)
	}
	return conductPage.Render(c, d)
}

type editConductData struct {
	Form  *web.Form
	Group Group
}

var editConductPage = web.NewPage[editConductData](pages, "pages/conduct_edit.html")

func (s *Service) editConductForm(c *web.Call) error {
	g, t, err := s.EditableConduct(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	f := c.NewForm().Set("body", t.Body).Set("version", strconv.Itoa(g.Conduct))
	return editConductPage.RenderForm(c, f, editConductData{f, g})
}

func (s *Service) editConduct(c *web.Call) error {
	g, _, err := s.EditableConduct(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.SetConduct(c.Context(), c.Actor(), g.Handle, f.Text("body"), f.Line("version"))
	if f.Accepts(err) {
		return editConductPage.RenderForm(c, f, editConductData{f, g})
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + g.Handle)
}

func (s *Service) acceptConduct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	version, _ := f.Int("version")
	if err := s.AcceptConduct(c.Context(), c.Actor(), c.Param("handle"), version); err != nil {
		return err
	}
	return c.SeeOther(web.Local(f.Line("next"), "/groups/"+c.Param("handle")))
}
