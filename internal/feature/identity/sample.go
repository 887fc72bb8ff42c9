package identity

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
)

// CreateSample makes an account of the demo. Nobody can sign in to it until the operator
// makes a link for it, see [Service.ResetSignIn]. With a handle that exists it returns
// that account.
func (s *Service) CreateSample(ctx context.Context, tx *db.Tx, handle string) (authz.Actor, error) {
	h, err := parseHandle(handle)
	if err != nil {
		return authz.Actor{}, err
	}
	if _, err := insertPerson(ctx, tx, personRow{id: id.Person(s.IDs.Secret()), handle: h}); err != nil {
		return authz.Actor{}, err
	}
	p, err := personByHandle(ctx, tx, h)
	return authz.Actor{Person: p.id, Handle: h}, err
}
