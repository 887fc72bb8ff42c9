package tasks

import (
	"context"
	"errors"

	"convoke/internal/archive"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

// archiveFile is the part of a group's archive that this feature owns.
const archiveFile = "tasks.json"

// archivedTask is an open task in the archive of a group. Who does it stays behind, and
// the page where it was decided too.
type archivedTask struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Note  string `json:"note,omitempty"` // Markdown
	Until string `json:"until,omitempty"`
	First bool   `json:"first_time,omitempty"`
	Made  string `json:"made"`
}

// ExportGroup writes what is open in a group into its archive.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, gid id.Group, w *archive.Writer) error {
	return w.List(archiveFile, func(add func(any) error) error {
		all, err := openIn(ctx, tx, gid)
		for i := 0; i < len(all) && err == nil; i++ {
			t := &all[i]
			err = add(archivedTask{t.ID, t.Title, t.Note, day.ISO(t.Until), t.First, day.ISO(t.Made)})
		}
		return err
	})
}

// ImportGroup takes in the open tasks of an archive. Those that are here are compared.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import) error {
	return archive.Each(in.Reader, archiveFile, func(_ int, row *archivedTask) error { return s.importTask(ctx, tx, in, row) })
}

func (s *Service) importTask(ctx context.Context, tx *db.Tx, in *archive.Import, row *archivedTask) error {
	const part = "tasks"
	made, ok := day.Read(row.Made)
	typed := Input{Key: row.ID, Title: plaintext.Line(row.Title), Note: plaintext.Text(row.Note), Until: row.Until}
	t, err := typed.parse(0) // its day may be over
	if in.Report.Invalid(part, row.ID, err) {
		return nil
	}
	if err != nil || !ok || !id.Valid(row.ID) || day.Time(made).After(in.Now) {
		in.Report.Leave(part, row.ID, archive.CodeInvalid, i18n.Mark("It has no day or no name that could be right."))
		return nil
	}
	uid := "moved:" + row.ID
	old, err := one(ctx, tx, "t.group_id = $1 and (t.uid = $2 or t.id = $3)", string(in.Group), uid, row.ID)
	switch {
	case err == nil && old.Title == t.Title && old.Note == t.Note && old.Until == t.Until && old.First == row.First:
		in.Report.Unchanged(part)
		return nil
	case err == nil:
		in.Report.Differs(part, row.ID)
		return nil
	case !errors.Is(err, db.ErrNoRows):
		return err
	case in.There:
		in.Report.Missing(part, row.ID)
		return nil
	}
	t.ID, t.Group, t.First, t.Made = row.ID, in.Group, row.First, made
	if _, err := one(ctx, tx, "t.id = $1", row.ID); err == nil {
		t.ID = s.IDs.New()
		in.Report.Rename(part, row.ID, t.ID)
	} else if !errors.Is(err, db.ErrNoRows) {
		return err
	}
	in.Report.New(part)
	if !in.Write {
		return nil
	}
	_, err = insert(ctx, tx, &t, uid)
	return err
}
