package pledges

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// Tally is where one part of a pledge stands, or all together.
type Tally struct {
	Part     int // box.Whole for all together
	Label    string
	Steps    []box.Step
	Pledged  uint64 // whatever they wait for
	Standing uint64 // whose condition is met
	Missing  uint64 // to the number that it takes
	More     uint64 // see [Next]
	Follow   uint64
	Reached  *Success
}

// Bound is the highest threshold that the further people of [Tally.More] may have.
func (t *Tally) Bound() uint64 { return t.Standing + t.More + t.Follow }

// Count is the numbers of a pledge.
type Count struct {
	box.Numbers
	Tallies []Tally // of the parts, or one
	// Leaves of the box, and how many of them are Witnessed.
	Leaves, Witnessed int64
}

// Count reads the numbers of a pledge. A draft has none.
func (s *Service) Count(ctx context.Context, tx *db.Tx, p *Pledge) (Count, error) {
	var c Count
	if p.Told != nil {
		return p.counted(), nil
	}
	if p.Box == "" {
		return c, nil
	}
	b, err := leaf.ParseID(p.Box)
	if err != nil {
		return c, err
	}
	if c.Numbers, err = s.Boxes.Numbers(ctx, tx, b); err != nil {
		return c, err
	}
	if c.Leaves, c.Witnessed, err = s.Boxes.Watched(ctx, tx, b); err != nil {
		return c, err
	}
	if len(p.Parts) == 0 {
		t, err := s.tally(ctx, tx, p, b, box.Whole)
		c.Tallies = []Tally{t}
		return c, err
	}
	for n, x := range p.Parts {
		t, err := s.tally(ctx, tx, p, b, n)
		if err != nil {
			return c, err
		}
		t.Label = x.Label
		c.Tallies = append(c.Tallies, t)
	}
	return c, nil
}

func (s *Service) tally(ctx context.Context, tx *db.Tx, p *Pledge, b leaf.ID, part int) (Tally, error) {
	steps, err := s.Boxes.Curve(ctx, tx, b, part)
	return p.tally(steps, part), err
}

// counted is what another server told, as [Service.Count] reads it here.
func (p *Pledge) counted() Count {
	c := Count{Numbers: p.Told.Numbers()}
	for n := range p.Told.Curves {
		part := n
		if len(p.Parts) == 0 {
			part = box.Whole
		}
		t := p.tally(p.Told.Steps(n), part)
		if part != box.Whole {
			t.Label = p.Parts[n].Label
		}
		c.Tallies = append(c.Tallies, t)
	}
	return c
}

// tally is where a part stands of which steps are the curve.
func (p *Pledge) tally(steps []box.Step, part int) Tally {
	t := Tally{Part: part, Steps: steps, Pledged: Everybody(steps), Standing: box.Standing(steps), Missing: Missing(steps, uint64(p.People))}
	if !p.Personal { // everybody waits for the same number: one who joins does, too
		t.Missing = uint64(p.People) - min(t.Pledged, uint64(p.People))
	}
	t.More, t.Follow = Next(steps)
	if r, ok := p.reached(part); ok {
		t.Reached = &r
	}
	return t
}

// BoxReached hears that a box has reached a count; see box.Listener.
func (s *Service) BoxReached(ctx context.Context, tx *db.Tx, r box.Reached) error {
	p, err := pledgeBy(ctx, tx, "box_id", r.Box.String())
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	ok, err := insertReached(ctx, tx, p.ID, Success{r.Part, int(r.Count), r.At})
	if err != nil || !ok {
		return err
	}
	if p.State == Open || p.State == Missed {
		if err := putState(ctx, tx, p.ID, Reached); err != nil {
			return err
		}
		if err := s.announce(ctx, tx, p.ID); err != nil {
			return err
		}
	}
	if err := s.touch(ctx, tx, &p); err != nil {
		return err
	}
	return s.Facts.Emit(ctx, tx, fact.PledgeReached{Pledge: string(p.ID), Part: r.Part, People: int(r.Count)})
}

// BoxClosed hears that a box takes nothing more; see box.Listener.
func (s *Service) BoxClosed(ctx context.Context, tx *db.Tx, b leaf.ID) error {
	p, err := pledgeBy(ctx, tx, "box_id", b.String())
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if p.State == Open {
		if err := s.miss(ctx, tx, &p); err != nil {
			return err
		}
	}
	if err := putState(ctx, tx, p.ID, Closed); err != nil {
		return err
	}
	return s.touch(ctx, tx, &p)
}

