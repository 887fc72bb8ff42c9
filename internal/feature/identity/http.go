package identity

import (
	"embed"

	"convoke/internal/fault"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Mount adds the routes.
func (s *Service) Mount(site *web.Site) {
	site.Handle("GET /sign-in", s.signInForm)
	site.Handle("POST /sign-in", s.signIn)
	site.Handle("POST /sign-out", s.signOut)
	site.Handle("POST /language", s.language)
	site.Handle("GET /me", s.me)
	site.Handle("POST /me/passphrase", s.passphrase)
	s.mountCodes(site)
	s.mountPasskeys(site)
	s.mountRecovery(site)
	if s.Mail != nil {
		s.mountMail(site)
	}
	site.Handle("GET /me/data", s.data)
	site.Handle("GET /me/data.json", s.dataFile)
	site.Handle("GET /me/erase", s.eraseForm)
	site.Handle("POST /me/erase", s.erase)
	site.Handle("POST /me/sessions/end-others", s.endOthers)
	site.Handle("POST /me/sessions/{id}/end", s.endSession)
	site.Handle("GET /me/sessions/{id}", s.labelForm)
	site.Handle("POST /me/sessions/{id}", s.label)
	site.Handle("GET /invitations/{secret}", s.invitationForm)
	site.Handle("POST /invitations/{secret}", s.accept)
	site.Handle("GET /setup/{secret}", s.setupForm)
	site.Handle("POST /setup/{secret}", s.setup)
	site.Handle("GET /reset/{secret}", s.resetForm)
	site.Handle("POST /reset/{secret}", s.reset)
	site.Handle("GET /operator", s.operator)
	site.Handle("POST /operator", s.inviteOperator)
}

type signInData struct {
	Form   *web.Form
	Next   string
	Out    bool // just signed out
	Erased bool // the account, just now
	Mail   bool // can be used to sign in
	Join   bool // and to make an account
	// Passkeys can work at this address.
	Passkeys bool
}

var signInPage = web.NewPage[signInData](pages, "pages/sign_in.html")

func (s *Service) signInForm(c *web.Call) error {
	q := c.Query()
	return s.showSignIn(c, signInData{Form: c.NewForm(), Next: web.Local(q.Get("next"), ""), Out: q.Has("out"), Erased: q.Has("erased")})
}

func (s *Service) showSignIn(c *web.Call, d signInData) error {
	d.Mail = s.Mail != nil
	d.Join = d.Mail && s.Mail.Register
	_, d.Passkeys = relyingParty(c.BaseURL())
	return signInPage.RenderForm(c, d.Form, d)
}

func (s *Service) signIn(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "sign-in"); err != nil {
		return err
	}
	next := web.Local(f.Raw("next"), "")
	secret, err := s.SignIn(c.Context(), f.Raw("handle"), f.Raw("passphrase"), c.Session.ID)
	if f.Accepts(err) {
		f.Set("passphrase") // never sent back
		return s.showSignIn(c, signInData{Form: f, Next: next})
	}
	if err != nil {
		return err
	}
	c.SignIn(secret)
	if next == "" {
		next = "/me"
	}
	return c.SeeOther(next)
}

func (s *Service) signOut(c *web.Call) error {
	if err := s.SignOut(c.Context(), c.Actor(), c.Session.ID); err != nil {
		return err
	}
	c.SignIn("")
	return c.SeeOther("/sign-in?out=1")
}

// language sets the reader's language; a tag that is not offered is ignored.
func (s *Service) language(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if l, ok := s.Locales.Locale(f.Line("lang")); ok {
		c.SetLanguage(l.Tag())
		if err := s.SetLocale(c.Context(), c.Actor(), l.Tag()); err != nil {
			return err
		}
	}
	return c.SeeOther(web.Local(f.Raw("next"), "/"))
}

// finish answers the form of a link. One whose first answer was lost gets
// another.
func (s *Service) finish(c *web.Call, f *web.Form, j Joined, err error) error {
	if fault.Is(err, fault.KindGone) {
		j, err = s.Again(c.Context(), c.Actor(), c.Param("secret"), f.Line("key"))
	}
	switch {
	case err != nil:
		return gone(c, err)
	case j.Words == "":
		return c.SeeOther(j.Next)
	}
	return s.showWords(c, j)
}

// wordsData is a new passphrase, shown once.
type wordsData struct {
	Joined
	Address string // where to sign in
}

var wordsPage = web.NewPage[wordsData](pages, "pages/words.html")

// showWords answers the form itself: there is no address at which the words
// could be asked for again.
func (s *Service) showWords(c *web.Call, j Joined) error {
	if j.Session != "" {
		c.SignIn(j.Session)
		var err error
		if c.Session, _, err = s.Session(c.Context(), j.Session); err != nil {
			return err
		}
	}
	c.Header().Set("Cache-Control", "no-store")
	return wordsPage.Render(c, wordsData{Joined: j, Address: c.BaseURL() + "/sign-in"})
}

type goneData struct{}

var gonePage = web.NewPage[goneData](pages, "pages/gone.html")

// gone shows the one page for every link that does not work, whatever the
// reason; other errors pass.
func gone(c *web.Call, err error) error {
	if fault.Is(err, fault.KindGone) {
		return gonePage.RenderStatus(c, fault.KindGone.Status(), goneData{})
	}
	return err
}
