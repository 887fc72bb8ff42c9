package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/seal"
)

// AskMail leaves a mail to an address, with a link and a code to sign in, if an
// account has it. What it does, and for how long, is the same if none has. form
// is the key of the form that asks, in which the code may be typed.
func (s *Service) AskMail(ctx context.Context, typed, lang, form string, now time.Time) error {
	return s.askMail(ctx, "", typed, lang, form, now)
}

// AskConfirm leaves a mail with which the actor shows that an address is theirs.
func (s *Service) AskConfirm(ctx context.Context, by authz.Actor, typed, lang, form string, now time.Time) error {
	if err := signedIn(by); err != nil {
		return err
	}
	return s.askMail(ctx, by.Person, typed, lang, form, now)
}

func (s *Service) askMail(ctx context.Context, p id.Person, typed, lang, form string, now time.Time) error {
	to, err := parseAddress(typed)
	if err != nil {
		return err
	}
	if !id.ValidSecret(form) {
		form = s.IDs.Secret() // then only the link works
	}
	tags, err := s.Vault.Key(ctx, tagScope)
	if err != nil {
		return err
	}
	r := mailRow{id: s.IDs.Secret(), keyID: dayKey(now), person: p, lang: lang, tag: mailTag(tags, to), form: id.Hash(form)}
	k, err := s.Vault.Key(ctx, MailScope+r.keyID)
	if err != nil {
		return err
	}
	r.sealed = k.Seal(nil, "mail_link", "sealed", r.id, []byte(to))
	r.hash, r.code = id.Hash(mailSecret(k, r.id)), codeMark(form, mailCode(k, r.id))
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		recent, err := mailedSince(ctx, tx, r.tag, tx.Now().Add(-mailPause))
		if err != nil || recent {
			return err
		}
		if err := insertMail(ctx, tx, r); err != nil {
			return err
		}
		if err := s.forget(ctx, tx, r.keyID, now.UTC().Truncate(24*time.Hour).Add(25*time.Hour)); err != nil {
			return err
		}
		return s.Jobs.Enqueue(ctx, tx, sendMail{r.id}, job.Insert{Unique: r.id})
	})
}

// sendMail is the job of one mail.
type sendMail struct {
	Mail string `json:"mail"`
}

// Kind implements job.Args.
func (sendMail) Kind() string { return "identity.mail" }

// forgetKey is the job that destroys the key of an address, or of a day's.
type forgetKey struct {
	Key string `json:"key"`
}

// Kind implements job.Args.
func (forgetKey) Kind() string { return "identity.forget_key" }

// MessageKinds are the jobs that reach people outside; see the feature of sign-ups.
func MessageKinds() []string {
	return []string{sendMail{}.Kind(), noticeMail{}.Kind(), inviteMail{}.Kind()}
}

func (s *Service) forget(ctx context.Context, tx *db.Tx, keyID string, at time.Time) error {
	return s.Jobs.Enqueue(ctx, tx, forgetKey{keyID}, job.Insert{RunAt: at, Unique: keyID})
}

// registerJobs must be called before the queue runs.
func (s *Service) registerJobs() {
	job.Register(s.Jobs, s.send, job.Timeout(2*time.Minute))
	job.Register(s.Jobs, s.notice, job.Timeout(2*time.Minute))
	job.Register(s.Jobs, s.sendInvitation, job.Timeout(2*time.Minute))
	job.Register(s.Jobs, func(ctx context.Context, a forgetKey) error { return s.Vault.Destroy(ctx, MailScope+a.Key) })
}

// mailKind is what a mail is for.
type mailKind string

const (
	mailConfirm mailKind = "confirm"
	mailSignIn  mailKind = "sign in"
	mailJoin    mailKind = "join"
)

// MailLink is what a mail's link leads to.
type MailLink struct {
	Kind   mailKind
	Handle string // of the account, or ""
	row    mailRow
	person personRow
}

