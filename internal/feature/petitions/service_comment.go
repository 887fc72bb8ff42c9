package petitions

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Limits of what is shown beside a petition, in characters, and of how many can
// wait to be looked at.
const (
	maxName    = 60
	maxComment = 500
	maxReason  = 300
	maxWaiting = 1000
)

// States of comments.
const (
	waiting = "waiting"
	shown   = "shown"
	hidden  = "hidden"
)

// Comment is a public name and a few words.
type Comment struct {
	Hash   []byte
	State  string
	Day    int
	Reason string // why it is not shown
	Name   string
	Text   string
	sealed []byte
}

// Ref names a comment to organizers.
func (c *Comment) Ref() string { return hex.EncodeToString(c.Hash) }

// comment is the sealed part.
type comment struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

func (p *Petition) row(hash []byte) string { return p.ID + "/" + hex.EncodeToString(hash) }

// unseal opens what is read from the database.
func unseal(k *seal.Key, p *Petition, all []Comment) error {
	for i := range all {
		b, err := k.Open("petition_comment", "sealed", p.row(all[i].Hash), all[i].sealed)
		if err != nil {
			return fmt.Errorf("open comment: %w", err)
		}
		var x comment
		if err := json.Unmarshal(b, &x); err != nil {
			return fmt.Errorf("decode comment: %w", err)
		}
		all[i].Name, all[i].Text = x.Name, x.Text
	}
	return nil
}

// public finds an open petition that everybody may know of.
func (s *Service) public(ctx context.Context, slug string) (f Found, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		f, err = s.Get(ctx, tx, authz.Actor{}, slug)
		return err
	})
	if err == nil && f.Petition.State != Open {
		err = errOver()
	}
	return f, err
}

func errOver() error {
	return fault.Gone("petition.over", "This petition is not open any more. Nothing was recorded.")
}

// Comment keeps a name and a comment until an organizer has looked at them. The
// form's key is the secret of the private link: sent twice, it is one comment.
func (s *Service) Comment(ctx context.Context, slug, key, name, text string) error {
	if !id.ValidSecret(key) {
		return errKey()
	}
	name, text = strings.Join(strings.Fields(name), " "), strings.TrimSpace(text)
	var p parser
	for _, x := range []struct {
		field, text string
		limit       int
	}{{"name", name, maxName}, {"comment", text, maxComment}} {
		if e, ok := checkPublic(x.field, x.text, x.limit); !ok {
			p.fields = append(p.fields, e)
		}
	}
	if name == "" && text == "" {
		p.fail("name", "petition.nothing", "Write a name, a comment, or both.")
	}
	if err := fault.Invalid(p.fields...); err != nil {
		return err
	}
	f, err := s.public(ctx, slug)
	if err != nil {
		return err
	}
	k, err := s.Vault.Key(ctx, f.Petition.scope())
	if err != nil {
		return err
	}
	b, err := json.Marshal(comment{name, text})
	if err != nil {
		return err
	}
	hash := id.Hash(key)
	sealed := k.Seal(s.Entropy, "petition_comment", "sealed", f.Petition.row(hash), b)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.Get(ctx, tx, authz.Actor{}, slug)
		if err != nil {
			return err
		}
		_, err = commentBy(ctx, tx, f.Petition.ID, hash)
		if !errors.Is(err, db.ErrNoRows) {
			return err // nil: the same form once more
		}
		if f.Petition.State != Open {
			return errOver()
		}
		n, err := countComments(ctx, tx, f.Petition.ID, waiting, maxWaiting)
		if err != nil {
			return err
		}
		if n >= maxWaiting {
			return fault.RateLimited("petition.many_comments", "Very many comments wait to be looked at. Please try again tomorrow. Your signature is not concerned.")
		}
		return insertComment(ctx, tx, f.Petition.ID, &Comment{Hash: hash, State: waiting, Day: f.today(tx.Now()), sealed: sealed})
	})
}

func errNoComment() error {
	return fault.NotFound("petition.no_comment", "This private link fits no comment. It may have been erased, or the petition is long over.")
}

// Mine is the comment of a private link.
func (s *Service) Mine(ctx context.Context, slug, secret string) (f Found, c Comment, err error) {
	if !id.ValidSecret(secret) {
		return f, c, errNoComment()
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if f, err = s.Get(ctx, tx, authz.Actor{}, slug); err == nil {
			c, err = commentBy(ctx, tx, f.Petition.ID, id.Hash(secret))
		}
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		err = errNoComment()
	}
	if err != nil {
		return f, c, err
	}
	one := []Comment{c}
	err = s.open1(ctx, &f.Petition, one)
	return f, one[0], err
}

func (s *Service) open1(ctx context.Context, p *Petition, all []Comment) error {
	if len(all) == 0 {
		return nil
	}
	k, err := s.Vault.Existing(ctx, p.scope())
	if errors.Is(err, seal.ErrDestroyed) {
		return errNoComment()
	}
	if err != nil {
		return err
	}
	return unseal(k, p, all)
}

// Erase removes the comment of a private link, at once and for good.
func (s *Service) Erase(ctx context.Context, slug, secret string) error {
	if !id.ValidSecret(secret) {
		return errNoComment()
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.Get(ctx, tx, authz.Actor{}, slug)
		if err != nil {
			return err
		}
		n, err := deleteComment(ctx, tx, f.Petition.ID, id.Hash(secret))
		if err == nil && n == 0 {
			err = errNoComment()
		}
		tx.Touch("petition:" + f.Petition.ID)
		return err
	})
}

// Judge shows a comment, or hides it and says why to who wrote it. ref names it.
func (s *Service) Judge(ctx context.Context, by authz.Actor, slug, ref string, show bool, reason string) error {
	hash, err := hex.DecodeString(ref)
	if err != nil || len(hash) == 0 {
		return errNoComment()
	}
	var p parser
	if reason = p.line("reason", reason, maxReason); !show && reason == "" {
		p.fail("reason", "petition.no_reason", "Say why it is not shown. Who wrote it will read it.")
	}
	if err := fault.Invalid(p.fields...); err != nil {
		return err
	}
	state := hidden
	if show {
		state, reason = shown, ""
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.Editable(ctx, tx, by, slug)
		if err != nil {
			return err
		}
		n, err := judgeComment(ctx, tx, f.Petition.ID, hash, state, reason)
		if err == nil && n == 0 {
			err = errNoComment()
		}
		tx.Touch("petition:" + f.Petition.ID)
		return err
	})
}

// Queue is what waits to be looked at, or what is shown, for organizers: at most n
// behind a place.
func (s *Service) Queue(ctx context.Context, by authz.Actor, slug, state string, after []byte, n int) (f Found, all []Comment, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if f, err = s.Editable(ctx, tx, by, slug); err == nil {
			all, err = commentsOf(ctx, tx, f.Petition.ID, state, after, n)
		}
		return err
	})
	if err != nil {
		return f, nil, err
	}
	return f, all, s.open1(ctx, &f.Petition, all)
}
