package alerts

import (
	"context"
	"errors"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
)

const (
	queuePage  = 50
	shownNotes = 30
	shownSeen  = 50               // reports of one case that are opened
	claimFor   = 20 * time.Minute // then somebody else may take it
	maxSkip    = 10_000
)

// Queue is what verifiers of a network see.
type Queue struct {
	*Network
	Cases  []Case
	More   bool
	Counts map[State]int
	Shifts []Shift
	Notes  []Note // of the hand-over
	Drafts []Draft
	Me     id.Person
}

// Note is what a verifier wrote for the others.
type Note struct {
	Text, Handle string
	At           time.Time
}

// SeenReport is a report as verifiers see it.
type SeenReport struct {
	Hash      []byte
	Point     geo.Point
	Note      string
	More      []string
	FirstHand bool
	Member    bool
	Photo     bool
	Seen      time.Time
	Created   time.Time
}

// CaseView is a case with all that verifiers know of it.
type CaseView struct {
	*Network
	Case
	Claimer string // handle
	Reports []SeenReport
	Notes   []Note
	Draft   *Draft
	Mine    bool // whether the actor has it
	Kept    bool // from the actor, who reported it or is related to somebody who did
}

// Verifying lists the networks in which somebody may verify.
func (s *Service) Verifying(ctx context.Context, by authz.Actor) (out []Network, err error) {
	if by.Visitor() {
		return nil, authz.Check(by, authz.VerifyAlert, authz.Subject{})
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		all, err := verifiesIn(ctx, tx, by.Person)
		for i := range all {
			n, got := s.verify(ctx, tx, by, all[i].ID)
			if got == nil {
				out = append(out, *n)
			} else if !fault.Is(got, fault.KindNotFound) {
				return got
			}
		}
		return err
	})
	return out, err
}

// queueOf is the network of a handle for one of its verifiers.
func (s *Service) queueOf(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (*Network, error) {
	n, err := s.network(ctx, tx, handle)
	if err != nil {
		return nil, err
	}
	return s.verify(ctx, tx, by, n.ID)
}

// Queue shows verifiers what waits, the surest first.
func (s *Service) Queue(ctx context.Context, by authz.Actor, handle string, state State, category string, skip int) (q Queue, err error) {
	var notes []noteRow
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := s.queueOf(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		q = Queue{Network: n, Me: by.Person}
		if q.Cases, err = casesOf(ctx, tx, n.ID, state, category, min(max(skip, 0), maxSkip), queuePage+1); err != nil {
			return err
		}
		if q.More = len(q.Cases) > queuePage; q.More {
			q.Cases = q.Cases[:queuePage]
		}
		if q.Counts, err = countCases(ctx, tx, n.ID); err != nil {
			return err
		}
		if q.Drafts, err = draftsOf(ctx, tx, n.ID, tx.Now()); err != nil {
			return err
		}
		if q.Shifts, err = shiftsOf(ctx, tx, n.ID, tx.Now()); err != nil {
			return err
		}
		notes, err = notesOf(ctx, tx, n.ID, "", shownNotes)
		return err
	})
	if err != nil {
		return q, err
	}
	q.Notes, err = s.openNotes(ctx, notes)
	return q, err
}

// openNotes leaves out what is forgotten already.
func (s *Service) openNotes(ctx context.Context, rows []noteRow) (out []Note, err error) {
	for _, r := range rows {
		k, err := s.Vault.Existing(ctx, r.Scope)
		if errors.Is(err, seal.ErrDestroyed) {
			continue
		}
		if err != nil {
			return nil, err
		}
		b, err := k.Open("alert_note", "sealed", r.ID, r.Sealed)
		if err != nil {
			return nil, err
		}
		out = append(out, Note{strings.TrimRight(string(b), " "), r.Handle, r.Created})
	}
	return out, nil
}

// Case shows a verifier a case.
func (s *Service) Case(ctx context.Context, by authz.Actor, handle, cid string) (v CaseView, err error) {
	var rows []reportRow
	var notes []noteRow
	var chain []Link
	var parts []Case
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		n, c, err := s.caseOf(ctx, tx, by, handle, cid)
		if err != nil {
			return err
		}
		v = CaseView{Network: n, Case: *c, Mine: c.ClaimedBy == string(by.Person)}
		if c.ClaimedBy != "" {
			if err := tx.Get(ctx, "select handle from person where id = $1", []any{c.ClaimedBy}, &v.Claimer); err != nil {
				return err
			}
		}
		if parts, err = withDuplicates(ctx, tx, c); err != nil {
			return err
		}
		if rows, err = reportsOf(ctx, tx, parts, shownSeen); err != nil {
			return err
		}
		if notes, err = notesOf(ctx, tx, n.ID, cid, shownNotes); err != nil {
			return err
		}
		if v.Draft, err = draftOf(ctx, tx, cid, tx.Now()); err != nil {
			return err
		}
		chain, err = s.Groups.Chain(ctx, tx, by.Person)
		return err
	})
	if err != nil {
		return v, err
	}
	if v.Notes, err = s.openNotes(ctx, notes); err != nil {
		return v, err
	}
	if v.Reports, err = s.openReports(ctx, rows); err != nil {
		return v, err
	}
	for i := range parts {
		is, err := s.suspected(ctx, by.Person, chain, &parts[i])
		if err != nil {
			return v, err
		}
		v.Kept = v.Kept || is
	}
	return v, nil
}

