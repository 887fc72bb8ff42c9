package app

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/webhooks"
	"convoke/internal/id"
)

// webhookGroups answers webhooks about groups.
type webhookGroups struct{ s *groups.Service }

func toWebhookGroup(b groups.Brief, err error) (webhooks.Group, error) {
	return webhooks.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Suspended: b.Suspended, Ended: b.Over()}, err
}

func (g webhookGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (webhooks.Group, error) {
	return toWebhookGroup(g.s.ByID(ctx, tx, gid))
}

func (g webhookGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (webhooks.Group, error) {
	return toWebhookGroup(g.s.ByHandle(ctx, tx, h))
}

func (g webhookGroups) Role(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, error) {
	return g.s.Acting(ctx, tx, gid, p)
}
