package events

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/geo"
	"convoke/internal/search"
)

// Tuning of searches; see docs/performance.md for what was measured.
const (
	// maxCells bounds how many index ranges a place or window is cut into.
	maxCells = 24
	chunk    = 64 // rows fetched at once
)

// Result is one page of a search.
type Result struct {
	Events []Event
	// More says that further events follow; Next is the cursor.
	More bool
	Next int64
}

// hit is a candidate as the indices give it.
type hit struct {
	key   int64
	point geo.Point
	has   bool
}

// find returns up to q.Limit events in the order of their start.
func find(ctx context.Context, tx *db.Tx, q Query) (Result, error) {
	f := finder{q: q, tx: tx, ctx: ctx, want: q.Limit + 1}
	hits, err := f.hits()
	if err != nil {
		return Result{}, err
	}
	var r Result
	if len(hits) > q.Limit {
		hits, r.More = hits[:q.Limit], true
	}
	if len(hits) > 0 {
		r.Next = hits[len(hits)-1].key
	}
	r.Events, err = f.fetch(hits)
	return r, err
}

// points returns where up to q.Limit events are, which reads no more of them
// than that.
func points(ctx context.Context, tx *db.Tx, q Query) ([]geo.Point, error) {
	f := finder{q: q, tx: tx, ctx: ctx, want: q.Limit}
	hits, err := f.hits()
	if err != nil {
		return nil, err
	}
	var out []geo.Point
	for _, h := range hits[:min(len(hits), q.Limit)] {
		if h.has {
			out = append(out, h.point)
		}
	}
	return out, nil
}

// hits plans and walks.
func (f *finder) hits() ([]hit, error) {
	if err := f.plan(); err != nil {
		return nil, err
	}
	hits, err := f.run()
	if err != nil {
		return nil, err
	}
	before, err := f.ongoing()
	return append(before, hits...), err // what goes on began before what comes
}

// farFuture is after every start that is accepted.
var farFuture = time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC)

type finder struct {
	q    Query
	tx   *db.Tx
	ctx  context.Context
	want int

	from  string // tables
	key   string // the ordered column
	where []string
	args  []any
	// ranges are what $2 stands for in turn: the cells of an area, the kinds, or
	// 0 for a walk along everything.
	ranges []any
}

func (f *finder) arg(v any) string {
	f.args = append(f.args, v)
	return fmt.Sprintf("$%d", len(f.args))
}

// plan chooses the index to walk along: that of words, in which cells are words
// too; the cells of an area; or that of the kind, group or time.
func (f *finder) plan() error {
	q := &f.q
	f.from, f.key = "event e", "e.at_key"
	// The cursor, the range and the edge come first: they change while walking.
	f.args = []any{f.start(), int64(0), f.far()}
	f.times()
	f.conditions()
	box, inArea := q.area()
	level, ok, cells := 0, false, []int64(nil)
	if inArea {
		level, cells, ok = geo.Cover(box, maxCells)
		f.inBox(box)
	}
	match, words := search.Match(f.tx.Engine(), q.Text, tags(q.Lang, q.Access)...)
	if words = words || ok && len(q.Kinds) > 0; words {
		match = f.narrow(match, cells)
		f.from, f.key, ok = "event_text t join event e on e.at_key = t.rowid", "t.rowid", false
		f.where = append(f.where, search.Condition(f.tx.Engine(), f.arg(match)))
	}
	switch {
	case ok:
		f.where = append(f.where, fmt.Sprintf("e.cell%d = $2", level))
		for _, c := range cells {
			f.ranges = append(f.ranges, c)
		}
	case len(q.Kinds) > 0 && !words:
		f.where = append(f.where, "e.kind = $2")
		for _, k := range q.Kinds {
			f.ranges = append(f.ranges, string(k))
		}
	default:
		f.where = append(f.where, "cast($2 as bigint) = 0")
		f.ranges = []any{int64(0)}
	}
	return nil
}

// maxTogether bounds the lists that are walked at once for kinds in cells.
const maxTogether = 100

