package coalitions

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// term is a mandate as the model knows it.
type term struct {
	id    string // "" until the store was asked
	who   int
	alt   int // -1 is nobody
	altOK bool
	until time.Time
	since time.Time
}

type chair struct {
	g int
	n int
}

// mandateModel is what the rules say, as plainly as possible: chairs, who sits on
// them and who is asked to, and nothing stored.
type mandateModel struct {
	x       *fixture
	people  []authz.Actor
	groups  []id.Group
	handles []string
	heads   []authz.Actor // organizers of the groups
	c       id.Group
	handle  string
	in      []map[int]bool // who belongs to which group
	belongs []bool
	holds   map[chair]*term
	asked   map[chair]*term
	steward int // index of people, or -1
	ended   int
}

// names makes handles that no other run has.
var names = id.NewSource(clock.System{}, nil)

func newMandateModel(x *fixture) *mandateModel {
	m := &mandateModel{x: x, holds: map[chair]*term{}, asked: map[chair]*term{}, steward: 0, belongs: []bool{true, true}}
	tag := strings.ToLower(names.New()[14:])
	for i := range 5 {
		m.people = append(m.people, x.person(fmt.Sprintf("p%d-%s", i, tag)))
	}
	for g := range 2 {
		head := x.person(fmt.Sprintf("h%d-%s", g, tag))
		m.heads = append(m.heads, head)
		m.in = append(m.in, map[int]bool{})
		h := fmt.Sprintf("g%d-%s", g, tag)
		m.groups, m.handles = append(m.groups, x.group(h, head)), append(m.handles, h)
		for i := range m.people {
			m.join(g, i)
		}
	}
	in := valley(m.handles[0], "c-"+tag)
	in.Weights = "delegates"
	// The first delegate is the organizer of the first group: not one of the people, so
	// their seat is given back at once.
	m.handle, m.c = x.start(m.heads[0], in)
	x.must(x.Apply(x.t.Context(), m.heads[1], m.handle, m.handles[1], Terms{1, 0}))
	x.must(x.Accept(x.t.Context(), m.heads[0], m.handle, m.handles[1]))
	x.write(func(tx *db.Tx) error {
		d, err := seatHeldBy(x.t.Context(), tx, m.c, m.heads[0].Person)
		if err != nil {
			return err
		}
		return x.end(x.t.Context(), tx, &d, false)
	})
	x.heard.ended, m.steward = nil, -1
	return m
}

func (m *mandateModel) join(g, who int) {
	m.in[g][who] = true
	m.x.write(func(tx *db.Tx) error {
		return m.x.groups.Seat(m.x.t.Context(), tx, m.groups[g], m.people[who].Person, authz.Member)
	})
}

// seatOf is where somebody sits, if anywhere.
func (m *mandateModel) seatOf(who int) (chair, bool) {
	for at, d := range m.holds {
		if d.who == who {
			return at, true
		}
	}
	return chair{}, false
}

func (m *mandateModel) double(at chair, who int) bool {
	other, ok := m.seatOf(who)
	return ok && other != at
}

// finish empties a chair.
func (m *mandateModel) finish(at chair) {
	if m.steward == m.holds[at].who {
		m.steward = -1
	}
	delete(m.holds, at)
	m.ended++
}

func (m *mandateModel) lead() {
	if m.steward >= 0 {
		return
	}
	var all []*term
	for _, d := range m.holds {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *term) int {
		if n := a.since.Compare(b.since); n != 0 {
			return n
		}
		return strings.Compare(a.id, b.id)
	})
	if len(all) > 0 {
		m.steward = all[0].who
	}
}

// end empties a chair, and the alternate stands in.
func (m *mandateModel) end(at chair) {
	d := m.holds[at]
	m.finish(at)
	if d.alt >= 0 && d.altOK && m.in[at.g][d.alt] && !m.double(at, d.alt) {
		now := m.x.clock.Now()
		m.holds[at] = &term{who: d.alt, alt: -1, since: now, until: now.Add(standInFor)}
	}
	m.lead()
}

func draw(t *rapid.T, name string, n int) int { return rapid.IntRange(0, n-1).Draw(t, name) }

func pick(t *rapid.T, all map[chair]*term) chair {
	var keys []chair
	for at := range all {
		keys = append(keys, at)
	}
	if len(keys) == 0 {
		t.Skip("nobody")
	}
	slices.SortFunc(keys, func(a, b chair) int { return (a.g-b.g)*10 + a.n - b.n })
	return keys[draw(t, "chair", len(keys))]
}

func (m *mandateModel) code(t *rapid.T, err error, want string) {
	if want == "" && err != nil || want != "" && !fault.HasCode(err, want) {
		t.Fatalf("got %v, want %q", err, want)
	}
}