// withDuplicates is a case with those that are the same: what is reported to them belongs to
// it, and so do those who reported it.
func withDuplicates(ctx context.Context, tx *db.Tx, c *Case) ([]Case, error) {
	same, err := duplicates(ctx, tx, c)
	return append([]Case{*c}, same...), err
}

func (s *Service) openReports(ctx context.Context, rows []reportRow) (out []SeenReport, err error) {
	for _, r := range rows {
		k, err := s.Vault.Existing(ctx, r.Scope)
		if errors.Is(err, seal.ErrDestroyed) {
			continue
		}
		if err != nil {
			return nil, err
		}
		said, err := s.openReport(k, r)
		if err != nil {
			return nil, err
		}
		out = append(out, SeenReport{
			Hash: r.Hash, Point: geo.Point{Lat: said.Lat, Lon: said.Lon}, Note: said.Note, More: said.More, FirstHand: r.FirstHand, Member: r.Member, Photo: r.Photo,
			Seen: r.Seen, Created: r.Created,
		})
	}
	return out, nil
}

// suspected reports whether somebody is related to a verifier who reported a case, or is
// that one.
func (s *Service) suspected(ctx context.Context, p id.Person, chain []Link, c *Case) (is bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		is, err = s.reported(ctx, tx, p, chain, c)
		return err
	})
	return is, err
}

func (s *Service) reported(ctx context.Context, tx *db.Tx, p id.Person, chain []Link, c *Case) (bool, error) {
	if has, err := hasTags(ctx, tx, c.ID); err != nil || !has {
		return false, err
	}
	k, err := s.Vault.Existing(ctx, c.Scope)
	if errors.Is(err, seal.ErrDestroyed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return tagged(ctx, tx, c.ID, suspicions(k, p, chain))
}

func (s *Service) caseOf(ctx context.Context, tx *db.Tx, by authz.Actor, handle, cid string) (*Network, *Case, error) {
	n, err := s.queueOf(ctx, tx, by, handle)
	if err != nil {
		return nil, nil, err
	}
	c, ok, err := caseByID(ctx, tx, n.ID, cid)
	if err == nil && !ok {
		err = web.ErrNotFound()
	}
	return n, c, err
}

// act does something with a case that verifiers still have to do with.
func (s *Service) act(ctx context.Context, by authz.Actor, handle, cid string, do func(tx *db.Tx, n *Network, c *Case) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, c, err := s.caseOf(ctx, tx, by, handle, cid)
		if err != nil {
			return err
		}
		if err := do(tx, n, c); err != nil {
			return err
		}
		tx.Touch("alertqueue:" + n.ID)
		return putCase(ctx, tx, c)
	})
}

func errSettled() error {
	return fault.Conflict("alert.settled", "This case is settled already. Look at it again.")
}

// Claim takes a case on, so that others take another one.
func (s *Service) Claim(ctx context.Context, by authz.Actor, handle, cid string) error {
	return s.act(ctx, by, handle, cid, func(tx *db.Tx, _ *Network, c *Case) error {
		switch {
		case !c.State.open():
			return errSettled()
		case c.ClaimedBy != "" && c.ClaimedBy != string(by.Person) && tx.Now().Sub(c.Claimed) < claimFor:
			return fault.Conflict("alert.claimed", "Somebody else is checking this case. After {minutes} minutes anybody can take it over.", "minutes", int(claimFor.Minutes()))
		}
		if err := s.stranger(ctx, tx, by.Person, c); err != nil {
			return err
		}
		c.State, c.ClaimedBy, c.Claimed = Checking, string(by.Person), tx.Now().Truncate(time.Minute)
		return nil
	})
}

// Release gives a case back: for the next shift, say.
func (s *Service) Release(ctx context.Context, by authz.Actor, handle, cid string) error {
	return s.act(ctx, by, handle, cid, func(_ *db.Tx, _ *Network, c *Case) error {
		if c.State == Checking && c.ClaimedBy == string(by.Person) {
			c.State, c.ClaimedBy, c.Claimed, c.Called = Fresh, "", time.Time{}, calledNobody // it waits again
		}
		return nil
	})
}

// Deny says that a case could not be confirmed. Reopen takes that back.
func (s *Service) Deny(ctx context.Context, by authz.Actor, handle, cid string) error {
	return s.act(ctx, by, handle, cid, func(tx *db.Tx, n *Network, c *Case) error {
		switch {
		case c.State == Denied:
			return nil // the same form once more
		case !c.State.open():
			return errSettled()
		}
		c.State, c.ClaimedBy, c.Claimed = Denied, "", time.Time{}
		return errors.Join(dropDraft(ctx, tx, c.ID), s.Audit(ctx, tx, by.Person, "deny report", n.ID+" "+c.ID))
	})
}

