package groups

import (
	"slices"

	"convoke/internal/web"
)

type lineageData struct {
	Group Group
	Trees []*branch
}

var lineagePage = web.NewPage[lineageData](pages, "pages/lineage.html")

func (s *Service) lineage(c *web.Call) error {
	g, roots, err := s.Lineage(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return lineagePage.Render(c, lineageData{g, roots})
}

type removeLineageData struct {
	Form    *web.Form
	Group   Group
	Member  string
	Handles []string
}

var removeLineagePage = web.NewPage[removeLineageData](pages, "pages/lineage_remove.html")

func (s *Service) removeLineageForm(c *web.Call) error { return s.confirmLineage(c, c.NewForm()) }

func (s *Service) confirmLineage(c *web.Call, f *web.Form) error {
	g, handles, err := s.Going(c.Context(), c.Actor(), c.Param("handle"), c.Param("member"))
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return removeLineagePage.RenderForm(c, f, removeLineageData{f, g, c.Param("member"), handles})
}

func (s *Service) removeLineage(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	_, handles, err := s.Going(c.Context(), c.Actor(), c.Param("handle"), c.Param("member"))
	if err != nil {
		return err
	}
	count, _ := f.Int("count")
	if err = s.Prove(c, f); err == nil {
		err = s.RemoveLineage(c.Context(), c.Actor(), c.Param("handle"), c.Param("member"), count)
	}
	if f.Accepts(err) {
		return s.confirmLineage(c, f)
	}
	if err != nil {
		return err
	}
	if slices.Contains(handles, c.Actor().Handle) { // no member any more
		return c.SeeOther("/groups/" + c.Param("handle"))
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/lineage")
}
