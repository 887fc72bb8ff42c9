package pledges

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"convoke/internal/archive"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
	"convoke/internal/record/box"
	"convoke/internal/record/told"
	"convoke/internal/slug"
)

const (
	archivePart = "pledges"
	archiveFile = "pledges.json"
)

// archivedPledge is a pledge in the archive of a group that owns it. What people
// pledged stays in the record where they did; addresses for news move nowhere.
type archivedPledge struct {
	ID       string            `json:"id"`
	Slug     string            `json:"slug"`
	State    State             `json:"state"`
	Campaign string            `json:"campaign"` // ids in the file
	Event    string            `json:"event"`
	Title    string            `json:"title"`
	Language string            `json:"language"`
	Kind     string            `json:"kind"`
	Body     string            `json:"body"` // Markdown
	Gate     string            `json:"gate"`
	Split    string            `json:"split"`
	Personal bool              `json:"personal"`
	People   int               `json:"people"`
	Deadline time.Time         `json:"deadline"`
	Zone     string            `json:"zone"`
	Parts    []string          `json:"parts"` // places, or "@" and the handle of a group
	Salt     string            `json:"salt"`  // with it the record has a hash of the text
	Hash     string            `json:"hash"`
	Reached  []archivedSuccess `json:"reached"`
	Sequence int               `json:"sequence"`
	Created  time.Time         `json:"created"`
	Updated  time.Time         `json:"updated"`
	Owners   []string          `json:"owners"` // handles of all, for reading only
	Record   *told.Record      `json:"record"` // null for a draft
}

type archivedSuccess struct {
	Part   int       `json:"part"` // -1 for all together
	People int       `json:"people"`
	At     time.Time `json:"at"`
}

func archivedOf(p *Pledge) archivedPledge {
	a := archivedPledge{
		ID: string(p.ID), Slug: p.Slug, State: p.State, Campaign: string(p.Campaign), Event: string(p.Event), Title: p.Title, Language: p.Lang,
		Kind: p.Kind, Body: p.Body, Gate: p.Gate, Split: p.Split, Personal: p.Personal, People: p.People, Deadline: p.Deadline.UTC(), Zone: p.Zone,
		Parts: []string{}, Salt: p.Salt, Hash: p.Hash, Reached: []archivedSuccess{}, Sequence: p.Sequence,
		Created: p.Created, Updated: p.Updated, Owners: []string{}, Record: p.Told,
	}
	for _, x := range p.Parts {
		a.Parts = append(a.Parts, x.Label)
	}
	for _, r := range p.Reached {
		a.Reached = append(a.Reached, archivedSuccess{r.Part, r.People, r.At.UTC()})
	}
	return a
}

// ExportGroup writes the pledges that a group owns, drafts too. server is where the
// records of their boxes can be read.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer, server string) error {
	return w.List(archiveFile, func(add func(any) error) error {
		return eachOfGroup(ctx, tx, g, func(p *Pledge) error {
			a := archivedOf(p)
			owners, err := s.owners(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			for _, o := range owners {
				a.Owners = append(a.Owners, o.Handle)
			}
			if p.Box == "" {
				return add(a)
			}
			c, err := s.Count(ctx, tx, p)
			if err != nil {
				return err
			}
			a.Record = told.New(server, p.Box, tx.Now(), &c.Numbers)
			a.Record.Reached = nil // it has rows of its own
			for i := range c.Tallies {
				a.Record.AddCurve(c.Tallies[i].Steps, len(c.Tallies))
			}
			return add(a)
		})
	})
}

// parse checks a row as strictly as the form does.
func (a *archivedPledge) parse(in *archive.Import) (Pledge, error) {
	var p parser
	wrong := func(name string, is bool) {
		if is {
			p.fail(name, "pledge.archive", "No archive says this.")
		}
	}
	rule := "same"
	if a.Personal {
		rule = "own"
	}
	out := Input{
		Title: plaintext.Line(a.Title), Body: plaintext.Text(a.Body), Lang: a.Language, Kind: a.Kind, Gate: a.Gate, Split: a.Split, Rule: rule,
		People: strconv.Itoa(a.People),
	}.check(&p)
	out.ID, out.Slug, out.State, out.Zone, out.Told = ID(a.ID), a.Slug, a.State, a.Zone, a.Record
	out.Salt, out.Hash, out.Sequence = a.Salt, a.Hash, min(max(a.Sequence, 0), 1_000_000)
	out.Deadline, out.Created, out.Updated = a.Deadline.UTC(), in.Moment(a.Created), in.Moment(a.Updated)
	wrong("id", !id.Valid(a.ID))
	wrong("slug", !slug.Valid(a.Slug, slug.Length) && a.Slug != a.ID)
	wrong("state", a.State.name() == "")
	_, err := geo.LoadZone(a.Zone)
	wrong("zone", err != nil)
	wrong("deadline", a.Deadline.Year() < 1971 || a.Deadline.After(in.Now.Add(maxAhead)))
	wrong("parts", len(a.Parts) > maxParts || (len(a.Parts) > 1) != (a.Split != Together))
	for _, label := range a.Parts {
		wrong("parts", label == "" || len(label) > maxLabel*4 || plaintext.Line(label) != label)
		out.Parts = append(out.Parts, Part{Label: label})
	}
	for _, h := range []string{a.Salt, a.Hash} {
		_, err := hex.DecodeString(h)
		wrong("hash", err != nil || len(h) > 64 || (h == "") != (a.State == Draft))
	}
	wrong("reached", len(a.Reached) > len(a.Parts)+1 || len(a.Reached) > 0 && a.State == Draft)
	for _, r := range a.Reached {
		wrong("reached", r.Part < box.Whole || r.Part >= len(a.Parts) || r.People < 0 || r.People > maxPeople*1000)
		out.Reached = append(out.Reached, Success{r.Part, r.People, in.Moment(r.At)})
	}
	wrong("record", (a.Record == nil) != (a.State == Draft) || a.Record != nil && !a.Record.Could(in, max(len(a.Parts), 1)))
	return out, fault.Invalid(p.fields...)
}

