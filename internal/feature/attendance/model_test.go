package attendance_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
)

// guest is one sign-up as the model knows it.
type guest struct {
	secret string
	in     attendance.Input
	state  attendance.State
}

func (g *guest) hash() string { return string(id.Hash(g.secret)) }

// model is what the rules say, written as plainly as possible: a room, a line
// before its door, and nothing stored.
type model struct {
	h     *hall
	event fact.EventChanged
	in    []*guest // going
	line  []*guest // waiting, in order
	left  []*guest // cancelled
	told  []string // promoted by the present step
}

func people(gs []*guest) (n int) {
	for _, g := range gs {
		n += g.in.Party
	}
	return n
}

// free is how many more fit.
func (m *model) free() int {
	if m.event.Capacity == 0 {
		return 1 << 20
	}
	return m.event.Capacity - people(m.in)
}

// fits says whether a party could ever get in.
func (m *model) fits(party int) bool { return m.event.Capacity == 0 || party <= m.event.Capacity }

// admit lets in who is first in line, again and again, while there is room. Only
// a party larger than the whole room is passed by: it cannot get in whoever
// leaves.
func (m *model) admit() {
	for m.event.OpensTo {
		i := slices.IndexFunc(m.line, func(g *guest) bool { return m.fits(g.in.Party) })
		if i < 0 || m.line[i].in.Party > m.free() {
			return
		}
		g := m.line[i]
		m.line = slices.Delete(m.line, i, i+1)
		g.state = attendance.Going
		m.in, m.told = append(m.in, g), append(m.told, g.hash())
	}
}

// arrive is the rule of signing up.
func (m *model) arrive(g *guest) {
	waits := slices.ContainsFunc(m.line, func(g *guest) bool { return m.fits(g.in.Party) })
	if !waits && g.in.Party <= m.free() {
		g.state = attendance.Going
		m.in = append(m.in, g)
		return
	}
	g.state = attendance.Waiting
	m.line = append(m.line, g)
}

func (m *model) all() []*guest { return slices.Concat(m.in, m.line) }

func without(gs []*guest, g *guest) []*guest {
	return slices.DeleteFunc(slices.Clone(gs), func(x *guest) bool { return x == g })
}

var needCodes = []string{"step_free", "seating", "sign_language", "hearing_loop", "captions", "quiet_space", "childcare", "interpreting"}

func drawInput(t *rapid.T) attendance.Input {
	party := rapid.OneOf(rapid.IntRange(1, 4), rapid.IntRange(1, 20)).Draw(t, "party")
	return attendance.Input{
		Party: party, Needs: rapid.SliceOfNDistinct(rapid.SampledFrom(needCodes), 0, 4, rapid.ID).Draw(t, "needs"),
		Email: rapid.SampledFrom([]string{"", "someone@example.org"}).Draw(t, "email"), Lang: "en",
	}
}

func (m *model) pick(t *rapid.T, gs []*guest) *guest {
	if len(gs) == 0 {
		t.Skip("nobody")
	}
	return gs[rapid.IntRange(0, len(gs)-1).Draw(t, "who")]
}

func wantKind(t fataler, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Fatalf("error %v, want kind %d", err, k)
	}
}

func (m *model) signUp(t *rapid.T) {
	g := &guest{secret: m.h.ids.Secret(), in: drawInput(t)}
	if len(m.left) > 0 && rapid.IntRange(0, 4).Draw(t, "come back") == 0 {
		g.secret = m.pick(t, m.left).secret
		m.left = slices.DeleteFunc(m.left, func(x *guest) bool { return x.secret == g.secret })
	}
	before := people(m.line)
	rec, err := m.h.SignUp(t.Context(), m.event.Event, g.secret, g.in)
	switch {
	case !m.event.OpensTo:
		wantKind(t, err, fault.KindGone)
		return
	case !m.fits(g.in.Party):
		wantKind(t, err, fault.KindInvalid)
		return
	case err != nil:
		t.Fatal(err)
	}
	m.arrive(g)
	if g.state == attendance.Going {
		before = 0
	}
	if d := cmp.Diff(attendance.Record{State: g.state, Party: g.in.Party, Ahead: before}, rec); d != "" {
		t.Fatal(d)
	}
}

