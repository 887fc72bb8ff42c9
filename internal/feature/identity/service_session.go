package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// use is a session that was used on a day for the first time.
type use struct {
	hash []byte
	day  int
}

// Session finds the session of a cookie's secret; see web.Sessions. The first
// use on a day is noted later, by [Service.Run], so that reading waits for no
// write.
func (s *Service) Session(ctx context.Context, secret string) (web.Session, bool, error) {
	if !id.ValidSecret(secret) {
		return web.Session{}, false, nil
	}
	hash := id.Hash(secret)
	var row sessionRow
	var today int
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		today = day.Of(tx.Now())
		row, err = sessionByHash(ctx, tx, hash)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return web.Session{}, false, nil
	}
	if err != nil {
		return web.Session{}, false, fmt.Errorf("find session: %w", err)
	}
	if row.usedDay < today {
		select {
		case s.used <- use{hash, today}:
		default: // the next request of the day tries again
		}
	}
	return web.Session{
		ID: row.id, Locale: row.locale, Proved: row.proved, Passkeys: row.passkeys,
		Actor: authz.Actor{Person: row.person, Handle: row.handle, Operator: row.operator},
	}, true, nil
}

// Run notes which sessions were used, until ctx ends. Without it sessions end
// 30 days after signing in, however often they are used.
func (s *Service) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case u := <-s.used:
			if err := s.noteUse(ctx, u); err != nil && ctx.Err() == nil {
				s.Log.Warn("note the use of a session", "error", err)
			}
		}
	}
}

func (s *Service) noteUse(ctx context.Context, u use) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return touchSession(ctx, tx, u) })
}

// sessionEnd is when a session last used on now's day expires. It falls on
// midnight, so that the row does not tell the hour of use.
func sessionEnd(now time.Time) time.Time {
	return now.Truncate(24 * time.Hour).Add(24*time.Hour + sessionIdle)
}

func errWrongPass() error {
	return fault.Invalid(fault.Field("passphrase", "sign_in.wrong",
		"This handle and these words do not belong together. Check both and try again."))
}

// SignIn checks a passphrase and returns the secret of a new session. An
// unknown handle, wrong words and a suspended account get the same answer
// after the same time. old is the browser's present session, which ends whoever
// it belongs to, or "".
func (s *Service) SignIn(ctx context.Context, handle, pass, old string) (secret string, err error) {
	h := foldHandle(handle)
	switch {
	case h == "" && normalPass(pass) == "":
		return "", fault.Invalid(
			fault.Field("handle", "sign_in.no_handle", "Type your handle."),
			fault.Field("passphrase", "sign_in.no_pass", "Type your seven words."))
	case h == "":
		return "", fault.Invalid(fault.Field("handle", "sign_in.no_handle", "Type your handle."))
	case pass == "":
		return "", fault.Invalid(fault.Field("passphrase", "sign_in.no_pass", "Type your seven words."))
	}
	var p personRow
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		p, err = personByHandle(ctx, tx, h)
		return err
	})
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return "", err
	}
	ok, err := s.hasher.verify(ctx, pass, p.pass)
	if err != nil {
		return "", err
	}
	if !ok || p.suspended {
		return "", errWrongPass()
	}
	secret, sid := s.IDs.Secret(), s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		// The account may have changed since it was read.
		now, err := personByHandle(ctx, tx, h)
		if errors.Is(err, db.ErrNoRows) || err == nil && (now.suspended || now.pass != p.pass) {
			return errWrongPass()
		}
		if err != nil {
			return err
		}
		if old != "" {
			if err := endSession(ctx, tx, old); err != nil {
				return err
			}
		}
		if err := forgetUses(ctx, tx, p.id); err != nil { // the words did arrive
			return err
		}
		return insertSession(ctx, tx, p.id, sid, secret)
	})
	return secret, err
}

// SignOut ends one's present session. Whoever uses this browser next cannot get
// new words by sending an old form again, or by a link that a code led to.
func (s *Service) SignOut(ctx context.Context, by authz.Actor, session string) error {
	if by.Visitor() {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := forgetUses(ctx, tx, by.Person); err != nil {
			return err
		}
		if err := deleteLinks(ctx, tx, roleReset, by.Person); err != nil {
			return err
		}
		_, err := deleteSession(ctx, tx, by.Person, session)
		return err
	})
}

// SessionInfo is one signed-in browser, as its owner sees it.
type SessionInfo struct {
	ID, Label     string
	Created, Used time.Time // days
	Ends          time.Time
}

// Sessions lists one's signed-in browsers, the newest first.
func (s *Service) Sessions(ctx context.Context, by authz.Actor) ([]SessionInfo, error) {
	if err := signedIn(by); err != nil {
		return nil, err
	}
	var out []SessionInfo
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		out, err = sessionsOf(ctx, tx, by.Person)
		return err
	})
	return out, err
}

