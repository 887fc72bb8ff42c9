package coalitions

import (
	"context"
	"errors"

	"convoke/internal/archive"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

const (
	archivePart = "coalitions"
	archiveFile = "coalitions.json"
)

// Kinds of rows in the archive of a group.
const (
	rowRules   = "rules"     // of the group as a coalition
	rowPoints  = "points"    // one version of its points of unity
	rowGroup   = "group"     // a member group of it; for reading only
	rowMember  = "member_of" // a coalition that the group belongs to; for reading only
	rowWorking = "working"   // a working group; for reading only
)

// archivedRow is what a group is to coalitions, in its archive. Delegates are persons,
// so no archive has them. Other groups decide for themselves where they belong.
type archivedRow struct {
	Kind    string `json:"kind"`
	Weights string `json:"weights,omitempty"`
	Polls   string `json:"polls,omitempty"`
	Entry   string `json:"entry,omitempty"`
	Seats   int    `json:"seats,omitempty"`
	Notice  int    `json:"notice,omitempty"`
	Version int    `json:"version,omitempty"` // of points of unity
	Body    string `json:"body,omitempty"`    // Markdown
	Handle  string `json:"handle,omitempty"`
	Name    string `json:"name,omitempty"`
	Band    int    `json:"band,omitempty"`
	Purpose string `json:"purpose,omitempty"`
	Day     string `json:"day,omitempty"`
}

// ExportGroup writes what a group is to coalitions; nothing for a group that has
// nothing to do with any.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer) error {
	rows, err := s.archived(ctx, tx, g)
	if err != nil || len(rows) == 0 {
		return err
	}
	return w.List(archiveFile, func(add func(any) error) error {
		for _, r := range rows {
			if err := add(r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) archived(ctx context.Context, tx *db.Tx, g id.Group) (rows []archivedRow, err error) {
	c, is, err := s.Rules(ctx, tx, g)
	if err != nil {
		return nil, err
	}
	if is {
		rows = append(rows, rulesRow(&c))
		points, err := allPoints(ctx, tx, g)
		if err != nil {
			return nil, err
		}
		for _, p := range points {
			rows = append(rows, archivedRow{Kind: rowPoints, Version: p.Version, Body: p.Body, Day: day.ISO(p.Day)})
		}
		for after := ""; ; {
			all, err := membersAfter(ctx, tx, g, Belongs, after, maxPage)
			if err != nil {
				return nil, err
			}
			for _, m := range all {
				rows = append(rows, archivedRow{Kind: rowGroup, Handle: m.Handle, Version: m.Version, Band: m.Band, Day: day.ISO(m.Day)})
				after = m.Handle
			}
			if len(all) < maxPage {
				break
			}
		}
	}
	more, err := s.archivedParts(ctx, tx, g)
	return append(rows, more...), err
}

func rulesRow(c *Coalition) archivedRow {
	polls := "open"
	if c.Secret {
		polls = "secret"
	}
	return archivedRow{Kind: rowRules, Weights: string(c.Weights), Polls: polls, Entry: string(c.Entry), Seats: c.Seats, Notice: c.Notice}
}

func (s *Service) archivedParts(ctx context.Context, tx *db.Tx, g id.Group) (rows []archivedRow, err error) {
	parts, err := partsOf(ctx, tx, g, maxParts)
	if err != nil {
		return nil, err
	}
	working, err := workingIn(ctx, tx, g)
	if err != nil {
		return nil, err
	}
	var ids []id.Group
	for _, m := range parts {
		ids = append(ids, m.Coalition)
	}
	names, err := s.byID(ctx, tx, ids)
	for _, m := range parts {
		if x := names[m.Coalition]; m.State == Belongs && !x.Suspended {
			rows = append(rows, archivedRow{Kind: rowMember, Handle: x.Handle, Name: x.Name, Version: m.Version, Band: m.Band, Day: day.ISO(m.Day)})
		}
	}
	for _, w := range working {
		if w.Listed {
			rows = append(rows, archivedRow{Kind: rowWorking, Handle: w.Handle, Purpose: w.Purpose})
		}
	}
	return rows, err
}

// ImportGroup makes a group a coalition again, with its rules and points of unity and
// without member groups: those are asked, by whoever looks after it first.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import) error {
	var c *Coalition
	return archive.Each(in.Reader, archiveFile, func(_ int, row *archivedRow) error {
		var err error
		switch row.Kind {
		case rowRules:
			c, err = s.importRules(ctx, tx, in, row, c)
		case rowPoints:
			err = s.importPoints(ctx, tx, in, row, c)
		case rowGroup, rowMember, rowWorking:
			if !in.There {
				in.Report.Leave(archivePart, row.Handle, archive.CodeOwners, i18n.Mark("Other groups decide for themselves where they belong; ask them here."))
			}
		default:
			in.Report.Leave(archivePart, row.Kind, archive.CodeInvalid, i18n.Mark("No archive says this."))
		}
		return err
	})
}

func (s *Service) importRules(ctx context.Context, tx *db.Tx, in *archive.Import, row *archivedRow, before *Coalition) (*Coalition, error) {
	var p parser
	c := Settings{Weights: row.Weights, Polls: row.Polls, Entry: row.Entry, Seats: row.Seats, Notice: row.Notice}.parse(&p)
	if before != nil {
		p.fail("kind", "coalition.archive", "No archive says this.")
	}
	if in.Report.Invalid(archivePart, row.Kind, fault.Invalid(p.fields...)) {
		return before, nil
	}
	if in.There {
		old, err := coalitionOf(ctx, tx, in.Group)
		switch {
		case errors.Is(err, db.ErrNoRows):
			in.Report.Missing(archivePart, row.Kind)
		case err != nil:
			return before, err
		case archive.Same(rulesRow(&old), row):
			in.Report.Unchanged(archivePart)
		default:
			in.Report.Differs(archivePart, row.Kind)
		}
		return &old, nil
	}
	in.Report.New(archivePart)
	c.Group, c.Form = in.Group, "moved:"+string(in.Group)
	if !in.Write {
		return &c, nil
	}
	tx.Touch("coalitions")
	return &c, insertCoalition(ctx, tx, &c)
}

func (s *Service) importPoints(ctx context.Context, tx *db.Tx, in *archive.Import, row *archivedRow, c *Coalition) error {
	var p parser
	x := p.points(plaintext.Text(row.Body))
	var ok bool
	if x.Day, ok = day.Read(row.Day); !ok || c == nil || row.Version < 1 || !in.There && row.Version != c.Points+1 {
		p.fail("version", "coalition.archive", "No archive says this.")
	}
	if in.Report.Invalid(archivePart, row.Kind, fault.Invalid(p.fields...)) {
		return nil
	}
	if in.There {
		old, err := pointsOf(ctx, tx, in.Group, row.Version)
		switch {
		case errors.Is(err, db.ErrNoRows):
			in.Report.Missing(archivePart, row.Kind)
		case err != nil:
			return err
		case old.Body == row.Body:
			in.Report.Unchanged(archivePart)
		default:
			in.Report.Differs(archivePart, row.Kind)
		}
		return nil
	}
	in.Report.New(archivePart)
	x.Version = row.Version
	c.Points = row.Version
	if !in.Write {
		return nil
	}
	if err := insertPoints(ctx, tx, in.Group, &x); err != nil {
		return err
	}
	return updateCoalition(ctx, tx, c)
}
