package petitions

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// Expire erases what is personal of petitions that are long delivered or closed,
// with its key, and addresses that nobody confirmed. It runs every hour.
func (s *Service) Expire(ctx context.Context) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "delete from petition_follower where not confirmed and asked_at <= $1", clock.Micros(tx.Now().Add(-keepAsked)))
		return err
	})
	if err != nil {
		return fmt.Errorf("forget addresses that nobody confirmed: %w", err)
	}
	var due []string
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = db.Column[string](ctx, tx, "select id from petition where expires_at > 0 and expires_at <= $1 order by expires_at limit 100", clock.Micros(tx.Now()))
		return err
	})
	for _, pid := range due {
		err = errors.Join(err, s.erase(ctx, pid))
	}
	return err
}

// erase removes rows first and then their key, and remembers that it did only then:
// what is interrupted is done again.
func (s *Service) erase(ctx context.Context, pid string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Touch("petition:" + pid)
		for _, q := range []string{
			"delete from petition_comment where petition_id = $1", "delete from petition_follower where petition_id = $1",
			"update petition_batch set counter = $2 where petition_id = $1",
		} {
			args := []any{pid}
			if q[0] == 'u' {
				args = append(args, []byte{})
			}
			if _, err := tx.Exec(ctx, q, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = s.Vault.Destroy(ctx, ScopePrefix+pid)
	}
	if err == nil {
		err = s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "update petition set expires_at = 0 where id = $1", pid)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("erase what is personal of petition %s: %w", pid, err)
	}
	return nil
}
