package record

import (
	"context"
	"errors"
	"fmt"
	"math"

	"convoke/internal/db"
)

// Restored tells a database that was just restored from a copy that it was: from
// then on the record is halted, because nobody knows what was signed after the copy
// was made. The witness of this node, which might sign a second history of others,
// gets a new key; so does a record that had no line yet, which is not halted.
func Restored(ctx context.Context, d *db.DB) (halted bool, err error) {
	err = d.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, "delete from record_key where name = $1", WitnessKey); err != nil {
			return err
		}
		var lines int64
		err := tx.Get(ctx, "select coalesce(max(size), 0) from record_log", nil, &lines)
		if err != nil {
			return err
		}
		if halted = lines > 0; !halted {
			_, err := tx.Exec(ctx, "delete from record_key")
			return err
		}
		_, err = tx.Exec(ctx, "insert into setting (name, value) values ($1, 'yes') on conflict (name) do nothing", RestoredSetting)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("halt the restored record: %w", err)
	}
	return halted, nil
}

// Errors of going on after a halt.
var (
	ErrNotHalted = errors.New("the record is not halted")
	ErrAhead     = errors.New("more was published than this database has, so the record cannot go on under its name")
	ErrSameName  = errors.New("the new name is the old one")
)

// Continue goes on after a restore under the old name. It is right only when
// nothing was signed after the copy was made; what was noted outside the database
// must not say otherwise. The next start is not halted any more.
func (r *Record) Continue(ctx context.Context) error {
	if r.Halted() == "" {
		return ErrNotHalted
	}
	now, _, err := r.nodeHead(ctx)
	if err != nil {
		return err
	}
	was, err := r.readHead()
	if err != nil {
		return err
	}
	if was.Origin == now.Origin && (was.Size > now.Size || was.Size == now.Size && was.Root != now.Root) {
		return ErrAhead
	}
	return r.DB.Write(ctx, func(tx *db.Tx) error { return forgetRestore(ctx, tx) })
}

// StartOver begins a new record under a new name. What was signed under the old one
// stays readable as it is, and nothing is ever added to it: the old node's log moves
// to "old/1", "old/2" and so on, the logs of boxes and rolls stay where they are.
// The next start goes on.
func (r *Record) StartOver(ctx context.Context, name string) error {
	if r.Halted() == "" {
		return ErrNotHalted
	}
	if name == r.Node {
		return ErrSameName
	}
	next := &Record{Deps: r.Deps, key: r.key}
	next.Node = name
	err := r.DB.Write(ctx, func(tx *db.Tx) error {
		if err := retire(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "update setting set value = $1 where name = 'record.node'", name); err != nil {
			return err
		}
		if err := forgetRestore(ctx, tx); err != nil {
			return err
		}
		return next.Start(ctx, tx, NodeLog)
	})
	if err != nil {
		return fmt.Errorf("start a new record: %w", err)
	}
	return nil
}

func forgetRestore(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, "delete from setting where name = $1", RestoredSetting)
	return err
}

// retire moves the node's log aside and closes all logs.
func retire(ctx context.Context, tx *db.Tx) error {
	var before int
	if err := tx.Get(ctx, "select count(*) from record_log where id like 'old/%'", nil, &before); err != nil {
		return err
	}
	old := fmt.Sprintf("old/%d", before+1)
	_, err := tx.Exec(ctx, `insert into record_log (id, size, root, edge, checkpoint, cosigned, anchored, closed, anchor_at, witnessed)
		select $1, size, root, edge, checkpoint, cosigned, size, closed, anchor_at, witnessed from record_log where id = 'log'`, old)
	if err != nil {
		return err
	}
	for _, q := range []string{
		"update record_tail set log_id = $1 where log_id = 'log'",
		"update record_bundle set log_id = $1 where log_id = 'log'",
		"update record_tile set log_id = $1 where log_id = 'log'",
	} {
		if _, err := tx.Exec(ctx, q, old); err != nil {
			return err
		}
	}
	for _, q := range []string{"delete from record_log where id = 'log'", "delete from record_asked"} {
		if _, err := tx.Exec(ctx, q); err != nil {
			return err
		}
	}
	// Nothing of before is told of in the new log, nor counts as cosigned with it.
	_, err = tx.Exec(ctx, "update record_log set closed = $1, anchored = size, anchor_at = $2", true, int64(math.MaxInt64))
	return err
}
