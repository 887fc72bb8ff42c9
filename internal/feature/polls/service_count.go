package polls

import (
	"context"
	"errors"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/markdown"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/seal"
)

// countPoll is the job that counts a poll that has closed.
type countPoll struct {
	Poll PollID `json:"poll"`
}

// Kind implements job.Args.
func (countPoll) Kind() string { return "polls.count" }

// countFor is how long one attempt to count may take.
const countFor = 30 * time.Minute

func (s *Service) registerCount() {
	if s.Jobs != nil {
		job.Register(s.Jobs, func(ctx context.Context, a countPoll) error { return s.Count(ctx, a.Poll) }, job.Timeout(countFor))
	}
}

// BoxClosed hears that a box takes nothing more, and has it counted; see box.Listener.
// A poll that has not begun is called off: nobody could vote.
func (s *Service) BoxClosed(ctx context.Context, tx *db.Tx, b leaf.ID) error {
	p, err := pollBy(ctx, tx, "box_id", b.String())
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil || p.State != Open {
		return err
	}
	if p.prepares(tx.Now()) {
		return s.calledOff(ctx, tx, &p)
	}
	if err := putClosed(ctx, tx, p.ID); err != nil {
		return err
	}
	tx.Touch("proposals", "proposal:"+string(p.Proposal))
	return s.Jobs.Enqueue(ctx, tx, countPoll{p.ID}, job.Insert{Unique: string(p.ID)})
}

// Count counts a poll that has closed, and does what was decided. It does nothing to
// one that was counted.
func (s *Service) Count(ctx context.Context, pid PollID) error {
	if _, going := s.counting.LoadOrStore(pid, true); going {
		return nil // by a job that is tried again when it fails
	}
	defer s.counting.Delete(pid)
	var p Poll
	var late bool
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		p, err = pollBy(ctx, tx, "id", string(pid))
		late = tx.Now().After(p.Closes.Add(maxShut))
		return err
	})
	if err != nil || p.State != Closed {
		return err
	}
	b, err := p.box()
	if err != nil {
		return err
	}
	r, err := s.Boxes.Count(ctx, b)
	if errors.Is(err, box.ErrShut) {
		if late {
			return s.lose(ctx, pid)
		}
		return nil // it is counted when the trustees have opened it
	}
	if err != nil {
		return err
	}
	// A key is read before the transaction that needs it.
	k, err := s.key(ctx, string(p.Proposal))
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.finish(ctx, tx, pid, b, &r, k) })
}

// finish stores what came out of a poll, and does what was decided.
func (s *Service) finish(ctx context.Context, tx *db.Tx, pid PollID, b leaf.ID, r *tally.Result, k *seal.Key) error {
	p, err := pollBy(ctx, tx, "id", string(pid))
	if err != nil || p.State != Closed {
		return err
	}
	text, err := r.JSON()
	if err != nil {
		return err
	}
	if err := putResult(ctx, tx, pid, text); err != nil {
		return err
	}
	if err := s.Boxes.PutResult(ctx, tx, b, text); err != nil {
		return err
	}
	about, err := proposalBy(ctx, tx, "id", string(p.Proposal))
	if err != nil {
		return err
	}
	switch {
	case p.Amendment != "":
		about.State = Discussed
		if err := s.settle(ctx, tx, &about, &p, r, k); err != nil {
			return err
		}
	case !p.Decides:
		about.State = Discussed
	default:
		about.Adopted = r.Adopted
		about.end(tx, Decided)
		if err := s.decided(ctx, tx, &p, r); err != nil {
			return err
		}
	}
	return s.store(ctx, tx, &about)
}

// settle puts an amendment into the text, or not. The caller stores p.
func (s *Service) settle(ctx context.Context, tx *db.Tx, p *Proposal, x *Poll, r *tally.Result, k *seal.Key) error {
	a, ok, err := amendmentBy(ctx, tx, p.ID, x.Amendment)
	if err != nil || !ok || k == nil {
		return err
	}
	becomes := Declined
	if r.Adopted {
		becomes = Accepted
		if err := s.accept(ctx, tx, p, &a, k); err != nil {
			return err
		}
	}
	return putAmendmentState(ctx, tx, a.ID, becomes)
}

// decided tells everybody whom it concerns what came out.
func (s *Service) decided(ctx context.Context, tx *db.Tx, p *Poll, r *tally.Result) error {
	if p.Effect == fact.EffectVote {
		if _, err := s.carry(ctx, tx, p, r); err != nil {
			return err
		}
	}
	err := s.Facts.Emit(ctx, tx, fact.PollDecided{
		Poll: string(p.ID), Proposal: string(p.Proposal), Group: p.Group, Campaign: p.Campaign, Title: p.Title, Effect: p.Effect, Subject: p.Subject, Options: p.ballot(),
		Candidates: p.Candidates, Winners: r.Winners, Adopted: r.Adopted, By: p.By, At: tx.Now(),
	})
	if err != nil || !r.Adopted || p.Effect != fact.EffectTask {
		return err
	}
	owner, until := taskOf(p.Subject)
	t := fact.TaskGiven{Group: p.Group, Title: p.Title, Owner: owner, From: "/polls/" + string(p.ID), By: p.By}
	if d, err := time.Parse(time.DateOnly, until); err == nil {
		t.Until = d
	}
	return s.Facts.Emit(ctx, tx, t)
}

