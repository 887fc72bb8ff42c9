package attendance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/archive"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

// What moves with the events of a group: the timeslots and what organizers want
// to be sent. Sign-ups stay behind; how many there are is for reading.

// Arriving is an event that comes in with its group; the times are in the zone of
// its place.
type Arriving struct {
	ID         id.Event
	Start, End time.Time
}

// archivedSlot is a timeslot in the archive of a group.
type archivedSlot struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Start    time.Time `json:"start"` // UTC
	End      time.Time `json:"end"`
	Capacity int       `json:"capacity"`        // people; 0 is no limit
	Least    int       `json:"least,omitempty"` // people that it needs; 0 is nothing said
	Closed   bool      `json:"closed"`
	EventAt  time.Time `json:"event_start,omitzero"` // that of its event when it was last saved
}

type archivedMessages struct {
	Morning  bool   `json:"morning"`
	Feedback string `json:"feedback"` // address
}

// archivedTotals says how many people signed up, and never who.
type archivedTotals struct {
	Going   int                 `json:"going"`
	Waiting int                 `json:"waiting"`
	Slots   []archivedSlotTotal `json:"timeslots"`
}

type archivedSlotTotal struct {
	ID      string `json:"id"`
	Going   int    `json:"going"`
	Waiting int    `json:"waiting"`
}

// ExportSlots returns the timeslots of events that have some.
func (s *Service) ExportSlots(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error) {
	all, err := slotsAmong(ctx, tx, es)
	out := map[id.Event]any{}
	for e, slots := range all {
		var rows []archivedSlot
		for _, x := range slots {
			rows = append(rows, archivedSlot{x.ID, x.Title, x.Start, x.End, x.Capacity, x.Least, x.Closed, x.EventAt})
		}
		out[e] = rows
	}
	return out, err
}

// ImportSlots takes in the timeslots of a new event; see events.Attached.
func (s *Service) ImportSlots(ctx context.Context, tx *db.Tx, e Arriving, raw []byte, write bool) error {
	var rows []archivedSlot
	if err := archive.Strict(raw, &rows); err != nil {
		return fmt.Errorf("%w: %w", archive.ErrUnreadable, err)
	}
	if len(rows) > maxSlots {
		return fault.Invalid(fault.Field("timeslots", "slot.many", "An event has at most {max} times.", "max", maxSlots))
	}
	seen := map[string]bool{}
	for _, r := range rows {
		x, err := r.parse(e)
		if err != nil {
			return err
		}
		if seen[x.ID] {
			return fault.Invalid(fault.Field("timeslots", "slot.twice", "Two times have the same id."))
		}
		seen[x.ID] = true
		if !write {
			continue
		}
		if err := insertSlot(ctx, tx, e.ID, &x); err != nil {
			return err
		}
	}
	return nil
}

// parse checks a timeslot as the form does.
func (a archivedSlot) parse(e Arriving) (Slot, error) {
	loc := e.Start.Location()
	in := SlotInput{Title: plaintext.Line(a.Title)}
	from, to := a.Start.In(loc), a.End.In(loc)
	in.StartDate, in.StartTime = from.Format(time.DateOnly), from.Format("15:04")
	in.EndDate, in.EndTime = to.Format(time.DateOnly), to.Format("15:04")
	if a.Capacity != 0 {
		in.Capacity = fmt.Sprint(a.Capacity)
	}
	if a.Least != 0 {
		in.Least = fmt.Sprint(a.Least)
	}
	x, err := in.parse(e.Start, e.End)
	if outside(err) { // the event was shortened or moved after they were made
		err = nil
	}
	if err == nil && !validSlot(a.ID) {
		err = fault.Invalid(fault.Field("timeslots", "slot.key", "This form is broken. Please open the page again."))
	}
	x.ID, x.Start, x.End, x.Closed = a.ID, a.Start.UTC().Truncate(time.Microsecond), a.End.UTC().Truncate(time.Microsecond), a.Closed
	if !a.EventAt.IsZero() {
		x.EventAt = a.EventAt.UTC().Truncate(time.Microsecond)
	}
	return x, err
}

