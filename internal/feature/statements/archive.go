package statements

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"convoke/internal/archive"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

const (
	archivePart   = "statements"
	archiveFile   = "statements.json"
	archiveFolder = "statements/"
)

// archivedStatement is a statement in the archive of its group.
type archivedStatement struct {
	ID          string               `json:"id"`
	Slug        string               `json:"slug"`
	Campaign    string               `json:"campaign,omitempty"` // its id
	State       State                `json:"state"`
	Day         string               `json:"day"`
	Language    string               `json:"language"`
	Byline      string               `json:"byline"`
	Tags        []string             `json:"tags"`
	Picture     string               `json:"picture"` // its name in the file
	PictureAlt  string               `json:"picture_alt"`
	Revised     string               `json:"revised"` // the day of a change without a correction
	Withdrawn   string               `json:"withdrawn"`
	Why         string               `json:"why"`
	Sequence    int                  `json:"sequence"`
	Created     time.Time            `json:"created"`
	Updated     time.Time            `json:"updated"`
	Texts       []archivedText       `json:"texts"` // the original first
	Corrections []archivedCorrection `json:"corrections"`
}

type archivedText struct {
	Language string `json:"language"`
	Title    string `json:"title"`
	Markdown string `json:"markdown"`
	Credit   string `json:"credit,omitempty"` // who translated
	Older    bool   `json:"older,omitempty"`  // the original was changed since
}

type archivedCorrection struct {
	Day      string `json:"day"`
	Language string `json:"language"`
	Note     string `json:"note"`
}

func archivedOf(s *Statement) archivedStatement {
	a := archivedStatement{
		ID: string(s.ID), Slug: s.Slug, Campaign: string(s.Campaign), State: s.State, Day: day.ISO(s.Day), Language: s.Lang, Byline: s.Byline, Tags: append([]string{}, s.Tags...),
		PictureAlt: s.PictureAlt, Revised: day.ISO(s.Revised), Withdrawn: day.ISO(s.Withdrawn), Why: s.Why, Sequence: s.Sequence,
		Created: s.Created, Updated: s.Updated, Corrections: []archivedCorrection{},
	}
	for _, t := range s.Texts {
		a.Texts = append(a.Texts, archivedText{t.Lang, t.Title, t.Markdown, t.Credit, s.older(t)})
	}
	for _, c := range s.Corrections {
		a.Corrections = append(a.Corrections, archivedCorrection{day.ISO(c.Day), c.Lang, c.Note})
	}
	return a
}

// ExportGroup writes the statements of a group, drafts and withdrawn ones too: as
// Markdown files, and once more for an import.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer) error {
	o := ExportOptions{Picture: w.Picture, Write: func(name string, data []byte) error { return w.File(archiveFolder+name, data) }}
	err := eachOfGroup(ctx, tx, g, func(st *Statement) error {
		of, err := s.campaign(ctx, tx, st.Campaign)
		if err != nil {
			return err
		}
		return o.write(ctx, st, of)
	})
	if err != nil {
		return fmt.Errorf("export statements: %w", err)
	}
	return w.List(archiveFile, func(add func(any) error) error {
		return eachOfGroup(ctx, tx, g, func(st *Statement) error {
			a := archivedOf(st)
			if st.Picture != "" {
				_, ending, err := w.Picture(ctx, st.Picture)
				if err != nil {
					return err
				}
				a.Picture = archiveFolder + "pictures/" + st.Picture + ending
			}
			return add(a)
		})
	})
}

// eachOfGroup reads the statements of a group in the order of their slugs.
func eachOfGroup(ctx context.Context, tx *db.Tx, g id.Group, f func(*Statement) error) error {
	for slug, n := "", exportPage; n == exportPage; {
		all, err := afterSlug(ctx, tx, g, slug, exportPage)
		if err != nil {
			return err
		}
		n = len(all)
		for i := range all {
			if err := f(&all[i]); err != nil {
				return err
			}
			slug = all[i].Slug
		}
	}
	return nil
}

// parse checks a row as strictly as the form does. today is the group's.
func (a *archivedStatement) parse(in *archive.Import, today int) (Statement, error) {
	var p parser
	s := Statement{
		ID: ID(a.ID), Slug: a.Slug, State: a.State, Lang: a.Language, Byline: p.line("byline", plaintext.Line(a.Byline), maxByline),
		PictureAlt: p.line("picture_alt", plaintext.Line(a.PictureAlt), maxAlt), Why: p.line("why", plaintext.Line(a.Why), maxNote),
		Sequence: min(max(a.Sequence, 0), 1_000_000), Created: in.Moment(a.Created), Updated: in.Moment(a.Updated),
	}
	if !id.Valid(a.ID) {
		p.fail("id", "statement.id", "This is not an id.")
	}
	if !validSlug(a.Slug) {
		p.fail("slug", "statement.slug", "This is not a name for an address.")
	}
	if !slices.Contains([]State{Draft, Published, Withdrawn}, a.State) {
		p.fail("state", "statement.state", "Choose where the statement stands.")
	}
	s.Day = p.day("day", a.Day, a.State != Draft, today)
	if a.Revised != "" {
		s.Revised = p.day("revised", a.Revised, true, today)
	}
	if a.Withdrawn != "" {
		s.Withdrawn = p.day("withdrawn", a.Withdrawn, true, today)
	}
	s.Tags = splitTags(plaintext.Line(strings.Join(a.Tags, ",")))
	if len(s.Tags) > maxTags {
		p.fail("tags", "statement.many_tags", "At most {n} keywords, please.", "n", maxTags)
	}
	for _, tag := range s.Tags {
		p.line("tags", tag, maxTag)
	}
	for _, t := range a.Texts {
		if s.Has(t.Language) {
			p.fail("texts", "statement.lang_taken", "There is a version in this language already.")
		}
		x := p.text(t.Language, plaintext.Line(t.Title), plaintext.Text(t.Markdown))
		if p.credit(&x, t.Credit); t.Older {
			x.Of = "older" // the hash of no text
		}
		s.Texts = append(s.Texts, x)
	}
	for i := range s.Texts {
		if t := &s.Texts[i]; t.Lang != s.Lang && t.Of == "" {
			t.Of = s.Original().hash()
		}
	}
	if !s.Has(s.Lang) {
		p.fail("texts", "statement.no_text", "Write what you have to say.")
	}
	s.order()
	if len(a.Corrections) > 1000 {
		p.fail("corrections", "statement.many_corrections", "At most {n} corrections, please.", "n", 1000)
	}
	for _, c := range a.Corrections {
		if !knownLanguage(c.Language) {
			p.fail("corrections", "statement.lang", "Say in which language this is written.")
		}
		s.Corrections = append(s.Corrections, Correction{
			Day: p.day("corrections", c.Day, true, today), Lang: c.Language, Note: p.line("corrections", plaintext.Line(c.Note), maxNote),
		})
	}
	return s, fault.Invalid(p.fields...)
}

