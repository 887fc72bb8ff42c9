package box_test

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/db"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
)

func unhex(t fataler, s string) [32]byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 {
		t.Fatal("no 32 bytes", err)
	}
	return [32]byte(b)
}

// TestStanding compares with trying every number of people.
func TestStanding(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		thresholds := rapid.SliceOfN(rapid.Uint64Range(1, 40), 0, 40).Draw(rt, "thresholds")
		people := map[uint64]uint64{}
		for _, x := range thresholds {
			people[x]++
		}
		var steps []box.Step
		for x := uint64(1); x <= 40; x++ {
			if people[x] > 0 {
				steps = append(steps, box.Step{Threshold: x, People: people[x]})
			}
		}
		var want uint64
		for k := uint64(0); k <= uint64(len(thresholds)); k++ {
			var n uint64
			for _, x := range thresholds {
				if x <= k {
					n++
				}
			}
			if n >= k {
				want = max(want, k)
			}
		}
		if got := box.Standing(steps); got != want {
			rt.Fatalf("%v stand at %d, want %d", thresholds, got, want)
		}
	})
}

// pledger is one person of the model.
type pledger struct {
	*boxtest.Voter
	threshold uint32
	part      uint16
	live      bool
	sent      [][]byte
}

// TestPledges compares a box with a list of people who pledge, change their minds
// and send old statements again, and counts its leaves again in another order.
func TestPledges(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		roll := s.roll(t, box.RollInput{Gate: box.GateBrowser})
		i := s.open(t, roll, 0, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 2, Goals: []uint64{2, 4, 6}})
		r := rand.New(rand.NewPCG(7, 9))
		var people []*pledger
		for range 12 {
			people = append(people, &pledger{Voter: s.anybody(t, i)})
		}
		top := [2]uint64{}
		for range 150 {
			p := people[r.IntN(len(people))]
			switch x := r.IntN(10); {
			case x < 6:
				p.threshold, p.part = uint32(1+r.IntN(8)), uint16(r.IntN(2))
				b := p.Says(leaf.Pledge{Threshold: p.threshold, Part: p.part}.Encode())
				p.sent, p.live = append(p.sent, b), true
				s.cast(t, i, b)
			case x < 8 && len(p.sent) > 0:
				b := p.Says(leaf.Withdraw())
				if _, err := s.Cast(ctx, i.ID, b); p.live != (err == nil) {
					t.Fatalf("withdrawing gives %v, live %v", err, p.live)
				} else if err == nil {
					p.sent = append(p.sent, b)
				} else {
					p.Next--
				}
				p.live = false
			case len(p.sent) > 1: // an old statement again
				_, err := s.Cast(ctx, i.ID, p.sent[r.IntN(len(p.sent)-1)])
				wantCode(t, err, "box.stale")
			case len(p.sent) == 1:
				if got := s.cast(t, i, p.sent[0]); !got.Again {
					t.Fatalf("the same statement counts twice: %+v", got)
				}
			}
			live := 0
			for part := range 2 {
				if k := standing(people, part); k > top[part] {
					top[part] = k
				}
			}
			for _, p := range people {
				if p.live {
					live++
				}
			}
			if n := s.numbers(t, i).Counted; n != int64(live) {
				t.Fatalf("%d count, want %d", n, live)
			}
		}
		s.same(t, i, people, top)
	})
}

// TestOnlyWhatChanged: a pledge looks at the curve of its own part, however many
// there are. What nobody said, here rows by another way, is looked at by nobody.
func TestOnlyWhatChanged(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.open(t, s.roll(t, box.RollInput{Gate: box.GateBrowser}), 0, leaf.Box{
			Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 3, Threshold: 2,
		})
		s.write(t, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "insert into box_curve (box_id, part, threshold, people) values ($1, 2, 2, 9)", i.ID.String())
			return err
		})
		reached := func() (parts []int) {
			for _, r := range s.numbers(t, i).Reached {
				parts = append(parts, r.Part)
			}
			return parts
		}
		a, b := s.anybody(t, i), s.anybody(t, i)
		s.cast(t, i, a.Says(leaf.Pledge{Threshold: 2}.Encode()))
		s.cast(t, i, b.Says(leaf.Pledge{Threshold: 2, Part: 1}.Encode()))
		if got := reached(); len(got) > 0 {
			t.Errorf("parts %v are reached by pledges to others", got)
		}
		s.cast(t, i, b.Says(leaf.Pledge{Threshold: 2}.Encode())) // both its parts changed
		if got := reached(); !slices.Equal(got, []int{0}) {
			t.Errorf("reached: %v", got)
		}
		s.cast(t, i, a.Says(leaf.Pledge{Threshold: 2, Part: 2}.Encode()))
		if got := reached(); !slices.Equal(got, []int{0, 2}) {
			t.Errorf("reached: %v", got)
		}
	})
}

func standing(people []*pledger, part int) uint64 {
	for k := uint64(len(people)); k > 0; k-- {
		var n uint64
		for _, p := range people {
			if p.live && int(p.part) == part && uint64(p.threshold) <= k {
				n++
			}
		}
		if n >= k {
			return k
		}
	}
	return 0
}

func (s *stand) same(t *testing.T, i *box.Info, people []*pledger, top [2]uint64) {
	t.Helper()
	s.write(t, func(tx *db.Tx) error {
		for part := range 2 {
			steps, err := s.Curve(ctx, tx, i.ID, part)
			if err != nil {
				return err
			}
			if got, want := box.Standing(steps), standing(people, part); got != want {
				t.Errorf("part %d stands at %d, want %d", part, got, want)
			}
		}
		return nil
	})
	for part, k := range top {
		for _, g := range i.Manifest.Goals {
			found := false
			for _, m := range s.numbers(t, i).Reached {
				found = found || m.Part == part && m.Goal == g
			}
			if found != (k >= g) {
				t.Errorf("part %d reached %d at most; goal %d is noted: %v", part, k, g, found)
			}
		}
	}
	// Whoever counts the leaves again, in any order, finds the same.
	type last struct {
		counter uint32
		live    bool
	}
	all := s.leaves(t, i.Log())
	for range 3 {
		rand.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		says := map[leaf.Key]last{}
		for _, b := range all {
			l, err := leaf.DecodeSay(b)
			if err != nil || !l.Verify(i.Origin) {
				t.Fatal("a leaf of the box does not verify", err)
			}
			if x := says[l.Key]; l.Counter > x.counter {
				says[l.Key] = last{l.Counter, leaf.BodyKind(l.Body) == leaf.SayPledge}
			}
		}
		n := int64(0)
		for _, x := range says {
			if x.live {
				n++
			}
		}
		if want := s.numbers(t, i).Counted; n != want {
			t.Errorf("counted again: %d, want %d", n, want)
		}
	}
}