func (m *mandateModel) appoint(t *rapid.T) {
	at := chair{draw(t, "group", 2), 1 + draw(t, "seat", 2)}
	who, alt, days := draw(t, "who", len(m.people)), draw(t, "alternate", len(m.people)+1)-1, 1+draw(t, "days", 300)
	day := m.x.clock.Now().AddDate(0, 0, days)
	in := AppointInput{Coalition: m.handle, Seat: at.n, Person: m.people[who].Handle, Mandate: Bound, Day: day.Format(time.DateOnly)}
	if alt >= 0 {
		in.Alternate = m.people[alt].Handle
	}
	did, err := m.x.Appoint(m.x.t.Context(), m.heads[at.g], m.handles[at.g], m.x.IDs.Secret(), in)
	want := ""
	switch {
	case !m.belongs[at.g]:
		want = "coalition.no_member"
	case !m.in[at.g][who] || alt >= 0 && (!m.in[at.g][alt] || alt == who):
		want = "form.invalid"
	case m.double(at, who):
		want = "coalition.double"
	default:
		m.asked[at] = &term{id: did, who: who, alt: alt, until: endOf(day, "Europe/Berlin")}
	}
	m.code(t, err, want)
}

func (m *mandateModel) take(t *rapid.T) {
	at := pick(t, m.asked)
	d := m.asked[at]
	err := m.x.Take(m.x.t.Context(), m.people[d.who], d.id)
	if m.double(at, d.who) {
		m.code(t, err, "coalition.double")
		return
	}
	m.code(t, err, "")
	delete(m.asked, at)
	if old := m.holds[at]; old != nil && old.who == d.who { // it goes on
		old.until = d.until
		if old.alt != d.alt {
			old.alt, old.altOK = d.alt, d.altOK
		}
		return
	}
	if m.holds[at] != nil {
		m.finish(at)
	}
	d.since = m.x.clock.Now()
	m.holds[at] = d
	m.lead()
}

func (m *mandateModel) takeAlternate(t *rapid.T) {
	all := m.holds
	if rapid.Bool().Draw(t, "asked") {
		all = m.asked
	}
	d := all[pick(t, all)]
	if d.alt < 0 {
		t.Skip("no alternate")
	}
	m.code(t, m.x.Take(m.x.t.Context(), m.people[d.alt], d.id), "")
	d.altOK = true
}

func (m *mandateModel) recall(t *rapid.T) {
	at := pick(t, m.holds)
	ctx, other := m.x.t.Context(), 1-at.g
	m.code(t, m.x.Recall(ctx, m.heads[other], m.handles[other], m.holds[at].id), "web.not_found")
	m.code(t, m.x.Recall(ctx, m.heads[at.g], m.handles[at.g], m.holds[at].id), "")
	m.end(at)
}

func (m *mandateModel) decline(t *rapid.T) {
	all := m.holds
	if rapid.Bool().Draw(t, "asked") {
		all = m.asked
	}
	at := pick(t, all)
	m.code(t, m.x.Decline(m.x.t.Context(), m.people[all[at].who], all[at].id), "")
	if m.holds[at] == all[at] {
		m.end(at)
	} else {
		delete(m.asked, at)
	}
}

// expire lets time pass, with or without the schedule noticing in time.
func (m *mandateModel) expire(t *rapid.T) {
	m.x.clock.Add(time.Duration(1+draw(t, "hours", 24*60)) * time.Hour)
	now := m.x.clock.Now()
	due := func() (all []chair) { // of those who sit, and of those who are asked
		for at, d := range m.holds {
			if !now.Before(d.until) {
				all = append(all, at)
			}
		}
		return all
	}
	for _, at := range due() {
		m.x.write(func(tx *db.Tx) error {
			_, ok, err := m.x.Mandate(m.x.t.Context(), tx, m.c, m.people[m.holds[at].who].Person)
			if ok {
				t.Fatalf("a mandate that ended %v counts at %v", m.holds[at].until, now)
			}
			return err
		})
	}
	m.x.write(func(tx *db.Tx) error {
		all, err := m.x.Electorate(m.x.t.Context(), tx, m.c)
		if want := len(m.holds) - len(due()); len(all) != want {
			t.Fatalf("%d seats count before the schedule has run, want %d", len(all), want)
		}
		return err
	})
	m.x.must(m.x.Due(m.x.t.Context()))
	all := due()
	slices.SortFunc(all, func(a, b chair) int {
		if n := m.holds[a].until.Compare(m.holds[b].until); n != 0 {
			return n
		}
		return strings.Compare(m.holds[a].id, m.holds[b].id)
	})
	for _, at := range all {
		m.end(at)
	}
	for at, d := range m.asked {
		if !now.Before(d.until) {
			delete(m.asked, at)
		}
	}
}