func (p *parser) day(name, s string, come bool, today int) int {
	d, ok := day.Read(s)
	switch {
	case !ok:
		p.fail(name, "statement.day", "Write the day as year-month-day, such as 2026-11-28.")
	case come && d > today:
		p.fail(name, "statement.day_ahead", "This day has not come yet. Keep the statement as a draft until then.")
	}
	return d
}

// ImportGroup takes in the statements of an archive. A group that was here before
// is only compared. g is the group as it is, or will be.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import, g Group) error {
	seen := map[string]bool{}
	today := g.today(tx.Now())
	return archive.Each(in.Reader, archiveFile, func(_ int, row *archivedStatement) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if seen[row.ID] || seen["slug:"+row.Slug] {
			in.Report.Leave(archivePart, row.ID, archive.CodeInvalid, i18n.Mark("Another row of the file has this id or slug."))
			return nil
		}
		seen[row.ID], seen["slug:"+row.Slug] = true, true
		st, err := row.parse(in, today)
		if in.Report.Invalid(archivePart, row.ID, err) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.importStatement(ctx, tx, in, &st, row)
	})
}

func (s *Service) importStatement(ctx context.Context, tx *db.Tx, in *archive.Import, st *Statement, row *archivedStatement) error {
	st.Group, st.UID, st.Campaign = in.Group, "moved:"+row.ID, in.Campaigns[row.Campaign]
	old, err := one(ctx, tx, "s.group_id = $1 and (s.id = $2 or s.uid = $3)", string(in.Group), row.ID, st.UID)
	switch {
	case errors.Is(err, db.ErrNoRows) && in.There:
		in.Report.Missing(archivePart, row.ID)
		return nil
	case err != nil && !errors.Is(err, db.ErrNoRows):
		return err
	case err == nil:
		st.Picture, _ = in.Picture(row.Picture, old.Picture)
		here, there := archivedOf(&old), archivedOf(st)
		here.ID, there.ID = "", ""
		if row.Campaign == here.Campaign { // also when the group has left it since
			there.Campaign = here.Campaign
		}
		if st.Picture == old.Picture && archive.Same(here, there) {
			in.Report.Unchanged(archivePart)
		} else {
			in.Report.Differs(archivePart, row.ID)
		}
		return nil
	}
	if row.Campaign != "" && st.Campaign == "" {
		in.Report.Note(archivePart, row.ID, archive.CodeCampaign, i18n.Mark("It was an update of a campaign that the group does not own here, and now stands for itself."))
	}
	var ok bool
	if st.Picture, ok = in.Picture(row.Picture, ""); !ok {
		in.Report.Note(archivePart, row.ID, archive.CodePicture, i18n.Mark("Its picture could not be taken."))
	}
	if !archive.Same(archivedOf(st).Texts, row.Texts) {
		in.Report.Note(archivePart, row.ID, archive.CodeCharacters, i18n.Mark("Characters that could deceive readers were taken out."))
	}
	if _, err := byID(ctx, tx, st.ID); err == nil {
		st.ID = ID(s.IDs.New())
		in.Report.Rename(archivePart, row.ID, string(st.ID))
	} else if !errors.Is(err, db.ErrNoRows) {
		return err
	}
	in.Report.New(archivePart)
	if !in.Write {
		return nil
	}
	c, err := s.campaign(ctx, tx, st.Campaign)
	if err != nil {
		return err
	}
	st.hidden = c.ID != st.Campaign
	return putArchived(ctx, tx, st)
}

// putArchived stores a statement as it was elsewhere.
func putArchived(ctx context.Context, tx *db.Tx, st *Statement) error {
	tx.Touch("statements", "group-statements:"+string(st.Group), "group:"+string(st.Group), "campaigns")
	if err := insertStatement(ctx, tx, st); err != nil {
		return err
	}
	for _, t := range st.Texts {
		if err := putText(ctx, tx, st, t, nil); err != nil {
			return err
		}
	}
	for i, c := range st.Corrections {
		if err := addCorrection(ctx, tx, st.ID, i+1, c); err != nil {
			return err
		}
	}
	return nil
}