// narrow adds cells and kinds, none of which may be asked for, to a match of
// words.
func (f *finder) narrow(match string, cells []int64) string {
	var in, of, both []string
	for _, c := range cells {
		in = append(in, cellTag(c))
		for _, k := range f.q.Kinds {
			both = append(both, kindInTag(k, c))
		}
	}
	for _, k := range f.q.Kinds {
		of = append(of, kindTag(k))
	}
	groups := [][]string{of, in}
	if len(both) > 0 && len(both) <= maxTogether {
		groups = [][]string{both}
	}
	for _, tags := range groups {
		if len(tags) > 0 {
			match = search.AnyOf(f.tx.Engine(), match, tags...)
		}
	}
	return match
}

// times restricts to what is over, to come, or from a day on.
func (f *finder) times() {
	q, now := &f.q, clock.Micros(f.tx.Now())
	switch {
	case q.Past:
		f.where = append(f.where, "e.ends_at <= "+f.arg(now))
	case q.From.IsZero() && q.To.IsZero() && !q.All:
		f.where = append(f.where, "e.ends_at > "+f.arg(now))
	}
	if !q.From.IsZero() {
		f.where = append(f.where, "e.day >= "+f.arg(day.Of(q.From)))
	}
}

// conditions are those of every walk.
func (f *finder) conditions() {
	q := &f.q
	f.where = append(f.where, "e.listed")
	if !q.To.IsZero() {
		f.where = append(f.where, "e.day < "+f.arg(day.Of(q.To)))
		if !q.latestFirst() { // the walk may end there: no zone is more than a day off
			f.where = append(f.where, f.key+" < "+f.arg(keyFrom(q.To.AddDate(0, 0, 2))))
		}
	}
	if q.Group != "" {
		f.where = append(f.where, "e.group_id = "+f.arg(string(q.Group)))
	}
	if q.Under != "" {
		f.where = append(f.where, "e.campaign_id = "+f.arg(string(q.Under)))
	}
}

func (f *finder) inBox(b geo.Box) {
	f.where = append(f.where, fmt.Sprintf("e.lat between %s and %s", f.arg(b.South), f.arg(b.North)))
	if b.West <= b.East {
		f.where = append(f.where, fmt.Sprintf("e.lon between %s and %s", f.arg(b.West), f.arg(b.East)))
	} else {
		f.where = append(f.where, fmt.Sprintf("(e.lon >= %s or e.lon <= %s)", f.arg(b.West), f.arg(b.East)))
	}
}

// start is the key after which to look, exclusive.
func (f *finder) start() int64 {
	q := &f.q
	if !q.latestFirst() {
		return max(q.After, f.first())
	}
	if q.After != 0 {
		return q.After
	}
	end := f.tx.Now()
	if q.All {
		end = farFuture
	}
	if !q.To.IsZero() && q.To.Before(end) {
		end = q.To.AddDate(0, 0, 2)
	}
	return keyFrom(end)
}

// first is the key from which what is still to come is walked. What began
// earlier and goes on is added by [finder.ongoing].
func (f *finder) first() int64 {
	q := &f.q
	switch {
	case !q.From.IsZero(): // no zone is more than a day off
		return max(0, keyFrom(q.From.AddDate(0, 0, -2))-1)
	case q.To.IsZero():
		return keyFrom(f.tx.Now().Add(-longest)) - 1
	}
	return 0
}

// longest is the length up to which an event is found by its start alone. Those
// that last longer are few, and have an index of their own: event_long.
const longest = 24 * time.Hour

// ongoing finds what lasts long, began before the walk and is not over: an
// occupation of three weeks is shown on each of its days.
func (f *finder) ongoing() ([]hit, error) {
	q := &f.q
	if q.latestFirst() || q.From.IsZero() && !q.To.IsZero() || q.From.IsZero() && q.After > f.first() {
		return nil, nil
	}
	g := finder{q: *q, tx: f.tx, ctx: f.ctx, want: f.want, from: "event e", key: "e.at_key + 0", ranges: []any{int64(0)}}
	g.args = []any{q.After, int64(0), g.far()}
	g.conditions()
	g.where = append(g.where, "e.ends_at - e.starts_at > 86400000000", "cast($2 as bigint) = 0")
	if q.From.IsZero() {
		g.where = append(g.where, "e.at_key + 0 <= "+g.arg(f.first()), "e.ends_at > "+g.arg(clock.Micros(f.tx.Now())))
	} else {
		g.where = append(g.where, "e.day < "+g.arg(day.Of(q.From)), "e.ends_at > "+g.arg(clock.Micros(q.From)))
	}
	if box, ok := q.area(); ok {
		g.inBox(box)
	}
	match, _ := search.Match(f.tx.Engine(), q.Text, tags(q.Lang, q.Access)...)
	if match = f.narrow(match, nil); match != "" {
		g.where = append(g.where, "exists (select 1 from event_text t where t.rowid = e.at_key and "+
			search.Condition(f.tx.Engine(), g.arg(match))+")")
	}
	return g.run()
}