func (m *mandateModel) leaveGroup(t *rapid.T) {
	g, who := draw(t, "group", 2), draw(t, "who", len(m.people))
	if !m.in[g][who] {
		m.join(g, who)
		return
	}
	m.x.write(func(tx *db.Tx) error {
		return m.x.groups.Unseat(m.x.t.Context(), tx, m.groups[g], m.people[who].Person)
	})
	delete(m.in[g], who)
	for _, all := range []map[chair]*term{m.holds, m.asked} {
		for at, d := range all {
			if at.g == g && d.alt == who {
				d.alt, d.altOK = -1, false
			}
		}
	}
	for at, d := range m.asked {
		if at.g == g && d.who == who {
			delete(m.asked, at)
		}
	}
	if at, ok := m.seatOf(who); ok && at.g == g {
		m.end(at)
	}
}

// part lets the second group leave the coalition, or come back.
func (m *mandateModel) part(t *rapid.T) {
	ctx := m.x.t.Context()
	if !m.belongs[1] {
		if m.steward < 0 {
			t.Skip("nobody could answer")
		}
		m.x.must(m.x.Apply(ctx, m.heads[1], m.handle, m.handles[1], Terms{1, 0}))
		m.x.must(m.x.Accept(ctx, m.people[m.steward], m.handle, m.handles[1]))
		m.belongs[1] = true
		return
	}
	m.x.must(m.x.Leave(ctx, m.heads[1], m.handle, m.handles[1]))
	m.belongs[1] = false
	for n := range 3 {
		at := chair{1, n + 1}
		delete(m.asked, at)
		if m.holds[at] != nil {
			m.finish(at)
			m.lead()
		}
	}
}

// check compares everything that can be seen with the model.
func (m *mandateModel) check(t *rapid.T) {
	m.x.clock.Add(time.Millisecond)
	ctx := m.x.t.Context()
	type row struct {
		At      chair
		Handle  string
		Role    authz.Role
		Holding bool
	}
	var want, got []row
	var ended []fact.MandateEnded
	m.x.write(func(tx *db.Tx) error {
		want, got = nil, nil
		for i, p := range m.people {
			at, holds := m.seatOf(i)
			r := row{At: at, Handle: p.Handle, Holding: holds}
			if holds {
				r.Role = authz.Organizer
			}
			if m.steward == i {
				r.Role = authz.Steward
			}
			want = append(want, r)
			seat, ok, err := m.x.Mandate(ctx, tx, m.c, p.Person)
			if err != nil {
				return err
			}
			role, err := m.x.groups.Role(ctx, tx, m.c, p.Person)
			if err != nil {
				return err
			}
			r = row{Handle: p.Handle, Role: role, Holding: ok}
			if ok {
				r.At = chair{slices.Index(m.groups, seat.Group), seat.Nth}
				if d := m.holds[r.At]; d != nil && d.id == "" {
					d.id = seat.ID
				} else if d != nil && d.id != seat.ID {
					t.Fatalf("the mandate %s is called %s", d.id, seat.ID)
				}
			}
			got = append(got, r)
		}
		all, err := m.x.Electorate(ctx, tx, m.c)
		if len(all) != len(m.holds) {
			t.Fatalf("%d seats count, want %d", len(all), len(m.holds))
		}
		return err
	})
	if d := cmp.Diff(want, got, cmp.AllowUnexported(chair{})); d != "" {
		t.Fatal(d)
	}
	m.x.heard.mu.Lock()
	for _, f := range m.x.heard.ended { // earlier runs left mandates that end too
		if f.Coalition == m.c {
			ended = append(ended, f)
		}
	}
	m.x.heard.mu.Unlock()
	if len(ended) != m.ended {
		t.Fatalf("%d mandates were said to end, want %d: %+v", len(ended), m.ended, ended)
	}
}

// Whatever groups, delegates and time do in whatever order, who sits where, who leads,
// what counts and what others are told is what the rules say.
func TestMandateRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		rapid.Check(t, func(t *rapid.T) {
			if x.DB.Engine() == db.Postgres && rapid.IntRange(0, 4).Draw(t, "left out") > 0 {
				return // commits there take longer, and the rules are the same
			}
			m := newMandateModel(x)
			t.Repeat(map[string]func(*rapid.T){
				"": m.check, "appoint": m.appoint, "take": m.take, "take as alternate": m.takeAlternate, "recall": m.recall, "decline": m.decline,
				"expire": m.expire, "leave or join a group": m.leaveGroup, "part": m.part,
			})
		})
	})
}
