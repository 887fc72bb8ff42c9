package identity

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

const (
	// tokenPrefix lets programs that look for leaked secrets know one.
	tokenPrefix = "convoke_"
	maxTokens   = 20
)

// tokenDays are how long a token may hold.
var tokenDays = [...]int{7, 30, 90, 365}

// TokenInput is a token as somebody asked for it.
type TokenInput struct {
	Name   string
	Scopes []string
	Days   int
	Key    string // of the form, which becomes the token's secret, or ""
}

func (in TokenInput) parse() (TokenInfo, error) {
	var bad []fault.FieldError
	t := TokenInfo{Name: in.Name}
	switch n := len([]rune(in.Name)); {
	case n == 0:
		bad = append(bad, fault.Field("name", "token.no_name", "Say what the token is for, so that you know it again."))
	case n > maxLabel:
		bad = append(bad, fault.Field("name", "session.label_long", "Use at most {n} characters.", "n", maxLabel))
	}
	for _, s := range api.Scopes() {
		if slices.Contains(in.Scopes, string(s)) {
			t.Scopes = append(t.Scopes, s)
		}
	}
	if len(t.Scopes) == 0 {
		bad = append(bad, fault.Field("scope", "token.no_scope", "Choose at least one thing that the token allows."))
	}
	if !slices.Contains(tokenDays[:], in.Days) {
		bad = append(bad, fault.Field("days", "token.days", "Choose how long the token holds."))
	}
	return t, fault.Invalid(bad...)
}

// MakeToken lets a program act for the actor, and returns its secret, to be
// shown once. Tokens of an older passphrase end for good.
func (s *Service) MakeToken(ctx context.Context, by authz.Actor, in TokenInput) (secret string, err error) {
	if err := signedIn(by); err != nil {
		return "", err
	}
	t, err := in.parse()
	if err != nil {
		return "", err
	}
	if secret, err = s.secretOf(in.Key); err != nil {
		return "", err
	}
	t.ID = s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		p, err := personByID(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		if err := deleteOldTokens(ctx, tx, p); err != nil {
			return err
		}
		switch old, err := tokenByHash(ctx, tx, id.Hash(secret)); {
		case err == nil && old.person.id == p.id && slices.Equal(old.Scopes, t.Scopes): // sent twice
			return nil
		case err == nil:
			return errOther()
		case !errors.Is(err, db.ErrNoRows):
			return err
		}
		have, err := tokensOf(ctx, tx, p)
		if err != nil {
			return err
		}
		if len(have) >= maxTokens {
			return fault.Conflict("token.many", "You have {n} tokens already. Revoke one that you need no more.", "n", maxTokens)
		}
		t.Ends = tx.Now().Truncate(24*time.Hour).AddDate(0, 0, in.Days)
		return insertToken(ctx, tx, p, secret, t)
	})
	return tokenPrefix + secret, err
}

// Tokens lists one's own tokens, the newest first.
func (s *Service) Tokens(ctx context.Context, by authz.Actor) ([]TokenInfo, error) {
	if err := signedIn(by); err != nil {
		return nil, err
	}
	var out []TokenInfo
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		p, err := personByID(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		out, err = tokensOf(ctx, tx, p)
		return err
	})
	return out, err
}

// RevokeToken ends one of one's own tokens. What is not one's own is absent.
func (s *Service) RevokeToken(ctx context.Context, by authz.Actor, tid string) error {
	if err := signedIn(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := deleteToken(ctx, tx, by.Person, tid)
		if err == nil && n == 0 {
			return web.ErrNotFound()
		}
		return err
	})
}

// Grant finds what a token's secret allows; see api.Tokens. It holds as long as
// its person may sign in with the passphrase of that time. The first use on a
// day is noted, and nothing else of it.
func (s *Service) Grant(ctx context.Context, secret string) (api.Grant, bool, error) {
	bare, ok := strings.CutPrefix(secret, tokenPrefix)
	if !ok || !id.ValidSecret(bare) {
		return api.Grant{}, false, nil
	}
	hash := id.Hash(bare)
	var t tokenRow
	var today int
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		today = day.Of(tx.Now())
		t, err = tokenByHash(ctx, tx, hash)
		return err
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && (t.person.suspended || !bytes.Equal(t.pass, passMark(t.person))) {
		return api.Grant{}, false, nil
	}
	if err != nil {
		return api.Grant{}, false, err
	}
	if t.usedDay < today {
		if err := s.DB.Write(ctx, func(tx *db.Tx) error { return touchToken(ctx, tx, hash, today) }); err != nil {
			return api.Grant{}, false, err
		}
	}
	return api.Grant{
		ID: t.ID, Actor: authz.Actor{Person: t.person.id, Handle: t.person.handle}, Scopes: t.Scopes, Expires: t.Ends,
	}, true, nil
}

// ExpireTokens deletes what has expired. A schedule calls it.
func (s *Service) ExpireTokens(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return deleteDeadTokens(ctx, tx) })
}
