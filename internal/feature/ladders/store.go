package ladders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// row is a ladder as it is stored.
type row struct {
	Campaign id.Campaign
	Name     string // in the record; "" until it is published
	Draft    Plan
	Sequence int
	Version  int // newest published, 0 for none
	over     time.Time
	newsOver bool
	stopped  bool // the campaign has ended or is hidden: nothing moves
	Updated  time.Time
}

// micros and moment keep the zero time as 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

// rowOf is not ok for a campaign that has no ladder yet.
func rowOf(ctx context.Context, tx *db.Tx, c id.Campaign) (r row, ok bool, err error) {
	var draft string
	var over, updated int64
	r.Campaign = c
	err = tx.Get(ctx, "select name, draft, sequence, version, over_at, news_over, stopped, updated_at from ladder where campaign_id = $1", []any{string(c)},
		&r.Name, &draft, &r.Sequence, &r.Version, &over, &r.newsOver, &r.stopped, &updated)
	if errors.Is(err, db.ErrNoRows) {
		return r, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(draft), &r.Draft)
	}
	r.over, r.Updated = moment(over), clock.FromMicros(updated)
	return r, err == nil, err
}

// putRow stores r with the next sequence.
func putRow(ctx context.Context, tx *db.Tx, r *row) error {
	r.Sequence++
	r.Updated = tx.Now()
	_, err := tx.Exec(ctx, `insert into ladder (campaign_id, name, draft, sequence, version, over_at, news_over, stopped, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (campaign_id) do update set name = excluded.name, draft = excluded.draft, sequence = excluded.sequence, version = excluded.version,
			over_at = excluded.over_at, updated_at = excluded.updated_at`,
		string(r.Campaign), r.Name, r.Draft.JSON(), r.Sequence, r.Version, micros(r.over), r.newsOver, r.stopped, clock.Micros(r.Updated))
	if err != nil {
		return fmt.Errorf("store a ladder: %w", err)
	}
	return putNamed(ctx, tx, r.Campaign, &r.Draft)
}

func putOver(ctx context.Context, tx *db.Tx, c id.Campaign, at time.Time) error {
	_, err := tx.Exec(ctx, "update ladder set over_at = $2 where campaign_id = $1", string(c), micros(at))
	return err
}

func putStopped(ctx context.Context, tx *db.Tx, c id.Campaign, stopped bool) error {
	_, err := tx.Exec(ctx, "update ladder set stopped = $2 where campaign_id = $1", string(c), stopped)
	return err
}

// Version is what was published at one time.
type Version struct {
	Version          int
	Plan             Plan
	Text, Salt, Hash string
	Note             string // what changed, as its organizers say
	Published        time.Time
}

func scanVersion(scan func(...any) error) (Version, error) {
	var v Version
	var plan string
	var at int64
	if err := scan(&v.Version, &plan, &v.Text, &v.Salt, &v.Hash, &v.Note, &at); err != nil {
		return v, err
	}
	v.Published = clock.FromMicros(at)
	return v, json.Unmarshal([]byte(plan), &v.Plan)
}

// versionsOf lists what was published, the newest first, after so many; at most limit.
func versionsOf(ctx context.Context, tx *db.Tx, c id.Campaign, after, limit int) ([]Version, error) {
	return db.Query(ctx, tx, `select version, plan, public_text, salt, text_hash, note, published_at from ladder_version
		where campaign_id = $1 order by version desc limit $3 offset $2`, []any{string(c), after, limit}, scanVersion)
}

