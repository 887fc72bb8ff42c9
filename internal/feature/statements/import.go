package statements

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"convoke/internal/db"
	"convoke/internal/fault"
)

// File is one file of an import.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
	// Beside opens a file that the post names by a path, "" being none; nil when
	// there is nothing beside it.
	Beside func(path string) (io.ReadCloser, error)
}

// ImportOptions say how to take posts in.
type ImportOptions struct {
	Group  string // handle of the group that speaks
	Lang   string // of posts that do not say; "" is the group's first
	Site   string // begins addresses on the site that the posts come from, without a slash at the end
	DryRun bool   // reads and compares everything and writes nothing
	// Keep stores a picture and returns its key; maxPicture bounds what is read of
	// one.
	Keep       func(ctx context.Context, r io.Reader) (string, error)
	MaxPicture int64
	// Progress, when set, is told after each file how many are done.
	Progress func(files int)
}

type importer struct {
	*Service
	o      ImportOptions
	report *Report
	group  Group
	d      defaults
	seen   map[string]bool // slug and language of what was taken
	made   map[string]bool // slugs that are new; a dry run finds them nowhere else
	fields map[string]int  // that are not read
	files  int
}

// Import takes in Markdown files as statements of a group. Each file is one
// transaction, so an import that is stopped is simply run again: what is here
// already and says the same is passed over. A statement is recognised by its
// slug; a file that changed since it was last taken replaces what is here.
func (s *Service) Import(ctx context.Context, files iter.Seq2[File, error], o ImportOptions, report *Report) error {
	im := &importer{Service: s, o: o, report: report, seen: map[string]bool{}, made: map[string]bool{}, fields: map[string]int{}}
	report.sum.DryRun = o.DryRun
	if err := im.start(ctx); err != nil {
		return err
	}
	var versions []File // wait for their originals
	for f, err := range files {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if _, _, lang := nameOf(f.Name); lang != "" {
			versions = append(versions, f)
		} else if err := im.file(ctx, f); err != nil {
			return err
		}
	}
	for _, f := range versions {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := im.file(ctx, f); err != nil {
			return err
		}
	}
	if len(im.fields) > 0 {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(im.fields)) {
			names = append(names, fmt.Sprintf("%s (%d)", name, im.fields[name]))
		}
		report.problem("", codeFields, strings.Join(names, ", "), false)
	}
	return nil
}

func (im *importer) start(ctx context.Context) error {
	err := im.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		im.group, err = im.Groups.ByHandle(ctx, tx, im.o.Group)
		im.d.today = im.group.today(tx.Now())
		return err
	})
	switch {
	case fault.Is(err, fault.KindNotFound):
		return fmt.Errorf("there is no group with the handle %q", im.o.Group)
	case err != nil:
		return fmt.Errorf("find the group: %w", err)
	case im.group.Ended:
		return fmt.Errorf("the group %q has ended its work, so nothing can be published in its name", im.o.Group)
	case im.group.Suspended:
		return fmt.Errorf("the group %q is suspended, so nothing can be published in its name", im.o.Group)
	}
	im.d.lang, im.d.site = im.o.Lang, im.o.Site
	if im.d.lang == "" && len(im.group.Langs) > 0 {
		im.d.lang = im.group.Langs[0]
	}
	if !knownLanguage(im.d.lang) {
		im.d.lang = "en"
	}
	return nil
}

// file takes one file.
func (im *importer) file(ctx context.Context, f File) error {
	src, err := readAll(f.Open, maxFile)
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Name, err)
	}
	p, fields, err := readPost(f.Name, src, im.d)
	for name := range fields {
		if !known(name) {
			im.fields[name]++
		}
	}
	if err == nil {
		err = im.take(ctx, f, &p, src)
	}
	var left errLeft
	switch {
	case errors.As(err, &left):
		im.report.problem(f.Name, left.code, left.value, true)
	case err != nil:
		return fmt.Errorf("%s: %w", f.Name, err)
	default:
		for _, n := range p.notes {
			im.report.problem(f.Name, n.code, n.value, false)
		}
	}
	im.files++
	if im.o.Progress != nil {
		im.o.Progress(im.files)
	}
	return nil
}