// openMail tells what a mail is for now, or returns the Gone fault.
func (s *Service) openMail(ctx context.Context, tx *db.Tx, q string, arg any) (m MailLink, err error) {
	if m.row, err = oneMail(ctx, tx, q, arg); err == nil {
		if m.row.person != "" {
			m.Kind = mailConfirm
			m.person, err = personByID(ctx, tx, m.row.person)
		} else {
			m.Kind = mailSignIn
			m.person, err = personByTag(ctx, tx, m.row.tag)
			if isNone(err) && s.Mail.Register {
				m.Kind = mailJoin
				return m, nil
			}
		}
	}
	if isNone(err) || err == nil && m.person.suspended {
		return MailLink{}, errGone()
	}
	m.Handle = m.person.handle
	return m, err
}

// PeekMail tells what a link is for, and changes nothing.
func (s *Service) PeekMail(ctx context.Context, secret string) (m MailLink, err error) {
	if !id.ValidSecret(secret) {
		return m, errGone()
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		m, err = s.openMail(ctx, tx, selectMailByHash, id.Hash(secret))
		return err
	})
	return m, err
}

// takeMail uses a link of a kind up, once.
func (s *Service) takeMail(ctx context.Context, tx *db.Tx, secret string, kind mailKind) (MailLink, error) {
	m, err := s.openMail(ctx, tx, selectMailByHash, id.Hash(secret))
	if err != nil {
		return m, err
	}
	n, err := useMail(ctx, tx, m.row.id)
	if err == nil && (n == 0 || m.Kind != kind) {
		err = errGone()
	}
	return m, err
}

func errWrongMailCode() error {
	return fault.Invalid(fault.Field("code", "mail.code",
		"This code is not right. It is in the last mail that you asked for in this window, and works for ten minutes."))
}

// MailCode finds the link's secret by the code that was typed in the form that
// asked for the mail. It may be tried five times.
func (s *Service) MailCode(ctx context.Context, form, typed string) (secret string, err error) {
	if !id.ValidSecret(form) {
		return "", errWrongMailCode()
	}
	var r mailRow
	right := false
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		right = false
		var err error
		if r, err = oneMail(ctx, tx, selectMailByForm, id.Hash(form)); isNone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		ok, err := tryMail(ctx, tx, r.id)
		right = ok && bytes.Equal(r.code, codeMark(form, typed))
		return err
	})
	if err == nil && !right {
		err = errWrongMailCode()
	}
	if err != nil {
		return "", err
	}
	k, err := s.Vault.Existing(ctx, MailScope+r.keyID)
	if err != nil {
		return "", err
	}
	return mailSecret(k, r.id), nil
}

// SignInMail uses a link to sign in. With words it also returns the path of the
// page that offers new ones; old is as in [Service.SignIn].
func (s *Service) SignInMail(ctx context.Context, mail string, words bool, old string) (secret, next string, err error) {
	secret, sid, link, iid := s.IDs.Secret(), s.IDs.Secret(), s.IDs.Secret(), s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		m, err := s.takeMail(ctx, tx, mail, mailSignIn)
		if err != nil {
			return err
		}
		if old != "" {
			if err := endSession(ctx, tx, old); err != nil {
				return err
			}
		}
		if err := forgetUses(ctx, tx, m.person.id); err != nil {
			return err
		}
		if words {
			next = "/reset/" + link
			if err := s.offerWords(ctx, tx, m.person.id, iid, link); err != nil {
				return err
			}
		}
		return insertSession(ctx, tx, m.person.id, sid, secret)
	})
	return secret, next, err
}

// offerWords makes a reset link for somebody who has shown who they are.
func (s *Service) offerWords(ctx context.Context, tx *db.Tx, p id.Person, iid, secret string) error {
	if err := deleteLinks(ctx, tx, roleReset, p); err != nil {
		return err
	}
	return insertInvitation(ctx, tx, secret, invitationRow{id: iid, role: roleReset, madeBy: p, expires: tx.Now().Add(resetTTL)})
}

// reseal moves the address of a mail under a key of its own.
func (s *Service) reseal(ctx context.Context, r mailRow, p id.Person) (address, error) {
	to, err := s.openAddress(ctx, r.keyID, "mail_link", r.id, r.sealed)
	if errors.Is(err, seal.ErrDestroyed) {
		return address{}, errGone()
	}
	if err != nil {
		return address{}, err
	}
	a := address{keyID: s.IDs.Secret()}
	k, err := s.Vault.Key(ctx, MailScope+a.keyID)
	if err != nil {
		return address{}, err
	}
	a.sealed = k.Seal(nil, "person_mail", "sealed", string(p), []byte(to))
	return a, nil
}

