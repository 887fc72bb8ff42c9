package identity

import (
	"convoke/internal/fault"
	"convoke/internal/web"
)

func (s *Service) mountRecovery(site *web.Site) {
	site.Handle("GET /groups/{handle}/members/{member}/recovery", s.recoveryForm)
	site.Handle("POST /groups/{handle}/members/{member}/recovery", s.confirmRecovery)
	site.Handle("POST /groups/{handle}/members/{member}/recovery/stop", s.stopRecovery)
	site.Handle("POST /groups/{handle}/members/{member}/recovery/link", s.recoveryLink)
	site.Handle("POST /me/recovery/stop", s.stopOwnRecovery)
}

type recoveryData struct {
	Form *web.Form
	Recovery
	Why  string // it cannot be done
	Path string
	Link string // shown once
}

var recoveryPage = web.NewPage[recoveryData](pages, "pages/recovery.html")

func (s *Service) recoveryForm(c *web.Call) error { return s.showRecovery(c, c.NewForm(), "") }

func (s *Service) showRecovery(c *web.Call, f *web.Form, link string) error {
	r, err := s.Recovery(c.Context(), c.Actor(), c.Param("handle"), c.Param("member"))
	if fault.HasCode(err, "recovery.elsewhere") {
		r.Handle, r.GroupHandle, r.Refused, err = c.Param("member"), c.Param("handle"), err, nil
	}
	if err != nil {
		return err
	}
	d := recoveryData{Form: f, Recovery: r, Link: link, Path: "/groups/" + c.Param("handle") + "/members/" + c.Param("member") + "/recovery"}
	if e := fault.Of(r.Refused); e != nil {
		d.Why = c.Locale.T(e.Msg, e.Args...)
	}
	c.Header().Set("Cache-Control", "no-store")
	return recoveryPage.RenderForm(c, f, d)
}

func (s *Service) confirmRecovery(c *web.Call) error {
	f, err := s.guarded(c, func(*web.Form) error {
		return s.ConfirmRecovery(c.Context(), c.Actor(), c.Param("handle"), c.Param("member"))
	})
	if f.Accepts(err) {
		return s.showRecovery(c, f, "")
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/members/" + c.Param("member") + "/recovery")
}

func (s *Service) stopRecovery(c *web.Call) error {
	if err := s.StopRecovery(c.Context(), c.Actor(), c.Param("handle"), c.Param("member")); err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/members/" + c.Param("member") + "/recovery")
}

func (s *Service) recoveryLink(c *web.Call) error {
	path := ""
	f, err := s.guarded(c, func(*web.Form) error {
		var err error
		path, err = s.RecoveryLink(c.Context(), c.Actor(), c.Param("handle"), c.Param("member"))
		return err
	})
	if f.Accepts(err) {
		return s.showRecovery(c, f, "")
	}
	if err != nil {
		return err
	}
	return s.showRecovery(c, c.NewForm(), c.BaseURL()+path)
}

func (s *Service) stopOwnRecovery(c *web.Call) error {
	if err := s.StopOwnRecovery(c.Context(), c.Actor()); err != nil {
		return err
	}
	return c.SeeOther("/me")
}
