package assemblies

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"convoke/internal/archive"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

const (
	archivePart = "assemblies"
	archiveFile = "assemblies.json"
)

// archivedAssembly is an assembly in the archive of its group. Who facilitated, took
// notes, spoke or has a task stays behind.
type archivedAssembly struct {
	ID           string               `json:"id"`
	State        State                `json:"state"`
	Language     string               `json:"language"`
	Title        string               `json:"title"`
	About        string               `json:"about"` // Markdown
	Place        string               `json:"place"`
	OnlineURL    string               `json:"online_url"`
	OnlineInside bool                 `json:"online_inside"`
	Starts       time.Time            `json:"starts"`
	Ends         time.Time            `json:"ends"`
	Zone         string               `json:"zone"`
	Asked        int                  `json:"notice"` // days that the group asked for
	Ahead        int                  `json:"ahead"`  // days that it was called before
	Urgent       bool                 `json:"urgent"`
	Public       bool                 `json:"public"`
	FirstFirst   bool                 `json:"first_first"`
	Speak        int                  `json:"speak"` // minutes
	People       int                  `json:"people"`
	PeopleShown  bool                 `json:"people_shown"`
	Minutes      string               `json:"minutes"` // "draft", "members" or "public"; "" when they were erased
	Approved     *time.Time           `json:"approved"`
	Sequence     int                  `json:"sequence"`
	Created      time.Time            `json:"created"`
	Updated      time.Time            `json:"updated"`
	Agenda       []archivedItem       `json:"agenda"`
	Corrections  []archivedCorrection `json:"corrections"`
}

type archivedItem struct {
	ID        string         `json:"id"`
	Title     string         `json:"title"`
	Minutes   int            `json:"minutes"` // planned
	Link      string         `json:"link"`
	State     ItemState      `json:"state"`
	Notes     string         `json:"notes"` // Markdown
	Decisions []string       `json:"decisions"`
	Tasks     []archivedTask `json:"tasks"`
}

type archivedTask struct {
	Body  string `json:"body"`
	Until string `json:"until"`
}

type archivedCorrection struct {
	Day  string `json:"day"`
	Body string `json:"body"`
}

// arriving is an assembly with all that comes with it.
type arriving struct {
	Assembly
	items       agenda
	corrections []Correction
}

func archivedOf(x *arriving) archivedAssembly {
	a := archivedAssembly{
		ID: string(x.ID), State: x.State, Language: x.Lang, Title: x.Title, About: x.About, Place: x.Place, OnlineURL: x.OnlineURL,
		OnlineInside: x.OnlineInside, Starts: x.Starts, Ends: x.Ends, Zone: x.Zone, Asked: x.Notice.Asked, Ahead: x.Notice.Ahead,
		Urgent: x.Notice.Urgent, Public: x.Public, FirstFirst: x.FirstFirst, Speak: x.Speak, People: x.People, PeopleShown: x.PeopleShown,
		Minutes: x.Minutes, Sequence: x.Sequence, Created: x.Created, Updated: x.Updated,
		Agenda: []archivedItem{}, Corrections: []archivedCorrection{},
	}
	if !x.Approved.IsZero() {
		a.Approved = &x.Approved
	}
	for _, i := range x.items {
		row := archivedItem{ID: i.ID, Title: i.Title, Minutes: i.Minutes, Link: i.Link, State: i.State, Notes: i.Notes, Decisions: []string{}, Tasks: []archivedTask{}}
		for _, l := range i.Lines {
			if l.Kind == Decision {
				row.Decisions = append(row.Decisions, l.Body)
			} else {
				row.Tasks = append(row.Tasks, archivedTask{l.Body, day.ISO(l.Until)})
			}
		}
		a.Agenda = append(a.Agenda, row)
	}
	for _, c := range x.corrections {
		a.Corrections = append(a.Corrections, archivedCorrection{day.ISO(c.Day), c.Body})
	}
	return a
}

// whole reads all that goes with an assembly.
func whole(ctx context.Context, tx *db.Tx, a *Assembly) (x arriving, err error) {
	x.Assembly = *a
	if x.items, err = agendaOf(ctx, tx, a.ID); err != nil {
		return x, err
	}
	if err = readLines(ctx, tx, a.ID, x.items); err != nil {
		return x, err
	}
	x.corrections, err = correctionsOf(ctx, tx, a.ID)
	return x, err
}

// archivedRule is what a group asks of its assemblies.
type archivedRule struct {
	Notice int `json:"notice"` // days
}

const (
	rulePart = "assembly_rule"
	ruleFile = "assembly_rule.json"
)

