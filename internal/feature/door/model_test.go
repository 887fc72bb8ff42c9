package door

import (
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// guest is one sign-up as the model knows it.
type guest struct {
	hash  []byte
	party int
	place bool
	gone  bool
}

// moment is one tap as the model knows it; guest is nil for people without
// sign-up, or once it is cancelled.
type moment struct {
	door   int
	tap    Tap
	walk   int // people, for a tap without code
	name   string
	guest  *guest
	people int
	undone bool
}

// street is what the rules say of one event, written as plainly as possible.
type street struct {
	g      *gate
	e      Event
	doors  []string
	guests []*guest
	all    []*moment
}

func state(place bool) string {
	if place {
		return "going"
	}
	return "waiting"
}

func (s *street) pick(t *rapid.T) *guest {
	if len(s.guests) == 0 {
		t.Skip("nobody has signed up")
	}
	return s.guests[rapid.IntRange(0, len(s.guests)-1).Draw(t, "who")]
}

func (s *street) pickTap(t *rapid.T) *moment {
	if len(s.all) == 0 {
		t.Skip("nobody has come")
	}
	return s.all[rapid.IntRange(0, len(s.all)-1).Draw(t, "tap")]
}

func (s *street) pickDoor(t *rapid.T) int { return rapid.IntRange(0, len(s.doors)-1).Draw(t, "door") }

// inside is the tap by which a guest came.
func (s *street) inside(g *guest) *moment {
	for _, m := range s.all {
		if m.guest == g && !m.undone {
			return m
		}
	}
	return nil
}

func (s *street) signUp(t *rapid.T) {
	x := &guest{party: rapid.IntRange(1, 5).Draw(t, "party"), place: rapid.Bool().Draw(t, "place")}
	x.hash = s.g.signUp(t, s.e, x.party, state(x.place))
	s.guests = append(s.guests, x)
}

func (s *street) checkIn(t *rapid.T) {
	x, door := s.pick(t), s.pickDoor(t)
	m := &moment{door: door, guest: x, tap: Tap{
		Key: s.g.ids.Secret(), Code: id.Code(x.hash), LetIn: rapid.Bool().Draw(t, "let in"), People: rapid.IntRange(0, 6).Draw(t, "people"),
	}}
	out, err := s.g.CheckIn(t.Context(), s.doors[door], m.tap)
	m.people = m.tap.People
	if m.people == 0 {
		m.people = x.party
	}
	before := s.inside(x)
	switch {
	case x.gone:
		if !fault.HasCode(err, "form.invalid") {
			t.Fatalf("a cancelled code: %+v, %v", out, err)
		}
	case before != nil:
		if err != nil || out.Result != Already || out.People != before.people {
			t.Fatalf("%+v, %v; want %d already", out, err, before.people)
		}
	case !x.place && !m.tap.LetIn:
		if err != nil || out.Result != Waits {
			t.Fatalf("%+v, %v; want to wait", out, err)
		}
	case m.people > x.party:
		if !fault.HasCode(err, "form.invalid") {
			t.Fatalf("%+v, %v; want at most %d", out, err, x.party)
		}
	default:
		if err != nil || out.Result != Welcome || out.People != m.people || out.Party != x.party {
			t.Fatalf("%+v, %v; want %d welcomed", out, err, m.people)
		}
		m.name = out.Tap
		s.all = append(s.all, m)
	}
}

func (s *street) walkIn(t *rapid.T) {
	m := &moment{door: s.pickDoor(t), people: rapid.IntRange(1, 9).Draw(t, "people"), tap: Tap{Key: s.g.ids.Secret()}}
	m.walk = m.people
	out, err := s.g.WalkIn(t.Context(), s.doors[m.door], m.tap.Key, m.people)
	if err != nil || out.Result != Counted {
		t.Fatalf("%+v, %v", out, err)
	}
	m.name = out.Tap
	s.all = append(s.all, m)
}

// resend sends a tap again that was answered once, however long ago.
func (s *street) resend(t *rapid.T) {
	m := s.pickTap(t)
	var out Outcome
	var err error
	if m.walk > 0 {
		out, err = s.g.WalkIn(t.Context(), s.doors[m.door], m.tap.Key, m.walk)
	} else {
		out, err = s.g.CheckIn(t.Context(), s.doors[m.door], m.tap)
	}
	want := Welcome
	switch {
	case m.undone:
		want = Undone
	case m.guest == nil:
		want = Counted
	}
	if err != nil || out.Result != want || out.Tap != m.name || !m.undone && out.People != m.people {
		t.Fatalf("sent again: %+v, %v; want %s of %d", out, err, want, m.people)
	}
}

func (s *street) undo(t *rapid.T) {
	m, door := s.pickTap(t), s.pickDoor(t)
	out, err := s.g.Undo(t.Context(), s.doors[door], m.name)
	if door != m.door {
		if !fault.HasCode(err, "door.no_tap") {
			t.Fatalf("at another door: %+v, %v", out, err)
		}
		return
	}
	if err != nil || out.Result != Undone {
		t.Fatalf("%+v, %v", out, err)
	}
	m.undone = true
}

func (s *street) setPeople(t *rapid.T) {
	x, people := s.pick(t), rapid.IntRange(0, 6).Draw(t, "people")
	_, err := s.g.SetPeople(t.Context(), s.doors[s.pickDoor(t)], id.Code(x.hash), people)
	m := s.inside(x)
	if ok := m != nil && !x.gone && people >= 1 && people <= x.party; ok != (err == nil) {
		t.Fatalf("%d of %+v: %v", people, x, err)
	}
	if err == nil {
		m.people = people
	}
}

func (s *street) change(t *rapid.T) {
	x := s.pick(t)
	if x.gone {
		t.Skip("cancelled")
	}
	x.party, x.place = rapid.IntRange(1, 5).Draw(t, "party"), rapid.Bool().Draw(t, "place")
	s.g.change(t, s.e, x.hash, x.party, state(x.place))
	if m := s.inside(x); m != nil {
		m.people = min(m.people, x.party)
	}
}

func (s *street) cancel(t *rapid.T) {
	x := s.pick(t)
	if x.gone {
		t.Skip("cancelled")
	}
	s.g.cancel(t, s.e, x.hash)
	if m := s.inside(x); m != nil {
		m.guest = nil
	}
	x.gone = true
}

func (s *street) check(t *rapid.T) {
	var want Count
	byDoor := make([]Count, len(s.doors))
	for _, m := range s.all {
		c := &Count{}
		switch {
		case m.undone:
		case m.guest != nil && m.guest.place:
			c.Attended = m.people
		default:
			c.WalkIns = m.people
		}
		want.Attended, want.WalkIns = want.Attended+c.Attended, want.WalkIns+c.WalkIns
		byDoor[m.door].Attended += c.Attended
		byDoor[m.door].WalkIns += c.WalkIns
	}
	n := s.g.came(t, s.e, want.Attended, want.WalkIns)
	expected := 0
	for _, x := range s.guests {
		if x.place && !x.gone {
			expected += x.party
		}
	}
	if n.Expected != expected || n.Attended > n.Expected || n.Missing() != expected-want.Attended {
		t.Fatalf("%+v, want %d expected", n, expected)
	}
	for i, d := range n.Doors {
		if d.Count != byDoor[i] {
			t.Fatalf("%s counted %+v, want %+v", d.Name, d.Count, byDoor[i])
		}
	}
}

// Whatever happens at doors and to sign-ups in whatever order, and however often
// a tap is sent, the totals are those of the people who are inside.
func TestDoorRules(t *testing.T) {
	t.Parallel()
	gates(t, func(t *testing.T, g *gate) {
		rapid.Check(t, func(t *rapid.T) {
			if g.db.Engine() == db.Postgres && rapid.IntRange(0, 3).Draw(t, "left out") > 0 {
				return // commits there take longer, and the rules are the same
			}
			s := &street{g: g, e: g.event(t)}
			s.doors = []string{g.door(t, s.e, "North"), g.door(t, s.e, "South")}
			t.Repeat(map[string]func(*rapid.T){
				"sign up": s.signUp, "check in": s.checkIn, "check in too": s.checkIn, "check in as well": s.checkIn, "walk in": s.walkIn,
				"resend": s.resend, "undo": s.undo, "set people": s.setPeople, "change": s.change, "cancel": s.cancel, "": s.check,
			})
		})
	})
}
