package assemblies

import (
	"html/template"

	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// roleView is one role that a member can take.
type roleView struct {
	Code, Name, Holder string
	Take, Free         bool
}

type showData struct {
	Form        *web.Form
	Assembly    Assembly
	URL         string
	Group       Group
	When, Where string
	ISO, Zone   string
	Online      string // the address, for those who may have it
	OnlineNote  bool   // there is one, for members
	State       string
	Badge       bool
	Notice      string
	Now         template.HTML // the part that follows live
	NowURL      string
	Follows     bool
	Own         ownView
	Roles       []roleView
	Runs, Calls bool
	Orders      bool
	Inside      bool
	Minutes     bool
	MinutesOf   string
}

var (
	showPage = web.NewPage[showData](pages, "pages/show.html", "pages/parts.html")
	nowPage  = web.NewPage[nowView](pages, "pages/now.html", "pages/parts.html")
	ownPage  = web.NewPage[ownView](pages, "pages/own.html", "pages/parts.html")
)

// noticeText says how an assembly was called.
func noticeText(l *i18n.Locale, n Notice) string {
	called := l.N("Called {n} day ahead.", "Called {n} days ahead.", max(n.Ahead, 0))
	asks := l.N("The group asks for {n} day of notice.", "The group asks for {n} days of notice.", n.Asked)
	switch {
	case n.Urgent:
		return l.T("Urgent.") + " " + called + " " + asks
	case n.Asked > 0:
		return called + " " + asks
	}
	return called
}

// look is [Service.Look], without what is rendered already.
func (w *Web) look(c *web.Call, aid ID, r room) (Room, template.HTML, error) {
	var have template.HTML
	since, keep := w.kept.now(), !c.Locale.Records()
	key := func(r *Room) memoKey { return memoKey{aid, c.Locale.Key(), r.Named, r.Seat.Inside} }
	out, err := w.Look(c.Context(), aid, r, func(r *Room) (ok bool) {
		have, ok = w.kept.get(key(r), r.Assembly.Version)
		return ok && keep
	})
	if err != nil || out.Known {
		return out, have, err
	}
	if have, err = nowPage.Fragment(c, nowOf(c.Locale, &out)); err == nil && keep {
		w.kept.put(key(&out), out.Assembly.Version, since, have)
	}
	return out, have, err
}

// cached serves what everybody may see from the cache of pages. Names that only those in
// the room see are kept nowhere between us.
func (w *Web) cached(c *web.Call, aid ID, r room, render func() error) error {
	if r.Door == "" && r.Hand == "" && c.Actor().Visitor() {
		return c.Cached(tags(aid), pageTTL, render)
	}
	c.Header().Set("Cache-Control", "no-store")
	return render()
}

func (w *Web) showPage(c *web.Call, aid ID, f *web.Form) error {
	r, html, err := w.look(c, aid, room{By: c.Actor()})
	if err != nil {
		return err
	}
	a, l := &r.Assembly, c.Locale
	d := showData{
		Form: f, Assembly: *a, URL: a.url(), Group: r.Seat.Group, When: when(l, a), Where: a.Place, Zone: a.Zone, State: l.T(a.State.name()),
		Badge: a.State != Called, Now: html, NowURL: a.url() + "/now", Follows: !a.State.Over(), Runs: r.Seat.Runs, Calls: r.Seat.Calls,
		Orders: orders(c.Actor(), a)(r.Seat) == nil,
		Inside: r.Seat.Inside, Minutes: readable(a, r.Seat) && (a.State == Open || a.State == Closed), ISO: a.Local(a.Starts).Format("2006-01-02T15:04:05Z07:00"),
	}
	if a.State != Draft {
		d.Notice = noticeText(l, a.Notice)
	}
	if a.OnlineURL != "" {
		if d.OnlineNote = a.OnlineInside; !a.OnlineInside || r.Seat.Inside {
			d.Online = a.OnlineURL
		}
	}
	if r.Seat.Inside {
		d.Own = ownOf(c, f, &r, a.url()+"/hand")
		if d.Roles, err = w.roles(c, &r); err != nil {
			return err
		}
		c.Header().Set("Cache-Control", "no-store")
	}
	return showPage.RenderForm(c, f, d)
}

// roles are shown to members only.
func (w *Web) roles(c *web.Call, r *Room) ([]roleView, error) {
	a, l := &r.Assembly, c.Locale
	out := []roleView{{Code: RoleFacilitator, Name: l.T("Facilitator")}, {Code: RoleNotes, Name: l.T("Note-taker")}}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		for i, p := range []id.Person{a.Facilitator, a.NoteTaker} {
			if out[i].Holder, err = handleOf(c.Context(), tx, p); err != nil {
				return err
			}
			if attends(c.Actor())(r.Seat) != nil || a.State == Off || a.State == Closed && i == 0 {
				continue
			}
			out[i].Take = p == ""
			out[i].Free = p != "" && (p == c.Actor().Person || r.Seat.Calls)
		}
		return nil
	})
	return out, err
}

