package events

import (
	"context"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/search"
)

// versionsOf lists the versions of events, in one language or with "" in all.
func versionsOf(ctx context.Context, tx *db.Tx, lang string, es ...Event) (versions, error) {
	out := versions{}
	if len(es) == 0 {
		return out, nil
	}
	args := make([]any, len(es), len(es)+1)
	at := map[id.Event]int{}
	for i := range es {
		args[i], at[es[i].ID] = string(es[i].ID), i
	}
	where := amongst(args)
	if lang != "" {
		where += fmt.Sprintf(" and lang = $%d", len(args)+1)
		args = append(args, lang)
	}
	q := `select event_id, lang, title, description, description_html, access_note, bring, bring_html, credit, made_of
		from event_version` + where + " order by event_id, lang"
	err := tx.Each(ctx, q, args, func(scan func(...any) error) error {
		var (
			eid, html, bring string
			v                Version
		)
		if err := scan(&eid, &v.Lang, &v.Title, &v.Description, &html, &v.AccessNote, &v.Bring, &bring, &v.Credit, &v.Of); err != nil {
			return err
		}
		v.HTML, v.BringHTML = trusted(html), trusted(bring)
		if e := &es[at[id.Event(eid)]]; !e.ownLang(v.Lang) {
			out[e.ID] = append(out[e.ID], v)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	return out, nil
}

func putVersion(ctx context.Context, tx *db.Tx, eid id.Event, v *Version) error {
	_, err := tx.Exec(ctx, `insert into event_version (event_id, lang, title, description, description_html, access_note, bring, bring_html, credit, made_of)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (event_id, lang) do update set title = excluded.title, description = excluded.description,
			description_html = excluded.description_html, access_note = excluded.access_note, bring = excluded.bring,
			bring_html = excluded.bring_html, credit = excluded.credit, made_of = excluded.made_of`,
		string(eid), v.Lang, v.Title, v.Description, string(v.HTML), v.AccessNote, v.Bring, string(v.BringHTML), v.Credit, v.Of)
	if err != nil {
		return fmt.Errorf("put a version: %w", err)
	}
	return nil
}

func dropVersion(ctx context.Context, tx *db.Tx, eid id.Event, lang string) error {
	if _, err := tx.Exec(ctx, "delete from event_version where event_id = $1 and lang = $2", string(eid), lang); err != nil {
		return fmt.Errorf("remove a version: %w", err)
	}
	return nil
}

// addVersions stores the versions of a new event, and makes it findable by them.
func addVersions(ctx context.Context, tx *db.Tx, e *Event, vs []Version) error {
	for i := range vs {
		if err := putVersion(ctx, tx, e.ID, &vs[i]); err != nil {
			return err
		}
	}
	if len(vs) == 0 || !e.State.Listed() {
		return nil
	}
	if err := search.Remove(ctx, tx, e.AtKey); err != nil {
		return err
	}
	return search.Put(ctx, tx, e.AtKey, words(e, vs...), tagsOf(e, vs...)...)
}
