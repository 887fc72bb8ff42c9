package turnout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

const (
	insertEstimates = `insert into estimate (id, event_id, day, low, high, words, method, source_name, source_url, made_at, nth) values `
	insertSpans     = `insert into turnout (event_id, low, high, estimates) values `
)

func estimateRow(key string, e id.Event, day int, x Estimate, now time.Time) []any {
	return []any{key, string(e), day, x.Low, x.High, x.Words, x.Method, x.SourceName, x.SourceURL, clock.Micros(now), x.Nth}
}

func spanRow(e id.Event, s span) []any { return []any{string(e), s.low, s.high, s.n} }

// rowsAtOnce is how many rows one statement inserts on PostgreSQL, where each
// statement travels. SQLite is faster with one, for it looks numbered
// parameters up by name.
const rowsAtOnce = 20

func insertRows(ctx context.Context, tx *db.Tx, insert string, width int, rows [][]any) error {
	for len(rows) > 0 {
		n := 1
		if tx.Engine() == db.Postgres && len(rows) >= rowsAtOnce {
			n = rowsAtOnce
		}
		args := make([]any, 0, n*width)
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if _, err := tx.Exec(ctx, insert+db.Tuples(n, width), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// daysByEvent is empty for an event without estimates.
func daysByEvent(ctx context.Context, tx *db.Tx, e id.Event) (days, error) {
	d := days{}
	err := tx.Each(ctx, "select nth, min(low), max(high), count(*) from estimate where event_id = $1 group by nth", []any{string(e)},
		func(scan func(...any) error) error {
			var nth int
			var s span
			err := scan(&nth, &s.low, &s.high, &s.n)
			d[nth] = s
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read an event's ranges: %w", err)
	}
	return d, nil
}

func putSpan(ctx context.Context, tx *db.Tx, e id.Event, s span) error {
	_, err := tx.Exec(ctx, insertSpans+`($1, $2, $3, $4)
		on conflict (event_id) do update set low = excluded.low, high = excluded.high, estimates = excluded.estimates`,
		spanRow(e, s)...)
	if err != nil {
		return fmt.Errorf("store an event's range: %w", err)
	}
	return nil
}

// forget removes what is said of an event.
func forget(ctx context.Context, tx *db.Tx, e id.Event) error {
	for _, q := range []string{"delete from estimate where event_id = $1", "delete from turnout where event_id = $1"} {
		if _, err := tx.Exec(ctx, q, string(e)); err != nil {
			return fmt.Errorf("remove estimates: %w", err)
		}
	}
	return nil
}

// moveEstimates brings what is said of an event to its days when the first is
// first: what was said of its second day stays with that.
func moveEstimates(ctx context.Context, tx *db.Tx, e id.Event, d days, first int) error {
	for _, nth := range slices.Sorted(maps.Keys(d)) {
		_, err := tx.Exec(ctx, "update estimate set day = $1 where event_id = $2 and nth = $3", day.After(first, nth), string(e), nth)
		if err != nil {
			return fmt.Errorf("move estimates: %w", err)
		}
	}
	return nil
}

func estimateOwner(ctx context.Context, tx *db.Tx, key string) (id.Event, error) {
	var e string
	err := tx.Get(ctx, "select event_id from estimate where id = $1", []any{key}, &e)
	return id.Event(e), err
}

func estimatesOf(ctx context.Context, tx *db.Tx, e id.Event) ([]said, error) {
	return db.Query(ctx, tx, `select low, high, words, method, source_name, source_url, nth, day from estimate
		where event_id = $1 order by nth, made_at, id limit $2`, []any{string(e), maxAltogether},
		func(scan func(...any) error) (said, error) {
			var x said
			err := scan(&x.Low, &x.High, &x.Words, &x.Method, &x.SourceName, &x.SourceURL, &x.Nth, &x.day)
			return x, err
		})
}

// apply changes the totals. A day without events has no row.
func apply(ctx context.Context, tx *db.Tx, c changes) error {
	spots := c.spots()
	if len(spots) > 0 {
		tx.Touch("turnout")
	}
	for _, s := range spots {
		t := c[s]
		_, err := tx.Exec(ctx, `insert into turnout_day (day, country, region, events, estimated, low, high,
				began, began_estimated, began_low, began_high)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (day, country, region) do update set
			events = turnout_day.events + excluded.events, estimated = turnout_day.estimated + excluded.estimated,
			low = turnout_day.low + excluded.low, high = turnout_day.high + excluded.high,
			began = turnout_day.began + excluded.began, began_estimated = turnout_day.began_estimated + excluded.began_estimated,
			began_low = turnout_day.began_low + excluded.began_low, began_high = turnout_day.began_high + excluded.began_high`,
			s.Day, s.Country, s.Region, t.day.events, t.day.estimated, t.day.low, t.day.high,
			t.began.events, t.began.estimated, t.began.low, t.began.high)
		if err != nil {
			return fmt.Errorf("change a day's totals: %w", err)
		}
		if t.day.events >= 0 {
			continue
		}
		_, err = tx.Exec(ctx, "delete from turnout_day where day = $1 and country = $2 and region = $3 and events = 0",
			s.Day, s.Country, s.Region)
		if err != nil {
			return fmt.Errorf("remove an empty day: %w", err)
		}
	}
	return nil
}

// What a recount finds. These are the only statements that read the table of
// events, because counting millions of them one by one would take minutes; no
// page asks them.
const (
	perDay = `select event_id, nth, min(day) as day, min(low) as low, max(high) as high, count(*) as n from estimate group by event_id, nth`
	// The range of an event is that of its fullest day.
	countSpans = `select event_id, low, high, estimates from (
			select event_id, low, high, cast(sum(n) over (partition by event_id) as bigint) as estimates,
				row_number() over (partition by event_id order by high desc, low desc, nth) as place from (` + perDay + `) a
		) b where place = 1`
	public    = `e.listed and e.state <> 'cancelled'`
	countDays = `select day, country, region, cast(sum(events) as bigint) as events, cast(sum(estimated) as bigint) as estimated,
			cast(sum(low) as bigint) as low, cast(sum(high) as bigint) as high, cast(sum(began) as bigint) as began,
			cast(sum(began_estimated) as bigint) as began_estimated, cast(sum(began_low) as bigint) as began_low,
			cast(sum(began_high) as bigint) as began_high from (
		select e.day, e.country, e.region, 1 as events, case when f.n > 0 then 1 else 0 end as estimated,
			coalesce(f.low, 0) as low, coalesce(f.high, 0) as high, 1 as began, case when t.event_id is null then 0 else 1 end as began_estimated,
			coalesce(t.low, 0) as began_low, coalesce(t.high, 0) as began_high
			from event e left join turnout t on t.event_id = e.id left join (` + perDay + `) f on f.event_id = e.id and f.nth = 0
			where ` + public + `
		union all
		select d.day, e.country, e.region, 1, 1, d.low, d.high, 0, 0, 0, 0
			from (` + perDay + `) d join event e on e.id = d.event_id where d.nth > 0 and ` + public + `
		) x group by day, country, region`
)

func recount(ctx context.Context, tx *db.Tx) error {
	for _, q := range []string{
		"delete from turnout",
		"insert into turnout (event_id, low, high, estimates) " + countSpans,
		"delete from turnout_day",
		"insert into turnout_day (day, country, region, events, estimated, low, high, began, began_estimated, began_low, began_high) " + countDays,
	} {
		if _, err := tx.Exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// Drifts tells, for an operator, where totals differ from a recount: at most
// ten of each kind. [Service.Rebuild] repairs them.
func Drifts(ctx context.Context, tx *db.Tx) ([]string, error) {
	spans, err := db.Query(ctx, tx, `select c.event_id, coalesce(t.low, 0), coalesce(t.high, 0), coalesce(t.estimates, 0), c.low, c.high, c.estimates
		from (`+countSpans+`) c left join turnout t on t.event_id = c.event_id
		where t.event_id is null or t.low <> c.low or t.high <> c.high or t.estimates <> c.estimates
		order by c.event_id limit 10`, nil, func(scan func(...any) error) (string, error) {
		var e string
		var a, b span
		err := scan(&e, &a.low, &a.high, &a.n, &b.low, &b.high, &b.n)
		return fmt.Sprintf("event %s: stored %d to %d from %d estimates, counted %d to %d from %d", e, a.low, a.high, a.n, b.low, b.high, b.n), err
	})
	if err != nil {
		return nil, fmt.Errorf("compare ranges: %w", err)
	}
	lost, err := db.Query(ctx, tx, `select t.event_id from turnout t where not exists (select 1 from estimate x where x.event_id = t.event_id)
		order by t.event_id limit 10`, nil, func(scan func(...any) error) (string, error) {
		var e string
		err := scan(&e)
		return "event " + e + ": a range without estimates", err
	})
	if err != nil {
		return nil, fmt.Errorf("compare ranges: %w", err)
	}
	days, err := driftingDays(ctx, tx)
	return append(append(spans, lost...), days...), err
}

func driftingDays(ctx context.Context, tx *db.Tx) ([]string, error) {
	out, err := db.Query(ctx, tx, `select day, country, region, cast(sum(events) as bigint), cast(sum(estimated) as bigint),
			cast(sum(low) as bigint), cast(sum(high) as bigint), cast(sum(began) as bigint), cast(sum(began_estimated) as bigint),
			cast(sum(began_low) as bigint), cast(sum(began_high) as bigint) from (
			select day, country, region, events, estimated, low, high, began, began_estimated, began_low, began_high from turnout_day
			union all
			select day, country, region, -events, -estimated, -low, -high, -began, -began_estimated, -began_low, -began_high
				from (`+countDays+`) c
		) d group by day, country, region
		having sum(events) <> 0 or sum(estimated) <> 0 or sum(low) <> 0 or sum(high) <> 0
			or sum(began) <> 0 or sum(began_estimated) <> 0 or sum(began_low) <> 0 or sum(began_high) <> 0
		order by day, country, region limit 10`, nil, func(scan func(...any) error) (string, error) {
		var s Spot
		var d, b tally
		err := scan(&s.Day, &s.Country, &s.Region, &d.events, &d.estimated, &d.low, &d.high, &b.events, &b.estimated, &b.low, &b.high)
		return fmt.Sprintf("day %d in %q, %q: totals are off by %d events, %d with an estimate, %d to %d people; "+
			"of those that began on it by %d, %d with an estimate, %d to %d people",
			s.Day, s.Country, s.Region, d.events, d.estimated, d.low, d.high, b.events, b.estimated, b.low, b.high), err
	})
	if err != nil {
		return nil, fmt.Errorf("compare totals: %w", err)
	}
	return out, nil
}

// where restricts totals to the window and the place of a query.
func (q *Query) where(today int) (cond string, args []any) {
	from, to := q.window(today)
	cond, args = "day >= $1 and day <= $2", []any{from, to}
	for _, f := range [][2]string{{"country", q.Country}, {"region", q.Region}} {
		if f[1] != "" {
			args = append(args, f[1])
			cond += fmt.Sprintf(" and %s = $%d", f[0], len(args))
		}
	}
	return cond, args
}

const (
	sums = `cast(sum(events) as bigint), cast(sum(events - estimated) as bigint),
	cast(sum(low) as bigint), cast(sum(high) as bigint)`
	// beginnings add up over days: each event is in them once.
	beginnings = `cast(sum(began) as bigint), cast(sum(began - began_estimated) as bigint),
	cast(sum(began_low) as bigint), cast(sum(began_high) as bigint)`
)

// daysOf walks down the primary key from the latest day.
func daysOf(ctx context.Context, tx *db.Tx, q *Query, today int) ([]Row, error) {
	cond, args := q.where(today)
	args = append(args, q.Limit+1)
	rows, err := db.Query(ctx, tx, fmt.Sprintf("select day, %s from turnout_day where %s group by day order by day desc limit $%d",
		sums, cond, len(args)), args, func(scan func(...any) error) (Row, error) {
		var r Row
		err := scan(&r.Day, &r.Events, &r.Without, &r.Low, &r.High)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read totals by day: %w", err)
	}
	return rows, nil
}

// placesOf needs a month, so that it reads no more than one holds; without one
// it takes the latest that holds events.
func placesOf(ctx context.Context, tx *db.Tx, q *Query, today int) ([]Row, error) {
	if q.Month.IsZero() {
		var last int
		err := tx.Get(ctx, "select day from turnout_day where day <= $1 and began > 0 order by day desc limit 1", []any{today}, &last)
		if errors.Is(err, db.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("find the latest day: %w", err)
		}
		q.Month = day.Time(last).AddDate(0, 0, 1-last%100)
	}
	cond, args := q.where(today)
	args = append(args, q.Limit+1)
	rows, err := db.Query(ctx, tx, fmt.Sprintf(`select country, region, %s from turnout_day where %s
		group by country, region having sum(began) > 0 order by sum(began_high) desc, sum(began) desc, country, region limit $%d`,
		beginnings, cond, len(args)), args, func(scan func(...any) error) (Row, error) {
		var r Row
		err := scan(&r.Country, &r.Region, &r.Events, &r.Without, &r.Low, &r.High)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read totals by place: %w", err)
	}
	return rows, nil
}
