package events

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"convoke/internal/archive"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// Attached is what another feature holds of events, and moves with them when
// their group does.
type Attached interface {
	// Name is that of the member in the file.
	Name() string
	// Export returns what there is of some events, ready for JSON. Nobody is in it.
	Export(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error)
	// Import checks what a file says of a new event, and with write stores it. It
	// returns an Invalid fault for what a form would refuse, and what wraps
	// [archive.ErrUnreadable] for what is not of the format.
	Import(ctx context.Context, tx *db.Tx, e Arriving, raw []byte, write bool) error
	// Compared is false for what need not be the same after a move, as numbers of
	// people, who stay behind.
	Compared() bool
}

// Arriving is an event that comes in with its group.
type Arriving struct {
	ID         id.Event
	Start, End time.Time // in the zone of its place
	Spot       *Spot     // nil while it is not public
	Group      id.Group
	Campaign   id.Campaign // "" when it is part of none
}

const (
	archivePart = "events"
	archiveFile = "events.json"
)

// ExportGroup writes the events of a group, drafts too, and the public ones as a
// calendar and a table.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer, o ExportOptions) error {
	err := w.List(archiveFile, func(add func(any) error) error {
		n := 0
		return eachOfGroup(ctx, tx, g, func(es []Event) error {
			rows, err := s.archived(ctx, tx, es)
			if err != nil {
				return err
			}
			for i := range rows {
				if rows[i].Picture, err = w.PictureName(ctx, es[i].Picture); err != nil {
					return err
				}
				if err := add(rows[i]); err != nil {
					return err
				}
			}
			if n += len(es); o.Progress != nil {
				o.Progress(n)
			}
			return ctx.Err()
		})
	})
	if err == nil {
		err = exportSeries(ctx, tx, g, w)
	}
	for _, format := range [...]string{"ics", "csv"} {
		if err == nil {
			o.Format = format
			err = s.exportAs(ctx, tx, g, w, o)
		}
	}
	if err != nil {
		return fmt.Errorf("export events: %w", err)
	}
	return nil
}

func (s *Service) exportAs(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer, o ExportOptions) error {
	part, err := w.Create("events." + o.Format)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(part, 64<<10)
	x, err := s.exporter(out, o)
	if err != nil {
		return err
	}
	err = eachOfGroup(ctx, tx, g, func(es []Event) error {
		all, err := programmesOf(ctx, tx, es...)
		for i := range es {
			if err == nil && es[i].State.Listed() {
				err = x.event(&es[i], all.of(&es[i]))
			}
		}
		return err
	})
	if err == nil {
		err = x.end()
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return err
	}
	return part.Close()
}

// archived are events as the file has them, without the names of pictures.
func (s *Service) archived(ctx context.Context, tx *db.Tx, es []Event) ([]archivedEvent, error) {
	all, err := programmesOf(ctx, tx, es...)
	if err != nil {
		return nil, err
	}
	said, err := versionsOf(ctx, tx, "", es...)
	if err != nil {
		return nil, err
	}
	out := make([]archivedEvent, len(es))
	ids := make([]id.Event, len(es))
	at := map[id.Event]int{}
	for i := range es {
		out[i], ids[i], at[es[i].ID] = archivedOf(&es[i], all.of(&es[i]), said[es[i].ID]), es[i].ID, i
	}
	for _, x := range s.Attached {
		found, err := x.Export(ctx, tx, ids)
		if err != nil {
			return nil, fmt.Errorf("export %s: %w", x.Name(), err)
		}
		for e, v := range found {
			b, err := json.Marshal(v)
			if err != nil {
				return nil, fmt.Errorf("encode %s: %w", x.Name(), err)
			}
			a := &out[at[e]]
			if a.Attached == nil {
				a.Attached = map[string]json.RawMessage{}
			}
			a.Attached[x.Name()] = b
		}
	}
	return out, nil
}

