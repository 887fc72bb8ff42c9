package petitions

import (
	"context"
	"fmt"
	"html/template"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/version"
)

// Version is what a petition says in another language, for reading. What is signed
// and what the record has is the original: a version is never hashed there, may be
// added or changed at any time, and its page says what counts.
type Version struct {
	Text
	Credit string // who translated, as they want to be named
	Of     string // hash of the original then
}

// VersionInput is a version as somebody typed it.
type VersionInput struct {
	Lang, Addressee, Title, Markdown string
	Credit                           string
	Remove                           bool // there is to be none in this language
}

func (v *Version) meta() version.Meta {
	return version.Meta{Lang: v.Lang, Credit: v.Credit, Of: v.Of}
}

func metas(all []Version) []version.Meta {
	out := make([]version.Meta, len(all))
	for i := range all {
		out[i] = all[i].meta()
	}
	return out
}

// said is the hash by which a version knows that the original has changed; it has
// nothing to do with the one in the record.
func (t *Text) said() string { return version.Hash(t.Addressee, t.Title, t.Markdown) }

func (in VersionInput) parse() (Version, error) {
	var p parser
	if in.Remove {
		if !knownLanguage(in.Lang) {
			p.fail("lang", "petition.lang", "Say in which language this is written.")
		}
		return Version{Text: Text{Lang: in.Lang}}, fault.Invalid(p.fields...)
	}
	v := Version{Text: p.text(Input{Addressee: in.Addressee, Title: in.Title, Markdown: in.Markdown, Lang: in.Lang})}
	credit, problems := version.Check("credit", in.Credit)
	v.Credit, p.fields = credit, append(p.fields, problems...)
	return v, fault.Invalid(p.fields...)
}

// Translate adds a version of a petition in another language, changes it, or
// removes it, in whatever state the petition is. The record hears nothing of it.
func (s *Service) Translate(ctx context.Context, by authz.Actor, slug string, sequence int, in VersionInput) error {
	v, err := in.parse()
	if err != nil {
		return err
	}
	return s.change(ctx, by, slug, sequence, func(tx *db.Tx, f *Found) (bool, error) {
		p := &f.Petition
		if v.Lang == p.Text.Lang {
			return false, fault.Invalid(fault.Field("lang", "petition.own_lang",
				"The petition itself is in this language. Choose another one: what people sign is not changed here."))
		}
		if in.Remove {
			return true, dropVersion(ctx, tx, p.ID, v.Lang)
		}
		v := v
		v.Of = p.Text.said()
		return true, putVersion(ctx, tx, p.ID, &v)
	})
}

// versionsOf lists the versions of a petition, by language.
func versionsOf(ctx context.Context, tx *db.Tx, p *Petition) ([]Version, error) {
	return db.Query(ctx, tx, `select lang, addressee, title, markdown, html, credit, made_of from petition_text
		where petition_id = $1 and lang <> $2 order by lang`, []any{p.ID, p.Text.Lang}, func(scan func(...any) error) (Version, error) {
		var v Version
		var html string
		err := scan(&v.Lang, &v.Addressee, &v.Title, &v.Markdown, &html, &v.Credit, &v.Of)
		v.HTML = template.HTML(html) //nolint:gosec // made and cleaned by package markdown when it was stored
		return v, err
	})
}

func putVersion(ctx context.Context, tx *db.Tx, pid string, v *Version) error {
	_, err := tx.Exec(ctx, `insert into petition_text (petition_id, lang, addressee, title, markdown, html, credit, made_of)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (petition_id, lang) do update set addressee = excluded.addressee, title = excluded.title, markdown = excluded.markdown,
			html = excluded.html, credit = excluded.credit, made_of = excluded.made_of`,
		pid, v.Lang, v.Addressee, v.Title, v.Markdown, string(v.HTML), v.Credit, v.Of)
	if err != nil {
		return fmt.Errorf("put a version: %w", err)
	}
	return nil
}

func dropVersion(ctx context.Context, tx *db.Tx, pid, lang string) error {
	if _, err := tx.Exec(ctx, "delete from petition_text where petition_id = $1 and lang = $2", pid, lang); err != nil {
		return fmt.Errorf("remove a version: %w", err)
	}
	return nil
}