// EndSession ends one of one's own sessions. What is not one's own is absent.
func (s *Service) EndSession(ctx context.Context, by authz.Actor, session string) error {
	if err := signedIn(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := deleteSession(ctx, tx, by.Person, session)
		if err == nil && n == 0 {
			return web.ErrNotFound()
		}
		return err
	})
}

// EndOthers ends all of one's sessions but the present one.
func (s *Service) EndOthers(ctx context.Context, by authz.Actor, session string) error {
	if err := signedIn(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return deleteSessions(ctx, tx, by.Person, session) })
}

// maxLabel bounds a session's name, in characters.
const maxLabel = 40

// Label names one of one's own sessions; "" removes the name.
func (s *Service) Label(ctx context.Context, by authz.Actor, session, label string) error {
	if err := signedIn(by); err != nil {
		return err
	}
	if len([]rune(label)) > maxLabel {
		return fault.Invalid(fault.Field("label", "session.label_long", "Use at most {n} characters.", "n", maxLabel))
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := labelSession(ctx, tx, by.Person, session, label)
		if err == nil && n == 0 {
			return web.ErrNotFound()
		}
		return err
	})
}

// checkWords finds the actor's account if these are its words.
func (s *Service) checkWords(ctx context.Context, by authz.Actor, words string) (personRow, error) {
	p, err := s.person(ctx, by)
	if err != nil {
		return p, err
	}
	ok, err := s.hasher.verify(ctx, words, p.pass)
	if err == nil && !ok {
		err = fault.Invalid(fault.Field("passphrase", "pass.wrong", "These are not your present words."))
	}
	return p, err
}

func (s *Service) person(ctx context.Context, by authz.Actor) (p personRow, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		p, err = personByID(ctx, tx, by.Person)
		return err
	})
	return p, err
}

// ProveWords notes that the actor typed their words in a session.
func (s *Service) ProveWords(ctx context.Context, by authz.Actor, session, words string) error {
	if err := signedIn(by); err != nil {
		return err
	}
	if normalPass(words) == "" {
		return fault.Invalid(fault.Field("passphrase", "sign_in.no_pass", "Type your seven words."))
	}
	p, err := s.checkWords(ctx, by, words)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := proveSession(ctx, tx, p, session)
		if err == nil && n == 0 { // signed out, or other words, meanwhile
			return signedIn(authz.Actor{})
		}
		return err
	})
}

// NewPassphrase replaces one's passphrase, which must be given, and ends every
// other session. It returns the new words, to be shown once. key names the form:
// when it is sent again within ten minutes, because its answer was lost, it
// makes other words without asking for those that nobody has seen.
func (s *Service) NewPassphrase(ctx context.Context, by authz.Actor, session, key, current string) (words string, err error) {
	if err := signedIn(by); err != nil {
		return "", err
	}
	again := false
	if err = s.DB.Read(ctx, func(tx *db.Tx) error {
		again, err = passKeyFits(ctx, tx, by.Person, session, key)
		return err
	}); err != nil {
		return "", err
	}
	var p personRow
	if again {
		p, err = s.person(ctx, by)
	} else {
		p, err = s.checkWords(ctx, by, current)
	}
	if err != nil {
		return "", err
	}
	words, hash, err := s.newWords(ctx)
	if err != nil {
		return "", err
	}
	return words, s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := replacePass(ctx, tx, p.id, p.pass, hash)
		if err != nil {
			return err
		}
		if n == 0 { // changed meanwhile, or suspended
			same, err := passKeyFits(ctx, tx, p.id, session, key)
			if err != nil {
				return err
			}
			if !same {
				return fault.Conflict("pass.changed", "Your passphrase was changed elsewhere meanwhile. Nothing was changed here.")
			}
			if err := setPass(ctx, tx, p.id, hash); err != nil {
				return err
			}
		}
		if err := deleteSessions(ctx, tx, p.id, session); err != nil {
			return err
		}
		if err := forgetUses(ctx, tx, p.id); err != nil {
			return err
		}
		if err := notePassKey(ctx, tx, p.id, session, key); err != nil {
			return err
		}
		return s.Audit(ctx, tx, p.id, "passphrase", "")
	})
}

func (s *Service) newWords(ctx context.Context) (words, hash string, err error) {
	words = draw(s.IDs.Bytes)
	hash, err = s.hasher.hash(ctx, words, s.IDs.Bytes(argonSalt))
	return words, hash, err
}

// SetLocale keeps a signed-in person's language. tag is an offered locale's.
func (s *Service) SetLocale(ctx context.Context, by authz.Actor, tag string) error {
	if by.Visitor() {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return setLocale(ctx, tx, by.Person, tag) })
}
