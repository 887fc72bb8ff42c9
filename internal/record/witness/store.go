package witness

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// witnessed is the largest checkpoint of a log that was cosigned; of size 0 when
// none was.
func witnessed(ctx context.Context, tx *db.Tx, origin string) (size int64, root tlog.Hash, note string, err error) {
	var b []byte
	err = tx.Get(ctx, "select size, root, checkpoint from record_witnessed where origin = $1", []any{origin}, &size, &b, &note)
	if errors.Is(err, db.ErrNoRows) {
		return 0, emptyRoot(), "", nil
	}
	if err == nil && len(b) != len(root) {
		err = fmt.Errorf("the root of %s has %d bytes", origin, len(b))
	}
	copy(root[:], b)
	return size, root, note, err
}

func emptyRoot() tlog.Hash {
	h, _ := tlog.TreeHash(0, nil) // of nothing: cannot fail
	return h
}

func storeWitnessed(ctx context.Context, tx *db.Tx, c *checkpoint, note string) error {
	n, err := tx.Exec(ctx, `insert into record_witnessed (origin, size, root, checkpoint) values ($1, $2, $3, $4)
		on conflict (origin) do update set size = excluded.size, root = excluded.root, checkpoint = excluded.checkpoint
		where record_witnessed.size <= excluded.size`, c.origin, c.size, c.root[:], note)
	if err == nil && n != 1 {
		err = errors.New("a larger one was cosigned")
	}
	if err != nil {
		return fmt.Errorf("remember a checkpoint of %s: %w", c.origin, err)
	}
	return nil
}

// sizesOf is what each witness has cosigned, as far as it was heard of.
func sizesOf(ctx context.Context, tx *db.Tx) (map[string]int64, error) {
	out := map[string]int64{}
	err := tx.Each(ctx, "select url, size from record_asked", nil, func(scan func(...any) error) error {
		var url string
		var n int64
		err := scan(&url, &n)
		out[url] = n
		return err
	})
	return out, err
}

// heard notes how asking a witness went.
func heard(ctx context.Context, tx *db.Tx, a *answer) error {
	answered, failed, why := clock.Micros(tx.Now()), int64(0), ""
	if a.err != nil {
		answered, failed, why = 0, answered, a.err.Error()
	}
	_, err := tx.Exec(ctx, `insert into record_asked (url, size, answered_at, failed_at, why) values ($1, $2, $3, $4, $5)
		on conflict (url) do update set size = excluded.size, why = excluded.why,
		answered_at = case when excluded.why = '' then excluded.answered_at else record_asked.answered_at end,
		failed_at = case when record_asked.why <> '' and excluded.why <> '' then record_asked.failed_at else excluded.failed_at end`,
		a.url, a.size, answered, failed, why)
	if err != nil {
		return fmt.Errorf("note what a witness answered: %w", err)
	}
	return nil
}

// Asked is a witness that was asked, for operators.
type Asked struct {
	URL  string
	Size int64  // of the node's log, that it has cosigned
	Why  string // it did not answer the last time, "" when it did
}

// AllAsked are the witnesses that were asked.
func AllAsked(ctx context.Context, tx *db.Tx) ([]Asked, error) {
	return db.Query(ctx, tx, "select url, size, why from record_asked order by url", nil, func(scan func(...any) error) (Asked, error) {
		var a Asked
		return a, scan(&a.URL, &a.Size, &a.Why)
	})
}
