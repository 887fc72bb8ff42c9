package ladders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
)

// settle moves the steps of a campaign's ladder as far as they go by now.
func (s *Service) settle(ctx context.Context, tx *db.Tx, c id.Campaign) error {
	d, err := s.read(ctx, tx, Campaign{ID: c}, nil)
	if err != nil || d.Version == 0 || d.Down != nil || d.stopped {
		return err
	}
	moves := Settle(&d.Published.Plan, d.Stand, d.facts(), tx.Now())
	return s.noteMoves(ctx, tx, d, moves, "")
}

// now is the ladder of a campaign after what the clock has moved.
func (s *Service) now(ctx context.Context, tx *db.Tx, c Campaign, speaks []Group) (*Ladder, error) {
	if err := s.settle(ctx, tx, c.ID); err != nil {
		return nil, err
	}
	return s.read(ctx, tx, c, speaks)
}

// moveStep moves one step by somebody's word, and then all that follows from it.
func (s *Service) moveStep(ctx context.Context, tx *db.Tx, d *Ladder, m Move, note string) error {
	x := d.Stand[m.Step]
	x.move(m)
	if m.State == Waiting || m.State == Open {
		x.Free = m.At
	}
	if err := s.noteMoves(ctx, tx, d, []Move{m}, note); err != nil {
		return err
	}
	if err := dropAgreements(ctx, tx, d.Of.ID, m.Step); err != nil {
		return err
	}
	return s.settle(ctx, tx, d.Of.ID)
}

// noteMoves stores moves that were made, says so in the record and to others.
func (s *Service) noteMoves(ctx context.Context, tx *db.Tx, d *Ladder, moves []Move, note string) error {
	if len(moves) == 0 {
		return nil
	}
	touch(tx, d.Of.ID)
	for _, m := range moves {
		if err := putStanding(ctx, tx, d.Of.ID, m.Step, d.Stand[m.Step]); err != nil {
			return err
		}
		if err := s.recordMove(ctx, tx, d, m); err != nil {
			return err
		}
		if err := insertMove(ctx, tx, d.Of.ID, m, note); err != nil {
			return err
		}
		step := &d.Published.Plan.Steps[d.Published.Plan.step(m.Step)]
		err := s.Facts.Emit(ctx, tx, fact.LadderMoved{
			Campaign: d.Of.ID, Step: m.Step, Title: step.Title, State: string(m.State), Reason: m.Reason, At: m.At,
		})
		if err != nil {
			return err
		}
		if m.State != Open && (m.State != Halted || d.Stand[m.Step].Was != Open) {
			continue
		}
		if err := s.announce(ctx, tx, d.Of.ID, m.Step); err != nil {
			return err
		}
	}
	return s.noteOver(ctx, tx, d)
}

// noteOver remembers since when no step can move any more.
func (s *Service) noteOver(ctx context.Context, tx *db.Tx, d *Ladder) error {
	over := len(d.Stand) > 0
	for _, x := range d.Stand {
		over = over && x.State.settled()
	}
	over = over || d.Down != nil || d.stopped
	if over == !d.over.IsZero() {
		return nil
	}
	d.over = time.Time{}
	if over {
		d.over = tx.Now()
	}
	return putOver(ctx, tx, d.Of.ID, d.over)
}

// recordMove puts a move into the public record, with the counts that opened it.
func (s *Service) recordMove(ctx context.Context, tx *db.Tx, d *Ladder, m Move) error {
	x := leaf.StepMove{Step: m.Step, State: string(m.State), Reason: m.Reason, Time: m.At.Unix()}
	step := &d.Published.Plan.Steps[d.Published.Plan.step(m.Step)]
	g := step.Gate
	if m.State == Met {
		g = step.MetBy
	}
	if m.Reason == ByGate {
		var err error
		if x.Counts, err = s.counts(ctx, tx, d, g); err != nil {
			return err
		}
	}
	name, err := leaf.ParseID(d.Name)
	if err != nil {
		return err
	}
	text, err := leaf.Canonical(x)
	if err != nil {
		return err
	}
	_, err = s.Record.Append(ctx, tx, record.NodeLog, leaf.Step{Ladder: name, JSON: text}.Encode())
	return err
}

