package alerts

import (
	"context"
	"errors"
	"slices"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// forgottenAt is when what was reported at a time is forgotten: all of an hour at once,
// with its key, and nothing later than after a day.
func forgottenAt(t time.Time) time.Time { return t.UTC().Truncate(time.Hour).Add(reportFor) }

// Expire forgets what is over: reports and notes after a day, with the keys under which
// they were sealed; alerts after seven days. Keys go first, so that a run that breaks off
// is made up for by the next one.
func (s *Service) Expire(ctx context.Context) error {
	var now time.Time
	var scopes []string
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		now = tx.Now()
		scopes, err = overScopes(ctx, tx, now)
		return err
	})
	for _, scope := range scopes {
		err = errors.Join(err, s.Vault.Destroy(ctx, scope))
	}
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := forgetAlerts(ctx, tx, now.Add(-keptFor))
		if n > 0 {
			tx.Touch("*")
		}
		return errors.Join(err, forgetReports(ctx, tx, now))
	})
}

func overQuery(table string) string {
	return "select scope from " + table + " a where expires_at <= $1 and not exists (select 1 from " + table + " b where b.scope = a.scope and b.expires_at > $1)"
}

// overScopes lists the keys of what is forgotten, which nothing else is sealed under.
func overScopes(ctx context.Context, tx *db.Tx, now time.Time) (out []string, err error) {
	for _, table := range []string{"alert_report", "alert_note", "alert_case"} {
		some, got := db.Column[string](ctx, tx, overQuery(table), clock.Micros(now))
		err = errors.Join(err, got)
		out = append(out, some...)
	}
	slices.Sort(out)
	return slices.Compact(out), err
}
