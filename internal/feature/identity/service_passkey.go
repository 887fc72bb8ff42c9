package identity

import (
	"context"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Passkeys lists one's keys, the oldest first.
func (s *Service) Passkeys(ctx context.Context, by authz.Actor) ([]Passkey, error) {
	if err := signedIn(by); err != nil {
		return nil, err
	}
	u, err := s.passkeyUser(ctx, by.Person)
	var out []Passkey
	for _, k := range u.keys {
		out = append(out, k.Passkey)
	}
	return out, err
}

func (s *Service) passkeyUser(ctx context.Context, p id.Person) (u passkeyUser, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		u, err = readPasskeyUser(ctx, tx, p)
		return err
	})
	return u, err
}

func readPasskeyUser(ctx context.Context, tx *db.Tx, p id.Person) (u passkeyUser, err error) {
	if u.person, err = personByID(ctx, tx, p); err == nil {
		u.keys, err = passkeysOf(ctx, tx, p)
	}
	return u, err
}

// askPasskey begins a ceremony: what it returns goes to the browser as JSON.
func (s *Service) askPasskey(ctx context.Context, w *webauthn.WebAuthn, by authz.Actor, use passkeyUse) (any, error) {
	var options any
	var session *webauthn.SessionData
	var err error
	if use == passkeySignIn {
		by = authz.Actor{}
		options, session, err = w.BeginDiscoverableLogin()
	} else {
		if err := signedIn(by); err != nil {
			return nil, err
		}
		var u passkeyUser
		if u, err = s.passkeyUser(ctx, by.Person); err != nil {
			return nil, err
		}
		switch {
		case use == passkeyProve && len(u.keys) == 0:
			return nil, errPasskey()
		case use == passkeyProve:
			options, session, err = w.BeginLogin(u)
		case len(u.keys) >= maxPasskeys:
			return nil, fault.Conflict("passkey.many", "You have {n} passkeys already. Remove one that you need no more.", "n", maxPasskeys)
		default:
			options, session, err = w.BeginRegistration(u, webauthn.WithExclusions(webauthn.Credentials(u.WebAuthnCredentials()).CredentialDescriptors()))
		}
	}
	if err != nil {
		return nil, err
	}
	return options, s.DB.Write(ctx, func(tx *db.Tx) error { return insertChallenge(ctx, tx, by.Person, use, *session) })
}

// takeChallenge uses up the challenge that a browser answers. It is gone also
// when the answer turns out wrong.
func (s *Service) takeChallenge(ctx context.Context, p id.Person, use passkeyUse, credential []byte) (c webauthn.SessionData, err error) {
	if len(credential) > maxCredential {
		return c, errPasskey()
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		c, err = takeChallenge(ctx, tx, p, use, challengeOf(credential))
		return err
	})
	if isNone(err) {
		err = errPasskey()
	}
	return c, err
}

// AddPasskey keeps a key that the actor's browser made.
func (s *Service) AddPasskey(ctx context.Context, w *webauthn.WebAuthn, by authz.Actor, name string, credential []byte) error {
	if err := signedIn(by); err != nil {
		return err
	}
	if err := passkeyName(name); err != nil {
		return err
	}
	session, err := s.takeChallenge(ctx, by.Person, passkeyAdd, credential)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return fault.Because(errPasskey(), err)
	}
	u, err := s.passkeyUser(ctx, by.Person)
	if err != nil {
		return err
	}
	c, err := w.CreateCredential(u, session, parsed)
	if err != nil {
		return fault.Because(errPasskey(), err)
	}
	kid := s.IDs.Secret()
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		ok, err := insertPasskey(ctx, tx, by.Person, kid, name, plain(*c))
		if err == nil && !ok {
			err = errPasskey()
		}
		if err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "add passkey", "")
	})
}

func passkeyName(name string) error {
	switch n := len([]rune(name)); {
	case n == 0:
		return fault.Invalid(fault.Field("name", "passkey.no_name", "Give it a name by which you know it again."))
	case n > maxLabel:
		return fault.Invalid(fault.Field("name", "session.label_long", "Use at most {n} characters.", "n", maxLabel))
	}
	return nil
}

// SignInPasskey lets in whoever a key belongs to and returns the secret of a new
// session; old is as in [Service.SignIn].
func (s *Service) SignInPasskey(ctx context.Context, w *webauthn.WebAuthn, credential []byte, old string) (secret string, err error) {
	session, err := s.takeChallenge(ctx, "", passkeySignIn, credential)
	if err != nil {
		return "", err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return "", fault.Because(errPasskey(), err)
	}
	secret, sid := s.IDs.Secret(), s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		k, err := passkeyByCredential(ctx, tx, parsed.RawID)
		if isNone(err) {
			return errPasskey()
		}
		if err != nil {
			return err
		}
		u, err := readPasskeyUser(ctx, tx, k.person)
		if err != nil {
			return err
		}
		p := u.person
		_, c, err := w.ValidatePasskeyLogin(func([]byte, []byte) (webauthn.User, error) { return u, nil }, session, parsed)
		if err != nil || cloned(c) || p.suspended {
			return fault.Because(errPasskey(), err)
		}
		if old != "" {
			if err := endSession(ctx, tx, old); err != nil {
				return err
			}
		}
		if err := usePasskey(ctx, tx, plain(*c)); err != nil {
			return err
		}
		if err := forgetUses(ctx, tx, p.id); err != nil {
			return err
		}
		return insertSession(ctx, tx, p.id, sid, secret)
	})
	return secret, err
}

// ProvePasskey notes that the actor used one of their keys in a session.
func (s *Service) ProvePasskey(ctx context.Context, w *webauthn.WebAuthn, by authz.Actor, session string, credential []byte) error {
	if err := signedIn(by); err != nil {
		return err
	}
	asked, err := s.takeChallenge(ctx, by.Person, passkeyProve, credential)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return fault.Because(errPasskey(), err)
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		u, err := readPasskeyUser(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		c, err := w.ValidateLogin(u, asked, parsed)
		if err != nil || cloned(c) {
			return fault.Because(errPasskey(), err)
		}
		if err := usePasskey(ctx, tx, plain(*c)); err != nil {
			return err
		}
		n, err := proveSession(ctx, tx, u.person, session)
		if err == nil && n == 0 {
			return signedIn(authz.Actor{})
		}
		return err
	})
}

// RenamePasskey names one of one's own keys. What is not one's own is absent.
func (s *Service) RenamePasskey(ctx context.Context, by authz.Actor, kid, name string) error {
	if err := signedIn(by); err != nil {
		return err
	}
	if err := passkeyName(name); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return foundOne(renamePasskey(ctx, tx, by.Person, kid, name)) })
}

// RemovePasskey forgets one of one's own keys.
func (s *Service) RemovePasskey(ctx context.Context, by authz.Actor, kid string) error {
	if err := signedIn(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := foundOne(deletePasskey(ctx, tx, by.Person, kid)); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "remove passkey", "")
	})
}

// foundOne is absent when nothing was changed.
func foundOne(n int64, err error) error {
	if err == nil && n == 0 {
		return web.ErrNotFound()
	}
	return err
}
