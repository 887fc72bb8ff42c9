package statements

import (
	"context"
	"fmt"
	"html/template"
	"strings"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// columns in the order of scanRow and values.
const columns = `id, group_id, uid, slug, state, listed, day, lang, byline, tags, picture, picture_alt, revised, withdrawn, why,
	sequence, created_at, updated_at, campaign_id`

// selectRows reads the statements that inner picks, each with all its texts, in
// the order of outer.
func selectRows(inner, outer string) string {
	return "select s." + strings.Join(strings.Fields(columns), " s.") + `, t.lang, t.title, t.markdown, t.html, t.credit, t.made_of
		from (select s.* from ` + inner + `) s join statement_text t on t.statement_id = s.id order by ` + outer + ", t.lang"
}

const latestFirst = "s.day desc, s.id desc"

// query reads rows of [selectRows]; those of one statement follow each other.
func query(ctx context.Context, tx *db.Tx, q string, args ...any) ([]Statement, error) {
	var out []Statement
	err := tx.Each(ctx, q, args, func(scan func(...any) error) error {
		s, t, err := scanRow(scan)
		if err != nil {
			return fmt.Errorf("scan statement: %w", err)
		}
		if n := len(out); n == 0 || out[n-1].ID != s.ID {
			out = append(out, s)
		}
		last := &out[len(out)-1]
		last.Texts = append(last.Texts, t)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read statements: %w", err)
	}
	for i := range out {
		out[i].order()
	}
	return out, nil
}

func scanRow(scan func(...any) error) (Statement, Text, error) {
	var (
		s                Statement
		t                Text
		listed           bool
		tags, html       string
		created, updated int64
		campaign         *string
	)
	err := scan(&s.ID, &s.Group, &s.UID, &s.Slug, &s.State, &listed, &s.Day, &s.Lang, &s.Byline, &tags, &s.Picture, &s.PictureAlt,
		&s.Revised, &s.Withdrawn, &s.Why, &s.Sequence, &created, &updated, &campaign, &t.Lang, &t.Title, &t.Markdown, &html, &t.Credit, &t.Of)
	if campaign != nil {
		s.Campaign = id.Campaign(*campaign)
	}
	s.Tags, s.hidden = splitTags(tags), s.State.Listed() && !listed
	s.Created, s.Updated = clock.FromMicros(created), clock.FromMicros(updated)
	t.HTML = template.HTML(html) //nolint:gosec // made and cleaned by package markdown when it was stored
	return s, t, err
}

func values(s *Statement) []any {
	var campaign any
	if s.Campaign != "" {
		campaign = string(s.Campaign)
	}
	return []any{
		string(s.ID), string(s.Group), s.UID, s.Slug, string(s.State), s.listed(), s.Day, s.Lang, s.Byline, joinTags(s.Tags),
		s.Picture, s.PictureAlt, s.Revised, s.Withdrawn, s.Why, s.Sequence, clock.Micros(s.Created), clock.Micros(s.Updated), campaign,
	}
}

// one returns db.ErrNoRows when no statement fits.
func one(ctx context.Context, tx *db.Tx, where string, args ...any) (Statement, error) {
	all, err := query(ctx, tx, selectRows("statement s where "+where, "s.id"), args...)
	if err != nil {
		return Statement{}, err
	}
	if len(all) == 0 {
		return Statement{}, db.ErrNoRows
	}
	all[0].Corrections, err = correctionsOf(ctx, tx, all[0].ID)
	return all[0], err
}

func byID(ctx context.Context, tx *db.Tx, sid ID) (Statement, error) {
	return one(ctx, tx, "s.id = $1", string(sid))
}

func bySlug(ctx context.Context, tx *db.Tx, g id.Group, slug string) (Statement, error) {
	return one(ctx, tx, "s.group_id = $1 and s.slug = $2", string(g), slug)
}

// byForm finds what a form has made already.
func byForm(ctx context.Context, tx *db.Tx, g id.Group, key string) (ID, error) {
	var sid ID
	err := tx.Get(ctx, "select id from statement where group_id = $1 and uid = $2", []any{string(g), key}, &sid)
	return sid, err
}

func correctionsOf(ctx context.Context, tx *db.Tx, sid ID) ([]Correction, error) {
	return db.Query(ctx, tx, "select day, lang, note from statement_correction where statement_id = $1 order by number", []any{string(sid)},
		func(scan func(...any) error) (Correction, error) {
			var c Correction
			err := scan(&c.Day, &c.Lang, &c.Note)
			return c, err
		})
}

// page reads up to n statements of a query, latest first: of a group, a campaign,
// both or, with neither, of all.
func page(ctx context.Context, tx *db.Tx, q *Query, g id.Group, camp id.Campaign, n int) ([]Statement, error) {
	day, last := q.after()
	args := []any{day, last}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	inner := "statement s where s.listed and (s.day, s.id) < ($1, $2)"
	order := " order by s.day desc, s.id desc"
	switch {
	case g != "" || camp != "":
		if g != "" {
			inner += " and s.group_id = " + arg(string(g))
		}
		if camp != "" {
			inner += " and s.campaign_id = " + arg(string(camp))
		}
		if q.Lang != "" {
			inner += " and exists (select 1 from statement_text x where x.statement_id = s.id and x.lang = " + arg(q.Lang) + ")"
		}
	case q.Lang != "":
		inner = `statement_text x join statement s on s.id = x.statement_id
			where x.listed and x.lang = ` + arg(q.Lang) + " and (x.day, x.statement_id) < ($1, $2)"
		order = " order by x.day desc, x.statement_id desc"
	}
	return query(ctx, tx, selectRows(inner+order+" limit "+arg(n), latestFirst), args...)
}

// maxDrafts is how many drafts a group's page shows.
const maxDrafts = 50

func drafts(ctx context.Context, tx *db.Tx, g id.Group) ([]Statement, error) {
	return query(ctx, tx, selectRows("statement s where s.group_id = $1 and s.state = 'draft' order by s.id desc limit $2", "s.id desc"),
		string(g), maxDrafts)
}

// afterSlug reads up to n statements of a group in the order of their slugs.
func afterSlug(ctx context.Context, tx *db.Tx, g id.Group, slug string, n int) ([]Statement, error) {
	all, err := query(ctx, tx, selectRows("statement s where s.group_id = $1 and s.slug > $2 order by s.slug limit $3", "s.slug"),
		string(g), slug, n)
	for i := range all {
		if err == nil {
			all[i].Corrections, err = correctionsOf(ctx, tx, all[i].ID)
		}
	}
	return all, err
}

// freeSlug is slug, or slug with a number where that is taken, or else own.
func freeSlug(ctx context.Context, tx *db.Tx, g id.Group, slug, own string) (string, error) {
	if !validSlug(slug) {
		return own, nil
	}
	try := slug
	for n := 2; n < 20; n++ {
		var k int
		err := tx.Get(ctx, "select count(*) from statement where group_id = $1 and slug = $2", []any{string(g), try}, &k)
		if err != nil || k == 0 {
			return try, err
		}
		try = fmt.Sprintf("%s-%d", slug, n)
	}
	return own, nil
}

func placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

var (
	insertSQL = "insert into statement (" + columns + ") values (" + placeholders(1, 19) + ")"
	updateSQL = "update statement set (" + columns + ") = (" + placeholders(1, 19) + ") where id = $1"
)

func insertStatement(ctx context.Context, tx *db.Tx, s *Statement) error {
	if _, err := tx.Exec(ctx, insertSQL, values(s)...); err != nil {
		return fmt.Errorf("insert statement: %w", err)
	}
	return nil
}

// updateStatement also keeps what the texts repeat of the statement.
func updateStatement(ctx context.Context, tx *db.Tx, s *Statement) error {
	if _, err := tx.Exec(ctx, updateSQL, values(s)...); err != nil {
		return fmt.Errorf("update statement: %w", err)
	}
	if _, err := tx.Exec(ctx, "update statement_text set day = $2, listed = $3 where statement_id = $1", string(s.ID), s.Day, s.listed()); err != nil {
		return fmt.Errorf("update texts: %w", err)
	}
	return nil
}

// putText stores a text; hash is of the file that it comes from, or nil.
func putText(ctx context.Context, tx *db.Tx, s *Statement, t Text, hash []byte) error {
	_, err := tx.Exec(ctx, `insert into statement_text (statement_id, lang, day, listed, title, markdown, html, hash, credit, made_of)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (statement_id, lang) do update set title = excluded.title, markdown = excluded.markdown, html = excluded.html,
			credit = excluded.credit, made_of = excluded.made_of,
			hash = coalesce(excluded.hash, statement_text.hash)`,
		string(s.ID), t.Lang, s.Day, s.listed(), t.Title, t.Markdown, string(t.HTML), hash, t.Credit, t.Of)
	if err != nil {
		return fmt.Errorf("store text: %w", err)
	}
	return nil
}

// moveText says that a text is in another language than was said.
func moveText(ctx context.Context, tx *db.Tx, sid ID, from, to string) error {
	for _, table := range [...]string{"statement_text", "statement_correction"} {
		if _, err := tx.Exec(ctx, "update "+table+" set lang = $3 where statement_id = $1 and lang = $2", string(sid), from, to); err != nil {
			return fmt.Errorf("change the language: %w", err)
		}
	}
	return nil
}

func addCorrection(ctx context.Context, tx *db.Tx, sid ID, number int, c Correction) error {
	_, err := tx.Exec(ctx, "insert into statement_correction (statement_id, number, day, lang, note) values ($1, $2, $3, $4, $5)",
		string(sid), number, c.Day, c.Lang, c.Note)
	if err != nil {
		return fmt.Errorf("note correction: %w", err)
	}
	return nil
}

// hashOf is that of the file a text was taken from; nil when it was written here
// or is not there.
func hashOf(ctx context.Context, tx *db.Tx, sid ID, lang string) ([]byte, error) {
	all, err := db.Column[[]byte](ctx, tx, "select hash from statement_text where statement_id = $1 and lang = $2", string(sid), lang)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// owner is a group with a campaign, or with "" for none.
type owner struct {
	group    id.Group
	campaign id.Campaign
}

// ownersWhere lists whose statements have that value in a column, drafts aside;
// column is a constant.
func ownersWhere(ctx context.Context, tx *db.Tx, column, value string) ([]owner, error) {
	return db.Query(ctx, tx, "select distinct group_id, coalesce(campaign_id, '') from statement where "+column+" = $1 and state <> 'draft'", []any{value},
		func(scan func(...any) error) (owner, error) {
			var o owner
			return o, scan(&o.group, &o.campaign)
		})
}

// list hides or shows what a group has published under a campaign, or under none.
func list(ctx context.Context, tx *db.Tx, o owner, listed bool) error {
	where := "group_id = $1 and coalesce(campaign_id, '') = $2 and state <> 'draft'"
	_, err := tx.Exec(ctx, "update statement set listed = $3 where "+where, string(o.group), string(o.campaign), listed)
	if err == nil {
		_, err = tx.Exec(ctx, "update statement_text set listed = $3 where statement_id in (select id from statement where "+where+")",
			string(o.group), string(o.campaign), listed)
	}
	if err != nil {
		return fmt.Errorf("hide or show statements: %w", err)
	}
	return nil
}
