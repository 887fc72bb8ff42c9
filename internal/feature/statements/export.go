package statements

import (
	"context"
	"fmt"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/frontmatter"
	"convoke/internal/id"
)

// exportPage is how many statements an export holds in memory.
const exportPage = 50

// ExportOptions say how [Service.Export] writes.
type ExportOptions struct {
	Group string // handle
	// Write takes one file; name has slashes and stands within the folder.
	Write func(name string, data []byte) error
	// Picture returns the bytes of a picture and the ending of its file's name.
	Picture func(ctx context.Context, key string) (data []byte, ending string, err error)
	// Progress, when set, learns how many statements are written.
	Progress func(statements int)
}

// Export writes all statements of a group, drafts and withdrawn ones too, as the
// files that [Service.Import] reads: DAY-SLUG.md, a file DAY-SLUG.LANG.md for
// each version in another language, and the pictures. Its memory does not grow
// with them.
func (s *Service) Export(ctx context.Context, o ExportOptions) error {
	var g Group
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		g, err = s.Groups.ByHandle(ctx, tx, o.Group)
		return err
	})
	if fault.Is(err, fault.KindNotFound) {
		return fmt.Errorf("there is no group with the handle %q", o.Group)
	}
	if err != nil {
		return fmt.Errorf("find the group: %w", err)
	}
	n := 0
	for slug := ""; ; {
		all, of, err := s.exportable(ctx, g.ID, slug)
		if err != nil {
			return fmt.Errorf("export statements: %w", err)
		}
		for i := range all {
			if err := o.write(ctx, &all[i], of[all[i].Campaign]); err != nil {
				return fmt.Errorf("export the statement %s: %w", all[i].Slug, err)
			}
			slug = all[i].Slug
		}
		n += len(all)
		if o.Progress != nil {
			o.Progress(n)
		}
		if len(all) < exportPage {
			return nil
		}
	}
}

func (s *Service) exportable(ctx context.Context, g id.Group, after string) (all []Statement, of map[id.Campaign]Campaign, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if all, err = afterSlug(ctx, tx, g, after, exportPage); err != nil {
			return err
		}
		of, err = s.campaignsOf(ctx, tx, all)
		return err
	})
	return all, of, err
}

func (o *ExportOptions) write(ctx context.Context, st *Statement, of Campaign) error {
	name := day.ISO(st.Day) + "-" + st.Slug
	for _, t := range st.Texts {
		beside := t.Lang != st.Lang
		h, file := headOf(st, t, of, beside), name+".md"
		if beside {
			file = name + "." + t.Lang + ".md"
		} else if st.Picture != "" && o.Picture != nil {
			data, ending, err := o.Picture(ctx, st.Picture)
			if err != nil {
				return fmt.Errorf("read its picture: %w", err)
			}
			h.Image = "pictures/" + st.Picture + ending
			if err := o.Write(h.Image, data); err != nil {
				return err
			}
		}
		b, err := frontmatter.Write(h, t.Markdown)
		if err != nil {
			return err
		}
		if err := o.Write(file, b); err != nil {
			return err
		}
	}
	return nil
}