// readAll reads up to limit bytes and one more, by which a longer file is known.
func readAll(open func() (io.ReadCloser, error), limit int64) ([]byte, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	return b, errors.Join(err, r.Close())
}

func (im *importer) take(ctx context.Context, f File, p *post, src []byte) error {
	name := p.slug + "\x00" + p.text.Lang
	if im.seen[name] {
		return errLeft{note{codeRepeat, p.slug}}
	}
	im.seen[name] = true
	picture := im.picture(f, p)
	p.named = p.image
	p.hash = hashOfFile(src, picture)
	var what outcome
	look := func(write bool) func(*db.Tx) error {
		return func(tx *db.Tx) error {
			kept := len(p.notes)
			key := ""
			if picture != nil {
				key = p.image // once it is kept; its name in the file before
			}
			var err error
			what, err = im.put(ctx, tx, p, key, write)
			if write { // the notes of the first look stand already
				p.notes = p.notes[:kept]
			}
			return err
		}
	}
	if err := im.DB.Read(ctx, look(false)); err != nil {
		return err
	}
	if what != same && !im.o.DryRun {
		if picture != nil {
			key, err := im.o.Keep(ctx, bytes.NewReader(picture))
			if err != nil {
				p.note(codePicture, p.image)
				picture = nil
			}
			p.image = key
		}
		if err := im.DB.Write(ctx, look(true)); err != nil {
			return err
		}
	}
	switch what {
	case fresh:
		im.made[p.slug] = true
		im.report.sum.New++
	case updated:
		im.report.sum.Updated++
	case same:
		im.report.sum.Unchanged++
		p.notes = nil // they were told when it was taken
	}
	return nil
}

// picture reads the picture that a post names, nil when there is none to take.
func (im *importer) picture(f File, p *post) []byte {
	if p.image == "" || p.version {
		return nil
	}
	if f.Beside != nil && im.o.Keep != nil && !strings.Contains(p.image, "://") {
		b, err := readAll(func() (io.ReadCloser, error) { return f.Beside(p.image) }, im.o.MaxPicture)
		if err == nil && int64(len(b)) <= im.o.MaxPicture {
			return b
		}
	}
	p.note(codePicture, p.image)
	return nil
}

// outcome is what becomes of a file.
type outcome int

const (
	same outcome = iota
	updated
	fresh
)

// put compares a post with what is here and, with write, stores the difference.
// picture is the key of its picture, or "".
func (im *importer) put(ctx context.Context, tx *db.Tx, p *post, picture string, write bool) (outcome, error) {
	old, err := bySlug(ctx, tx, im.group.ID, p.slug)
	if errors.Is(err, db.ErrNoRows) {
		if im.o.DryRun && im.made[p.slug] {
			return updated, nil
		}
		return fresh, im.add(ctx, tx, p, picture, write)
	}
	if err != nil {
		return same, err
	}
	hash, err := hashOf(ctx, tx, old.ID, p.text.Lang)
	if err != nil || bytes.Equal(hash, p.hash) {
		return same, err
	}
	next, fixes := p.applied(&old)
	if err := im.place(ctx, tx, p, &old, &next); err != nil {
		return same, err
	}
	if old.Picture != "" && strings.Contains(p.named, old.Picture) {
		picture = "" // an export of this statement
	}
	if !next.differs(&old, p.text) && len(fixes) == 0 && picture == "" {
		return same, nil
	}
	if old.State == Withdrawn {
		return same, errLeft{note{codeWithdrawn, p.slug}}
	}
	im.keepPublic(&old, &next, p, len(fixes) > 0)
	if !write {
		return updated, nil
	}
	if picture != "" {
		next.Picture = picture
	}
	if next.Lang != old.Lang && !old.Has(next.Lang) {
		if err := moveText(ctx, tx, old.ID, old.Lang, next.Lang); err != nil {
			return same, err
		}
	}
	if err := save(ctx, tx, &old, &next); err != nil {
		return same, err
	}
	for i, c := range fixes {
		if err := addCorrection(ctx, tx, old.ID, len(old.Corrections)+1+i, c); err != nil {
			return same, err
		}
	}
	text := p.text
	if text.Lang != next.Lang {
		text.Credit, text.Of = old.In(text.Lang).Credit, old.Original().hash()
	}
	return updated, putText(ctx, tx, &next, text, p.hash)
}

