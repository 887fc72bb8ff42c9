package coalitions

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/web"
)

type delegatesData struct {
	Form        *web.Form
	At          string // the coalition that the form is about
	Group       view
	URL         string
	IsCoalition bool
	First       bool
	Set         settingsView
	Board       board
	Next        string
	Parts       []partView
}

var delegatesPage = web.NewPage[delegatesData](pages, "pages/delegates.html")

// memberCursor is the handle behind which a page of members begins.
func memberCursor(c *web.Call) string {
	v := c.Query().Get("after")
	if len(v) > handle.Max {
		return ""
	}
	return v
}

// seen finds a group for a page, before the cache is asked.
func (w *Web) seen(c *web.Call) (v view, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		v, err = w.known(c.Context(), tx, c.Actor(), c.Param("handle"))
		return err
	})
	return v, err
}

func (w *Web) delegates(c *web.Call) error {
	v, err := w.seen(c)
	if err != nil {
		return err
	}
	return c.Cached(tags(v.ID), pageTTL, func() error { return w.delegatesForm(c, c.NewForm(), "") }, "after")
}

func (w *Web) delegatesForm(c *web.Call, f *web.Form, at string) error {
	d := delegatesData{Form: f, At: at, First: memberCursor(c) == ""}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error { return w.fillDelegates(c, tx, &d) })
	if err != nil {
		return err
	}
	if !d.Board.Until.IsZero() {
		c.ShownUntil(d.Board.Until)
	}
	return delegatesPage.RenderForm(c, f, d)
}

func (w *Web) fillDelegates(c *web.Call, tx *db.Tx, d *delegatesData) error {
	ctx := c.Context()
	v, err := w.known(ctx, tx, c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	d.Group, d.URL = v, "/groups/"+v.Handle
	x, is, err := w.Rules(ctx, tx, v.ID)
	if err != nil {
		return err
	}
	d.IsCoalition = is
	if is {
		d.Set = settingsOf(c.Locale, &x)
		if d.Board, err = w.board(ctx, tx, c.Locale, c.Actor(), &x, v, memberCursor(c), maxPage); err != nil {
			return err
		}
		d.Next = next(d.URL+"/delegates", d.Board.Next)
	}
	d.Parts, err = w.parts(ctx, tx, c.Locale, c.Actor(), v)
	for i := range d.Parts {
		if p := &d.Parts[i]; p.Coalition.Handle == d.At {
			p.Choices, p.Agrees = d.Form.Choose("band", p.Choices), d.Form.Has("version", strconv.Itoa(p.Points))
		}
	}
	return err
}

// delegatesJSON is the page for programs, as the API has it.
func (w *Web) delegatesJSON(c *web.Call) error {
	v, err := w.seen(c)
	if err != nil {
		return err
	}
	return c.Cached(tags(v.ID), pageTTL, func() error {
		x, err := w.apiDelegates(c, &apiMembersIn{Handle: v.Handle, After: memberCursor(c)})
		if err != nil {
			return err
		}
		b, err := json.MarshalIndent(x, "", "  ")
		if err != nil {
			return err
		}
		c.Header().Set("Access-Control-Allow-Origin", "*")
		return c.Write(http.StatusOK, "application/json", append(b, '\n'))
	}, "after")
}

// delegatesAct does what one of the buttons on a group's page of delegates says.
func (w *Web) delegatesAct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	group, coalition, at := c.Param("handle"), f.Line("coalition"), ""
	switch what := f.Line("do"); what {
	case "take", "decline", "recall":
		err = w.doSeat(c, what, group, f.Line("seat"))
	case "terms", "leave":
		if what == "terms" {
			at = coalition
		}
		err = w.do(c, what, coalition, group, termsOf(f))
	default:
		err = errUnreadable()
	}
	if f.Accepts(err) {
		return w.delegatesForm(c, f, at)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + group + "/delegates")
}

// doSeat is what can be done about one mandate.
func (s *Service) doSeat(c *web.Call, what, group, seat string) error {
	ctx, by := c.Context(), c.Actor()
	switch what {
	case "take":
		return s.Take(ctx, by, seat)
	case "decline":
		return s.Decline(ctx, by, seat)
	}
	return s.Recall(ctx, by, group, seat)
}

type appointData struct {
	Form      *web.Form
	Group     view
	Coalition Group
	URL       string
	Key       string
	Seats     []web.Choice
	Mandates  []web.Choice
	Last      time.Time // the last day that a mandate can have
}

var appointPage = web.NewPage[appointData](pages, "pages/appoint.html")

func (w *Web) appointPage(c *web.Call, f *web.Form, key string) error {
	d := appointData{Form: f, Key: key, Last: c.Now().AddDate(longestTerm, 0, 0)}
	l := c.Locale
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		x, of, g, m, err := w.pair(c.Context(), tx, c.Actor(), f.Line("coalition"), c.Param("handle"))
		if err == nil && m.State != Belongs {
			err = errNoMember()
		}
		if err != nil {
			return err
		}
		d.Group, d.Coalition, d.URL = g, of.Group, "/groups/"+g.Handle+"/delegates"
		all, err := seatsOf(c.Context(), tx, x.Group, g.ID)
		d.Seats = []web.Choice{{Value: "0", Label: l.T("The first that is free")}}
		for n := 1; n <= x.Seats; n++ {
			label := l.T("Seat {n}", "n", n)
			for _, s := range all {
				if s.Seat == n && s.State == Holds {
					label = l.T("Seat {n}, instead of {handle}", "n", n, "handle", s.Handle)
				}
			}
			d.Seats = append(d.Seats, web.Choice{Value: strconv.Itoa(n), Label: label})
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range mandates {
		d.Mandates = append(d.Mandates, web.Choice{Value: m.code, Label: l.T(m.short), Hint: l.T(m.hint)})
	}
	d.Seats, d.Mandates = f.Choose("seat", d.Seats), f.Choose("mandate", d.Mandates)
	c.Header().Set("Cache-Control", "no-store")
	return appointPage.RenderForm(c, f, d)
}

func (w *Web) appointForm(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	q := c.Query()
	f := c.NewForm().Set("coalition", q.Get("coalition")).Set("seat", q.Get("seat")).Set("mandate", Free).
		Set("day", c.Now().AddDate(1, 0, 0).Format(time.DateOnly))
	return w.appointPage(c, f, c.NewKey())
}

func readAppoint(f *web.Form) AppointInput {
	in := AppointInput{
		Coalition: f.Line("coalition"), Person: trimAt(f.Line("person")), Alternate: trimAt(f.Line("alternate")), Mandate: f.Line("mandate"),
		Instructions: f.Text("instructions"), Everybody: f.Has("everybody", "1"), Day: f.Line("day"),
	}
	var ok bool
	if in.Seat, ok = f.Int("seat"); !ok {
		in.Seat = -1
	}
	return in
}

func (w *Web) appoint(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	_, err = w.Appoint(c.Context(), c.Actor(), c.Param("handle"), f.Line("key"), readAppoint(f))
	if fault.HasCode(err, "coalition.no_member") {
		return err // there is no form to show again
	}
	if f.Accepts(err) {
		return w.appointPage(c, f, f.Line("key"))
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/delegates")
}
