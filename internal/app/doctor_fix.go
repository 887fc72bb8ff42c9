package app

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/door"
	"convoke/internal/feature/events"
	"convoke/internal/feature/turnout"
)

// rowNumbers are the last one given out and the highest in use.
func rowNumbers(ctx context.Context, tx *db.Tx) (last, high int64, err error) {
	err = tx.Get(ctx, "select cast(value as bigint) from setting where name = 'event.seq'", nil, &last)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return 0, 0, fmt.Errorf("read the counter of events: %w", err)
	}
	if err := tx.Get(ctx, "select coalesce(max(seq), 0) from event", nil, &high); err != nil {
		return 0, 0, fmt.Errorf("read the newest event: %w", err)
	}
	return last, high, nil
}

// repair counts again what drifted. Nothing that people wrote is changed.
func (d *Doctor) repair(ctx context.Context, m *db.DB) {
	for _, s := range []struct {
		check string
		do    func(context.Context, *db.DB) (bool, error)
	}{
		{"sign-ups", recountSignUps}, {"doors", recountDoors}, {"roles", recountRoles}, {"rides", recountRides}, {"turnout", recountTurnout}, {"row numbers", raiseRowNumbers}, {"text index", rebuildText},
	} {
		done, err := s.do(ctx, m)
		if err != nil {
			d.failed("repair "+s.check, err, "")
		} else if done {
			d.add("repair "+s.check, OK, "counted again", "")
		}
	}
}

func recountSignUps(ctx context.Context, m *db.DB) (bool, error) {
	var drifts []attendance.Drift
	err := m.Read(ctx, func(tx *db.Tx) (err error) {
		drifts, err = attendance.Drifts(ctx, tx)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, x := range drifts {
		// The lane of the event, as sign-ups use it: none is lost between.
		err := m.WriteHot(ctx, x.Event, func(tx *db.Tx) error { return attendance.Recount(ctx, tx, x.Event) })
		if err != nil {
			return false, fmt.Errorf("count sign-ups of %s: %w", x.Event, err)
		}
	}
	return len(drifts) > 0, nil
}

func recountDoors(ctx context.Context, m *db.DB) (bool, error) {
	var drifts []door.Drift
	err := m.Read(ctx, func(tx *db.Tx) (err error) {
		drifts, err = door.Drifts(ctx, tx)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, x := range drifts {
		err := m.WriteHot(ctx, x.Event, func(tx *db.Tx) error { return door.Recount(ctx, tx, x.Event) })
		if err != nil {
			return false, fmt.Errorf("count at the doors of %s: %w", x.Event, err)
		}
	}
	return len(drifts) > 0, nil
}

func recountTurnout(ctx context.Context, m *db.DB) (bool, error) {
	var drifts []string
	err := m.Read(ctx, func(tx *db.Tx) (err error) {
		drifts, err = turnout.Drifts(ctx, tx)
		return err
	})
	if err != nil || len(drifts) == 0 {
		return false, err
	}
	return true, turnout.New(turnout.Deps{DB: m}).Rebuild(ctx)
}

func raiseRowNumbers(ctx context.Context, m *db.DB) (bool, error) {
	done := false
	err := m.Write(ctx, func(tx *db.Tx) error {
		last, high, err := rowNumbers(ctx, tx)
		done = last < high
		if err != nil || !done {
			return err
		}
		_, err = tx.Exec(ctx, `insert into setting (name, value) values ('event.seq', $1)
			on conflict (name) do update set value = excluded.value`, fmt.Sprint(high))
		return err
	})
	return done, err
}

func rebuildText(ctx context.Context, m *db.DB) (bool, error) {
	var public, indexed int64
	err := m.Read(ctx, func(tx *db.Tx) (err error) {
		public, indexed, err = events.TextDrift(ctx, tx)
		return err
	})
	if err != nil || public == indexed {
		return false, err
	}
	return true, events.New(events.Deps{DB: m}).RebuildText(ctx)
}
