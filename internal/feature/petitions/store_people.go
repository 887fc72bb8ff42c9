package petitions

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

const commentColumns = "hash, state, day, reason, sealed"

func scanComment(scan func(...any) error) (Comment, error) {
	var c Comment
	err := scan(&c.Hash, &c.State, &c.Day, &c.Reason, &c.sealed)
	c.Hash, c.sealed = bytes.Clone(c.Hash), bytes.Clone(c.sealed)
	return c, err
}

// commentBy returns db.ErrNoRows when there is none.
func commentBy(ctx context.Context, tx *db.Tx, pid string, hash []byte) (Comment, error) {
	all, err := db.Query(ctx, tx, "select "+commentColumns+" from petition_comment where petition_id = $1 and hash = $2", []any{pid, hash}, scanComment)
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return Comment{}, err
	}
	return all[0], nil
}

// commentsOf are at most n in a state behind a place, in the order of their hashes,
// which says nothing of who came when.
func commentsOf(ctx context.Context, tx *db.Tx, pid, state string, after []byte, n int) ([]Comment, error) {
	if after == nil {
		after = []byte{}
	}
	return db.Query(ctx, tx, "select "+commentColumns+" from petition_comment where petition_id = $1 and state = $2 and hash > $3 order by hash limit $4",
		[]any{pid, state, after, n}, scanComment)
}

// countComments counts up to limit.
func countComments(ctx context.Context, tx *db.Tx, pid, state string, limit int) (n int, err error) {
	err = tx.Get(ctx, "select count(*) from (select 1 from petition_comment where petition_id = $1 and state = $2 limit $3) x", []any{pid, state, limit}, &n)
	return n, err
}

func insertComment(ctx context.Context, tx *db.Tx, pid string, c *Comment) error {
	_, err := tx.Exec(ctx, "insert into petition_comment (petition_id, "+commentColumns+") values ("+placeholders(6)+")",
		pid, c.Hash, c.State, c.Day, c.Reason, c.sealed)
	if err != nil {
		return fmt.Errorf("store comment: %w", err)
	}
	return nil
}

func deleteComment(ctx context.Context, tx *db.Tx, pid string, hash []byte) (int64, error) {
	return tx.Exec(ctx, "delete from petition_comment where petition_id = $1 and hash = $2", pid, hash)
}

func judgeComment(ctx context.Context, tx *db.Tx, pid string, hash []byte, state, reason string) (int64, error) {
	return tx.Exec(ctx, "update petition_comment set state = $3, reason = $4 where petition_id = $1 and hash = $2", pid, hash, state, reason)
}

// followerBy finds who follows by a column, "tag" or "link"; db.ErrNoRows for nobody.
func followerBy(ctx context.Context, tx *db.Tx, pid, column string, value []byte) (x follower, err error) {
	err = tx.Get(ctx, "select tag, link, confirmed, sealed from petition_follower where petition_id = $1 and "+column+" = $2", []any{pid, value},
		&x.tag, &x.link, &x.confirmed, &x.sealed)
	return x, err
}

func insertFollower(ctx context.Context, tx *db.Tx, pid string, x *follower) error {
	_, err := tx.Exec(ctx, "insert into petition_follower (petition_id, tag, link, confirmed, asked_at, sealed) values ("+placeholders(6)+")",
		pid, x.tag, x.link, x.confirmed, clock.Micros(tx.Now().Truncate(time.Minute)), x.sealed)
	if err != nil {
		return fmt.Errorf("store address: %w", err)
	}
	return nil
}

// followersAfter are the tags of those who confirmed, behind a place.
func followersAfter(ctx context.Context, tx *db.Tx, pid string, after []byte, n int) ([][]byte, error) {
	if after == nil {
		after = []byte{}
	}
	return db.Query(ctx, tx, "select tag from petition_follower where petition_id = $1 and tag > $2 and confirmed order by tag limit $3", []any{pid, after, n},
		func(scan func(...any) error) ([]byte, error) {
			var b []byte
			err := scan(&b)
			return bytes.Clone(b), err
		})
}

// entryByNumber returns db.ErrNoRows when there is none.
func entryByNumber(ctx context.Context, tx *db.Tx, pid string, n int) (Entry, error) {
	all, err := db.Query(ctx, tx, "select "+entryColumns+" from petition_entry where petition_id = $1 and n = $2", []any{pid, n}, scanEntry)
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return Entry{}, err
	}
	return all[0], nil
}

const batchColumns = "n, form, state, day, signatures, codes, counter, note"

func scanBatch(scan func(...any) error) (Batch, error) {
	var b Batch
	var codes string
	err := scan(&b.N, &b.form, &b.State, &b.Day, &b.Signatures, &codes, &b.counter, &b.Note)
	if err != nil {
		return b, err
	}
	b.counter = bytes.Clone(b.counter)
	return b, json.Unmarshal([]byte(codes), &b.Codes)
}

func batchesOf(ctx context.Context, tx *db.Tx, pid string) ([]Batch, error) {
	return db.Query(ctx, tx, "select "+batchColumns+" from petition_batch where petition_id = $1 order by n", []any{pid}, scanBatch)
}

// batchBy returns db.ErrNoRows when there is none.
func batchBy(ctx context.Context, tx *db.Tx, pid string, n int) (Batch, error) {
	all, err := db.Query(ctx, tx, "select "+batchColumns+" from petition_batch where petition_id = $1 and n = $2", []any{pid, n}, scanBatch)
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return Batch{}, err
	}
	return all[0], nil
}

func insertBatch(ctx context.Context, tx *db.Tx, pid string, b *Batch) error {
	_, err := tx.Exec(ctx, "insert into petition_batch (petition_id, "+batchColumns+") values ("+placeholders(9)+")",
		pid, b.N, b.form, b.State, b.Day, b.Signatures, encodeCodes(b.Codes), b.counter, b.Note)
	if err != nil {
		return fmt.Errorf("store batch: %w", err)
	}
	return nil
}

func updateBatch(ctx context.Context, tx *db.Tx, pid string, b *Batch) error {
	_, err := tx.Exec(ctx, "update petition_batch set state = $3, note = $4 where petition_id = $1 and n = $2", pid, b.N, b.State, b.Note)
	return err
}

// takeSheet notes that a sheet is counted; false when it was before.
func takeSheet(ctx context.Context, tx *db.Tx, pid, code string, batch int) (bool, error) {
	n, err := tx.Exec(ctx, "insert into petition_sheet (petition_id, code, batch) values ($1, $2, $3) on conflict (petition_id, code) do nothing", pid, code, batch)
	return n > 0, err
}

func freeSheets(ctx context.Context, tx *db.Tx, pid string, batch int) error {
	_, err := tx.Exec(ctx, "delete from petition_sheet where petition_id = $1 and batch = $2", pid, batch)
	return err
}
