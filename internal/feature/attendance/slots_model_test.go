package attendance_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
)

// visitor is one sign-up of an event with slots, as the model knows it.
type visitor struct {
	secret string
	in     attendance.Input
	inside bool            // has a place at the event
	has    map[string]bool // slots with a place
	waits  map[string]int  // slots, and "" for the event as a whole, with the number in the line
}

func (v *visitor) hash() string { return string(id.Hash(v.secret)) }

// shift is one slot as the model knows it.
type shift struct {
	id       string
	capacity int
	closed   bool
}

// march is what the rules say of slots, written as plainly as possible.
type march struct {
	h      *hall
	event  fact.EventChanged
	shifts []*shift // as they follow in time
	all    []*visitor
	number int
	told   []string
}

func (m *march) within(f func(*visitor) bool) (n int) {
	for _, v := range m.all {
		if f(v) {
			n += v.in.Party
		}
	}
	return n
}

func (m *march) inside() int { return m.within(func(v *visitor) bool { return v.inside }) }

func (m *march) room() int {
	if m.event.Capacity == 0 {
		return 1 << 20
	}
	return m.event.Capacity - m.inside()
}

func (m *march) taken(slot string) int { return m.within(func(v *visitor) bool { return v.has[slot] }) }

func (m *march) slotRoom(slot string) int {
	s := m.shift(slot)
	if s == nil || s.capacity == 0 {
		return 1 << 20
	}
	return s.capacity - m.taken(slot)
}

func (m *march) shift(slot string) *shift {
	for _, s := range m.shifts {
		if s.id == slot {
			return s
		}
	}
	return nil
}

// fits says whether a party could ever get into a slot, "" being all of the event.
func (m *march) fits(party int, slot string) bool {
	s := m.shift(slot)
	return (m.event.Capacity == 0 || party <= m.event.Capacity) && (s == nil || s.capacity == 0 || party <= s.capacity)
}

type place struct {
	v    *visitor
	slot string
}

