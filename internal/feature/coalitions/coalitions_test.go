package coalitions

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

func TestWeigh(t *testing.T) {
	t.Parallel()
	row := func(g id.Group, nth, band int) held { return held{Seat{Group: g, Nth: nth}, band} }
	all := []held{row("a", 1, 0), row("a", 2, 0), row("b", 2, 4), row("b", 3, 4), row("c", 1, 3), row("d", 1, bandUnknown)}
	for w, want := range map[Weights][]uint32{
		ByGroup:     {1, 0, 1, 0, 1, 1},
		ByBands:     {1, 0, 8, 0, 5, 1},
		ByDelegates: {1, 1, 1, 1, 1, 1},
	} {
		var got []uint32
		sum := uint32(0)
		for _, s := range weigh(w, all) {
			got = append(got, s.Weight)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", w, d)
		}
		for _, s := range casting(weigh(w, all)) {
			sum += s.Weight
			if s.Weight == 0 {
				t.Errorf("%s: a seat that weighs nothing casts", w)
			}
		}
		if want := map[Weights]uint32{ByGroup: 4, ByBands: 15, ByDelegates: 6}[w]; sum != want {
			t.Errorf("%s: all weigh %d, want %d", w, sum, want)
		}
	}
	for b, want := range []uint32{1, 2, 3, 5, 8} {
		if got := weigh(ByBands, []held{row("a", 1, b)}); got[0].Weight != want {
			t.Errorf("band %d weighs %d, want %d", b, got[0].Weight, want)
		}
	}
}

func TestWeightsOfACoalition(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ada, ben, cem, dia := x.person("ada"), x.person("ben"), x.person("cem"), x.person("dia")
		x.group("anglers", ada, cem)
		x.group("bakers", ben, dia)
		h, c := x.start(ada, valley("anglers", "valley"))
		x.joins("bakers", ben, h, ada, 4)
		x.sends("anglers", ada, cem, x.term(h, 2))
		x.sends("bakers", ben, dia, x.term(h, 3))
		for w, want := range map[string][]string{
			"group": {"anglers/1/1", "bakers/3/1"}, "bands": {"anglers/1/2", "bakers/3/8"},
			"delegates": {"anglers/1/1", "anglers/2/1", "bakers/3/1"},
		} {
			x.write(func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), "update coalition set weights = $1", w)
				return err
			})
			if d := cmp.Diff(want, x.electorate(c)); d != "" {
				t.Errorf("%s: %s", w, d)
			}
		}
		// The second seat casts when the first is empty.
		x.write(func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), "update coalition set weights = 'group'")
			return err
		})
		var first string
		x.write(func(tx *db.Tx) error {
			s, ok, err := x.Mandate(t.Context(), tx, c, ada.Person)
			if !ok || s.Weight != 1 {
				t.Errorf("%+v", s)
			}
			first = s.ID
			if s, ok, _ := x.Mandate(t.Context(), tx, c, cem.Person); !ok || s.Weight != 0 {
				t.Errorf("the second seat weighs %d", s.Weight)
			}
			return err
		})
		x.must(x.Recall(t.Context(), ada, "anglers", first))
		if d := cmp.Diff([]string{"anglers/2/1", "bakers/3/1"}, x.electorate(c)); d != "" {
			t.Error(d)
		}
	})
}

