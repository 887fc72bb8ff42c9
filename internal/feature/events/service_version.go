package events

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/version"
)

// Translate adds what an event says in another language, changes it, or removes
// it. sequence is that of the event as the form was filled, as in [Service.Update].
// The other dates of a series that are still to come get it too, where they say
// the same as this one.
func (s *Service) Translate(ctx context.Context, by authz.Actor, eid id.Event, sequence int, in VersionInput) error {
	v, err := in.parse(s.Render)
	if err != nil {
		return err
	}
	return s.edit(ctx, by, eid, func(tx *db.Tx, old, e *Event) error {
		if old.Sequence != sequence {
			return errChangedMeanwhile()
		}
		if old.ownLang(v.Lang) {
			return fault.Invalid(fault.Field("lang", "event.own_lang", "The event itself is in this language. Choose another one, or change the event."))
		}
		bring, err := bringOf(ctx, tx, eid)
		if err != nil {
			return err
		}
		v := v
		v.Of = old.said(bring)
		if err := setVersion(ctx, tx, eid, &v, in.Remove); err != nil {
			return err
		}
		return s.translateDates(ctx, tx, old, &v, in.Remove)
	})
}

func setVersion(ctx context.Context, tx *db.Tx, eid id.Event, v *Version, remove bool) error {
	if remove {
		return dropVersion(ctx, tx, eid, v.Lang)
	}
	return putVersion(ctx, tx, eid, v)
}

// translateDates brings a version to the dates of a series that say the same.
func (s *Service) translateDates(ctx context.Context, tx *db.Tx, of *Event, v *Version, remove bool) error {
	x, _, err := belongs(ctx, tx, of.ID)
	if err != nil || x == nil {
		return err
	}
	es, err := eventsFrom(ctx, tx, x.ID, day.Of(of.Local(tx.Now())), maxDates)
	if err != nil {
		return err
	}
	brings, err := bringsOf(ctx, tx, es)
	if err != nil {
		return err
	}
	for i := range es {
		old := &es[i]
		if old.ID == of.ID || old.Past(tx.Now()) || old.Lang != of.Lang || old.said(brings[old.ID]) != v.Of {
			continue
		}
		if err := setVersion(ctx, tx, old.ID, v, remove); err != nil {
			return err
		}
		e := *old
		e.Sequence, e.Updated = old.Sequence+1, tx.Now()
		if err := updateEvent(ctx, tx, old, &e, nil); err != nil {
			return err
		}
		if err := s.changed(ctx, tx, old, &e); err != nil {
			return err
		}
	}
	return nil
}

// sayIn brings one event to the first of the languages that it has a text in.
func sayIn(ctx context.Context, tx *db.Tx, e *Event, langs ...string) error {
	all, err := versionsOf(ctx, tx, "", *e)
	if err != nil {
		return err
	}
	one := []Event{*e}
	all.say(version.Choose(e.Lang, metas(all[e.ID]), langs...), one)
	*e = one[0]
	return nil
}
