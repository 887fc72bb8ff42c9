package coalitions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

const selectDelegate = `select d.id, d.coalition_id, d.group_id, d.seat, d.form, d.person_id, p.handle, d.alternate_id, a.handle, d.alternate_ok, d.mandate,
	d.instructions, d.instructions_html, d.everybody, d.stands_in, d.state, d.since_at, d.until_at
	from delegate d left join person p on p.id = d.person_id left join person a on a.id = d.alternate_id `

func scanDelegate(scan func(...any) error) (Delegate, error) {
	var d Delegate
	var person, handle, alternate, other sql.NullString
	var html string
	var since, until int64
	err := scan(&d.ID, &d.Coalition, &d.Group, &d.Seat, &d.Form, &person, &handle, &alternate, &other, &d.AlternateOK, &d.Mandate,
		&d.Instructions, &html, &d.Everybody, &d.StandsIn, &d.State, &since, &until)
	d.Person, d.Handle, d.Alternate, d.AlternateHandle = id.Person(person.String), handle.String, id.Person(alternate.String), other.String
	d.InstructionsHTML = template.HTML(html) //nolint:gosec,forbidigo // made by markdown.Render before it was stored
	if since > 0 {
		d.Since = clock.FromMicros(since)
	}
	d.Until = clock.FromMicros(until)
	return d, err
}

func delegates(ctx context.Context, tx *db.Tx, where string, args ...any) ([]Delegate, error) {
	return db.Query(ctx, tx, selectDelegate+where, args, scanDelegate)
}

// delegateBy returns db.ErrNoRows when there is none; column is a unique one.
func delegateBy(ctx context.Context, tx *db.Tx, column, value string) (Delegate, error) {
	return one(delegates(ctx, tx, "where d."+column+" = $1", value))
}

// onSeat is who holds a seat of a group, or is asked to; db.ErrNoRows for nobody.
func onSeat(ctx context.Context, tx *db.Tx, c, g id.Group, seat int, state SeatState) (Delegate, error) {
	return one(delegates(ctx, tx, "where d.group_id = $1 and d.coalition_id = $2 and d.state = $3 and d.seat = $4", string(g), string(c), string(state), seat))
}

// seatHeldBy is the mandate that a person holds in a coalition; db.ErrNoRows for none.
func seatHeldBy(ctx context.Context, tx *db.Tx, c id.Group, p id.Person) (Delegate, error) {
	return one(delegates(ctx, tx, "where d.coalition_id = $1 and d.person_id = $2 and d.state = 'holds'", string(c), string(p)))
}

const ofGroupQuery = selectDelegate + "where d.group_id = $1 and d.coalition_id = $2 and d.state in ('asked', 'holds') order by d.seat, d.state, d.id"

// seatsOf are the mandates of a group in a coalition that have not ended.
func seatsOf(ctx context.Context, tx *db.Tx, c, g id.Group) ([]Delegate, error) {
	return db.Query(ctx, tx, ofGroupQuery, []any{string(g), string(c)}, scanDelegate)
}

const ofMemberSeatsQuery = selectDelegate + "where d.group_id = $1 and d.state in ('asked', 'holds') order by d.coalition_id, d.seat, d.state limit $2"

// allSeatsOf are the mandates of a group in all coalitions that have not ended.
func allSeatsOf(ctx context.Context, tx *db.Tx, g id.Group) ([]Delegate, error) {
	return db.Query(ctx, tx, ofMemberSeatsQuery, []any{string(g), 2 * maxParts}, scanDelegate)
}

const byPersonQuery = selectDelegate + "where d.person_id = $1 and d.state in ('asked', 'holds') order by d.id"

// seatsBy are all mandates of a person that have not ended.
func seatsBy(ctx context.Context, tx *db.Tx, p id.Person) ([]Delegate, error) {
	return db.Query(ctx, tx, byPersonQuery, []any{string(p)}, scanDelegate)
}

// mandatesOf are all mandates that a person has or had, or could stand in for.
func mandatesOf(ctx context.Context, tx *db.Tx, p id.Person) ([]Delegate, error) {
	return delegates(ctx, tx, "where d.person_id = $1 or d.alternate_id = $1 order by d.id", string(p))
}

func nullable(p id.Person) sql.NullString {
	return sql.NullString{String: string(p), Valid: p != ""}
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func insertDelegate(ctx context.Context, tx *db.Tx, d *Delegate) error {
	_, err := tx.Exec(ctx, `insert into delegate (id, coalition_id, group_id, seat, form, person_id, alternate_id, alternate_ok, mandate,
		instructions, instructions_html, everybody, stands_in, state, since_at, until_at, ended_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0)`,
		d.ID, string(d.Coalition), string(d.Group), d.Seat, d.Form, nullable(d.Person), nullable(d.Alternate), d.AlternateOK, d.Mandate,
		d.Instructions, string(d.InstructionsHTML), d.Everybody, d.StandsIn, string(d.State), micros(d.Since), micros(d.Until))
	if err != nil {
		return fmt.Errorf("insert delegate: %w", err)
	}
	return nil
}

// updateDelegate stores all of a mandate but whose it is and on which seat.
func updateDelegate(ctx context.Context, tx *db.Tx, d *Delegate) error {
	_, err := tx.Exec(ctx, `update delegate set alternate_id = $2, alternate_ok = $3, mandate = $4, instructions = $5, instructions_html = $6,
		everybody = $7, stands_in = $8, state = $9, since_at = $10, until_at = $11, ended_at = $12 where id = $1`,
		d.ID, nullable(d.Alternate), d.AlternateOK, d.Mandate, d.Instructions, string(d.InstructionsHTML), d.Everybody, d.StandsIn,
		string(d.State), micros(d.Since), micros(d.Until), endedAt(tx, d))
	if err != nil {
		return fmt.Errorf("change delegate: %w", err)
	}
	return nil
}

func endedAt(tx *db.Tx, d *Delegate) int64 {
	if d.State == Ended {
		return micros(tx.Now())
	}
	return 0
}

func deleteDelegate(ctx context.Context, tx *db.Tx, did string) error {
	_, err := tx.Exec(ctx, "delete from delegate where id = $1", did)
	return err
}

// forgetAlternate takes somebody out of the mandates of a group that they could have
// stood in for.
func forgetAlternate(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	_, err := tx.Exec(ctx, "update delegate set alternate_id = null, alternate_ok = $3 where alternate_id = $1 and group_id = $2", string(p), string(g), false)
	return err
}

const dueQuery = "select id from delegate where until_at <= $1 and state in ('asked', 'holds') order by until_at, id limit $2"

// dueDelegates are mandates whose term is over.
func dueDelegates(ctx context.Context, tx *db.Tx, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, dueQuery, micros(tx.Now()), limit)
}

