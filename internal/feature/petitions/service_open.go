package petitions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// maxMembers bounds a closed roll.
const maxMembers = 100_000

func newSalt(ids *id.Source) string { return hex.EncodeToString(ids.Bytes(32)) }

// lastDay is the last one on which a petition can be signed: what is personal of it
// must end, even when nobody is left to end it.
func (f *Found) lastDay(now time.Time) int {
	return day.Of(day.Time(max(f.today(now), f.Petition.Opens)).AddDate(1, 0, 0))
}

// openable is the draft for somebody who may open it, as its form was filled.
func (s *Service) openable(ctx context.Context, tx *db.Tx, by authz.Actor, slug string, sequence int) (Found, error) {
	f, err := s.Editable(ctx, tx, by, slug)
	if err != nil {
		return f, err
	}
	p := &f.Petition
	switch {
	case p.State != Draft:
		return f, errState()
	case p.Sequence != sequence:
		return f, errChanged()
	case p.Closes != 0 && p.Closes < f.today(tx.Now()):
		return f, fault.Conflict("petition.closes_past", "The last day to sign is over. Change it first.")
	case p.Closes > f.lastDay(tx.Now()):
		return f, fault.Conflict("petition.closes_far", "A petition is open for a year at most. Choose an earlier last day.")
	}
	return f, nil
}

// OpenUp opens a draft for signing: its roll and its box stand in the record from
// then on, and with them the hash of what people agree to. codes are those of
// [box.GateCodes], one a line.
func (s *Service) OpenUp(ctx context.Context, by authz.Actor, slug string, sequence int, codes string) error {
	var f Found
	in := box.RollInput{Slots: 1}
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if f, err = s.openable(ctx, tx, by, slug, sequence); err != nil {
			return err
		}
		in.Gate, in.References = f.Petition.Gate, nil
		switch in.Gate {
		case box.GateMembers:
			in.References, err = s.Groups.People(ctx, tx, f.Group.ID)
		case box.GateCodes:
			in.References, err = box.ReadCodes("codes", codes)
		}
		return err
	})
	if err == nil && in.Gate == box.GateMembers && (len(in.References) == 0 || len(in.References) > maxMembers) {
		err = fault.Conflict("petition.no_members", "This group has no members who could sign, or too many for a closed list.")
	}
	if err != nil {
		return err
	}
	draft, err := s.Boxes.Prepare(ctx, in)
	if err != nil {
		return err
	}
	salt := newSalt(s.IDs)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.openable(ctx, tx, by, slug, sequence)
		if err != nil {
			return err
		}
		f.Petition.Eligible = len(in.References)
		return s.open(ctx, tx, &f, draft, salt)
	})
}

// open stores the roll and opens the box.
func (s *Service) open(ctx context.Context, tx *db.Tx, f *Found, draft *box.Draft, salt string) error {
	p := &f.Petition
	text, err := p.Text.Canonical()
	if err != nil {
		return err
	}
	hash, err := hashOf(salt, text)
	if err != nil {
		return err
	}
	zone := zoneOf(f.Group.Zone)
	m := leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, Text: hash, Goals: p.Stages, Opens: tx.Now().Unix(), MinBatch: draft.MinBatch()}
	if p.Opens > 0 {
		m.Opens = max(m.Opens, day.At(p.Opens, zone).Unix())
	}
	if p.Opens == 0 || p.Opens < f.today(tx.Now()) {
		p.Opens = f.today(tx.Now())
	}
	if p.Closes == 0 {
		p.Closes = f.lastDay(tx.Now())
	}
	m.Closes = day.At(day.After(p.Closes, 1), zone).Unix()
	if err := s.Boxes.StoreRoll(ctx, tx, draft); err != nil {
		return err
	}
	b, err := s.Boxes.Open(ctx, tx, draft.ID, 0, m)
	if err != nil {
		return err
	}
	p.State, p.listed, p.Box, p.Roll, p.Salt, p.placed = Open, true, b, draft.ID, salt, clock.Micros(tx.Now())
	return save(ctx, tx, p)
}

// Discard deletes a draft.
func (s *Service) Discard(ctx context.Context, by authz.Actor, slug string, sequence int) error {
	return s.change(ctx, by, slug, sequence, func(tx *db.Tx, f *Found) (bool, error) {
		if f.Petition.State != Draft {
			return false, errState()
		}
		touch(tx, &f.Petition)
		return false, deletePetition(ctx, tx, f.Petition.ID)
	})
}

// CloseNow ends signing for good. Again, it changes nothing.
func (s *Service) CloseNow(ctx context.Context, by authz.Actor, slug string) error {
	var p Petition
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		f, err := s.Editable(ctx, tx, by, slug)
		if err == nil && f.Petition.State == Draft {
			err = errState()
		}
		p = f.Petition
		return err
	})
	if err != nil || p.State != Open {
		return err
	}
	return s.Boxes.Close(ctx, p.Box)
}

// keepClosed is how long after its end what is personal of a petition stays that
// is never delivered; keepDelivered is after the delivery.
const (
	keepClosed    = 180
	keepDelivered = 30
)

// Closed implements the part of box.Listener that concerns petitions: the box takes
// nothing more.
func (s *Service) Closed(ctx context.Context, tx *db.Tx, b leaf.ID, _ string) error {
	p, ok, err := byBox(ctx, tx, b)
	if err != nil || !ok || p.State != Open {
		return err
	}
	p.State, p.placed = Closed, clock.Micros(tx.Now())
	p.expires = clock.Micros(tx.Now().AddDate(0, 0, keepClosed))
	return save(ctx, tx, &p)
}

// Reached implements the part of box.Listener that concerns petitions: a stage is
// reached for good.
func (s *Service) Reached(ctx context.Context, tx *db.Tx, r box.Reached) error {
	p, ok, err := byBox(ctx, tx, r.Box)
	if err != nil || !ok {
		return err
	}
	touch(tx, &p)
	return s.Facts.Emit(ctx, tx, fact.PetitionReached{
		Petition: p.ID, Group: p.Group, Campaign: p.Campaign, Goal: r.Goal, Count: r.Count, At: r.At,
	})
}

// GroupSuspended hides what a suspended group asks for, or shows it again.
func (s *Service) GroupSuspended(ctx context.Context, tx *db.Tx, x fact.GroupSuspended) error {
	tx.Touch("petitions")
	return list(ctx, tx, x.Group, !x.Suspended)
}

// maxCodes bounds how many codes are printed at a time.
const maxCodes = 500

// Print makes codes to give out on paper, which are shown only now. They are made of
// the form's key, so that sent twice it gives the same; only new ones are counted.
func (s *Service) Print(ctx context.Context, by authz.Actor, slug, key string, n int) ([]string, error) {
	if !id.ValidSecret(key) {
		return nil, fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	if n < 1 || n > maxCodes {
		return nil, fault.Invalid(fault.Field("n", "petition.codes", "Print 1 to {max} codes at a time.", "max", maxCodes))
	}
	codes := make([]string, n)
	for i := range codes {
		h := sha256.Sum256(fmt.Appendf(nil, "petition code\n%s\n%d", key, i))
		codes[i] = box.FormatCode(h[:16])
	}
	err := s.change(ctx, by, slug, anySequence, func(tx *db.Tx, f *Found) (bool, error) {
		p := &f.Petition
		if p.State != Open || p.Gate != box.GatePaper {
			return false, errState()
		}
		fresh, err := s.Boxes.PrintCodes(ctx, tx, p.Roll, codes)
		p.Codes += fresh
		return fresh > 0, err
	})
	return codes, err
}
