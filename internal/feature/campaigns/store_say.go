package campaigns

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// demandsOf lists a campaign's demands with their history.
func demandsOf(ctx context.Context, tx *db.Tx, c id.Campaign) ([]Demand, error) {
	all, err := db.Query(ctx, tx, "select number, body, addressee, state from demand where campaign_id = $1 order by number", []any{string(c)},
		func(scan func(...any) error) (Demand, error) {
			var d Demand
			return d, scan(&d.Number, &d.Body, &d.Addressee, &d.State)
		})
	if err != nil {
		return nil, fmt.Errorf("list demands: %w", err)
	}
	type step struct {
		number int
		Change
	}
	steps, err := db.Query(ctx, tx, "select number, state, note, day, poll from demand_change where campaign_id = $1 order by number, step", []any{string(c)},
		func(scan func(...any) error) (step, error) {
			var s step
			return s, scan(&s.number, &s.State, &s.Note, &s.Day, &s.Poll)
		})
	if err != nil {
		return nil, fmt.Errorf("list the history of demands: %w", err)
	}
	for _, s := range steps {
		for i := range all {
			if all[i].Number == s.number {
				all[i].History = append(all[i].History, s.Change)
			}
		}
	}
	return all, nil
}

func insertDemand(ctx context.Context, tx *db.Tx, c id.Campaign, d Demand, form string) error {
	_, err := tx.Exec(ctx, "insert into demand (campaign_id, number, body, addressee, state, form) values ($1, $2, $3, $4, $5, $6)",
		string(c), d.Number, d.Body, d.Addressee, string(d.State), form)
	return err
}

// demandOfForm is the number of the demand that a request with that key added; 0
// when none did.
func demandOfForm(ctx context.Context, tx *db.Tx, c id.Campaign, form string) (int, error) {
	var n int
	err := tx.Get(ctx, "select number from demand where campaign_id = $1 and form = $2", []any{string(c), form}, &n)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

func setDemandState(ctx context.Context, tx *db.Tx, c id.Campaign, d Demand) error {
	_, err := tx.Exec(ctx, "update demand set state = $3 where campaign_id = $1 and number = $2", string(c), d.Number, string(d.State))
	return err
}

func addChange(ctx context.Context, tx *db.Tx, c id.Campaign, number, step int, ch Change) error {
	_, err := tx.Exec(ctx, "insert into demand_change (campaign_id, number, step, state, note, day, poll) values ($1, $2, $3, $4, $5, $6, $7)",
		string(c), number, step, string(ch.State), ch.Note, ch.Day, ch.Poll)
	return err
}

// pointsOf is one version of the points of unity; version 0 has none.
func pointsOf(ctx context.Context, tx *db.Tx, c id.Campaign, version int) (Points, error) {
	p := Points{Version: version}
	var html string
	err := tx.Get(ctx, "select body, body_html, day from campaign_points where campaign_id = $1 and version = $2",
		[]any{string(c), version}, &p.Body, &html, &p.Day)
	if errors.Is(err, db.ErrNoRows) {
		return Points{}, nil
	}
	p.HTML = stored(html)
	return p, err
}

func insertPoints(ctx context.Context, tx *db.Tx, c id.Campaign, p Points) error {
	_, err := tx.Exec(ctx, "insert into campaign_points (campaign_id, version, body, body_html, day) values ($1, $2, $3, $4, $5)",
		string(c), p.Version, p.Body, string(p.HTML), p.Day)
	return err
}

// endorsementsOf lists the groups that endorse, oldest first.
func endorsementsOf(ctx context.Context, tx *db.Tx, c id.Campaign) ([]Endorsement, error) {
	return db.Query(ctx, tx, `select group_id, version, day from endorsement where campaign_id = $1 and withdrawn = $2 order by day, group_id`,
		[]any{string(c), false}, func(scan func(...any) error) (Endorsement, error) {
			var e Endorsement
			return e, scan(&e.Group, &e.Version, &e.Day)
		})
}

func putEndorsement(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group, version int, withdrawn bool) error {
	_, err := tx.Exec(ctx, `insert into endorsement (campaign_id, group_id, version, withdrawn, day) values ($1, $2, $3, $4, $5)
		on conflict (campaign_id, group_id) do update set version = excluded.version, withdrawn = excluded.withdrawn, day = excluded.day`,
		string(c), string(g), version, withdrawn, day.Of(tx.Now()))
	return err
}

// templateOf is one version of the template; version 0 has none.
func templateOf(ctx context.Context, tx *db.Tx, c id.Campaign, version int) (Template, error) {
	t := Template{Version: version}
	err := tx.Get(ctx, "select title, kind, description, access_note, bring from campaign_template where campaign_id = $1 and version = $2",
		[]any{string(c), version}, &t.Title, &t.Kind, &t.Description, &t.AccessNote, &t.Bring)
	if errors.Is(err, db.ErrNoRows) {
		return Template{}, nil
	}
	return t, err
}

func insertTemplate(ctx context.Context, tx *db.Tx, c id.Campaign, t Template) error {
	_, err := tx.Exec(ctx, `insert into campaign_template (campaign_id, version, title, kind, description, access_note, bring, day)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, string(c), t.Version, t.Title, t.Kind, t.Description, t.AccessNote, t.Bring, day.Of(tx.Now()))
	return err
}
