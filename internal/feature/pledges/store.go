package pledges

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/record/told"
)

const columns = `id, slug, form, title, lang, kind, body, body_html, gate, split, personal, people, deadline, zone, state, shown, salt,
	text_hash, box_id, campaign_id, event_id, sequence, created_at, updated_at, elsewhere`

const (
	insertSQL = "insert into pledge (" + columns + `) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
		$19, $20, $21, $22, $23, $24, $25) on conflict do nothing`
	updateSQL = "update pledge set (" + columns + `) = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
		$19, $20, $21, $22, $23, $24, $25) where id = $1`
)

// text is a column that may be absent.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func scanPledge(scan func(...any) error) (Pledge, error) {
	var (
		p                          Pledge
		html, elsewhere            string
		shown                      bool
		box, campaign, event       *string
		deadline, created, updated int64
	)
	err := scan(&p.ID, &p.Slug, &p.Form, &p.Title, &p.Lang, &p.Kind, &p.Body, &html, &p.Gate, &p.Split, &p.Personal, &p.People, &deadline,
		&p.Zone, &p.State, &shown, &p.Salt, &p.Hash, &box, &campaign, &event, &p.Sequence, &created, &updated, &elsewhere)
	if err != nil {
		return p, fmt.Errorf("scan pledge: %w", err)
	}
	if p.Told, err = told.Read(elsewhere); err != nil {
		return p, err
	}
	p.HTML = template.HTML(html) //nolint:gosec,forbidigo // made and cleaned by package markdown when it was stored
	p.Box, p.Campaign, p.Event = text(box), id.Campaign(text(campaign)), id.Event(text(event))
	p.Deadline, p.Created, p.Updated = clock.FromMicros(deadline), clock.FromMicros(created), clock.FromMicros(updated)
	return p, nil
}

func values(p *Pledge, shown bool) []any {
	return []any{
		string(p.ID), p.Slug, p.Form, p.Title, p.Lang, p.Kind, p.Body, string(p.HTML), p.Gate, p.Split, p.Personal, p.People,
		clock.Micros(p.Deadline), p.Zone, string(p.State), shown, p.Salt, p.Hash, orNil(p.Box), orNil(string(p.Campaign)),
		orNil(string(p.Event)), p.Sequence, clock.Micros(p.Created), clock.Micros(p.Updated),
		p.Told.Text(),
	}
}

// insertPledge reports false when the slug or the form's key is taken.
func insertPledge(ctx context.Context, tx *db.Tx, p *Pledge) (bool, error) {
	n, err := tx.Exec(ctx, insertSQL, values(p, p.State.Public())...)
	if err != nil {
		return false, fmt.Errorf("insert pledge: %w", err)
	}
	return n == 1, nil
}

func updatePledge(ctx context.Context, tx *db.Tx, p *Pledge, shown bool) error {
	if _, err := tx.Exec(ctx, updateSQL, values(p, shown)...); err != nil {
		return fmt.Errorf("update pledge: %w", err)
	}
	return nil
}

// pledgeBy returns db.ErrNoRows when there is none; column is a constant.
func pledgeBy(ctx context.Context, tx *db.Tx, column, value string) (Pledge, error) {
	p, err := scanPledge(func(dest ...any) error {
		return tx.Get(ctx, "select "+columns+" from pledge where "+column+" = $1", []any{value}, dest...)
	})
	if err != nil {
		return p, err
	}
	if p.Parts, err = partsOf(ctx, tx, p.ID); err != nil {
		return p, err
	}
	p.Reached, err = reachedOf(ctx, tx, p.ID)
	return p, err
}

func partsOf(ctx context.Context, tx *db.Tx, p ID) ([]Part, error) {
	return db.Query(ctx, tx, "select label, group_id from pledge_part where pledge_id = $1 order by n", []any{string(p)},
		func(scan func(...any) error) (Part, error) {
			var x Part
			var g *string
			err := scan(&x.Label, &g)
			x.Group = id.Group(text(g))
			return x, err
		})
}

func putParts(ctx context.Context, tx *db.Tx, p *Pledge) error {
	if _, err := tx.Exec(ctx, "delete from pledge_part where pledge_id = $1", string(p.ID)); err != nil {
		return fmt.Errorf("replace parts: %w", err)
	}
	for n, x := range p.Parts {
		_, err := tx.Exec(ctx, "insert into pledge_part (pledge_id, n, label, group_id) values ($1, $2, $3, $4)",
			string(p.ID), n, x.Label, orNil(string(x.Group)))
		if err != nil {
			return fmt.Errorf("insert part: %w", err)
		}
	}
	return nil
}

func reachedOf(ctx context.Context, tx *db.Tx, p ID) ([]Success, error) {
	return db.Query(ctx, tx, "select part, people, reached_at from pledge_reached where pledge_id = $1 order by part", []any{string(p)},
		func(scan func(...any) error) (Success, error) {
			var s Success
			var at int64
			err := scan(&s.Part, &s.People, &at)
			s.At = clock.FromMicros(at)
			return s, err
		})
}

// insertReached is not ok when it was reached before.
func insertReached(ctx context.Context, tx *db.Tx, p ID, s Success) (ok bool, err error) {
	n, err := tx.Exec(ctx, "insert into pledge_reached (pledge_id, part, people, reached_at) values ($1, $2, $3, $4) on conflict do nothing",
		string(p), s.Part, s.People, clock.Micros(s.At))
	if err != nil {
		return false, fmt.Errorf("note success: %w", err)
	}
	return n == 1, nil
}

func putState(ctx context.Context, tx *db.Tx, p ID, s State) error {
	if _, err := tx.Exec(ctx, "update pledge set state = $2, updated_at = $3 where id = $1", string(p), string(s), clock.Micros(tx.Now())); err != nil {
		return fmt.Errorf("set the state of a pledge: %w", err)
	}
	return nil
}