// role takes on or frees a role.
func (w *Web) role(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	aid := ID(c.Param("id"))
	err = w.TakeOn(c.Context(), c.Actor(), aid, f.Line("role"), f.Line("do"))
	if f.Accepts(err) {
		return w.showPage(c, aid, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/assemblies/" + string(aid) + "#roles")
}

// handAct raises or lowers a member's hand.
func (w *Web) handAct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	aid := ID(c.Param("id"))
	err = w.handDo(c, f, aid, room{By: c.Actor()})
	if f.Accepts(err) {
		return w.showPage(c, aid, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/assemblies/" + string(aid) + "#own")
}

// now is the part of a page that follows live.
func (w *Web) now(c *web.Call) error {
	aid := ID(c.Param("id"))
	r := room{By: c.Actor()}
	if secret := c.Param("secret"); secret != "" {
		if !id.ValidSecret(secret) {
			return web.ErrNotFound()
		}
		r = room{Door: secret}
	}
	render := func() error {
		out, html, err := w.look(c, aid, r)
		if err != nil {
			return err
		}
		if out.Seat.Inside && r.Door == "" {
			own, err := ownPage.Fragment(c, ownOf(c, c.NewForm(), &out, out.Assembly.url()+"/hand"))
			if err != nil {
				return err
			}
			html += own
		}
		return writeNow(c, html)
	}
	return w.cached(c, aid, r, render)
}

func writeNow(c *web.Call, html template.HTML) error {
	return c.Write(200, "text/html; charset=utf-8", []byte(html))
}

type roomData struct {
	Assembly Assembly
	Group    Group
	Now      template.HTML
	NowURL   string
	Follows  bool
	Back     string
}

var roomPage = web.NewPage[roomData](pages, "pages/room.html", "pages/parts.html")

// room is what a projector shows.
func (w *Web) room(c *web.Call) error {
	aid := ID(c.Param("id"))
	r, back := room{By: c.Actor()}, "/assemblies/"+string(aid)
	if secret := c.Param("secret"); secret != "" {
		var err error
		if r, err = doorRoom(secret); err != nil {
			return err
		}
		back += "/door/" + secret
	}
	return w.cached(c, aid, r, func() error {
		out, html, err := w.look(c, aid, r)
		if err != nil {
			return err
		}
		return roomPage.RenderFrame(c, roomData{out.Assembly, out.Seat.Group, html, back + "/now", !out.Assembly.State.Over(), back})
	})
}

type doorData struct {
	Form     *web.Form
	Assembly Assembly
	Now      template.HTML
	NowURL   string
	Follows  bool
	Own      ownView
	Hand     bool // the page of one's own hand
}

var doorPage = web.NewPage[doorData](pages, "pages/door.html", "pages/parts.html")

// doorShow is the page of somebody who came by the link, and of their hand.
func (w *Web) doorShow(c *web.Call, f *web.Form, r room) error {
	aid := ID(c.Param("id"))
	out, html, err := w.look(c, aid, r)
	if err != nil {
		return err
	}
	at := out.Assembly.url() + "/door/" + r.Door
	if r.Hand != "" {
		at = out.Assembly.url() + "/hand/" + r.Hand
	}
	c.Header().Set("Cache-Control", "no-store")
	return doorPage.RenderForm(c, f, doorData{f, out.Assembly, html, at + "/now", !out.Assembly.State.Over(), ownOf(c, f, &out, at), r.Hand != ""})
}

func (w *Web) door(c *web.Call) error {
	r, err := doorRoom(c.Param("secret"))
	if err != nil {
		return err
	}
	return w.doorShow(c, c.NewForm(), r)
}

func (w *Web) doorRaise(c *web.Call) error {
	r, err := doorRoom(c.Param("secret"))
	if err != nil {
		return err
	}
	if err := w.slow(c); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	aid, form := ID(c.Param("id")), f.Line("key")
	err = w.RaiseHand(c.Context(), aid, r, form, f.Line("name"))
	if f.Accepts(err) {
		return w.doorShow(c, f, r)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/assemblies/" + string(aid) + "/hand/" + form)
}

func handRoom(c *web.Call) (room, error) {
	if secret := c.Param("secret"); id.ValidSecret(secret) {
		return room{Hand: secret}, nil
	}
	return room{}, web.ErrNotFound()
}

func (w *Web) ownHand(c *web.Call) error {
	r, err := handRoom(c)
	if err != nil {
		return err
	}
	return w.doorShow(c, c.NewForm(), r)
}

func (w *Web) ownHandAct(c *web.Call) error {
	r, err := handRoom(c)
	if err != nil {
		return err
	}
	if err := w.slow(c); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.handDo(c, f, ID(c.Param("id")), r)
	if f.Accepts(err) {
		return w.doorShow(c, f, r)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/assemblies/" + c.Param("id") + "/hand/" + r.Hand)
}

// ownNow is the part that follows live, and one's own hand.
func (w *Web) ownNow(c *web.Call) error {
	r, err := handRoom(c)
	if err != nil {
		return err
	}
	out, html, err := w.look(c, ID(c.Param("id")), r)
	if err != nil {
		return err
	}
	own, err := ownPage.Fragment(c, ownOf(c, c.NewForm(), &out, out.Assembly.url()+"/hand/"+r.Hand))
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return writeNow(c, html+own)
}
