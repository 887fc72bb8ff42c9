package attendance_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
)

// slot adds one through the organizers' page and returns its id.
func (d *desk) slot(c fact.EventChanged, title string, hour int, capacity string) string {
	d.t.Helper()
	d.edits = true
	defer func() { d.edits = false }()
	key := d.ids.Secret()
	r := d.post("/events/"+string(c.Event)+"/timeslots", "key", key, "title", title, "start_date", c.Start.Format("2006-01-02"),
		"start_time", fmt.Sprintf("%02d:00", hour), "end_time", fmt.Sprintf("%02d:30", hour), "capacity", capacity)
	r.want(d.t, 303)
	return key
}

// An organizer makes times; people choose among them, wait, change and go.
func TestSlotsFromEndToEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(0)
	early, late := d.slot(c, "Early shift", 1, "2"), d.slot(c, "Late <shift>", 2, "")
	d.get(form).want(t, 200, "When will you come?", "Early shift, ", "2 places are left.", "Late &lt;shift&gt;, ", `value="`+late+`"`)
	r := d.post(form, "key", d.ids.Secret(), "party", "1")
	r.want(t, 422, `id="slot-error"`, "Choose at least one time.")
	d.post(form, "key", d.ids.Secret(), "party", "1", "slot", d.ids.Secret()).want(t, 422, "not offered any more")
	d.post(form, "key", d.ids.Secret(), "party", "3", "slot", early).want(t, 422, `id="party-error"`, "“Early shift” has room for 2 people")

	first := d.arrive(form, "party", "2", "slot", early, "slot", late, "need", "seating")
	d.get(first).want(t, 200, "You are coming", "you have a place.", `value="`+early+`" checked`, first+"/times.ics")
	d.get(form).want(t, 200, "Full: you would wait")
	second := d.arrive(form, "party", "1", "slot", early)
	d.get(second).want(t, 200, "You are waiting", "you are waiting.", "You are next.")

	ics := d.get(first + "/times.ics")
	ics.want(t, 200, "SUMMARY:Riverside clean-up: Early shift", "LOCATION:Old Bridge")
	if n := strings.Count(ics.body, "BEGIN:VEVENT"); n != 2 || strings.Contains(ics.body, "TENTATIVE") {
		t.Errorf("%d events in\n%s", n, ics.body)
	}
	d.get(second+"/times.ics").want(t, 200, "STATUS:TENTATIVE")

	// Leaving one time makes room there.
	d.post(first, "party", "2", "slot", late).want(t, 303)
	d.get(second).want(t, 200, "You are coming", "you have a place.")
	want := books{
		Going: map[string]int{early: 1, late: 2}, Waiting: map[string]int{early: 0, late: 0}, Needs: map[string]int{},
		Has:   map[string][]string{string(id.Hash(first[len(form)+1:])): {late}, string(id.Hash(second[len(form)+1:])): {early}},
		Lines: map[string][]string{},
	}
	if diff := cmp.Diff(want, d.books(t, c.Event)); diff != "" {
		t.Error(diff)
	}
	d.post(second+"/cancel").want(t, 200)
	if b := d.books(t, c.Event); b.Going[early] != 0 || len(b.Has) != 1 {
		t.Errorf("%+v", b)
	}
}

// Organizers see totals, and cannot take away what people were told.
func TestSlotDesk(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(0)
	early, late := d.slot(c, "Early shift", 1, "4"), d.slot(c, "Late shift", 2, "")
	d.arrive(form, "party", "3", "slot", early, "need", "seating", "email", "someone@example.org")
	path := "/events/" + string(c.Event) + "/timeslots"
	one := path + "/" + early
	for _, r := range []reply{d.get(path), d.get(one), d.post(path), d.post(one), d.post(one + "/remove")} {
		r.want(t, 403)
	}
	d.edits = true
	r := d.get(path)
	r.want(t, 200, "3 are coming.", "1 place is left.", "Somewhere to sit")
	if strings.Contains(r.body, "someone") {
		t.Error("the page names somebody")
	}
	day := c.Start.Format("2006-01-02")
	good := []string{"title", "Early shift", "start_date", day, "start_time", "01:00", "end_time", "01:30"}
	d.post(one, append(good, "capacity", "2")...).want(t, 422, `id="capacity-error"`, "3 people have this time already")
	d.post(one, append(good, "capacity", "many")...).want(t, 422, `value="many"`, `id="capacity-error"`)
	d.post(path, "key", d.ids.Secret(), "title", "").want(t, 422, `id="title-error"`, `id="start_date-error"`, `id="end_time-error"`)
	d.post(path, append(good, "key", "x")...).want(t, 400)
	d.post(one+"/remove").want(t, 409, "3 of them", "Close it instead")
	d.post(one, append(good, "capacity", "3", "closed", "1")...).want(t, 303)
	if len(d.told.slots) != 0 {
		t.Errorf("told of %v, which kept their hour", d.told.slots)
	}
	d.post(one, append(good[:6:6], "end_time", "01:45", "closed", "1")...).want(t, 303)
	if diff := cmp.Diff([]string{early}, d.told.slots); diff != "" {
		t.Error(diff)
	}
	d.post(form, "key", d.ids.Secret(), "party", "1", "slot", early).want(t, 422, "takes nobody any more")
	for range 2 { // the second time as well
		d.post(path+"/"+late+"/remove").want(t, 303)
	}
	d.get(path+"/"+late).want(t, 404)
	d.post(path+"/"+late, good...).want(t, 404)
	// Nothing is left to choose, so sign-up is closed.
	d.get(form).want(t, 410, "closed")
	d.post(form, "key", d.ids.Secret(), "party", "1").want(t, 422, "Choose at least one time.")
	for range 199 {
		d.slot(c, "More", 3, "")
	}
	d.edits = true
	d.post(path, append(good, "key", d.ids.Secret())...).want(t, 422, "at most 200 times")
}

