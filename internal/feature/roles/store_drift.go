package roles

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/id"
)

// ruleOf is how many organizers confirm an offer at an event.
func ruleOf(ctx context.Context, tx *db.Tx, e id.Event) (int, error) {
	n := 1
	err := tx.Get(ctx, "select confirmers from role_rule where event_id = $1", []any{string(e)}, &n)
	if errors.Is(err, db.ErrNoRows) {
		return 1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the rule of roles: %w", err)
	}
	return n, nil
}

func putRule(ctx context.Context, tx *db.Tx, e id.Event, n int) error {
	_, err := tx.Exec(ctx, "insert into role_rule (event_id, confirmers) values ($1, $2) on conflict (event_id) do update set confirmers = excluded.confirmers",
		string(e), n)
	if err != nil {
		return fmt.Errorf("store the rule of roles: %w", err)
	}
	return nil
}

// Held is an offer that somebody confirmed, as far as it is stored about them.
type Held struct {
	Event id.Event
	Role  string // a code of the program, or '=' and the group's name for it
	Code  string
}

const selectHeld = `select o.event_id, o.role, o.code from role_confirmation c
	join role_offer o on o.event_id = c.event_id and o.hash = c.hash and o.role = c.role
	where c.person_id = $1 order by o.event_id, o.role, o.code`

// HeldBy lists what a person confirmed.
func HeldBy(ctx context.Context, tx *db.Tx, p id.Person) ([]Held, error) {
	out, err := db.Query(ctx, tx, selectHeld, []any{string(p)}, func(scan func(...any) error) (Held, error) {
		var h Held
		return h, scan(&h.Event, &h.Role, &h.Code)
	})
	if err != nil {
		return nil, fmt.Errorf("read what a person confirmed: %w", err)
	}
	return out, nil
}

// rowsOfRoles counts the offers themselves.
const rowsOfRoles = `select event_id, role, sum(case when state = 'confirmed' then 1 else 0 end) as confirmed,
	sum(case when state = 'offered' then 1 else 0 end) as offered, sum(case when state = 'reserve' then 1 else 0 end) as reserve
	from role_offer group by event_id, role`

// Drift is a role whose counters differ from its offers.
type Drift struct {
	Event, Role                            string
	Confirmed, Offered, Reserve            int // counted
	RowConfirmed, RowOffered, RowInReserve int // summed
}

// Drifts compares the counters of every event with its offers; doctor calls it.
func Drifts(ctx context.Context, tx *db.Tx) ([]Drift, error) {
	scan := func(scan func(...any) error) (Drift, error) {
		var d Drift
		return d, scan(&d.Event, &d.Role, &d.Confirmed, &d.Offered, &d.Reserve, &d.RowConfirmed, &d.RowOffered, &d.RowInReserve)
	}
	out, err := db.Query(ctx, tx, `select c.event_id, c.role, c.confirmed, c.offered, c.reserve,
		coalesce(s.confirmed, 0), coalesce(s.offered, 0), coalesce(s.reserve, 0)
		from role_count c left join (`+rowsOfRoles+`) s on s.event_id = c.event_id and s.role = c.role
		where c.confirmed <> coalesce(s.confirmed, 0) or c.offered <> coalesce(s.offered, 0) or c.reserve <> coalesce(s.reserve, 0)
		order by c.event_id, c.role`, nil, scan)
	if err != nil {
		return nil, fmt.Errorf("compare roles: %w", err)
	}
	lost, err := db.Query(ctx, tx, `select s.event_id, s.role, 0, 0, 0, s.confirmed, s.offered, s.reserve from (`+rowsOfRoles+`) s
		where s.confirmed + s.offered + s.reserve > 0
		and not exists (select 1 from role_count c where c.event_id = s.event_id and c.role = s.role) order by s.event_id, s.role`, nil, scan)
	if err != nil {
		return nil, fmt.Errorf("find offers without a role: %w", err)
	}
	return append(out, lost...), nil
}

// Recount sets the counters of an event to what its offers say. An offer whose
// role has no counters gets them, and nobody is needed in it.
func Recount(ctx context.Context, tx *db.Tx, e string) error {
	_, err := tx.Exec(ctx, `insert into role_count (event_id, role, position, needed, confirmed, offered, reserve, queue)
		select o.event_id, o.role, 1000, sum(case when o.state = 'confirmed' then 1 else 0 end), 0, 0, 0, max(o.queue)
		from role_offer o where o.event_id = $1 and o.state <> 'declined' group by o.event_id, o.role on conflict do nothing`, e)
	if err != nil {
		return fmt.Errorf("add counters: %w", err)
	}
	_, err = tx.Exec(ctx, `update role_count set
		confirmed = (select count(*) from role_offer o where o.event_id = role_count.event_id and o.role = role_count.role and o.state = 'confirmed'),
		offered = (select count(*) from role_offer o where o.event_id = role_count.event_id and o.role = role_count.role and o.state = 'offered'),
		reserve = (select count(*) from role_offer o where o.event_id = role_count.event_id and o.role = role_count.role and o.state = 'reserve')
		where event_id = $1`, e)
	if err != nil {
		return fmt.Errorf("count offers again: %w", err)
	}
	return nil
}
