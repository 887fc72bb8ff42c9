package official

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fetch"
	"convoke/internal/geo"
)

// feedState is how a feed stands.
type feedState struct {
	fetch.Version
	Read, Failing time.Time
	Reason        string // why it fails, "" when it does not
}

// file is one that need not be fetched again.
type file struct {
	Link  string
	Stamp int64
	Until time.Time
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

// state is how a feed stands, and which of its files are known as of when.
func (r *Reader) state(ctx context.Context, feed string) (s feedState, known map[string]int64, err error) {
	err = r.DB.Read(ctx, func(tx *db.Tx) error {
		s, known = feedState{}, map[string]int64{}
		var read, failing int64
		err := tx.Get(ctx, "select etag, modified, read_at, failing_since, reason from alert_feed where address = $1", []any{feed}, &s.ETag, &s.Modified, &read, &failing, &s.Reason)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		s.Read, s.Failing = moment(read), moment(failing)
		return tx.Each(ctx, "select link, updated_at from alert_feed_file where feed = $1 and until > $2", []any{feed, clock.Micros(tx.Now())}, func(scan func(...any) error) error {
			var link string
			var at int64
			err := scan(&link, &at)
			known[link] = at
			return err
		})
	})
	return s, known, err
}

func putState(ctx context.Context, tx *db.Tx, feed string, s feedState) error {
	_, err := tx.Exec(ctx, `insert into alert_feed (address, etag, modified, read_at, failing_since, reason) values ($1, $2, $3, $4, $5, $6)
		on conflict (address) do update set etag = excluded.etag, modified = excluded.modified, read_at = excluded.read_at, failing_since = excluded.failing_since, reason = excluded.reason`,
		feed, s.ETag, s.Modified, stampOf(s.Read), stampOf(s.Failing), s.Reason)
	return err
}

const (
	endedQuery   = "delete from alert_official where expires_at <= $1"
	fileQuery    = "delete from alert_feed_file where until <= $1"
	overQuery    = "delete from alert_official_over where until <= $1"
	surplusQuery = "delete from alert_official where id in (select id from alert_official where feed = $1 order by sent_at desc, id limit 1000000 offset $2)"

	surplusFileQuery = "delete from alert_feed_file where feed = $1 and link in (select link from alert_feed_file where feed = $1 order by until desc, link limit 1000000 offset $2)"
	surplusOverQuery = `delete from alert_official_over where feed = $1 and (sender, identifier, sent_at) in
		(select sender, identifier, sent_at from alert_official_over where feed = $1 order by until desc, sender, identifier limit 1000000 offset $2)`
)

// forget deletes what is over, what feeds brought that the operator no longer names, and
// makes sure that each that they name has its row.
func (r *Reader) forget(ctx context.Context, tx *db.Tx) error {
	gone := int64(0)
	for _, q := range []string{endedQuery, fileQuery, overQuery} {
		n, err := tx.Exec(ctx, q, clock.Micros(tx.Now()))
		if gone += n; err != nil {
			return fmt.Errorf("forget official warnings: %w", err)
		}
	}
	all, err := db.Column[string](ctx, tx, "select address from alert_feed")
	if err != nil {
		return err
	}
	for _, address := range all {
		if !slices.ContainsFunc(r.Feeds, func(f Feed) bool { return f.Address == address }) {
			if _, err := tx.Exec(ctx, "delete from alert_feed where address = $1", address); err != nil {
				return err
			}
			gone++
		}
	}
	for _, f := range r.Feeds {
		if !slices.Contains(all, f.Address) {
			if err := putState(ctx, tx, f.Address, feedState{}); err != nil {
				return err
			}
		}
	}
	if gone > 0 {
		tx.Touch("alerts")
	}
	return nil
}

// put stores what a reading brought, and reports whether it changes what is shown.
func (r *Reader) put(ctx context.Context, tx *db.Tx, feed string, got found) (changed bool, err error) {
	for _, f := range got.files {
		_, err := tx.Exec(ctx, `insert into alert_feed_file (feed, link, updated_at, until) values ($1, $2, $3, $4)
			on conflict (feed, link) do update set updated_at = excluded.updated_at, until = excluded.until`, feed, f.Link, f.Stamp, clock.Micros(f.Until))
		if err != nil {
			return false, fmt.Errorf("note a file: %w", err)
		}
	}
	for i := range got.messages {
		more, err := r.putMessage(ctx, tx, feed, &got.messages[i])
		if err != nil {
			return false, fmt.Errorf("store an official warning: %w", err)
		}
		changed = changed || more
	}
	for _, x := range []struct {
		query string
		keep  int
		need  bool
	}{{surplusQuery, maxKept, changed}, {surplusFileQuery, maxKnown, len(got.files) > 0}, {surplusOverQuery, maxReplaced, len(got.messages) > 0}} {
		if x.need && err == nil {
			_, err = tx.Exec(ctx, x.query, feed, x.keep)
		}
	}
	return changed, err
}

func (r *Reader) putMessage(ctx context.Context, tx *db.Tx, feed string, m *message) (changed bool, err error) {
	const same = "feed = $1 and sender = $2 and identifier = $3 and sent_at = $4"
	for _, o := range m.Over {
		until := o.Sent.Add(keptAtMost)
		if !until.After(tx.Now()) {
			continue
		}
		if _, err := tx.Exec(ctx, "insert into alert_official_over (feed, sender, identifier, sent_at, until) values ($1, $2, $3, $4, $5) on conflict do nothing",
			feed, o.Sender, o.Identifier, clock.Micros(o.Sent), clock.Micros(until)); err != nil {
			return false, err
		}
		n, err := tx.Exec(ctx, "delete from alert_official where "+same, feed, o.Sender, o.Identifier, clock.Micros(o.Sent))
		if err != nil {
			return false, err
		}
		changed = changed || n > 0
	}
	var over int
	if err := tx.Get(ctx, "select count(*) from alert_official_over where "+same, []any{feed, m.Sender, m.Identifier, clock.Micros(m.Sent)}, &over); err != nil || over > 0 {
		return changed, err
	}
	for i := range m.Warnings {
		more, err := r.insert(ctx, tx, &m.Warnings[i])
		if err != nil {
			return false, err
		}
		changed = changed || more
	}
	return changed, nil
}

func (r *Reader) insert(ctx context.Context, tx *db.Tx, w *Warning) (bool, error) {
	texts, err := json.Marshal(w.Texts)
	if err != nil {
		return false, err
	}
	_, offset := w.Sent.Zone()
	wid := r.IDs.New()
	n, err := tx.Exec(ctx, `insert into alert_official (id, feed, sender, identifier, sent_at, part, utc_offset, category, severity, starts_at, expires_at, link, page, texts)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict do nothing`,
		wid, w.Feed, w.Sender, w.Identifier, clock.Micros(w.Sent), w.Part, offset, w.Category, string(w.Severity), clock.Micros(w.Starts), clock.Micros(w.Expires), w.Link, w.Page, string(texts))
	if err != nil || n == 0 || len(w.cells) == 0 {
		return n > 0, err
	}
	var args []any
	for _, c := range w.cells {
		args = append(args, c, wid)
	}
	_, err = tx.Exec(ctx, "insert into alert_official_cell (cell, official_id) values "+db.Tuples(len(w.cells), 2), args...)
	return true, err
}

const columns = `o.id, o.feed, o.sender, o.identifier, o.sent_at, o.part, o.utc_offset, o.category, o.severity, o.starts_at, o.expires_at, o.link, o.page, o.texts, f.failing_since
	from alert_official o join alert_feed f on f.address = o.feed where `

func scan(scan func(...any) error) (w Warning, err error) {
	var sent, starts, expires, failing int64
	var offset int
	var texts string
	if err = scan(&w.ID, &w.Feed, &w.Sender, &w.Identifier, &sent, &w.Part, &offset, &w.Category, &w.Severity, &starts, &expires, &w.Link, &w.Page, &texts, &failing); err != nil {
		return w, err
	}
	zone := time.FixedZone("", offset)
	w.Sent, w.Starts, w.Expires, w.Failing = clock.FromMicros(sent).In(zone), clock.FromMicros(starts).In(zone), clock.FromMicros(expires).In(zone), moment(failing)
	return w, json.Unmarshal([]byte(texts), &w.Texts)
}

// Name is who says so: as the operator calls the feed, or as the message does.
func (r *Reader) Name(w *Warning, t Text) string {
	i := slices.IndexFunc(r.Feeds, func(f Feed) bool { return f.Address == w.Feed })
	switch {
	case i >= 0 && r.Feeds[i].Name != "":
		return r.Feeds[i].Name
	case t.Sender != "":
		return t.Sender
	}
	return w.Sender
}

// ByID is one that holds.
func (r *Reader) ByID(ctx context.Context, tx *db.Tx, wid string) (Warning, bool, error) {
	all, err := db.Query(ctx, tx, "select "+columns+"o.id = $1 and o.expires_at > $2", []any{wid, clock.Micros(tx.Now())}, scan)
	if err != nil || len(all) == 0 {
		return Warning{}, false, err
	}
	return all[0], true, nil
}

// currentQuery names a time before which nothing that holds was sent, and has a plus, so
// that SQLite walks the index of its order.
const (
	currentQuery = "select " + columns + "o.feed = $5 and o.sent_at > $1 and +o.expires_at > $2 and ($3 = '' or o.category = $3) order by o.sent_at desc, o.id limit $4"
	some         = 1000 // values of one query
)

// Current lists what holds, the newest first, of a category or all: everywhere, or, when
// there are cells, what touches one of them. What two feeds have alike is there once. Of each
// feed there are as many as of any other, while it has some: none pushes the others out.
func (r *Reader) Current(ctx context.Context, tx *db.Tx, cells []geo.GridCell, category string, limit int) ([]Warning, error) {
	var ids []string
	for part := range slices.Chunk(above(cells), some) {
		more, err := db.Column[string](ctx, tx, touchingQuery(len(part)), part...)
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var all [][]Warning
	for _, f := range r.Feeds {
		usual := []any{clock.Micros(tx.Now().Add(-keptAtMost)), clock.Micros(tx.Now()), category, limit, f.Address}
		var of []Warning
		var err error
		if len(cells) == 0 {
			of, err = db.Query(ctx, tx, currentQuery, usual, scan)
		} else {
			of, err = among(ctx, tx, usual, ids)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, of)
	}
	return once(all, limit), nil
}

// among lists what holds of some ids, the newest first.
func among(ctx context.Context, tx *db.Tx, usual []any, ids []string) (all []Warning, err error) {
	for part := range slices.Chunk(ids, some) {
		args := slices.Clone(usual)
		for _, x := range part {
			args = append(args, x)
		}
		more, err := db.Query(ctx, tx, strings.Replace(currentQuery, " order by", " and o.id in ("+places(len(usual)+1, len(part))+") order by", 1), args, scan)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	newestFirst(all)
	return all, nil
}

func newestFirst(all []Warning) {
	sort.SliceStable(all, func(i, j int) bool { return all[i].Sent.After(all[j].Sent) })
}

func touchingQuery(cells int) string {
	return "select distinct official_id from alert_official_cell where cell in (" + places(1, cells) + ")"
}

// Covers lists those of some cells that a warning touches.
func (r *Reader) Covers(ctx context.Context, tx *db.Tx, wid string, cells []geo.GridCell) (out []geo.GridCell, err error) {
	its, err := db.Column[int64](ctx, tx, "select cell from alert_official_cell where official_id = $1", wid)
	for _, c := range cells {
		if slices.ContainsFunc(its, func(x int64) bool { return geo.Area(x).Level() <= geo.Grid && c.Above(geo.Area(x).Level()) == x }) {
			out = append(out, c)
		}
	}
	return out, err
}

// above are cells with all that hold them, each once.
func above(cells []geo.GridCell) (out []any) {
	seen := map[int64]bool{}
	for _, c := range cells {
		for level := geo.Grid; level >= 0; level-- {
			x := c.Above(level)
			if seen[x] {
				break // and so are those above it
			}
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}

// places are n placeholders from one on.
func places(from, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ", $%d", from+i)
	}
	return b.String()[2:]
}

// once takes from each feed in turn what no other one had alike, up to a limit.
func once(feeds [][]Warning, limit int) []Warning {
	type key struct {
		sender, identifier, says string
		sent                     int64
		part                     int
	}
	seen := map[key]bool{}
	var out []Warning
	for more, i := true, 0; more && len(out) < limit; i++ {
		more = false
		for _, all := range feeds {
			if i >= len(all) || len(out) == limit {
				continue
			}
			more = true
			w := all[i]
			// All that is shown counts: no feed hides what another one says by its name.
			says := fmt.Sprintf("%q %s %s %d %d %q", w.Texts, w.Category, w.Severity, w.Starts.Unix(), w.Expires.Unix(), w.Page)
			k := key{w.Sender, w.Identifier, says, w.Sent.UnixMicro(), w.Part}
			if !seen[k] {
				seen[k] = true
				out = append(out, w)
			}
		}
	}
	newestFirst(out)
	return out
}