// Who signed up before there were times keeps their place, and may choose then.
func TestSlotsComeLater(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(3)
	mine, waits := d.arrive(form, "party", "2"), d.arrive(form, "party", "2")
	early := d.slot(c, "Early shift", 1, "2")
	d.get(mine).want(t, 200, "You are coming")
	d.post(mine, "party", "1").want(t, 303)
	d.get(mine).want(t, 200, "You are coming")
	d.get(waits).want(t, 200, "You are coming") // one place became free
	d.post(mine, "party", "1", "slot", early).want(t, 303)
	d.get(mine).want(t, 200, "You are coming", "you have a place.")
	if l := d.ledger(t, c.Event); l.Going != 3 || l.Waiting != 0 {
		t.Errorf("%+v", l)
	}
}

// Two hundred parties for two times at once, at two nodes: never one too many,
// and a form sent twice counts once.
func TestSlotCrowd(t *testing.T) {
	t.Parallel()
	crowds(t, func(t *testing.T, hs []*hall) {
		h := hs[0]
		e := h.publish(t, func(c *fact.EventChanged) { c.Capacity = 60 })
		m := &march{h: h, event: e}
		start, end := m.bounds()
		for i := range 2 {
			s := &shift{id: h.ids.Secret(), capacity: 40}
			if err := h.AddSlot(t.Context(), e.Event, s.id, start, end, m.times(i, s)); err != nil {
				t.Fatal(err)
			}
			m.shifts = append(m.shifts, s)
		}
		var wg sync.WaitGroup
		for i := range 200 {
			secret := h.ids.Secret()
			in := attendance.Input{Party: 1 + i%3, Slots: [][]string{{m.shifts[0].id}, {m.shifts[1].id}, m.slotIDs()}[i%3]}
			for k := range 2 {
				wg.Go(func() {
					n := hs[(i+k)%len(hs)]
					if _, err := n.SignUp(t.Context(), e.Event, secret, in); err != nil {
						t.Error(err)
					}
					if k == 0 && i%8 == 0 {
						if err := n.Change(t.Context(), e.Event, secret, attendance.Input{Party: 1, Slots: []string{m.shifts[1].id}}); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		wg.Wait()
		l, b := h.ledger(t, e.Event), h.books(t, e.Event)
		l.check(t)
		if len(l.Rows) != 200 {
			t.Errorf("%d rows", len(l.Rows))
		}
		for _, s := range m.shifts {
			if b.Going[s.id] > 40 {
				t.Errorf("%d people for 40 places", b.Going[s.id])
			}
			if b.Going[s.id] < 38 && l.Going < 58 { // nobody is more than three
				t.Errorf("%d of 40 and %d of 60, and others wait", b.Going[s.id], l.Going)
			}
		}
		drifts(t, h, nil)
	})
}

func drifts(t *testing.T, h *hall, want []attendance.Drift) {
	t.Helper()
	var got []attendance.Drift
	err := h.db.Read(t.Context(), func(tx *db.Tx) (err error) {
		got, err = attendance.Drifts(t.Context(), tx)
		return err
	})
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
}

// A counter of a slot that is wrong is seen, and counted again.
func TestSlotDriftIsSeen(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.publish(t, nil)
		m := &march{h: h, event: e}
		s := &shift{id: h.ids.Secret()}
		start, end := m.bounds()
		if err := h.AddSlot(t.Context(), e.Event, s.id, start, end, m.times(0, s)); err != nil {
			t.Fatal(err)
		}
		h.guest(t, e.Event, attendance.Input{Party: 2, Slots: []string{s.id}})
		ctx := t.Context()
		write := func(f func(tx *db.Tx) error) {
			t.Helper()
			if err := h.db.Write(ctx, f); err != nil {
				t.Fatal(err)
			}
		}
		write(func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "update slot set going = going + 1, waiting = 4 where event_id = $1", string(e.Event))
			return err
		})
		drifts(t, h, []attendance.Drift{{Event: string(e.Event), Slot: s.id, Going: 3, Waiting: 4, RowsGoing: 2}})
		write(func(tx *db.Tx) error { return attendance.Recount(ctx, tx, string(e.Event)) })
		drifts(t, h, nil)
		if b := h.books(t, e.Event); b.Going[s.id] != 2 || b.Waiting[s.id] != 0 {
			t.Errorf("%+v", b)
		}
	})
}

// With the sign-ups go their choices; totals stay.
func TestChoicesExpire(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		e := h.publish(t, nil)
		m := &march{h: h, event: e}
		s := &shift{id: h.ids.Secret(), capacity: 2}
		start, end := m.bounds()
		if err := h.AddSlot(t.Context(), e.Event, s.id, start, end, m.times(0, s)); err != nil {
			t.Fatal(err)
		}
		h.guest(t, e.Event, attendance.Input{Party: 2, Slots: []string{s.id}})
		h.guest(t, e.Event, attendance.Input{Party: 1, Slots: []string{s.id}})
		h.clock.Set(e.End.Add(8 * 24 * 3600e9))
		if err := h.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if b := h.books(t, e.Event); len(b.Has)+len(b.Lines) != 0 || b.Going[s.id] != 2 || b.Waiting[s.id] != 1 {
			t.Errorf("%+v", b)
		}
	})
}
