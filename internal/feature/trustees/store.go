package trustees

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/record/sealed"
)

const columns = "id, proposal_id, box_id, transcript"

// kept are the runs whose polls are open or over: nothing is added to them any more, and
// the pages of a vote ask for them very often.
type kept struct {
	mu  sync.Mutex
	all map[string]*Run
}

const mostKept = 200

func (k *kept) find(id string) *Run {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[id]
}

func (k *kept) add(r *Run) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) >= mostKept {
		k.all = map[string]*Run{}
	}
	k.all[r.ID] = r
}

func scanRun(scan func(...any) error) (*Run, error) {
	var r Run
	var box *string
	var text []byte
	if err := scan(&r.ID, &r.Proposal, &box, &text); err != nil {
		return nil, fmt.Errorf("read trustees: %w", err)
	}
	if box != nil {
		r.Box = *box
	}
	var err error
	if r.Transcript, err = sealed.Parse(text); err != nil {
		return nil, fmt.Errorf("read trustees: %w", err)
	}
	return newRun(r), nil
}

// one returns db.ErrNoRows when there is none; column is a constant.
func one(ctx context.Context, tx *db.Tx, column, value string) (r *Run, err error) {
	return scanRun(func(dest ...any) error {
		return tx.Get(ctx, "select "+columns+" from trustee_run where "+column+" = $1", []any{value}, dest...)
	})
}

func isNone(err error) bool { return errors.Is(err, db.ErrNoRows) }

// runsOf are those of a proposal, the latest first.
func runsOf(ctx context.Context, tx *db.Tx, proposal string) ([]*Run, error) {
	return db.Query(ctx, tx, "select "+columns+" from trustee_run where proposal_id = $1 order by id desc limit $2", []any{proposal, maxRuns}, scanRun)
}

func insert(ctx context.Context, tx *db.Tx, form string, r *Run) error {
	_, err := tx.Exec(ctx, "insert into trustee_run (id, form, proposal_id, transcript, day) values ($1, $2, $3, $4, $5)",
		r.ID, form, r.Proposal, r.JSON(), day.Of(tx.Now()))
	if err != nil {
		return fmt.Errorf("begin trustees: %w", err)
	}
	return nil
}

func update(ctx context.Context, tx *db.Tx, r *Run) error {
	if _, err := tx.Exec(ctx, "update trustee_run set transcript = $2 where id = $1", r.ID, r.JSON()); err != nil {
		return fmt.Errorf("store what a trustee says: %w", err)
	}
	return nil
}

func keep(ctx context.Context, tx *db.Tx, run, box string) error {
	if _, err := tx.Exec(ctx, "update trustee_run set box_id = $2 where id = $1", run, box); err != nil {
		return fmt.Errorf("give a poll to trustees: %w", err)
	}
	return nil
}

func expire(ctx context.Context, tx *db.Tx, before int) error {
	if _, err := tx.Exec(ctx, "delete from trustee_run where box_id is null and day < $1", before); err != nil {
		return fmt.Errorf("delete trustees without a poll: %w", err)
	}
	return nil
}