func TestAGroupComesInAndLeaves(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		ada, ben, eve := x.person("ada"), x.person("ben"), x.person("eve")
		x.group("anglers", ada)
		b := x.group("bakers", ben, eve)
		key := x.IDs.Secret()
		h, err := x.Create(ctx, ada, key, valley("anglers", "valley"))
		x.must(err)
		again, err := x.Create(ctx, ada, key, valley("anglers", "valley"))
		if err != nil || again != h {
			t.Errorf("the same form again: %q, %v", again, err)
		}
		c := x.id(h)
		if x.role(c, ada) != authz.Steward {
			t.Error("the first delegate is not the steward")
		}
		_, err = x.Create(ctx, eve, x.IDs.Secret(), valley("bakers", "other"))
		x.refused(err, "authz.forbidden")
		_, err = x.Create(ctx, authz.Actor{}, x.IDs.Secret(), valley("bakers", "other"))
		x.refused(err, "authz.sign_in")
		x.refused(x.Apply(ctx, eve, h, "bakers", Terms{1, 0}), "authz.forbidden")
		x.refused(x.Apply(ctx, ben, h, "bakers", Terms{2, 0}), "form.invalid")
		x.refused(x.Apply(ctx, ben, h, "bakers", Terms{1, 9}), "form.invalid")
		x.refused(x.Accept(ctx, ada, h, "bakers"), "coalition.not_applied")
		x.must(x.Apply(ctx, ben, h, "bakers", Terms{1, 2}))
		x.must(x.Apply(ctx, ben, h, "bakers", Terms{1, 3})) // sent twice: the first counts
		if got := x.electorate(c); len(got) != 1 {
			t.Errorf("%v", got)
		}
		_, err = x.Appoint(ctx, ben, "bakers", x.IDs.Secret(), AppointInput{Coalition: h})
		x.refused(err, "coalition.no_member")
		x.must(x.Accept(ctx, ada, h, "bakers"))
		x.must(x.Accept(ctx, ada, h, "bakers")) // two press at once
		x.refused(x.Refuse(ctx, ada, h, "bakers"), "coalition.belongs")
		x.refused(x.Accept(ctx, ben, h, "bakers"), "authz.forbidden") // no delegate yet
		did := x.sends("bakers", ben, eve, x.term(h, 0))
		if x.role(c, eve) != authz.Organizer {
			t.Error("a delegate does not organize")
		}
		// A new version asks members again, and throws nobody out.
		x.must(x.SetPoints(ctx, eve, h, 1, "We share the water and the wood."))
		x.refused(x.SetPoints(ctx, ada, h, 1, "We share nothing."), "coalition.changed_meanwhile")
		if got := len(x.electorate(c)); got != 2 {
			t.Errorf("%d seats", got)
		}
		x.refused(x.SetTerms(ctx, ben, h, "bakers", Terms{1, 2}), "form.invalid")
		x.must(x.SetTerms(ctx, ben, h, "bakers", Terms{2, 2}))
		// It leaves by itself, with its mandates.
		x.must(x.Leave(ctx, ben, h, "bakers"))
		x.must(x.Leave(ctx, ben, h, "bakers"))
		if d := cmp.Diff([]fact.MandateEnded{{Coalition: c, Group: b, Seat: did, Person: eve.Person, At: x.clock.Now()}}, x.heard.ended); d != "" {
			t.Error(d)
		}
		if x.role(c, eve) != authz.None || len(x.electorate(c)) != 1 {
			t.Error("a delegate of a group that left is still there")
		}
		x.refused(x.Take(ctx, eve, did), "coalition.over")
		// When the last one goes, the coalition has ended its work.
		x.must(x.Leave(ctx, ada, h, "anglers"))
		x.write(func(tx *db.Tx) error {
			g, err := x.groups.ByID(ctx, tx, c)
			if !g.Ended {
				t.Error("an empty coalition goes on")
			}
			if list, err2 := listCoalitions(ctx, tx, "", 9); len(list) != 0 || err2 != nil {
				t.Errorf("it is listed: %v, %v", list, err2)
			}
			return err
		})
	})
}

func TestInvitationsAndRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		ada, ben := x.person("ada"), x.person("ben")
		x.group("anglers", ada)
		x.group("bakers", ben)
		in := valley("anglers", "valley")
		in.Entry = "invite"
		h, c := x.start(ada, in)
		x.refused(x.Apply(ctx, ben, h, "bakers", Terms{1, 0}), "coalition.by_invitation")
		x.refused(x.Invite(ctx, ada, h, "nobody"), "form.invalid")
		x.must(x.Invite(ctx, ada, h, "bakers"))
		x.must(x.Refuse(ctx, ada, h, "bakers")) // taken back
		x.refused(x.Apply(ctx, ben, h, "bakers", Terms{1, 0}), "coalition.by_invitation")
		x.must(x.Invite(ctx, ada, h, "bakers"))
		x.must(x.Leave(ctx, ben, h, "bakers")) // no
		x.must(x.Invite(ctx, ada, h, "bakers"))
		x.must(x.Apply(ctx, ben, h, "bakers", Terms{1, 0})) // yes
		x.write(func(tx *db.Tx) error {
			all, err := x.MemberOf(ctx, tx, x.idIn(tx, "bakers"))
			if d := cmp.Diff([]id.Group{c}, all); d != "" {
				t.Error(d)
			}
			return err
		})
	})
}

func (x *fixture) idIn(tx *db.Tx, handle string) id.Group {
	g, err := x.groups.ByHandle(x.t.Context(), tx, handle)
	if err != nil {
		x.t.Fatal(err)
	}
	return g.ID
}

func TestCircles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		ada := x.person("ada")
		x.group("root", ada)
		// Four coalitions of the same group; ada organizes all of them.
		for _, h := range []string{"c-one", "c-two", "c-three", "c-four"} {
			x.start(ada, valley("root", h))
		}
		join := func(inner, outer string) error {
			if err := x.Apply(ctx, ada, outer, inner, Terms{1, 0}); err != nil {
				return err
			}
			return x.Accept(ctx, ada, outer, inner)
		}
		x.refused(join("c-one", "c-one"), "coalition.circle")
		x.must(join("c-one", "c-two"))
		x.refused(join("c-two", "c-one"), "coalition.circle")
		x.must(join("c-two", "c-three"))
		x.must(join("c-one", "c-three")) // to belong to several is no circle
		x.refused(join("c-three", "c-one"), "coalition.circle")
		x.must(join("c-three", "c-four"))
		x.refused(join("c-four", "c-one"), "coalition.circle")
		x.refused(x.Invite(ctx, ada, "c-one", "c-four"), "coalition.circle")
		// Two that ask each other: only one can be accepted.
		x.must(x.Leave(ctx, ada, "c-four", "c-three"))
		x.must(x.Apply(ctx, ada, "c-four", "c-three", Terms{1, 0}))
		x.must(x.Apply(ctx, ada, "c-three", "c-four", Terms{1, 0}))
		x.must(x.Accept(ctx, ada, "c-three", "c-four"))
		x.refused(x.Accept(ctx, ada, "c-four", "c-three"), "coalition.circle")
	})
}

func TestSuspendedGroupsLoseTheirSeats(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		ada, ben, eve := x.person("ada"), x.person("ben"), x.person("eve")
		x.group("anglers", ada)
		b := x.group("bakers", ben, eve)
		h, c := x.start(ada, valley("anglers", "valley"))
		x.joins("bakers", ben, h, ada, 0)
		in := x.term(h, 1)
		in.Alternate = "eve"
		did := x.sends("bakers", ben, ben, in)
		x.must(x.Take(ctx, eve, did))
		suspend := func(yes bool) {
			x.write(func(tx *db.Tx) error {
				if _, err := tx.Exec(ctx, "update groups set suspended = $2 where id = $1", string(b), yes); err != nil {
					return err
				}
				return x.GroupSuspended(ctx, tx, fact.GroupSuspended{Group: b, Suspended: yes})
			})
		}
		suspend(true)
		if got := x.electorate(c); len(got) != 1 || x.role(c, ben) != authz.None || x.role(c, eve) != authz.None {
			t.Errorf("%v", got)
		}
		suspend(false)
		if got := x.electorate(c); len(got) != 1 {
			t.Errorf("mandates came back: %v", got)
		}
		x.sends("bakers", ben, eve, x.term(h, 1)) // it belongs again
		if got := x.electorate(c); len(got) != 2 {
			t.Errorf("%v", got)
		}
	})
}

