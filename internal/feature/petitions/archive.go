package petitions

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"convoke/internal/archive"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
	"convoke/internal/record/told"
	"convoke/internal/slug"
	"convoke/internal/version"
)

const (
	archivePart = "petitions"
	archiveFile = "petitions.json"
)

// archivedPetition is a petition in the archive of its group. Signatures stay in
// the record where they were given; names, comments and addresses move nowhere.
type archivedPetition struct {
	ID        string          `json:"id"`
	Slug      string          `json:"slug"`
	State     State           `json:"state"`
	Campaign  string          `json:"campaign"` // its id in the file
	Gate      string          `json:"gate"`
	Language  string          `json:"language"`
	Addressee string          `json:"addressee"`
	Title     string          `json:"title"`
	Markdown  string          `json:"markdown"`
	Stages    []uint64        `json:"stages"`
	Opens     string          `json:"opens"`
	Closes    string          `json:"closes"`
	Delivered string          `json:"delivered"`
	ReplyBy   string          `json:"reply_by"`
	Silent    bool            `json:"silent"`
	Refused   bool            `json:"refused"`
	Eligible  int             `json:"eligible"` // people on a closed roll
	Printed   int             `json:"printed"`  // codes that were printed
	Salt      string          `json:"salt"`     // of the text in the record
	Sequence  int             `json:"sequence"`
	Created   time.Time       `json:"created"`
	Updated   time.Time       `json:"updated"`
	Entries   []archivedEntry `json:"entries"`
	Texts     []archivedText  `json:"texts"`  // in further languages
	Record    *told.Record    `json:"record"` // null for a draft
}

type archivedText struct {
	Language  string `json:"language"`
	Addressee string `json:"addressee"`
	Title     string `json:"title"`
	Markdown  string `json:"markdown"`
	Credit    string `json:"credit"`
	Older     bool   `json:"older"` // than a change of the original
}

type archivedEntry struct {
	Kind     string `json:"kind"`
	Day      string `json:"day"`
	Batch    string `json:"batch"`
	Markdown string `json:"markdown"`
	URL      string `json:"url"`
	Refused  bool   `json:"refused"`
	Salt     string `json:"salt"`
	Hash     string `json:"hash"`
}

func archivedOf(p *Petition, entries []Entry, versions []Version) archivedPetition {
	a := archivedPetition{
		ID: p.ID, Slug: p.Slug, State: p.State, Campaign: string(p.Campaign), Gate: p.Gate, Language: p.Text.Lang, Addressee: p.Text.Addressee,
		Title: p.Text.Title, Markdown: p.Text.Markdown, Stages: append([]uint64{}, p.Stages...), Opens: day.ISO(p.Opens), Closes: day.ISO(p.Closes),
		Delivered: day.ISO(p.Delivered), ReplyBy: day.ISO(p.ReplyBy), Silent: p.Silent, Refused: p.Refused, Eligible: p.Eligible,
		Printed: p.Codes, Salt: p.Salt, Sequence: p.Sequence, Created: p.Created, Updated: p.Updated, Entries: []archivedEntry{}, Record: p.Elsewhere,
		Texts: []archivedText{},
	}
	for _, v := range versions {
		older := v.Of != "" && v.Of != p.Text.said()
		a.Texts = append(a.Texts, archivedText{v.Lang, v.Addressee, v.Title, v.Markdown, v.Credit, older})
	}
	for _, e := range entries {
		a.Entries = append(a.Entries, archivedEntry{e.Kind, day.ISO(e.Day), e.Ref, e.Markdown, e.URL, e.Refused, e.Salt, e.Hash})
	}
	return a
}

// ExportGroup writes the petitions of a group, drafts too. server is where the
// records of their boxes can be read.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer, server string) error {
	return w.List(archiveFile, func(add func(any) error) error {
		return eachOfGroup(ctx, tx, g, func(p *Petition) error {
			entries, err := entriesOf(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			versions, err := versionsOf(ctx, tx, p)
			if err != nil {
				return err
			}
			a := archivedOf(p, entries, versions)
			if p.State == Draft || p.Elsewhere != nil {
				return add(a)
			}
			n, err := s.numbers(ctx, tx, p)
			if err != nil {
				return err
			}
			a.Record = told.New(server, p.Box.String(), tx.Now(), &n)
			return add(a)
		})
	})
}

