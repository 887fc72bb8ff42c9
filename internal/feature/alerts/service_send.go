package alerts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

// draftFor is how long the word of a first verifier waits for a second one.
const draftFor = 2 * time.Hour

// Draft is what one verifier wants to send. Subject is the case that it is about, the
// chain that it follows, or, of a drill, the form's key.
type Draft struct {
	Subject   string
	Network   string
	Message   Message
	By        id.Person
	Handle    string
	FirstHand bool
	Created   time.Time
}

// Hash tells whether the second verifier has read what the first one wrote.
func (d *Draft) Hash() string {
	sum := sha256.Sum256([]byte(d.Subject + "\n" + d.Message.JSON()))
	return hex.EncodeToString(sum[:8])
}

// Propose is the word of a first verifier: what is to be sent about a case (the subject is
// its id), or behind a chain (the id of its first alert), or, of a drill that begins, under
// a key of the form's. All that has to be made sure of is ticked: checked is how many.
func (s *Service) Propose(ctx context.Context, by authz.Actor, handle, subject string, m Message, firstHand bool, checked int) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := s.queueOf(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		if err := s.proposable(ctx, tx, by, n, subject, &m, checked); err != nil {
			return err
		}
		old, err := draftOf(ctx, tx, subject, tx.Now())
		if err != nil {
			return err
		}
		if old != nil && old.By != by.Person {
			switch waits, err := s.waits(ctx, tx, n, old); {
			case err != nil:
				return err
			case waits && old.Message.JSON() != m.JSON():
				return fault.Conflict("alert.proposed", "Another verifier has proposed something else meanwhile. Read that first.")
			case waits:
				return nil // the same: it is confirmed with a press of its own
			}
		}
		d := &Draft{Subject: subject, Network: n.ID, Message: m, By: by.Person, FirstHand: firstHand, Created: tx.Now()}
		if old != nil && old.By == by.Person && old.Hash() == d.Hash() {
			d.Created = old.Created // nothing new
		} else if !m.Drill {
			if err := s.callOthers(ctx, tx, n, by.Person); err != nil {
				return err
			}
		}
		tx.Touch("alertqueue:" + n.ID)
		return putDraft(ctx, tx, d, d.Created.Add(draftFor))
	})
}

// stands reports whether who proposed something may still verify.
func (s *Service) stands(ctx context.Context, tx *db.Tx, n *Network, d *Draft) (bool, error) {
	v, ok, err := verifierOf(ctx, tx, n.ID, d.By)
	if err != nil || !ok {
		return false, err
	}
	return s.mayVerify(ctx, tx, authz.Actor{Person: d.By}, v, n)
}

// waits reports whether nothing else may be proposed in place of a draft: not when who proposed
// it cannot verify that any more, nor when nobody has confirmed it for as long as a case is kept
// from others.
func (s *Service) waits(ctx context.Context, tx *db.Tx, n *Network, d *Draft) (bool, error) {
	stands, err := s.stands(ctx, tx, n, d)
	if err != nil || !stands || tx.Now().Sub(d.Created) >= claimFor {
		return false, err
	}
	c, ok, err := caseByID(ctx, tx, n.ID, d.Subject)
	if err != nil || !ok {
		return err == nil, err // it follows a chain, or begins a drill
	}
	if err = s.stranger(ctx, tx, d.By, c); fault.HasCode(err, "alert.reporter") {
		return false, nil
	}
	return err == nil, err
}

// proposable checks what is to be sent against the case or chain that it is about.
func (s *Service) proposable(ctx context.Context, tx *db.Tx, by authz.Actor, n *Network, subject string, m *Message, checked int) error {
	if n.Closed {
		return errClosed()
	}
	if err := m.check(tx.Now()); err != nil {
		return err
	}
	c, _ := categoryOf(m.Category)
	if m.Kind == fact.AlertNew && !n.has(m.Category) {
		return fault.Invalid(fault.Field("category", "alert.category", "Choose what it is about."))
	}
	if !m.Drill && checked != len(checks(c)) {
		return fault.Invalid(fault.Field("checked", "alert.checks", "Tick what you have made sure of. If something is open, check that first."))
	}
	if m.Kind != fact.AlertNew {
		last, err := s.last(ctx, tx, n.ID, subject)
		if err != nil {
			return err
		}
		if last.Drill != m.Drill || last.Category != m.Category {
			return errUnreadable()
		}
		if err := origin(last); err != nil {
			return err
		}
		m.Seen = last.Seen
		if err := follows(last, m.Kind, tx.Now()); err != nil {
			return err
		}
		return s.reaches(ctx, tx, n, last, m)
	}
	if err := inArea(ctx, tx, n.ID, "cells", m.cells()); err != nil {
		return err
	}
	if m.Drill {
		if taken, err := isSubject(ctx, tx, subject); err != nil {
			return err
		} else if taken || !id.ValidSecret(subject) { // a drill keeps nobody from sending an alert
			return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
		}
		return nil
	}
	return s.proposableCase(ctx, tx, by, n, subject, m.Category)
}

