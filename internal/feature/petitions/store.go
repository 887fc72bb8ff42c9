package petitions

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"strings"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/record/leaf"
	"convoke/internal/record/told"
	"convoke/internal/slug"
)

// columns in the order of scan and values.
const columns = `id, group_id, campaign_id, form, slug, state, listed, placed, gate, lang, addressee, title, markdown, html, stages,
	opens, closes, box_id, roll_id, salt, eligible, codes, delivered, reply_by, silent_at, silent, refused, expires_at, told_at,
	sequence, created_at, updated_at, elsewhere`

const nColumns = 33

func scan(scan func(...any) error) (Petition, error) {
	var (
		p                   Petition
		campaign, box, roll *string
		html, stages        string
		elsewhere           string
		created, updated    int64
	)
	err := scan(&p.ID, &p.Group, &campaign, &p.form, &p.Slug, &p.State, &p.listed, &p.placed, &p.Gate, &p.Text.Lang, &p.Text.Addressee,
		&p.Text.Title, &p.Text.Markdown, &html, &stages, &p.Opens, &p.Closes, &box, &roll, &p.Salt, &p.Eligible, &p.Codes, &p.Delivered,
		&p.ReplyBy, &p.silentAt, &p.Silent, &p.Refused, &p.expires, &p.told, &p.Sequence, &created, &updated, &elsewhere)
	if err != nil {
		return p, err
	}
	if campaign != nil {
		p.Campaign = id.Campaign(*campaign)
	}
	for to, from := range map[*leaf.ID]*string{&p.Box: box, &p.Roll: roll} {
		if from != nil {
			if *to, err = leaf.ParseID(*from); err != nil {
				return p, err
			}
		}
	}
	if p.Elsewhere, err = told.Read(elsewhere); err != nil {
		return p, err
	}
	p.Text.HTML = template.HTML(html) //nolint:gosec // made and cleaned by package markdown when it was stored
	p.Stages, p.Created, p.Updated = splitStages(stages), clock.FromMicros(created), clock.FromMicros(updated)
	return p, nil
}

// orNil keeps what is not there as null.
func orNil(there bool, s string) any {
	if !there {
		return nil
	}
	return s
}

func values(p *Petition) []any {
	return []any{
		p.ID, string(p.Group), orNil(p.Campaign != "", string(p.Campaign)), p.form, p.Slug, string(p.State), p.listed, p.placed, p.Gate,
		p.Text.Lang, p.Text.Addressee, p.Text.Title, p.Text.Markdown, string(p.Text.HTML), joinStages(p.Stages, ","), p.Opens, p.Closes,
		orNil(p.Box != leaf.ID{}, p.Box.String()), orNil(p.Roll != leaf.ID{}, p.Roll.String()), p.Salt, p.Eligible, p.Codes, p.Delivered,
		p.ReplyBy, p.silentAt, p.Silent, p.Refused, p.expires, p.told, p.Sequence, clock.Micros(p.Created), clock.Micros(p.Updated),
		p.Elsewhere.Text(),
	}
}

func placeholders(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String()
}

var (
	insertSQL = "insert into petition (" + columns + ") values (" + placeholders(nColumns) + ")"
	updateSQL = "update petition set (" + columns + ") = (" + placeholders(nColumns) + ") where id = $1"
)

func insertPetition(ctx context.Context, tx *db.Tx, p *Petition) error {
	if _, err := tx.Exec(ctx, insertSQL, values(p)...); err != nil {
		return fmt.Errorf("insert petition: %w", err)
	}
	return nil
}

func updatePetition(ctx context.Context, tx *db.Tx, p *Petition) error {
	if _, err := tx.Exec(ctx, updateSQL, values(p)...); err != nil {
		return fmt.Errorf("update petition: %w", err)
	}
	return nil
}

// lockPetition makes others that change the petition wait, or begin again.
func lockPetition(ctx context.Context, tx *db.Tx, pid string) error {
	if _, err := tx.Exec(ctx, "update petition set sequence = sequence where id = $1", pid); err != nil {
		return fmt.Errorf("lock petition: %w", err)
	}
	return nil
}

func deletePetition(ctx context.Context, tx *db.Tx, pid string) error {
	if _, err := tx.Exec(ctx, "delete from petition where id = $1 and state = 'draft'", pid); err != nil {
		return fmt.Errorf("delete draft: %w", err)
	}
	return nil
}

// one returns db.ErrNoRows when no petition fits.
func one(ctx context.Context, tx *db.Tx, where string, arg any) (Petition, error) {
	all, err := db.Query(ctx, tx, "select "+columns+" from petition where "+where, []any{arg}, scan)
	if err != nil {
		return Petition{}, fmt.Errorf("read petition: %w", err)
	}
	if len(all) == 0 {
		return Petition{}, db.ErrNoRows
	}
	return all[0], nil
}

func bySlug(ctx context.Context, tx *db.Tx, slug string) (Petition, error) {
	return one(ctx, tx, "slug = $1", slug)
}

func byID(ctx context.Context, tx *db.Tx, pid string) (Petition, error) {
	return one(ctx, tx, "id = $1", pid)
}

// byBox finds the petition of a box; ok is false for a box of something else.
func byBox(ctx context.Context, tx *db.Tx, b leaf.ID) (p Petition, ok bool, err error) {
	p, err = one(ctx, tx, "box_id = $1", b.String())
	if errors.Is(err, db.ErrNoRows) {
		return p, false, nil
	}
	return p, err == nil, err
}

// slugByForm finds what a form has made already.
func slugByForm(ctx context.Context, tx *db.Tx, g id.Group, key string) (slug string, err error) {
	err = tx.Get(ctx, "select slug from petition where group_id = $1 and form = $2", []any{string(g), key}, &slug)
	return slug, err
}

