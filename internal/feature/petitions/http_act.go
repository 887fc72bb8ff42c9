package petitions

import (
	"strconv"

	"convoke/internal/day"
	"convoke/internal/i18n"
	"convoke/internal/record/box"
	"convoke/internal/web"
)

// act is something that organizers do to a petition, with a small form.
type act struct {
	title, lede, button string
	danger              bool
	states              []State // in which it can be done
	fields              func(l *i18n.Locale, f *web.Form, p *Petition) []web.FieldView
	tick                string // label of the box "refused", where there is one
	do                  func(w *Web, c *web.Call, p *Petition, f *web.Form) error
	gone                bool // the petition has no page afterwards
}

func typed(f *web.Form) SayInput {
	return SayInput{
		Key: f.Line("key"), Markdown: f.Text("markdown"), Day: f.Line("day"), URL: f.Line("url"), Refused: f.Has("refused", "1"), ReplyBy: f.Line("reply_by"),
	}
}

func sequence(f *web.Form) int {
	if n, ok := f.Int("sequence"); ok {
		return n
	}
	return 1 << 30 // none that there is
}

func nothing(*i18n.Locale, *web.Form, *Petition) []web.FieldView { return nil }

// codes asks for those that only a petition for people with codes needs.
func codes(l *i18n.Locale, f *web.Form, p *Petition) []web.FieldView {
	if p.Gate != box.GateCodes {
		return nil
	}
	return []web.FieldView{f.Field("codes", l.T("Codes, one a line"), "required", "", "rows", "10", "hint",
		l.T("Each lets one person take part once. They are kept only as marks that nobody can turn back, so keep your own list."))}
}

func published() []State { return []State{Open, Closed, Delivered, Answered} }

// acts by the last part of their address.
func acts() map[string]act {
	return map[string]act{
		"open": {
			title: i18n.Mark("Open for signing"), button: i18n.Mark("Open for signing"), states: []State{Draft}, fields: codes,
			lede: i18n.Mark("Who may sign, the stages and the days can never be changed afterwards. The text can be corrected until somebody begins to sign; then only amendments can be added, which everybody sees."),
			do: func(w *Web, c *web.Call, p *Petition, f *web.Form) error {
				return w.OpenUp(c.Context(), c.Actor(), p.Slug, sequence(f), f.Text("codes"))
			},
		},
		"discard": {
			title: i18n.Mark("Delete the draft"), button: i18n.Mark("Delete"), danger: true, states: []State{Draft}, fields: nothing, gone: true,
			lede: i18n.Mark("This cannot be undone."),
			do: func(w *Web, c *web.Call, p *Petition, f *web.Form) error {
				return w.Discard(c.Context(), c.Actor(), p.Slug, sequence(f))
			},
		},
		"close": {
			title: i18n.Mark("End signing"), button: i18n.Mark("End signing"), danger: true, states: []State{Open}, fields: nothing,
			lede: i18n.Mark("Nobody can sign afterwards, or take a signature back. This cannot be undone."),
			do: func(w *Web, c *web.Call, p *Petition, _ *web.Form) error {
				return w.CloseNow(c.Context(), c.Actor(), p.Slug)
			},
		},
		"amend": {
			title: i18n.Mark("Add an amendment"), button: i18n.Mark("Publish"), states: published(),
			lede: i18n.Mark("The text that people signed stays as it is. Everybody sees the amendment beside it, with its day."),
			fields: func(l *i18n.Locale, f *web.Form, _ *Petition) []web.FieldView {
				return []web.FieldView{f.Field("markdown", l.T("Amendment"), "required", "", "rows", "8")}
			},
			do: func(w *Web, c *web.Call, p *Petition, f *web.Form) error {
				return w.Amend(c.Context(), c.Actor(), p.Slug, typed(f))
			},
		},
		"deliver": {
			title: i18n.Mark("It was handed over"), button: i18n.Mark("Publish"), states: []State{Open, Closed},
			lede: i18n.Mark("This ends signing. Names, comments and addresses for updates are erased 30 days later."),
			fields: func(l *i18n.Locale, f *web.Form, _ *Petition) []web.FieldView {
				return []web.FieldView{
					f.Field("day", l.T("Day"), "type", "date", "required", ""),
					f.Field("markdown", l.T("How it was handed over"), "required", "", "rows", "4"),
					f.Field("reply_by", l.T("A reply is awaited until"), "type", "date", "hint", l.T("When this day has passed without a reply, the page says so.")),
				}
			},
			do: func(w *Web, c *web.Call, p *Petition, f *web.Form) error {
				return w.Deliver(c.Context(), c.Actor(), p.Slug, typed(f))
			},
		},
		"reply": {
			title: i18n.Mark("A reply came"), button: i18n.Mark("Publish"), states: []State{Delivered}, tick: i18n.Mark("What was asked is refused"),
			lede: i18n.Mark("Publish it in the words in which it came. It stays as you publish it."),
			fields: func(l *i18n.Locale, f *web.Form, _ *Petition) []web.FieldView {
				return []web.FieldView{
					f.Field("day", l.T("Day"), "type", "date", "required", ""),
					f.Field("markdown", l.T("The reply"), "required", "", "rows", "12"),
					f.Field("url", l.T("Where it can be read"), "type", "url", "hint", l.T("A full address that begins with https://.")),
				}
			},
			do: func(w *Web, c *web.Call, p *Petition, f *web.Form) error {
				return w.Reply(c.Context(), c.Actor(), p.Slug, typed(f))
			},
		},
		"update": {
			title: i18n.Mark("Write an update"), button: i18n.Mark("Publish"), states: published(),
			lede: i18n.Mark("It is shown on the page and sent to those who left an address, at most once a week."),
			fields: func(l *i18n.Locale, f *web.Form, _ *Petition) []web.FieldView {
				return []web.FieldView{f.Field("markdown", l.T("What is new"), "required", "", "rows", "8")}
			},
			do: func(w *Web, c *web.Call, p *Petition, f *web.Form) error {
				return w.Tell(c.Context(), c.Actor(), p.Slug, typed(f))
			},
		},
	}
}

