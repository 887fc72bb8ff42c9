package identity

import (
	"context"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/fact"
)

// GroupCleared deletes the links that led into a group that ended, and the new
// ways in that its stewards were about to make.
func (s *Service) GroupCleared(ctx context.Context, tx *db.Tx, f fact.GroupCleared) error {
	for _, table := range [...]string{"invitation", "recovery"} {
		if _, err := tx.Exec(ctx, "delete from "+table+" where group_id = $1", string(f.Group)); err != nil {
			return fmt.Errorf("delete what led into a group: %w", err)
		}
	}
	return nil
}
