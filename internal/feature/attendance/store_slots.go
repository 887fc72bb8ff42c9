package attendance

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// slotsOf lists the slots of an event as they follow in time, without needs.
func slotsOf(ctx context.Context, tx *db.Tx, e id.Event) ([]Slot, error) {
	return slotsWhere(ctx, tx, e, "")
}

// slotsWaited are those that somebody waits for.
func slotsWaited(ctx context.Context, tx *db.Tx, e id.Event) ([]Slot, error) {
	return slotsWhere(ctx, tx, e, " and waiting > 0")
}

func slotsWhere(ctx context.Context, tx *db.Tx, e id.Event, cond string) ([]Slot, error) {
	return db.Query(ctx, tx, `select id, title, starts_at, ends_at, capacity, least, closed, going, waiting, event_at from slot
		where event_id = $1`+cond+` order by starts_at, ends_at, id`, []any{string(e)}, func(scan func(...any) error) (Slot, error) {
		var s Slot
		var start, end, event int64
		err := scan(&s.ID, &s.Title, &start, &end, &s.Capacity, &s.Least, &s.Closed, &s.Going, &s.Waiting, &event)
		s.Start, s.End, s.EventAt = clock.FromMicros(start), clock.FromMicros(end), clock.FromMicros(event)
		return s, err
	})
}

// insertSlot does nothing when the slot is there.
func insertSlot(ctx context.Context, tx *db.Tx, e id.Event, s *Slot) error {
	_, err := tx.Exec(ctx, `insert into slot (event_id, id, title, starts_at, ends_at, capacity, closed, going, waiting, least, event_at)
		values ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9) on conflict do nothing`,
		string(e), s.ID, s.Title, clock.Micros(s.Start), clock.Micros(s.End), s.Capacity, s.Closed, s.Least, clock.Micros(s.EventAt))
	if err != nil {
		return fmt.Errorf("insert slot: %w", err)
	}
	return nil
}

func updateSlot(ctx context.Context, tx *db.Tx, e id.Event, s *Slot) error {
	_, err := tx.Exec(ctx, `update slot set title = $3, starts_at = $4, ends_at = $5, capacity = $6, closed = $7, least = $8, event_at = $9
		where event_id = $1 and id = $2`,
		string(e), s.ID, s.Title, clock.Micros(s.Start), clock.Micros(s.End), s.Capacity, s.Closed, s.Least, clock.Micros(s.EventAt))
	if err != nil {
		return fmt.Errorf("update slot: %w", err)
	}
	return nil
}

func removeSlot(ctx context.Context, tx *db.Tx, e id.Event, slot string) error {
	if _, err := tx.Exec(ctx, "delete from slot where event_id = $1 and id = $2", string(e), slot); err != nil {
		return fmt.Errorf("delete slot: %w", err)
	}
	return nil
}

// countSlot changes the counters of a slot.
func countSlot(ctx context.Context, tx *db.Tx, e id.Event, slot string, going, waiting int) error {
	_, err := tx.Exec(ctx, "update slot set going = going + $3, waiting = waiting + $4 where event_id = $1 and id = $2",
		string(e), slot, going, waiting)
	if err != nil {
		return fmt.Errorf("count slot: %w", err)
	}
	return nil
}

func countSlotNeeds(ctx context.Context, tx *db.Tx, e id.Event, slot string, needs []string, by int) error {
	for _, n := range needs {
		_, err := tx.Exec(ctx, `insert into slot_need (event_id, slot_id, need, people) values ($1, $2, $3, $4)
			on conflict (event_id, slot_id, need) do update set people = slot_need.people + excluded.people`, string(e), slot, n, by)
		if err != nil {
			return fmt.Errorf("count needs of a slot: %w", err)
		}
	}
	return nil
}

// addSlotNeeds fills in what people of each slot need.
func addSlotNeeds(ctx context.Context, tx *db.Tx, e id.Event, slots []Slot) error {
	return tx.Each(ctx, "select slot_id, need, people from slot_need where event_id = $1 and people > 0 order by people desc, need",
		[]any{string(e)}, func(scan func(...any) error) error {
			var slot string
			var n Need
			if err := scan(&slot, &n.Code, &n.People); err != nil {
				return err
			}
			for i := range slots {
				if slots[i].ID == slot {
					slots[i].Needs = append(slots[i].Needs, n)
				}
			}
			return nil
		})
}

// choicesOf are those of one sign-up.
func choicesOf(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) ([]choice, error) {
	return db.Query(ctx, tx, "select slot_id, state, queue from slot_choice where event_id = $1 and hash = $2",
		[]any{string(e), hash}, func(scan func(...any) error) (choice, error) {
			c := choice{hash: hash}
			return c, scan(&c.slot, &c.state, &c.queue)
		})
}

func insertChoice(ctx context.Context, tx *db.Tx, e id.Event, c choice) error {
	_, err := tx.Exec(ctx, "insert into slot_choice (event_id, hash, slot_id, state, queue) values ($1, $2, $3, $4, $5)",
		string(e), c.hash, c.slot, string(c.state), c.queue)
	if err != nil {
		return fmt.Errorf("insert choice: %w", err)
	}
	return nil
}

