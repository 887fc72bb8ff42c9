package members

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/id"
)

// dormancyOf is not ok for a group of which nothing is noted yet.
func dormancyOf(ctx context.Context, tx *db.Tx, g id.Group) (d Dormancy, ok bool, err error) {
	err = tx.Get(ctx, "select months, state, active_day, since_day, asked_day, coalesce(person_id, '') from dormancy where group_id = $1", []any{string(g)},
		&d.Months, &d.Phase, &d.Active, &d.Since, &d.AskedOn, &d.By)
	if errors.Is(err, db.ErrNoRows) {
		return Dormancy{Months: usualMonths, Phase: Active}, false, nil
	}
	return d, err == nil, err
}

func (*Service) putDormancy(ctx context.Context, tx *db.Tx, g id.Group, d Dormancy) error {
	return putDue(ctx, tx, g, d, d.due())
}

// putDue stores a group with another day for its next step.
func putDue(ctx context.Context, tx *db.Tx, g id.Group, d Dormancy, due int) error {
	var by any
	if d.By != "" {
		by = string(d.By)
	}
	_, err := tx.Exec(ctx, `insert into dormancy (group_id, months, state, active_day, since_day, asked_day, due_day, person_id) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (group_id) do update set months = excluded.months, state = excluded.state, active_day = excluded.active_day,
		since_day = excluded.since_day, asked_day = excluded.asked_day, due_day = excluded.due_day, person_id = excluded.person_id`,
		string(g), d.Months, string(d.Phase), d.Active, d.Since, d.AskedOn, due, by)
	if err != nil {
		return fmt.Errorf("note whether a group is looked after: %w", err)
	}
	return nil
}

// dropDormancy forgets whether anybody looks after a group.
func dropDormancy(ctx context.Context, tx *db.Tx, g id.Group) error {
	_, err := tx.Exec(ctx, "delete from dormancy where group_id = $1", string(g))
	return err
}

const selectDue = "select group_id from dormancy where due_day > 0 and due_day <= $1 order by due_day limit $2"

func dueGroups(ctx context.Context, tx *db.Tx, today, limit int) ([]id.Group, error) {
	return db.Column[id.Group](ctx, tx, selectDue, today, limit)
}

// askedBy lists the groups that a person asks to take on.
func askedBy(ctx context.Context, tx *db.Tx, p id.Person) ([]id.Group, error) {
	return db.Column[id.Group](ctx, tx, "select group_id from dormancy where person_id = $1 order by group_id", string(p))
}

// dropGroup deletes all that serves the members of a group.
func dropGroup(ctx context.Context, tx *db.Tx, g id.Group) error {
	for _, table := range [...]string{"start_page", "skill", "digest", "dormancy"} {
		if _, err := tx.Exec(ctx, "delete from "+table+" where group_id = $1", string(g)); err != nil {
			return fmt.Errorf("delete what served the members of a group: %w", err)
		}
	}
	return nil
}