// ImportGroup takes in the events of an archive. A group that was here before is
// only compared.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import) error {
	seen := map[string]bool{}
	in.Events = map[string]id.Event{}
	err := archive.Each(in.Reader, archiveFile, func(n int, row *archivedEvent) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if seen[row.ID] {
			in.Report.Leave(archivePart, row.ID, archive.CodeInvalid, i18n.Mark("Another row of the file has this id."))
			return nil
		}
		seen[row.ID] = true
		eid, err := s.importEvent(ctx, tx, in, row)
		if in.Report.Invalid(archivePart, row.ID, err) {
			return nil
		}
		if eid != "" {
			in.Events[row.ID] = eid
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.importSeries(ctx, tx, in, in.Events)
}

// importEvent returns what the event is called here, "" when it is not here.
func (s *Service) importEvent(ctx context.Context, tx *db.Tx, in *archive.Import, row *archivedEvent) (id.Event, error) {
	e, p, vs, err := row.parse(in.Moment, s.Render)
	if err != nil {
		return "", err
	}
	e.Group, e.UID = in.Group, "moved:"+row.ID
	old, err := oneEvent(ctx, tx, "where e.group_id = $1 and (e.id = $2 or e.uid = $3)", string(in.Group), row.ID, e.UID)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return "", err
	}
	here := err == nil
	if !here && in.There {
		in.Report.Missing(archivePart, row.ID)
		return "", nil
	}
	if c, ok := in.Campaigns[row.Campaign]; ok {
		e.Campaign = c
	} else if row.Campaign != "" {
		if e.Follows = 0; !here {
			in.Report.Note(archivePart, row.ID, archive.CodeCampaign, i18n.Mark("It was part of a campaign that the group does not own here, and now stands for itself."))
		}
	}
	key, ok := in.Picture(row.Picture, old.Picture)
	if !ok && !here {
		in.Report.Note(archivePart, row.ID, archive.CodePicture, i18n.Mark("Its picture could not be taken."))
	}
	e.Picture = key
	if here {
		return old.ID, s.compareEvent(ctx, tx, in, &old, &e, &p, vs, row)
	}
	if e.Title != row.Title || e.Description != row.Description {
		in.Report.Note(archivePart, row.ID, archive.CodeCharacters, i18n.Mark("Characters that could deceive readers were taken out."))
	}
	err = s.addArchived(ctx, tx, in, &e, &p, vs, row)
	return e.ID, err
}

// addArchived stores a new event with all that belongs to it.
func (s *Service) addArchived(ctx context.Context, tx *db.Tx, in *archive.Import, e *Event, p *Programme, vs []Version, row *archivedEvent) error {
	if err := s.importAttached(ctx, tx, e, row, false); err != nil {
		return err
	}
	if _, err := eventByID(ctx, tx, e.ID); err == nil {
		e.ID = id.Event(s.IDs.New())
		in.Report.Rename(archivePart, row.ID, string(e.ID))
	} else if !errors.Is(err, db.ErrNoRows) {
		return err
	}
	in.Report.New(archivePart)
	if !in.Write {
		return nil
	}
	var err error
	if e.Seq, err = nextSeq(ctx, tx, 1); err != nil {
		return fmt.Errorf("reserve a row: %w", err)
	}
	if err := insertEvent(ctx, tx, e, nil); err != nil {
		return err
	}
	if err := putProgramme(ctx, tx, e.ID, p); err != nil {
		return err
	}
	if err := addVersions(ctx, tx, e, vs); err != nil {
		return err
	}
	if err := s.changed(ctx, tx, nil, e); err != nil {
		return err
	}
	if err := s.tellNeeds(ctx, tx, e.ID, p); err != nil {
		return err
	}
	return s.importAttached(ctx, tx, e, row, true)
}

func (s *Service) importAttached(ctx context.Context, tx *db.Tx, e *Event, row *archivedEvent, write bool) error {
	to := Arriving{ID: e.ID, Start: e.Local(e.Start), End: e.Local(e.End), Spot: e.Spot(), Group: e.Group, Campaign: e.Campaign}
	for _, name := range slices.Sorted(maps.Keys(row.Attached)) {
		i := slices.IndexFunc(s.Attached, func(x Attached) bool { return x.Name() == name })
		if i < 0 {
			return fmt.Errorf("%w: events have no %q", archive.ErrUnreadable, name)
		}
		if err := s.Attached[i].Import(ctx, tx, to, row.Attached[name], write); err != nil {
			return fmt.Errorf("%s of the event %s: %w", name, row.ID, err)
		}
	}
	return nil
}

// compareEvent changes nothing.
func (s *Service) compareEvent(ctx context.Context, tx *db.Tx, in *archive.Import, old, e *Event, p *Programme, vs []Version, row *archivedEvent) error {
	rows, err := s.archived(ctx, tx, []Event{*old})
	if err != nil {
		return err
	}
	here, there := rows[0], archivedOf(e, p, vs)
	same := old.Picture == e.Picture
	for _, x := range s.Attached {
		a, b := here.Attached[x.Name()], row.Attached[x.Name()]
		same = same && (!x.Compared() || len(a) == 0 && len(b) == 0 || archive.SameJSON(a, b))
	}
	here.ID, there.ID = "", ""
	here.Attached, there.Attached = nil, nil
	if same && archive.Same(here, there) {
		in.Report.Unchanged(archivePart)
	} else {
		in.Report.Differs(archivePart, row.ID)
	}
	return nil
}
