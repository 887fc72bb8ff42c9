package groups

import (
	"html/template"

	"convoke/internal/authz"
	"convoke/internal/web"
)

// ask is the banner that asks a member to accept new rules of conduct; the zero
// value asks nothing.
type ask struct {
	Group   Group
	Version int
	Next    string // the page that it is on
}

// asks makes the banner for a page.
func (s *Service) asks(c *web.Call, g Group, next string) (ask, error) {
	unread, err := s.unread(c.Context(), g, c.Actor().Person)
	if !unread {
		return ask{}, err
	}
	return ask{g, g.Conduct, next}, nil
}

type joinData struct {
	Form    *web.Form
	Group   Group
	Request Request // what the reader asked before
	Free    bool
	Max     int
}

var joinPage = web.NewPage[joinData](pages, "pages/join.html", "pages/parts.html")

func (s *Service) joinForm(c *web.Call) error { return s.showJoin(c, c.NewForm()) }

func (s *Service) showJoin(c *web.Call, f *web.Form) error {
	g, sub, r, err := s.Joinable(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	if sub.Role != authz.None {
		return c.SeeOther("/groups/" + g.Handle)
	}
	c.Header().Set("Cache-Control", "no-store")
	return joinPage.RenderForm(c, f, joinData{Form: f, Group: g, Request: r, Free: g.Joining == FreeForAll, Max: maxNote})
}

func (s *Service) join(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	conduct, _ := f.Int("conduct") // 0 when it is not ticked
	joined, err := s.Ask(c.Context(), c.Actor(), c.Param("handle"), JoinInput{Note: f.Text("note"), Conduct: conduct})
	if f.Accepts(err) {
		return s.showJoin(c, f)
	}
	if err != nil {
		return err
	}
	if joined {
		return c.SeeOther("/groups/" + c.Param("handle") + "/welcome")
	}
	return c.SeeOther("/groups/mine")
}

func (s *Service) withdraw(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	if err := s.Withdraw(c.Context(), c.Actor(), c.Param("handle")); err != nil {
		return err
	}
	return c.SeeOther("/groups/mine")
}

type requestsData struct {
	Form  *web.Form
	Group Group
	List  []Request
	At    string // the request that the form is about
	Ask   ask
}

var requestsPage = web.NewPage[requestsData](pages, "pages/requests.html", "pages/parts.html")

func (s *Service) requests(c *web.Call) error { return s.showRequests(c, c.NewForm()) }

func (s *Service) showRequests(c *web.Call, f *web.Form) error {
	g, list, err := s.Requests(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	d := requestsData{Form: f, Group: g, List: list, At: f.Line("request")}
	if d.Ask, err = s.asks(c, g, "/groups/"+g.Handle+"/requests"); err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return requestsPage.RenderForm(c, f, d)
}

func (s *Service) answer(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.Answer(c.Context(), c.Actor(), c.Param("handle"), f.Line("request"), f.Line("do") == "accept", f.Text("reason"))
	if f.Accepts(err) {
		return s.showRequests(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/requests")
}

type newcomersData struct {
	Form  *web.Form
	Group Group
	Ways  []web.Choice
}

var newcomersPage = web.NewPage[newcomersData](pages, "pages/newcomers.html")

func (s *Service) newcomersForm(c *web.Call) error {
	g, set, err := s.Newcomers(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	f := c.NewForm().Set("joining", string(set.Joining)).Set("welcome", set.Welcome).Set("version", set.Version)
	return showNewcomers(c, f, g)
}

func showNewcomers(c *web.Call, f *web.Form, g Group) error {
	l := c.Locale
	return newcomersPage.RenderForm(c, f, newcomersData{Form: f, Group: g, Ways: f.Choose("joining", []web.Choice{
		{Value: string(FreeForAll), Label: l.T("Open to all"), Hint: l.T("Everybody with an account can join.")},
		{Value: string(ByRequest), Label: l.T("By request"), Hint: l.T("Organizers say yes or no.")},
		{Value: string(ByInvitation), Label: l.T("By invitation"), Hint: l.T("Only with a link from one of you.")},
	})})
}

func (s *Service) newcomers(c *web.Call) error {
	g, _, err := s.Newcomers(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.SetNewcomers(c.Context(), c.Actor(), g.Handle, readSettings(f))
	if f.Accepts(err) {
		return showNewcomers(c, f, g)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + g.Handle)
}

func readSettings(f *web.Form) SettingsInput {
	return SettingsInput{Joining: Joining(f.Line("joining")), Welcome: f.Text("welcome"), Version: f.Line("version")}
}

type welcomeData struct {
	Group Group
	HTML  template.HTML
	Ask   ask
}

var welcomePage = web.NewPage[welcomeData](pages, "pages/welcome.html", "pages/parts.html")

func (s *Service) welcome(c *web.Call) error {
	g, text, err := s.Welcome(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	if text.HTML == "" {
		return c.SeeOther("/groups/" + g.Handle)
	}
	d := welcomeData{Group: g, HTML: text.HTML}
	if d.Ask, err = s.asks(c, g, "/groups/"+g.Handle+"/welcome"); err != nil {
		return err
	}
	return welcomePage.Render(c, d)
}