// forgetEnded deletes mandates that ended before a moment.
func forgetEnded(ctx context.Context, tx *db.Tx, before time.Time) error {
	_, err := tx.Exec(ctx, "delete from delegate where state = 'ended' and ended_at <= $1", micros(before))
	return err
}

const countSeatsQuery = "select count(*) from delegate where coalition_id = $1 and state = 'holds'"

func countSeats(ctx context.Context, tx *db.Tx, c id.Group) (int, error) {
	var n int
	err := tx.Get(ctx, countSeatsQuery, []any{string(c)}, &n)
	return n, err
}

const longestQuery = "select person_id from delegate where coalition_id = $1 and state = 'holds' order by since_at, id limit 1"

// longest is who has held a seat for the longest time; "" when nobody holds one.
func longest(ctx context.Context, tx *db.Tx, c id.Group) (id.Person, error) {
	p, err := one(db.Column[sql.NullString](ctx, tx, longestQuery, string(c)))
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return id.Person(p.String), err
}

// heldQuery is every seat that is taken, in the order of groups and seats. It goes from
// groups to their seats, along the indexes of both tables; a group without any has one
// row of nothing.
const heldQuery = `select d.id, m.group_id, g.name, m.handle, d.person_id, d.seat, d.mandate, m.band
	from coalition_member m join groups g on g.id = m.group_id
	left join delegate d on d.coalition_id = $1 and d.group_id = m.group_id and d.state = 'holds' and d.until_at > $2
	where m.coalition_id = $1 and m.state = 'member'`

func scanHeld(scan func(...any) error) (held, error) {
	var h held
	var did, person, mandate sql.NullString
	var seat sql.NullInt64
	err := scan(&did, &h.Group, &h.GroupName, &h.Handle, &person, &seat, &mandate, &h.band)
	h.ID, h.Person, h.Nth, h.Mandate = did.String, id.Person(person.String), int(seat.Int64), mandate.String
	return h, err
}

// heldIn are all seats of a coalition that are taken, or those of one group of it.
func heldIn(ctx context.Context, tx *db.Tx, c, g id.Group) ([]held, error) {
	q, args := heldQuery, []any{string(c), micros(tx.Now())}
	if g != "" {
		q, args = q+" and m.group_id = $3", append(args, string(g))
	}
	all, err := db.Query(ctx, tx, q+" order by m.handle, d.seat", args, scanHeld)
	return slices.DeleteFunc(all, func(h held) bool { return h.Person == "" }), err // nobody, or an account that is gone
}

// takenQuery counts what heldQuery lists, bandsQuery the groups in it by their bands.
const (
	takenQuery = `select count(*) from coalition_member m
		join delegate d on d.coalition_id = m.coalition_id and d.group_id = m.group_id and d.state = 'holds' and d.until_at > $2
		where m.coalition_id = $1 and m.state = 'member' and d.person_id is not null`
	bandsQuery = `select m.band from coalition_member m where m.coalition_id = $1 and m.state = 'member' and exists (
		select 1 from delegate d where d.coalition_id = $1 and d.group_id = m.group_id and d.state = 'holds' and d.until_at > $2 and d.person_id is not null)`
)

// weightOf is what all seats of a coalition that are taken weigh together.
func weightOf(ctx context.Context, tx *db.Tx, c id.Group, w Weights) (n int, err error) {
	args := []any{string(c), micros(tx.Now())}
	if w == ByDelegates {
		err = tx.Get(ctx, takenQuery, args, &n)
		return n, err
	}
	all, err := db.Column[int](ctx, tx, bandsQuery, args...)
	for _, band := range all {
		n += int(w.group(band))
	}
	return n, err
}

// maxPage bounds how many groups one statement finds the seats of.
const maxPage = 50

// briefly is selectDelegate without the instructions, which can be long.
var briefly = strings.Replace(selectDelegate, "d.instructions, d.instructions_html", "'', ''", 1)

var seatsPageQuery = briefly + `join coalition_member m on m.coalition_id = d.coalition_id and m.group_id = d.group_id
	where d.coalition_id = $1 and m.coalition_id = $1 and m.state = 'member' and m.handle >= $2 and m.handle <= $3 and d.state = 'holds'
	order by m.handle, d.seat limit $4`

// seatsBetween are the seats that are taken of the member groups from one handle to
// another one, both included.
func seatsBetween(ctx context.Context, tx *db.Tx, c id.Group, from, to string) ([]Delegate, error) {
	return db.Query(ctx, tx, seatsPageQuery, []any{string(c), from, to, maxPage * MaxSeats}, scanDelegate)
}
