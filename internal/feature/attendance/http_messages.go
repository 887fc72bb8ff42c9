package attendance

import (
	"html/template"
	"net/http"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

type noticeView struct {
	Day   string
	Lines []string
}

func viewNotices(l *i18n.Locale, b Brief, ns []Notice) []noticeView {
	var out []noticeView
	for _, n := range ns {
		out = append(out, noticeView{l.DateShort(n.Made.In(b.Start.Location())), strings.Split(n.Text, "\n")})
	}
	return out
}

func (w *Web) notices(c *web.Call, b Brief) ([]noticeView, error) {
	ns, err := w.NoticesOf(c.Context(), b.ID)
	return viewNotices(c.Locale, b, ns), err
}

type messagesData struct {
	Event    Brief
	Form     *web.Form
	Mail     bool
	Morning  []web.Choice
	Next, At string // which reminder comes next, and when
	Coming   int
	Told     []noticeView
	Saved    bool
}

var messagesPage = web.NewPage[messagesData](pages, "pages/messages.html", "pages/parts.html")

// reminderName is what [Messages.Next] is called.
func reminderName(l *i18n.Locale, next string) string {
	switch what(next) {
	case before:
		return l.T("Reminder of the day before")
	case morning:
		return l.T("Reminder in the morning")
	}
	return l.T("Thanks, with the link for feedback")
}

// messages is where organizers say what those who signed up hear.
func (w *Web) messages(c *web.Call) error {
	b, err := w.edits(c)
	if err != nil {
		return err
	}
	m, err := w.Messages(c.Context(), b.ID)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("feedback", m.Feedback)
	if m.Morning {
		f.Set("morning", "1")
	}
	return w.showMessages(c, b, m, f)
}

func (w *Web) showMessages(c *web.Call, b Brief, m Messages, f *web.Form) error {
	l := c.Locale
	d := messagesData{
		Event: b, Form: f, Mail: w.Mail, Coming: m.Coming, Told: viewNotices(l, b, m.Notices), Saved: c.Query().Has("saved"),
		Morning: f.Choose("morning", []web.Choice{{Value: "1", Label: l.T("Also remind people in the morning of the day")}}),
	}
	if m.Next != "" {
		at := m.At.In(b.Start.Location())
		d.Next, d.At = reminderName(l, m.Next), l.DateShort(at)+", "+l.Time(at)
	}
	c.Header().Set("Cache-Control", "no-store")
	return messagesPage.RenderForm(c, f, d)
}

func (w *Web) setReminders(c *web.Call) error {
	return w.messageForm(c, func(b Brief, f *web.Form) error {
		return w.SetReminders(c.Context(), b.ID, f.Has("morning", "1"), f.Line("feedback"))
	})
}

func (w *Web) tellAll(c *web.Call) error {
	return w.messageForm(c, func(b Brief, f *web.Form) error { return w.Tell(c.Context(), b.ID, f.Text("text")) })
}

// messageForm does what one form of the page asks for. When it is shown again,
// the other form is as it is stored.
func (w *Web) messageForm(c *web.Call, do func(b Brief, f *web.Form) error) error {
	b, err := w.edits(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = do(b, f)
	if f.Accepts(err) {
		m, err := w.Messages(c.Context(), b.ID)
		if err != nil {
			return err
		}
		if len(f.All("text")) > 0 {
			f.Set("feedback", m.Feedback)
			if m.Morning {
				f.Set("morning", "1")
			}
		}
		return w.showMessages(c, b, m, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/events/" + string(b.ID) + "/messages?saved=1")
}

type comingData struct {
	Event  Brief
	Chosen []slotView
	Path   string
	Yes    bool // they just said that they come
	Muted  bool // their address was just deleted
	Told   []noticeView
	Named  template.HTML // who can see sign-ups
}

var comingPage = web.NewPage[comingData](pages, "pages/coming.html", "pages/parts.html")

// asked is where the link of a reminder leads. Looking at it changes nothing:
// mail programs look too.
func (w *Web) asked(c *web.Call) error { return w.showAsked(c, comingData{}) }

func (w *Web) showAsked(c *web.Call, d comingData) error {
	e := id.Event(c.Param("id"))
	rec, err := w.Asked(c.Context(), e, c.Param("answer"))
	if err != nil {
		return err
	}
	b, err := w.Events.Held(c, e)
	if err != nil {
		return err
	}
	d.Event, d.Chosen, d.Path = b, chosenViews(c, rec.Slots, b.Start.Location()), c.R.URL.Path
	if d.Told, err = w.notices(c, b); err != nil {
		return err
	}
	if d.Named, err = w.named(c, e, nil); err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return comingPage.Render(c, d)
}

// answer keeps a yes, or cancels. It is answered with a page: after a no the
// link is gone.
func (w *Web) answer(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	e, token := id.Event(c.Param("id")), c.Param("answer")
	do := f.Line("answer")
	if f.OneClick() {
		do = "mute"
	}
	switch do {
	case "mute":
		err := w.Mute(c.Context(), e, token)
		if f.OneClick() && (err == nil || fault.Is(err, fault.KindNotFound)) {
			return c.Write(http.StatusOK, "text/plain; charset=utf-8", nil)
		}
		if err != nil {
			return err
		}
		return w.showAsked(c, comingData{Muted: true})
	case "yes":
		if err := w.StillComing(c.Context(), e, token); err != nil {
			return err
		}
		return w.showAsked(c, comingData{Yes: true})
	case "no":
		show := w.Events.Held
		if err := w.CannotCome(c.Context(), e, token); fault.Is(err, fault.KindNotFound) {
			show = w.Events.Brief // sent twice: it is cancelled, and who asks holds nothing now
		} else if err != nil {
			return err
		}
		b, err := show(c, e)
		if err != nil {
			return err
		}
		return cancelledPage.Render(c, cancelledData{b})
	}
	return fault.Malformed("attendance.answer", "This form is broken. Please open the link of the message again.")
}