// retry sends the same key again, as a browser does that heard no answer.
func (m *model) retry(t *rapid.T) {
	g := m.pick(t, m.all())
	in := g.in
	if rapid.Bool().Draw(t, "other answers") {
		in = drawInput(t)
	}
	rec, err := m.h.SignUp(t.Context(), m.event.Event, g.secret, in)
	if err != nil || rec.State != g.state || rec.Party != g.in.Party {
		t.Fatalf("%+v, %v, want the same as before: %s, %d", rec, err, g.state, g.in.Party)
	}
}

func (m *model) change(t *rapid.T) {
	g, in := m.pick(t, m.all()), drawInput(t)
	err := m.h.Change(t.Context(), m.event.Event, g.secret, in)
	more := in.Party - g.in.Party
	switch {
	case !m.event.OpensTo:
		wantKind(t, err, fault.KindGone)
		return
	case more > 0 && !m.fits(in.Party), g.state == attendance.Going && more > m.free():
		wantKind(t, err, fault.KindInvalid)
		return
	case err != nil:
		t.Fatal(err)
	}
	g.in = in
	m.admit()
}

func (m *model) cancel(t *rapid.T) {
	g := m.pick(t, m.all())
	if err := m.h.Cancel(t.Context(), m.event.Event, g.secret); err != nil {
		t.Fatal(err)
	}
	m.in, m.line, m.left = without(m.in, g), without(m.line, g), append(m.left, g)
	m.admit()
	// Sent twice, the second finds nothing and promotes nobody.
	wantKind(t, m.h.Cancel(t.Context(), m.event.Event, g.secret), fault.KindNotFound)
}

// strangers know no secret, or one of another event.
func (m *model) stranger(t *rapid.T) {
	s := m.h.ids.Secret()
	wantKind(t, m.h.Change(t.Context(), m.event.Event, s, attendance.Input{Party: 1}), fault.KindNotFound)
	wantKind(t, m.h.Cancel(t.Context(), m.event.Event, s), fault.KindNotFound)
	_, err := m.h.Find(t.Context(), m.event.Event, s)
	wantKind(t, err, fault.KindNotFound)
}

func (m *model) capacity(t *rapid.T) {
	n := m.event
	n.Capacity = rapid.OneOf(rapid.IntRange(1, 30), rapid.Just(0), rapid.IntRange(1, people(m.in)+3)).Draw(t, "capacity")
	m.edit(t, n)
}

func (m *model) openOrClose(t *rapid.T) {
	n := m.event
	n.OpensTo, n.Cancelled = !n.OpensTo, n.OpensTo && rapid.Bool().Draw(t, "cancelled")
	m.edit(t, n)
	m.event.Cancelled = false
}

func (m *model) edit(t *rapid.T, n fact.EventChanged) {
	err := m.h.tell(t.Context(), n)
	if n.Capacity > 0 && n.Capacity < people(m.in) {
		wantKind(t, err, fault.KindInvalid)
		if !fault.HasCode(err, "attendance.capacity") {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.event = n
	m.admit()
}

// check compares everything that is stored with the model.
func (m *model) check(t *rapid.T) {
	want := ledger{
		Capacity: m.event.Capacity, Open: m.event.OpensTo, Going: people(m.in), Waiting: people(m.line),
		Rows: map[string]line{}, Needs: map[string]int{},
	}
	for _, g := range m.all() {
		want.Rows[g.hash()] = line{g.state, g.in.Party}
		for _, n := range g.in.Needs {
			want.Needs[n]++
		}
	}
	for _, g := range m.line {
		want.Queue = append(want.Queue, g.hash())
	}
	got := m.h.ledger(t, m.event.Event)
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("model and rows differ (-model +rows):\n%s", d)
	}
	got.check(t)
	if d := cmp.Diff(m.told, m.h.told.take()); d != "" {
		t.Fatalf("who was promoted (-model +told):\n%s", d)
	}
	m.told = nil
	m.checkOne(t)
	m.checkDrift(t)
}

// checkOne looks at a private link: the last in line, or the last who came.
func (m *model) checkOne(t *rapid.T) {
	all := m.all()
	if len(all) == 0 {
		return
	}
	g := all[len(all)-1]
	want := attendance.Record{State: g.state, Party: g.in.Party, Email: g.in.Email}
	if g.state == attendance.Waiting {
		want.Ahead = people(m.line) - g.in.Party
	}
	for _, n := range needCodes {
		if slices.Contains(g.in.Needs, n) {
			want.Needs = append(want.Needs, n)
		}
	}
	got, err := m.h.Find(t.Context(), m.event.Event, g.secret)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("the private link (-model +page):\n%s", d)
	}
}

