package identity

import (
	"context"
	"encoding/hex"
	"errors"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/notify"
	"convoke/internal/seal"
)

// send is the worker of a mail. There is none to send to an address that nobody
// has, or after the link has ended.
func (s *Service) send(ctx context.Context, a sendMail) error {
	if s.Mail == nil {
		return nil
	}
	var m MailLink
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		m, err = s.openMail(ctx, tx, selectMailByID, a.Mail)
		return err
	})
	if fault.Is(err, fault.KindGone) {
		return nil
	}
	if err != nil {
		return err
	}
	k, err := s.Vault.Existing(ctx, MailScope+m.row.keyID)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil
	}
	if err != nil {
		return err
	}
	to, err := k.Open("mail_link", "sealed", m.row.id, m.row.sealed)
	if err != nil {
		return err
	}
	site, err := s.siteName(ctx)
	if err != nil {
		return err
	}
	out := m.write(s.Locales.Match(m.row.lang), site, s.Mail.BaseURL+"/mail/"+mailSecret(k, m.row.id), mailCode(k, m.row.id))
	out.To, out.ID = string(to), hex.EncodeToString(k.Tag("message id", m.row.id))
	return s.Mail.Sender.Send(ctx, out)
}

// write words a mail.
func (m MailLink) write(l *i18n.Locale, site, link, code string) notify.Message {
	out := notify.Message{Lang: l.Tag(), Class: notify.Access}
	var news string
	switch m.Kind {
	case mailSignIn:
		out.Subject = l.T("Sign in at {site}", "site", site)
		news = l.T("With this link you sign in as {handle}:", "handle", m.Handle)
	case mailJoin:
		out.Subject = l.T("Your account at {site}", "site", site)
		news = l.T("With this link you make an account:")
	case mailConfirm:
		out.Subject = l.T("Confirm your address at {site}", "site", site)
		news = l.T("With this link {handle} can sign in by e-mail from now on:", "handle", m.Handle)
	}
	out.Body.Parts = []notify.Part{
		notify.Button(news, link),
		notify.Paragraph(l.T("Or type this code in the window where you asked for it: {code}", "code", code[:4]+" "+code[4:])),
		notify.Paragraph(l.T("Both work once, for ten minutes. Give them to nobody: who has them can act as you.")),
	}
	out.Body.Footer = []notify.Part{notify.Paragraph(l.T("If you did not ask for this, you need not do anything."))}
	return out
}

// write words the notice that a recovery began, to its person or to a steward.
func (r Recovery) write(l *i18n.Locale, base string, own bool) notify.Message {
	news := l.T("Two stewards of {group} say that {handle} has lost every way in. From {date} on they can hand over a link with new words.",
		"group", r.GroupName, "handle", r.Handle, "date", l.Date(r.Ready))
	stop := notify.Button(l.T("If that is not right, stop it here:"), base+"/groups/"+r.GroupHandle+"/members/"+r.Handle+"/recovery")
	if own {
		stop = notify.Button(l.T("If you did not ask for that, sign in and stop it:"), base+"/me")
	}
	return notify.Message{
		Lang: l.Tag(), Class: notify.Urgent, Subject: l.T("Somebody gets a new way in: {handle}", "handle", r.Handle),
		Body: notify.Body{Parts: []notify.Part{notify.Paragraph(news), stop}},
	}
}
