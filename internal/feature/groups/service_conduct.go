package groups

import (
	"context"
	"errors"
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Conduct is the public text of the rules of conduct; version 0 is the one that
// counts.
func (s *Service) Conduct(ctx context.Context, by authz.Actor, handle string, version int) (g Group, sub authz.Subject, t Text, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if g, sub, err = s.load(ctx, tx, by, handle); err != nil {
			return err
		}
		if version == 0 {
			version = g.Conduct
		}
		if t, err = conductOf(ctx, tx, g.ID, version); errors.Is(err, db.ErrNoRows) {
			err = web.ErrNotFound()
		}
		return err
	})
	return g, sub, t, err
}

// SetConduct publishes a version of the rules of conduct, for stewards; "" ends
// them. The same text again changes nothing, and others replace nothing when they
// were made from another version than the one that counts; "" does not tell which.
// Members are asked to accept a new version; its author has.
func (s *Service) SetConduct(ctx context.Context, by authz.Actor, handle, body, version string) error {
	html, wrong, is := render("body", body)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.check(ctx, tx, by, handle, authz.EditGroup)
		if err != nil {
			return err
		}
		if is {
			return fault.Invalid(wrong)
		}
		old, err := currentConduct(ctx, tx, g)
		if err != nil || old.Body == body {
			return err
		}
		if version != "" && version != strconv.Itoa(g.Conduct) {
			return errChanged()
		}
		t := Text{Body: body, HTML: html, Day: day.Of(tx.Now())}
		if body != "" {
			last, err := lastConduct(ctx, tx, g.ID)
			if err != nil {
				return err
			}
			t.Version = last + 1
			if err := putConduct(ctx, tx, g.ID, t); err != nil {
				return err
			}
		}
		if err := setConduct(ctx, tx, g.ID, t.Version); err != nil {
			return err
		}
		if err := acceptConduct(ctx, tx, g.ID, by.Person, t.Version); err != nil {
			return err
		}
		tx.Touch("group:" + string(g.ID))
		return s.Audit(ctx, tx, by.Person, "change conduct", string(g.ID))
	})
}

// currentConduct is the zero Text in a group without rules.
func currentConduct(ctx context.Context, tx *db.Tx, g Group) (Text, error) {
	if g.Conduct == 0 {
		return Text{}, nil
	}
	return conductOf(ctx, tx, g.ID, g.Conduct)
}

// EditableConduct returns the text that a steward may replace.
func (s *Service) EditableConduct(ctx context.Context, by authz.Actor, handle string) (g Group, t Text, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if g, _, err = s.check(ctx, tx, by, handle, authz.EditGroup); err != nil {
			return err
		}
		t, err = currentConduct(ctx, tx, g)
		return err
	})
	return g, t, err
}

// AcceptConduct notes that a member accepts the rules as they are now. An older
// version changes nothing: they are asked again.
func (s *Service) AcceptConduct(ctx context.Context, by authz.Actor, handle string, version int) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.check(ctx, tx, by, handle, authz.SeeInside)
		if err != nil || version != g.Conduct {
			return err
		}
		return acceptConduct(ctx, tx, g.ID, by.Person, version)
	})
}

// unread reports whether a member has not accepted the rules as they are now.
func (s *Service) unread(ctx context.Context, g Group, p id.Person) (bool, error) {
	if g.Conduct == 0 || p == "" || g.Suspended || g.Over() {
		return false, nil
	}
	was := 0
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		was, err = acceptedConduct(ctx, tx, g.ID, p)
		return err
	})
	if errors.Is(err, db.ErrNoRows) { // no member
		return false, nil
	}
	return was != g.Conduct, err
}