// outside reports that a timeslot lies outside its event and is right otherwise:
// when an event is moved, its timeslots stay until somebody moves them.
func outside(err error) bool {
	f := fault.Of(err)
	if err == nil || !fault.Is(err, fault.KindInvalid) {
		return false
	}
	for _, x := range f.Fields {
		if x.Code != "slot.late" && x.Code != "slot.early" {
			return false
		}
	}
	return true
}

// ExportMessages returns what organizers want to be sent.
func (s *Service) ExportMessages(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error) {
	out := map[id.Event]any{}
	err := among(ctx, tx, "select event_id, morning, feedback from reminder where event_id in ", es, "", func(scan func(...any) error) error {
		var e id.Event
		var m archivedMessages
		err := scan(&e, &m.Morning, &m.Feedback)
		if m != (archivedMessages{}) {
			out[e] = m
		}
		return err
	})
	return out, err
}

// ImportMessages takes that in for a new event that takes sign-ups.
func (s *Service) ImportMessages(ctx context.Context, tx *db.Tx, e Arriving, raw []byte, write bool) error {
	var a archivedMessages
	if err := archive.Strict(raw, &a); err != nil {
		return fmt.Errorf("%w: %w", archive.ErrUnreadable, err)
	}
	if err := checkFeedback(a.Feedback); err != nil || !write {
		return err
	}
	m, err := reminderOf(ctx, tx, e.ID)
	if err != nil || m.Zone == "" {
		return err
	}
	m.Morning, m.Feedback = a.Morning, a.Feedback
	if err := putReminder(ctx, tx, e.ID, m); err != nil {
		return err
	}
	r, err := rosterOf(ctx, tx, e.ID)
	if err != nil {
		return err
	}
	return replan(ctx, tx, e.ID, r, m.Zone)
}

// ExportTotals returns how many people signed up.
func (s *Service) ExportTotals(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error) {
	slots, err := slotsAmong(ctx, tx, es)
	if err != nil {
		return nil, err
	}
	out := map[id.Event]any{}
	err = among(ctx, tx, "select event_id, going, waiting from roster where event_id in ", es, "", func(scan func(...any) error) error {
		var e id.Event
		t := archivedTotals{Slots: []archivedSlotTotal{}}
		if err := scan(&e, &t.Going, &t.Waiting); err != nil || t.Going+t.Waiting == 0 {
			return err
		}
		for _, x := range slots[e] {
			t.Slots = append(t.Slots, archivedSlotTotal{x.ID, x.Going, x.Waiting})
		}
		out[e] = t
		return nil
	})
	return out, err
}

// ImportTotals checks the form alone: people stay where they signed up.
func (s *Service) ImportTotals(_ context.Context, _ *db.Tx, _ Arriving, raw []byte, _ bool) error {
	var a archivedTotals
	if err := archive.Strict(raw, &a); err != nil {
		return fmt.Errorf("%w: %w", archive.ErrUnreadable, err)
	}
	return nil
}

func slotsAmong(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event][]Slot, error) {
	out := map[id.Event][]Slot{}
	err := among(ctx, tx, "select event_id, id, title, starts_at, ends_at, capacity, least, closed, going, waiting, event_at from slot where event_id in ", es,
		" order by event_id, starts_at, ends_at, id", func(scan func(...any) error) error {
			var e id.Event
			var x Slot
			var start, end, event int64
			err := scan(&e, &x.ID, &x.Title, &start, &end, &x.Capacity, &x.Least, &x.Closed, &x.Going, &x.Waiting, &event)
			x.Start, x.End, x.EventAt = clock.FromMicros(start), clock.FromMicros(end), clock.FromMicros(event)
			out[e] = append(out[e], x)
			return err
		})
	return out, err
}

// among asks about some events at once.
func among(ctx context.Context, tx *db.Tx, q string, es []id.Event, behind string, row func(scan func(...any) error) error) error {
	if len(es) == 0 {
		return nil
	}
	args := make([]any, len(es))
	list := ""
	for i, e := range es {
		args[i] = string(e)
		list += fmt.Sprintf(", $%d", i+1)
	}
	if err := tx.Each(ctx, q+"("+list[2:]+")"+behind, args, row); err != nil && !errors.Is(err, db.ErrNoRows) {
		return fmt.Errorf("read for the archive: %w", err)
	}
	return nil
}
