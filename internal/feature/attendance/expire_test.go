package attendance_test

import (
	"errors"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
	"convoke/internal/seal"
)

const week = 7 * 24 * time.Hour

func (h *hall) expire(t *testing.T) {
	t.Helper()
	if err := h.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// keyLost says whether the event's key is gone, for a process that has just
// started as well as for this one.
func (h *hall) keyLost(t *testing.T, e id.Event) bool {
	t.Helper()
	fresh, err := seal.Open(h.keys, seal.BootKey{7, 7, 7}, h.clock)
	if err != nil {
		t.Fatal(err)
	}
	lost := make([]bool, 0, 2)
	for _, v := range []*seal.Vault{h.vault, fresh} {
		_, err := v.Existing(t.Context(), "event:"+string(e))
		if err != nil && !errors.Is(err, seal.ErrDestroyed) {
			t.Fatal(err)
		}
		lost = append(lost, err != nil)
	}
	if lost[0] != lost[1] {
		t.Fatalf("this process and another differ: %v", lost)
	}
	return lost[0]
}

// kept fails unless the sign-up is whole.
func (h *hall) kept(t *testing.T, why string, e id.Event, secret string) {
	t.Helper()
	rec, err := h.Find(t.Context(), e, secret)
	if err != nil || rec.Email != "someone@example.org" {
		t.Errorf("%s: %+v, %v", why, rec, err)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		c := h.publish(t, func(c *fact.EventChanged) { c.Capacity = 5 })
		in := attendance.Input{Party: 3, Needs: []string{"seating"}, Email: "someone@example.org"}
		secret, waiting := h.guest(t, c.Event, in), h.guest(t, c.Event, in)
		later := h.publish(t, func(f *fact.EventChanged) { f.End = c.End.Add(time.Hour) })
		other := h.guest(t, later.Event, in)
		copied := h.sealed(t, c.Event, secret)
		h.clock.Set(c.End.Add(week))
		h.expire(t)
		h.kept(t, "seven days after", c.Event, secret)
		h.clock.Add(time.Microsecond)
		h.expire(t)
		l := h.ledger(t, c.Event)
		if len(l.Rows) != 0 || l.Going != 3 || l.Waiting != 3 || l.Needs["seating"] != 2 {
			t.Errorf("%+v", l)
		}
		if !h.keyLost(t, c.Event) {
			t.Error("the key is still there")
		}
		h.kept(t, "of an event that ended later", later.Event, other)
		for _, s := range []string{secret, waiting} {
			_, err := h.Find(t.Context(), c.Event, s)
			wantKind(t, err, fault.KindNotFound)
			_, err = h.SignUp(t.Context(), c.Event, s, in)
			wantKind(t, err, fault.KindGone)
			wantKind(t, h.Change(t.Context(), c.Event, s, in), fault.KindNotFound)
			wantKind(t, h.Cancel(t.Context(), c.Event, s), fault.KindNotFound)
		}
		// A copy of the row, as from a backup, does not open any more.
		h.exec(t, "insert into attendance (event_id, hash, state, party, queue, sealed) values ($1, $2, 'going', 3, 0, $3)",
			string(c.Event), id.Hash(secret), copied)
		if rec, err := h.Find(t.Context(), c.Event, secret); err == nil || rec.Email != "" {
			t.Errorf("a copy opens: %+v", rec)
		}
	})
}

// A clock that is wrong for a while must not cost anybody their place: only an
// event that ended seven days ago by the clock expires.
func TestNotEarly(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		for _, end := range []time.Time{
			h.clock.Now().Add(eventIn),
			time.Date(2026, 10, 24, 22, 0, 0, 0, berlin), // the clocks go back that night
			time.Date(2027, 3, 27, 23, 30, 0, 0, berlin), // and forward that night
			time.Date(2038, 1, 19, 3, 14, 7, 0, time.UTC),
			time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), // more seconds than 31 bits hold
			time.Date(2399, 12, 31, 0, 0, 0, 0, time.UTC),
		} {
			end = end.UTC()
			h.clock.Set(end.Add(-2 * time.Hour))
			c := h.publish(t, func(c *fact.EventChanged) { c.Start, c.End = h.clock.Now().Add(time.Hour), end })
			secret := h.guest(t, c.Event, attendance.Input{Party: 1, Email: "someone@example.org"})
			at := func(now time.Time) {
				h.clock.Set(now)
				h.expire(t)
				h.kept(t, now.String()+" for "+end.String(), c.Event, secret)
			}
			at(end.Add(time.Second))
			at(end.Add(5 * 24 * time.Hour))
			at(end.Add(6 * 24 * time.Hour)) // a day too many
			at(end.Add(4 * 24 * time.Hour)) // and a day too few
			at(time.Unix(0, 0))             // no battery
			at(time.Unix(-1, 0))
			at(end.Add(week - time.Microsecond))
			at(end.Add(week))
			h.clock.Set(end.Add(week + time.Microsecond))
			h.expire(t)
			if !h.keyLost(t, c.Event) {
				t.Errorf("%s never expires", end)
			}
		}
	})
}