// Reopen puts a case that was denied, or taken for another one, back into the queue.
func (s *Service) Reopen(ctx context.Context, by authz.Actor, handle, cid string) error {
	return s.act(ctx, by, handle, cid, func(tx *db.Tx, n *Network, c *Case) error {
		switch {
		case c.State.open():
			return nil // the same form once more
		case c.State != Denied && c.State != Duplicate:
			return errSettled()
		}
		of := c.Of
		c.State, c.Of, c.Called = Fresh, "", calledNobody // it waits again
		if of == "" {
			return nil
		}
		if err := recount(ctx, tx, c); err != nil {
			return err
		}
		o, ok, err := caseByID(ctx, tx, n.ID, of)
		if err != nil || !ok {
			return err
		}
		return recount(ctx, tx, o)
	})
}

// Same says that a case is the same as another one of the network.
func (s *Service) Same(ctx context.Context, by authz.Actor, handle, cid, of string) error {
	return s.act(ctx, by, handle, cid, func(tx *db.Tx, n *Network, c *Case) error {
		o, ok, err := caseByID(ctx, tx, n.ID, of)
		switch {
		case err != nil:
			return err
		case c.State == Duplicate && c.Of == of:
			return nil // the same form once more
		case !c.State.open():
			return errSettled()
		case !ok || of == cid || o.Category != c.Category:
			return errOther()
		}
		if going, err := s.going(ctx, tx, o); err != nil {
			return err
		} else if !going {
			return errOther()
		}
		if o.Seen = earliest(o.Seen, c.Seen); o.State == Fresh {
			o.Called = calledNobody // there is more to it
		}
		c.State, c.Of, c.ClaimedBy, c.Claimed = Duplicate, of, "", time.Time{}
		if err := errors.Join(putCase(ctx, tx, c), passDuplicates(ctx, tx, n.ID, cid, of)); err != nil {
			return err
		}
		return errors.Join(recount(ctx, tx, o), dropDraft(ctx, tx, c.ID), s.Audit(ctx, tx, by.Person, "same report", n.ID+" "+c.ID))
	})
}

func errOther() error {
	return fault.Invalid(fault.Field("of", "alert.no_case", "Choose another case of this network."))
}

// going reports whether verifiers still look at a case, or an alert that came of it stands.
func (s *Service) going(ctx context.Context, tx *db.Tx, c *Case) (bool, error) {
	if c.State != Confirmed {
		return c.State.open(), nil
	}
	last, ok, err := newestOf(ctx, tx, c.Chain)
	return ok && !last.over(tx.Now()), err
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Write leaves a note for the other verifiers: of a case, or for those who come next
// when cid is "". It is forgotten within a day. key is the form's.
func (s *Service) Write(ctx context.Context, by authz.Actor, handle, cid, key, text string) error {
	text = strings.TrimSpace(text)
	if err := guard("note", text); err != nil {
		return err
	}
	switch {
	case !id.ValidSecret(key):
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	case text == "":
		return fault.Invalid(fault.Field("note", "alert.note_empty", "Write what is new."))
	}
	scope := hourScope(s.now(ctx))
	k, err := s.Vault.Key(ctx, scope)
	if err != nil {
		return err
	}
	sealed := k.Seal(s.Entropy, "alert_note", "sealed", key, []byte(text+strings.Repeat(" ", maxNote-min(len(text), maxNote))))
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := s.queueOf(ctx, tx, by, handle)
		if err == nil && cid != "" {
			_, _, err = s.caseOf(ctx, tx, by, handle, cid)
		}
		if err != nil {
			return err
		}
		tx.Touch("alertqueue:" + n.ID)
		at := tx.Now().Truncate(time.Minute)
		return insertNote(ctx, tx, n.ID, &noteRow{ID: key, Case: cid, Scope: scope, Sealed: sealed, By: by.Person, Created: at}, forgottenAt(at))
	})
}

// Photo is the picture of a report, for verifiers.
func (s *Service) Photo(ctx context.Context, by authz.Actor, handle, cid string, hash []byte) ([]byte, error) {
	var scope string
	var sealed []byte
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		_, c, err := s.caseOf(ctx, tx, by, handle, cid)
		if err != nil {
			return err
		}
		parts, err := withDuplicates(ctx, tx, c)
		if err != nil {
			return err
		}
		for i := range parts {
			if scope, sealed, err = photoOf(ctx, tx, parts[i].ID, hash); !errors.Is(err, db.ErrNoRows) {
				return err
			}
		}
		return web.ErrNotFound()
	})
	if err != nil {
		return nil, err
	}
	k, err := s.Vault.Existing(ctx, scope)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, web.ErrNotFound()
	}
	if err != nil {
		return nil, err
	}
	return k.Open("alert_photo", "sealed", string(hash), sealed)
}
