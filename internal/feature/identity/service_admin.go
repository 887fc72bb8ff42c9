package identity

import (
	"context"
	"errors"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Names of settings.
const (
	settingName     = "site.name"
	settingLanguage = "site.language"
)

// maxSiteName bounds the node's name, in characters.
const maxSiteName = 60

// SetupLink makes a fresh set-up link while the node has no operator; ok is
// false once it has one. Older set-up links stop working. path is
// /setup/SECRET, and works for 30 minutes.
func (s *Service) SetupLink(ctx context.Context) (path string, ok bool, err error) {
	secret, iid := s.IDs.Secret(), s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		has, err := hasOperator(ctx, tx)
		if ok = !has; has || err != nil {
			return err
		}
		if err := deleteLinks(ctx, tx, roleSetup, ""); err != nil {
			return err
		}
		return insertInvitation(ctx, tx, secret, invitationRow{id: iid, role: roleSetup, expires: tx.Now().Add(setupTTL)})
	})
	if err != nil || !ok {
		return "", false, err
	}
	return "/setup/" + secret, true, nil
}

// peekSetup is [Service.Peek] for set-up links.
func (s *Service) peekSetup(ctx context.Context, secret string) error {
	inv, err := s.peek(ctx, secret)
	if err == nil && inv.Role != roleSetup {
		return errGone()
	}
	return err
}

// SetupInput is what the first visitor answers.
type SetupInput struct{ Name, Language, Handle string }

// SetUp names the node and makes its first operator. It works once; key is as in
// [Service.AcceptNew].
func (s *Service) SetUp(ctx context.Context, secret, key string, in SetupInput) (Joined, error) {
	if err := s.peekSetup(ctx, secret); err != nil {
		return Joined{}, err
	}
	if err := s.checkSetup(in); err != nil {
		return Joined{}, err
	}
	return s.join(ctx, secret, key, in.Handle, 0, func(tx *db.Tx) error {
		if err := putSetting(ctx, tx, settingName, in.Name); err != nil {
			return err
		}
		if err := putSetting(ctx, tx, settingLanguage, in.Language); err != nil {
			return err
		}
		tx.Touch("site")
		if s.SiteChanged != nil {
			tx.OnCommit(func() { s.SiteChanged(in.Name, in.Language) })
		}
		return nil
	})
}

// checkSetup gathers every message at once.
func (s *Service) checkSetup(in SetupInput) error {
	var bad []fault.FieldError
	switch n := len([]rune(in.Name)); {
	case n == 0:
		bad = append(bad, fault.Field("name", "setup.no_name", "Give this place a name."))
	case n > maxSiteName:
		bad = append(bad, fault.Field("name", "setup.long_name", "Use at most {n} characters.", "n", maxSiteName))
	}
	if _, ok := s.Locales.Locale(in.Language); !ok {
		bad = append(bad, fault.Field("language", "setup.language", "Choose one of the languages."))
	}
	if _, err := parseHandle(in.Handle); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	return fault.Invalid(bad...)
}

// Site returns the node's name and language as set up, or "" for both before.
func (s *Service) Site(ctx context.Context) (name, language string, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		for key, to := range map[string]*string{settingName: &name, settingLanguage: &language} {
			v, err := setting(ctx, tx, key)
			if err != nil && !errors.Is(err, db.ErrNoRows) {
				return err
			}
			*to = v
		}
		return nil
	})
	return name, language, err
}

// CreateOperator makes a link with which somebody becomes an operator; path is
// /invitations/SECRET and works for a day. It is for the command line, which
// asks nobody for permission.
func (s *Service) CreateOperator(ctx context.Context) (path string, err error) {
	return s.inviteToNode(ctx, "", RoleOperator, "")
}

// InviteToNode is for operators: a link for an operator or a plain account. key is
// the form's, or "".
func (s *Service) InviteToNode(ctx context.Context, by authz.Actor, role, key string) (path string, err error) {
	if err := authz.Check(by, authz.InviteOperator, authz.Subject{}); err != nil {
		return "", err
	}
	if role != RoleOperator && role != RoleAccount {
		return "", fault.Invalid(fault.Field("role", "invitation.role", "Choose what the link is for."))
	}
	return s.inviteToNode(ctx, by.Person, role, key)
}

func (s *Service) inviteToNode(ctx context.Context, by id.Person, role, key string) (path string, err error) {
	ttl := invitationTTL
	if role == RoleOperator {
		ttl = operatorTTL
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		secret, err := s.Invite(ctx, tx, InviteInput{Role: role, MadeBy: by, TTL: ttl, Secret: key})
		path = "/invitations/" + secret
		return err
	})
	if err != nil {
		return "", err
	}
	return path, nil
}

func errNoPerson(handle string) error {
	return fault.NotFound("person.not_found", "There is no account with the handle {handle}.", "handle", handle)
}

// ResetSignIn makes a link with which the holder of an account gets new words;
// path is /reset/SECRET and works for 30 minutes. Older reset links of the
// account stop working. It is for the command line.
func (s *Service) ResetSignIn(ctx context.Context, handle string) (path string, err error) {
	secret, iid := s.IDs.Secret(), s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		p, err := personByHandle(ctx, tx, foldHandle(handle))
		if errors.Is(err, db.ErrNoRows) {
			return errNoPerson(handle)
		}
		if err != nil {
			return err
		}
		if err := deleteLinks(ctx, tx, roleReset, p.id); err != nil {
			return err
		}
		row := invitationRow{id: iid, role: roleReset, madeBy: p.id, expires: tx.Now().Add(resetTTL)}
		if err := insertInvitation(ctx, tx, secret, row); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "", "reset link", string(p.id))
	})
	if err != nil {
		return "", err
	}
	return "/reset/" + secret, nil
}

