package members

import (
	"context"
	"strings"

	"convoke/internal/archive"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

// archiveFile is the part of a group's archive that this feature owns. What members
// offer, their weekly mails, and who looked after the group stay behind.
const archiveFile = "start.json"

// archivedStart is the newcomers' page in the archive of a group.
type archivedStart struct {
	Shown bool   `json:"shown"`
	Does  string `json:"does"`  // Markdown
	First string `json:"first"` // Markdown
	Ask   string `json:"ask"`
}

// ExportGroup writes the newcomers' page of a group into its archive.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, gid id.Group, w *archive.Writer) error {
	return w.List(archiveFile, func(add func(any) error) error {
		t, err := startOf(ctx, tx, gid)
		if err != nil || t.Version == 0 {
			return err
		}
		return add(archivedStart{t.Shown, t.Does, t.First, t.Ask})
	})
}

// ImportGroup takes the newcomers' page of an archive in, or compares it.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import) error {
	const part = "start"
	return archive.Each(in.Reader, archiveFile, func(n int, row *archivedStart) error {
		if n > 1 {
			return nil
		}
		t, err := StartInput{Shown: row.Shown, Does: plaintext.Text(row.Does), First: plaintext.Text(row.First), Ask: plaintext.Line(row.Ask)}.parse()
		if in.Report.Invalid(part, string(in.Group), err) {
			return nil
		}
		if err != nil {
			return err
		}
		old, err := startOf(ctx, tx, in.Group)
		switch {
		case err != nil:
			return err
		case in.There && old.Version == 0:
			in.Report.Missing(part, string(in.Group))
		case in.There && t.same(&old):
			in.Report.Unchanged(part)
		case in.There:
			in.Report.Differs(part, string(in.Group))
		default:
			in.Report.New(part)
			if t.Version = 1; in.Write && strings.TrimSpace(t.Does+t.First+t.Ask) != "" {
				return putStart(ctx, tx, in.Group, &t)
			}
		}
		return nil
	})
}
