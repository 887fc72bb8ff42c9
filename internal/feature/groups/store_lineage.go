package groups

import (
	"context"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/id"
)

// vouchedIn lists all members of a group in the order of handles.
func vouchedIn(ctx context.Context, tx *db.Tx, g id.Group) ([]vouched, error) {
	return db.Query(ctx, tx, `select p.id, p.handle, m.role, coalesce(m.vouched_by, '') from member m
		join person p on p.id = m.person_id where m.group_id = $1 order by p.handle`, []any{string(g)},
		func(scan func(...any) error) (vouched, error) {
			var m vouched
			err := scan(&m.Person, &m.Handle, &m.Role, &m.By)
			return m, err
		})
}

// vouch notes who let a member in, if that is another member.
func vouch(ctx context.Context, tx *db.Tx, g id.Group, p, by id.Person) error {
	if by == "" || by == p {
		return nil
	}
	_, err := tx.Exec(ctx, `update member set vouched_by = $1 where group_id = $2 and person_id = $3
		and exists (select 1 from member v where v.group_id = $2 and v.person_id = $1)`, string(by), string(g), string(p))
	return err
}

// handDown makes those whom a member let in, who goes, children of whoever let
// that member in; g is "" for all groups.
func handDown(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	_, err := tx.Exec(ctx, `update member set vouched_by = (select v.vouched_by from member v where v.group_id = member.group_id and v.person_id = $1)
		where vouched_by = $1 and ($2 = '' or group_id = $2)`, string(p), string(g))
	if err != nil {
		return fmt.Errorf("hand a lineage down: %w", err)
	}
	return nil
}
