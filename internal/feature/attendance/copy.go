package attendance

import (
	"context"
	"errors"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/geo"
	"convoke/internal/ical"
)

// EventCopied gives a further date of an event the same times to choose from,
// and the same reminders. Nobody has chosen anything there yet.
func (s *Service) EventCopied(ctx context.Context, tx *db.Tx, f fact.EventCopied) error {
	all, err := slotsOf(ctx, tx, f.From)
	if err != nil {
		return err
	}
	loc, err := geo.LoadZone(f.Zone)
	if err != nil {
		loc = time.UTC
	}
	for i := range all {
		x := Slot{ID: all[i].ID, Title: all[i].Title, Capacity: all[i].Capacity, Least: all[i].Least, Closed: all[i].Closed}
		x.Start, x.End = shifted(all[i].Start, f, loc), shifted(all[i].End, f, loc)
		x.EventAt = shifted(all[i].EventAt, f, loc) // what a move has left behind, it has here
		if !x.End.After(x.Start) {                  // around a clock change
			x.End = x.Start.Add(all[i].End.Sub(all[i].Start))
		}
		if err := insertSlot(ctx, tx, f.Event, &x); err != nil {
			return err
		}
	}
	return copyReminder(ctx, tx, f)
}

// shifted is as far from the start of the copy as t is from that of the first,
// by the clock at the place.
func shifted(t time.Time, f fact.EventCopied, loc *time.Location) time.Time {
	wall := func(t time.Time) time.Time { return ical.WallOf(t.In(loc)) }
	out, _ := ical.At(wall(f.Start).Add(wall(t).Sub(wall(f.FromStart))), loc)
	return out.UTC()
}

func copyReminder(ctx context.Context, tx *db.Tx, f fact.EventCopied) error {
	was, err := reminderOf(ctx, tx, f.From)
	if err != nil || !was.Morning && was.Feedback == "" {
		return err
	}
	r, err := rosterOf(ctx, tx, f.Event)
	if errors.Is(err, db.ErrNoRows) {
		return nil // a draft has no roster yet
	}
	if err != nil {
		return err
	}
	m := reminder{Zone: f.Zone, Morning: was.Morning, Feedback: was.Feedback}
	m.plan(r, tx.Now())
	return putReminder(ctx, tx, f.Event, m)
}
