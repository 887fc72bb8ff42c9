package campaigns

import (
	"context"
	"errors"
	"fmt"
	"html/template"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

const columns = `id, handle, form, title, lang, statement, statement_html, dates, first_day, last_day, picture, picture_alt,
	state, shown, points, template, sequence, created_at, updated_at`

func scanCampaign(scan func(...any) error) (Campaign, error) {
	var (
		c                Campaign
		html, dates      string
		first, last      int
		created, updated int64
	)
	err := scan(&c.ID, &c.Handle, &c.Form, &c.Text.Title, &c.Text.Lang, &c.Text.Statement, &html, &dates, &first, &last, &c.Picture, &c.Alt,
		&c.State, &c.shown, &c.Points, &c.Template, &c.Sequence, &created, &updated)
	if err != nil {
		return c, fmt.Errorf("scan campaign: %w", err)
	}
	c.Text.HTML, c.was = stored(html), c.State
	c.Dates = readDates(dates)
	c.Created, c.Updated = clock.FromMicros(created), clock.FromMicros(updated)
	return c, nil
}

// stored marks HTML that package markdown made and cleaned before it was kept.
func stored(s string) template.HTML { return template.HTML(s) } //nolint:gosec,forbidigo // see above

func values(c *Campaign, shown bool) []any {
	first, _ := c.span()
	return []any{
		string(c.ID), c.Handle, c.Form, c.Text.Title, c.Text.Lang, c.Text.Statement, string(c.Text.HTML), writeDates(c.Dates), first, c.lastDay(),
		c.Picture, c.Alt, string(c.State), shown, c.Points, c.Template, c.Sequence, clock.Micros(c.Created), clock.Micros(c.Updated),
	}
}

// insertCampaign reports false when the handle or the form's key is taken.
func insertCampaign(ctx context.Context, tx *db.Tx, c *Campaign) (bool, error) {
	n, err := tx.Exec(ctx, "insert into campaign ("+columns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) on conflict do nothing`,
		values(c, c.State.Public())...)
	if err != nil {
		return false, fmt.Errorf("insert campaign: %w", err)
	}
	return n == 1, nil
}

func updateCampaign(ctx context.Context, tx *db.Tx, c *Campaign, shown bool) error {
	_, err := tx.Exec(ctx, "update campaign set ("+columns+`) =
		($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) where id = $1`, values(c, shown)...)
	if err != nil {
		return fmt.Errorf("update campaign: %w", err)
	}
	return nil
}

// campaignBy returns db.ErrNoRows when there is none; column is a constant.
func campaignBy(ctx context.Context, tx *db.Tx, column, value string) (Campaign, error) {
	all, err := db.Query(ctx, tx, "select "+columns+" from campaign where "+column+" = $1", []any{value}, scanCampaign)
	if err != nil {
		return Campaign{}, err
	}
	if len(all) == 0 {
		return Campaign{}, db.ErrNoRows
	}
	return all[0], nil
}

// listCampaigns reads campaigns whose last day is from on, or before it, behind
// the one with that last day and id.
func listCampaigns(ctx context.Context, tx *db.Tx, past bool, today int, after cursor, limit int) ([]Campaign, error) {
	q := "select " + columns + " from campaign where shown and last_day >= $1 and (last_day, id) > ($2, $3) order by last_day, id limit $4"
	if past {
		q = "select " + columns + " from campaign where shown and last_day < $1 and (last_day, id) < ($2, $3) order by last_day desc, id desc limit $4"
	}
	return db.Query(ctx, tx, q, []any{today, after.day, after.id, limit}, scanCampaign)
}

func setShown(ctx context.Context, tx *db.Tx, c id.Campaign, shown bool) error {
	_, err := tx.Exec(ctx, "update campaign set shown = $2 where id = $1", string(c), shown)
	return err
}

func scanText(scan func(...any) error) (Text, error) {
	var t Text
	var html string
	err := scan(&t.Lang, &t.Title, &t.Statement, &html, &t.Credit, &t.Of)
	t.HTML = stored(html)
	return t, err
}

// textsOf lists what a campaign says in further languages.
func textsOf(ctx context.Context, tx *db.Tx, c id.Campaign) ([]Text, error) {
	return db.Query(ctx, tx, "select lang, title, statement, statement_html, credit, made_of from campaign_text where campaign_id = $1 order by lang",
		[]any{string(c)}, scanText)
}

func putText(ctx context.Context, tx *db.Tx, c id.Campaign, t Text) error {
	_, err := tx.Exec(ctx, `insert into campaign_text (campaign_id, lang, title, statement, statement_html, credit, made_of)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (campaign_id, lang) do update set title = excluded.title, statement = excluded.statement, statement_html = excluded.statement_html,
			credit = excluded.credit, made_of = excluded.made_of`,
		string(c), t.Lang, t.Title, t.Statement, string(t.HTML), t.Credit, t.Of)
	return err
}

func dropText(ctx context.Context, tx *db.Tx, c id.Campaign, lang string) error {
	_, err := tx.Exec(ctx, "delete from campaign_text where campaign_id = $1 and lang = $2", string(c), lang)
	return err
}

func scanOwner(scan func(...any) error) (Owner, error) {
	var o Owner
	return o, scan(&o.Group, &o.State, &o.Since)
}

// ownersOf lists the groups of a campaign in any state.
func ownersOf(ctx context.Context, tx *db.Tx, c id.Campaign) ([]Owner, error) {
	return db.Query(ctx, tx, "select group_id, state, since_day from campaign_owner where campaign_id = $1 order by since_day, group_id",
		[]any{string(c)}, scanOwner)
}

// ownerOf is a group's part in a campaign; State is "" when it has none.
func ownerOf(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group) (Owner, error) {
	var o Owner
	err := tx.Get(ctx, "select group_id, state, since_day from campaign_owner where campaign_id = $1 and group_id = $2",
		[]any{string(c), string(g)}, &o.Group, &o.State, &o.Since)
	if errors.Is(err, db.ErrNoRows) {
		return Owner{}, nil
	}
	return o, err
}

func putOwner(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group, s OwnerState) error {
	_, err := tx.Exec(ctx, `insert into campaign_owner (campaign_id, group_id, state, since_day) values ($1, $2, $3, $4)
		on conflict (campaign_id, group_id) do update set state = excluded.state, since_day = excluded.since_day`,
		string(c), string(g), string(s), day.Of(tx.Now()))
	return err
}

func dropOwner(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group) error {
	_, err := tx.Exec(ctx, "delete from campaign_owner where campaign_id = $1 and group_id = $2", string(c), string(g))
	return err
}

// campaignsOf lists the campaigns in which a group has that part.
func campaignsOf(ctx context.Context, tx *db.Tx, g id.Group, s OwnerState) ([]Campaign, error) {
	return db.Query(ctx, tx, "select "+prefixed+` from campaign_owner o join campaign c on c.id = o.campaign_id
		where o.group_id = $1 and o.state = $2 order by c.last_day desc, c.id`, []any{string(g), string(s)}, scanCampaign)
}

// prefixed are the columns of campaign under the name c.
const prefixed = `c.id, c.handle, c.form, c.title, c.lang, c.statement, c.statement_html, c.dates, c.first_day, c.last_day, c.picture,
	c.picture_alt, c.state, c.shown, c.points, c.template, c.sequence, c.created_at, c.updated_at`
