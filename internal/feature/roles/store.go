package roles

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"convoke/internal/db"
	"convoke/internal/id"
)

const selectCount = "select role, position, needed, confirmed, offered, reserve, queue from role_count where event_id = $1"

func scanCount(scan func(...any) error) (Count, error) {
	var c Count
	return c, scan(&c.Role, &c.position, &c.Needed, &c.Confirmed, &c.Offered, &c.Reserve, &c.queue)
}

// countsOf lists the roles of an event as its programme does.
func countsOf(ctx context.Context, tx *db.Tx, e id.Event) ([]Count, error) {
	out, err := db.Query(ctx, tx, selectCount+" order by position, role", []any{string(e)}, scanCount)
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	return out, nil
}

// countOf returns db.ErrNoRows for a role that the event does not have.
func countOf(ctx context.Context, tx *db.Tx, e id.Event, role string) (Count, error) {
	return scanCount(func(dest ...any) error {
		return tx.Get(ctx, selectCount+" and role = $2", []any{string(e), role}, dest...)
	})
}

func putNeeded(ctx context.Context, tx *db.Tx, e id.Event, c Count) error {
	_, err := tx.Exec(ctx, `insert into role_count (event_id, role, position, needed, confirmed, offered, reserve, queue)
		values ($1, $2, $3, $4, 0, 0, 0, 0) on conflict (event_id, role) do update set
		position = excluded.position, needed = excluded.needed`, string(e), c.Role, c.position, c.Needed)
	if err != nil {
		return fmt.Errorf("store what is needed: %w", err)
	}
	return nil
}

// dropUnused forgets roles that nobody needs or offers.
func dropUnused(ctx context.Context, tx *db.Tx, e id.Event) error {
	_, err := tx.Exec(ctx, "delete from role_count where event_id = $1 and needed = 0 and confirmed + offered + reserve = 0", string(e))
	if err != nil {
		return fmt.Errorf("drop unused roles: %w", err)
	}
	return nil
}

// inOrder are the keys as they stand in the programme.
func inOrder(all map[string]Count) []string {
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int { return all[a].position - all[b].position })
}

// count adds n offers of one state to the counters. Each offer that is new takes
// a number; those that are answered with no are not counted.
func count(ctx context.Context, tx *db.Tx, e id.Event, role string, s State, n int) error {
	var confirmed, offered, reserve, queue int
	switch s {
	case Confirmed:
		confirmed = n
	case Offered:
		offered = n
	case Reserve:
		reserve = n
	case Declined:
	}
	if n > 0 && s.Open() {
		queue = n
	}
	return change(ctx, tx, e, role, confirmed, offered, reserve, queue)
}

func change(ctx context.Context, tx *db.Tx, e id.Event, role string, confirmed, offered, reserve, queue int) error {
	_, err := tx.Exec(ctx, `update role_count set confirmed = confirmed + $3, offered = offered + $4, reserve = reserve + $5,
		queue = queue + $6 where event_id = $1 and role = $2`, string(e), role, confirmed, offered, reserve, queue)
	if err != nil {
		return fmt.Errorf("count offers: %w", err)
	}
	return nil
}

// offer is one row of role_offer.
type offer struct {
	hash         []byte
	role, code   string
	state        State
	queue        int
	reason       string
	sealed       []byte
	confirmed    int  // by how many who are organizers still
	confirmsSelf bool // the reader is one of them
}

const selectOffer = "select hash, role, code, state, queue, reason, sealed from role_offer where event_id = $1"

func scanOffer(scan func(...any) error) (offer, error) {
	var o offer
	return o, scan(&o.hash, &o.role, &o.code, &o.state, &o.queue, &o.reason, &o.sealed)
}

// offerOf returns db.ErrNoRows when a sign-up does not offer the role.
func offerOf(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, role string) (offer, error) {
	return scanOffer(func(dest ...any) error {
		return tx.Get(ctx, selectOffer+" and hash = $2 and role = $3", []any{string(e), hash, role}, dest...)
	})
}

// offerByCode returns db.ErrNoRows when there is none.
func offerByCode(ctx context.Context, tx *db.Tx, e id.Event, code, role string) (offer, error) {
	return scanOffer(func(dest ...any) error {
		return tx.Get(ctx, selectOffer+" and code = $2 and role = $3", []any{string(e), code, role}, dest...)
	})
}

// offersOf are the offers of one sign-up.
func offersOf(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) ([]offer, error) {
	out, err := db.Query(ctx, tx, selectOffer+" and hash = $2 order by role", []any{string(e), hash}, scanOffer)
	if err != nil {
		return nil, fmt.Errorf("read offers: %w", err)
	}
	return out, nil
}

const selectAfter = selectOffer + ` and role = $2 and (state, queue) > ($3, $4) and state <> 'declined' order by state, queue limit $5`

// offersAfter walks along the offers of one role: those that are confirmed, offered and in
// reserve, each in the order of its numbers.
func offersAfter(ctx context.Context, tx *db.Tx, e id.Event, role string, after cursor, limit int) ([]offer, error) {
	out, err := db.Query(ctx, tx, selectAfter, []any{string(e), role, string(after.state), after.queue, limit}, scanOffer)
	if err != nil {
		return nil, fmt.Errorf("read offers of a role: %w", err)
	}
	return out, nil
}

// ahead is how many are in reserve for a role before number q.
func ahead(ctx context.Context, tx *db.Tx, e id.Event, role string, q int) (int, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from role_offer where event_id = $1 and role = $2 and state = 'reserve' and queue < $3",
		[]any{string(e), role, q}, &n)
	if err != nil {
		return 0, fmt.Errorf("count the reserve: %w", err)
	}
	return n, nil
}