func TestTheGroupsVoteMakesDelegates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		ada, ben, eve, max := x.person("ada"), x.person("ben"), x.person("eve"), x.person("max")
		a := x.group("anglers", ada, ben, eve)
		_, c := x.start(ada, valley("anglers", "valley"))
		stand := []string{string(ben.Person), "", string(max.Person), string(ada.Person), string(eve.Person)}
		decide := func(subject string, adopted bool, winners ...int) {
			x.write(func(tx *db.Tx) error {
				return x.PollDecided(ctx, tx, fact.PollDecided{
					Poll: "p", Group: a, Effect: fact.EffectDelegate, Subject: subject, Candidates: stand, Options: []string{"ben", "gone", "max", "ada", "eve"}, Winners: winners, Adopted: adopted,
				})
			})
		}
		waiting := func() (out []string) {
			x.write(func(tx *db.Tx) error {
				all, err := seatsOf(ctx, tx, c, a)
				out = nil
				for _, d := range all {
					if d.State == Asked {
						out = append(out, d.Handle+" "+d.Mandate)
					}
				}
				return err
			})
			return out
		}
		decide(string(c), false, 0)
		decide("nonsense", true, 0)
		decide(string(a), true, 0) // no coalition
		decide(string(c), true, 1, 2, 3, 9)
		if got := waiting(); len(got) != 0 {
			t.Errorf("asked: %v", got) // nobody, no member, holds another seat, no option
		}
		decide(Subject{Coalition: c, Seat: 2, Mandate: Bound}.String(), true, 4, 0)
		if d := cmp.Diff([]string{"eve bound", "ben bound"}, waiting()); d != "" {
			t.Error(d)
		}
		if got := x.electorate(c); len(got) != 1 {
			t.Errorf("nobody has accepted yet: %v", got)
		}
		for _, subject := range []string{string(c) + " 4", string(c) + " 1 free 1999-01-01", string(c) + " 1 free 2999-01-01"} {
			decide(subject, true, 0)
		}
		want := []string{"subject", "no_coalition", "left_group gone", "left_group max", "sits_already ada", "no_seat", "term", "term"}
		if d := cmp.Diff(want, x.heard.bars); d != "" {
			t.Error(d)
		}
	})
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	c := id.Group("01kqm8ymg00000000000000000")
	for _, s := range []Subject{{c, 0, Free, ""}, {c, 3, Free, ""}, {c, 0, Bound, ""}, {c, 2, Advised, "2027-05-31"}} {
		got, ok := ParseSubject(s.String())
		if !ok || got != s {
			t.Errorf("%q becomes %+v", s.String(), got)
		}
	}
	for _, bad := range []string{"", "x", string(c) + " x", string(c) + " 99", string(c) + " 1 kings", string(c) + " 1 free 2027-13-01", string(c) + " 1 free 2027-01-01 more"} {
		if s, ok := ParseSubject(bad); ok {
			t.Errorf("%q is taken as %+v", bad, s)
		}
	}
}

func FuzzParseSubject(f *testing.F) {
	f.Add("01kqm8ymg00000000000000000 2 bound 2027-05-31")
	f.Add("01kqm8ymg00000000000000000")
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := ParseSubject(text)
		if !ok {
			return
		}
		if again, ok := ParseSubject(s.String()); !ok || again != s {
			t.Errorf("%q becomes %+v, and that %+v", text, s, again)
		}
	})
}

func TestInputIsChecked(t *testing.T) {
	t.Parallel()
	x := newNode(t)
	ada := x.person("ada")
	x.group("anglers", ada)
	for code, change := range map[string]func(*Input){
		"coalition.weights":   func(in *Input) { in.Weights = "kings" },
		"coalition.polls":     func(in *Input) { in.Polls = "" },
		"coalition.entry":     func(in *Input) { in.Entry = "" },
		"coalition.seats":     func(in *Input) { in.Seats = MaxSeats + 1 },
		"coalition.notice":    func(in *Input) { in.Notice = -1 },
		"coalition.no_points": func(in *Input) { in.Points = " " },
		"coalition.long":      func(in *Input) { in.Points = string(make([]byte, 65<<10)) },
		"coalition.band":      func(in *Input) { in.Band = 5 },
		"handle.missing":      func(in *Input) { in.Handle = "" },
	} {
		in := valley("anglers", "valley")
		change(&in)
		_, err := x.Create(t.Context(), ada, x.IDs.Secret(), in)
		wantField(t, err, code)
	}
	_, err := x.Create(t.Context(), ada, "x", valley("anglers", "valley"))
	x.refused(err, "form.key")
}

