package identity

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/web"
)

// Recovery is how far a recovery is, for a steward or its person.
type Recovery struct {
	Handle                 string // of the account
	GroupName, GroupHandle string
	Step                   recoveryStep
	First                  bool // whoever looks confirmed first, and so gets the link
	Second                 bool
	Ready, Ends            time.Time
	// Refused says why it cannot begin, or is nil.
	Refused error
}

// recovering reads all that a decision needs.
func (s *Service) recovering(ctx context.Context, tx *db.Tx, by authz.Actor, group, member string) (g Recovering, p personRow, r recoveryRow, err error) {
	if err := signedIn(by); err != nil {
		return g, p, r, err
	}
	if g, err = s.Groups.Recovering(ctx, tx, by.Person, group, member); err != nil {
		return g, p, r, err
	}
	if p, err = personByID(ctx, tx, g.Member); err != nil {
		return g, p, r, err
	}
	r, err = recoveryOf(ctx, tx, g.Member)
	if err == nil && r.group != "" && r.group != g.Group && r.step(tx.Now()) != recoveryNone {
		err = fault.Conflict("recovery.elsewhere", "The stewards of this group cannot do that for this account. Ask somebody who runs this server.")
	}
	return g, p, r, err
}

func (g Recovering) view(p personRow, r recoveryRow, by id.Person, now time.Time) Recovery {
	return Recovery{
		Handle: p.handle, GroupName: g.Name, GroupHandle: g.Handle, Step: r.step(now), First: r.first == by, Second: r.second == by,
		Ready: r.ready(), Ends: r.ends(), Refused: mayRecover(g, p, by),
	}
}

// Recovery tells a steward how far the recovery of a member is.
func (s *Service) Recovery(ctx context.Context, by authz.Actor, group, member string) (out Recovery, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		g, p, r, err := s.recovering(ctx, tx, by, group, member)
		out = g.view(p, r, by.Person, tx.Now())
		return err
	})
	return out, err
}

// ConfirmRecovery says, as a steward, that a member stands in front of oneself
// and has lost every way in. With the second steward's word the delay begins, and
// everybody concerned is told. Saying it again changes nothing.
func (s *Service) ConfirmRecovery(ctx context.Context, by authz.Actor, group, member string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, p, r, err := s.recovering(ctx, tx, by, group, member)
		if err == nil {
			err = mayRecover(g, p, by.Person)
		}
		if err != nil {
			return err
		}
		switch r.step(tx.Now()) {
		case recoveryNone:
			if _, err := deleteRecovery(ctx, tx, p.id); err != nil {
				return err
			}
			if err := insertRecovery(ctx, tx, p.id, g.Group, by.Person); err != nil {
				return err
			}
		case recoveryFirst:
			if r.first == by.Person {
				return nil
			}
			if err := startRecovery(ctx, tx, p.id, by.Person); err != nil {
				return err
			}
			if err := s.tellRecovery(ctx, tx, g, tx.Now()); err != nil {
				return err
			}
		default:
			return nil
		}
		return s.Audit(ctx, tx, by.Person, "confirm recovery", string(g.Group)+" "+string(p.id))
	})
}

// StopRecovery is for any steward of the group.
func (s *Service) StopRecovery(ctx context.Context, by authz.Actor, group, member string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, p, _, err := s.recovering(ctx, tx, by, group, member)
		if err != nil {
			return err
		}
		return s.stop(ctx, tx, by.Person, p.id)
	})
}

// StopOwnRecovery is for the person themselves: they have a way in.
func (s *Service) StopOwnRecovery(ctx context.Context, by authz.Actor) error {
	if err := signedIn(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.stop(ctx, tx, by.Person, by.Person) })
}

func (s *Service) stop(ctx context.Context, tx *db.Tx, by, p id.Person) error {
	n, err := deleteRecovery(ctx, tx, p)
	if err != nil || n == 0 {
		return err
	}
	if err := deleteLinks(ctx, tx, roleReset, p); err != nil {
		return err
	}
	return s.Audit(ctx, tx, by, "stop recovery", string(p))
}

// RecoveryLink makes the link with which the member gets new words, once the
// delay is over; path is as in [Service.ResetSignIn]. It is for the steward who
// confirmed first, to be handed over in person. A link made before stops working.
func (s *Service) RecoveryLink(ctx context.Context, by authz.Actor, group, member string) (path string, err error) {
	secret, iid := s.IDs.Secret(), s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, p, r, err := s.recovering(ctx, tx, by, group, member)
		if err == nil {
			err = mayRecover(g, p, by.Person)
		}
		if err != nil {
			return err
		}
		if r.step(tx.Now()) != recoveryReady || r.first != by.Person {
			return fault.Conflict("recovery.early", "The link is for the steward who confirmed first, three days after the second did.")
		}
		if err := deleteLinks(ctx, tx, roleReset, p.id); err != nil {
			return err
		}
		if err := insertInvitation(ctx, tx, secret, invitationRow{id: iid, role: roleReset, madeBy: p.id, expires: r.ends()}); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "recovery link", string(g.Group)+" "+string(p.id))
	})
	return "/reset/" + secret, err
}