// keepPublic holds an import to what holds for people: what is public stays so,
// and a change of its words is seen.
func (im *importer) keepPublic(old, next *Statement, p *post, corrected bool) {
	if old.State != Published {
		return
	}
	if next.State == Draft {
		next.State = Published
		p.note(codePublic, "")
	}
	changed := old.Has(p.text.Lang) && !old.In(p.text.Lang).says(p.text)
	if changed && !corrected && next.State == Published {
		if next.Revised == old.Revised {
			next.Revised = im.d.today
		}
		p.note(codeUncorrected, "")
	}
}

func (im *importer) add(ctx context.Context, tx *db.Tx, p *post, picture string, write bool) error {
	if p.version {
		p.note(codeAlone, "")
	}
	whole := *p
	whole.version = false
	st, fixes := whole.applied(&Statement{})
	if err := im.place(ctx, tx, p, &Statement{}, &st); err != nil || !write {
		return err
	}
	st.ID, st.Group, st.Created, st.Picture, st.Slug = ID(im.IDs.New()), im.group.ID, tx.Now(), picture, p.slug
	st.UID = "post:" + p.slug
	if err := save(ctx, tx, nil, &st); err != nil {
		return err
	}
	for i, c := range fixes {
		if err := addCorrection(ctx, tx, st.ID, i+1, c); err != nil {
			return err
		}
	}
	return putText(ctx, tx, &st, p.text, p.hash)
}

// place makes next an update of the campaign that the post names, where the group
// may publish one. A post that names none leaves what is here.
func (im *importer) place(ctx context.Context, tx *db.Tx, p *post, old, next *Statement) error {
	now, err := im.campaign(ctx, tx, old.Campaign)
	if err != nil {
		return err
	}
	if !old.State.Listed() { // nothing becomes public of a campaign that is not
		next.hidden = now.ID != old.Campaign
	}
	if p.of == "" || p.version || now.Handle == p.of {
		return nil
	}
	c, err := im.owned(ctx, tx, p.of, im.group.ID)
	if fault.Is(err, fault.KindInvalid) {
		p.note(codeCampaign, p.of)
		return nil
	}
	next.Campaign, next.hidden = c.ID, false
	return err
}

// applied is old as the post says it is, and the corrections that are not noted
// yet.
func (p *post) applied(old *Statement) (next Statement, fixes []Correction) {
	next = *old
	if !p.version {
		next.State, next.Day, next.Lang, next.Byline, next.Tags = p.state, p.day, p.text.Lang, p.byline, p.tags
		next.Why, next.Withdrawn = p.why, p.ended
		if p.alt != "" {
			next.PictureAlt = p.alt
		}
		if p.revised > 0 {
			next.Revised = p.revised
		}
	}
	for _, c := range p.fixes {
		if !slices.Contains(old.Corrections, c) {
			fixes = append(fixes, c)
		}
	}
	return next, fixes
}

// differs reports whether s, with the text, says anything else than old.
func (s *Statement) differs(old *Statement, t Text) bool {
	return s.State != old.State || s.Campaign != old.Campaign || s.Day != old.Day || s.Lang != old.Lang || s.Byline != old.Byline || !slices.Equal(s.Tags, old.Tags) ||
		s.Why != old.Why || s.Withdrawn != old.Withdrawn || s.PictureAlt != old.PictureAlt || s.Revised != old.Revised ||
		!old.Has(t.Lang) || !old.In(t.Lang).says(t)
}
