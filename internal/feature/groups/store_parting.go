package groups

import (
	"context"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// sinceOf tells since when a person belongs to each of their groups.
func sinceOf(ctx context.Context, tx *db.Tx, p id.Person) (map[id.Group]time.Time, error) {
	out := map[id.Group]time.Time{}
	err := tx.Each(ctx, "select group_id, since_day from member where person_id = $1", []any{string(p)},
		func(scan func(...any) error) error {
			var g id.Group
			var d int
			err := scan(&g, &d)
			out[g] = day.Time(d)
			return err
		})
	return out, err
}

// othersIn reports whether somebody else is a member, and a steward, of a group.
func othersIn(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (members, stewards bool, err error) {
	const q = "select role from member where group_id = $1 and person_id <> $2 order by role = $3 desc limit 1"
	roles, err := db.Column[string](ctx, tx, q, string(g), string(p), string(authz.Steward))
	return len(roles) > 0, len(roles) > 0 && authz.Role(roles[0]) == authz.Steward, err
}

func deleteMemberships(ctx context.Context, tx *db.Tx, p id.Person) error {
	if err := handDown(ctx, tx, "", p); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "delete from member where person_id = $1", string(p))
	return err
}

// stewardsBut lists the stewards of a group other than one person.
func stewardsBut(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) ([]id.Person, error) {
	return db.Column[id.Person](ctx, tx, "select person_id from member where group_id = $1 and role = $2 and person_id <> $3 order by person_id",
		string(g), string(authz.Steward), string(p))
}
