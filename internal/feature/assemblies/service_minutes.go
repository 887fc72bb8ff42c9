package assemblies

import (
	"context"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
)

// writes lets the note-taker, and organizers.
func writes(by authz.Actor) func(Seat) error {
	return func(s Seat) error {
		if s.Writes {
			return nil
		}
		return authz.Check(by, authz.CallAssembly, s.Sub)
	}
}

func errFrozen() error {
	return fault.Conflict("assembly.approved", "These minutes are approved and stay as they are. Add a correction instead.")
}

// MinutesOf is all that the minutes of an assembly say.
type MinutesOf struct {
	Assembly    Assembly
	Seat        Seat
	Agenda      agenda // with lines
	Corrections []Correction
	Handles     map[string]string // of owners of tasks, for members
}

// readable reports whether the reader may see the minutes: drafts are for those who
// write them.
func readable(a *Assembly, seat Seat) bool {
	switch a.Minutes {
	case MinutesPublic:
		return true
	case MinutesMembers:
		return seat.Inside
	}
	return seat.Writes
}

// ReadMinutes returns the minutes for somebody who may see them.
func (s *Service) ReadMinutes(ctx context.Context, by authz.Actor, aid ID) (out MinutesOf, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out = MinutesOf{Handles: map[string]string{}}
		if out.Assembly, out.Seat, err = s.load(ctx, tx, by, aid); err != nil {
			return err
		}
		if !readable(&out.Assembly, out.Seat) {
			return fault.NotFound("assembly.no_minutes", "There are no minutes to read yet, or they are for members.")
		}
		if out.Agenda, err = agendaOf(ctx, tx, aid); err != nil {
			return err
		}
		if err := readLines(ctx, tx, aid, out.Agenda); err != nil {
			return err
		}
		if out.Corrections, err = correctionsOf(ctx, tx, aid); err != nil {
			return err
		}
		return out.name(ctx, tx)
	})
	return out, err
}

// name finds the handles of those who have tasks, for members only.
func (m *MinutesOf) name(ctx context.Context, tx *db.Tx) error {
	if !m.Seat.Inside {
		return nil
	}
	for _, i := range m.Agenda {
		for _, l := range i.Lines {
			if l.Owner == "" || m.Handles[string(l.Owner)] != "" {
				continue
			}
			h, err := handleOf(ctx, tx, l.Owner)
			if err != nil {
				return err
			}
			m.Handles[string(l.Owner)] = h
		}
	}
	return nil
}

