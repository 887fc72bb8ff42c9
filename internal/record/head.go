package record

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"convoke/internal/db"
)

// published is the largest state of the node's log that anybody may have seen,
// kept in a file of its own: a database that is restored from an old copy knows
// nothing of it.
type published struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
}

// RestoredSetting is set by a restore: from then on the record is halted, because
// nobody knows what was published after the copy was made.
const RestoredSetting = "record.restored"

// checkHead halts the record when the database is older than what was published.
func (r *Record) checkHead(ctx context.Context) error {
	now, restored, err := r.nodeHead(ctx)
	if err != nil {
		return err
	}
	if restored && now.Size > 0 {
		r.halt("the database was restored from a copy; see the operator's guide, “After a restore”")
		return nil
	}
	was, err := r.readHead()
	if err != nil || was.Origin != now.Origin {
		return err
	}
	switch {
	case was.Size > now.Size:
		r.halt(fmt.Sprintf("the database has %d lines of the node's log, but %d were published; see the operator's guide, “After a restore”", now.Size, was.Size))
	case was.Size == now.Size && was.Root != now.Root:
		r.halt("the node's log differs from what was published; see the operator's guide, “After a restore”")
	}
	return nil
}

// nodeHead is the node's log as the database has it.
func (r *Record) nodeHead(ctx context.Context) (p published, restored bool, err error) {
	err = r.DB.Read(ctx, func(tx *db.Tx) error {
		h, err := headOf(ctx, tx, NodeLog)
		if err != nil {
			return err
		}
		root := h.root()
		p = published{r.origin(NodeLog), h.size, base64.StdEncoding.EncodeToString(root[:])}
		var s string
		err = tx.Get(ctx, "select value from setting where name = $1", []any{RestoredSetting}, &s)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		restored = err == nil
		return err
	})
	if err != nil {
		return p, false, fmt.Errorf("read the head of the record: %w", err)
	}
	return p, restored, nil
}

func (r *Record) readHead() (p published, err error) {
	if r.HeadFile == "" {
		return p, nil
	}
	b, err := os.ReadFile(r.HeadFile)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("read what was published: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("read what was published in %s: %w", r.HeadFile, err)
	}
	return p, nil
}

// noteHead writes down what was published. It replaces the file as a whole, so
// that a crash leaves the old one or the new one.
func (r *Record) noteHead(ctx context.Context) error {
	if r.HeadFile == "" || r.Halted() != "" {
		return nil
	}
	now, _, err := r.nodeHead(ctx)
	if err != nil {
		return err
	}
	if was, err := r.readHead(); err != nil || was.Origin == now.Origin && was.Size >= now.Size {
		return err
	}
	b, err := json.Marshal(now)
	if err != nil {
		return fmt.Errorf("note what was published: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(r.HeadFile), ".record-head-*")
	if err != nil {
		return fmt.Errorf("note what was published: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), r.HeadFile)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error says more
		return fmt.Errorf("note what was published: %w", err)
	}
	return nil
}
