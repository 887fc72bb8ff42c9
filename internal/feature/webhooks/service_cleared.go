package webhooks

import (
	"context"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/fact"
)

// GroupCleared deletes the webhooks of a group that ended: nobody is left who
// could.
func (s *Service) GroupCleared(ctx context.Context, tx *db.Tx, f fact.GroupCleared) error {
	if _, err := tx.Exec(ctx, "delete from webhook where group_id = $1", string(f.Group)); err != nil {
		return fmt.Errorf("delete the webhooks of a group: %w", err)
	}
	return nil
}
