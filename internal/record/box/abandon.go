package box

import (
	"context"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/record/leaf"
)

// Abandon ends all boxes and rolls without a word in the record, which is halted:
// their keys are destroyed, and what connects them with people is deleted. It may
// be repeated.
func (b *Boxes) Abandon(ctx context.Context) (boxes int, err error) {
	var scopes []string
	err = b.DB.Write(ctx, func(tx *db.Tx) error {
		scopes = scopes[:0]
		open, err := db.Query(ctx, tx, "select id, kind from box where not closed order by id", nil, func(scan func(...any) error) (x [2]string, err error) {
			return x, scan(&x[0], &x[1])
		})
		if err != nil {
			return err
		}
		boxes = len(open)
		for _, x := range open {
			if err := b.abandon(ctx, tx, x[0], x[1]); err != nil {
				return err
			}
		}
		err = tx.Each(ctx, "select roll_id, n from slot_key", nil, func(scan func(...any) error) error {
			var roll string
			var n int
			err := scan(&roll, &n)
			scopes = append(scopes, fmt.Sprintf("%s%s:%d", SlotScopes, roll, n))
			return err
		})
		if err != nil {
			return err
		}
		rolls, err := db.Column[string](ctx, tx, "select id from roll")
		for _, r := range rolls {
			scopes = append(scopes, RollScopes+r)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "update slot_key set sealed = $1, frozen = $2", []byte{}, true); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "update roll set ended = $1", true); err != nil {
			return err
		}
		for _, table := range append(TagTables(), "roll_member") {
			if _, err := tx.Exec(ctx, "delete from "+table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("end all boxes: %w", err)
	}
	return boxes, b.Vault.Replay(ctx, scopes)
}

func (b *Boxes) abandon(ctx context.Context, tx *db.Tx, box, kind string) error {
	if _, err := tx.Exec(ctx, "update box set closed = $2 where id = $1", box, true); err != nil {
		return err
	}
	tx.Touch("box:" + box)
	id, err := leaf.ParseID(box)
	if err != nil || b.Listener == nil {
		return err
	}
	return b.Listener.Closed(ctx, tx, id, kind)
}
