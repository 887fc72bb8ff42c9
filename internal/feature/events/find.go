package events

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/geo"
	"convoke/internal/search"
)

// Tuning of searches; see docs/performance.md for what was measured.
const (
	// maxCells bounds how many index ranges a place or window is cut into.
	maxCells = 24
	// rareMatches is how many rows a word may have to be searched word first.
	rareMatches = 400
	chunk       = 64 // rows fetched at once
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
	if err := f.plan(); err != nil {
		return Result{}, err
	}
	hits, err := f.run()
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
	cells []int64
}

func (f *finder) arg(v any) string {
	f.args = append(f.args, v)
	return fmt.Sprintf("$%d", len(f.args))
}

// plan chooses the index to walk along: a rare word's, the cells of an area, or
// that of the kind, group or time.
func (f *finder) plan() error {
	q := &f.q
	f.from, f.key = "event e", "e.at_key"
	// The cursor and the cell come first, because they change while walking.
	f.args = []any{f.start(), int64(0)}
	f.conditions()
	box, inArea := q.area()
	level, ok := 0, false
	if inArea {
		level, f.cells, ok = geo.Cover(box, maxCells)
		f.inBox(box)
	}
	if match, has := search.Match(f.tx.Engine(), q.Text, tags(q.Lang, q.Access)...); has {
		rare, err := f.rare(match)
		if err != nil {
			return err
		}
		cond := search.Condition(f.tx.Engine(), f.arg(match))
		if rare || !ok {
			f.from, f.key, f.cells, ok = "event_text t join event e on e.at_key = t.rowid", "t.rowid", nil, false
			f.where = append(f.where, cond)
		} else {
			f.where = append(f.where, "exists (select 1 from event_text t where t.rowid = e.at_key and "+cond+")")
		}
	}
	if ok {
		f.where = append(f.where, fmt.Sprintf("e.cell%d = $2", level))
	} else {
		f.cells = nil
		f.where = append(f.where, "cast($2 as bigint) = 0")
	}
	return nil
}

func (f *finder) rare(match string) (bool, error) {
	var n int
	q := "select count(*) from (select 1 from event_text t where " + search.Condition(f.tx.Engine(), "$1") +
		fmt.Sprintf(" limit %d) x", rareMatches)
	err := f.tx.Get(f.ctx, q, []any{match}, &n)
	return n < rareMatches, err
}

func (f *finder) conditions() {
	q, now := &f.q, f.tx.Now()
	add := func(format string, v any) { f.where = append(f.where, fmt.Sprintf(format, f.arg(v))) }
	f.where = append(f.where, "e.listed")
	switch {
	case q.Past:
		add("e.ends_at <= %s", clock.Micros(now))
	case q.From.IsZero() && q.To.IsZero() && !q.All:
		add("e.ends_at > %s", clock.Micros(now))
	}
	if !q.From.IsZero() {
		add("e.day >= %s", dayNumber(q.From))
	}
	if !q.To.IsZero() {
		add("e.day < %s", dayNumber(q.To))
		if !q.latestFirst() { // the walk may end there: no zone is more than a day off
			add(f.key+" < %s", keyFrom(q.To.AddDate(0, 0, 2)))
		}
	}
	if len(q.Kinds) == 1 {
		add("e.kind = %s", string(q.Kinds[0]))
	} else if len(q.Kinds) > 1 {
		var in []string
		for _, k := range q.Kinds {
			in = append(in, f.arg(string(k)))
		}
		f.where = append(f.where, "e.kind in ("+strings.Join(in, ", ")+")")
	}
	if q.Group != "" {
		add("e.group_id = %s", string(q.Group))
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
	if q.After != 0 {
		return q.After
	}
	if q.latestFirst() {
		end := f.tx.Now()
		if q.All {
			end = farFuture
		}
		if !q.To.IsZero() && q.To.Before(end) {
			end = q.To.AddDate(0, 0, 2)
		}
		return keyFrom(end)
	}
	switch {
	case !q.From.IsZero():
		return max(0, keyFrom(q.From.AddDate(0, 0, -2))-1)
	case q.To.IsZero():
		// What began within the last day may still go on.
		return keyFrom(f.tx.Now().Add(-24*time.Hour)) - 1
	}
	return 0
}

// sql reads the next n candidates after $1, in cell $2.
func (f *finder) sql(n int) string {
	op, order := ">", ""
	if f.q.latestFirst() {
		op, order = "<", " desc"
	}
	return fmt.Sprintf("select %s, e.lat, e.lon from %s where %s %s $1 and %s order by %s%s limit %d",
		f.key, f.from, f.key, op, strings.Join(f.where, " and "), f.key, order, n)
}

// run walks along one index, or along one range for each cell and merges them.
func (f *finder) run() ([]hit, error) {
	cells := f.cells
	if cells == nil {
		cells = []int64{0}
	}
	var all []hit
	for _, c := range cells {
		hs, err := f.walk(c)
		if err != nil {
			return nil, err
		}
		all = append(all, hs...)
	}
	slices.SortFunc(all, func(a, b hit) int {
		if f.q.latestFirst() {
			a, b = b, a
		}
		return cmp.Compare(a.key, b.key)
	})
	return all[:min(len(all), f.want)], nil
}

// walk collects up to want hits of one range that pass the exact test.
func (f *finder) walk(cell int64) ([]hit, error) {
	n := min(f.want, 256)
	q := f.sql(n)
	args := slices.Clone(f.args)
	args[1] = cell
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

func dayNumber(t time.Time) int { return t.Year()*10000 + int(t.Month())*100 + t.Day() }
