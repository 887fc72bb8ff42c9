package grants

import (
	"encoding/hex"
	"time"

	"convoke/internal/id"
	"convoke/internal/web"
)

type rosterData struct {
	Event Event
	URL   string
	Form  *web.Form
	After string // the page that is asked for
	List  []signUpView
	Next  string
	One   bool // one sign-up, with its address
	Asks  bool // for the words first
	First bool
}

type signUpView struct {
	Code, Hash, State string
	Party             int
	Needs             []string
	Times             []string
	Address           string
}

var rosterPage = web.NewPage[rosterData](pages, "pages/roster.html")

// roster is one page of sign-ups, for those who are named for that and have
// proved a short while ago that they are.
func (w *Web) roster(c *web.Call) error { return w.look(c, c.NewForm(), c.Query().Get("after")) }

// prove takes the words, and leads to the page.
func (w *Web) prove(c *web.Call) error {
	e, err := w.named(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	after := f.Line("after")
	err = w.Prove(c, f)
	if f.Accepts(err) {
		return w.look(c, f, after)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(rosterPath(e.ID, after))
}

// named finds the event for somebody who may see its sign-ups. To others there is
// no such page; visitors are asked to sign in, whatever the address.
func (w *Web) named(c *web.Call) (Event, error) {
	if err := c.RequireActor(); err != nil {
		return Event{}, err
	}
	e, err := eventID(c)
	if err != nil {
		return Event{}, err
	}
	return w.Seer(c.Context(), c.Actor(), e)
}

func rosterPath(e id.Event, after string) string {
	p := "/events/" + string(e) + "/roster"
	if parseHash(after) != nil {
		p += "?after=" + after
	}
	return p
}

func (w *Web) look(c *web.Call, f *web.Form, after string) error {
	e, err := w.named(c)
	if err != nil {
		return err
	}
	if parseHash(after) == nil {
		after = ""
	}
	d := rosterData{Event: e, URL: rosterPath(e.ID, ""), Form: f, After: after, Asks: !c.Proved(), First: after == ""}
	if !d.Asks {
		list, next, err := w.Look(c.Context(), c.Actor(), e.ID, after)
		if err != nil {
			return err
		}
		for _, x := range list {
			d.List = append(d.List, view(c, e, x))
		}
		if next != "" {
			d.Next = rosterPath(e.ID, next)
		}
	}
	return w.render(c, d)
}

func (w *Web) render(c *web.Call, d rosterData) error {
	c.Header().Set("Cache-Control", "no-store")
	c.Header().Set("X-Robots-Tag", "noindex")
	return rosterPage.RenderForm(c, d.Form, d)
}

// address shows one sign-up with its address.
func (w *Web) address(c *web.Call) error {
	e, err := w.named(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if !c.Proved() { // the words first; then the list, where they ask again
		return c.SeeOther(rosterPath(e.ID, f.Line("after")))
	}
	x, err := w.Address(c.Context(), c.Actor(), e.ID, f.Line("sign_up"))
	if err != nil {
		return err
	}
	return w.render(c, rosterData{
		Event: e, URL: rosterPath(e.ID, ""), Form: c.NewForm(), After: f.Line("after"), One: true, List: []signUpView{view(c, e, x)},
		Next: rosterPath(e.ID, f.Line("after")),
	})
}

func view(c *web.Call, e Event, x SignUp) signUpView {
	l := c.Locale
	v := signUpView{Code: x.Code, Hash: hex.EncodeToString(x.Hash), Party: x.Party, State: l.T("Coming"), Address: x.Address}
	if x.Waits {
		v.State = l.T("Waiting")
	}
	for _, n := range x.Needs {
		v.Needs = append(v.Needs, l.T(n))
	}
	for _, s := range x.Chosen {
		from, to := s.Start.In(e.Start.Location()), s.End.In(e.Start.Location())
		text := s.Title + ", " + l.DateShort(from) + ", " + l.Time(from) + "–"
		if from.Format(time.DateOnly) != to.Format(time.DateOnly) {
			text += l.DateShort(to) + ", "
		}
		if text += l.Time(to); s.Waits {
			text += " (" + l.T("Waiting list") + ")"
		}
		v.Times = append(v.Times, text)
	}
	return v
}
