package polls

import (
	"context"
	"fmt"
	"html/template"
	"strings"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
)

const columns = `id, form, group_id, wrote, title, lang, body, body_html, options, state, public, effect, subject, campaign_id, adopted,
	version, sequence, decided_at, ends_day, created_at, updated_at`

const (
	insertSQL = "insert into poll_proposal (" + columns + `) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
		$19, $20, $21) on conflict do nothing`
	updateSQL = "update poll_proposal set (" + columns + `) = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
		$19, $20, $21) where id = $1`
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

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func scanProposal(scan func(...any) error) (Proposal, error) {
	var (
		p                         Proposal
		html, options, effect     string
		wrote, campaign           *string
		decided, created, updated int64
	)
	err := scan(&p.ID, &p.Form, &p.Group, &wrote, &p.Title, &p.Lang, &p.Body, &html, &options, &p.State, &p.Public, &effect, &p.Subject,
		&campaign, &p.Adopted, &p.Version, &p.Sequence, &decided, &p.Ends, &created, &updated)
	if err != nil {
		return p, fmt.Errorf("scan proposal: %w", err)
	}
	p.HTML = template.HTML(html) //nolint:gosec,forbidigo // made and cleaned by package markdown when it was stored
	p.Wrote, p.Campaign, p.Options, p.Effect = id.Person(text(wrote)), id.Campaign(text(campaign)), lines(options), fact.Effect(effect)
	if decided > 0 {
		p.Decided = clock.FromMicros(decided)
	}
	p.Created, p.Updated = clock.FromMicros(created), clock.FromMicros(updated)
	return p, nil
}

func values(p *Proposal) []any {
	decided := int64(0)
	if !p.Decided.IsZero() {
		decided = clock.Micros(p.Decided)
	}
	return []any{
		string(p.ID), p.Form, string(p.Group), orNil(string(p.Wrote)), p.Title, p.Lang, p.Body, string(p.HTML), join(p.Options),
		string(p.State), p.Public, string(p.Effect), p.Subject, orNil(string(p.Campaign)), p.Adopted, p.Version, p.Sequence, decided, p.Ends,
		clock.Micros(p.Created), clock.Micros(p.Updated),
	}
}

func insertProposal(ctx context.Context, tx *db.Tx, p *Proposal) error {
	if _, err := tx.Exec(ctx, insertSQL, values(p)...); err != nil {
		return fmt.Errorf("insert proposal: %w", err)
	}
	return nil
}

func updateProposal(ctx context.Context, tx *db.Tx, p *Proposal) error {
	if _, err := tx.Exec(ctx, updateSQL, values(p)...); err != nil {
		return fmt.Errorf("update proposal: %w", err)
	}
	return nil
}

// proposalBy returns db.ErrNoRows when there is none; column is a constant.
func proposalBy(ctx context.Context, tx *db.Tx, column, value string) (Proposal, error) {
	return scanProposal(func(dest ...any) error {
		return tx.Get(ctx, "select "+columns+" from poll_proposal where "+column+" = $1", []any{value}, dest...)
	})
}

// cursor is a place in a list, the latest first.
type cursor struct {
	updated int64
	id      string
}

// listProposals reads one page: of everybody's proposals those that are public, of a
// group all when inside.
func listProposals(ctx context.Context, tx *db.Tx, g id.Group, inside bool, after cursor, limit int) ([]Proposal, error) {
	where, args := "public and state <> 'draft' and group_id in (select id from groups where not suspended)", []any{after.updated, after.id, limit}
	if g != "" {
		where, args = "group_id = $4 and (public and state <> 'draft' or $5)", append(args, string(g), inside)
	}
	return db.Query(ctx, tx, "select "+columns+" from poll_proposal where (updated_at, id) < ($1, $2) and "+where+" order by updated_at desc, id desc limit $3",
		args, scanProposal)
}

// ofCampaign lists the public proposals about a campaign.
func ofCampaign(ctx context.Context, tx *db.Tx, c id.Campaign, limit int) ([]Proposal, error) {
	return db.Query(ctx, tx, "select "+columns+` from poll_proposal where campaign_id = $1 and public and state <> 'draft'
		and group_id in (select id from groups where not suspended) order by updated_at desc, id desc limit $2`, []any{string(c), limit}, scanProposal)
}

// Version is an earlier text, and what was changed then.
type Version struct {
	N int
	Text
	Note string
	Day  int
}

func insertVersion(ctx context.Context, tx *db.Tx, p *Proposal, note string) error {
	return putVersion(ctx, tx, p.ID, &Version{N: p.Version, Text: p.Text, Note: note, Day: day.Of(tx.Now())})
}

func putVersion(ctx context.Context, tx *db.Tx, p ID, v *Version) error {
	_, err := tx.Exec(ctx, "insert into poll_text (proposal_id, n, title, body, options, note, day) values ($1, $2, $3, $4, $5, $6, $7)",
		string(p), v.N, v.Title, v.Body, join(v.Options), v.Note, v.Day)
	if err != nil {
		return fmt.Errorf("keep a version: %w", err)
	}
	return nil
}

// versionsOf are the earlier texts, the first one first.
func versionsOf(ctx context.Context, tx *db.Tx, p ID) ([]Version, error) {
	return db.Query(ctx, tx, "select n, title, body, options, note, day from poll_text where proposal_id = $1 order by n", []any{string(p)},
		func(scan func(...any) error) (Version, error) {
			var v Version
			var options string
			err := scan(&v.N, &v.Title, &v.Body, &options, &v.Note, &v.Day)
			v.Options = lines(options)
			return v, err
		})
}

// over are proposals whose discussion is kept no longer, forgotten those that nobody
// has touched for so long that they count as withdrawn.
func over(ctx context.Context, tx *db.Tx, limit int) ([]ID, error) {
	return db.Column[ID](ctx, tx, "select id from poll_proposal where ends_day > 0 and ends_day <= $1 order by ends_day limit $2", day.Of(tx.Now()), limit)
}

func forgotten(ctx context.Context, tx *db.Tx, before int64, limit int) ([]ID, error) {
	return db.Column[ID](ctx, tx, "select id from poll_proposal where state in ('draft', 'discussed') and updated_at < $1 order by updated_at limit $2", before, limit)
}

func idsOfGroup(ctx context.Context, tx *db.Tx, g id.Group) ([]ID, error) {
	return db.Column[ID](ctx, tx, "select id from poll_proposal where group_id = $1 order by id", string(g))
}

// eraseDiscussion deletes who wrote what.
func eraseDiscussion(ctx context.Context, tx *db.Tx, p ID) error {
	for _, q := range []string{
		"delete from poll_comment where proposal_id = $1", "delete from poll_amendment where proposal_id = $1",
		"update poll_proposal set wrote = null, ends_day = 0 where id = $1", "update poll set opened_by = null, candidates = '' where proposal_id = $1",
	} {
		if _, err := tx.Exec(ctx, q, string(p)); err != nil {
			return fmt.Errorf("erase a discussion: %w", err)
		}
	}
	return nil
}

// join writes options one a line.
func join(options []string) string { return strings.Join(options, "\n") }