// reaches checks the cells of what follows a chain. Those of which it spoke before need not be
// of the network's area any more; of what is over nobody else is told.
func (s *Service) reaches(ctx context.Context, tx *db.Tx, n *Network, last *Alert, m *Message) error {
	fresh, err := s.fresh(ctx, tx, last.Chain, m)
	switch {
	case err != nil || len(fresh) == 0:
		return err
	case last.over(tx.Now()):
		return errOver()
	}
	return inArea(ctx, tx, n.ID, "cells", fresh)
}

// fresh are the cells of a message of which its chain has not spoken.
func (s *Service) fresh(ctx context.Context, tx *db.Tx, chain string, m *Message) ([]geo.GridCell, error) {
	all, err := chainOf(ctx, tx, chain)
	out := m.cells()
	for i := range all {
		out = slices.DeleteFunc(out, func(c geo.GridCell) bool { return slices.Contains(all[i].cells(), c) })
	}
	return out, err
}

func (s *Service) proposableCase(ctx context.Context, tx *db.Tx, by authz.Actor, n *Network, cid, category string) error {
	k, ok, err := caseByID(ctx, tx, n.ID, cid)
	switch {
	case err != nil:
		return err
	case !ok:
		return web.ErrNotFound()
	case k.Category != category:
		return errUnreadable()
	case k.Chain != "":
		return fault.Conflict("alert.sent_already", "An alert about this case is out already. Update, correct or withdraw that.")
	case !k.State.open() || !k.Expires.After(tx.Now()):
		return errSettled()
	}
	return s.stranger(ctx, tx, by.Person, k)
}

