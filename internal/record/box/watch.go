package box

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
)

// Counted says that a box had Count of at least People in a part, [Whole] for all
// together, after Size leaves. It is never taken back.
type Counted struct {
	Box    leaf.ID
	Part   int
	People uint64
	Count  uint64
	Size   uint64
}

// Watch has [Deps.Watcher] hear when a box has so many people in a part, [Whole] for
// all together: of a box that takes statements with parts, the sum of what stands in
// each. When it has, or has been seen to have had, that is returned and nobody hears.
func (b *Boxes) Watch(ctx context.Context, tx *db.Tx, id leaf.ID, part int, people uint64) (c Counted, reached bool, err error) {
	c = Counted{Box: id, Part: part, People: people}
	i, err := b.load(ctx, tx, id)
	if err != nil {
		return c, false, err
	}
	if part != Whole && part >= int(i.Manifest.Parts) || part < Whole {
		return c, false, fmt.Errorf("box %s has no part %d", id, part)
	}
	if _, err := tx.Exec(ctx, `insert into box_watch (box_id, part, people, count, size, reached_at) values ($1, $2, $3, 0, 0, 0)
		on conflict do nothing`, id.String(), part, people); err != nil {
		return c, false, fmt.Errorf("watch a box: %w", err)
	}
	var at int64
	err = tx.Get(ctx, "select count, size, reached_at from box_watch where box_id = $1 and part = $2 and people = $3",
		[]any{id.String(), part, people}, &c.Count, &c.Size, &at)
	if err != nil || at > 0 {
		return c, err == nil, err
	}
	if c.Count, err = b.people(ctx, tx, i, part); err != nil || c.Count < people {
		return c, false, err
	}
	return c, true, b.reachWatch(ctx, tx, i, &c)
}

// People is how many a box has in a part now; see [Boxes.Watch].
func (b *Boxes) People(ctx context.Context, tx *db.Tx, id leaf.ID, part int) (uint64, error) {
	i, err := b.load(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	return b.people(ctx, tx, i, part)
}

func (b *Boxes) people(ctx context.Context, tx *db.Tx, i *Info, part int) (n uint64, err error) {
	if i.Manifest.Takes == leaf.TakesSign {
		c, err := numbersOf(ctx, tx, i.ID)
		return uint64(max(c.Counted, 0)), err
	}
	parts := []int{part}
	if part == Whole && i.Manifest.Parts > 0 {
		parts = parts[:0]
		for p := range int(i.Manifest.Parts) {
			parts = append(parts, p)
		}
	}
	for _, p := range parts {
		steps, err := b.Curve(ctx, tx, i.ID, p)
		if err != nil {
			return 0, err
		}
		n += Standing(steps)
	}
	return n, nil
}

// Seen are the counts that a box was seen to have had for so many people, one for each
// part.
func (b *Boxes) Seen(ctx context.Context, tx *db.Tx, id leaf.ID, people uint64) ([]Counted, error) {
	return db.Query(ctx, tx, `select part, people, count, size from box_watch where box_id = $1 and people = $2 and reached_at > 0 order by part`,
		[]any{id.String(), people}, func(scan func(...any) error) (Counted, error) {
			c := Counted{Box: id}
			return c, scan(&c.Part, &c.People, &c.Count, &c.Size)
		})
}

// watched tells who waits for a count that the box has now: those of parts in bent, and
// of all together.
func (b *Boxes) watched(ctx context.Context, tx *db.Tx, i *Info, bent map[int]bool) error {
	all, err := db.Query(ctx, tx, "select part, people from box_watch where box_id = $1 and reached_at = 0 order by part, people",
		[]any{i.ID.String()}, func(scan func(...any) error) (Counted, error) {
			c := Counted{Box: i.ID}
			return c, scan(&c.Part, &c.People)
		})
	if err != nil {
		return err
	}
	have := map[int]uint64{}
	for _, c := range all {
		if c.Part != Whole && !bent[c.Part] {
			continue
		}
		n, known := have[c.Part]
		if !known {
			if n, err = b.people(ctx, tx, i, c.Part); err != nil {
				return err
			}
			have[c.Part] = n
		}
		if c.Count = n; n < c.People {
			continue
		}
		if err := b.reachWatch(ctx, tx, i, &c); err != nil {
			return err
		}
		if b.Watcher != nil {
			if err := b.Watcher(ctx, tx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Boxes) reachWatch(ctx context.Context, tx *db.Tx, i *Info, c *Counted) error {
	size, err := record.Size(ctx, tx, i.Log())
	if err != nil {
		return errors.Join(errors.New("find the size of a box"), err)
	}
	c.Size = uint64(size)
	_, err = tx.Exec(ctx, "update box_watch set count = $4, size = $5, reached_at = $6 where box_id = $1 and part = $2 and people = $3",
		i.ID.String(), c.Part, c.People, c.Count, c.Size, clock.Micros(tx.Now().Truncate(time.Second))) // no more exactly than the record
	if err != nil {
		return fmt.Errorf("note what a box has reached: %w", err)
	}
	return nil
}