type actData struct {
	Form     *web.Form
	Title    string
	Lede     string
	Petition Petition
	Back     string
	Fields   []web.FieldView
	Tick     string
	Ticked   bool
	Button   string
	Danger   bool
}

var actPage = web.NewPage[actData](pages, "pages/act.html", "pages/parts.html")

func (w *Web) actPage(c *web.Call, a *act, p *Petition, f *web.Form) error {
	l := c.Locale
	c.Header().Set("Cache-Control", "no-store")
	d := actData{
		Form: f, Title: l.T(a.title), Lede: l.T(a.lede), Petition: *p, Back: p.url(), Fields: a.fields(l, f, p), Button: l.T(a.button),
		Danger: a.danger, Ticked: f.Has("refused", "1"),
	}
	if a.tick != "" {
		d.Tick = l.T(a.tick)
	}
	return actPage.RenderForm(c, f, d)
}

// can reports whether the act fits the state of the petition.
func (a *act) can(p *Petition) bool {
	for _, s := range a.states {
		if s == p.State {
			return true
		}
	}
	return false
}

func (w *Web) actForm(c *web.Call, a act) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	if !a.can(&found.Petition) {
		return errState()
	}
	f := c.NewForm().Set("key", c.NewKey()).Set("sequence", strconv.Itoa(found.Petition.Sequence)).Set("day", day.ISO(found.today(c.Now())))
	return w.actPage(c, &a, &found.Petition, f)
}

func (w *Web) act(c *web.Call, a act) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = a.do(w, c, &found.Petition, f)
	if f.Accepts(err) {
		return w.actPage(c, &a, &found.Petition, f)
	}
	if err != nil {
		return err
	}
	if a.gone {
		return c.SeeOther("/groups/" + found.Group.Handle)
	}
	return c.SeeOther(found.Petition.url())
}

type codesData struct {
	Form     *web.Form
	Petition Petition
	Codes    []string
	URL      string // where they are used
}

var codesPage = web.NewPage[codesData](pages, "pages/codes.html", "pages/parts.html")

func (w *Web) codesPage(c *web.Call, p *Petition, f *web.Form, codes []string) error {
	c.Header().Set("Cache-Control", "no-store")
	return codesPage.RenderForm(c, f, codesData{Form: f, Petition: *p, Codes: codes, URL: c.BaseURL() + p.url()})
}

func (w *Web) codesForm(c *web.Call) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	if p := &found.Petition; p.State != Open || p.Gate != "paper" {
		return errState()
	}
	return w.codesPage(c, &found.Petition, c.NewForm().Set("n", "50").Set("key", c.NewKey()), nil)
}

// printCodes shows the codes in its answer: there is no address at which they could
// be asked for again.
func (w *Web) printCodes(c *web.Call) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	n, _ := f.Int("n")
	codes, err := w.Service.Print(c.Context(), c.Actor(), found.Petition.Slug, f.Line("key"), n)
	if f.Accepts(err) {
		return w.codesPage(c, &found.Petition, f, nil)
	}
	if err != nil {
		return err
	}
	return w.codesPage(c, &found.Petition, f, codes)
}
