package identity

import (
	"net/url"

	"convoke/internal/web"
)

func (s *Service) mountMail(site *web.Site) {
	site.Handle("GET /sign-in/mail", s.mailForm)
	site.Handle("POST /sign-in/mail", s.askForMail)
	site.Handle("POST /sign-in/mail/code", s.mailCode)
	site.Handle("GET /mail/{secret}", s.mailLink)
	site.Handle("POST /mail/{secret}", s.followMail)
	site.Handle("GET /me/mail", s.myMail)
	site.Handle("POST /me/mail", s.addMail)
	site.Handle("POST /me/mail/remove", s.removeMail)
}

type mailData struct {
	Form *web.Form
	Next string
	Join bool // an account can be made, too
}

var mailPage = web.NewPage[mailData](pages, "pages/mail.html")

func (s *Service) mailForm(c *web.Call) error {
	return s.showMail(c, c.NewForm().Set("key", c.NewKey()).Set("next", web.Local(c.Query().Get("next"), "")))
}

func (s *Service) showMail(c *web.Call, f *web.Form) error {
	return mailPage.RenderForm(c, f, mailData{Form: f, Next: web.Local(f.Raw("next"), ""), Join: s.Mail.Register})
}

// mailSentData is the page that takes the code. It says the same for every
// address.
type mailSentData struct {
	Form    *web.Form
	Next    string
	Confirm bool // the mail confirms an address
}

var mailSentPage = web.NewPage[mailSentData](pages, "pages/mail_sent.html")

func showMailSent(c *web.Call, f *web.Form) error {
	return mailSentPage.RenderForm(c, f, mailSentData{
		Form: f, Next: web.Local(f.Raw("next"), ""), Confirm: !c.Actor().Visitor(),
	})
}

func (s *Service) askForMail(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "link"); err != nil {
		return err
	}
	err = s.AskMail(c.Context(), f.Line("email"), c.Locale.Tag(), f.Line("key"), c.Now())
	if f.Accepts(err) {
		return s.showMail(c, f)
	}
	if err != nil {
		return err
	}
	return showMailSent(c, f)
}

func (s *Service) mailCode(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "sign-in"); err != nil {
		return err
	}
	secret, err := s.MailCode(c.Context(), f.Line("key"), f.Raw("code"))
	if f.Accepts(err) {
		return showMailSent(c, f)
	}
	if err != nil {
		return err
	}
	to := "/mail/" + secret
	if next := web.Local(f.Raw("next"), ""); next != "" {
		to += "?next=" + url.QueryEscape(next)
	}
	return c.SeeOther(to)
}

type mailLinkData struct {
	Form *web.Form
	Kind mailKind
	// Handle is whose account it is; Mine whose browser.
	Handle, Mine string
	Next, Path   string
}

var mailLinkPage = web.NewPage[mailLinkData](pages, "pages/mail_link.html")

// mailLink shows a button. Opening the link changes nothing: programs that
// check mail open links, too.
func (s *Service) mailLink(c *web.Call) error {
	return s.showMailLink(c, c.NewForm().Set("next", web.Local(c.Query().Get("next"), "")))
}

func (s *Service) showMailLink(c *web.Call, f *web.Form) error {
	m, err := s.PeekMail(c.Context(), c.Param("secret"))
	if err != nil {
		return gone(c, err)
	}
	if m.Kind == mailConfirm { // only in one's own account
		if err := c.RequireActor(); err != nil {
			return err
		}
	}
	c.Header().Set("Cache-Control", "no-store")
	return mailLinkPage.RenderForm(c, f, mailLinkData{
		Form: f, Kind: m.Kind, Handle: m.Handle, Mine: c.Actor().Handle, Next: web.Local(f.Raw("next"), ""), Path: "/mail/" + c.Param("secret"),
	})
}

func (s *Service) followMail(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "link"); err != nil {
		return err
	}
	m, err := s.PeekMail(c.Context(), c.Param("secret"))
	if err != nil {
		return gone(c, err)
	}
	switch m.Kind {
	case mailJoin:
		j, err := s.JoinMail(c.Context(), c.Param("secret"), f.Line("handle"))
		if f.Accepts(err) {
			return s.showMailLink(c, f)
		}
		if err != nil {
			return gone(c, err)
		}
		j.Next = web.Local(f.Raw("next"), j.Next)
		return s.showWords(c, j)
	case mailConfirm:
		if err := c.RequireActor(); err != nil {
			return err
		}
		err := s.ConfirmMail(c.Context(), c.Actor(), c.Param("secret"))
		if f.Accepts(err) {
			return s.showMailLink(c, f)
		}
		if err != nil {
			return gone(c, err)
		}
		return c.SeeOther("/me/mail")
	case mailSignIn:
	}
	secret, next, err := s.SignInMail(c.Context(), c.Param("secret"), f.Has("words", "1"), c.Session.ID)
	if err != nil {
		return gone(c, err)
	}
	c.SignIn(secret)
	if next == "" {
		next = web.Local(f.Raw("next"), "/me")
	}
	return c.SeeOther(next)
}

type myMailData struct {
	Form    *web.Form
	Address string
}

var myMailPage = web.NewPage[myMailData](pages, "pages/my_mail.html")

func (s *Service) myMail(c *web.Call) error {
	return s.showMyMail(c, c.NewForm().Set("key", c.NewKey()))
}

func (s *Service) showMyMail(c *web.Call, f *web.Form) error {
	a, err := s.Address(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	return myMailPage.RenderForm(c, f, myMailData{Form: f, Address: a})
}

// guarded reads a form that needs a proof and runs act.
func (s *Service) guarded(c *web.Call, act func(f *web.Form) error) (*web.Form, error) {
	if err := c.RequireActor(); err != nil {
		return nil, err
	}
	f, err := c.Form()
	if err != nil {
		return nil, err
	}
	if err = s.Prove(c, f); err == nil {
		err = act(f)
	}
	return f, err
}

func (s *Service) addMail(c *web.Call) error {
	f, err := s.guarded(c, func(f *web.Form) error {
		if err := s.allow(c.R, "link"); err != nil {
			return err
		}
		return s.AskConfirm(c.Context(), c.Actor(), f.Line("email"), c.Locale.Tag(), f.Line("key"), c.Now())
	})
	if f.Accepts(err) {
		return s.showMyMail(c, f)
	}
	if err != nil {
		return err
	}
	return showMailSent(c, f)
}

func (s *Service) removeMail(c *web.Call) error {
	f, err := s.guarded(c, func(*web.Form) error { return s.RemoveMail(c.Context(), c.Actor()) })
	if f.Accepts(err) {
		return s.showMyMail(c, f.Set("key", c.NewKey()))
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/me/mail")
}
