package coalitions

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/web"
)

// workingView is a working group, or the group that it works for.
type workingView struct {
	Handle, Name, Purpose string
	Listed                bool
}

type workingData struct {
	Form   *web.Form
	Group  view
	URL    string
	Speaks bool
	Has    []workingView // working groups of this group
	For    []workingView // groups that it works for
}

var workingPage = web.NewPage[workingData](pages, "pages/working.html")

// workingViews are the working groups of a group; those that are only asked its
// organizers see alone.
func (s *Service) workingViews(ctx context.Context, tx *db.Tx, v view, by authz.Actor) ([]workingView, error) {
	all, err := workingIn(ctx, tx, v.ID)
	if err != nil {
		return nil, err
	}
	return s.views(ctx, tx, all, v.speaks(by), func(w Working) id.Group { return w.Group })
}

// views names the groups of rows; of what is only asked all is true.
func (s *Service) views(ctx context.Context, tx *db.Tx, rows []Working, all bool, of func(Working) id.Group) (out []workingView, err error) {
	ids := make([]id.Group, len(rows))
	for i, w := range rows {
		ids[i] = of(w)
	}
	names, err := s.byID(ctx, tx, ids)
	for i, w := range rows {
		if g := names[ids[i]]; (w.Listed || all) && !g.Suspended {
			out = append(out, workingView{g.Handle, g.Name, w.Purpose, w.Listed})
		}
	}
	return out, err
}

func (s *Service) working(ctx context.Context, tx *db.Tx, v view, by authz.Actor) (has, of []workingView, err error) {
	if has, err = s.workingViews(ctx, tx, v, by); err != nil {
		return nil, nil, err
	}
	rows, err := worksFor(ctx, tx, v.ID)
	if err != nil {
		return nil, nil, err
	}
	of, err = s.views(ctx, tx, rows, v.speaks(by), func(w Working) id.Group { return w.Parent })
	return has, of, err
}

func (w *Web) working(c *web.Call) error {
	v, err := w.seen(c)
	if err != nil {
		return err
	}
	return c.Cached(tags(v.ID), pageTTL, func() error { return w.workingForm(c, c.NewForm()) })
}

func (w *Web) workingForm(c *web.Call, f *web.Form) error {
	d := workingData{Form: f}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		v, err := w.known(c.Context(), tx, c.Actor(), c.Param("handle"))
		if err != nil {
			return err
		}
		d.Group, d.URL, d.Speaks = v, "/groups/"+v.Handle, v.speaks(c.Actor())
		d.Has, d.For, err = w.Service.working(c.Context(), tx, v, c.Actor())
		return err
	})
	if err != nil {
		return err
	}
	return workingPage.RenderForm(c, f, d)
}

func (w *Web) workingAct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.doWorking(c, f.Line("do"), c.Param("handle"), trimAt(f.Line("group")), f.Line("purpose"))
	if f.Accepts(err) {
		return w.workingForm(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/working-groups")
}

// doWorking is what can be done about a group and another one that works for it, or
// for which it works.
func (s *Service) doWorking(c *web.Call, what, group, other, purpose string) error {
	ctx, by := c.Context(), c.Actor()
	switch what {
	case "ask":
		return s.AskWorking(ctx, by, group, other, purpose)
	case "drop":
		return s.DropWorking(ctx, by, group, other)
	case "yes", "no":
		return s.Work(ctx, by, group, other, what == "yes")
	}
	return errUnreadable()
}
