package record

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"convoke/internal/db"
)

// HasWitnesses reports whether the operator has set witnesses.
func (r *Record) HasWitnesses() bool { return r.Witnesses != "" }

// Published is the checkpoint of a log that others are given, with its size. Of
// the node's log it is the last one that enough witnesses have cosigned, where
// there are witnesses and they have signed any: nobody is shown a line that could
// still be taken back.
func (r *Record) Published(ctx context.Context, tx *db.Tx, log string) (checkpoint string, size int64, err error) {
	var cosigned string
	err = tx.Get(ctx, "select checkpoint, cosigned, size from record_log where id = $1", []any{log}, &checkpoint, &cosigned, &size)
	if err != nil || cosigned == "" || !r.HasWitnesses() {
		return checkpoint, size, err
	}
	size, err = sizeIn(cosigned)
	return cosigned, size, err
}

// sizeIn is the size in the text of a checkpoint.
func sizeIn(checkpoint string) (int64, error) {
	_, rest, _ := strings.Cut(checkpoint, "\n")
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read a checkpoint: %w", err)
	}
	return n, nil
}

// StoreCosigned keeps a checkpoint of the node's log that enough witnesses have
// signed, unless there is a larger one, and notes how much of each log it covers.
// The caller has verified it.
func (r *Record) StoreCosigned(ctx context.Context, checkpoint string) error {
	size, err := sizeIn(checkpoint)
	if err != nil {
		return err
	}
	err = r.DB.WriteHot(ctx, NodeLog, func(tx *db.Tx) error {
		var before string
		if err := tx.Get(ctx, "select cosigned from record_log where id = $1", []any{NodeLog}, &before); err != nil {
			return err
		}
		if before != "" {
			if had, err := sizeIn(before); err != nil || had > size {
				return err
			}
		}
		if _, err := tx.Exec(ctx, "update record_log set cosigned = $2, witnessed = $3 where id = $1", NodeLog, checkpoint, size); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `update record_log set witnessed = anchored
			where anchor_at <= $1 and witnessed <> anchored and id <> 'log'`, size)
		tx.Touch("record:" + NodeLog)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep what witnesses have signed: %w", err)
	}
	return nil
}

// Watched is how many leaves a log has, and how many of them are [Witnessed].
func Watched(ctx context.Context, tx *db.Tx, log string) (leaves, witnessed int64, err error) {
	err = tx.Get(ctx, "select size, witnessed from record_log where id = $1", []any{log}, &leaves, &witnessed)
	return leaves, witnessed, err
}

// Witnessed is how many leaves of a log a quorum of witnesses has cosigned: of the
// node's log directly, of others by the last anchor that was. A checkpoint of the
// witnesses goes before any claim that a leaf cannot be taken back.
func Witnessed(ctx context.Context, tx *db.Tx, log string) (int64, error) {
	var n int64
	err := tx.Get(ctx, "select witnessed from record_log where id = $1", []any{log}, &n)
	return n, err
}