// finishRecovery is called when an account gets new words. Whoever needed the
// stewards has lost their other ways in, or somebody else has them: they end.
func (s *Service) finishRecovery(ctx context.Context, tx *db.Tx, p id.Person) error {
	r, err := recoveryOf(ctx, tx, p)
	if err != nil || r.person == "" {
		return err
	}
	if _, err := deleteRecovery(ctx, tx, p); err != nil || r.step(tx.Now()) != recoveryReady {
		return err
	}
	if err := deletePasskeys(ctx, tx, p); err != nil {
		return err
	}
	if err := replaceCodes(ctx, tx, p, nil); err != nil {
		return err
	}
	return s.dropAddress(ctx, tx, p)
}

// Recoveries are what the actor must know of: own is under way for their own
// account, others in groups that they are a steward of.
func (s *Service) Recoveries(ctx context.Context, by authz.Actor) (own *Recovery, others []Recovery, err error) {
	if err := signedIn(by); err != nil {
		return nil, nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		own, others = nil, nil
		r, err := recoveryOf(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		if step := r.step(tx.Now()); step == recoveryWaiting || step == recoveryReady {
			v, err := s.describeRecovery(ctx, tx, r, by.Person)
			if err != nil {
				return err
			}
			own = &v
		}
		groups, err := s.Groups.Stewarding(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		for _, g := range groups {
			rows, err := recoveriesIn(ctx, tx, g)
			if err != nil {
				return err
			}
			for _, r := range rows {
				if r.step(tx.Now()) == recoveryNone || r.person == by.Person {
					continue
				}
				v, err := s.describeRecovery(ctx, tx, r, by.Person)
				if err != nil {
					return err
				}
				others = append(others, v)
			}
		}
		return nil
	})
	return own, others, err
}

func (s *Service) describeRecovery(ctx context.Context, tx *db.Tx, r recoveryRow, by id.Person) (Recovery, error) {
	p, err := personByID(ctx, tx, r.person)
	if err != nil {
		return Recovery{}, err
	}
	g := Recovering{Group: r.group}
	if g.Name, g.Handle, err = s.Groups.Title(ctx, tx, r.group); err != nil && !fault.Is(err, fault.KindNotFound) {
		return Recovery{}, err
	}
	return g.view(p, r, by, tx.Now()), nil
}

// tellRecovery leaves mails to the person and the stewards, if there is mail.
func (s *Service) tellRecovery(ctx context.Context, tx *db.Tx, g Recovering, at time.Time) error {
	if s.Mail == nil {
		return nil
	}
	for _, p := range append([]id.Person{g.Member}, g.Stewards...) {
		if err := s.Jobs.Enqueue(ctx, tx, noticeMail{To: p, Person: g.Member, At: at.UnixMicro()}, job.Insert{}); err != nil {
			return err
		}
	}
	return nil
}

// noticeMail is the job of one notice that a recovery began.
type noticeMail struct {
	To     id.Person `json:"to"`
	Person id.Person `json:"person"`
	At     int64     `json:"at"` // when it began, in microseconds
}

// Kind implements job.Args.
func (noticeMail) Kind() string { return "identity.notice" }

// notice is the worker: whoever left no address is told only on their page, and
// nobody of what was stopped meanwhile.
func (s *Service) notice(ctx context.Context, a noticeMail) error {
	if s.Mail == nil {
		return nil
	}
	var to address
	var v Recovery
	var locale string
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		r, err := recoveryOf(ctx, tx, a.Person)
		if err == nil && (r.starts.IsZero() || r.starts.UnixMicro() != a.At) {
			err = web.ErrNotFound()
		}
		if err != nil {
			return err
		}
		if v, err = s.describeRecovery(ctx, tx, r, a.To); err != nil {
			return err
		}
		if locale, err = localeOf(ctx, tx, a.To); err != nil {
			return err
		}
		to, err = addressOf(ctx, tx, a.To)
		return err
	})
	if isNone(err) || fault.Is(err, fault.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	at, err := s.openOwn(ctx, a.To, to)
	if err != nil || at == "" {
		return err
	}
	m := v.write(s.Locales.Match(locale), s.Mail.BaseURL, a.To == a.Person)
	m.To, m.ID = at, hex.EncodeToString(id.Hash(fmt.Sprintf("recovery %s %s %d", a.To, a.Person, a.At)))
	return s.Mail.Sender.Send(ctx, m)
}
