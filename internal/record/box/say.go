package box

import (
	"context"
	"maps"
	"slices"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
)

// MaxThreshold is the largest number of people that somebody may wait for.
const MaxThreshold = 10_000_000

// allows says whether a body is one that the box takes.
func (i *Info) allows(body []byte) error {
	switch leaf.BodyKind(body) {
	case leaf.SayWithdraw:
		if len(body) == 1 {
			return nil
		}
	case leaf.SayDone:
		if len(body) == 1 && i.Manifest.Type == leaf.PledgeTo {
			return nil
		}
	case leaf.SaySealed:
		if i.Manifest.Sealed == nil {
			break
		}
		if err := i.Manifest.Sealed.CheckBody(body); err != nil {
			return fault.Because(fault.Malformed("box.paper", "This ballot is not filled in by the rules of this poll. Nothing was recorded."), err)
		}
		return nil
	case leaf.SayBallot:
		if i.Manifest.Poll == nil || i.Manifest.Sealed != nil {
			break
		}
		if err := i.Manifest.Poll.CheckPaper(body[1:]); err != nil {
			return fault.Because(fault.Malformed("box.paper", "This ballot is not filled in by the rules of this poll. Nothing was recorded."), err)
		}
		return nil
	case leaf.SayPledge:
		p, err := leaf.DecodePledge(body)
		switch {
		case err != nil || i.Manifest.Type != leaf.PledgeTo:
		case i.Manifest.Parts == 0 && p.Part != 0 || i.Manifest.Parts > 0 && p.Part >= i.Manifest.Parts:
			return fault.Malformed("box.part", "This pledge has no such place or group. Nothing was recorded.")
		case p.Threshold > MaxThreshold, i.Manifest.Threshold > 0 && p.Threshold != i.Manifest.Threshold:
			return fault.Malformed("box.threshold", "This pledge waits for another number of people. Nothing was recorded.")
		default:
			return nil
		}
	}
	return fault.Malformed("box.body", "This box does not take such a statement. Nothing was recorded.")
}

// apply is what a key says after a statement, given what it said before.
func (i *Info) apply(old said, s *leaf.Say) (said, error) {
	now := old
	now.counter = s.Counter
	switch leaf.BodyKind(s.Body) {
	case leaf.SayWithdraw:
		if !old.live {
			return now, fault.Conflict("box.nothing", "There is nothing to take back. Nothing was recorded.")
		}
		now.live = false
	case leaf.SayDone:
		if !old.live {
			return now, fault.Conflict("box.nothing_done", "Only who has pledged can say that they did it. Nothing was recorded.")
		}
		now.done = true
	case leaf.SayPledge:
		p, err := leaf.DecodePledge(s.Body)
		if err != nil {
			return now, errLeaf(err)
		}
		now.threshold, now.part, now.live = p.Threshold, p.Part, true
	case leaf.SayBallot, leaf.SaySealed:
		now.live = true
	}
	return now, nil
}

// late refuses a pledge when only those who have pledged are heard any more.
func (i *Info) late(body []byte, now time.Time) error {
	if u := i.Manifest.Until; u == 0 || now.Unix() < u || leaf.BodyKind(body) != leaf.SayPledge {
		return nil
	}
	return fault.Gone("box.late", "The time to pledge is over. Nothing was recorded.")
}

// Step is one threshold of a curve: how many live pledges have it.
type Step struct {
	Threshold uint64
	People    uint64
}

// Standing is how many people's conditions are met at once: the largest k for
// which at least k pledges have a threshold of k or less. steps are in the order of
// their thresholds.
func Standing(steps []Step) uint64 {
	// With k people, all of thresholds up to k stand. The number of pledges with a
	// threshold of at most t is constant between thresholds, so the largest k in
	// [t, next) is that number, where it lies there or beyond.
	var sum, best uint64
	for n, s := range steps {
		sum += s.People
		if sum < s.Threshold {
			continue
		}
		k := sum
		if n+1 < len(steps) && k >= steps[n+1].Threshold {
			k = steps[n+1].Threshold - 1
		}
		best = max(best, k)
	}
	return best
}

// Curve is the thresholds of a part, lowest first; of all parts together with
// [Whole].
func (b *Boxes) Curve(ctx context.Context, tx *db.Tx, id leaf.ID, part int) ([]Step, error) {
	q, args := `select threshold, sum(people) from box_curve where box_id = $1 and people > 0 group by threshold order by threshold`, []any{id.String()}
	if part != Whole {
		q, args = `select threshold, people from box_curve where box_id = $1 and part = $2 and people > 0 order by threshold`, append(args, part)
	}
	return db.Query(ctx, tx, q, args, func(scan func(...any) error) (Step, error) {
		var s Step
		return s, scan(&s.Threshold, &s.People)
	})
}

// reach notes the counts that a box has reached now, in the record too. bent are
// the parts whose curve changed: no other can have reached anything.
func (b *Boxes) reach(ctx context.Context, tx *db.Tx, i *Info, bent map[int]bool) error {
	if i.Manifest.Poll != nil {
		return nil // nothing is told before it closes
	}
	if i.Manifest.Takes == leaf.TakesSign {
		n, err := numbersOf(ctx, tx, i.ID)
		if err != nil {
			return err
		}
		return b.note(ctx, tx, i, Whole, uint64(n.Counted))
	}
	for _, p := range slices.Sorted(maps.Keys(bent)) {
		if i.Manifest.Parts == 0 {
			p = Whole
		}
		steps, err := b.Curve(ctx, tx, i.ID, p)
		if err != nil {
			return err
		}
		if err := b.note(ctx, tx, i, p, Standing(steps)); err != nil {
			return err
		}
	}
	return nil
}

// goals are the counts that a box notes: its goals, and the threshold that all of
// its pledges share.
func goals(m *leaf.Box) []uint64 {
	if m.Threshold > 0 {
		return append([]uint64{uint64(m.Threshold)}, m.Goals...)
	}
	return m.Goals
}

func (b *Boxes) note(ctx context.Context, tx *db.Tx, i *Info, part int, count uint64) error {
	for _, g := range goals(&i.Manifest) {
		if count < g {
			continue
		}
		fresh, err := insertMilestone(ctx, tx, i.ID, part, g)
		if err != nil || !fresh {
			if err != nil {
				return err
			}
			continue
		}
		size, err := record.Size(ctx, tx, i.Log())
		if err != nil {
			return err
		}
		l := leaf.Milestone{Box: i.ID, Part: int32(part), Goal: g, Count: count, Size: uint64(size), Time: tx.Now().Unix()}
		if _, err := b.Record.Append(ctx, tx, record.NodeLog, l.Encode()); err != nil {
			return err
		}
		if b.Listener == nil {
			continue
		}
		r := Reached{Box: i.ID, Kind: i.Manifest.Type, Part: part, Goal: g, Count: count, At: tx.Now()}
		if err := b.Listener.Reached(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}
