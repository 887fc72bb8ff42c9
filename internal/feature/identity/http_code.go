package identity

import (
	"convoke/internal/web"
)

func (s *Service) mountCodes(site *web.Site) {
	site.Handle("GET /sign-in/code", s.codeForm)
	site.Handle("POST /sign-in/code", s.signInCode)
	site.Handle("GET /me/codes", s.codesForm)
	site.Handle("POST /me/codes", s.newCodes)
}

type codeData struct{ Form *web.Form }

var codePage = web.NewPage[codeData](pages, "pages/code.html")

func (s *Service) codeForm(c *web.Call) error { return codePage.Render(c, codeData{c.NewForm()}) }

func (s *Service) signInCode(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "sign-in"); err != nil {
		return err
	}
	secret, next, err := s.SignInCode(c.Context(), f.Raw("handle"), f.Raw("code"), c.Session.ID)
	if f.Accepts(err) {
		return codePage.RenderForm(c, f, codeData{f})
	}
	if err != nil {
		return err
	}
	c.SignIn(secret)
	return c.SeeOther(next)
}

type codesData struct {
	Form    *web.Form
	Left    int
	Codes   []string // shown once
	Handle  string
	Address string // where to use them
}

var codesPage = web.NewPage[codesData](pages, "pages/codes.html")

func (s *Service) codesForm(c *web.Call) error { return s.showCodes(c, c.NewForm(), nil) }

func (s *Service) showCodes(c *web.Call, f *web.Form, fresh []string) error {
	n, err := s.Codes(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return codesPage.RenderForm(c, f, codesData{
		Form: f, Left: n, Codes: fresh, Handle: c.Actor().Handle, Address: c.BaseURL() + "/sign-in/code",
	})
}

// newCodes shows the codes in its answer. When that is lost, the form can be
// sent again.
func (s *Service) newCodes(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	var fresh []string
	if err = s.Prove(c, f); err == nil {
		fresh, err = s.NewCodes(c.Context(), c.Actor())
	}
	if err != nil && !f.Accepts(err) {
		return err
	}
	return s.showCodes(c, f, fresh)
}