func (s *Service) openAddress(ctx context.Context, keyID, table, row string, sealed []byte) (string, error) {
	k, err := s.Vault.Existing(ctx, MailScope+keyID)
	if err != nil {
		return "", err
	}
	b, err := k.Open(table, "sealed", row, sealed)
	return string(b), err
}

func errAddressTaken() error {
	return fault.Conflict("mail.taken", "Another account here has this address. Remove it there first.")
}

// ConfirmMail gives the actor the address that a link went to, instead of the
// one they had.
func (s *Service) ConfirmMail(ctx context.Context, by authz.Actor, mail string) error {
	if err := signedIn(by); err != nil {
		return err
	}
	m, err := s.PeekMail(ctx, mail)
	if err != nil {
		return err
	}
	if m.Kind != mailConfirm || m.person.id != by.Person {
		return errGone()
	}
	a, err := s.reseal(ctx, m.row, by.Person)
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := s.takeMail(ctx, tx, mail, mailConfirm); err != nil {
			return err
		}
		if err := s.dropAddress(ctx, tx, by.Person); err != nil {
			return err
		}
		ok, err := putAddress(ctx, tx, by.Person, a, m.row.tag)
		if err == nil && !ok {
			err = errAddressTaken()
		}
		if err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "mail address", "")
	})
	return s.orForget(ctx, a.keyID, err)
}

// orForget destroys a key that was made for a write that failed.
func (s *Service) orForget(ctx context.Context, keyID string, err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(err, s.Vault.Destroy(ctx, MailScope+keyID))
}

// dropAddress removes a person's address and leaves a job to destroy its key.
func (s *Service) dropAddress(ctx context.Context, tx *db.Tx, p id.Person) error {
	keyID, err := deleteAddress(ctx, tx, p)
	if err != nil || keyID == "" {
		return err
	}
	return s.forget(ctx, tx, keyID, time.Time{})
}

// RemoveMail erases the actor's address.
func (s *Service) RemoveMail(ctx context.Context, by authz.Actor) error {
	if err := signedIn(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := deleteMailOf(ctx, tx, by.Person); err != nil {
			return err
		}
		if err := s.dropAddress(ctx, tx, by.Person); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "no mail address", "")
	})
}

// Address returns the actor's address, or "".
func (s *Service) Address(ctx context.Context, by authz.Actor) (string, error) {
	if err := signedIn(by); err != nil {
		return "", err
	}
	var a address
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		a, err = addressOf(ctx, tx, by.Person)
		return err
	})
	if isNone(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return s.openOwn(ctx, by.Person, a)
}

// openOwn returns "" for an address whose key is destroyed.
func (s *Service) openOwn(ctx context.Context, p id.Person, a address) (string, error) {
	to, err := s.openAddress(ctx, a.keyID, "person_mail", string(p), a.sealed)
	if errors.Is(err, seal.ErrDestroyed) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("open an address: %w", err)
	}
	return to, nil
}

// JoinMail uses a link to make an account that has the address.
func (s *Service) JoinMail(ctx context.Context, mail, handle string) (Joined, error) {
	m, err := s.PeekMail(ctx, mail)
	if err != nil {
		return Joined{}, err
	}
	if m.Kind != mailJoin {
		return Joined{}, errGone()
	}
	if _, err := parseHandle(handle); err != nil {
		return Joined{}, err
	}
	p := id.Person(s.IDs.Secret())
	a, err := s.reseal(ctx, m.row, p)
	if err != nil {
		return Joined{}, err
	}
	out, err := s.newAccount(ctx, p, handle, func(tx *db.Tx) (string, error) {
		if _, err := s.takeMail(ctx, tx, mail, mailJoin); err != nil {
			return "", err
		}
		return "/me", nil
	}, func(tx *db.Tx) error {
		if _, err := putAddress(ctx, tx, p, a, m.row.tag); err != nil {
			return err
		}
		return s.Audit(ctx, tx, p, "join", RoleAccount)
	})
	return out, s.orForget(ctx, a.keyID, err)
}
