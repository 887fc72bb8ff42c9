package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/seal"
)

// erase destroys again what was destroyed before: keys that have a tombstone
// here or in the backup, and then rows without a key. It also drops the jobs
// that a copy must not do.
func (r *restore) erase(ctx context.Context) error {
	v, err := r.vault(ctx)
	if err != nil {
		return err
	}
	stones, err := v.Tombstones(ctx)
	if err != nil {
		return err
	}
	if err := v.Replay(ctx, stones); err != nil {
		return err
	}
	for _, s := range r.Sealed {
		if err := r.eraseRows(ctx, s); err != nil {
			return fmt.Errorf("erase rows of %s without a key: %w", s.Table, err)
		}
	}
	return r.main.Write(ctx, func(tx *db.Tx) error {
		r.Dropped = 0
		for _, kind := range r.Drop {
			n, err := tx.Exec(ctx, "delete from job where kind = $1", kind)
			if err != nil {
				return fmt.Errorf("drop jobs: %w", err)
			}
			r.Dropped += n
		}
		return nil
	})
}

// vault opens the keys. Destroying needs no boot key, so where there is none any
// will do; keys that it does not open would only keep the node from starting.
func (r *restore) vault(ctx context.Context) (*seal.Vault, error) {
	var boot seal.BootKey
	if r.BootKey != nil {
		boot = *r.BootKey
	} else if _, err := rand.Read(boot[:]); err != nil {
		return nil, err
	}
	v, err := seal.Open(r.keys, boot, r.Clock)
	if err == nil {
		err = v.Check(ctx)
	}
	return v, err
}

func (r *restore) eraseRows(ctx context.Context, s Sealed) error {
	page := "select distinct " + s.name() + " from " + quote(s.Table) + " where " + s.name() + " > $1 and " + s.sealed() + " order by 1 limit 500"
	for after := ""; ; {
		var ids []string
		err := r.main.Read(ctx, func(tx *db.Tx) (err error) {
			ids, err = db.Column[string](ctx, tx, page, after)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		lost, err := r.withoutKey(ctx, s.Prefix, ids)
		if err != nil {
			return err
		}
		for _, x := range lost {
			var n int64
			err := r.main.Write(ctx, func(tx *db.Tx) (err error) {
				args := []any{x}
				if s.Blank != "" {
					args = append(args, []byte{})
				}
				n, err = tx.Exec(ctx, s.erase(), args...)
				return err
			})
			if err != nil {
				return err
			}
			r.Erased += n
		}
	}
}

func (r *restore) withoutKey(ctx context.Context, prefix string, ids []string) ([]string, error) {
	var lost []string
	err := r.keys.Read(ctx, func(tx *db.Tx) error {
		lost = nil
		for _, x := range ids {
			var one int
			err := tx.Get(ctx, "select 1 from "+keyTable+" where scope = $1", []any{prefix + x}, &one)
			if errors.Is(err, db.ErrNoRows) {
				lost = append(lost, x)
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	return lost, err
}
