package identity

import (
	"encoding/json"
	"net/http"

	"github.com/go-webauthn/webauthn/webauthn"

	"convoke/internal/authz"
	"convoke/internal/web"
)

func (s *Service) mountPasskeys(site *web.Site) {
	site.Handle("POST /sign-in/passkey/options", s.signInOptions)
	site.Handle("POST /sign-in/passkey", s.signInPasskey)
	site.Handle("GET /me/passkeys", s.passkeys)
	site.Handle("POST /me/passkeys/options", s.addOptions)
	site.Handle("POST /me/passkeys", s.addPasskey)
	site.Handle("GET /me/passkeys/{id}", s.passkeyForm)
	site.Handle("POST /me/passkeys/{id}", s.renamePasskey)
	site.Handle("POST /me/passkeys/{id}/remove", s.removePasskey)
	site.Handle("POST /me/prove/options", s.proveOptions)
	site.Handle("POST /me/prove", s.provePasskey)
}

// rp is this node for keys, or absent at an address where they cannot work.
func rp(c *web.Call) (*webauthn.WebAuthn, error) {
	w, ok := relyingParty(c.BaseURL())
	if !ok {
		return nil, web.ErrNotFound()
	}
	return w, nil
}

// options sends what the device is asked.
func (s *Service) options(c *web.Call, by authz.Actor, use passkeyUse) error {
	w, err := rp(c)
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "sign-in"); err != nil {
		return err
	}
	o, err := s.askPasskey(c.Context(), w, by, use)
	if err != nil {
		return err
	}
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return c.Write(http.StatusOK, "application/json", b)
}

func (s *Service) signInOptions(c *web.Call) error {
	if _, err := c.Form(); err != nil {
		return err
	}
	return s.options(c, authz.Actor{}, passkeySignIn)
}

func (s *Service) signInPasskey(c *web.Call) error {
	w, err := rp(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "sign-in"); err != nil {
		return err
	}
	next := web.Local(f.Raw("next"), "")
	secret, err := s.SignInPasskey(c.Context(), w, []byte(f.Raw("credential")), c.Session.ID)
	if f.Accepts(err) {
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

type passkeysData struct {
	Form     *web.Form
	Passkeys []Passkey
	Can      bool // at this address
}

// Unused reports that the key was never used.
func (p Passkey) Unused() bool { return p.Used.IsZero() }

var passkeysPage = web.NewPage[passkeysData](pages, "pages/passkeys.html")

func (s *Service) passkeys(c *web.Call) error { return s.showPasskeys(c, c.NewForm()) }

func (s *Service) showPasskeys(c *web.Call, f *web.Form) error {
	all, err := s.Passkeys(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	_, can := relyingParty(c.BaseURL())
	return passkeysPage.RenderForm(c, f, passkeysData{Form: f, Passkeys: all, Can: can})
}

// addOptions asks for a proof before the device makes a key, so that none is
// made in vain.
func (s *Service) addOptions(c *web.Call) error {
	_, err := s.guarded(c, func(f *web.Form) error { return passkeyName(f.Line("name")) })
	if err != nil {
		return err
	}
	return s.options(c, c.Actor(), passkeyAdd)
}

func (s *Service) addPasskey(c *web.Call) error {
	w, err := rp(c)
	if err != nil {
		return err
	}
	f, err := s.guarded(c, func(f *web.Form) error {
		return s.AddPasskey(c.Context(), w, c.Actor(), f.Line("name"), []byte(f.Raw("credential")))
	})
	if f.Accepts(err) {
		return s.showPasskeys(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/me/passkeys")
}

type passkeyData struct {
	Form *web.Form
	Passkey
}

var passkeyPage = web.NewPage[passkeyData](pages, "pages/passkey.html")

func (s *Service) passkeyForm(c *web.Call) error { return s.showPasskey(c, nil) }

// showPasskey shows the form, or a fresh one for nil.
func (s *Service) showPasskey(c *web.Call, f *web.Form) error {
	all, err := s.Passkeys(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.ID != c.Param("id") {
			continue
		}
		if f == nil {
			f = c.NewForm().Set("name", k.Name)
		}
		return passkeyPage.RenderForm(c, f, passkeyData{f, k})
	}
	return web.ErrNotFound()
}

func (s *Service) renamePasskey(c *web.Call) error {
	f, err := s.guarded(c, func(f *web.Form) error {
		return s.RenamePasskey(c.Context(), c.Actor(), c.Param("id"), f.Line("name"))
	})
	return s.changedPasskey(c, f, err)
}

func (s *Service) removePasskey(c *web.Call) error {
	f, err := s.guarded(c, func(*web.Form) error { return s.RemovePasskey(c.Context(), c.Actor(), c.Param("id")) })
	return s.changedPasskey(c, f, err)
}

func (s *Service) changedPasskey(c *web.Call, f *web.Form, err error) error {
	if f.Accepts(err) {
		return s.showPasskey(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/me/passkeys")
}

func (s *Service) proveOptions(c *web.Call) error {
	if _, err := c.Form(); err != nil {
		return err
	}
	return s.options(c, c.Actor(), passkeyProve)
}

// provePasskey is for script: it answers with nothing to show.
func (s *Service) provePasskey(c *web.Call) error {
	w, err := rp(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "sign-in"); err != nil {
		return err
	}
	if err := s.ProvePasskey(c.Context(), w, c.Actor(), c.Session.ID, []byte(f.Raw("credential"))); err != nil {
		return err
	}
	return c.Write(http.StatusOK, "application/json", []byte("{}"))
}
