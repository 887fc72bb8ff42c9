package box_test

import (
	"testing"
	"time"

	"convoke/internal/db/dbtest"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
)

// TestKeysWait: before a poll opens, keys that are shown wait for others, since the line
// before them names a member; none is late because of it.
func TestKeysWait(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		opens := dbtest.Now.Add(time.Hour)
		i, refs := s.poll(t, 5, leaf.Box{Freeze: true, Opens: opens.Unix(), MinBatch: 3})
		shown := func() (keys []leaf.Key) {
			for _, l := range s.leaves(t, record.RollLog(i.Roll)) {
				if a, err := leaf.DecodeActivate(l); err == nil {
					keys = append(keys, a.Key)
				}
			}
			return keys
		}
		voters := []*boxtest.Voter{}
		for n, ref := range refs {
			v := s.member(t, i, ref)
			voters = append(voters, v)
			for range 2 { // sent again, it is the same one
				if err := s.Activate(ctx, i.Roll, v.Activate(v.Auth)); err != nil {
					t.Fatal(err)
				}
			}
			if ok, err := s.Activated(ctx, i, v.Public()); err != nil || !ok {
				t.Errorf("while it waits, a key is unknown: %v", err)
			}
			switch {
			case n < 2 && len(shown()) != 0:
				t.Fatalf("%d keys are shown at once", len(shown()))
			case n == 2:
				until(t, func() bool { return len(shown()) == 3 })
			}
		}
		if n := len(shown()); n != 3 {
			t.Errorf("%d keys are shown, of five that came", n)
		}
		s.Clock.Set(opens)
		if err := s.CloseDue(ctx); err != nil {
			t.Fatal(err)
		}
		if n := len(shown()); n != 5 {
			t.Errorf("%d keys are in the record when voting begins", n)
		}
		for _, v := range voters {
			if _, err := s.Cast(ctx, i.ID, v.Say(i.Origin, nil, 1, yes)); err != nil {
				t.Error(err)
			}
		}
	})
}

// until waits for what happens after an answer.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("in vain, for a minute")
		}
	}
}

// TestNobodyLate: from the moment voting begins no key is taken, also before the freeze.
func TestNobodyLate(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		opens := dbtest.Now.Add(time.Hour)
		i, refs := s.poll(t, 3, leaf.Box{Freeze: true, Opens: opens.Unix(), MinBatch: 3})
		v := s.member(t, i, refs[0])
		early, err := s.Early(ctx, i)
		if err != nil || !early || i.Settled(s.Clock.Now().Unix()) {
			t.Errorf("before it opens: %v %v", early, err)
		}
		s.Clock.Set(opens)
		wantCode(t, s.Activate(ctx, i.Roll, v.Activate(v.Auth)), "box.frozen")
		g, err := s.AdmitMember(ctx, i.Roll, refs[1])
		if err != nil {
			t.Fatal(err)
		}
		_, err = boxtest.Issue(ctx, s.Boxes, i, g)
		wantCode(t, err, "box.frozen")
		early, err = s.Early(ctx, i)
		if err != nil || early || !i.Settled(s.Clock.Now().Unix()) {
			t.Errorf("when it opens: %v %v", early, err)
		}
		wantCode(t, box.ErrSettled(), "box.frozen")
	})
}
