package box_test

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/db/dbtest"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// quiet opens a box whose statements wait for each other.
func (s *stand) quiet(t *testing.T, m leaf.Box) *box.Info {
	t.Helper()
	m.MinBatch = 3
	return s.open(t, s.roll(t, box.RollInput{Gate: box.GateBrowser}), 0, m)
}

// waits casts what must wait for others.
func (s *stand) waits(t *testing.T, i *box.Info, b []byte) {
	t.Helper()
	if r := s.cast(t, i, b); !r.Pending {
		t.Errorf("receipt %+v", r)
	}
}

// count waits until as many are counted.
func (s *stand) count(t *testing.T, i *box.Info, n int64) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); s.numbers(t, i).Counted != n; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%+v, want %d", s.numbers(t, i), n)
		}
	}
}

// TestLeastBatch proves that statements of a small vote wait for each other, and that
// each is one of another person.
func TestLeastBatch(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.quiet(t, leaf.Box{})
		v := s.anybody(t, i)
		for range 4 { // one who sends again is no crowd
			s.waits(t, i, v.Signs())
		}
		s.waits(t, i, s.anybody(t, i).Signs())
		if n := len(s.leaves(t, i.Log())); n != 0 {
			t.Fatalf("%d leaves after two people", n)
		}
		s.cast(t, i, s.anybody(t, i).Signs())
		s.count(t, i, 3)
		// Nor is what everybody can read, or a key without a credential.
		s.waits(t, i, s.anybody(t, i).Signs())
		for _, l := range s.leaves(t, i.Log()) {
			if r := s.cast(t, i, l); !r.Again || r.Pending {
				t.Errorf("receipt %+v", r)
			}
		}
		for range 3 {
			_, err := s.Cast(ctx, i.ID, code(t).Part(i.Origin, 0).Say(i.Origin, nil, 1, leaf.Withdraw()))
			wantCode(t, err, "box.unknown_key")
		}
		if n := s.numbers(t, i).Counted; n != 3 {
			t.Errorf("%d count", n)
		}
		s.Stop()
		s.count(t, i, 4)
	})
}

// TestNobodyWaitsForARefusal: what will not be recorded is refused at once, as in
// boxes where nobody waits.
func TestNobodyWaitsForARefusal(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.quiet(t, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Until: dbtest.Now.Add(time.Hour).Unix()})
		a, b := s.anybody(t, i), s.anybody(t, i)
		pledge := func(n uint32) []byte { return leaf.Pledge{Threshold: n}.Encode() }
		refused := func(code string, l []byte) {
			t.Helper()
			_, err := s.Cast(ctx, i.ID, l)
			wantCode(t, err, code)
		}
		// In random order, the older of two that wait could be the one that counts.
		first := a.Says(pledge(1))
		s.waits(t, i, first)
		s.waits(t, i, first)
		refused("box.waits", a.Say(i.Origin, nil, 2, leaf.Withdraw()))
		s.waits(t, i, b.Says(pledge(1)))
		s.cast(t, i, s.anybody(t, i).Says(pledge(1)))
		s.count(t, i, 3)
		s.waits(t, i, a.Say(i.Origin, nil, 2, pledge(5)))
		refused("box.waits", a.Say(i.Origin, nil, 2, pledge(7)))
		refused("box.waits", a.Say(i.Origin, nil, 3, leaf.Withdraw()))
		refused("box.stale", b.Say(i.Origin, nil, 1, pledge(5)))
		s.Clock.Add(time.Hour)
		late := s.anybody(t, i)
		refused("box.late", late.Says(pledge(1)))
		refused("box.late", b.Say(i.Origin, nil, 2, pledge(5)))
		if err := s.Close(ctx, i.ID); err != nil {
			t.Fatal(err)
		}
		refused("box.closed", b.Say(i.Origin, nil, 2, leaf.Withdraw()))
	})
}

// TestNobodyWaitsPastTheEnd proves that what waits for others is in the box when it
// closes, early or at its time, and when pledging ends.
func TestNobodyWaitsPastTheEnd(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		early, i := s.quiet(t, leaf.Box{}), s.quiet(t, leaf.Box{})
		pledge := s.quiet(t, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Until: dbtest.Now.Add(time.Hour).Unix()})
		s.waits(t, early, s.anybody(t, early).Signs())
		if err := s.Close(ctx, early.ID); err != nil {
			t.Fatal(err)
		}
		s.count(t, early, 1)
		last, v := s.anybody(t, pledge), s.anybody(t, i)
		s.Clock.Add(time.Hour - 59*time.Second)
		s.cast(t, pledge, last.Says(leaf.Pledge{Threshold: 1}.Encode()))
		s.count(t, pledge, 1)
		s.Clock.Add(23 * time.Hour)
		s.cast(t, i, v.Signs())
		s.count(t, i, 1)
	})
}

// TestLeastBatchOfARoll is how many wait: all of a small closed roll, 20 of a large
// one, nobody where the roll's log names nobody.
func TestLeastBatchOfARoll(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		refs := strings.Fields("a b c d e f g h i j k l m n o p q r s t u v")
		for _, x := range []struct {
			in   box.RollInput
			want int
		}{
			{box.RollInput{Gate: box.GateMembers, References: refs}, 20}, {box.RollInput{Gate: box.GateCodes, References: refs[:5]}, 5},
			{box.RollInput{Gate: box.GateMembers, References: refs[:1]}, 0}, {box.RollInput{Gate: box.GateBrowser}, 0},
		} {
			d, err := s.Prepare(ctx, x.in)
			if err != nil {
				t.Fatal(err)
			}
			if n := d.MinBatch(); n != x.want {
				t.Errorf("%s of %d: %d", x.in.Gate, len(x.in.References), n)
			}
		}
	})
}
