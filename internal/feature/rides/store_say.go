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

// messageRow is a sentence as stored. Without a hash it is from who offers. at is
// the minute: to the microsecond it would tell which request it came with.
type messageRow struct {
	id, offer string
	hash      []byte
	at        int64
	sealed    []byte
}

// messagesIn are those of an offer, oldest first: of all who ride along, or of
// one of them and of who offers.
func messagesIn(ctx context.Context, tx *db.Tx, e id.Event, offer string, only []byte) ([]messageRow, error) {
	where, args := "", []any{string(e), offer}
	if only != nil {
		where, args = " and (hash is null or hash = $3)", append(args, only)
	}
	return db.Query(ctx, tx, "select id, offer_id, hash, made_at, sealed from ride_message where event_id = $1 and offer_id = $2"+where+
		" order by made_at, id limit 500", args, func(scan func(...any) error) (messageRow, error) {
		var r messageRow
		return r, scan(&r.id, &r.offer, &r.hash, &r.at, &r.sealed)
	})
}

// sent is how many sentences one side has sent, and whether that of the key is
// among those of the event.
func sent(ctx context.Context, tx *db.Tx, e id.Event, offer string, hash []byte, key string) (n int, again bool, err error) {
	where, args := " and hash is null", []any{string(e), offer}
	if hash != nil {
		where, args = " and hash = $3", append(args, hash)
	}
	if err := tx.Get(ctx, "select count(*) from ride_message where event_id = $1 and offer_id = $2"+where, args, &n); err != nil {
		return 0, false, fmt.Errorf("count messages: %w", err)
	}
	var one string
	err = tx.Get(ctx, "select id from ride_message where event_id = $1 and id = $2", []any{string(e), key}, &one)
	if errors.Is(err, db.ErrNoRows) {
		return n, false, nil
	}
	return n, err == nil, err
}

func insertMessage(ctx context.Context, tx *db.Tx, e id.Event, r messageRow) error {
	var hash any
	if r.hash != nil {
		hash = r.hash
	}
	return exec(ctx, tx, "store a message", "insert into ride_message (event_id, id, offer_id, hash, made_at, sealed) values ($1, $2, $3, $4, $5, $6)",
		string(e), r.id, r.offer, hash, clock.Micros(tx.Now().Truncate(time.Minute)), r.sealed)
}

func insertReport(ctx context.Context, tx *db.Tx, e id.Event, offer string, hash []byte) error {
	return exec(ctx, tx, "store a report", "insert into ride_report (event_id, offer_id, hash) values ($1, $2, $3) on conflict do nothing",
		string(e), offer, hash)
}

func deleteReports(ctx context.Context, tx *db.Tx, e id.Event, offer string) error {
	return exec(ctx, tx, "answer reports", "delete from ride_report where event_id = $1 and offer_id = $2", string(e), offer)
}

// News is what became of a ride: "withdrawn" or "removed" for who had a seat in
// it, "refused" for who offered it.
type News struct {
	What, Town string
	Reason     string

	offer  string
	sealed []byte
}

func putNews(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, n *News) error {
	return exec(ctx, tx, "store news", `insert into ride_news (event_id, hash, offer_id, what, town, sealed) values ($1, $2, $3, $4, $5, $6)
		on conflict (event_id, hash, offer_id) do update set what = excluded.what, town = excluded.town, sealed = excluded.sealed`,
		string(e), hash, n.offer, n.What, n.Town, n.sealed)
}

func newsOf(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) ([]News, error) {
	return db.Query(ctx, tx, "select offer_id, what, town, sealed from ride_news where event_id = $1 and hash = $2 order by offer_id limit 20",
		[]any{string(e), hash}, func(scan func(...any) error) (News, error) {
			var n News
			return n, scan(&n.offer, &n.What, &n.Town, &n.sealed)
		})
}