func insertOffer(ctx context.Context, tx *db.Tx, e id.Event, o offer) error {
	_, err := tx.Exec(ctx, `insert into role_offer (event_id, hash, role, code, state, queue, reason, sealed)
		values ($1, $2, $3, $4, $5, $6, '', $7)`, string(e), o.hash, o.role, o.code, string(o.state), o.queue, o.sealed)
	if err != nil {
		return fmt.Errorf("insert offer: %w", err)
	}
	return nil
}

func putNote(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, role string, sealed []byte) error {
	_, err := tx.Exec(ctx, "update role_offer set sealed = $4 where event_id = $1 and hash = $2 and role = $3", string(e), hash, role, sealed)
	if err != nil {
		return fmt.Errorf("store a note: %w", err)
	}
	return nil
}

func putState(ctx context.Context, tx *db.Tx, e id.Event, o offer) error {
	_, err := tx.Exec(ctx, "update role_offer set state = $4, reason = $5 where event_id = $1 and hash = $2 and role = $3",
		string(e), o.hash, o.role, string(o.state), o.reason)
	if err != nil {
		return fmt.Errorf("answer an offer: %w", err)
	}
	return nil
}

func deleteOffer(ctx context.Context, tx *db.Tx, e id.Event, o offer) error {
	_, err := tx.Exec(ctx, "delete from role_offer where event_id = $1 and hash = $2 and role = $3", string(e), o.hash, o.role)
	if err != nil {
		return fmt.Errorf("delete offer: %w", err)
	}
	return nil
}

// end is from which end of the queue offers leave a state: those offered last go
// to the reserve, and those in reserve first come back.
func end(from State) string {
	if from == Offered {
		return "desc"
	}
	return "asc"
}

// move takes n offers from one open state to the other.
func move(ctx context.Context, tx *db.Tx, e id.Event, role string, from, to State, n int) error {
	_, err := tx.Exec(ctx, `update role_offer set state = $4 where event_id = $1 and role = $2 and hash in
		(select o.hash from role_offer o where o.event_id = $1 and o.role = $2 and o.state = $3 order by o.queue `+end(from)+` limit $5)`,
		string(e), role, string(from), string(to), n)
	if err != nil {
		return fmt.Errorf("move offers: %w", err)
	}
	if from == Offered {
		n = -n
	}
	return change(ctx, tx, e, role, 0, n, -n, 0)
}

// firstOf are the hashes of the first n offers in a state.
func firstOf(ctx context.Context, tx *db.Tx, e id.Event, role string, s State, n int) ([][]byte, error) {
	out, err := db.Column[[]byte](ctx, tx, `select hash from role_offer where event_id = $1 and role = $2 and state = $3
		order by queue limit $4`, string(e), role, string(s), n)
	if err != nil {
		return nil, fmt.Errorf("find who moves up: %w", err)
	}
	return out, nil
}

// insertConfirmation says whether it is new.
func insertConfirmation(ctx context.Context, tx *db.Tx, e id.Event, o offer, p id.Person) (bool, error) {
	n, err := tx.Exec(ctx, "insert into role_confirmation (event_id, hash, role, person_id) values ($1, $2, $3, $4) on conflict do nothing",
		string(e), o.hash, o.role, string(p))
	if err != nil {
		return false, fmt.Errorf("insert confirmation: %w", err)
	}
	return n == 1, nil
}

func confirmersOf(ctx context.Context, tx *db.Tx, e id.Event, o offer) ([]id.Person, error) {
	out, err := db.Column[id.Person](ctx, tx, "select person_id from role_confirmation where event_id = $1 and hash = $2 and role = $3",
		string(e), o.hash, o.role)
	if err != nil {
		return nil, fmt.Errorf("read confirmations: %w", err)
	}
	return out, nil
}

func deleteConfirmations(ctx context.Context, tx *db.Tx, e id.Event, o offer) error {
	_, err := tx.Exec(ctx, "delete from role_confirmation where event_id = $1 and hash = $2 and role = $3", string(e), o.hash, o.role)
	if err != nil {
		return fmt.Errorf("delete confirmations: %w", err)
	}
	return nil
}

const selectBegun = selectOffer + ` and state in ('offered', 'reserve') and exists (select 1 from role_confirmation c
	where c.event_id = role_offer.event_id and c.hash = role_offer.hash and c.role = role_offer.role) order by role, queue`

// begun are the open offers of an event that somebody has confirmed, first come
// first.
func begun(ctx context.Context, tx *db.Tx, e id.Event) ([]offer, error) {
	out, err := db.Query(ctx, tx, selectBegun, []any{string(e)}, scanOffer)
	if err != nil {
		return nil, fmt.Errorf("read offers that are half confirmed: %w", err)
	}
	return out, nil
}

// forget removes all that refers to sign-ups of an event, and its counts.
func forget(ctx context.Context, tx *db.Tx, e id.Event) error {
	for _, q := range []string{
		"delete from role_offer where event_id = $1", // and with them their confirmations
		"delete from role_rule where event_id = $1",
		"update role_count set confirmed = 0, offered = 0, reserve = 0 where event_id = $1 and confirmed + offered + reserve > 0",
	} {
		if _, err := tx.Exec(ctx, q, string(e)); err != nil {
			return fmt.Errorf("forget offers: %w", err)
		}
	}
	return nil
}
