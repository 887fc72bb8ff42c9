package polls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/markdown"
	"convoke/internal/record/leaf"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// end settles a proposal; its discussion is erased some time later.
func (p *Proposal) end(tx *db.Tx, s State) {
	p.State, p.Decided, p.Ends = s, tx.Now(), day.After(day.Of(tx.Now()), keepDiscussion)
}

func errOver() error {
	return fault.Conflict("proposal.over", "This was decided or withdrawn, so the discussion is over.")
}

// said is what is sealed of a comment.
type said struct {
	Text string `json:"text"`
}

// wanted is what is sealed of an amendment.
type wanted struct {
	Body    string   `json:"body"`
	Options []string `json:"options,omitempty"`
	Why     string   `json:"why"`
}

func sealJSON(s *Service, k *seal.Key, table, row string, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return k.Seal(s.Entropy, table, "sealed", row, text), nil
}

func openJSON[T any](k *seal.Key, table, row string, sealed []byte) (v T, err error) {
	text, err := k.Open(table, "sealed", row, sealed)
	if err != nil {
		return v, fmt.Errorf("open %s: %w", table, err)
	}
	return v, json.Unmarshal(text, &v)
}

// key is that of a discussion, nil when there was none or it is erased.
func (s *Service) key(ctx context.Context, pid string) (*seal.Key, error) {
	k, err := s.Vault.Existing(ctx, ScopePrefix+pid)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, nil //nolint:nilnil // no key is an answer
	}
	return k, err
}

// Say adds to the discussion, or answers a comment. key is that of the page, which has
// a form for each.
func (s *Service) Say(ctx context.Context, by authz.Actor, pid, key, parent, typed string) error {
	if !id.ValidSecret(key) {
		return errKey()
	}
	if p, _, err := s.may(ctx, by, pid, authz.Discuss); err != nil {
		return err
	} else if !p.talks() {
		return errOver() // its key may be destroyed
	}
	var bad parser
	if typed == "" {
		bad.fail("text", "proposal.no_comment", "Write what you want to say.")
	}
	bad.long("text", typed, maxComment)
	if err := fault.Invalid(bad.fields...); err != nil {
		return err
	}
	k, err := s.Vault.Key(ctx, ScopePrefix+pid)
	if err != nil {
		return err
	}
	cid := s.IDs.New()
	sealed, err := sealJSON(s, k, CommentTable, cid, said{Text: typed})
	if err != nil {
		return err
	}
	return s.act(ctx, by, pid, authz.Discuss, func(tx *db.Tx, p *Proposal, _ Group, _ inside) error {
		if !p.talks() {
			return errOver()
		}
		if parent != "" {
			c, err := commentBy(ctx, tx, p.ID, parent)
			if errors.Is(err, db.ErrNoRows) || err == nil && c.Parent != "" {
				return web.ErrNotFound()
			}
			if err != nil {
				return err
			}
		}
		old, err := commentForm(ctx, tx, key+"/"+parent)
		if err == nil && len(old.Sealed) > 0 {
			before, err := openJSON[said](k, CommentTable, old.ID, old.Sealed)
			if err == nil && before.Text != typed {
				err = errUsed()
			}
			return err // nil: the same form once more
		}
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return err
		}
		touch(tx, p)
		return insertComment(ctx, tx, comment{ID: cid, Form: key + "/" + parent, Proposal: p.ID, Parent: parent, Wrote: by.Person, Sealed: sealed})
	})
}

// Hide erases a comment: an organizer with a reason, or without one whoever wrote it.
func (s *Service) Hide(ctx context.Context, by authz.Actor, pid, cid, why string) error {
	return s.act(ctx, by, pid, authz.Discuss, func(tx *db.Tx, p *Proposal, _ Group, in inside) error {
		c, err := commentBy(ctx, tx, p.ID, cid)
		if errors.Is(err, db.ErrNoRows) {
			return web.ErrNotFound()
		}
		if err != nil || c.Hidden != "" {
			return err
		}
		touch(tx, p)
		if c.Wrote == by.Person {
			return hideComment(ctx, tx, cid, takenBack)
		}
		if err := authz.Check(by, authz.RunPoll, in.subject()); err != nil {
			return err
		}
		var bad parser
		if why == "" || why == takenBack {
			bad.fail("why", "proposal.no_reason", "Say why: everybody who could read it sees your reason.")
		}
		bad.long("why", why, maxNote)
		if err := fault.Invalid(bad.fields...); err != nil {
			return err
		}
		if err := s.Audit(ctx, tx, by.Person, "hide comment", cid+" "+string(p.Group)); err != nil {
			return err
		}
		return hideComment(ctx, tx, cid, why)
	})
}

