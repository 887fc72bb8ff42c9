package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// ErrNoRun: there is no import with this id, or it wrote nothing.
var ErrNoRun = errors.New("there is no such import")

// Of imports the latest maxRuns can be undone, for keepRuns; see
// [Service.ExpireRuns].
const (
	maxRuns  = 200
	keepRuns = 180 * 24 * time.Hour
)

// Runs lists imports that wrote something, the latest first.
func (s *Service) Runs(ctx context.Context) ([]Run, error) {
	var all []Run
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		all, err = runsWhere(ctx, tx, "order by id desc limit $1", maxRuns)
		return err
	})
	return all, err
}

// ExpireRuns forgets the imports that can no longer be undone. What they brought
// stays.
func (s *Service) ExpireRuns(ctx context.Context) error {
	for {
		more := false
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			run, ok, err := oldRun(ctx, tx)
			if more = ok; err != nil || !ok {
				return err
			}
			return forgetRun(ctx, tx, run, 2000) // the rest in the next round, so that others get their turn
		})
		if err != nil || !more {
			return err
		}
	}
}

// Codes of why an event of an import that is undone stays.
const (
	codeBefore = "before"
	codeSince  = "changed_since"
	codeInUse  = "in_use"
)

// UndoOptions say which import to undo.
type UndoOptions struct {
	Run    string
	DryRun bool // looks at everything and removes nothing
	// Progress, when set, is told after each batch how many rows are done.
	Progress func(rows int)
}

// UndoImport removes the events that one import made and that no later import has
// changed. What stays is named in the report. Each batch is one transaction, so an undo that
// is stopped is simply run again.
func (s *Service) UndoImport(ctx context.Context, o UndoOptions, report *Report) (UndoSummary, error) {
	u := undo{Service: s, o: o, report: report}
	u.sum.DryRun = o.DryRun
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		all, err := runsWhere(ctx, tx, "where id = $1", o.Run)
		if err == nil && len(all) == 0 {
			err = ErrNoRun
		}
		if err == nil {
			u.run = all[0]
		}
		return err
	})
	u.sum.Run = u.run.ID
	rows, after := 0, id.Event("")
	for n := batchRows; err == nil && n == batchRows; {
		if n, after, err = u.batch(ctx, after); err == nil && o.Progress != nil {
			rows += n
			o.Progress(rows)
		}
	}
	if err != nil || o.DryRun {
		return u.sum, err
	}
	return u.sum, s.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Touch("sources")
		return dropSource(ctx, tx, u.run.Source)
	})
}

type undo struct {
	*Service
	o      UndoOptions
	run    Run
	report *Report
	sum    UndoSummary
}

// batch takes the rows behind an event and returns how many there were, and the
// last.
func (u *undo) batch(ctx context.Context, after id.Event) (n int, last id.Event, err error) {
	var stay []ImportProblem
	removed := 0
	do := func(tx *db.Tx) error {
		stay, removed, n, last = nil, 0, 0, after
		rows, err := runRows(ctx, tx, u.run.ID, after, batchRows)
		if err != nil || len(rows) == 0 {
			return err
		}
		n, last = len(rows), rows[len(rows)-1].event
		here, err := eventsOf(ctx, tx, u.run.ID, rows[0].event, last)
		if err != nil {
			return err
		}
		var tags []string
		for _, r := range rows {
			e, ok := here[r.event]
			if !ok {
				continue
			}
			if code, why := r.stays(&e); code != "" {
				stay = append(stay, ImportProblem{UID: e.UID, Code: code, Message: why, Args: []any{"title", e.Title}})
				continue
			}
			removed++
			tags = append(tags, "event:"+string(e.ID))
			if err := u.remove(ctx, tx, &e); err != nil {
				return err
			}
		}
		if u.o.DryRun || removed == 0 {
			return nil
		}
		if len(tags) > touchLimit {
			tags = []string{"*"}
		}
		tx.Touch(append(tags, "events")...)
		return countRemoved(ctx, tx, u.run.ID, removed)
	}
	if u.o.DryRun {
		err = u.DB.Read(ctx, do)
	} else {
		err = u.DB.Write(ctx, do)
	}
	if err != nil {
		return n, last, fmt.Errorf("undo the import: %w", err)
	}
	for _, p := range stay {
		u.report.Problem(p)
	}
	u.sum.Removed += removed
	u.sum.Stay += len(stay)
	return n, last, nil
}

// stays says why an event is not removed. Nobody can sign up for an event of no
// group, or add anything to it, so nothing of others goes with it.
func (r *runRow) stays(e *Event) (code, why string) {
	switch {
	case !r.made:
		return codeBefore, i18n.Mark("“{title}” stays: it was here before this import, which changed it. What it said before is not kept.")
	case e.Group != "":
		return codeInUse, i18n.Mark("“{title}” stays: it belongs to a group.")
	case e.Sequence != r.sequence:
		return codeSince, i18n.Mark("“{title}” stays: it was changed after this import.")
	}
	return "", ""
}

func (u *undo) remove(ctx context.Context, tx *db.Tx, e *Event) error {
	if u.o.DryRun {
		return nil
	}
	if err := u.Tally.Set(ctx, tx, e.ID, e.Spot(), nil, []Estimate{}); err != nil {
		return err
	}
	return removeImported(ctx, tx, u.run.ID, e)
}