// Due says of pledges whose deadline has passed that they were missed. It runs
// every minute.
func (s *Service) Due(ctx context.Context) error {
	var due []ID
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = overdue(ctx, tx, tx.Now(), 100)
		return err
	})
	for _, pid := range due {
		err = errors.Join(err, s.DB.Write(ctx, func(tx *db.Tx) error {
			p, err := pledgeBy(ctx, tx, "id", string(pid))
			if err != nil || p.State != Open || tx.Now().Before(p.Deadline) {
				return err
			}
			return s.miss(ctx, tx, &p)
		}))
	}
	return err
}

// miss settles an open pledge whose time is over.
func (s *Service) miss(ctx context.Context, tx *db.Tx, p *Pledge) error {
	p.State = p.settle()
	if err := putState(ctx, tx, p.ID, p.State); err != nil {
		return err
	}
	if err := s.touch(ctx, tx, p); err != nil {
		return err
	}
	if p.State != Missed {
		return nil
	}
	return s.Facts.Emit(ctx, tx, fact.PledgeMissed{Pledge: string(p.ID)})
}

// maxCodes is how many codes are printed at once.
const maxCodes = 500

// Codes adds codes that let people pledge, to print and give out. They are made of
// the form's key, so that sent twice it gives the same.
func (s *Service) Codes(ctx context.Context, by authz.Actor, slug, key string, n int) ([]string, error) {
	if !id.ValidSecret(key) {
		return nil, fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	if n < 1 || n > maxCodes {
		return nil, fault.Invalid(fault.Field("n", "pledge.codes", "Print from {min} to {max} codes at once.", "min", 1, "max", maxCodes))
	}
	var codes []string
	for i := range n {
		h := sha256.Sum256(fmt.Appendf(nil, "pledge code\n%s\n%d", key, i))
		codes = append(codes, box.FormatCode(h[:16]))
	}
	roll, err := s.roll(ctx, by, slug)
	if err != nil {
		return nil, err
	}
	err = s.edit(ctx, by, slug, func(tx *db.Tx, p *Pledge, _ Seat) error {
		if !p.printable(tx.Now()) {
			return errNoCodes()
		}
		_, err := s.Boxes.PrintCodes(ctx, tx, roll, codes)
		return err
	})
	return codes, err
}

// printable reports whether codes can be printed for p now.
func (p *Pledge) printable(now time.Time) bool { return p.Gate == box.GatePaper && p.takes(now) }

func errNoCodes() error {
	return fault.Conflict("pledge.no_codes", "This pledge takes no codes on paper, or not now.")
}

// roll is that of an open pledge, for somebody who may edit it.
func (s *Service) roll(ctx context.Context, by authz.Actor, slug string) (leaf.ID, error) {
	p, err := s.Editable(ctx, by, slug)
	if err != nil {
		return leaf.ID{}, err
	}
	if p.Box == "" {
		return leaf.ID{}, errNoCodes()
	}
	b, err := leaf.ParseID(p.Box)
	if err != nil {
		return leaf.ID{}, err
	}
	i, err := s.Boxes.Info(ctx, b)
	if err != nil {
		return leaf.ID{}, err
	}
	return i.Roll, nil
}

// List reads one page of public pledges: those that can be joined, the nearest
// deadline first, or those that are over, the latest first.
func (s *Service) List(ctx context.Context, past bool, after cursor, limit int) (page []Pledge, more bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if past && after.id == "" {
			after = cursor{clock.Micros(tx.Now()) + 1, "~"}
		}
		page, err = listPledges(ctx, tx, past, tx.Now(), after, limit+1)
		return err
	})
	if len(page) > limit {
		return page[:limit], true, err
	}
	return page, false, err
}

// ForTake is what the pages on which people take part ask about a box: nil when the
// box belongs to no pledge that the reader may know of.
func (s *Service) ForTake(ctx context.Context, by authz.Actor, b leaf.ID) (Pledge, error) {
	var p Pledge
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		p, _, err = s.loadBy(ctx, tx, by, "box_id", b.String())
		return err
	})
	return p, err
}