// peekReset tells whose account a reset link is for.
func (s *Service) peekReset(ctx context.Context, secret string) (handle string, err error) {
	if !id.ValidSecret(secret) {
		return "", errGone()
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		p, err := s.resetOf(ctx, tx, secret)
		handle = p.handle
		return err
	})
	return handle, err
}

// resetOf finds the account of a reset link that works.
func (s *Service) resetOf(ctx context.Context, tx *db.Tx, secret string) (personRow, error) {
	inv, err := s.open(ctx, tx, secret)
	if err != nil {
		return personRow{}, err
	}
	if inv.Role != roleReset {
		return personRow{}, errGone()
	}
	p, err := personByID(ctx, tx, inv.row.madeBy)
	if errors.Is(err, db.ErrNoRows) || err == nil && p.suspended {
		return personRow{}, errGone()
	}
	return p, err
}

// Reset uses a reset link: new words, every session ended, one new session. key
// is as in [Service.AcceptNew].
func (s *Service) Reset(ctx context.Context, secret, key string) (Joined, error) {
	if _, err := s.peekReset(ctx, secret); err != nil {
		return Joined{}, err
	}
	words, hash, err := s.newWords(ctx)
	if err != nil {
		return Joined{}, err
	}
	out := Joined{Words: words, Session: s.IDs.Secret(), Next: "/me"}
	sid := s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		p, err := s.resetOf(ctx, tx, secret)
		if err != nil {
			return err
		}
		if _, err := s.consume(ctx, tx, secret); err != nil {
			return err
		}
		if err := forgetUses(ctx, tx, p.id); err != nil {
			return err
		}
		if err := noteUse(ctx, tx, secret, key, p.id); err != nil {
			return err
		}
		out.Handle = p.handle
		return s.restart(ctx, tx, p.id, hash, sid, out.Session)
	})
	if err != nil {
		return Joined{}, err
	}
	return out, nil
}

// restart gives an account new words and one new session instead of all others.
func (s *Service) restart(ctx context.Context, tx *db.Tx, p id.Person, hash, sid, secret string) error {
	if err := setPass(ctx, tx, p, hash); err != nil {
		return err
	}
	if err := deleteSessions(ctx, tx, p, ""); err != nil {
		return err
	}
	if err := insertSession(ctx, tx, p, sid, secret); err != nil {
		return err
	}
	if err := s.finishRecovery(ctx, tx, p); err != nil {
		return err
	}
	return s.Audit(ctx, tx, p, "reset", string(p))
}

// Person is an account, as the command line lists it.
type Person struct {
	Handle              string
	Operator, Suspended bool
	Created             time.Time // a day
}

// List yields every account, oldest first, without holding more than a page
// of them. An error of yield ends it.
func (s *Service) List(ctx context.Context, yield func(Person) error) error {
	const page = 500
	var after id.Person
	for {
		var rows []personRow
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			var err error
			rows, err = personsAfter(ctx, tx, after, page)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range rows {
			if err := yield(Person{p.handle, p.operator, p.suspended, day.Time(p.createdDay)}); err != nil {
				return err
			}
			after = p.id
		}
		if len(rows) < page {
			return nil
		}
	}
}

// Suspend keeps an account from signing in, ends its sessions and revokes the
// links that it made; false lifts that. It is for the command line.
func (s *Service) Suspend(ctx context.Context, handle string, suspended bool) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		p, err := personByHandle(ctx, tx, foldHandle(handle))
		if errors.Is(err, db.ErrNoRows) {
			return errNoPerson(strings.TrimSpace(handle))
		}
		if err != nil {
			return err
		}
		if err := setSuspended(ctx, tx, p.id, suspended); err != nil {
			return err
		}
		action := "lift suspension"
		if suspended {
			action = "suspend"
			if err := deleteSessions(ctx, tx, p.id, ""); err != nil {
				return err
			}
			if err := deleteLinksBy(ctx, tx, p.id); err != nil {
				return err
			}
		}
		return s.Audit(ctx, tx, "", action, string(p.id))
	})
}

// Counts are the node's numbers of special accounts; who they are is not shown.
type Counts struct{ Operators, Suspended int }

// AuditCount is how often something was done on a day.
type AuditCount struct {
	Day    time.Time
	Action string
	Count  int
}

// Overview is for operators: numbers, and what was done in roles in the last
// 30 days, by day and without names.
func (s *Service) Overview(ctx context.Context, by authz.Actor) (Counts, []AuditCount, error) {
	var c Counts
	var days []AuditCount
	if err := authz.Check(by, authz.InviteOperator, authz.Subject{}); err != nil {
		return c, nil, err
	}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if c, err = countNode(ctx, tx); err != nil {
			return err
		}
		days, err = auditDays(ctx, tx, day.Of(tx.Now().Add(-30*24*time.Hour)))
		return err
	})
	return c, days, err
}
