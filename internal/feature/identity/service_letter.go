package identity

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/seal"
)

// inviteMail is the job of a message that brings somebody the link of an invitation. Link and
// address are sealed under the key of a day: nothing else keeps either.
type inviteMail struct {
	Key    string `json:"key"`
	Sealed []byte `json:"sealed"`
	Lang   string `json:"lang"`
}

// Kind implements job.Args.
func (inviteMail) Kind() string { return "identity.invitation" }

// letter is what is sealed in it.
type letter struct{ To, Path, Group, By string }

// CheckAddress says of the field "email" whether an address is one.
func (s *Service) CheckAddress(typed string) error {
	_, err := parseAddress(typed)
	return err
}

// MailInvitation sends the link of an invitation to an address that its maker typed. The words
// are fixed, and name the group and the maker by handles alone, so that nobody writes to
// strangers through this server; and somebody can send only so many a day.
func (s *Service) MailInvitation(ctx context.Context, by authz.Actor, group, path, typed, lang string, now time.Time) error {
	to, err := parseAddress(typed)
	if err != nil {
		return err
	}
	if ok, _ := s.Limit.Allow("invitation-mail", string(by.Person)); !ok {
		return fault.Conflict("invitation.letters", "You have sent many of these today. Please hand this link over yourself.")
	}
	a := inviteMail{Key: dayKey(now), Lang: lang}
	k, err := s.Vault.Key(ctx, MailScope+a.Key)
	if err != nil {
		return err
	}
	b, err := json.Marshal(letter{to, path, group, by.Handle})
	if err != nil {
		return err
	}
	a.Sealed = k.Seal(nil, "job", "invitation", a.Key, b)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.forget(ctx, tx, a.Key, now.UTC().Truncate(24*time.Hour).Add(25*time.Hour)); err != nil {
			return err
		}
		return s.Jobs.Enqueue(ctx, tx, a, job.Insert{})
	})
}

// sendInvitation is the worker of a message. There is none once its key is destroyed.
func (s *Service) sendInvitation(ctx context.Context, a inviteMail) error {
	if s.Mail == nil {
		return nil
	}
	k, err := s.Vault.Existing(ctx, MailScope+a.Key)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := k.Open("job", "invitation", a.Key, a.Sealed)
	if err != nil {
		return err
	}
	var x letter
	if err := json.Unmarshal(b, &x); err != nil {
		return errors.New("an invitation to be mailed cannot be read")
	}
	site, err := s.siteName(ctx)
	if err != nil {
		return err
	}
	l := s.Locales.Match(a.Lang)
	return s.Mail.Sender.Send(ctx, notify.Message{
		To: x.To, Lang: l.Tag(), ID: hex.EncodeToString(id.Hash(string(a.Sealed))), Class: notify.Asked, Subject: l.T("An invitation at {site}", "site", site),
		Body: notify.Body{
			Parts: []notify.Part{
				notify.Button(l.T("@{handle} invites you into the group @{group}. This link lets in one person, for a few days:", "handle", x.By, "group", x.Group), s.Mail.BaseURL+x.Path),
			},
			Footer: []notify.Part{notify.Paragraph(l.T("Your address was used for this message and is not kept. If you do not want to come in, you need not do anything."))},
		},
	})
}

// siteName is how the node is called: by its operator, or by its address.
func (s *Service) siteName(ctx context.Context) (site string, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if site, err = setting(ctx, tx, settingName); isNone(err) {
			err = nil
		}
		return err
	})
	if site == "" {
		site = strings.TrimPrefix(strings.TrimPrefix(s.Mail.BaseURL, "https://"), "http://")
	}
	return site, err
}