func deleteNews(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error {
	return exec(ctx, tx, "put news away", "delete from ride_news where event_id = $1 and hash = $2", string(e), hash)
}

// markSeen notes that a holder has seen their rides as they are now.
func markSeen(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error {
	return exec(ctx, tx, "note what was seen", `update ride_seat set version = (select o.version from ride_offer o
		where o.event_id = ride_seat.event_id and o.id = ride_seat.offer_id) where event_id = $1 and hash = $2`, string(e), hash)
}

// counted are the statements that count the rows again; each gives the key and
// the right number.
const (
	countOffers = `select o.event_id, o.id, coalesce(sum(s.seats), 0) as n from ride_offer o
		left join ride_seat s on s.event_id = o.event_id and s.offer_id = o.id group by o.event_id, o.id`
	countNeeds = `select n.event_id, n.hash, coalesce(sum(s.seats), 0) as n from ride_need n
		left join ride_seat s on s.event_id = n.event_id and s.hash = n.hash group by n.event_id, n.hash`
	countTowns = `select x.event_id, x.town, sum(x.offered) as offered, sum(x.taken) as taken, sum(x.wanted) as wanted, sum(x.refs) as refs from (
		select event_id, town, seats as offered, taken, 0 as wanted, 1 as refs from ride_offer
		union all select event_id, town, 0, 0, seats - taken, 1 from ride_need) x group by x.event_id, x.town`
)

// Drifts tells, for an operator, where counters differ from a recount, for
// events whose rows are still kept. [Recount] repairs them.
func Drifts(ctx context.Context, tx *db.Tx) ([]string, error) {
	now := clock.Micros(tx.Now().Add(-keepFor))
	out, err := db.Column[string](ctx, tx, `select distinct b.event_id from ride_board b where b.ends_at >= $1 and (
		exists (select 1 from ride_offer o join (`+countOffers+`) c on c.event_id = o.event_id and c.id = o.id
			where o.event_id = b.event_id and o.taken <> c.n)
		or exists (select 1 from ride_need d join (`+countNeeds+`) c on c.event_id = d.event_id and c.hash = d.hash
			where d.event_id = b.event_id and d.taken <> c.n)
		or exists (select 1 from (`+countTowns+`) c left join ride_town t on t.event_id = c.event_id and t.town = c.town
			where c.event_id = b.event_id and (t.town is null or t.offered <> c.offered or t.taken <> c.taken or t.wanted <> c.wanted or t.refs <> c.refs))
		or exists (select 1 from ride_town t where t.event_id = b.event_id and t.refs <> (
			select count(*) from ride_offer o where o.event_id = t.event_id and o.town = t.town) + (
			select count(*) from ride_need d where d.event_id = t.event_id and d.town = t.town)))
		order by b.event_id limit 10`, now)
	if err != nil {
		return nil, fmt.Errorf("compare rides: %w", err)
	}
	return out, nil
}

// Recount counts the rides of an event again.
func Recount(ctx context.Context, tx *db.Tx, e string) error {
	for _, q := range []string{
		`update ride_offer set taken = (select coalesce(sum(s.seats), 0) from ride_seat s
			where s.event_id = ride_offer.event_id and s.offer_id = ride_offer.id) where event_id = $1`,
		`update ride_need set taken = (select coalesce(sum(s.seats), 0) from ride_seat s
			where s.event_id = ride_need.event_id and s.hash = ride_need.hash) where event_id = $1`,
		`update ride_town set
			offered = (select coalesce(sum(o.seats), 0) from ride_offer o where o.event_id = ride_town.event_id and o.town = ride_town.town),
			taken = (select coalesce(sum(o.taken), 0) from ride_offer o where o.event_id = ride_town.event_id and o.town = ride_town.town),
			wanted = (select coalesce(sum(n.seats - n.taken), 0) from ride_need n where n.event_id = ride_town.event_id and n.town = ride_town.town),
			refs = (select count(*) from ride_offer o where o.event_id = ride_town.event_id and o.town = ride_town.town)
				+ (select count(*) from ride_need n where n.event_id = ride_town.event_id and n.town = ride_town.town)
			where event_id = $1`,
		"delete from ride_town where event_id = $1 and refs = 0",
	} {
		if err := exec(ctx, tx, "count rides again", q, e); err != nil {
			return err
		}
	}
	return nil
}

func isReported(ctx context.Context, tx *db.Tx, e id.Event, offer string) (bool, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from ride_report where event_id = $1 and offer_id = $2", []any{string(e), offer}, &n)
	return n > 0, err
}