// wantField looks for the code of one field, alone.
func wantField(t *testing.T, err error, code string) {
	t.Helper()
	e := fault.Of(err)
	if e == nil || len(e.Fields) != 1 || e.Fields[0].Code != code {
		t.Errorf("got %v, want the field %s", errors.Unwrap(err), code)
	}
}

func TestMandatesAreChecked(t *testing.T) {
	t.Parallel()
	x := newNode(t)
	ctx := t.Context()
	ada, ben, eve := x.person("ada"), x.person("ben"), x.person("eve")
	x.group("anglers", ada, ben)
	x.group("bakers", eve, ben)
	h, _ := x.start(ada, valley("anglers", "valley"))
	x.joins("bakers", eve, h, ada, 0)
	for code, change := range map[string]func(*AppointInput){
		"coalition.mandate":    func(in *AppointInput) { in.Mandate = "" },
		"coalition.day":        func(in *AppointInput) { in.Day = "31.5." },
		"coalition.past":       func(in *AppointInput) { in.Day = "2020-01-01" },
		"coalition.far":        func(in *AppointInput) { in.Day = x.clock.Now().AddDate(2, 0, 2).Format("2006-01-02") },
		"coalition.no_person":  func(in *AppointInput) { in.Person = "eve" },
		"coalition.same":       func(in *AppointInput) { in.Alternate = "ben" },
		"coalition.seat":       func(in *AppointInput) { in.Seat = 4 },
		"coalition.unreadable": nil,
		"coalition.long":       func(in *AppointInput) { in.Instructions = string(make([]byte, 65<<10)) },
	} {
		if change == nil {
			continue
		}
		in := x.term(h, 2)
		in.Person = "ben"
		change(&in)
		_, err := x.Appoint(ctx, ada, "anglers", x.IDs.Secret(), in)
		wantField(t, err, code)
	}
	// A double delegate is refused: when asked and when accepting.
	in := x.term(h, 2)
	in.Person = "ada"
	_, err := x.Appoint(ctx, ada, "anglers", x.IDs.Secret(), in)
	x.refused(err, "coalition.double")
	in.Person = "ben"
	first, err := x.Appoint(ctx, ada, "anglers", x.IDs.Secret(), in)
	x.must(err)
	second, err := x.Appoint(ctx, eve, "bakers", x.IDs.Secret(), in)
	x.must(err)
	x.must(x.Take(ctx, ben, first))
	x.refused(x.Take(ctx, ben, second), "coalition.double")
	x.refused(x.Take(ctx, eve, second), "web.not_found") // somebody else's
	x.refused(x.Recall(ctx, eve, "bakers", first), "web.not_found")
	x.must(x.Recall(ctx, ada, "anglers", first))
	x.must(x.Recall(ctx, ada, "anglers", first))
	x.refused(x.Take(ctx, ben, first), "coalition.over")
	// Nobody sits on a seat for longer than the day said, whether the schedule ran or not.
	x.must(x.Take(ctx, ben, second))
	x.clock.Set(x.clock.Now().AddDate(1, 0, 2))
	x.write(func(tx *db.Tx) error {
		_, ok, err := x.Mandate(ctx, tx, x.idIn(tx, h), ben.Person)
		if ok {
			t.Error("an expired mandate counts")
		}
		return err
	})
}

