package coalitions

import (
	"context"
	"fmt"
	"html/template"

	"convoke/internal/db"
	"convoke/internal/id"
)

const selectCoalition = "select group_id, form, weights, secret, entry, seats, notice, points, sequence from coalition "

func scanCoalition(scan func(...any) error) (Coalition, error) {
	var c Coalition
	return c, scan(&c.Group, &c.Form, &c.Weights, &c.Secret, &c.Entry, &c.Seats, &c.Notice, &c.Points, &c.Sequence)
}

// one returns db.ErrNoRows when there is none.
func one[T any](all []T, err error) (T, error) {
	var none T
	switch {
	case err != nil:
		return none, err
	case len(all) == 0:
		return none, db.ErrNoRows
	}
	return all[0], nil
}

// coalitionOf returns db.ErrNoRows for an ordinary group.
func coalitionOf(ctx context.Context, tx *db.Tx, g id.Group) (Coalition, error) {
	return one(db.Query(ctx, tx, selectCoalition+"where group_id = $1", []any{string(g)}, scanCoalition))
}

// coalitionByForm returns db.ErrNoRows when no form with that key made one.
func coalitionByForm(ctx context.Context, tx *db.Tx, form string) (Coalition, error) {
	return one(db.Query(ctx, tx, selectCoalition+"where form = $1", []any{form}, scanCoalition))
}

func insertCoalition(ctx context.Context, tx *db.Tx, c *Coalition) error {
	_, err := tx.Exec(ctx, `insert into coalition (group_id, form, weights, secret, entry, seats, notice, points, shown, sequence)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)`,
		string(c.Group), c.Form, string(c.Weights), c.Secret, string(c.Entry), c.Seats, c.Notice, c.Points, true)
	if err != nil {
		return fmt.Errorf("insert coalition: %w", err)
	}
	return nil
}

func updateCoalition(ctx context.Context, tx *db.Tx, c *Coalition) error {
	_, err := tx.Exec(ctx, `update coalition set weights = $2, secret = $3, entry = $4, seats = $5, notice = $6, points = $7, sequence = sequence + 1
		where group_id = $1`, string(c.Group), string(c.Weights), c.Secret, string(c.Entry), c.Seats, c.Notice, c.Points)
	if err != nil {
		return fmt.Errorf("change coalition: %w", err)
	}
	return nil
}

func setShown(ctx context.Context, tx *db.Tx, c id.Group, shown bool) error {
	_, err := tx.Exec(ctx, "update coalition set shown = $2 where group_id = $1", string(c), shown)
	return err
}

// listQuery walks along one index from behind a coalition, the newest first, and counts
// the member groups of those it finds.
const listQuery = `select group_id, form, weights, secret, entry, seats, notice, points, sequence,
	(select count(*) from coalition_member m where m.coalition_id = coalition.group_id and m.state = 'member')
	from coalition where shown and group_id < $1 order by group_id desc limit $2`

// lastID is behind every id.
const lastID = "~"

// Listed is a coalition in the list.
type Listed struct {
	Coalition
	Group   Group
	Members int
}

func listCoalitions(ctx context.Context, tx *db.Tx, after string, limit int) ([]Listed, error) {
	if after == "" {
		after = lastID
	}
	return db.Query(ctx, tx, listQuery, []any{after, limit}, func(scan func(...any) error) (Listed, error) {
		var x Listed
		c, err := scanCoalition(func(dest ...any) error { return scan(append(dest, &x.Members)...) })
		x.Coalition = c
		return x, err
	})
}

const ofMemberQuery = selectCoalition + "where group_id in (select coalition_id from coalition_member where group_id = $1)"

// coalitionsOf are the coalitions that a group is anything to.
func coalitionsOf(ctx context.Context, tx *db.Tx, g id.Group) (map[id.Group]Coalition, error) {
	all, err := db.Query(ctx, tx, ofMemberQuery, []any{string(g)}, scanCoalition)
	out := make(map[id.Group]Coalition, len(all))
	for _, c := range all {
		out[c.Group] = c
	}
	return out, err
}

func insertPoints(ctx context.Context, tx *db.Tx, c id.Group, p *Points) error {
	_, err := tx.Exec(ctx, "insert into coalition_points (coalition_id, version, body, body_html, day) values ($1, $2, $3, $4, $5)",
		string(c), p.Version, p.Body, string(p.HTML), p.Day)
	if err != nil {
		return fmt.Errorf("insert points of unity: %w", err)
	}
	return nil
}

const selectPoints = "select version, body, body_html, day from coalition_points where coalition_id = $1 "

func scanPoints(scan func(...any) error) (Points, error) {
	var p Points
	var html string
	err := scan(&p.Version, &p.Body, &html, &p.Day)
	p.HTML = template.HTML(html) //nolint:gosec,forbidigo // made by markdown.Render before it was stored
	return p, err
}

// pointsOf returns db.ErrNoRows when there is no such version.
func pointsOf(ctx context.Context, tx *db.Tx, c id.Group, version int) (Points, error) {
	return one(db.Query(ctx, tx, selectPoints+"and version = $2", []any{string(c), version}, scanPoints))
}

// allPoints are all versions, the first first.
func allPoints(ctx context.Context, tx *db.Tx, c id.Group) ([]Points, error) {
	return db.Query(ctx, tx, selectPoints+"order by version", []any{string(c)}, scanPoints)
}