func idBySlug(ctx context.Context, tx *db.Tx, slug string) (pid string, err error) {
	err = tx.Get(ctx, "select id from petition where slug = $1", []any{slug}, &pid)
	return pid, err
}

// freeSlug is wanted, or wanted with a number where that is taken, or else own.
func freeSlug(ctx context.Context, tx *db.Tx, wanted, own string) (string, error) {
	if !validSlug(wanted) {
		return own, nil
	}
	try := wanted
	for n := 2; n < 20; n++ {
		_, err := idBySlug(ctx, tx, try)
		if errors.Is(err, db.ErrNoRows) {
			return try, nil
		}
		if err != nil {
			return "", err
		}
		if try = fmt.Sprintf("%s-%d", wanted, n); len(try) > slug.Length {
			break
		}
	}
	return own, nil
}

// page reads up to n public petitions in a state behind a place in their order.
func page(ctx context.Context, tx *db.Tx, q *Query, n int) ([]Petition, error) {
	placed, last := q.after()
	where, order := "(placed, id) < ($2, $3) order by placed desc, id desc", "limit $4"
	if q.oldest() {
		where = "(placed, id) > ($2, $3) order by placed, id"
	}
	return db.Query(ctx, tx, "select "+columns+" from petition where listed and state = $1 and "+where+" "+order,
		[]any{string(q.State), placed, last, n}, scan)
}

// ofGroup and ofCampaign are the latest petitions that belong there. Drafts are
// among a group's.
func ofGroup(ctx context.Context, tx *db.Tx, g id.Group, drafts bool, n int) ([]Petition, error) {
	return db.Query(ctx, tx, "select "+columns+" from petition where group_id = $1 and (listed or $2) order by placed desc, id desc limit $3",
		[]any{string(g), drafts, n}, scan)
}

func ofCampaign(ctx context.Context, tx *db.Tx, c id.Campaign, n int) ([]Petition, error) {
	return db.Query(ctx, tx, "select "+columns+" from petition where campaign_id = $1 and listed order by placed desc, id desc limit $2",
		[]any{string(c), n}, scan)
}

// eachOfGroup reads all petitions of a group in the order of their ids.
func eachOfGroup(ctx context.Context, tx *db.Tx, g id.Group, f func(*Petition) error) error {
	const some = 100
	for last, n := "", some; n == some; {
		all, err := db.Query(ctx, tx, "select "+columns+" from petition where group_id = $1 and id > $2 order by id limit $3",
			[]any{string(g), last, some}, scan)
		if err != nil {
			return fmt.Errorf("read a group's petitions: %w", err)
		}
		n = len(all)
		for i := range all {
			if err := f(&all[i]); err != nil {
				return err
			}
			last = all[i].ID
		}
	}
	return nil
}

// ofArchive finds a petition of a group by its id in an archive.
func ofArchive(ctx context.Context, tx *db.Tx, g id.Group, pid string) (Petition, error) {
	p, err := byID(ctx, tx, pid)
	if err == nil && p.Group == g {
		return p, nil
	}
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return p, err
	}
	slug, err := slugByForm(ctx, tx, g, "moved:"+pid)
	if err != nil {
		return p, err
	}
	return bySlug(ctx, tx, slug)
}

// list hides or shows what a group asks for.
func list(ctx context.Context, tx *db.Tx, g id.Group, listed bool) error {
	_, err := tx.Exec(ctx, "update petition set listed = $2 where group_id = $1 and state <> 'draft'", string(g), listed)
	if err != nil {
		return fmt.Errorf("hide a group's petitions: %w", err)
	}
	return nil
}

const entryColumns = "n, form, kind, day, ref, markdown, html, url, refused, salt, hash"

func scanEntry(scan func(...any) error) (Entry, error) {
	var e Entry
	var html string
	err := scan(&e.N, &e.form, &e.Kind, &e.Day, &e.Ref, &e.Markdown, &html, &e.URL, &e.Refused, &e.Salt, &e.Hash)
	e.HTML = template.HTML(html) //nolint:gosec // made and cleaned by package markdown when it was stored
	return e, err
}

// insertEntry gives the entry the next number.
func insertEntry(ctx context.Context, tx *db.Tx, pid string, e *Entry) error {
	if err := tx.Get(ctx, "select count(*) from petition_entry where petition_id = $1", []any{pid}, &e.N); err != nil {
		return err
	}
	e.N++
	_, err := tx.Exec(ctx, "insert into petition_entry (petition_id, "+entryColumns+") values ("+placeholders(12)+")",
		pid, e.N, e.form, e.Kind, e.Day, e.Ref, e.Markdown, string(e.HTML), e.URL, e.Refused, e.Salt, e.Hash)
	if err != nil {
		return fmt.Errorf("store entry: %w", err)
	}
	return nil
}

// entryByForm returns db.ErrNoRows when the form said nothing yet.
func entryByForm(ctx context.Context, tx *db.Tx, pid, form string) (Entry, error) {
	all, err := db.Query(ctx, tx, "select "+entryColumns+" from petition_entry where petition_id = $1 and form = $2", []any{pid, form}, scanEntry)
	if err != nil {
		return Entry{}, err
	}
	if len(all) == 0 {
		return Entry{}, db.ErrNoRows
	}
	return all[0], nil
}

// maxEntries bounds what one page shows.
const maxEntries = 200

func entriesOf(ctx context.Context, tx *db.Tx, pid string) ([]Entry, error) {
	return db.Query(ctx, tx, "select "+entryColumns+" from petition_entry where petition_id = $1 order by n limit $2", []any{pid, maxEntries}, scanEntry)
}