// lines is everybody who waits, in the order in which they came.
func (m *march) lines() []place {
	var out []place
	for _, slot := range append([]string{""}, m.slotIDs()...) {
		for _, v := range m.all {
			if v.waits[slot] > 0 {
				out = append(out, place{v, slot})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b place) int { return cmp.Compare(a.v.waits[a.slot], b.v.waits[b.slot]) })
	return out
}

func (m *march) slotIDs() (out []string) {
	for _, s := range m.shifts {
		out = append(out, s.id)
	}
	return out
}

// admit lets people in until nobody can move up. quiet is not told.
func (m *march) admit(quiet *visitor) {
	for m.event.OpensTo {
		p, ok := m.next()
		if !ok {
			return
		}
		p.v.inside = true
		delete(p.v.waits, p.slot)
		if p.slot != "" {
			p.v.has[p.slot] = true
		}
		if p.v != quiet {
			m.told = append(m.told, p.v.hash())
		}
	}
}

func (m *march) next() (place, bool) {
	seen, claimed := map[string]bool{}, false
	for _, p := range m.lines() {
		party := p.v.in.Party
		if seen[p.slot] || !m.fits(party, p.slot) || p.slot != "" && m.shift(p.slot).closed {
			continue
		}
		seen[p.slot] = true
		switch {
		case party > m.slotRoom(p.slot):
		case p.v.inside, !claimed && party <= m.room():
			return p, true
		default:
			claimed = true
		}
	}
	return place{}, false
}

// acceptable says whether a choice of slots is; had is what was chosen before.
func (m *march) acceptable(in attendance.Input, v *visitor) bool {
	if len(m.shifts) > 0 && len(in.Slots) == 0 {
		return v != nil && len(v.in.Slots) == 0
	}
	for _, slot := range in.Slots {
		s, kept := m.shift(slot), v != nil && slices.Contains(v.in.Slots, slot)
		if s == nil || s.closed && !kept {
			return false
		}
		if s.capacity > 0 && in.Party > s.capacity && (!kept || in.Party > v.in.Party) {
			return false
		}
		if kept && v.has[slot] && in.Party-v.in.Party > m.slotRoom(slot) {
			return false
		}
	}
	return true
}

func (m *march) draw(t *rapid.T) attendance.Input {
	in := drawInput(t)
	if rapid.IntRange(0, 9).Draw(t, "large") > 0 {
		in.Party = rapid.IntRange(1, 3).Draw(t, "few")
	}
	if len(m.shifts) > 0 {
		in.Slots = rapid.SliceOfNDistinct(rapid.SampledFrom(m.slotIDs()), 0, 3, rapid.ID).Draw(t, "slots")
	}
	return in
}

func (m *march) pick(t *rapid.T) *visitor {
	if len(m.all) == 0 {
		t.Skip("nobody")
	}
	return m.all[rapid.IntRange(0, len(m.all)-1).Draw(t, "who")]
}

func (m *march) pickShift(t *rapid.T) *shift {
	if len(m.shifts) == 0 {
		t.Skip("no slots")
	}
	return m.shifts[rapid.IntRange(0, len(m.shifts)-1).Draw(t, "slot")]
}

func (m *march) signUp(t *rapid.T) {
	v := &visitor{secret: m.h.ids.Secret(), in: m.draw(t), has: map[string]bool{}, waits: map[string]int{}}
	rec, err := m.h.SignUp(t.Context(), m.event.Event, v.secret, v.in)
	switch {
	case !m.event.OpensTo:
		wantKind(t, err, fault.KindGone)
		return
	case !m.fits(v.in.Party, ""), !m.acceptable(v.in, nil):
		wantKind(t, err, fault.KindInvalid)
		return
	case err != nil:
		t.Fatal(err)
	}
	m.number++
	for _, slot := range v.in.Slots {
		v.waits[slot] = m.number
	}
	if len(v.in.Slots) == 0 {
		v.waits[""] = m.number
	}
	m.all = append(m.all, v)
	m.admit(v)
	if (rec.State == attendance.Going) != v.inside || rec.Party != v.in.Party {
		t.Fatalf("answered %+v, inside %v", rec, v.inside)
	}
	again, err := m.h.SignUp(t.Context(), m.event.Event, v.secret, m.draw(t))
	if err != nil && m.fits(1, "") || err == nil && (again.State != rec.State || again.Party != rec.Party) {
		if !fault.Is(err, fault.KindInvalid) {
			t.Fatalf("sent twice: %+v, %v", again, err)
		}
	}
}

func (m *march) change(t *rapid.T) {
	v, in := m.pick(t), m.draw(t)
	err := m.h.Change(t.Context(), m.event.Event, v.secret, in)
	more := in.Party - v.in.Party
	switch {
	case !m.event.OpensTo:
		wantKind(t, err, fault.KindGone)
		return
	case more > 0 && !m.fits(in.Party, ""), v.inside && more > m.room(), !m.acceptable(in, v):
		wantKind(t, err, fault.KindInvalid)
		return
	case err != nil:
		t.Fatal(err)
	}
	quiet := v
	if len(m.shifts) == 0 {
		quiet = nil
	}
	m.number++
	m.rearrange(v, in)
	m.admit(quiet)
}

// rearrange moves somebody from what they chose to what they choose.
func (m *march) rearrange(v *visitor, in attendance.Input) {
	was := v.in
	v.in = in
	for _, slot := range was.Slots {
		if !slices.Contains(in.Slots, slot) {
			delete(v.has, slot)
			delete(v.waits, slot)
		}
	}
	if len(in.Slots) == 0 {
		return
	}
	delete(v.waits, "")
	for _, s := range m.shifts {
		if !slices.Contains(in.Slots, s.id) || slices.Contains(was.Slots, s.id) {
			continue
		}
		line := slices.ContainsFunc(m.lines(), func(p place) bool { return p.slot == s.id && m.fits(p.v.in.Party, s.id) })
		if v.inside && !line && in.Party <= m.slotRoom(s.id) {
			v.has[s.id] = true
		} else {
			v.waits[s.id] = m.number
		}
	}
	v.inside = v.inside && len(v.has) > 0
}

func (m *march) cancel(t *rapid.T) {
	v := m.pick(t)
	if err := m.h.Cancel(t.Context(), m.event.Event, v.secret); err != nil {
		t.Fatal(err)
	}
	m.all = slices.DeleteFunc(m.all, func(x *visitor) bool { return x == v })
	m.admit(nil)
	wantKind(t, m.h.Cancel(t.Context(), m.event.Event, v.secret), fault.KindNotFound)
}

func (m *march) capacity(t *rapid.T) {
	n := m.event
	n.Capacity = rapid.OneOf(rapid.IntRange(1, 30), rapid.Just(0), rapid.IntRange(1, m.inside()+3)).Draw(t, "capacity")
	err := m.h.tell(t.Context(), n)
	if n.Capacity > 0 && n.Capacity < m.inside() {
		wantKind(t, err, fault.KindInvalid)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.event = n
	m.admit(nil)
}

func (m *march) openOrClose(t *rapid.T) {
	m.event.OpensTo = !m.event.OpensTo
	m.h.announce(t, m.event)
	m.admit(nil)
}

// times are the n-th slot's, as an organizer types them.
func (m *march) times(n int, s *shift) attendance.SlotInput {
	in := attendance.SlotInput{
		Title: fmt.Sprintf("Shift %d", n), StartDate: m.event.Start.Format(time.DateOnly), StartTime: fmt.Sprintf("%02d:00", n), EndTime: "23:00",
		Closed: s.closed,
	}
	if s.capacity > 0 {
		in.Capacity = fmt.Sprint(s.capacity)
	}
	return in
}

func (m *march) bounds() (start, end time.Time) {
	return m.event.Start, m.event.Start.Add(48 * time.Hour)
}

func (m *march) addSlot(t *rapid.T) {
	if len(m.shifts) >= 4 {
		t.Skip("enough")
	}
	s := &shift{id: m.h.ids.Secret(), capacity: rapid.IntRange(0, 6).Draw(t, "places")}
	start, end := m.bounds()
	for range 2 { // sent twice
		if err := m.h.AddSlot(t.Context(), m.event.Event, s.id, start, end, m.times(len(m.shifts), s)); err != nil {
			t.Fatal(err)
		}
	}
	m.shifts = append(m.shifts, s)
}

func (m *march) changeSlot(t *rapid.T) {
	s := m.pickShift(t)
	n := *s
	if rapid.Bool().Draw(t, "close") {
		n.closed = !n.closed
	} else {
		n.capacity = rapid.IntRange(0, m.taken(s.id)+4).Draw(t, "places")
	}
	start, end := m.bounds()
	err := m.h.ChangeSlot(t.Context(), m.event.Event, s.id, start, end, m.times(slices.Index(m.shifts, s), &n))
	if n.capacity > 0 && n.capacity < m.taken(s.id) {
		wantKind(t, err, fault.KindInvalid)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	*s = n
	m.admit(nil)
}

// removeSlot takes away the last, so that the others keep their hours.
func (m *march) removeSlot(t *rapid.T) {
	m.pickShift(t)
	s := m.shifts[len(m.shifts)-1]
	err := m.h.RemoveSlot(t.Context(), m.event.Event, s.id)
	if m.within(func(v *visitor) bool { return slices.Contains(v.in.Slots, s.id) }) > 0 {
		wantKind(t, err, fault.KindConflict)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.shifts = m.shifts[:len(m.shifts)-1]
}

// books is everything that is stored of slots: by slot, and by sign-up.
type books struct {
	Going, Waiting map[string]int
	Needs          map[string]int // by slot and need
	Has, Lines     map[string][]string
}

func (h *hall) books(t fataler, e id.Event) books {
	t.Helper()
	ctx := t.Context()
	var b books
	err := h.db.Read(ctx, func(tx *db.Tx) error {
		b = books{map[string]int{}, map[string]int{}, map[string]int{}, map[string][]string{}, map[string][]string{}}
		err := tx.Each(ctx, "select id, going, waiting from slot where event_id = $1", []any{string(e)}, func(scan func(...any) error) error {
			var slot string
			var going, waiting int
			err := scan(&slot, &going, &waiting)
			b.Going[slot], b.Waiting[slot] = going, waiting
			return err
		})
		if err != nil {
			return err
		}
		err = tx.Each(ctx, "select slot_id, need, people from slot_need where event_id = $1 and people <> 0", []any{string(e)},
			func(scan func(...any) error) error {
				var slot, need string
				var n int
				err := scan(&slot, &need, &n)
				b.Needs[slot+" "+need] = n
				return err
			})
		if err != nil {
			return err
		}
		return tx.Each(ctx, "select hash, slot_id, state from slot_choice where event_id = $1 order by queue", []any{string(e)},
			func(scan func(...any) error) error {
				var hash []byte
				var slot, state string
				err := scan(&hash, &slot, &state)
				if state == "going" {
					b.Has[string(hash)] = append(b.Has[string(hash)], slot)
					slices.Sort(b.Has[string(hash)])
				} else {
					b.Lines[slot] = append(b.Lines[slot], string(hash))
				}
				return err
			})
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// check compares everything that is stored with the model.
func (m *march) check(t *rapid.T) {
	want := books{map[string]int{}, map[string]int{}, map[string]int{}, map[string][]string{}, map[string][]string{}}
	event := ledger{Capacity: m.event.Capacity, Open: m.event.OpensTo, Going: m.inside(), Rows: map[string]line{}, Needs: map[string]int{}}
	for _, s := range m.shifts {
		want.Going[s.id], want.Waiting[s.id] = m.taken(s.id), m.within(func(v *visitor) bool { return v.waits[s.id] > 0 })
		if s.capacity > 0 && want.Going[s.id] > s.capacity {
			t.Fatalf("%d people for %d places", want.Going[s.id], s.capacity)
		}
	}
	for _, v := range m.all {
		state := attendance.Going
		if !v.inside {
			state = attendance.Waiting
			event.Waiting += v.in.Party
		}
		event.Rows[v.hash()] = line{state, v.in.Party}
		for _, n := range v.in.Needs {
			event.Needs[n]++
			for _, slot := range v.in.Slots {
				want.Needs[slot+" "+n]++
			}
		}
		if len(v.has) > 0 {
			want.Has[v.hash()] = slices.Sorted(maps.Keys(v.has))
		}
	}
	for _, p := range m.lines() {
		if p.slot != "" {
			want.Lines[p.slot] = append(want.Lines[p.slot], p.v.hash())
		}
	}
	if d := gocmp.Diff(want, m.h.books(t, m.event.Event)); d != "" {
		t.Fatalf("model and slots differ (-model +rows):\n%s", d)
	}
	got := m.h.ledger(t, m.event.Event)
	got.check(t)
	got.Queue = nil // in the order of lines, which is compared above
	if d := gocmp.Diff(event, got); d != "" {
		t.Fatalf("model and event differ (-model +rows):\n%s", d)
	}
	if d := gocmp.Diff(m.told, m.h.told.take()); d != "" {
		t.Fatalf("who was promoted (-model +told):\n%s", d)
	}
	m.told = nil
	m.checkLink(t)
	(&model{h: m.h}).checkDrift(t)
}

// checkLink looks at the private link of the last who came.
func (m *march) checkLink(t *rapid.T) {
	if len(m.all) == 0 {
		return
	}
	v := m.all[len(m.all)-1]
	got, err := m.h.Find(t.Context(), m.event.Event, v.secret)
	if err != nil || len(got.Slots) != len(v.in.Slots) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, c := range got.Slots {
		ahead := m.within(func(x *visitor) bool { return v.waits[c.ID] > 0 && x.waits[c.ID] > 0 && x.waits[c.ID] < v.waits[c.ID] })
		if (c.State == attendance.Going) != v.has[c.ID] || c.Ahead != ahead {
			t.Fatalf("%+v, want a place %v, %d ahead", c, v.has[c.ID], ahead)
		}
	}
}

// Whatever people and organizers do in whatever order, every slot and the event
// hold exactly who the rules say, nobody overtakes, and no place is promised
// twice.
func TestSlotRules(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		rapid.Check(t, func(t *rapid.T) {
			if h.db.Engine() == db.Postgres && rapid.IntRange(0, 2).Draw(t, "left out") > 0 {
				return // commits there take longer, and the rules are the same
			}
			m := &march{h: h}
			m.event = h.publish(t, func(c *fact.EventChanged) { c.Capacity = rapid.IntRange(0, 12).Draw(t, "capacity") })
			for range rapid.IntRange(0, 3).Draw(t, "slots") {
				m.addSlot(t)
			}
			t.Repeat(map[string]func(*rapid.T){
				"sign up": m.signUp, "sign up too": m.signUp, "sign up as well": m.signUp, "change": m.change, "change too": m.change, "change as well": m.change,
				"cancel": m.cancel, "capacity": m.capacity, "open or close": m.openOrClose, "add a slot": m.addSlot,
				"change a slot": m.changeSlot, "remove a slot": m.removeSlot, "": m.check,
			})
		})
	})
}