// NotCarriedOut hears that something that was decided could not be done, and says so on
// the page of the poll.
func (s *Service) NotCarriedOut(ctx context.Context, tx *db.Tx, x fact.NotCarriedOut) error {
	p, err := pollBy(ctx, tx, "id", x.Poll)
	if isNone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	tx.Touch("proposal:" + string(p.Proposal))
	return putUndone(ctx, tx, p.ID, append(p.Undone, strings.TrimSpace(string(x.Why)+" "+x.Option)))
}

// taskOf is who has a task, and until which day: "-" is none.
func taskOf(subject string) (id.Person, string) {
	owner, until, _ := strings.Cut(subject, " ")
	return id.Person(owner), until
}

// dueAtOnce bounds one transaction of the schedule.
const dueAtOnce = 100

// CountDue has what closed and was not counted counted by the job, as after a restore
// without it. It runs every few minutes.
func (s *Service) CountDue(ctx context.Context) error {
	for after := PollID(""); ; {
		var due []PollID
		err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			due, err = uncounted(ctx, tx, after, dueAtOnce)
			for _, pid := range due {
				if err == nil {
					err = s.Jobs.Enqueue(ctx, tx, countPoll{pid}, job.Insert{Unique: string(pid)})
				}
			}
			return err
		})
		if err != nil || len(due) < dueAtOnce {
			return err
		}
		after = due[len(due)-1]
	}
}

// Remind tells everybody in the electorate again, for an organizer, at most once a
// day. It cannot reach only those who have not voted: nobody knows who has.
func (s *Service) Remind(ctx context.Context, by authz.Actor, pid string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		p, _, g, in, err := s.loadPoll(ctx, tx, by, "id", pid)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.RunPoll, in.subject()); err != nil {
			return err
		}
		if !p.takes(tx.Now()) {
			return errLate(&p)
		}
		today := day.Of(tx.Now())
		if p.Reminded == today {
			return fault.Conflict("poll.reminded", "Everybody was reminded today already. Once a day is enough.")
		}
		if err := putReminded(ctx, tx, p.ID, today); err != nil {
			return err
		}
		tx.Touch("proposal:" + string(p.Proposal))
		if err := s.announce(ctx, tx, &p, g, day.ISO(today)); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "remind of poll", pid+" "+string(p.Group))
	})
}

// carryAgain enters once more what a group has decided, after its delegate changed.
func (s *Service) carryAgain(ctx context.Context, tx *db.Tx, p *Proposal) error {
	all, err := pollsOf(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].Decides && all[i].Result != nil {
			_, err = s.carry(ctx, tx, &all[i], all[i].Result)
			return err
		}
	}
	return nil
}

// Own drafts a group's own proposal on what a coalition's poll asks, for an organizer
// of a group with a seat: its outcome becomes the group's vote. Doing it again finds
// the same one, and enters what it decided once more.
func (s *Service) Own(ctx context.Context, by authz.Actor, pid, group string) (ID, error) {
	var out ID
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		p, _, _, _, err := s.loadPoll(ctx, tx, by, "id", pid)
		if err != nil {
			return err
		}
		g, err := s.Groups.ByHandle(ctx, tx, strings.TrimPrefix(group, "@"))
		if err != nil {
			return err
		}
		in, err := s.insideOf(ctx, tx, by, g)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.RunPoll, in.subject()); err != nil {
			return err
		}
		mine, err := seatsOfGroup(ctx, tx, p.ID, g.ID)
		if err != nil {
			return err
		}
		if !p.takes(tx.Now()) {
			return errLate(&p)
		}
		if len(mine) == 0 {
			return errNoSeat()
		}
		form := "own " + string(p.ID) + " " + string(g.ID)
		if old, err := proposalBy(ctx, tx, "form", form); !errors.Is(err, db.ErrNoRows) {
			out = old.ID
			if err != nil || old.State != Decided {
				return err
			}
			return s.carryAgain(ctx, tx, &old)
		}
		fresh := Proposal{Text: p.frozen(), Wrote: by.Person, Effect: fact.EffectVote, Subject: pid}
		if fresh.HTML, err = markdown.Render(fresh.Body); err != nil {
			return err
		}
		if out, err = s.insert(ctx, tx, form, g, &fresh); err != nil {
			return err
		}
		fresh.State = Discussed
		return s.store(ctx, tx, &fresh)
	})
	return out, err
}