// ExportGroup writes the assemblies of a group with their minutes, drafts too.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer) error {
	const page = 50
	err := w.List(ruleFile, func(add func(any) error) error {
		n, err := noticeRule(ctx, tx, g)
		if err != nil || n == 0 {
			return err
		}
		return add(archivedRule{n})
	})
	if err != nil {
		return err
	}
	return w.List(archiveFile, func(add func(any) error) error {
		for after, more := (cursor{math.MaxInt64, ""}), true; more; {
			all, err := ofGroup(ctx, tx, g, after, page)
			if err != nil {
				return err
			}
			for i := range all {
				x, err := whole(ctx, tx, &all[i])
				if err == nil {
					err = add(archivedOf(&x))
				}
				if err != nil {
					return err
				}
				after = cursor{clock.Micros(all[i].Starts), string(all[i].ID)}
			}
			more = len(all) == page
		}
		return nil
	})
}

// parse checks a row as strictly as the forms do.
func (a *archivedAssembly) parse(in *archive.Import) (arriving, error) {
	var p parser
	odd := func(name string, is bool) {
		if is {
			p.fail(name, "assembly.archive", "No archive says this.")
		}
	}
	x := arriving{Assembly: Input{
		Title: plaintext.Line(a.Title), About: plaintext.Text(a.About), Lang: a.Language, Place: plaintext.Line(a.Place), OnlineURL: a.OnlineURL,
		OnlineInside: a.OnlineInside, Public: a.Public, FirstFirst: a.FirstFirst, Speak: strconv.Itoa(a.Speak),
	}.texts(&p, a.Zone)}
	x.ID, x.State, x.Minutes = ID(a.ID), a.State, a.Minutes
	x.Starts, x.Ends = a.Starts.UTC().Truncate(time.Microsecond), a.Ends.UTC().Truncate(time.Microsecond)
	x.Notice = Notice{min(max(a.Asked, 0), maxNotice), min(max(a.Ahead, -1), 1000), a.Urgent}
	x.People, x.PeopleShown = min(max(a.People, uncounted), maxPeople), a.PeopleShown && a.People >= 0
	x.Sequence, x.Created, x.Updated = min(max(a.Sequence, 0), 1_000_000), in.Moment(a.Created), in.Moment(a.Updated)
	odd("id", !id.Valid(a.ID))
	odd("state", !slices.Contains([]State{Draft, Called, Open, Closed, Off}, a.State))
	odd("zone", !geo.KnownZone(a.Zone))
	odd("starts", a.Starts.Year() < 1971 || a.Starts.After(in.Now.Add(maxAhead)) || !x.Ends.After(x.Starts) || x.Ends.Sub(x.Starts) > 25*time.Hour)
	published := a.Minutes == MinutesMembers || a.Minutes == MinutesPublic
	odd("minutes", !published && a.Minutes != MinutesDraft && a.Minutes != "" || published && a.State != Closed || a.Minutes == MinutesPublic && !a.Public)
	if a.Approved != nil {
		odd("approved", !published)
		x.Approved = in.Moment(*a.Approved)
	}
	odd("corrections", len(a.Corrections) > 0 && a.Approved == nil || len(a.Corrections) > maxCorrections)
	for _, c := range a.Corrections {
		d, ok := day.Read(c.Day)
		body := plaintext.Text(c.Body)
		odd("corrections", !ok || body == "")
		p.short("corrections", body, 2*maxLine)
		x.corrections = append(x.corrections, Correction{d, body})
	}
	odd("agenda", len(a.Agenda) > maxItems)
	ids := map[string]bool{}
	for i := range a.Agenda {
		odd("agenda", ids[a.Agenda[i].ID])
		ids[a.Agenda[i].ID] = true
		x.items = append(x.items, p.item(&a.Agenda[i], odd))
	}
	return x, fault.Invalid(p.fields...)
}

func (p *parser) item(a *archivedItem, odd func(string, bool)) Item {
	i, err := ItemInput{Title: plaintext.Line(a.Title), Minutes: strconv.Itoa(a.Minutes), Link: a.Link}.parse("")
	if f := fault.Of(err); f != nil {
		p.fields = append(p.fields, f.Fields...)
	}
	odd("agenda", !slices.Contains([]ItemState{Proposed, Waiting, Now, Done}, a.State) || len(a.Decisions)+len(a.Tasks) > maxLines)
	odd("agenda", !id.Valid(a.ID))
	i.ID, i.State, i.Notes = a.ID, a.State, plaintext.Text(a.Notes)
	i.HTML = p.text("notes", i.Notes)
	line := func(kind, body string, until int) {
		body = plaintext.Line(body)
		odd(kind, body == "")
		p.short(kind, body, maxLine)
		i.Lines = append(i.Lines, Line{Kind: kind, Body: body, Until: until, Told: true})
	}
	for _, d := range a.Decisions {
		line(Decision, d, 0)
	}
	for _, t := range a.Tasks {
		until, ok := day.Read(t.Until)
		odd(Task, !ok && t.Until != "")
		line(Task, t.Body, until)
	}
	return i
}

