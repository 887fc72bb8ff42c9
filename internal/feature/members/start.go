package members

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/markdown"
	"convoke/internal/web"
)

// maxAsk bounds whom to ask, in characters.
const maxAsk = 200

// Start is what a group tells those who are new.
type Start struct {
	Shown     bool   // everybody may read it
	Does      string // Markdown: what we do
	DoesHTML  template.HTML
	First     string // Markdown: first things to do
	FirstHTML template.HTML
	Ask       string // whom to ask: a role or a public address
	Version   int    // 0 when there is none yet
}

// StartInput is one as it was typed.
type StartInput struct {
	Shown            bool
	Does, First, Ask string
	Version          string // of what it was filled from, "" when that is not known
}

func (in StartInput) parse() (Start, error) {
	t := Start{Shown: in.Shown, Does: in.Does, First: in.First, Ask: in.Ask}
	var bad []fault.FieldError
	render := func(field, src string) template.HTML {
		html, err := markdown.Render(src)
		switch {
		case errors.Is(err, markdown.ErrTooLong):
			bad = append(bad, fault.Field(field, "start.long", "This text is too long: at most {kib} KiB.", "kib", markdown.MaxBytes>>10))
		case err != nil:
			bad = append(bad, fault.Field(field, "start.unreadable", "This text cannot be shown. Remove what is unusual in it."))
		}
		return html
	}
	t.DoesHTML, t.FirstHTML = render("does", in.Does), render("first", in.First)
	if len([]rune(in.Ask)) > maxAsk {
		bad = append(bad, fault.Field("ask", "start.ask_long", "This is too long: at most {max} characters.", "max", maxAsk))
	}
	return t, fault.Invalid(bad...)
}

// same reports whether both say the same.
func (t *Start) same(o *Start) bool {
	return t.Shown == o.Shown && t.Does == o.Does && t.First == o.First && t.Ask == o.Ask
}

func startOf(ctx context.Context, tx *db.Tx, g id.Group) (t Start, err error) {
	var does, first string
	err = tx.Get(ctx, "select shown, does, does_html, first_steps, first_html, ask, version from start_page where group_id = $1", []any{string(g)},
		&t.Shown, &t.Does, &does, &t.First, &first, &t.Ask, &t.Version)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	t.DoesHTML, t.FirstHTML = template.HTML(does), template.HTML(first) //nolint:gosec,forbidigo // made by markdown.Render before they were stored
	return t, err
}

func putStart(ctx context.Context, tx *db.Tx, g id.Group, t *Start) error {
	_, err := tx.Exec(ctx, `insert into start_page (group_id, shown, does, does_html, first_steps, first_html, ask, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (group_id) do update set shown = excluded.shown, does = excluded.does,
		does_html = excluded.does_html, first_steps = excluded.first_steps, first_html = excluded.first_html, ask = excluded.ask, version = excluded.version`,
		string(g), t.Shown, t.Does, string(t.DoesHTML), t.First, string(t.FirstHTML), t.Ask, t.Version)
	if err != nil {
		return fmt.Errorf("store the newcomers' page: %w", err)
	}
	return nil
}

// Started is the newcomers' page of a group as one reader sees it.
type Started struct {
	Start
	Group  Group
	Tasks  []string // titles of what organizers marked for a first time
	Member bool     // the reader is one
	Edit   bool
}

// started is the newcomers' page without tasks, for those who may read it.
func (s *Service) started(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Started, error) {
	m, err := s.load(ctx, tx, by, handle)
	if err != nil {
		return Started{}, err
	}
	t, err := startOf(ctx, tx, m.Group.ID)
	if err == nil && !authz.MayKnow(by, t.Shown, m.sub) {
		err = web.ErrNotFound()
	}
	if err != nil {
		return Started{}, err
	}
	return Started{Start: t, Group: m.Group, Member: m.sub.Role != authz.None, Edit: authz.May(by, authz.RunTasks, m.sub)}, nil
}

// Start returns the newcomers' page: for everybody when it is public, else for members.
func (s *Service) Start(ctx context.Context, by authz.Actor, handle string) (out Started, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = s.started(ctx, tx, by, handle)
		if err == nil && s.First != nil {
			out.Tasks, err = s.First(ctx, tx, out.Group.ID)
		}
		return err
	})
	return out, err
}

// EditableStart returns the page for organizers, who write it.
func (s *Service) EditableStart(ctx context.Context, by authz.Actor, handle string) (g Group, t Start, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		m, err := s.inside(ctx, tx, by, handle, authz.RunTasks)
		if err != nil {
			return err
		}
		g = m.Group
		t, err = startOf(ctx, tx, g.ID)
		return err
	})
	return g, t, err
}

// SetStart writes the page, unless somebody else did meanwhile.
func (s *Service) SetStart(ctx context.Context, by authz.Actor, handle string, in StartInput) error {
	t, wrong := in.parse()
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		m, err := s.inside(ctx, tx, by, handle, authz.RunTasks)
		if err != nil {
			return err
		}
		if wrong != nil {
			return wrong
		}
		old, err := startOf(ctx, tx, m.Group.ID)
		if err != nil || old.Version > 0 && t.same(&old) {
			return err
		}
		if in.Version != "" && in.Version != strconv.Itoa(old.Version) {
			return fault.Conflict("start.changed_meanwhile",
				"Somebody else has changed this page meanwhile. Please open it again: what you typed is still here to copy.")
		}
		t.Version = old.Version + 1
		tx.Touch("group:" + string(m.Group.ID))
		if err := s.Acted(ctx, tx, m.Group.ID, m.sub.Role); err != nil {
			return err
		}
		return putStart(ctx, tx, m.Group.ID, &t)
	})
}