// counts are those of a gate that were reached, each once.
func (s *Service) counts(ctx context.Context, tx *db.Tx, d *Ladder, g *Gate) (out []leaf.StepCount, err error) {
	seen := map[string]bool{}
	g.leaves(func(x *Gate) {
		n := x.Count
		if n == nil || err != nil || d.Watches[x.atom()].Fired.IsZero() {
			return
		}
		b, err2 := leaf.ParseID(n.Box)
		all, err3 := s.Boxes.Seen(ctx, tx, b, uint64(n.People))
		if err = firstOf(err2, err3); err != nil {
			return
		}
		for _, c := range all {
			name := fmt.Sprintf("%s %d %d", n.Box, c.Part, n.People)
			wanted := n.Groups > 0 && c.Part >= 0 || n.Groups == 0 && (n.Index == nil && c.Part == -1 || n.Index != nil && c.Part == *n.Index)
			if wanted && !seen[name] {
				seen[name] = true
				out = append(out, leaf.StepCount{Box: n.Box, Part: c.Part, People: c.People, Count: c.Count, Size: c.Size})
			}
		}
	})
	return out, err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// fire notes that something has happened that a ladder waits for, to the second: the
// last one who signed is not to be known by the time.
func (s *Service) fire(ctx context.Context, tx *db.Tx, c id.Campaign, atom string, have int, at time.Time) error {
	_, err := tx.Exec(ctx, "update ladder_watch set have = $3, fired_at = $4 where campaign_id = $1 and atom = $2 and fired_at = 0",
		string(c), atom, have, clock.Micros(at.Truncate(time.Second)))
	if err != nil {
		return fmt.Errorf("note what a ladder waited for: %w", err)
	}
	return nil
}

// come notes how far something is, and moves what waits for it.
func (s *Service) come(ctx context.Context, tx *db.Tx, w watch, have int, at time.Time) error {
	so, err := s.note(ctx, tx, w, have, at)
	if err != nil || !so {
		return err
	}
	return s.settle(ctx, tx, w.Campaign)
}

// mark notes how far something is, and leaves what waits for it to a job.
func (s *Service) mark(ctx context.Context, tx *db.Tx, w watch, have int) error {
	so, err := s.note(ctx, tx, w, have, tx.Now())
	if err != nil || !so {
		return err
	}
	return s.Jobs.Enqueue(ctx, tx, settling{w.Campaign}, job.Insert{Unique: string(w.Campaign)})
}

// note says how far something is: it has happened, at that moment, when it has what it
// needs.
func (s *Service) note(ctx context.Context, tx *db.Tx, w watch, have int, at time.Time) (so bool, err error) {
	if have >= w.Need {
		touch(tx, w.Campaign)
		return true, s.fire(ctx, tx, w.Campaign, w.Atom, have, at)
	}
	if have == w.Have {
		return false, nil
	}
	touch(tx, w.Campaign)
	_, err = tx.Exec(ctx, "update ladder_watch set have = $3 where campaign_id = $1 and atom = $2", string(w.Campaign), w.Atom, have)
	return false, err
}

// settling is the job that moves the steps of one ladder.
type settling struct {
	Campaign id.Campaign `json:"campaign"`
}

// Kind implements job.Args.
func (settling) Kind() string { return "ladders.settle" }

func (s *Service) settleOne(ctx context.Context, a settling) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.settle(ctx, tx, a.Campaign) })
}

const duePage = 100

// Due looks at ladders for which a time has come: it reads those rows only, and moves
// each ladder by itself, so that one with which something is wrong stops no other. It
// runs every minute.
func (s *Service) Due(ctx context.Context) error {
	var errs []error
	page, after := []id.Campaign{}, id.Campaign("")
	for n := duePage; n == duePage; n = len(page) {
		err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			page, err = dueCampaigns(ctx, tx, tx.Now(), after, duePage)
			return err
		})
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, c := range page {
			after = c
			if err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.due(ctx, tx, c) }); err != nil {
				errs = append(errs, fmt.Errorf("move the ladder of the campaign %s: %w", c, err))
			}
		}
	}
	return errors.Join(append(errs, s.DB.Write(ctx, func(tx *db.Tx) error { return dropOldAgreements(ctx, tx, tx.Now()) }))...)
}

func (s *Service) due(ctx context.Context, tx *db.Tx, c id.Campaign) error {
	all, err := dueWatches(ctx, tx, c, tx.Now())
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := s.fire(ctx, tx, c, w.Atom, 1, w.Due); err != nil {
			return err
		}
	}
	touch(tx, c)
	return s.settle(ctx, tx, c)
}
