package identity

import (
	"html/template"

	"convoke/internal/authz"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

type meData struct {
	Form     *web.Form
	Handle   string
	Operator bool
	Mail     bool // can be used to sign in
	Locales  []web.Choice
	Sessions []sessionView
	// Recovery is under way for the reader; Recoveries in groups of theirs.
	Recovery   *Recovery
	Recoveries []Recovery
	Panels     []template.HTML
}

type sessionView struct {
	SessionInfo
	This bool
}

var mePage = web.NewPage[meData](pages, "pages/me.html")

func (s *Service) me(c *web.Call) error { return s.showMe(c, c.NewForm().Set("key", c.NewKey())) }

func (s *Service) showMe(c *web.Call, f *web.Form) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	list, err := s.Sessions(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	d := meData{Form: f, Handle: c.Actor().Handle, Operator: c.Actor().Operator, Mail: s.Mail != nil}
	for _, x := range list {
		d.Sessions = append(d.Sessions, sessionView{x, x.ID == c.Session.ID})
	}
	if d.Recovery, d.Recoveries, err = s.Recoveries(c.Context(), c.Actor()); err != nil {
		return err
	}
	for _, panel := range s.Panels {
		h, err := panel(c)
		if err != nil {
			return err
		}
		d.Panels = append(d.Panels, h)
	}
	d.Locales = s.localeChoices(c.Locale.Tag())
	return mePage.RenderForm(c, f, d)
}

func (s *Service) localeChoices(on string) []web.Choice {
	var out []web.Choice
	for _, l := range s.Locales.Locales() {
		out = append(out, web.Choice{Value: l.Tag(), Label: l.Name(), On: l.Tag() == on})
	}
	return out
}

func (s *Service) passphrase(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.allow(c.R, "sign-in"); err != nil {
		return err
	}
	words, err := s.NewPassphrase(c.Context(), c.Actor(), c.Session.ID, f.Line("key"), f.Raw("passphrase"))
	if f.Accepts(err) {
		f.Set("passphrase")
		return s.showMe(c, f)
	}
	if err != nil {
		return err
	}
	return s.showWords(c, Joined{Handle: c.Actor().Handle, Words: words, Next: "/me"})
}

func (s *Service) endOthers(c *web.Call) error {
	if err := s.EndOthers(c.Context(), c.Actor(), c.Session.ID); err != nil {
		return err
	}
	return c.SeeOther("/me")
}

func (s *Service) endSession(c *web.Call) error {
	if err := s.EndSession(c.Context(), c.Actor(), c.Param("id")); err != nil {
		return err
	}
	return c.SeeOther("/me")
}

type labelData struct {
	Form   *web.Form
	Action string
}

var labelPage = web.NewPage[labelData](pages, "pages/label.html")

// ownSession finds one of the actor's own sessions.
func (s *Service) ownSession(c *web.Call) (SessionInfo, error) {
	list, err := s.Sessions(c.Context(), c.Actor())
	if err != nil {
		return SessionInfo{}, err
	}
	for _, x := range list {
		if x.ID == c.Param("id") {
			return x, nil
		}
	}
	return SessionInfo{}, web.ErrNotFound()
}

func (s *Service) labelForm(c *web.Call) error {
	x, err := s.ownSession(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("label", x.Label)
	return labelPage.Render(c, labelData{Form: f, Action: "/me/sessions/" + x.ID})
}

func (s *Service) label(c *web.Call) error {
	x, err := s.ownSession(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = s.Label(c.Context(), c.Actor(), x.ID, f.Line("label"))
	if f.Accepts(err) {
		return labelPage.RenderForm(c, f, labelData{Form: f, Action: "/me/sessions/" + x.ID})
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/me")
}

type operatorData struct {
	Form   *web.Form
	Counts Counts
	Link   string // shown once
	Roles  []web.Choice
	Audit  []auditView
}

type auditView struct {
	AuditCount
	Text string
}

var operatorPage = web.NewPage[operatorData](pages, "pages/operator.html")

func (s *Service) operator(c *web.Call) error {
	return s.showOperator(c, c.NewForm().Set("role", RoleAccount).Set("key", c.NewKey()), "")
}

func (s *Service) showOperator(c *web.Call, f *web.Form, link string) error {
	if err := operatorOnly(c); err != nil {
		return err
	}
	counts, days, err := s.Overview(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	l := c.Locale
	d := operatorData{Form: f, Counts: counts, Link: link, Roles: f.Choose("role", []web.Choice{
		{Value: RoleAccount, Label: l.T("A plain account"), Hint: l.T("Can start a group.")},
		{Value: RoleOperator, Label: l.T("An operator"), Hint: l.T("Keeps this server, as you do.")},
	})}
	for _, a := range days {
		d.Audit = append(d.Audit, auditView{a, actionText(l, a.Action)})
	}
	c.Header().Set("Cache-Control", "no-store")
	return operatorPage.RenderForm(c, f, d)
}

// operatorOnly: to everybody else the page does not exist.
func operatorOnly(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	if !authz.May(c.Actor(), authz.InviteOperator, authz.Subject{}) {
		return web.ErrNotFound()
	}
	return nil
}

func (s *Service) inviteOperator(c *web.Call) error {
	if err := operatorOnly(c); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	var path string
	if err = s.Prove(c, f); err == nil {
		path, err = s.InviteToNode(c.Context(), c.Actor(), f.Line("role"), f.Line("key"))
	}
	if f.Accepts(err) {
		return s.showOperator(c, f, "")
	}
	if err != nil {
		return err
	}
	return s.showOperator(c, f.Set("key", c.NewKey()), c.BaseURL()+path)
}

// actionText says an audited action to people. Actions of other features that
// it does not know are shown as they are.
func actionText(l *i18n.Locale, action string) string {
	switch action {
	case "invite":
		return l.T("Invitation made")
	case "join":
		return l.T("Invitation used")
	case "revoke invitation":
		return l.T("Invitation revoked")
	case "passphrase":
		return l.T("Passphrase replaced by its owner")
	case "confirm recovery":
		return l.T("New way in confirmed by a steward")
	case "stop recovery":
		return l.T("New way in stopped")
	case "recovery link":
		return l.T("Link for a new way in made by a steward")
	case "add passkey":
		return l.T("Passkey added")
	case "remove passkey":
		return l.T("Passkey removed")
	case "mail address":
		return l.T("E-mail address confirmed")
	case "no mail address":
		return l.T("E-mail address removed")
	case "recovery codes":
		return l.T("Recovery codes made")
	case "recovery code":
		return l.T("Signed in with a recovery code")
	case "reset link":
		return l.T("Link for a new passphrase made")
	case "reset":
		return l.T("Passphrase reset by a link")
	case "suspend":
		return l.T("Account suspended")
	case "lift suspension":
		return l.T("Suspension of an account lifted")
	case "erase account":
		return l.T("Account erased by its owner")
	case "make event manager":
		return l.T("Somebody began to manage an event")
	case "name roster steward":
		return l.T("Somebody named who may see sign-ups")
	case "end event grant":
		return l.T("Somebody stopped helping with an event")
	case "look at sign-ups":
		return l.T("Looked at a page of sign-ups")
	case "look at an address":
		return l.T("Looked at the address of a sign-up")
	case "start group":
		return l.T("Group started")
	case "change role":
		return l.T("Role in a group changed")
	case "remove member":
		return l.T("Member of a group removed")
	case "leave group":
		return l.T("Group left")
	case "group is quiet":
		return l.T("Group found quiet")
	case "group is looked after again":
		return l.T("Quiet group looked after again")
	case "ask to take a group on":
		return l.T("Asked to take a quiet group on")
	case "no longer ask to take a group on":
		return l.T("No longer asked to take a quiet group on")
	case "group handed over":
		return l.T("Quiet group handed over by rule")
	case "end group":
		return l.T("Work of a group ended")
	case "reopen group":
		return l.T("Work of a group taken up again")
	case "move group":
		return l.T("New address of a group said")
	case "export group":
		return l.T("Archive of a group taken")
	case "suspend group":
		return l.T("Group suspended")
	case "lift group suspension":
		return l.T("Suspension of a group lifted")
	case "confirm a role":
		return l.T("Offer to take a role confirmed")
	case "decline a role":
		return l.T("Offer to take a role not needed")
	case "rule of roles":
		return l.T("Who confirms roles at an event changed")
	}
	return action
}