// ImportGroup takes in the pledges of an archive, as the group's alone. A group
// that was here before is only compared. Campaigns and events came before.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import) error {
	seen := map[string]bool{}
	return archive.Each(in.Reader, archiveFile, func(_ int, row *archivedPledge) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if seen[row.ID] || seen["slug:"+row.Slug] {
			in.Report.Leave(archivePart, row.ID, archive.CodeInvalid, i18n.Mark("Another row of the file has this id or slug."))
			return nil
		}
		seen[row.ID], seen["slug:"+row.Slug] = true, true
		p, err := row.parse(in)
		if in.Report.Invalid(archivePart, row.ID, err) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.importPledge(ctx, tx, in, &p, row)
	})
}

func (s *Service) importPledge(ctx context.Context, tx *db.Tx, in *archive.Import, p *Pledge, row *archivedPledge) error {
	p.Form = "moved:" + string(in.Group) + ":" + row.ID
	old, err := ofArchive(ctx, tx, in.Group, p)
	switch {
	case errors.Is(err, db.ErrNoRows) && in.There:
		in.Report.Missing(archivePart, row.ID)
		return nil
	case err != nil && !errors.Is(err, db.ErrNoRows):
		return err
	case err == nil:
		compare(in, &old, row)
		return nil
	}
	if p.Title != row.Title || p.Body != row.Body {
		in.Report.Note(archivePart, row.ID, archive.CodeCharacters, i18n.Mark("Characters that could deceive readers were taken out."))
	}
	if len(row.Owners) > 1 {
		in.Report.Note(archivePart, row.ID, archive.CodeOwners, i18n.Mark("Other groups owned it too; here it is this group's alone."))
	}
	if c, ok := in.Campaigns[row.Campaign]; ok {
		p.Campaign = c
	} else if row.Campaign != "" {
		in.Report.Note(archivePart, row.ID, archive.CodeCampaign, i18n.Mark("It was part of a campaign that the group does not own here, and now stands for itself."))
	}
	if e, ok := in.Events[row.Event]; ok {
		p.Event = e
	} else if row.Event != "" {
		in.Report.Note(archivePart, row.ID, archive.CodeEvent, i18n.Mark("It was part of an event that the group does not have here, and now stands for itself."))
	}
	if p.State == Open {
		p.State = Closed
		in.Report.Note(archivePart, row.ID, archive.CodeElsewhere, i18n.Mark("People can pledge only on the server where it was opened."))
	}
	if _, err := pledgeBy(ctx, tx, "id", string(p.ID)); err == nil {
		p.ID = ID(s.IDs.New())
		in.Report.Rename(archivePart, row.ID, string(p.ID))
	} else if !errors.Is(err, db.ErrNoRows) {
		return err
	}
	if free, err := slugFree(ctx, tx, p.Slug); err != nil {
		return err
	} else if !free {
		p.Slug = string(p.ID)
		in.Report.Note(archivePart, row.ID, archive.CodeRenamed, i18n.Mark("Another pledge here has its address; it is {name} now."), "name", p.Slug)
	}
	in.Report.New(archivePart)
	if !in.Write {
		return nil
	}
	return s.arrive(ctx, tx, in.Group, p)
}

// arrive stores what came in.
func (s *Service) arrive(ctx context.Context, tx *db.Tx, g id.Group, p *Pledge) error {
	if ok, err := insertPledge(ctx, tx, p); err != nil || !ok {
		return errors.Join(err, fmt.Errorf("the address %q of a pledge is taken", p.Slug))
	}
	if err := putParts(ctx, tx, p); err != nil {
		return err
	}
	for _, r := range p.Reached {
		if _, err := insertReached(ctx, tx, p.ID, r); err != nil {
			return err
		}
	}
	if err := putOwner(ctx, tx, p.ID, g, Owns); err != nil {
		return err
	}
	return s.touch(ctx, tx, p)
}

// compare reports whether the pledge here is as the file says. What was counted
// meanwhile makes no difference, nor who else owns it.
func compare(in *archive.Import, old *Pledge, row *archivedPledge) {
	here, there := archivedOf(old), *row
	if old.Told != nil && there.State == Open {
		there.State = Closed
	}
	here.ID, here.Slug, here.Campaign, here.Event, here.Record, here.Owners = there.ID, there.Slug, there.Campaign, there.Event, there.Record, there.Owners
	if archive.Same(here, there) {
		in.Report.Unchanged(archivePart)
	} else {
		in.Report.Differs(archivePart, row.ID)
	}
}
