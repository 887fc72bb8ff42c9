package events

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/search"
)

// columns in the order of scanEvent and values.
const columns = `id, at_key, group_id, source_id, uid, title, description, description_html, kind, state, listed,
	starts_at, ends_at, zone, all_day, day, place, address, locality, region, country, lat, lon, precise,
	cell3, cell6, cell9, online_url, lang, access_yes, access_no, access_note, capacity, organizer, source_url,
	picture, picture_alt, sequence, was_starts_at, was_place, hash, created_at, updated_at, campaign_id, follows,
	was_zone, was_all_day`

const columnCount = 47

func selectEvents() string {
	return "select e.seq, e." + strings.Join(strings.Fields(columns), " e.") + " from event e "
}

func scanEvent(scan func(...any) error) (Event, error) {
	var (
		e                   Event
		group, source       *string
		campaign            *string
		html                string
		listed              bool
		start, end, was     int64
		wasStart            *int64
		day                 int
		lat, lon            *float64
		cell3, cell6, cell9 *int64
		hash                []byte
		created, updated    int64
	)
	err := scan(&e.Seq, &e.ID, &e.AtKey, &group, &source, &e.UID, &e.Title, &e.Description, &html, &e.Kind, &e.State, &listed,
		&start, &end, &e.Zone, &e.AllDay, &day, &e.Where.Place, &e.Where.Address, &e.Where.Locality, &e.Where.Region,
		&e.Where.Country, &lat, &lon, &e.Where.Precise, &cell3, &cell6, &cell9, &e.Where.OnlineURL, &e.Lang,
		&e.Access.Yes, &e.Access.No, &e.Access.Note, &e.Capacity, &e.Organizer, &e.SourceURL, &e.Picture, &e.PictureAlt,
		&e.Sequence, &wasStart, &e.WasPlace, &hash, &created, &updated, &campaign, &e.Follows,
		&e.WasZone, &e.WasAllDay)
	if err != nil {
		return e, fmt.Errorf("scan event: %w", err)
	}
	e.HTML = template.HTML(html) //nolint:gosec // made and cleaned by package markdown when it was stored
	if group != nil {
		e.Group = id.Group(*group)
	}
	if source != nil {
		e.Source = *source
	}
	if campaign != nil {
		e.Campaign = id.Campaign(*campaign)
	}
	e.hidden = e.State.Listed() && !listed
	e.Start, e.End = clock.FromMicros(start), clock.FromMicros(end)
	if wasStart != nil {
		was = *wasStart
		e.WasStart = clock.FromMicros(was)
	}
	if lat != nil && lon != nil {
		e.Where.Point, e.Where.HasPoint = geo.Point{Lat: *lat, Lon: *lon}, true
	}
	e.Created, e.Updated = clock.FromMicros(created), clock.FromMicros(updated)
	return e, nil
}

// values are the columns of e; cells and listing follow from state and place. What
// is hidden stays so, whoever changes it: its campaign's owners can be others.
func values(e *Event, hash []byte) []any {
	var group, source, campaign, lat, lon, c3, c6, c9, was any
	if e.Group != "" {
		group = string(e.Group)
	}
	if e.Source != "" {
		source = e.Source
	}
	if e.Campaign != "" {
		campaign = string(e.Campaign)
	}
	if e.Where.HasPoint {
		lat, lon = e.Where.Point.Lat, e.Where.Point.Lon
		c3, c6, c9 = geo.Cell(e.Where.Point, geo.Coarse), geo.Cell(e.Where.Point, geo.Middle), geo.Cell(e.Where.Point, geo.Fine)
	}
	if !e.WasStart.IsZero() {
		was = clock.Micros(e.WasStart)
	}
	return []any{
		string(e.ID), e.AtKey, group, source, e.UID, e.Title, e.Description, string(e.HTML), string(e.Kind), string(e.State),
		e.State.Listed() && !e.hidden, clock.Micros(e.Start), clock.Micros(e.End), e.Zone, e.AllDay, e.Day(), e.Where.Place, e.Where.Address,
		e.Where.Locality, e.Where.Region, e.Where.Country, lat, lon, string(e.Where.Precise), c3, c6, c9, e.Where.OnlineURL,
		e.Lang, e.Access.Yes, e.Access.No, e.Access.Note, e.Capacity, e.Organizer, e.SourceURL, e.Picture, e.PictureAlt,
		e.Sequence, was, e.WasPlace, hash, clock.Micros(e.Created), clock.Micros(e.Updated), campaign, e.Follows,
		e.WasZone, e.WasAllDay,
	}
}

var (
	insertSQL = "insert into event (seq, " + columns + ") values ($1" + placeholders(2, columnCount) + ")"
	updateSQL = "update event set (" + columns + ") = ($2" + placeholders(3, columnCount-1) + ") where seq = $1"
)

func placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ", $%d", from+i)
	}
	return b.String()
}

// nextSeq reserves n row numbers, so that at_key is known before the insert.
func nextSeq(ctx context.Context, tx *db.Tx, n int) (first int64, err error) {
	var last int64
	err = tx.Returning(ctx, `insert into setting (name, value) values ('event.seq', $1)
		on conflict (name) do update set value = cast(cast(setting.value as bigint) + $2 as text) returning cast(value as bigint)`,
		[]any{fmt.Sprint(n), n}, &last)
	return last - int64(n) + 1, err
}

