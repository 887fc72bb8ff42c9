package groups

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/id"
)

// Link is a member on the way from somebody up to whoever came into a group first: each
// let in the one before. Root says that nobody let them in.
type Link struct {
	Group  id.Group
	Person id.Person
	Root   bool
}

// Chain is the lineage of somebody in all their groups, they among them, in no order.
func (s *Service) Chain(ctx context.Context, tx *db.Tx, p id.Person) ([]Link, error) {
	return db.Query(ctx, tx, `with recursive up (group_id, person_id, vouched_by) as (
			select group_id, person_id, vouched_by from member where person_id = $1
			union
			select m.group_id, m.person_id, m.vouched_by from up join member m on m.group_id = up.group_id and m.person_id = up.vouched_by)
		select group_id, person_id, case when vouched_by is null then 1 else 0 end from up`, []any{string(p)},
		func(scan func(...any) error) (l Link, err error) {
			var root int
			err = scan(&l.Group, &l.Person, &root)
			l.Root = root == 1
			return l, err
		})
}
