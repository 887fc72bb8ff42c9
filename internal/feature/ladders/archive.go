package ladders

import (
	"context"
	"encoding/hex"
	"slices"
	"time"
	"unicode/utf8"

	"convoke/internal/archive"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
	"convoke/internal/record/told"
)

const (
	archivePart = "ladders"
	archiveFile = "ladders.json"
)

// archivedLadder is the ladder of a campaign in the archive of a group that owns it. Who
// declares triggers stays behind; what was published stays in the record where it is.
type archivedLadder struct {
	Campaign string        `json:"campaign"` // its id in the file
	Plan     string        `json:"plan"`     // the draft, as its page of text has it
	Told     *toldLadder   `json:"told"`     // null when nothing was published
	Down     *archivedDown `json:"down"`     // null while the campaign goes on
}

type archivedDown struct {
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// moving is a plan without what is of one server or names people.
func moving(p *Plan) Plan {
	out := p.public()
	out.leaves(func(_ *Step, g *Gate) {
		if g.Count != nil {
			g.Count.Box, g.Count.Index = "", nil
		}
		if g.Trigger != nil { // nobody is named yet
			g.Trigger.N = 0
		}
	})
	return out
}

// archived is not ok for a campaign without a ladder that has not stood down.
func archived(ctx context.Context, tx *db.Tx, c id.Campaign, server string) (a archivedLadder, ok bool, err error) {
	r, ok, err := rowOf(ctx, tx, c)
	if err != nil {
		return a, false, err
	}
	draft := moving(&r.Draft)
	a = archivedLadder{Campaign: string(c), Plan: draft.JSON()}
	if a.Told, err = tells(ctx, tx, &r, server, day.ISO(day.Of(tx.Now()))); err == nil && a.Told == nil {
		a.Told, err = elsewhereOf(ctx, tx, c)
	}
	if err != nil {
		return a, false, err
	}
	d, err := downOf(ctx, tx, c)
	if d != nil {
		a.Down = &archivedDown{d.Reason, d.At}
	}
	return a, ok || a.Told != nil || a.Down != nil, err
}

// ExportGroup writes the ladders of the campaigns that a group owns, drafts too. server
// is where their records can be read.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, owned []id.Campaign, w *archive.Writer, server string) error {
	return w.List(archiveFile, func(add func(any) error) error {
		for _, c := range owned {
			a, ok, err := archived(ctx, tx, c, server)
			if err == nil && ok {
				err = add(a)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// parse checks a row as strictly as the forms do.
func (a *archivedLadder) parse(in *archive.Import) (plan Plan, err error) {
	var fields []fault.FieldError
	odd := func(name string, is bool) {
		if is {
			fields = append(fields, fault.Field(name, "ladder.archive", "No archive says this."))
		}
	}
	plan, err = ParsePlan([]byte(a.Plan))
	if odd("plan", err != nil); err == nil {
		plan = moving(&plan)
		for i := range plan.Steps {
			s := &plan.Steps[i]
			odd("plan", s.Title != plaintext.Line(s.Title) || s.About != plaintext.Text(s.About))
		}
	}
	if t := a.Told; t != nil {
		d, ok := day.Read(t.Day)
		_, err := hex.DecodeString(t.Hash)
		odd("told", !ok || d > day.Of(in.Now.AddDate(0, 0, 1)) || !told.Server(t.Server) || err != nil || len(t.Hash) > 64)
		odd("told", t.Version < 1 || t.Version > 1_000_000 || t.Name == "" || t.Name != plaintext.Line(t.Name) || utf8.RuneCountInString(t.Name) > maxName)
		odd("told", len(t.Steps) > maxSteps)
		t.Published = in.Moment(t.Published)
		for i := range t.Steps {
			s := &t.Steps[i]
			odd("told", !keyForm.MatchString(s.Key) || s.Title == "" || utf8.RuneCountInString(s.Title) > maxTitle || s.Title != plaintext.Line(s.Title))
			odd("told", kindName(s.Kind) == "" || !slices.Contains([]State{Waiting, Open, Met, Lapsed, Halted}, s.State))
			if s.Since != nil {
				at := in.Moment(*s.Since)
				s.Since = &at
			}
		}
	}
	if d := a.Down; d != nil {
		odd("down", d.Reason != DownMet && d.Reason != DownDecided)
		d.At = in.Moment(d.At)
	}
	return plan, fault.Invalid(fields...)
}

// ImportGroup takes in the ladders of an archive, as drafts: what moved a step is in the
// record of the other server. A group that was here before is only compared. server is
// this one.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import, server string) error {
	seen := map[string]bool{}
	return archive.Each(in.Reader, archiveFile, func(_ int, row *archivedLadder) error {
		if seen[row.Campaign] {
			in.Report.Leave(archivePart, row.Campaign, archive.CodeInvalid, i18n.Mark("Another row of the file has this id or slug."))
			return nil
		}
		seen[row.Campaign] = true
		plan, err := row.parse(in)
		if in.Report.Invalid(archivePart, row.Campaign, err) {
			return nil
		}
		if err != nil {
			return err
		}
		c, ok := in.Campaigns[row.Campaign]
		if !ok {
			in.Report.Leave(archivePart, row.Campaign, archive.CodeCampaign, i18n.Mark("The group does not own its campaign here."))
			return nil
		}
		return importLadder(ctx, tx, in, c, row, &plan, server)
	})
}

func importLadder(ctx context.Context, tx *db.Tx, in *archive.Import, c id.Campaign, a *archivedLadder, plan *Plan, server string) error {
	here, ok, err := archived(ctx, tx, c, server)
	switch {
	case err != nil:
		return err
	case !ok && in.There:
		in.Report.Missing(archivePart, a.Campaign)
		return nil
	case ok:
		here.Campaign = a.Campaign
		if here.Told != nil && a.Told != nil { // when it was told makes no difference
			here.Told.Server, here.Told.Day = a.Told.Server, a.Told.Day
		}
		if archive.Same(here, a) {
			in.Report.Unchanged(archivePart)
		} else {
			in.Report.Differs(archivePart, a.Campaign)
		}
		return nil
	}
	in.Report.New(archivePart)
	if !in.Write {
		return nil
	}
	touch(tx, c)
	if err := putRow(ctx, tx, &row{Campaign: c, Draft: *plan}); err != nil {
		return err
	}
	if a.Told != nil {
		if err := putElsewhere(ctx, tx, c, a.Told); err != nil {
			return err
		}
	}
	if a.Down != nil {
		_, err = putDown(ctx, tx, c, Down{Reason: a.Down.Reason, At: a.Down.At})
	}
	return err
}
