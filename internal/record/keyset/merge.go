package keyset

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"convoke/internal/db"
)

// MergeAll merges the runs of every log that has enough of one level. It writes
// the new run aside, some blobs in each transaction, so that nobody who takes part
// waits for it; a merge that was interrupted begins again.
func (s *Sets) MergeAll(ctx context.Context) error {
	for {
		var log string
		var level int
		err := s.db.Read(ctx, func(tx *db.Tx) error {
			log = ""
			return tx.Each(ctx, `select set_id, level from record_run where ready group by set_id, level having count(*) >= $1
				order by set_id, level limit 1`, []any{fanIn}, func(scan func(...any) error) error { return scan(&log, &level) })
		})
		if err != nil || log == "" {
			return err
		}
		if err := s.merge(ctx, log, level); err != nil {
			return fmt.Errorf("merge runs of log %s: %w", log, err)
		}
	}
}

func (s *Sets) merge(ctx context.Context, log string, level int) error {
	id := s.ids()
	var from []run
	var keys int64
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		all, err := runsOf(ctx, tx, log)
		if err != nil {
			return err
		}
		from, keys = from[:0], 0
		for _, r := range all {
			if r.level == level {
				from, keys = append(from, r), keys+r.keys
			}
		}
		// Left by a merge that was interrupted.
		if _, err := tx.Exec(ctx, "delete from record_run where set_id = $1 and level = $2 and not ready", log, level+1); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "insert into record_run (id, set_id, level, keys, ready) values ($1, $2, $3, $4, $5)", id, log, level+1, keys, false)
		return err
	})
	if err != nil {
		return err
	}
	f := newFilter(keys)
	if err := s.copyRuns(ctx, from, id, f); err != nil {
		return err
	}
	s.mu.Lock()
	s.filters[id] = f
	s.mu.Unlock()
	err = s.db.WriteHot(ctx, log, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "update record_run set ready = $2 where id = $1", id, true)
		if err != nil || n == 0 {
			return err // another process merged meanwhile
		}
		for _, r := range from {
			if _, err := tx.Exec(ctx, "delete from record_run where id = $1", r.id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range from {
		delete(s.filters, r.id)
	}
	return nil
}

// copyRuns writes the keys of all runs, in order, into the new one.
func (s *Sets) copyRuns(ctx context.Context, from []run, to string, f *filter) error {
	in := make([]*cursor, len(from))
	for i, r := range from {
		in[i] = &cursor{s: s, run: r.id}
		if err := in[i].fill(ctx); err != nil {
			return err
		}
	}
	var out []Entry
	for {
		least := -1
		for i, c := range in {
			if len(c.data) > 0 && (least < 0 || bytes.Compare(c.data[:16], in[least].data[:16]) < 0) {
				least = i
			}
		}
		if least >= 0 {
			e := in[least].take()
			f.add(e.Key)
			out = append(out, e)
			if err := in[least].fill(ctx); err != nil {
				return err
			}
		}
		if len(out) == perPart*partsAWrite || least < 0 && len(out) > 0 {
			if err := s.putParts(ctx, to, out); err != nil {
				return err
			}
			out = out[:0]
		}
		if least < 0 {
			return nil
		}
	}
}

func (s *Sets) putParts(ctx context.Context, run string, all []Entry) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		for at := 0; at < len(all); at += perPart {
			if err := putPart(ctx, tx, run, all[at:min(at+perPart, len(all))]); err != nil {
				return err
			}
		}
		return nil
	})
}

// cursor walks along a run, some blobs at a time.
type cursor struct {
	s    *Sets
	run  string
	last []byte // first key of the last blob read
	data []byte
	done bool
}

func (c *cursor) take() Entry {
	e := Entry{Key(c.data[:16]), int64(binary.BigEndian.Uint64(c.data[16:]))}
	c.data = c.data[entrySize:]
	return e
}

func (c *cursor) fill(ctx context.Context) error {
	if len(c.data) > 0 || c.done {
		return nil
	}
	err := c.s.db.Read(ctx, func(tx *db.Tx) error {
		n := 0
		c.data = nil
		last := c.last
		err := tx.Each(ctx, "select first, data from record_run_part where run_id = $1 and first > $2 order by first limit 64",
			[]any{c.run, append([]byte{}, last...)}, func(scan func(...any) error) error {
				var first, data []byte
				if err := scan(&first, &data); err != nil {
					return err
				}
				n++
				c.last, c.data = first, append(c.data, data...)
				return nil
			})
		c.done = n == 0
		return err
	})
	if err != nil {
		return fmt.Errorf("read run %s: %w", c.run, err)
	}
	return nil
}