// insertEvent stores a new event and its words. e.Seq must be reserved.
func insertEvent(ctx context.Context, tx *db.Tx, e *Event, hash []byte) error {
	e.AtKey = atKey(e.Start, e.Seq)
	if _, err := tx.Exec(ctx, insertSQL, append([]any{e.Seq}, values(e, hash)...)...); err != nil {
		return fmt.Errorf("insert event: %w", err)
	}
	if !e.State.Listed() {
		return nil
	}
	return search.Put(ctx, tx, e.AtKey, words(e), tagsOf(e)...)
}

// updateEvent replaces the event that has old's row. One that was imported has no
// versions.
func updateEvent(ctx context.Context, tx *db.Tx, old, e *Event, hash []byte) error {
	var said versions
	if e.State.Listed() && e.Source == "" {
		var err error
		if said, err = versionsOf(ctx, tx, "", *e); err != nil {
			return err
		}
	}
	return updateSaid(ctx, tx, old, e, hash, said[e.ID])
}

// updateSaid is [updateEvent] with the versions that the event has.
func updateSaid(ctx context.Context, tx *db.Tx, old, e *Event, hash []byte, vs []Version) error {
	e.Seq = old.Seq
	e.AtKey = atKey(e.Start, e.Seq)
	if _, err := tx.Exec(ctx, updateSQL, append([]any{e.Seq}, values(e, hash)...)...); err != nil {
		return fmt.Errorf("update event: %w", err)
	}
	if old.State.Listed() {
		if err := search.Remove(ctx, tx, old.AtKey); err != nil {
			return err
		}
	}
	if !e.State.Listed() {
		return nil
	}
	return search.Put(ctx, tx, e.AtKey, words(e, vs...), tagsOf(e, vs...)...)
}

// words is the text by which an event is found.
func words(e *Event, vs ...Version) string {
	all := []string{e.Title, e.Organizer, e.Where.Place, e.Where.Address, e.Where.Locality, e.Description}
	for i := range vs {
		all = append(all, vs[i].Title, vs[i].Description)
	}
	return strings.Join(all, " ")
}

// tagsOf are all tags of an event: [tags], its kind, the cells that it lies in,
// and its kind in each of them.
func tagsOf(e *Event, vs ...Version) []string {
	out := append(tags(e.Lang, e.Access.Yes), kindTag(e.Kind))
	for i := range vs {
		out = append(out, tags(vs[i].Lang, 0)...)
	}
	if p := e.Where.Point; e.Where.HasPoint {
		for _, level := range []int{geo.Coarse, geo.Middle, geo.Fine} {
			c := geo.Cell(p, level)
			out = append(out, cellTag(c), kindInTag(e.Kind, c))
		}
	}
	return out
}

func kindTag(k Kind) string { return "kind " + string(k) }

// kindInTag makes a kind in a cell findable: walking the two lists together would
// take ten times as long.
func kindInTag(k Kind, cell int64) string { return kindTag(k) + " " + cellTag(cell) }

// cellTag makes a cell findable together with words and kinds: a place and a
// word that are both common are then met where they meet. An id says its level.
func cellTag(cell int64) string { return "cell " + strconv.FormatUint(uint64(cell), 36) }

// tags make language and access findable in the same index as words, so that a
// rare one is found without walking past all other events.
func tags(lang string, access int64) []string {
	var out []string
	if lang != "" {
		out = append(out, "lang "+lang)
	}
	for _, f := range pick(access) {
		out = append(out, "access "+f.Code)
	}
	return out
}

// eventByID returns db.ErrNoRows when there is none.
func eventByID(ctx context.Context, tx *db.Tx, eid id.Event) (Event, error) {
	return oneEvent(ctx, tx, "where e.id = $1", string(eid))
}

func oneEvent(ctx context.Context, tx *db.Tx, where string, args ...any) (Event, error) {
	all, err := db.Query(ctx, tx, selectEvents()+where, args, scanEvent)
	if err != nil {
		return Event{}, err
	}
	if len(all) == 0 {
		return Event{}, db.ErrNoRows
	}
	return all[0], nil
}

// Source is where imported events come from.
type Source struct {
	ID, Name, Kind, URL, Credit string
	Sample                      bool
	Imported                    time.Time
}

func putSource(ctx context.Context, tx *db.Tx, s Source) error {
	_, err := tx.Exec(ctx, `insert into source (id, name, kind, url, credit, sample, imported_at) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (id) do update set name = excluded.name, url = excluded.url, credit = excluded.credit, imported_at = excluded.imported_at`,
		s.ID, s.Name, s.Kind, s.URL, s.Credit, s.Sample, clock.Micros(tx.Now()))
	return err
}

func sourceByID(ctx context.Context, tx *db.Tx, sid string) (Source, error) {
	var s Source
	var at int64
	err := tx.Get(ctx, "select id, name, kind, url, credit, sample, imported_at from source where id = $1", []any{sid},
		&s.ID, &s.Name, &s.Kind, &s.URL, &s.Credit, &s.Sample, &at)
	if errors.Is(err, db.ErrNoRows) {
		return s, err
	}
	s.Imported = clock.FromMicros(at)
	return s, err
}

// Sources lists where imported events come from.
func Sources(ctx context.Context, tx *db.Tx) ([]Source, error) {
	return db.Query(ctx, tx, "select id, name, kind, url, credit, sample, imported_at from source order by id", nil,
		func(scan func(...any) error) (Source, error) {
			var s Source
			var at int64
			err := scan(&s.ID, &s.Name, &s.Kind, &s.URL, &s.Credit, &s.Sample, &at)
			s.Imported = clock.FromMicros(at)
			return s, err
		})
}
