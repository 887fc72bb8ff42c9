package rides

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// exec runs a statement and says what was attempted when it fails.
func exec(ctx context.Context, tx *db.Tx, what, q string, args ...any) error {
	if _, err := tx.Exec(ctx, q, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// openBoard makes the row that all others of an event belong to.
func openBoard(ctx context.Context, tx *db.Tx, ev *Event) error {
	return exec(ctx, tx, "open a board of rides", "insert into ride_board (event_id, ends_at) values ($1, $2) on conflict (event_id) do nothing",
		string(ev.ID), clock.Micros(ev.End))
}

func hasBoard(ctx context.Context, tx *db.Tx, e id.Event) (bool, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from ride_board where event_id = $1", []any{string(e)}, &n)
	return n > 0, err
}

func moveBoard(ctx context.Context, tx *db.Tx, e id.Event, end time.Time) error {
	return exec(ctx, tx, "move a board of rides", "update ride_board set ends_at = $2 where event_id = $1", string(e), clock.Micros(end))
}

// endedBoards are those of events that were long enough ago.
func endedBoards(ctx context.Context, tx *db.Tx, before time.Time, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, "select event_id from ride_board where ends_at < $1 order by ends_at limit $2", clock.Micros(before), limit)
}

func removeBoard(ctx context.Context, tx *db.Tx, e string) error {
	return exec(ctx, tx, "remove a board of rides", "delete from ride_board where event_id = $1", e)
}

// change is by how much the counters of a town change.
type change struct{ offered, taken, wanted, refs int }

// count changes them. A town that nothing names any more is forgotten.
func count(ctx context.Context, tx *db.Tx, e id.Event, t Town, c change) error {
	err := exec(ctx, tx, "count a town's rides", `insert into ride_town (event_id, town, lat, lon, zone, offered, taken, wanted, refs)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (event_id, town) do update set offered = ride_town.offered + excluded.offered,
		taken = ride_town.taken + excluded.taken, wanted = ride_town.wanted + excluded.wanted, refs = ride_town.refs + excluded.refs`,
		string(e), t.Label, t.Point.Lat, t.Point.Lon, t.Zone, c.offered, c.taken, c.wanted, c.refs)
	if err != nil || c.refs >= 0 {
		return err
	}
	return exec(ctx, tx, "forget a town", "delete from ride_town where event_id = $1 and town = $2 and refs = 0", string(e), t.Label)
}

// Total is what is public of rides: one town's sums.
type Total struct {
	Town
	Offered, Taken, Wanted int
}

// totalsOf are the towns with most seats offered or wanted.
func totalsOf(ctx context.Context, tx *db.Tx, e id.Event, limit int) ([]Total, error) {
	return db.Query(ctx, tx, `select town, lat, lon, zone, offered, taken, wanted from ride_town
		where event_id = $1 and (offered > 0 or wanted > 0) order by offered + wanted desc, town limit $2`, []any{string(e), limit},
		func(scan func(...any) error) (Total, error) {
			var t Total
			return t, scan(&t.Label, &t.Point.Lat, &t.Point.Lon, &t.Zone, &t.Offered, &t.Taken, &t.Wanted)
		})
}

// townsWithSeats are the towns where a seat is free.
func townsWithSeats(ctx context.Context, tx *db.Tx, e id.Event) ([]Town, error) {
	return db.Query(ctx, tx, "select town, lat, lon, zone from ride_town where event_id = $1 and taken < offered order by town limit 5000",
		[]any{string(e)}, scanTown)
}

func scanTown(scan func(...any) error) (Town, error) {
	var t Town
	return t, scan(&t.Label, &t.Point.Lat, &t.Point.Lon, &t.Zone)
}

const offerColumns = `o.id, o.hash, o.leaves_at, o.seats, o.taken, o.wheelchair, o.version, o.event_starts, o.event_place, o.sealed,
	t.town, t.lat, t.lon, t.zone from ride_offer o join ride_town t on t.event_id = o.event_id and t.town = o.town `

func scanOffer(scan func(...any) error) (Offer, error) {
	var o Offer
	var leaves, starts int64
	err := scan(&o.ID, &o.hash, &leaves, &o.Seats, &o.Taken, &o.Wheelchair, &o.Version, &starts, &o.place, &o.sealed,
		&o.Town.Label, &o.Town.Point.Lat, &o.Town.Point.Lon, &o.Town.Zone)
	o.starts, o.Bus, o.Leaves = clock.FromMicros(starts), o.hash == nil, clock.FromMicros(leaves)
	o.Leaves = o.Leaves.In(zoneOf(o.Town))
	return o, err
}

// offersWhere reads offers by a condition of theirs.
func offersWhere(ctx context.Context, tx *db.Tx, where string, args ...any) ([]Offer, error) {
	return db.Query(ctx, tx, "select "+offerColumns+where, args, scanOffer)
}

func oneOffer(ctx context.Context, tx *db.Tx, where string, args ...any) (Offer, bool, error) {
	all, err := offersWhere(ctx, tx, where, args...)
	if err != nil || len(all) == 0 {
		return Offer{}, false, err
	}
	return all[0], true, nil
}

func offerByID(ctx context.Context, tx *db.Tx, e id.Event, offer string) (Offer, bool, error) {
	return oneOffer(ctx, tx, "where o.event_id = $1 and o.id = $2", string(e), offer)
}

func offerOf(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) (Offer, bool, error) {
	return oneOffer(ctx, tx, "where o.event_id = $1 and o.hash = $2", string(e), hash)
}

// freeFrom are the rides from a town that still have seats and have not left.
func freeFrom(ctx context.Context, tx *db.Tx, e id.Event, town string, now time.Time, limit int) ([]Offer, error) {
	return offersWhere(ctx, tx, "where o.event_id = $1 and o.town = $2 and o.taken < o.seats and o.leaves_at > $3 order by o.leaves_at, o.id limit $4",
		string(e), town, clock.Micros(now), limit)
}

func buses(ctx context.Context, tx *db.Tx, e id.Event) ([]Offer, error) {
	return offersWhere(ctx, tx, "where o.event_id = $1 and o.hash is null order by o.leaves_at, o.id limit $2", string(e), maxBuses)
}

func reported(ctx context.Context, tx *db.Tx, e id.Event, limit int) ([]Offer, error) {
	return offersWhere(ctx, tx, `where o.event_id = $1 and o.id in (select r.offer_id from ride_report r where r.event_id = $1)
		order by o.leaves_at, o.id limit $2`, string(e), limit)
}

func insertOffer(ctx context.Context, tx *db.Tx, e id.Event, o *Offer) error {
	var hash any
	if !o.Bus {
		hash = o.hash
	}
	return exec(ctx, tx, "store an offer", `insert into ride_offer (event_id, id, hash, town, leaves_at, seats, taken, wheelchair, version,
		event_starts, event_place, sealed) values ($1, $2, $3, $4, $5, $6, 0, $7, 1, $8, $9, $10)`,
		string(e), o.ID, hash, o.Town.Label, clock.Micros(o.Leaves), o.Seats, o.Wheelchair, clock.Micros(o.starts), o.place, o.sealed)
}

func updateOffer(ctx context.Context, tx *db.Tx, e id.Event, o *Offer) error {
	return exec(ctx, tx, "change an offer", `update ride_offer set town = $3, leaves_at = $4, seats = $5, wheelchair = $6, version = $7,
		event_starts = $8, event_place = $9, sealed = $10 where event_id = $1 and id = $2`,
		string(e), o.ID, o.Town.Label, clock.Micros(o.Leaves), o.Seats, o.Wheelchair, o.Version, clock.Micros(o.starts), o.place, o.sealed)
}

func deleteOffer(ctx context.Context, tx *db.Tx, e id.Event, offer string) error {
	return exec(ctx, tx, "remove an offer", "delete from ride_offer where event_id = $1 and id = $2", string(e), offer)
}

// fill takes seats of an offer, or with a negative number gives them back. It
// reports false, and changes nothing, when they are not there.
func fill(ctx context.Context, tx *db.Tx, e id.Event, offer string, by int) (bool, error) {
	n, err := tx.Exec(ctx, `update ride_offer set taken = taken + $3
		where event_id = $1 and id = $2 and taken + $3 <= seats and taken + $3 >= 0`, string(e), offer, by)
	if err != nil {
		return false, fmt.Errorf("take seats: %w", err)
	}
	return n == 1, nil
}

func needOf(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) (Need, bool, error) {
	var n Need
	err := tx.Get(ctx, `select t.town, t.lat, t.lon, t.zone, n.seats, n.taken from ride_need n
		join ride_town t on t.event_id = n.event_id and t.town = n.town where n.event_id = $1 and n.hash = $2`, []any{string(e), hash},
		&n.Town.Label, &n.Town.Point.Lat, &n.Town.Point.Lon, &n.Town.Zone, &n.Seats, &n.Taken)
	if errors.Is(err, db.ErrNoRows) {
		return n, false, nil
	}
	return n, err == nil, err
}

func putNeed(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, n *Need) error {
	return exec(ctx, tx, "store a need", `insert into ride_need (event_id, hash, town, seats, taken) values ($1, $2, $3, $4, $5)
		on conflict (event_id, hash) do update set town = excluded.town, seats = excluded.seats, taken = excluded.taken`,
		string(e), hash, n.Town.Label, n.Seats, n.Taken)
}

func deleteNeed(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error {
	return exec(ctx, tx, "remove a need", "delete from ride_need where event_id = $1 and hash = $2", string(e), hash)
}

// seatRow is what one party took of one offer.
type seatRow struct {
	offer   string
	hash    []byte
	seats   int
	version int
	sealed  []byte
}

func seatsWhere(ctx context.Context, tx *db.Tx, where string, args ...any) ([]seatRow, error) {
	return db.Query(ctx, tx, "select offer_id, hash, seats, version, sealed from ride_seat "+where, args,
		func(scan func(...any) error) (seatRow, error) {
			var r seatRow
			return r, scan(&r.offer, &r.hash, &r.seats, &r.version, &r.sealed)
		})
}

func seatOf(ctx context.Context, tx *db.Tx, e id.Event, offer string, hash []byte) (seatRow, bool, error) {
	all, err := seatsWhere(ctx, tx, "where event_id = $1 and offer_id = $2 and hash = $3", string(e), offer, hash)
	if err != nil || len(all) == 0 {
		return seatRow{}, false, err
	}
	return all[0], true, nil
}

func seatsIn(ctx context.Context, tx *db.Tx, e id.Event, offer string) ([]seatRow, error) {
	return seatsWhere(ctx, tx, "where event_id = $1 and offer_id = $2 order by hash", string(e), offer)
}

func seatsBy(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) ([]seatRow, error) {
	return seatsWhere(ctx, tx, "where event_id = $1 and hash = $2 order by offer_id", string(e), hash)
}

func putSeat(ctx context.Context, tx *db.Tx, e id.Event, r seatRow) error {
	return exec(ctx, tx, "store seats", `insert into ride_seat (event_id, offer_id, hash, seats, version, sealed) values ($1, $2, $3, $4, $5, $6)
		on conflict (event_id, offer_id, hash) do update set seats = excluded.seats, version = excluded.version`,
		string(e), r.offer, r.hash, r.seats, r.version, r.sealed)
}

func deleteSeat(ctx context.Context, tx *db.Tx, e id.Event, r seatRow) error {
	return exec(ctx, tx, "give seats back", "delete from ride_seat where event_id = $1 and offer_id = $2 and hash = $3", string(e), r.offer, r.hash)
}