// AmendInput is a changed text as somebody typed it.
type AmendInput struct{ Body, Options, Why string }

// Amend proposes a changed text. key is the form's.
func (s *Service) Amend(ctx context.Context, by authz.Actor, pid, key string, in AmendInput) (aid string, err error) {
	if !id.ValidSecret(key) {
		return "", errKey()
	}
	p, _, err := s.may(ctx, by, pid, authz.Discuss)
	if err != nil {
		return "", err
	}
	if !p.talks() {
		return "", errOver()
	}
	w, err := in.parse(&p)
	if err != nil {
		return "", err
	}
	k, err := s.Vault.Key(ctx, ScopePrefix+pid)
	if err != nil {
		return "", err
	}
	fresh := s.IDs.New()
	sealed, err := sealJSON(s, k, AmendmentTable, fresh, w)
	if err != nil {
		return "", err
	}
	err = s.act(ctx, by, pid, authz.Discuss, func(tx *db.Tx, now *Proposal, _ Group, _ inside) error {
		if aid, err = amendmentForm(ctx, tx, key); err != nil {
			return err
		}
		if aid != "" {
			return sameAmendment(ctx, tx, now.ID, aid, k, &w)
		}
		switch {
		case now.State != Discussed:
			return fault.Conflict("proposal.no_amendments", "Changes can be proposed while a proposal is in discussion.")
		case now.Version != p.Version:
			return errChanged()
		}
		all, err := amendmentsOf(ctx, tx, now.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxAmendments {
			return fault.Conflict("proposal.many_amendments", "There are very many changes proposed already. Talk about them first.")
		}
		aid = fresh
		touch(tx, now)
		return insertAmendment(ctx, tx, amendment{ID: fresh, Proposal: now.ID, Form: key, Wrote: by.Person, Sealed: sealed, Base: now.Version, State: Proposed})
	})
	return aid, err
}

// sameAmendment refuses a key that made another amendment than w.
func sameAmendment(ctx context.Context, tx *db.Tx, p ID, aid string, k *seal.Key, w *wanted) error {
	a, ok, err := amendmentBy(ctx, tx, p, aid)
	if err != nil || !ok {
		return errors.Join(err, errUsed())
	}
	old, err := openJSON[wanted](k, AmendmentTable, a.ID, a.Sealed)
	if err == nil && (old.Body != w.Body || old.Why != w.Why || !slices.Equal(old.Options, w.Options)) {
		err = errUsed()
	}
	return err
}

// parse checks a changed text of p.
func (in *AmendInput) parse(p *Proposal) (wanted, error) {
	var bad parser
	as := Input{Title: p.Title, Lang: p.Lang, Body: in.Body, Options: in.Options}
	next := as.text(&bad)
	bad.long("why", in.Why, maxWhy)
	if in.Why == "" {
		bad.fail("why", "proposal.no_why", "Say why this is better.")
	}
	if len(bad.fields) == 0 && next.Body == p.Body && strings.Join(next.Options, "\n") == join(p.Options) {
		bad.fail("body", "proposal.same", "This is the text as it is. Change something in it.")
	}
	return wanted{next.Body, next.Options, in.Why}, fault.Invalid(bad.fields...)
}

// What can be done with an amendment besides voting on it.
const (
	doAccept  = "accept"
	doDecline = "decline"
	doRetire  = "retire"
)

// Answer accepts an amendment into the text, or declines it, for who wrote the
// proposal and for organizers; whoever wrote the amendment takes it back.
func (s *Service) Answer(ctx context.Context, by authz.Actor, pid, aid, do string) error {
	k, err := s.key(ctx, pid)
	if err != nil {
		return err
	}
	return s.act(ctx, by, pid, authz.Discuss, func(tx *db.Tx, p *Proposal, _ Group, in inside) error {
		a, ok, err := amendmentBy(ctx, tx, p.ID, aid)
		if err != nil {
			return err
		}
		if !ok || k == nil {
			return web.ErrNotFound()
		}
		becomes := map[string]AmendmentState{doAccept: Accepted, doDecline: Declined, doRetire: Retired}[do]
		switch {
		case becomes == "":
			return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
		case a.State == becomes:
			return nil
		case a.State != Proposed || p.State != Discussed:
			return errFrozen()
		}
		if do == doRetire && a.Wrote != by.Person {
			return authz.Check(authz.Actor{Person: by.Person}, authz.EditProposal, authz.Subject{})
		}
		if do != doRetire {
			if err := authz.Check(by, authz.EditProposal, in.edits()); err != nil {
				return err
			}
		}
		if do == doAccept {
			if err := s.accept(ctx, tx, p, &a, k); err != nil {
				return err
			}
		}
		if err := putAmendmentState(ctx, tx, aid, becomes); err != nil {
			return err
		}
		return s.store(ctx, tx, p)
	})
}

func errOlder() error {
	return fault.Conflict("proposal.older", "The text has changed since this was proposed. Propose it again on the text as it is now.")
}

// accept puts an amendment into the text as a new version. The caller stores p.
func (s *Service) accept(ctx context.Context, tx *db.Tx, p *Proposal, a *amendment, k *seal.Key) error {
	if a.Base != p.Version {
		return errOlder()
	}
	w, err := openJSON[wanted](k, AmendmentTable, a.ID, a.Sealed)
	if err != nil {
		return err
	}
	html, err := markdown.Render(w.Body)
	if err != nil {
		return err
	}
	if err := insertVersion(ctx, tx, p, w.Why); err != nil {
		return err
	}
	p.Version++
	p.Body, p.HTML, p.Options = w.Body, html, w.Options
	return nil
}

// Expire withdraws what nobody has touched for long, and erases discussions whose time
// is over, with their keys. It runs every hour.
func (s *Service) Expire(ctx context.Context) error {
	var old []ID
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		old, err = forgotten(ctx, tx, clock.Micros(tx.Now().Add(-maxUntouched*24*time.Hour)), dueAtOnce)
		return err
	})
	for _, pid := range old {
		err = errors.Join(err, s.DB.Write(ctx, func(tx *db.Tx) error {
			p, err := proposalBy(ctx, tx, "id", string(pid))
			if err != nil || !p.open() {
				return err
			}
			if err := s.withdrawn(ctx, tx, &p); err != nil {
				return err
			}
			return s.store(ctx, tx, &p)
		}))
	}
	for {
		n, e := s.erase(ctx)
		if err = errors.Join(err, e); e != nil || n < dueAtOnce {
			return err
		}
	}
}

