package door

import (
	"context"
	"encoding/hex"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// cookie remembers the door in the browser of whoever stands there, so that the
// picture of a code leads them to its check-in.
const cookie = "door"

type doorData struct {
	Event  Event
	View   View
	Form   *web.Form
	Key    string
	Path   string
	Answer *Outcome
	Says   string // the answer in one sentence
	Times  string
}

var doorPage = web.NewPage[doorData](pages, "pages/door.html")

// door is the page of whoever stands at the door.
func (w *Web) door(c *web.Call) error {
	v, err := w.Look(c.Context(), c.Param("secret"))
	if err != nil {
		return err
	}
	var answer *Outcome
	if tap := c.Query().Get("tap"); tap != "" {
		out, ok, err := w.Shown(c.Context(), c.Param("secret"), tap)
		if err != nil {
			return err
		}
		if ok {
			answer = &out
		}
	}
	return w.showDoor(c, v, c.NewForm(), answer)
}

// showDoor shows the page with an answer, or with what is wrong with a form.
func (w *Web) showDoor(c *web.Call, v View, f *web.Form, answer *Outcome) error {
	e, err := w.Events.Held(c, v.Door.Event)
	if err != nil {
		return err
	}
	if f.Raw("walk_ins") == "" {
		f.Set("walk_ins", "1")
	}
	d := doorData{Event: e, View: v, Form: f, Key: c.NewKey(), Path: "/door/" + c.Param("secret"), Answer: answer}
	if answer != nil {
		d.Says, d.Times = says(c, answer), strings.Join(answer.Times, ", ")
		if f.Raw("people") == "" {
			f.Set("people", c.Locale.Plain(answer.People))
		}
	}
	c.Keep(cookie, c.Param("secret"), e.End.Add(closesAfter))
	c.Header().Set("Cache-Control", "no-store")
	return doorPage.RenderForm(c, f, d)
}

// says is an answer in one sentence, which is the page's title too.
func says(c *web.Call, o *Outcome) string {
	l := c.Locale
	switch o.Result {
	case Welcome:
		return l.N("Welcome. {n} person.", "Welcome. {n} people.", o.People)
	case Counted:
		return l.N("Counted: {n} person without sign-up.", "Counted: {n} people without sign-up.", o.People)
	case Already:
		return l.N("Already checked in: {n} person.", "Already checked in: {n} people.", o.People)
	case Waits:
		return l.N("On the waiting list: {n} person.", "On the waiting list: {n} people.", o.Party)
	case Several:
		return l.T("Several sign-ups have this code.")
	}
	return l.T("Undone.")
}

// limit slows guessing at one door. It is enough for people who come in quickly.
// A secret that opens none is refused first: nobody fills the limiter with made-up
// doors.
func (w *Web) limit(ctx context.Context, secret string) error {
	if err := w.Exists(ctx, secret); err != nil {
		return err
	}
	if ok, wait := w.Limiter.Allow("door", hex.EncodeToString(id.Hash(secret))); !ok {
		return fault.After(fault.RateLimited("door.often", "That was very often for one door. Please wait a little, and send it again; it will not count twice."), wait)
	}
	return nil
}

// tap does what a form of the page asks for. What is kept is answered with a
// redirect, what changed nothing with a page.
func (w *Web) tap(c *web.Call) error {
	secret := c.Param("secret")
	if err := w.limit(c.Context(), secret); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	out, err := w.do(c, secret, f)
	if err == nil && out.Tap != "" {
		return c.SeeOther("/door/" + secret + "?tap=" + out.Tap)
	}
	again := f.Accepts(err)
	if err != nil && !again {
		return err
	}
	v, err := w.Look(c.Context(), secret)
	if err != nil {
		return err
	}
	if !again {
		return w.showDoor(c, v, c.NewForm(), &out)
	}
	if f.Error("people") != "" { // beside the field, with whom it is about
		return w.showDoor(c, v, f.Set("code"), &out)
	}
	return w.showDoor(c, v, f, nil)
}

func (w *Web) do(c *web.Call, secret string, f *web.Form) (Outcome, error) {
	switch f.Line("action") {
	case "check", "let-in":
		return w.CheckIn(c.Context(), secret, Tap{Key: f.Line("key"), Code: f.Line("code"), LetIn: f.Line("action") == "let-in"})
	case "others":
		n, _ := f.Int("walk_ins")
		return w.WalkIn(c.Context(), secret, f.Line("key"), n)
	case "people":
		n, _ := f.Int("people")
		return w.SetPeople(c.Context(), secret, f.Line("code"), n)
	case "undo":
		return w.Undo(c.Context(), secret, f.Line("tap"))
	}
	return Outcome{}, errKey()
}

type shownData struct {
	Event  Event
	Code   string
	Key    string
	Path   string // of the door that this browser has opened; "" without one
	Name   string
	Notice string // why it cannot check in here
}

var shownPage = web.NewPage[shownData](pages, "pages/shown.html")

// shown is where the picture of a code leads. It says nothing of the sign-up, and
// changes nothing: whoever stands at the door has a button there.
func (w *Web) shown(c *web.Call) error {
	if !id.Valid(c.Param("id")) {
		return web.ErrNotFound()
	}
	e := id.Event(c.Param("id"))
	d := shownData{}
	show := w.Events.Brief
	if secret := c.Kept(cookie); secret != "" {
		v, err := w.Look(c.Context(), secret)
		switch {
		case v.Door.Event == e && err == nil:
			d.Path, d.Name, d.Key, show = "/door/"+secret, v.Door.Name, c.NewKey(), w.Events.Held
		case v.Door.Event == e || fault.Is(err, fault.KindNotFound):
			d.Notice = c.Locale.T("The door link of this phone does not work now.")
		case err == nil:
			d.Notice = c.Locale.T("The door link of this phone is for another event.")
		case fault.Of(err) == nil:
			return err
		}
	}
	b, err := show(c, e)
	if err != nil {
		return err
	}
	d.Event = b
	if p, ok := parseCode(c.Query().Get("code")); ok {
		if len(p) == shortBytes {
			d.Code = id.Code(p)
		} else {
			d.Code = encoding.EncodeToString(p)
		}
	}
	c.Header().Set("Cache-Control", "no-store")
	return shownPage.Render(c, d)
}