func (m *model) checkDrift(t *rapid.T) {
	err := m.h.db.Read(t.Context(), func(tx *db.Tx) error {
		d, err := attendance.Drifts(t.Context(), tx)
		if len(d) > 0 {
			t.Errorf("drift %+v", d)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever people and organizers do in whatever order, the rows, the counters,
// the line and who is told are what the rules say.
func TestRules(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		rapid.Check(t, func(t *rapid.T) {
			if h.db.Engine() == db.Postgres && rapid.IntRange(0, 2).Draw(t, "left out") > 0 {
				return // commits there take longer, and the rules are the same
			}
			m := &model{h: h}
			m.event = h.publish(t, func(c *fact.EventChanged) { c.Capacity = rapid.IntRange(0, 12).Draw(t, "capacity") })
			t.Repeat(map[string]func(*rapid.T){
				"sign up": m.signUp, "sign up too": m.signUp, "sign up again": m.retry, "change": m.change, "cancel": m.cancel,
				"stranger": m.stranger, "capacity": m.capacity, "open or close": m.openOrClose, "": m.check,
			})
		})
	})
}

// Drifts must see a counter that is wrong: the check above rests on it.
func TestDriftIsSeen(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.publish(t, nil).Event
		h.guest(t, e, attendance.Input{Party: 2})
		ctx := t.Context()
		err := h.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "update roster set going = going + 1 where event_id = $1", string(e))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []attendance.Drift
		err = h.db.Read(ctx, func(tx *db.Tx) (err error) {
			got, err = attendance.Drifts(ctx, tx)
			return err
		})
		want := []attendance.Drift{{Event: string(e), Going: 3, RowsGoing: 2}}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Error(d, err)
		}
	})
}

// A party that waits and became larger than the whole event, because there are
// fewer places now, blocks nobody; it is the first again when it fits.
func TestTooLargeForWhatItBecame(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		c := h.publish(t, func(c *fact.EventChanged) { c.Capacity = 10 })
		in := func(party int) attendance.Input { return attendance.Input{Party: party} }
		first, large, small := h.guest(t, c.Event, in(5)), h.guest(t, c.Event, in(8)), h.guest(t, c.Event, in(2))
		wantPromoted := func(when string, secrets ...string) {
			t.Helper()
			var want []string
			for _, s := range secrets {
				want = append(want, string(id.Hash(s)))
			}
			if d := cmp.Diff(want, h.told.take()); d != "" {
				t.Errorf("%s:\n%s", when, d)
			}
		}
		c.Capacity = 7
		h.announce(t, c)
		wantPromoted("with fewer places", small)
		if err := h.Cancel(t.Context(), c.Event, first); err != nil {
			t.Fatal(err)
		}
		wantPromoted("when somebody left")
		if rec, err := h.SignUp(t.Context(), c.Event, h.ids.Secret(), in(3)); err != nil || rec.State != attendance.Going {
			t.Errorf("there is room, and the one before never fits: %+v, %v", rec, err)
		}
		c.Capacity = 13
		h.announce(t, c)
		wantPromoted("with more places", large)
		h.ledger(t, c.Event).check(t)
	})
}
