package box_test

import (
	"context"
	"testing"

	"convoke/internal/db"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// TestWatch: who asks for a count hears of it once, in the transaction that reached it,
// with the size of the box; what is reached already is told at once, also when it is no
// longer so.
func TestWatch(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		var told []box.Counted
		s.Watcher = func(_ context.Context, _ *db.Tx, c box.Counted) error {
			told = append(told, c)
			return nil
		}
		watch := func(i *box.Info, part int, people uint64) (c box.Counted, reached bool) {
			t.Helper()
			s.write(t, func(tx *db.Tx) (err error) {
				c, reached, err = s.Watch(ctx, tx, i.ID, part, people)
				return err
			})
			return c, reached
		}
		roll := s.roll(t, box.RollInput{Gate: box.GateBrowser, Slots: 2})
		petition := s.open(t, roll, 0, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
		if _, reached := watch(petition, box.Whole, 2); reached {
			t.Fatal("two have signed an empty petition")
		}
		for range 3 {
			s.cast(t, petition, s.anybody(t, petition).Signs())
		}
		if want := (box.Counted{Box: petition.ID, Part: box.Whole, People: 2, Count: 2, Size: 2}); len(told) != 1 || told[0] != want {
			t.Fatalf("told %+v, want %+v once", told, want)
		}
		if c, reached := watch(petition, box.Whole, 2); !reached || c != told[0] {
			t.Errorf("asked again: %+v, %v", c, reached)
		}
		if c, reached := watch(petition, box.Whole, 3); !reached || c.Count != 3 || c.Size != 3 {
			t.Errorf("asked late: %+v, %v", c, reached)
		}

		told = nil
		pledge := s.open(t, roll, 1, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 2})
		for _, part := range []int{box.Whole, 0, 1} {
			watch(pledge, part, 2)
		}
		says := func(threshold uint32, part uint16) func(body []byte) {
			v := s.anybody(t, pledge)
			say := func(body []byte) { s.cast(t, pledge, v.Says(body)) }
			say(leaf.Pledge{Threshold: threshold, Part: part}.Encode())
			return say
		}
		first := says(1, 0)
		says(2, 1) // waits for another one, so it does not stand
		if len(told) != 0 {
			t.Fatalf("told %+v", told)
		}
		says(9, 0)
		says(1, 1)
		want := []box.Counted{
			{Box: pledge.ID, Part: box.Whole, People: 2, Count: 3, Size: 4}, {Box: pledge.ID, Part: 1, People: 2, Count: 2, Size: 4},
		}
		if len(told) != 2 || told[0] != want[0] || told[1] != want[1] {
			t.Fatalf("told %+v, want %+v", told, want)
		}
		first(leaf.Withdraw())
		if c, reached := watch(pledge, 1, 2); !reached || c != want[1] || len(told) != 2 {
			t.Errorf("%+v, %v: what was reached stays so", c, reached)
		}
		s.write(t, func(tx *db.Tx) error {
			seen, err := s.Seen(ctx, tx, pledge.ID, 2)
			if err != nil || len(seen) != 2 || seen[0] != want[0] {
				t.Errorf("seen %+v, %v", seen, err)
			}
			n, err := s.People(ctx, tx, pledge.ID, 0)
			if n != 0 {
				t.Errorf("%d stand in the first part", n)
			}
			if _, _, err := s.Watch(ctx, tx, pledge.ID, 2, 2); err == nil {
				t.Error("a part that there is not is watched")
			}
			return err
		})
	})
}
