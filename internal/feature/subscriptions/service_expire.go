package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// page bounds the rows that one transaction works on.
const page = 200

// keptFor is how long after the end of all its alerts a chain can be corrected.
const keptFor = 7 * 24 * time.Hour

// Expire asks whose year is nearly over, deletes subscriptions whose time is over and whom
// chains reached that are over, and destroys the keys of months that nobody needs any more.
// It runs every hour.
func (s *Service) Expire(ctx context.Context) error {
	return errors.Join(s.askEnding(ctx), s.dropAll(ctx), s.dropChains(ctx), s.dropKeys(ctx))
}

func (s *Service) askEnding(ctx context.Context) error {
	for n := page; n == page; {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			all, err := ending(ctx, tx, tx.Now().Add(renewFrom), page)
			if err != nil {
				return err
			}
			n = len(all)
			for _, sid := range all {
				if err := asked(ctx, tx, sid); err != nil {
					return err
				}
				if err := s.note(ctx, tx, sid, noteRenew); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func asked(ctx context.Context, tx *db.Tx, sid string) error {
	_, err := tx.Exec(ctx, "update alert_subscription set asked_at = $2 where id = $1", sid, clock.Micros(tx.Now()))
	return err
}

func (s *Service) dropAll(ctx context.Context) error {
	for n := int64(page); n == page; {
		err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			if n, err = dropEnded(ctx, tx, page); n > 0 {
				tx.OnCommit(func() { s.dropped.Add(1) })
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("delete subscriptions: %w", err)
		}
	}
	return nil
}

// dropChains forgets whom a chain reached some days after its last alert expired. How many
// they were stays.
func (s *Service) dropChains(ctx context.Context) error {
	for n := page; n == page; {
		var over []string
		var expired time.Time
		err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			expired = tx.Now().Add(-keptFor)
			over, err = overChains(ctx, tx, expired, page)
			return err
		})
		if err != nil {
			return err
		}
		n = len(over)
		for _, chain := range over {
			if err := s.dropChain(ctx, chain, expired); err != nil {
				return fmt.Errorf("forget whom a chain of alerts reached: %w", err)
			}
		}
	}
	return nil
}

// dropChain forgets one chain, unless it has got another alert meanwhile. Its runs go first:
// then no process takes it up any more.
func (s *Service) dropChain(ctx context.Context, chain string, expired time.Time) error {
	for _, q := range []string{
		"delete from alert_run where chain = $1",
		"delete from alert_air where chain = $1",
		// in parts, so that nobody waits long
		"delete from alert_reach where chain = $1 and (channel, seq) in (select channel, seq from alert_reach where chain = $1 limit 500)",
		"delete from alert_broadcast where chain = $1",
	} {
		q += " and not exists (select 1 from alert_broadcast lasts where lasts.chain = $1 and lasts.expires_at > $2)"
		for n := int64(1); n > 0; {
			err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
				n, err = tx.Exec(ctx, q, chain, clock.Micros(expired))
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// dropKeys destroys the keys of months before this one of which nobody is left, and forgets
// the month only then: what is interrupted is done again.
func (s *Service) dropKeys(ctx context.Context) error {
	var over []string
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		over, err = emptyMonths(ctx, tx, tx.Now().Add(-24*time.Hour).Format("2006-01"))
		return err
	})
	if err != nil || len(over) == 0 {
		return err
	}
	scopes := make([]string, len(over))
	for i, m := range over {
		scopes[i] = ScopePrefix + m
	}
	if err := s.Vault.Replay(ctx, scopes); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		for _, m := range over {
			if err := deleteMonth(ctx, tx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// Restored ends all that was on its way: a restored copy must not write to everybody once
// more.
func Restored(ctx context.Context, d *db.DB) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, "update alert_run set wake_at = $1", never); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "delete from alert_later")
		return err
	})
}
