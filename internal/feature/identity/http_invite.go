package identity

import (
	"convoke/internal/web"
)

type invitationData struct {
	Form *web.Form
	Inv  Invitation
	Mine string // the handle of somebody who is signed in
	Path string
}

var invitationPage = web.NewPage[invitationData](pages, "pages/invitation.html")

func (s *Service) invitationForm(c *web.Call) error {
	return s.showInvitation(c, c.NewForm().Set("key", c.NewKey()))
}

func (s *Service) showInvitation(c *web.Call, f *web.Form) error {
	inv, err := s.Peek(c.Context(), c.Param("secret"))
	if err != nil {
		return gone(c, err)
	}
	return invitationPage.RenderForm(c, f, invitationData{
		Form: f, Inv: inv, Mine: c.Actor().Handle, Path: "/invitations/" + c.Param("secret"),
	})
}

func (s *Service) accept(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "link"); err != nil {
		return err
	}
	var j Joined
	conduct, _ := f.Int("conduct") // 0 when it is not ticked
	if c.Actor().Visitor() {
		j, err = s.AcceptNew(c.Context(), c.Param("secret"), f.Line("key"), f.Line("handle"), conduct)
	} else {
		j, err = s.Accept(c.Context(), c.Actor(), c.Param("secret"), f.Line("key"), conduct)
	}
	if f.Accepts(err) {
		return s.showInvitation(c, f)
	}
	return s.finish(c, f, j, err)
}

type setupData struct {
	Form    *web.Form
	Locales []web.Choice
	Path    string
}

var setupPage = web.NewPage[setupData](pages, "pages/setup.html")

func (s *Service) setupForm(c *web.Call) error {
	return s.showSetup(c, c.NewForm().Set("language", c.Locale.Tag()).Set("key", c.NewKey()))
}

func (s *Service) showSetup(c *web.Call, f *web.Form) error {
	if err := s.peekSetup(c.Context(), c.Param("secret")); err != nil {
		return gone(c, err)
	}
	return setupPage.RenderForm(c, f, setupData{
		Form: f, Locales: s.localeChoices(f.Raw("language")), Path: "/setup/" + c.Param("secret"),
	})
}

func (s *Service) setup(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "link"); err != nil {
		return err
	}
	j, err := s.SetUp(c.Context(), c.Param("secret"), f.Line("key"), SetupInput{
		Name: f.Line("name"), Language: f.Line("language"), Handle: f.Line("handle"),
	})
	if f.Accepts(err) {
		return s.showSetup(c, f)
	}
	return s.finish(c, f, j, err)
}

type resetData struct {
	Handle, Path, Key string
	Mine              bool // the reader is signed in
}

var resetPage = web.NewPage[resetData](pages, "pages/reset.html")

func (s *Service) resetForm(c *web.Call) error {
	handle, err := s.peekReset(c.Context(), c.Param("secret"))
	if err != nil {
		return gone(c, err)
	}
	return resetPage.Render(c, resetData{
		Handle: handle, Path: "/reset/" + c.Param("secret"), Key: c.NewKey(), Mine: !c.Actor().Visitor(),
	})
}

func (s *Service) reset(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "link"); err != nil {
		return err
	}
	j, err := s.Reset(c.Context(), c.Param("secret"), f.Line("key"))
	return s.finish(c, f, j, err)
}
