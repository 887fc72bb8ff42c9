package groups

import (
	"net/url"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/web"
)

type membersData struct {
	Group   Group
	Members []memberView
	Next    string
}

type memberView struct {
	MemberInfo
	RoleName string
	Me       bool
}

var membersPage = web.NewPage[membersData](pages, "pages/members.html")

func (s *Service) members(c *web.Call) error {
	after := short(c.Query().Get("after"), handle.Max)
	g, list, more, err := s.Members(c.Context(), c.Actor(), c.Param("handle"), after, pageSize)
	if err != nil {
		return err
	}
	d := membersData{Group: g}
	for _, m := range list {
		d.Members = append(d.Members, memberView{m, roleName(c.Locale, m.Role), m.Person == c.Actor().Person})
	}
	if more {
		d.Next = "/groups/" + g.Handle + "/members?after=" + url.QueryEscape(list[len(list)-1].Handle)
	}
	return membersPage.Render(c, d)
}

type roleData struct {
	Form   *web.Form
	Group  Group
	Member string
	Me     bool
	Roles  []web.Choice
}

var rolePage = web.NewPage[roleData](pages, "pages/role.html")

func (s *Service) roleForm(c *web.Call) error { return s.showRole(c, c.NewForm()) }

func (s *Service) showRole(c *web.Call, f *web.Form) error {
	g, m, err := s.changeable(c)
	if err != nil {
		return err
	}
	if f.Raw("role") == "" {
		f.Set("role", string(m.Role))
	}
	return rolePage.RenderForm(c, f, roleData{
		Form: f, Group: g, Member: m.Handle, Me: m.Person == c.Actor().Person,
		Roles: f.Choose("role", roleChoices(c.Locale, authz.Roles(), authz.None)),
	})
}

// changeable finds the member in the address, whom the actor may change.
func (s *Service) changeable(c *web.Call) (g Group, m MemberInfo, err error) {
	err = s.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		if g, _, err = s.check(c.Context(), tx, c.Actor(), c.Param("handle"), authz.ChangeRole); err != nil {
			return err
		}
		m, err = memberByHandle(c.Context(), tx, g.ID, c.Param("member"))
		return absent(err)
	})
	return g, m, err
}

func (s *Service) changeRole(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	member := c.Param("member")
	if err = s.Prove(c, f); err == nil {
		err = s.SetRole(c.Context(), c.Actor(), c.Param("handle"), member, authz.Role(f.Line("role")))
	}
	if f.Accepts(err) {
		return s.showRole(c, f)
	}
	if err != nil {
		return err
	}
	if member == c.Actor().Handle { // perhaps no steward any more
		return c.SeeOther("/groups/" + c.Param("handle"))
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/members")
}

// confirmData asks once more before a membership ends.
type confirmData struct {
	Form         *web.Form
	Group        Group
	Member       string // "" when one leaves oneself
	Action, Back string
}

var confirmPage = web.NewPage[confirmData](pages, "pages/confirm.html")

func (s *Service) removeForm(c *web.Call) error { return s.confirmRemoval(c, c.NewForm()) }

func (s *Service) confirmRemoval(c *web.Call, f *web.Form) error {
	g, m, err := s.changeable(c)
	if err != nil {
		return err
	}
	back := "/groups/" + g.Handle + "/members"
	return confirmPage.RenderForm(c, f, confirmData{
		Form: f, Group: g, Member: m.Handle, Back: back, Action: back + "/" + m.Handle + "/remove",
	})
}

func (s *Service) remove(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err = s.Prove(c, f); err == nil {
		err = s.Remove(c.Context(), c.Actor(), c.Param("handle"), c.Param("member"))
	}
	if f.Accepts(err) {
		return s.confirmRemoval(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/members")
}

func (s *Service) leaveForm(c *web.Call) error { return s.confirmLeaving(c, c.NewForm()) }

func (s *Service) confirmLeaving(c *web.Call, f *web.Form) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	var g Group
	var sub authz.Subject
	err := s.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		g, sub, err = s.load(c.Context(), tx, c.Actor(), c.Param("handle"))
		return err
	})
	if err != nil {
		return err
	}
	if sub.Role == authz.None {
		return web.ErrNotFound()
	}
	back := "/groups/" + g.Handle
	return confirmPage.RenderForm(c, f, confirmData{Form: f, Group: g, Back: back, Action: back + "/leave"})
}

func (s *Service) leave(c *web.Call) error {
	err := s.Leave(c.Context(), c.Actor(), c.Param("handle"))
	if f := c.NewForm(); f.Accepts(err) {
		return s.confirmLeaving(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/mine")
}

type invitationsData struct {
	Form  *web.Form
	Group Group
	Link  string // shown once
	Mail  bool   // it can be mailed
	Sent  bool   // it is on its way
	Roles []web.Choice
	Open  []openView
	Days  int
}

type openView struct {
	ID, Role string
	Ends     time.Time
	Revoke   bool
}

var invitationsPage = web.NewPage[invitationsData](pages, "pages/invitations.html")

func (s *Service) invitations(c *web.Call) error {
	return s.showInvitations(c, c.NewForm().Set("role", string(authz.Member)).Set("key", c.NewKey()), "", false)
}

func (s *Service) showInvitations(c *web.Call, f *web.Form, link string, sent bool) error {
	g, open, may, err := s.OpenInvitations(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	d := invitationsData{Form: f, Group: g, Link: link, Mail: s.Letters != nil, Sent: sent, Days: int(invitationTTL / (24 * time.Hour))}
	d.Roles = f.Choose("role", roleChoices(c.Locale, may, authz.None))
	for _, o := range open {
		v := openView{ID: o.ID, Role: roleName(c.Locale, o.Role), Ends: o.Ends}
		for _, r := range may {
			v.Revoke = v.Revoke || r == o.Role
		}
		d.Open = append(d.Open, v)
	}
	c.Header().Set("Cache-Control", "no-store")
	return invitationsPage.RenderForm(c, f, d)
}

func (s *Service) invite(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	path, role := "", authz.Role(f.Line("role"))
	if role != authz.Member { // as dangerous as changing a role
		err = s.Prove(c, f)
	}
	if err == nil {
		path, err = s.inviteBy(c, c.Param("handle"), role, f.Line("key"), f.Line("email"))
	}
	if f.Accepts(err) {
		if path != "" {
			path = c.BaseURL() + path // it was made, and must not be lost
		}
		return s.showInvitations(c, f, path, false)
	}
	if err != nil {
		return err
	}
	sent := f.Line("email") != ""
	return s.showInvitations(c, f.Set("key", c.NewKey()).Set("email"), c.BaseURL()+path, sent)
}

// inviteBy makes a link and mails it to an address, unless that is "". A path without an error
// or with one is of a link that was made.
func (s *Service) inviteBy(c *web.Call, handle string, role authz.Role, key, email string) (path string, err error) {
	if email != "" {
		if s.Letters == nil {
			return "", fault.Conflict("invitation.no_mail", "This server sends no e-mail.")
		}
		if err := s.Letters.CheckAddress(email); err != nil {
			return "", err
		}
	}
	path, err = s.Invite(c.Context(), c.Actor(), handle, role, key)
	if err != nil || email == "" {
		return path, err
	}
	return path, s.Letters.MailInvitation(c.Context(), c.Actor(), handle, path, email, c.Locale.Tag(), c.Now())
}

func (s *Service) revoke(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	if err := s.Revoke(c.Context(), c.Actor(), c.Param("handle"), c.Param("id")); err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/invitations")
}