// sql reads the next n candidates after $1 and up to $3, in cell $2.
func (f *finder) sql(n int) string {
	op, edge, order := ">", "<=", ""
	if f.q.latestFirst() {
		op, edge, order = "<", ">=", " desc"
	}
	return fmt.Sprintf("select %[1]s, e.lat, e.lon from %[2]s where %[1]s %[3]s $1 and %[1]s %[4]s $3 and %[5]s order by %[1]s%[6]s limit %[7]d",
		f.key, f.from, op, edge, strings.Join(f.where, " and "), order, n)
}

// run walks along one index, or along one range for each cell and merges them:
// a first stretch of time in all cells, then a longer one, so that a busy cell
// is not walked further than the page needs.
func (f *finder) run() ([]hit, error) {
	var all []hit
	after := f.args[0]
	for stretch := firstStretch; ; stretch *= 8 {
		edge := f.far()
		if len(f.ranges) > 1 && stretch < lastStretch {
			edge = f.edge(after.(int64), stretch)
		}
		f.args[0], f.args[2] = after, edge
		for _, r := range f.ranges {
			hs, err := f.walk(r)
			if err != nil {
				return nil, err
			}
			all = append(all, hs...)
		}
		if len(all) >= f.want || edge == f.far() {
			break
		}
		after = edge
	}
	slices.SortFunc(all, func(a, b hit) int {
		if f.q.latestFirst() {
			a, b = b, a
		}
		return cmp.Compare(a.key, b.key)
	})
	return all[:min(len(all), f.want)], nil
}

// Stretches of time that are walked at once in all cells.
const (
	firstStretch = 14 * 24 * time.Hour
	lastStretch  = 30 * 365 * 24 * time.Hour
)

// edge is the key that ends a stretch after another key.
func (f *finder) edge(after int64, stretch time.Duration) int64 {
	d := int64(stretch/time.Second) << seqBits
	if f.q.latestFirst() {
		return after - d
	}
	return after + d
}

// far is an edge beyond every event.
func (f *finder) far() int64 {
	if f.q.latestFirst() {
		return math.MinInt64
	}
	return math.MaxInt64
}

// walk collects up to want hits of one range that pass the exact test.
func (f *finder) walk(in any) ([]hit, error) {
	n := min(f.want, 256)
	q := f.sql(n)
	args := slices.Clone(f.args)
	args[1] = in
	var out []hit
	for len(out) < f.want {
		got, err := db.Query(f.ctx, f.tx, q, args, scanHit)
		if err != nil {
			return nil, fmt.Errorf("search events: %w", err)
		}
		for _, h := range got {
			if _, area := f.q.area(); !area || h.has && f.q.holds(h.point) {
				out = append(out, h)
			}
		}
		if len(got) < n {
			break
		}
		args[0] = got[len(got)-1].key
	}
	return out, nil
}

func scanHit(scan func(...any) error) (hit, error) {
	var h hit
	var lat, lon *float64
	err := scan(&h.key, &lat, &lon)
	if lat != nil && lon != nil {
		h.point, h.has = geo.Point{Lat: *lat, Lon: *lon}, true
	}
	return h, err
}

var fetchSQL = selectEvents() + "where e.at_key in ($1" + placeholders(2, chunk-1) + ")"

// fetch reads the rows of hits, in their order.
func (f *finder) fetch(hits []hit) ([]Event, error) {
	byKey := make(map[int64]Event, len(hits))
	for part := range slices.Chunk(hits, chunk) {
		args := make([]any, chunk) // always the same text: it stays prepared
		for i := range args {
			args[i] = part[min(i, len(part)-1)].key
		}
		es, err := db.Query(f.ctx, f.tx, fetchSQL, args, scanEvent)
		if err != nil {
			return nil, err
		}
		for _, e := range es {
			byKey[e.AtKey] = e
		}
	}
	out := make([]Event, 0, len(hits))
	for _, h := range hits {
		if e, ok := byKey[h.key]; ok {
			out = append(out, e)
		}
	}
	return out, nil
}