func setShown(ctx context.Context, tx *db.Tx, p ID, shown bool) error {
	if _, err := tx.Exec(ctx, "update pledge set shown = $2 where id = $1", string(p), shown); err != nil {
		return fmt.Errorf("show or hide a pledge: %w", err)
	}
	return nil
}

// overdue are pledges whose deadline has passed without an answer.
func overdue(ctx context.Context, tx *db.Tx, now time.Time, limit int) ([]ID, error) {
	return db.Column[ID](ctx, tx, "select id from pledge where state = 'open' and deadline <= $1 order by deadline limit $2", clock.Micros(now), limit)
}

// cursor is a place in the list.
type cursor struct {
	deadline int64
	id       string
}

// listPledges reads public pledges that can still be joined, the nearest deadline
// first, or those that are over, the latest first.
func listPledges(ctx context.Context, tx *db.Tx, past bool, now time.Time, after cursor, limit int) ([]Pledge, error) {
	q := "select " + columns + " from pledge where shown and deadline > $1 and (deadline, id) > ($2, $3) order by deadline, id limit $4"
	if past {
		q = "select " + columns + " from pledge where shown and deadline <= $1 and (deadline, id) < ($2, $3) order by deadline desc, id desc limit $4"
	}
	return db.Query(ctx, tx, q, []any{clock.Micros(now), after.deadline, after.id, limit}, scanPledge)
}

// of lists the public pledges of a campaign or an event, the latest deadline first;
// column is a constant.
func of(ctx context.Context, tx *db.Tx, column, value string, limit int) ([]Pledge, error) {
	return db.Query(ctx, tx, "select "+columns+" from pledge where "+column+" = $1 and shown order by deadline desc, id limit $2",
		[]any{value, limit}, scanPledge)
}

// ofGroup lists the pledges in which a group has that part, the latest first; hidden
// ones and drafts only when asked to.
func ofGroup(ctx context.Context, tx *db.Tx, g id.Group, s OwnerState, hidden bool, limit int) ([]Pledge, error) {
	return db.Query(ctx, tx, "select "+columns+` from pledge where (shown or $3) and id in
		(select pledge_id from pledge_owner where group_id = $1 and state = $2) order by deadline desc, id limit $4`,
		[]any{string(g), string(s), hidden, limit}, scanPledge)
}

// eachOfGroup reads the pledges that a group owns, in the order of their ids.
func eachOfGroup(ctx context.Context, tx *db.Tx, g id.Group, f func(*Pledge) error) error {
	all, err := db.Column[string](ctx, tx, "select pledge_id from pledge_owner where group_id = $1 and state = 'owns' order by pledge_id", string(g))
	if err != nil {
		return fmt.Errorf("read a group's pledges: %w", err)
	}
	for _, pid := range all {
		p, err := pledgeBy(ctx, tx, "id", pid)
		if err != nil {
			return err
		}
		if err := f(&p); err != nil {
			return err
		}
	}
	return nil
}

// ofArchive finds a pledge of a group as it is in an archive: by its id, or as what
// came in. It returns db.ErrNoRows when the group owns none such.
func ofArchive(ctx context.Context, tx *db.Tx, g id.Group, in *Pledge) (Pledge, error) {
	p, err := pledgeBy(ctx, tx, "id", string(in.ID))
	if errors.Is(err, db.ErrNoRows) {
		return pledgeBy(ctx, tx, "form", in.Form)
	}
	if err != nil {
		return p, err
	}
	state, err := ownerState(ctx, tx, p.ID, g)
	if err == nil && state != Owns {
		return pledgeBy(ctx, tx, "form", in.Form)
	}
	return p, err
}

func slugFree(ctx context.Context, tx *db.Tx, slug string) (bool, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from pledge where slug = $1", []any{slug}, &n)
	return n == 0, err
}

// OwnerState is what a group is to a pledge.
type OwnerState string

// The states of an owner.
const (
	Asked OwnerState = "asked"
	Owns  OwnerState = "owns"
	Left  OwnerState = "left"
)

// Owner is a group's part in a pledge.
type Owner struct {
	Group id.Group
	State OwnerState
}

func ownersOf(ctx context.Context, tx *db.Tx, p ID) ([]Owner, error) {
	return db.Query(ctx, tx, "select group_id, state from pledge_owner where pledge_id = $1 order by since_day, group_id", []any{string(p)},
		func(scan func(...any) error) (Owner, error) {
			var o Owner
			return o, scan(&o.Group, &o.State)
		})
}

// ownerState is "" for a group that has no part.
func ownerState(ctx context.Context, tx *db.Tx, p ID, g id.Group) (OwnerState, error) {
	var s OwnerState
	err := tx.Get(ctx, "select state from pledge_owner where pledge_id = $1 and group_id = $2", []any{string(p), string(g)}, &s)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return s, err
}

func putOwner(ctx context.Context, tx *db.Tx, p ID, g id.Group, s OwnerState) error {
	_, err := tx.Exec(ctx, `insert into pledge_owner (pledge_id, group_id, state, since_day) values ($1, $2, $3, $4)
		on conflict (pledge_id, group_id) do update set state = excluded.state, since_day = excluded.since_day`,
		string(p), string(g), string(s), day.Of(tx.Now()))
	if err != nil {
		return fmt.Errorf("store owner: %w", err)
	}
	return nil
}

func dropOwner(ctx context.Context, tx *db.Tx, p ID, g id.Group) error {
	_, err := tx.Exec(ctx, "delete from pledge_owner where pledge_id = $1 and group_id = $2", string(p), string(g))
	if err != nil {
		return fmt.Errorf("drop owner: %w", err)
	}
	return nil
}