// settled is what an assembly is here: one that was under way went on where it was.
func (a *archivedAssembly) settled() archivedAssembly {
	x := *a
	if x.State != Open {
		return x
	}
	x.State, x.Agenda = Closed, slices.Clone(x.Agenda)
	for i := range x.Agenda {
		if x.Agenda[i].State == Now {
			x.Agenda[i].State = Done
		}
	}
	return x
}

// ImportGroup takes in the assemblies of an archive. A group that was here before is
// only compared.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import) error {
	if err := importRule(ctx, tx, in); err != nil {
		return err
	}
	seen := map[string]bool{}
	return archive.Each(in.Reader, archiveFile, func(_ int, row *archivedAssembly) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if seen[row.ID] {
			in.Report.Leave(archivePart, row.ID, archive.CodeInvalid, i18n.Mark("Another row of the file has this id or slug."))
			return nil
		}
		seen[row.ID] = true
		there := row.settled()
		x, err := there.parse(in)
		if in.Report.Invalid(archivePart, row.ID, err) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.importAssembly(ctx, tx, in, &x, &there)
	})
}

func importRule(ctx context.Context, tx *db.Tx, in *archive.Import) error {
	return archive.Each(in.Reader, ruleFile, func(n int, row *archivedRule) error {
		here, err := noticeRule(ctx, tx, in.Group)
		switch {
		case err != nil:
			return err
		case n > 1 || row.Notice < 1 || row.Notice > maxNotice:
			in.Report.Leave(rulePart, strconv.Itoa(n), archive.CodeInvalid, i18n.Mark("No archive says this."))
		case in.There && here == row.Notice:
			in.Report.Unchanged(rulePart)
		case in.There:
			in.Report.Differs(rulePart, strconv.Itoa(n))
		default:
			in.Report.New(rulePart)
			if in.Write {
				return putNoticeRule(ctx, tx, in.Group, row.Notice)
			}
		}
		return nil
	})
}

func (s *Service) importAssembly(ctx context.Context, tx *db.Tx, in *archive.Import, x *arriving, row *archivedAssembly) error {
	x.Group, x.Form = in.Group, "moved:"+string(in.Group)+":"+row.ID
	old, err := assemblyBy(ctx, tx, "form", x.Form)
	taken := false
	if errors.Is(err, db.ErrNoRows) {
		if old, err = assemblyBy(ctx, tx, "id", row.ID); err == nil && old.Group != in.Group {
			taken, err = true, db.ErrNoRows
		}
	}
	switch {
	case errors.Is(err, db.ErrNoRows) && in.There:
		in.Report.Missing(archivePart, row.ID)
		return nil
	case err != nil && !errors.Is(err, db.ErrNoRows):
		return err
	case err == nil:
		return compare(ctx, tx, in, &old, row)
	}
	if here := archivedOf(x); here.Title != row.Title || here.About != row.About || here.Place != row.Place || !archive.Same(here.Agenda, row.Agenda) {
		in.Report.Note(archivePart, row.ID, archive.CodeCharacters, i18n.Mark("Characters that could deceive readers were taken out."))
	}
	if taken {
		x.ID = ID(s.IDs.New())
		in.Report.Rename(archivePart, row.ID, string(x.ID))
	}
	for i := range x.items {
		if has, err := hasItem(ctx, tx, x.items[i].ID); err != nil {
			return err
		} else if has {
			x.items[i].ID = s.IDs.New()
		}
	}
	in.Report.New(archivePart)
	if !in.Write {
		return nil
	}
	return s.store(ctx, tx, x)
}

// store writes what arrives. Nobody has asked to speak in it.
func (s *Service) store(ctx context.Context, tx *db.Tx, x *arriving) error {
	x.Erased = x.State.Over()
	if err := insertAssembly(ctx, tx, &x.Assembly); err != nil {
		return err
	}
	if err := updateAssembly(ctx, tx, &x.Assembly, x.listed()); err != nil {
		return err
	}
	for n := range x.items {
		i := &x.items[n]
		i.Assembly = x.ID
		if err := insertItem(ctx, tx, i, n); err != nil {
			return err
		}
		if err := putLines(ctx, tx, i); err != nil {
			return err
		}
	}
	for n, c := range x.corrections {
		if err := addCorrection(ctx, tx, x.ID, n, c); err != nil {
			return err
		}
	}
	tx.Touch("assemblies", "group:"+string(x.Group))
	return nil
}

// compare reports whether the assembly here is as the file says.
func compare(ctx context.Context, tx *db.Tx, in *archive.Import, old *Assembly, row *archivedAssembly) error {
	x, err := whole(ctx, tx, old)
	if err != nil {
		return err
	}
	here := archivedOf(&x)
	here.ID = row.ID
	for i := range min(len(here.Agenda), len(row.Agenda)) { // they may be others here
		here.Agenda[i].ID = row.Agenda[i].ID
	}
	here = here.settled()
	if archive.Same(here, row) {
		in.Report.Unchanged(archivePart)
	} else {
		in.Report.Differs(archivePart, row.ID)
	}
	return nil
}
