package identity

import (
	"context"
	"errors"

	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Named is the account of a handle, for features that ask next what it is to a group;
// a NotFound fault when there is none.
func (s *Service) Named(ctx context.Context, tx *db.Tx, handle string) (id.Person, error) {
	p, err := personByHandle(ctx, tx, foldHandle(handle))
	if errors.Is(err, db.ErrNoRows) {
		err = web.ErrNotFound()
	}
	return p.id, err
}