// stranger refuses somebody who reported a case, or is related to one who did.
func (s *Service) stranger(ctx context.Context, tx *db.Tx, p id.Person, c *Case) error {
	chain, err := s.Groups.Chain(ctx, tx, p)
	if err != nil {
		return err
	}
	parts, err := withDuplicates(ctx, tx, c)
	if err != nil {
		return err
	}
	for i := range parts {
		is, err := s.reported(ctx, tx, p, chain, &parts[i])
		if err == nil && is {
			err = fault.Conflict("alert.reporter", "You, or somebody of your lineage in a group, reported this. Other verifiers have to check it.")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// last is the newest alert of a chain of a network.
func (s *Service) last(ctx context.Context, tx *db.Tx, nid, chain string) (*Alert, error) {
	a, ok, err := newestOf(ctx, tx, chain)
	if err == nil && (!ok || a.Network != nid) {
		err = web.ErrNotFound()
	}
	return a, err
}

// Confirm is the word of a second verifier, who has read what hash stands for: it goes
// out. It returns the alert's id.
func (s *Service) Confirm(ctx context.Context, by authz.Actor, handle, subject, hash string, firstHand bool, checked int) (sent string, err error) {
	salt := s.IDs.Bytes(16)
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := s.queueOf(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		d, err := draftOf(ctx, tx, subject, tx.Now())
		if err != nil {
			return err
		}
		if d == nil || d.Network != n.ID {
			return fault.Conflict("alert.no_draft", "Nothing is proposed any more. Perhaps it is sent already.")
		}
		if d.Hash() != hash {
			return fault.Conflict("alert.draft_changed", "What is proposed has changed meanwhile. Read it again.")
		}
		switch stands, err := s.stands(ctx, tx, n, d); {
		case err != nil:
			return err
		case !stands:
			return fault.Conflict("alert.first_gone", "Who proposed this is no verifier any more. Propose it yourself.")
		}
		related, err := s.related(ctx, tx, d.By, by.Person)
		if err != nil {
			return err
		}
		seen, err := s.mustBeSeen(ctx, tx, d)
		if err != nil {
			return err
		}
		if err := enough(seen, part{d.By, d.FirstHand}, part{by.Person, firstHand}, related); err != nil {
			return err
		}
		for _, who := range []authz.Actor{by, {Person: d.By}} { // who proposed it may have reported it since
			if err := s.proposable(ctx, tx, who, n, subject, &d.Message, checked); err != nil {
				return err
			}
		}
		a := &Alert{Message: d.Message, Network: n.ID, Verifiers: 2, FirstHand: count(d.FirstHand, firstHand)}
		sent, err = s.send(ctx, tx, n, subject, a, salt)
		if err != nil {
			return err
		}
		return errors.Join(dropDraft(ctx, tx, subject), s.Audit(ctx, tx, by.Person, "send alert", n.ID+" "+sent), s.Audit(ctx, tx, d.By, "propose alert", n.ID+" "+sent))
	})
	return sent, err
}

// mustBeSeen reports whether one of the two verifiers has to have seen what is proposed: what
// is new, and what concerns cells that were not told of it. Nobody has seen a drill.
func (s *Service) mustBeSeen(ctx context.Context, tx *db.Tx, d *Draft) (bool, error) {
	if d.Message.Drill || d.Message.Kind == fact.AlertNew {
		return !d.Message.Drill, nil
	}
	fresh, err := s.fresh(ctx, tx, d.Subject, &d.Message)
	return len(fresh) > 0, err
}

func count(all ...bool) (n int) {
	for _, x := range all {
		if x {
			n++
		}
	}
	return n
}

// Withdraw takes a chain back. One verifier is enough: a mistake must not stand while
// somebody looks for a second one.
func (s *Service) Withdraw(ctx context.Context, by authz.Actor, handle, chain string) (sent string, err error) {
	salt := s.IDs.Bytes(16)
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := s.queueOf(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		last, err := s.last(ctx, tx, n.ID, chain)
		if err != nil {
			return err
		}
		if last.Kind == fact.AlertWithdraw {
			sent = last.ID
			return nil
		}
		if err := follows(last, fact.AlertWithdraw, tx.Now()); err != nil {
			return err
		}
		m := last.Message
		m.Kind, m.Lasts = fact.AlertWithdraw, int(lastsAtMost.Minutes())
		if m.Passed != nil { // it is this network that takes it back
			m.Passed = &Passed{m.Passed.Chain, n.Name, m.Passed.Cells}
		}
		a := &Alert{Message: m, Network: n.ID, Verifiers: 1}
		if sent, err = s.send(ctx, tx, n, chain, a, salt); err != nil {
			return err
		}
		return errors.Join(dropDraft(ctx, tx, chain), s.Audit(ctx, tx, by.Person, "withdraw alert", n.ID+" "+sent))
	})
	return sent, err
}

// send lets an alert go out: its row, its line in the public record, and the fact by which
// it reaches people, in one transaction.
func (s *Service) send(ctx context.Context, tx *db.Tx, n *Network, subject string, a *Alert, salt []byte) (string, error) {
	a.ID, a.Sent = s.IDs.New(), tx.Now().Truncate(time.Second)
	a.Expires = a.Sent.Add(time.Duration(a.Lasts) * time.Minute)
	a.Chain, a.N, a.Salt = a.ID, 1, hex.EncodeToString(salt)
	limited := a.Kind != fact.AlertWithdraw
	if a.Kind != fact.AlertNew {
		last, err := s.last(ctx, tx, n.ID, subject)
		if err != nil {
			return "", err
		}
		a.Chain, a.N = last.Chain, last.N+1
		if a.Passed != nil { // see follow
			limited = a.Kind == fact.AlertUpdate && !a.Expires.Before(last.Expires)
		}
	}
	counts := a.Kind != fact.AlertWithdraw && !a.Drill && !a.byItself()
	if limited {
		if err := rate(ctx, tx, a); err != nil {
			return "", err
		}
	}
	a.Hash = a.textHash(n)
	line, err := leaf.Canonical(a.line(n))
	if err != nil {
		return "", err
	}
	if _, err := s.Record.Append(ctx, tx, record.NodeLog, leaf.Alert{JSON: line}.Encode()); err != nil {
		return "", err
	}
	if err := errors.Join(insertAlert(ctx, tx, a, counts), addCount(ctx, tx, a, n.Zone)); err != nil {
		return "", err
	}
	if a.Kind == fact.AlertNew && !a.Drill {
		if err := s.settle(ctx, tx, n, subject, a); err != nil {
			return "", err
		}
	}
	tx.Touch("alerts", "alerts:"+n.ID, "alert:"+a.Chain, "alertqueue:"+n.ID)
	err = s.Facts.Emit(ctx, tx, fact.AlertSent{
		Alert: a.ID, Chain: a.Chain, Kind: a.Kind, Drill: a.Drill, Category: a.Category, Cells: numbers(a.cells()), Expires: a.Expires,
	})
	if err == nil && a.Kind != fact.AlertNew && !a.Drill && a.Passed == nil {
		err = s.follow(ctx, tx, n, a)
	}
	return a.ID, err
}

// settle notes that an alert came of a case.
func (s *Service) settle(ctx context.Context, tx *db.Tx, n *Network, cid string, a *Alert) error {
	c, ok, err := caseByID(ctx, tx, n.ID, cid)
	if err != nil || !ok {
		return err
	}
	c.State, c.Chain, c.ClaimedBy, c.Claimed = Confirmed, a.Chain, "", time.Time{}
	return putCase(ctx, tx, c)
}

// rate keeps a cell from being warned more often than people can bear. Drills are counted
// for themselves, by network: they hold up no alert.
func rate(ctx context.Context, tx *db.Tx, a *Alert) error {
	if a.Drill {
		n, err := drillsSince(ctx, tx, a.Network, a.Sent.Add(-time.Hour))
		if err == nil && n >= perHour {
			err = fault.Conflict("alert.many_drills", "This network sent {max} messages of drills within an hour. Wait until the hour is over.", "max", perHour)
		}
		return err
	}
	for _, c := range a.cells() {
		n, err := sentSince(ctx, tx, c, a.Sent.Add(-time.Hour))
		if err != nil {
			return err
		}
		if n >= perHour {
			return fault.Conflict("alert.often", "{max} alerts went to the cell {cell} within an hour, and no more may, beside withdrawals. Wait, or leave the cell out.", "max", perHour, "cell", c.String())
		}
	}
	return nil
}

func numbers(cells []geo.GridCell) []int64 {
	out := make([]int64, len(cells))
	for i, c := range cells {
		out[i] = int64(c)
	}
	return out
}

// line is what the public record has of an alert.
func (a *Alert) line(n *Network) leaf.AlertLine {
	l := leaf.AlertLine{
		V: 1, Alert: a.ID, Chain: a.Chain, N: a.N, Kind: string(a.Kind), Drill: a.Drill, Network: n.Handle, Text: a.Hash, Sent: a.Sent.Unix(), Expires: a.Expires.Unix(),
	}
	for i := range a.Verifiers {
		l.Verifiers = append(l.Verifiers, leaf.AlertVerifier{Role: "verifier", FirstHand: i < a.FirstHand})
	}
	return l
}

// Statement is what the hash in the public record is of, behind the salt.
func (a *Alert) Statement(n *Network) string { return n.Handle + "\n" + a.Message.JSON() }

func (a *Alert) textHash(n *Network) string {
	sum := sha256.Sum256([]byte(a.Salt + "\n" + a.Statement(n)))
	return hex.EncodeToString(sum[:])
}

// Next is what verifiers begin with when they change a chain: what was said last.
func (s *Service) Next(ctx context.Context, by authz.Actor, handle, chain string) (n *Network, last *Alert, d *Draft, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if n, err = s.queueOf(ctx, tx, by, handle); err != nil {
			return err
		}
		if last, err = s.last(ctx, tx, n.ID, chain); err != nil {
			return err
		}
		d, err = draftOf(ctx, tx, chain, tx.Now())
		return err
	})
	return n, last, d, err
}

// reach is how many would hear of a message, and whether that is known.
func (s *Service) reach(ctx context.Context, tx *db.Tx, m *Message, chain string) (int, bool, error) {
	if s.Audience == nil {
		return 0, false, nil
	}
	if m.Kind == fact.AlertNew {
		chain = ""
	}
	cells := m.cells()
	slices.Sort(cells)
	n, err := s.Audience(ctx, tx, cells, chain)
	return n, true, err
}