// erase erases some discussions, and says how many.
func (s *Service) erase(ctx context.Context) (int, error) {
	var scopes []string
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		scopes = nil
		all, err := over(ctx, tx, dueAtOnce)
		if err != nil {
			return err
		}
		for _, pid := range all {
			if err := s.eraseOne(ctx, tx, pid); err != nil {
				return err
			}
			scopes = append(scopes, ScopePrefix+string(pid))
			tx.Touch("proposal:" + string(pid))
		}
		return nil
	})
	if err != nil || len(scopes) == 0 {
		return 0, err
	}
	return len(scopes), s.Vault.Replay(ctx, scopes)
}

// eraseOne deletes who said what about a proposal, and why they blocked it.
func (s *Service) eraseOne(ctx context.Context, tx *db.Tx, pid ID) error {
	all, err := boxesOf(ctx, tx, pid)
	if err != nil {
		return err
	}
	for _, text := range all {
		b, err := leaf.ParseID(text)
		if err != nil {
			return err
		}
		if err := s.Boxes.EraseReasons(ctx, tx, b); err != nil {
			return err
		}
	}
	return eraseDiscussion(ctx, tx, pid)
}

// GroupCleared hears that a group ended its work long ago: what its members said to
// each other ends with it. The keys go with the next [Service.Expire].
func (s *Service) GroupCleared(ctx context.Context, tx *db.Tx, f fact.GroupCleared) error {
	all, err := idsOfGroup(ctx, tx, f.Group)
	if err != nil {
		return err
	}
	for _, pid := range all {
		_, err := tx.Exec(ctx, "update poll_proposal set ends_day = $2 where id = $1", string(pid), day.Of(tx.Now()))
		if err != nil {
			return fmt.Errorf("end a discussion: %w", err)
		}
		tx.Touch("proposal:" + string(pid))
	}
	return nil
}

// MemberLeft hears that somebody left a group: no task waits for them there.
func (s *Service) MemberLeft(ctx context.Context, tx *db.Tx, f fact.MemberLeft) error {
	return forget(ctx, tx, f.Group, f.Person)
}

// Wrote is a row that names a person, as they are told what is held of them.
type Wrote struct{ Title, Table string }

// HeldOf lists what a person wrote or opened, for themselves.
func (s *Service) HeldOf(ctx context.Context, tx *db.Tx, p id.Person) ([]Wrote, error) {
	return wroteBy(ctx, tx, p)
}