// parse checks a row as strictly as the forms do.
func (a *archivedPetition) parse(in *archive.Import) (Petition, []Entry, []Version, error) {
	var p parser
	x := Petition{
		ID: a.ID, Slug: a.Slug, State: a.State, Gate: a.Gate, Silent: a.Silent, Refused: a.Refused, Eligible: min(max(a.Eligible, 0), maxMembers),
		Codes: min(max(a.Printed, 0), maxGoal), Salt: p.hex("salt", a.Salt), Sequence: min(max(a.Sequence, 0), 1_000_000),
		Created: in.Moment(a.Created), Updated: in.Moment(a.Updated),
		Text: p.text(Input{
			Lang: a.Language, Addressee: plaintext.Line(a.Addressee), Title: plaintext.Line(a.Title), Markdown: plaintext.Text(a.Markdown),
		}),
	}
	if !id.Valid(a.ID) {
		p.fail("id", "petition.archive", "No archive says this.")
	}
	if !validSlug(a.Slug) {
		p.fail("slug", "petition.slug", "Use the letters a to z, digits and hyphens, at most {limit}.", "limit", slug.Length)
	}
	if !slices.Contains([]State{Draft, Open, Closed, Delivered, Answered}, a.State) {
		p.fail("state", "petition.archive", "No archive says this.")
	}
	if !slices.Contains(gates(), a.Gate) {
		p.fail("gate", "petition.gate", "Choose who may sign.")
	}
	x.Stages = p.stages(joinStages(a.Stages, ","))
	x.Opens, x.Closes, x.Delivered, x.ReplyBy = p.day("opens", a.Opens), p.day("closes", a.Closes), p.day("delivered", a.Delivered), p.day("reply_by", a.ReplyBy)
	if late := a.State == Delivered || a.State == Answered; late != (x.Delivered != 0) {
		p.fail("delivered", "petition.archive", "No archive says this.")
	}
	x.Elsewhere = a.Record
	if draft := a.State == Draft; (a.Record == nil) != draft || !draft && !a.Record.Could(in, 0) {
		p.fail("record", "petition.archive", "No archive says this.")
	}
	entries, versions := p.entries(a.Entries), p.versions(&x.Text, a.Texts)
	return x, entries, versions, fault.Invalid(p.fields...)
}

func (p *parser) versions(original *Text, all []archivedText) (out []Version) {
	seen := map[string]bool{original.Lang: true}
	for _, a := range all {
		v, err := VersionInput{
			Lang: a.Language, Addressee: plaintext.Line(a.Addressee), Title: plaintext.Line(a.Title), Markdown: plaintext.Text(a.Markdown), Credit: plaintext.Line(a.Credit),
		}.parse()
		if f := fault.Of(err); f != nil {
			p.fields = append(p.fields, f.Fields...)
		}
		if seen[a.Language] {
			p.fail("texts", "petition.archive", "No archive says this.")
		}
		seen[a.Language] = true
		if v.Of = original.said(); a.Older {
			v.Of = version.Hash(v.Of) // of something else
		}
		out = append(out, v)
	}
	return out
}

func (p *parser) hex(name, s string) string {
	if _, err := hex.DecodeString(s); err != nil || len(s) > 64 {
		p.fail(name, "petition.archive", "No archive says this.")
	}
	return s
}

func (p *parser) entries(all []archivedEntry) (out []Entry) {
	if len(all) > maxEntries {
		p.fail("entries", "petition.archive", "No archive says this.")
		return nil
	}
	for i, a := range all {
		e := Entry{
			form: fmt.Sprintf("moved:%d", i+1), Kind: a.Kind, Day: p.day("entries", a.Day), Ref: p.line("entries", plaintext.Line(a.Batch), 20),
			URL: p.web("entries", a.URL), Refused: a.Refused, Salt: p.hex("entries", a.Salt), Hash: p.hex("entries", a.Hash),
		}
		switch a.Kind {
		case entryText: // says only that the text was another one before
		case entryAmendment, entryDelivery, entryReply, entryBatch, entryUpdate:
			e.Markdown, e.HTML = p.markdown("entries", plaintext.Text(a.Markdown))
		default:
			p.fail("entries", "petition.archive", "No archive says this.")
		}
		out = append(out, e)
	}
	return out
}