func insertVersion(ctx context.Context, tx *db.Tx, c id.Campaign, v *Version) error {
	_, err := tx.Exec(ctx, `insert into ladder_version (campaign_id, version, plan, public_text, salt, text_hash, note, published_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, string(c), v.Version, v.Plan.JSON(), v.Text, v.Salt, v.Hash, v.Note, clock.Micros(v.Published))
	if err != nil {
		return fmt.Errorf("publish a ladder: %w", err)
	}
	return nil
}

func standingsOf(ctx context.Context, tx *db.Tx, c id.Campaign) (map[string]*Standing, error) {
	out := map[string]*Standing{}
	err := tx.Each(ctx, "select step, state, was, free_at, opened_at, met_at, lapsed_at from ladder_step where campaign_id = $1", []any{string(c)},
		func(scan func(...any) error) error {
			var s Standing
			var key string
			var free, opened, met, lapsed int64
			if err := scan(&key, &s.State, &s.Was, &free, &opened, &met, &lapsed); err != nil {
				return err
			}
			s.Free, s.Opened, s.Met, s.Lapsed = moment(free), moment(opened), moment(met), moment(lapsed)
			out[key] = &s
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the steps of a ladder: %w", err)
	}
	return out, nil
}

func putStanding(ctx context.Context, tx *db.Tx, c id.Campaign, key string, s *Standing) error {
	_, err := tx.Exec(ctx, `insert into ladder_step (campaign_id, step, state, was, free_at, opened_at, met_at, lapsed_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (campaign_id, step) do update set state = excluded.state, was = excluded.was, free_at = excluded.free_at,
			opened_at = excluded.opened_at, met_at = excluded.met_at, lapsed_at = excluded.lapsed_at`,
		string(c), key, string(s.State), string(s.Was), micros(s.Free), micros(s.Opened), micros(s.Met), micros(s.Lapsed))
	if err != nil {
		return fmt.Errorf("store a step: %w", err)
	}
	return nil
}

func dropStanding(ctx context.Context, tx *db.Tx, c id.Campaign, key string) error {
	_, err := tx.Exec(ctx, "delete from ladder_step where campaign_id = $1 and step = $2", string(c), key)
	return err
}

// Past is a move that was made, with what organizers said about it.
type Past struct {
	N int
	Move
	Note string
}

// pastOf lists the moves of a ladder, the newest first; at most limit.
func pastOf(ctx context.Context, tx *db.Tx, c id.Campaign, limit int) ([]Past, error) {
	return db.Query(ctx, tx, "select n, step, state, reason, note, moved_at from ladder_move where campaign_id = $1 order by n desc limit $2",
		[]any{string(c), limit}, func(scan func(...any) error) (Past, error) {
			var p Past
			var at int64
			err := scan(&p.N, &p.Step, &p.State, &p.Reason, &p.Note, &at)
			p.At = clock.FromMicros(at)
			return p, err
		})
}

// insertMove numbers moves as they are heard of.
func insertMove(ctx context.Context, tx *db.Tx, c id.Campaign, m Move, note string) error {
	var n int
	if err := tx.Get(ctx, "select coalesce(max(n), 0) + 1 from ladder_move where campaign_id = $1", []any{string(c)}, &n); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "insert into ladder_move (campaign_id, n, step, state, reason, note, moved_at) values ($1, $2, $3, $4, $5, $6, $7)",
		string(c), n, m.Step, string(m.State), m.Reason, note, clock.Micros(m.At))
	if err != nil {
		return fmt.Errorf("note a move: %w", err)
	}
	return nil
}

// lastMove is the number of the last move of a step, 0 when it has not moved.
func lastMove(ctx context.Context, tx *db.Tx, c id.Campaign, step string) (n int, err error) {
	err = tx.Get(ctx, "select coalesce(max(n), 0) from ladder_move where campaign_id = $1 and step = $2", []any{string(c), step}, &n)
	return n, err
}

// lastReason is why a step moved last.
func lastReason(ctx context.Context, tx *db.Tx, c id.Campaign, step string) (reason string, err error) {
	err = tx.Get(ctx, "select reason from ladder_move where campaign_id = $1 and step = $2 order by n desc limit 1", []any{string(c), step}, &reason)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return reason, err
}

// Why a campaign has stood down: its demands are met, or it was decided.
const (
	DownMet     = "met"
	DownDecided = "decided"
)

// Down is that a campaign has stood down, and why. Poll is the one that decided so, or
// that the last demand is met; "" is none.
type Down struct {
	Reason string
	Poll   string
	At     time.Time
	// Title is that of the poll, for a reader who may know of it.
	Title string
}

// downOf is nil for a campaign that goes on.
func downOf(ctx context.Context, tx *db.Tx, c id.Campaign) (*Down, error) {
	var d Down
	var at int64
	err := tx.Get(ctx, "select reason, poll, down_at from campaign_down where campaign_id = $1", []any{string(c)}, &d.Reason, &d.Poll, &at)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil //nolint:nilnil // it goes on
	}
	d.At = clock.FromMicros(at)
	return &d, err
}

// putDown is not ok when the campaign had stood down before.
func putDown(ctx context.Context, tx *db.Tx, c id.Campaign, d Down) (ok bool, err error) {
	n, err := tx.Exec(ctx, "insert into campaign_down (campaign_id, reason, poll, down_at) values ($1, $2, $3, $4) on conflict do nothing",
		string(c), d.Reason, d.Poll, clock.Micros(d.At))
	return n == 1, err
}

func dropDown(ctx context.Context, tx *db.Tx, c id.Campaign) error {
	_, err := tx.Exec(ctx, "delete from campaign_down where campaign_id = $1", string(c))
	return err
}