// When the steward's mandate ends, whoever has held a seat for the longest time leads;
// an alternate who holds another seat does not stand in.
func TestWhoLeads(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		ada, ben, cem, dia := x.person("ada"), x.person("ben"), x.person("cem"), x.person("dia")
		x.group("anglers", ada, cem)
		x.group("bakers", ben, dia, cem)
		h, c := x.start(ada, valley("anglers", "valley"))
		x.joins("bakers", ben, h, ada, 0)
		var seats []string
		for i, who := range []authz.Actor{dia, ben} {
			x.clock.Add(time.Hour)
			in := x.term(h, i+1)
			in.Alternate = "cem"
			did := x.sends("bakers", ben, who, in)
			x.must(x.Take(ctx, cem, did))
			seats = append(seats, did)
		}
		x.clock.Add(time.Hour)
		x.sends("anglers", ada, cem, x.term(h, 2))
		var first string
		x.write(func(tx *db.Tx) error {
			s, _, err := x.Mandate(ctx, tx, c, ada.Person)
			first = s.ID
			return err
		})
		x.must(x.Recall(ctx, ada, "anglers", first))
		for who, want := range map[authz.Actor]authz.Role{ada: authz.None, dia: authz.Steward, ben: authz.Organizer, cem: authz.Organizer} {
			if got := x.role(c, who); got != want {
				t.Errorf("%s is %q, want %q", who.Handle, got, want)
			}
		}
		// cem could stand in for dia, and sits elsewhere.
		x.must(x.Recall(ctx, ben, "bakers", seats[0]))
		if got := x.electorate(c); len(got) != 2 || x.role(c, ben) != authz.Steward {
			t.Errorf("%v, ben is %q", got, x.role(c, ben))
		}
		// Once cem is free, they stand in for ben.
		x.write(func(tx *db.Tx) error {
			s, _, err := x.Mandate(ctx, tx, c, cem.Person)
			first = s.ID
			return err
		})
		x.must(x.Decline(ctx, cem, first))
		x.must(x.Recall(ctx, ben, "bakers", seats[1]))
		if d := cmp.Diff([]string{"bakers/2/1"}, x.electorate(c)); d != "" || x.role(c, cem) != authz.Steward {
			t.Errorf("%s, cem is %q", d, x.role(c, cem))
		}
		x.clock.Add(standInFor)
		x.must(x.Due(ctx))
		if got := x.electorate(c); len(got) != 0 {
			t.Errorf("an alternate stands in for ever: %v", got)
		}
	})
}

// A mandate in a coalition that belongs to another one carries the mandate there: who
// loses the first loses the second.
func TestMandatesOfMandates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		ada, ben := x.person("ada"), x.person("ben")
		x.group("anglers", ada, ben)
		x.group("region", ben)
		h, c := x.start(ada, valley("anglers", "valley"))
		in := valley("region", "country")
		top, up := x.start(ben, in)
		x.joins(h, ada, top, ben, 0)
		// ben speaks for the anglers in the valley, and ada for the valley in the country.
		x.sends("anglers", ada, ben, x.term(h, 2))
		x.sends(h, ada, ada, x.term(top, 1))
		_, err := x.Appoint(ctx, ada, h, x.IDs.Secret(), AppointInput{Coalition: top, Seat: 2, Person: "nobody", Mandate: Free, Day: "2027-05-01"})
		wantField(t, err, "coalition.no_person")
		if d := cmp.Diff([]string{"region/1/1", "valley/1/1"}, x.electorate(up)); d != "" {
			t.Error(d)
		}
		var first string
		x.write(func(tx *db.Tx) error {
			s, _, err := x.Mandate(ctx, tx, c, ada.Person)
			first = s.ID
			return err
		})
		x.must(x.Recall(ctx, ada, "anglers", first))
		if d := cmp.Diff([]string{"region/1/1"}, x.electorate(up)); d != "" || x.role(up, ada) != authz.None || len(x.heard.ended) != 2 {
			t.Errorf("%s, %v", d, x.heard.ended)
		}
		if x.role(c, ben) != authz.Steward {
			t.Error("nobody leads the valley")
		}
	})
}
