package record

import (
	"context"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/record/tile"
)

// PolicyPath is where programs find the node's key and its witnesses.
const PolicyPath = ".well-known/convoke-policy"

// Policy is the node's tlog-policy (https://c2sp.org/tlog-policy): its key, and the
// lines about witnesses that the operator has set.
func (r *Record) Policy() (string, error) {
	k, err := r.VerifierKey(NodeLog)
	return "log " + k + "\n" + r.Witnesses, err
}

// Export writes the record as files for anybody to serve: put is called with each
// path and what is in it, the checkpoint of a log last, so that a mirror that is
// read meanwhile is whole. The node's log comes first: what it tells of is there; and
// boxes, b/..., come before rolls, r/...: the credentials that they use are there.
// Only logs in want are written, all when it is nil.
func (r *Record) Export(ctx context.Context, want func(log string) bool, put func(path string, data []byte) error) error {
	policy, err := r.Policy()
	if err != nil {
		return err
	}
	if err := put(PolicyPath, []byte(policy)); err != nil {
		return err
	}
	var logs []string
	err = r.DB.Read(ctx, func(tx *db.Tx) (err error) {
		logs, err = db.Column[string](ctx, tx, "select id from record_log order by case when id = 'log' then 0 else 1 end, id")
		return err
	})
	if err != nil {
		return fmt.Errorf("list the logs of the record: %w", err)
	}
	for _, log := range logs {
		if log != NodeLog && want != nil && !want(log) {
			continue
		}
		if err := r.exportLog(ctx, log, put); err != nil {
			return fmt.Errorf("export log %s: %w", log, err)
		}
	}
	return nil
}

func (r *Record) exportLog(ctx context.Context, log string, put func(path string, data []byte) error) error {
	var size int64
	var checkpoint string
	var hidden bool
	var name string
	var data []byte
	err := r.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if checkpoint, size, err = r.Published(ctx, tx, log); err == nil {
			hidden, err = r.Hides(ctx, tx, log)
		}
		if err == nil && r.Beside != nil {
			name, data, err = r.Beside(ctx, tx, log)
		}
		return err
	})
	if err == nil && name != "" {
		err = put(log+"/"+name, data)
	}
	if err != nil {
		return err
	}
	if hidden {
		return put(log+"/checkpoint", []byte(checkpoint))
	}
	for level := tile.Entries; level < 0 || size>>(tile.Height*level) > 0; level++ {
		n := size >> (tile.Height * max(level, 0))
		for i := int64(0); i*tile.Width < n; i++ {
			name := tile.Name{Level: level, Index: i, Width: int(min(tile.Width, n-i*tile.Width))}
			var data []byte
			err := r.DB.Read(ctx, func(tx *db.Tx) (err error) {
				data, err = File(ctx, tx, log, name)
				return err
			})
			if err != nil {
				return fmt.Errorf("%s: %w", name.Path(), err)
			}
			if err := put(log+"/"+name.Path(), data); err != nil {
				return err
			}
		}
	}
	return put(log+"/checkpoint", []byte(checkpoint))
}
