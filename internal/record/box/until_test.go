package box_test

import (
	"testing"
	"time"

	"convoke/internal/db/dbtest"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// TestPledgesUntil: after the day to pledge nobody pledges or changes a pledge, and
// who has pledged can say that they did it, or take it back, until the box closes.
func TestPledgesUntil(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		roll := s.roll(t, box.RollInput{Gate: box.GateBrowser})
		i := s.open(t, roll, 0, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Threshold: 2, Until: dbtest.Now.Add(time.Hour).Unix()})
		a, b, late := s.anybody(t, i), s.anybody(t, i), s.anybody(t, i)
		pledge := leaf.Pledge{Threshold: 2}.Encode()
		first := a.Says(pledge)
		s.cast(t, i, first)
		s.Clock.Add(time.Hour - time.Second)
		s.cast(t, i, b.Says(pledge))
		s.Clock.Add(time.Second)
		_, err := s.Cast(ctx, i.ID, late.Says(pledge))
		wantCode(t, err, "box.late")
		if r := s.cast(t, i, first); !r.Again {
			t.Error("what was in time is not found again")
		}
		s.cast(t, i, a.Says(leaf.Done()))
		s.cast(t, i, b.Says(leaf.Withdraw()))
		_, err = s.Cast(ctx, i.ID, b.Says(pledge))
		wantCode(t, err, "box.late")
		if n := s.numbers(t, i); n.Counted != 1 || n.Done != 1 || n.Withdrawn != 1 || len(n.Reached) != 1 {
			t.Errorf("numbers %+v", n)
		}
	})
}

// TestUntilOfManifests: the day to pledge lies between opening and closing, and only
// pledges have one.
func TestUntilOfManifests(t *testing.T) {
	good := leaf.Box{V: 1, Type: leaf.PledgeTo, Takes: leaf.TakesSay, Roll: leaf.ID{}.String(), Opens: 10, Closes: 30, Until: 20}
	for name, change := range map[string]func(m *leaf.Box){
		"a petition":    func(m *leaf.Box) { m.Type, m.Takes = leaf.Petition, leaf.TakesSign },
		"before opened": func(m *leaf.Box) { m.Until = 10 },
		"after closed":  func(m *leaf.Box) { m.Until = 31 },
		"negative":      func(m *leaf.Box) { m.Until = -1 },
		"":              func(*leaf.Box) {},
	} {
		m := good
		change(&m)
		text, err := leaf.Canonical(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.ParseBox(text); (err != nil) != (name != "") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
