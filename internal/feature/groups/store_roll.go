package groups

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/id"
)

// People are the accounts of all members of a group: what a closed roll of the
// public record knows them by. A handle will not do: when an account is erased,
// somebody else can take it. They must not be shown.
func (s *Service) People(ctx context.Context, tx *db.Tx, g id.Group) ([]string, error) {
	all, err := db.Query(ctx, tx, selectMember+"order by p.handle", []any{string(g)}, scanMember)
	out := make([]string, len(all))
	for i, m := range all {
		out[i] = string(m.Person)
	}
	return out, err
}