// WriteNotes changes the minutes of one item. sequence is that of the item's minutes
// as they were read.
func (s *Service) WriteNotes(ctx context.Context, by authz.Actor, aid ID, item string, sequence int, in NotesInput) error {
	return s.change(ctx, by, aid, writes(by), func(tx *db.Tx, a *Assembly, _ Seat) error {
		switch {
		case a.State == Draft || a.State == Called || a.State == Off:
			return errNotOpen()
		case !a.Approved.IsZero():
			return errFrozen()
		}
		all, err := agendaOf(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		i := all.find(item)
		if i < 0 {
			return errNoItem()
		}
		x := &all[i]
		if x.Sequence != sequence {
			return errChanged()
		}
		if err := readLines(ctx, tx, a.ID, all); err != nil {
			return err
		}
		had := x.Lines
		owners, err := in.parse(x)
		if err != nil {
			return err
		}
		if err := s.owners(ctx, tx, a, x, owners, had); err != nil {
			return err
		}
		x.Sequence++
		if a.Minutes == "" { // the draft was erased, and begins anew
			a.Minutes = MinutesDraft
		}
		if err := putLines(ctx, tx, x); err != nil {
			return err
		}
		if err := updateItem(ctx, tx, x); err != nil {
			return err
		}
		return s.giveTasks(ctx, tx, by, a, all)
	})
}

// owners finds the members who have tasks, and which of these they were given before.
func (s *Service) owners(ctx context.Context, tx *db.Tx, a *Assembly, x *Item, all []owner, had []Line) error {
	var p parser
	for n := range x.Lines {
		l := &x.Lines[n]
		if l.Kind != Task {
			continue
		}
		who, err := s.Groups.Member(ctx, tx, a.Group, all[n].handle)
		switch {
		case fault.Is(err, fault.KindNotFound):
			p.fail(all[n].field, "assembly.not_member", "No member of the group has this handle.")
		case err != nil:
			return err
		}
		l.Owner = who
		for _, h := range had {
			if h.Kind == Task && h.Body == l.Body && h.Owner == l.Owner && h.Until == l.Until {
				l.Told = h.Told
			}
		}
	}
	return fault.Invalid(p.fields...)
}

// What is done with minutes as a whole.
const (
	PublishMinutes = "publish"
	ApproveMinutes = "approve"
	CorrectMinutes = "correct"
)

// MinutesInput is one act. For is whom they are published for.
type MinutesInput struct {
	Form, Do, For, Body string
}

// ActOnMinutes publishes, approves or corrects minutes.
func (s *Service) ActOnMinutes(ctx context.Context, by authz.Actor, aid ID, in MinutesInput) error {
	return s.change(ctx, by, aid, writes(by), func(tx *db.Tx, a *Assembly, seat Seat) error {
		switch in.Do {
		case PublishMinutes:
			return s.publishMinutes(ctx, tx, by, a, in.For)
		case ApproveMinutes:
			if err := calls(by)(seat); err != nil {
				return err
			}
			switch {
			case !a.Approved.IsZero():
				return errNothing
			case a.Minutes != MinutesMembers && a.Minutes != MinutesPublic:
				return fault.Conflict("assembly.unpublished", "Publish the minutes first, so that those who were there can read them.")
			}
			a.Approved = tx.Now()
			return s.Audit(ctx, tx, by.Person, "approve minutes", string(a.ID)+" "+string(a.Group))
		case CorrectMinutes:
			return correct(ctx, tx, a, in)
		}
		return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	})
}

func (s *Service) publishMinutes(ctx context.Context, tx *db.Tx, by authz.Actor, a *Assembly, whom string) error {
	switch {
	case whom != MinutesMembers && whom != MinutesPublic:
		return fault.Invalid(fault.Field("for", "assembly.minutes_for", "Say for whom the minutes are published."))
	case a.State != Closed:
		return fault.Conflict("assembly.not_closed", "Close the assembly first; then its minutes can be published.")
	case a.Minutes == whom:
		return errNothing
	case !a.Approved.IsZero() && whom == MinutesMembers:
		return errFrozen()
	case whom == MinutesPublic && !a.Public:
		return fault.Invalid(fault.Field("for", "assembly.minutes_inside", "The assembly was for members, so its minutes are, too."))
	}
	all, err := agendaOf(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	if err := readLines(ctx, tx, a.ID, all); err != nil {
		return err
	}
	a.Minutes = whom
	if err := s.giveTasks(ctx, tx, by, a, all); err != nil {
		return err
	}
	return s.Audit(ctx, tx, by.Person, "publish minutes", string(a.ID)+" "+string(a.Group))
}

// giveTasks tells of the tasks of published minutes that nobody was told of.
func (s *Service) giveTasks(ctx context.Context, tx *db.Tx, by authz.Actor, a *Assembly, all agenda) error {
	if a.Minutes != MinutesMembers && a.Minutes != MinutesPublic {
		return nil
	}
	for n := range all {
		told := false
		for k := range all[n].Lines {
			l := &all[n].Lines[k]
			if l.Kind != Task || l.Told || l.Owner == "" {
				continue
			}
			l.Told, told = true, true
			f := fact.TaskGiven{
				Group: a.Group, Title: l.Body, Note: "[" + plain(a.Title) + "](" + a.url() + "/minutes)", Owner: l.Owner,
				From: a.url() + "/minutes", By: by.Person,
			}
			if l.Until != 0 {
				f.Until = day.At(l.Until, a.location()).AddDate(0, 0, 1).Add(-time.Minute)
			}
			if err := s.Facts.Emit(ctx, tx, f); err != nil {
				return err
			}
		}
		if told {
			if err := putLines(ctx, tx, &all[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// plain keeps a title from being read as Markdown.
func plain(s string) string {
	return strings.NewReplacer("[", "(", "]", ")", "\\", "", "`", "'", "<", "", ">", "", "*", "", "_", " ").Replace(s)
}

// maxCorrections bounds what is added to minutes.
const maxCorrections = 50

func correct(ctx context.Context, tx *db.Tx, a *Assembly, in MinutesInput) error {
	if a.Approved.IsZero() {
		return fault.Conflict("assembly.not_approved", "These minutes are not approved yet: change them instead.")
	}
	var p parser
	body := strings.TrimSpace(in.Body)
	if body == "" {
		p.fail("body", "assembly.no_correction", "Write what was wrong, and how it is right.")
	}
	p.short("body", body, 2*maxLine)
	if err := fault.Invalid(p.fields...); err != nil {
		return err
	}
	fresh, err := useForm(ctx, tx, a.ID, in.Form, body)
	if err != nil {
		return err
	}
	all, err := correctionsOf(ctx, tx, a.ID)
	switch {
	case err != nil:
		return err
	case !fresh:
		return errNothing
	case len(all) >= maxCorrections:
		return fault.Conflict("assembly.many_corrections", "There are {max} corrections already; no more can be added.", "max", maxCorrections)
	}
	return addCorrection(ctx, tx, a.ID, len(all), Correction{day.Of(a.Local(tx.Now())), body})
}