// The clock of the year 2038 expires what ended before, and nothing else.
func TestFutureEventsOutlive2038(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		c := h.publish(t, func(c *fact.EventChanged) {
			c.Start = time.Date(2038, 1, 19, 3, 0, 0, 0, time.UTC)
			c.End = c.Start.Add(time.Hour)
		})
		secret := h.guest(t, c.Event, attendance.Input{Party: 1, Email: "someone@example.org"})
		for _, now := range []time.Time{time.Unix(1<<31-1, 0), time.Unix(1<<31, 0)} {
			h.clock.Set(now)
			h.expire(t)
			h.kept(t, now.String(), c.Event, secret)
		}
	})
}

// When all have cancelled, copies of their rows may still lie in backups, so
// the key goes all the same.
func TestKeyOfCancelledSignUpsGoes(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		c := h.publish(t, nil)
		secret := h.guest(t, c.Event, attendance.Input{Party: 1})
		if err := h.Cancel(t.Context(), c.Event, secret); err != nil {
			t.Fatal(err)
		}
		h.clock.Set(c.End.Add(week))
		h.expire(t)
		if h.keyLost(t, c.Event) {
			t.Error("too early")
		}
		h.clock.Add(time.Second)
		h.expire(t)
		if !h.keyLost(t, c.Event) {
			t.Error("the key is still there")
		}
	})
}

// More events and more rows than one step takes.
func TestExpiryOfMany(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		var all []fact.EventChanged
		for range 130 {
			all = append(all, h.publish(t, nil))
		}
		for _, c := range all {
			h.guest(t, c.Event, attendance.Input{Party: 1})
		}
		big := all[0]
		for range 30 {
			h.guest(t, big.Event, attendance.Input{Party: 1})
		}
		h.clock.Set(big.End.Add(week + time.Second))
		h.expire(t)
		for _, c := range all {
			if l := h.ledger(t, c.Event); len(l.Rows) != 0 || l.Going == 0 || !h.keyLost(t, c.Event) {
				t.Fatalf("%s: %+v", c.Event, l)
			}
		}
	})
}

// An event with a mistaken date, for which nobody had signed up, may get another
// one and takes sign-ups then.
func TestNewDateOfAnUnusedEvent(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		c := h.publish(t, nil)
		h.clock.Set(c.End.Add(week + time.Second))
		h.expire(t)
		c.End = h.clock.Now().Add(time.Hour)
		h.announce(t, c)
		secret := h.guest(t, c.Event, attendance.Input{Party: 1, Email: "someone@example.org"})
		h.expire(t)
		h.kept(t, "with its new date", c.Event, secret)
		h.clock.Set(c.End.Add(week + time.Second))
		h.expire(t)
		if !h.keyLost(t, c.Event) {
			t.Error("with its new date it never expires")
		}
	})
}

// After its end nobody moves up, and nobody signs up or changes.
func TestOver(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		c := h.publish(t, func(c *fact.EventChanged) { c.Capacity = 1 })
		first, second := h.guest(t, c.Event, attendance.Input{Party: 1}), h.guest(t, c.Event, attendance.Input{Party: 1})
		h.clock.Set(c.End)
		_, err := h.SignUp(t.Context(), c.Event, h.ids.Secret(), attendance.Input{Party: 1})
		wantKind(t, err, fault.KindGone)
		wantKind(t, h.Change(t.Context(), c.Event, first, attendance.Input{Party: 1}), fault.KindGone)
		if rec, err := h.SignUp(t.Context(), c.Event, second, attendance.Input{Party: 1}); err != nil || rec.State != attendance.Waiting {
			t.Errorf("a retry after the end: %+v, %v", rec, err)
		}
		if err := h.Cancel(t.Context(), c.Event, first); err != nil {
			t.Fatal(err)
		}
		if told := h.told.take(); len(told) != 0 || h.ledger(t, c.Event).Waiting != 1 {
			t.Errorf("%d moved up", len(told))
		}
	})
}

// A half-done expiry, as after a crash between its steps, is finished by the
// next.
func TestExpiryIsFinishedLater(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		c := h.publish(t, nil)
		h.guest(t, c.Event, attendance.Input{Party: 1})
		if err := h.vault.Destroy(t.Context(), "event:"+string(c.Event)); err != nil {
			t.Fatal(err)
		}
		h.clock.Set(c.End.Add(week + time.Second))
		h.expire(t)
		if l := h.ledger(t, c.Event); len(l.Rows) != 0 {
			t.Errorf("%+v", l)
		}
		var left int
		err := h.db.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select count(*) from roster where queue >= 0", nil, &left)
		})
		if err != nil || left != 0 {
			t.Errorf("%d rosters are looked at again each hour, %v", left, err)
		}
	})
}