func admitChoice(ctx context.Context, tx *db.Tx, e id.Event, c choice) error {
	_, err := tx.Exec(ctx, "update slot_choice set state = 'going' where event_id = $1 and hash = $2 and slot_id = $3",
		string(e), c.hash, c.slot)
	if err != nil {
		return fmt.Errorf("update choice: %w", err)
	}
	return countSlot(ctx, tx, e, c.slot, c.party, -c.party)
}

func removeChoice(ctx context.Context, tx *db.Tx, e id.Event, c choice) error {
	_, err := tx.Exec(ctx, "delete from slot_choice where event_id = $1 and hash = $2 and slot_id = $3", string(e), c.hash, c.slot)
	if err != nil {
		return fmt.Errorf("delete choice: %w", err)
	}
	return nil
}

// aheadInSlot is how many people wait for a slot before queue number q.
func aheadInSlot(ctx context.Context, tx *db.Tx, e id.Event, slot string, q int) (int, error) {
	var n int
	err := tx.Get(ctx, `select coalesce(sum(a.party), 0) from slot_choice c
		join attendance a on a.event_id = c.event_id and a.hash = c.hash
		where c.event_id = $1 and c.slot_id = $2 and c.state = 'waiting' and c.queue < $3`, []any{string(e), slot, q}, &n)
	return n, err
}

// firstForSlot is the next in the line of a slot with at most largest people.
func firstForSlot(ctx context.Context, tx *db.Tx, e id.Event, slot string, largest int) (choice, bool, error) {
	c := choice{slot: slot, state: Waiting}
	var state State
	err := tx.Get(ctx, `select c.hash, c.queue, a.party, a.state from slot_choice c
		join attendance a on a.event_id = c.event_id and a.hash = c.hash
		where c.event_id = $1 and c.slot_id = $2 and c.state = 'waiting' and a.party <= $3 order by c.queue limit 1`,
		[]any{string(e), slot, largest}, &c.hash, &c.queue, &c.party, &state)
	if errors.Is(err, db.ErrNoRows) {
		return c, false, nil
	}
	c.in = state == Going
	return c, err == nil, err
}

// chosenAfter lists who chose a slot, in the order of their hashes.
func chosenAfter(ctx context.Context, tx *db.Tx, e id.Event, slot string, after []byte, limit int) ([][]byte, error) {
	return db.Column[[]byte](ctx, tx, "select hash from slot_choice where event_id = $1 and slot_id = $2 and hash > $3 order by hash limit $4",
		string(e), slot, after, limit)
}

// promotableSlots lists events with a slot that has room, although somebody
// waits for it.
func promotableSlots(ctx context.Context, tx *db.Tx, now int64, after string, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, `select distinct s.event_id from slot s join roster r on r.event_id = s.event_id
		where s.waiting > 0 and (s.capacity = 0 or s.going < s.capacity) and not s.closed and s.ends_at > $1
		and r.open and r.ends_at > $1 and s.event_id > $2 order by s.event_id limit $3`, now, after, limit)
}

// slotDrifts compares the counters of slots, as [Drifts] does those of events.
func slotDrifts(ctx context.Context, tx *db.Tx, ended int64) ([]Drift, error) {
	return db.Query(ctx, tx, `select s.event_id, s.id, s.going, s.waiting, coalesce(x.going, 0), coalesce(x.waiting, 0)
		from slot s join roster r on r.event_id = s.event_id left join
		(select c.event_id, c.slot_id, sum(case when c.state = 'going' then a.party else 0 end) as going,
			sum(case when c.state = 'waiting' then a.party else 0 end) as waiting
			from slot_choice c join attendance a on a.event_id = c.event_id and a.hash = c.hash group by c.event_id, c.slot_id) x
		on x.event_id = s.event_id and x.slot_id = s.id
		where r.ends_at >= $1 and (s.going <> coalesce(x.going, 0) or s.waiting <> coalesce(x.waiting, 0)) order by s.event_id, s.id`,
		[]any{ended}, func(scan func(...any) error) (Drift, error) {
			var d Drift
			return d, scan(&d.Event, &d.Slot, &d.Going, &d.Waiting, &d.RowsGoing, &d.RowsWaiting)
		})
}

// Recount sets the counters of an event to what its rows say.
func Recount(ctx context.Context, tx *db.Tx, e string) error {
	tx.Touch("event:" + e)
	for _, q := range []string{
		`update roster set
			going = (select coalesce(sum(a.party), 0) from attendance a where a.event_id = roster.event_id and a.state = 'going'),
			waiting = (select coalesce(sum(a.party), 0) from attendance a where a.event_id = roster.event_id and a.state = 'waiting')
			where event_id = $1`,
		`update slot set going = (` + slotSum + ` and c.state = 'going'), waiting = (` + slotSum + ` and c.state = 'waiting') where event_id = $1`,
		`delete from access_need where event_id = $1 and not exists (select 1 from attendance a where a.event_id = $1)`,
		`delete from slot_need where event_id = $1 and not exists
			(select 1 from slot_choice c where c.event_id = slot_need.event_id and c.slot_id = slot_need.slot_id)`,
	} {
		if _, err := tx.Exec(ctx, q, e); err != nil {
			return fmt.Errorf("count again: %w", err)
		}
	}
	return nil
}

// slotSum begins the sum of the people of one slot.
const slotSum = `select coalesce(sum(a.party), 0) from slot_choice c join attendance a on a.event_id = c.event_id and a.hash = c.hash
	where c.event_id = slot.event_id and c.slot_id = slot.id`