// ImportGroup takes in the petitions of an archive. A group that was here before
// is only compared. zone is the group's.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import, zone string) error {
	seen := map[string]bool{}
	return archive.Each(in.Reader, archiveFile, func(_ int, row *archivedPetition) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if seen[row.ID] || seen["slug:"+row.Slug] {
			in.Report.Leave(archivePart, row.ID, archive.CodeInvalid, i18n.Mark("Another row of the file has this id or slug."))
			return nil
		}
		seen[row.ID], seen["slug:"+row.Slug] = true, true
		p, entries, versions, err := row.parse(in)
		if in.Report.Invalid(archivePart, row.ID, err) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.importPetition(ctx, tx, in, arriving{p, entries, versions}, row, zone)
	})
}

// arriving is a petition of an archive with all that comes with it.
type arriving struct {
	petition Petition
	entries  []Entry
	versions []Version
}

func (s *Service) importPetition(ctx context.Context, tx *db.Tx, in *archive.Import, x arriving, row *archivedPetition, zone string) error {
	p := &x.petition
	p.Group, p.form = in.Group, "moved:"+row.ID
	old, err := ofArchive(ctx, tx, in.Group, row.ID)
	switch {
	case errors.Is(err, db.ErrNoRows) && in.There:
		in.Report.Missing(archivePart, row.ID)
		return nil
	case err != nil && !errors.Is(err, db.ErrNoRows):
		return err
	case err == nil:
		return compare(ctx, tx, in, &old, row)
	}
	if there := archivedOf(p, nil, nil); there.Title != row.Title || there.Addressee != row.Addressee || there.Markdown != row.Markdown {
		in.Report.Note(archivePart, row.ID, archive.CodeCharacters, i18n.Mark("Characters that could deceive readers were taken out."))
	}
	if c, ok := in.Campaigns[row.Campaign]; ok {
		p.Campaign = c
	} else if row.Campaign != "" {
		in.Report.Note(archivePart, row.ID, archive.CodeCampaign, i18n.Mark("It was part of a campaign that the group does not own here, and now stands for itself."))
	}
	if p.State == Open {
		p.State = Closed
		in.Report.Note(archivePart, row.ID, archive.CodeElsewhere, i18n.Mark("Signing goes on only on the server where it was opened."))
	}
	if _, err := byID(ctx, tx, p.ID); err == nil {
		p.ID = s.IDs.New()
		in.Report.Rename(archivePart, row.ID, p.ID)
	} else if !errors.Is(err, db.ErrNoRows) {
		return err
	}
	if p.Slug, err = freeSlug(ctx, tx, p.Slug, p.ID); err != nil {
		return err
	}
	if p.Slug != row.Slug {
		in.Report.Note(archivePart, row.ID, archive.CodeRenamed, i18n.Mark("Another petition here has its address; it is {name} now."), "name", p.Slug)
	}
	in.Report.New(archivePart)
	if !in.Write {
		return nil
	}
	p.arrive(zone)
	touch(tx, p)
	if err := insertPetition(ctx, tx, p); err != nil {
		return err
	}
	for i := range x.entries {
		if err := insertEntry(ctx, tx, p.ID, &x.entries[i]); err != nil {
			return err
		}
	}
	for i := range x.versions {
		if err := putVersion(ctx, tx, p.ID, &x.versions[i]); err != nil {
			return err
		}
	}
	return nil
}

// arrive sets what follows from the state: the place in lists, and when a reply is
// overdue.
func (p *Petition) arrive(zone string) {
	p.listed, p.placed = p.State != Draft, clock.Micros(p.Updated)
	if p.State != Delivered {
		return
	}
	loc := zoneOf(zone)
	p.placed = clock.Micros(day.At(p.Delivered, loc))
	if p.ReplyBy > 0 && !p.Silent {
		p.silentAt = clock.Micros(day.At(day.After(p.ReplyBy, 1), loc))
	}
}

// compare reports whether the petition here is as the file says. What was counted
// meanwhile makes no difference.
func compare(ctx context.Context, tx *db.Tx, in *archive.Import, old *Petition, row *archivedPetition) error {
	entries, err := entriesOf(ctx, tx, old.ID)
	if err != nil {
		return err
	}
	versions, err := versionsOf(ctx, tx, old)
	if err != nil {
		return err
	}
	here, there := archivedOf(old, entries, versions), *row
	if old.Elsewhere != nil && there.State == Open {
		there.State = Closed
	}
	here.ID, here.Slug, here.Campaign, here.Record = there.ID, there.Slug, there.Campaign, there.Record
	if archive.Same(here, there) {
		in.Report.Unchanged(archivePart)
	} else {
		in.Report.Differs(archivePart, row.ID)
	}
	return nil
}
