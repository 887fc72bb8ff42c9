package groups

import "convoke/internal/web"

type announcementsData struct {
	Form  *web.Form
	Group Group
	List  []Announcement
	May   bool // tell the members something
	Days  int
	Ask   ask
}

var announcementsPage = web.NewPage[announcementsData](pages, "pages/announcements.html", "pages/parts.html")

func (s *Service) announcements(c *web.Call) error {
	return s.showAnnouncements(c, c.NewForm().Set("key", c.NewKey()))
}

func (s *Service) showAnnouncements(c *web.Call, f *web.Form) error {
	g, list, may, err := s.Announcements(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	d := announcementsData{Form: f, Group: g, List: list, May: may, Days: int(keepAnnouncement.Hours() / 24)}
	if d.Ask, err = s.asks(c, g, "/groups/"+g.Handle+"/announcements"); err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return announcementsPage.RenderForm(c, f, d)
}

func (s *Service) announce(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.Announce(c.Context(), c.Actor(), c.Param("handle"), AnnounceInput{Key: f.Line("key"), Title: f.Line("title"), Body: f.Text("body")})
	if f.Accepts(err) {
		return s.showAnnouncements(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/announcements")
}

func (s *Service) retract(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	if err := s.Retract(c.Context(), c.Actor(), c.Param("handle"), c.Param("id")); err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/announcements")
}
