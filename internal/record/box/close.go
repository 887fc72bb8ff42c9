package box

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
)

// Close closes a box: its log takes nothing more, the node's log says so, and the
// key of its slot is destroyed; with the last box of a roll, the tags of those who
// took a credential too. Closing it again finishes what was interrupted.
func (b *Boxes) Close(ctx context.Context, id leaf.ID) error {
	i, err := b.Info(ctx, id)
	if err != nil {
		return err
	}
	b.hurry(id)
	if i.Manifest.Freeze {
		if err := b.Freeze(ctx, i.Roll, i.Manifest.Slot); err != nil && !fault.Is(err, fault.KindGone) {
			return err
		}
	}
	last := false
	err = b.DB.WriteHot(ctx, i.Log(), func(tx *db.Tx) error {
		closed, err := boxClosed(ctx, tx, id)
		if err != nil {
			return err
		}
		if !closed {
			if err := b.end(ctx, tx, i); err != nil {
				return err
			}
		}
		last, err = rollDone(ctx, tx, i.Roll)
		return err
	})
	if err != nil {
		return fmt.Errorf("close box %s: %w", id, err)
	}
	scopes := []string{SlotScope(i.Roll, int(i.Manifest.Slot))}
	if last {
		scopes = append(scopes, RollScope(i.Roll))
	}
	if err := b.Vault.Replay(ctx, scopes); err != nil {
		return err
	}
	b.mu.Lock()
	delete(b.slots, scopes[0])
	b.mu.Unlock()
	return nil
}

func (b *Boxes) end(ctx context.Context, tx *db.Tx, i *Info) error {
	size, root, err := b.Record.End(ctx, tx, i.Log())
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "update box set closed = $2 where id = $1", i.ID.String(), true); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "update slot_key set sealed = $3, frozen = $4 where roll_id = $1 and n = $2",
		i.Roll.String(), i.Manifest.Slot, []byte{}, true); err != nil {
		return err
	}
	l := leaf.Close{Box: i.ID, Size: size, Root: root}
	if _, err := b.Record.Append(ctx, tx, record.NodeLog, l.Encode()); err != nil {
		return err
	}
	tx.Touch("box:" + i.ID.String())
	if b.Listener == nil {
		return nil
	}
	return b.Listener.Closed(ctx, tx, i.ID, i.Manifest.Type)
}

// rollDone ends a roll whose boxes are all closed and whose slots all had one, and
// deletes what connects it with people.
func rollDone(ctx context.Context, tx *db.Tx, roll leaf.ID) (bool, error) {
	var open int
	err := tx.Get(ctx, `select count(*) from slot_key s left join box b on b.roll_id = s.roll_id and b.slot = s.n
		where s.roll_id = $1 and (b.id is null or not b.closed)`, []any{roll.String()}, &open)
	if err != nil || open > 0 {
		return false, err
	}
	if _, err := tx.Exec(ctx, "update roll set ended = $2 where id = $1", roll.String(), true); err != nil {
		return false, err
	}
	for _, q := range []string{"delete from issued where roll_id = $1", "delete from roll_code where roll_id = $1", "delete from roll_member where roll_id = $1"} {
		if _, err := tx.Exec(ctx, q, roll.String()); err != nil {
			return false, err
		}
	}
	return true, nil
}

// CloseDue closes the boxes whose time has come, and freezes the rolls of polls that
// have begun. It runs every minute.
func (b *Boxes) CloseDue(ctx context.Context) error {
	if b.Record.Halted() != "" {
		return nil
	}
	if err := b.freezeDue(ctx); err != nil {
		return err
	}
	var due []string
	err := b.DB.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = db.Column[string](ctx, tx, "select id from box where not closed and closes_at > 0 and closes_at <= $1 order by closes_at limit 100",
			clock.Micros(tx.Now()))
		return err
	})
	for _, s := range due {
		id, e := leaf.ParseID(s)
		if e == nil {
			e = b.Close(ctx, id)
		}
		err = errors.Join(err, e)
	}
	return err
}
