package attendance

import (
	"bytes"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/ical"
	"convoke/internal/id"
	"convoke/internal/web"
)

// slotView is a slot on a page.
type slotView struct {
	ID, Title, When string
	Datetime        string
	Waits           bool // the private page: no place in it yet
	Ahead           int
	Going, Waiting  int
	Limit           bool
	Free            int
	Missing         int
	Full, Closed    bool
	Over            bool
	Outside         bool // not within the event's time
	Left            bool // the event was moved, and this was not
	Needs           []web.Choice
}

func viewSlot(c *web.Call, s *Slot, loc *time.Location) slotView {
	from := s.Start.In(loc)
	v := slotView{
		ID: s.ID, Title: s.Title, When: span(c.Locale, from, s.End.In(loc)), Datetime: from.Format("2006-01-02T15:04Z07:00"),
		Going: s.Going, Waiting: s.Waiting, Limit: s.Capacity > 0, Free: max(0, s.free()), Missing: s.missing(),
		Full: s.full(), Closed: !s.Takes(c.Now()), Over: !s.End.After(c.Now()), Needs: needChoices(c.Locale, s.Needs),
	}
	if v.Over {
		v.Missing = 0 // nobody is needed any more
	}
	return v
}

// needChoices are what people need, in the reader's language, with how many.
func needChoices(l *i18n.Locale, ns []Need) []web.Choice {
	var out []web.Choice
	for _, x := range ns {
		for _, k := range needs {
			if k.code == x.Code {
				out = append(out, web.Choice{Label: l.T(k.name), Value: l.Number(int64(x.People))})
			}
		}
	}
	return out
}

// slotChoices are the boxes of a sign-up form: what can be chosen, and what is.
func slotChoices(c *web.Call, f *web.Form, all []Slot, loc *time.Location) []web.Choice {
	l := c.Locale
	var out []web.Choice
	for i := range all {
		v := viewSlot(c, &all[i], loc)
		x := web.Choice{Value: v.ID, Label: v.Title + ", " + v.When, On: f.Has("slot", v.ID)}
		switch {
		case v.Closed && !x.On:
			continue
		case v.Closed:
			x.Hint = l.T("Closed")
		case v.Full:
			x.Hint = l.T("Full: you would wait")
		case v.Missing > 0:
			x.Hint = l.N("{n} more needed.", "{n} more needed.", v.Missing)
		case v.Limit:
			x.Hint = l.N("{n} place is left.", "{n} places are left.", v.Free)
		}
		out = append(out, x)
	}
	return out
}

func anyTakes(all []Slot, now time.Time) bool {
	for i := range all {
		if all[i].Takes(now) {
			return true
		}
	}
	return len(all) == 0
}

func chosenViews(c *web.Call, chosen []Chosen, loc *time.Location) []slotView {
	var out []slotView
	for i := range chosen {
		v := viewSlot(c, &chosen[i].Slot, loc)
		v.Waits, v.Ahead = chosen[i].State == Waiting, chosen[i].Ahead
		out = append(out, v)
	}
	return out
}

type slotsData struct {
	Event Brief
	Slots []slotView
	Form  *web.Form
	Key   string
	Saved bool
	Made  int       // by filling
	Days  []dayView // where there are many: those of one day are shown
	Fill  bool      // the event has more than one day
	Rota  bool
}

var slotsPage = web.NewPage[slotsData](pages, "pages/slots.html", "pages/slot_parts.html", "pages/day_parts.html")

// edits is the event of the address, for somebody who may edit it.
func (w *Web) edits(c *web.Call) (Brief, error) {
	if !id.Valid(c.Param("id")) {
		return Brief{}, web.ErrNotFound()
	}
	return w.Events.Edits(c, id.Event(c.Param("id")))
}

type leftData struct {
	Event id.Event
	Left  int
}

var leftPage = web.NewPage[leftData](pages, "pages/left.html")

// LeftPanel tells organizers on the page of an event which begins at start how
// many of its slots were not moved with it.
func (w *Web) LeftPanel(c *web.Call, e id.Event, start time.Time) (template.HTML, error) {
	all, err := w.Slots(c.Context(), e)
	if err != nil {
		return "", err
	}
	d := leftData{Event: e}
	for i := range all {
		if all[i].left(start, c.Now()) {
			d.Left++
		}
	}
	return leftPage.Fragment(c, d)
}

func slotsPath(e id.Event) string { return "/events/" + string(e) + "/timeslots" }

// savedOn is where somebody goes who has saved a slot: to its day, where there
// are many.
func savedOn(b Brief, f *web.Form) string {
	return slotsPath(b.ID) + "?saved=1&day=" + url.QueryEscape(f.Line("start_date"))
}

// slots lists an event's slots for its organizers.
func (w *Web) slots(c *web.Call) error {
	b, err := w.edits(c)
	if err != nil {
		return err
	}
	return w.showSlots(c, b, nil, c.NewKey())
}

// showSlots shows the form as it was sent, or when f is nil a new one for the day
// that is shown.
func (w *Web) showSlots(c *web.Call, b Brief, f *web.Form, key string) error {
	all, err := w.Slots(c.Context(), b.ID)
	if err != nil {
		return err
	}
	d := slotsData{Event: b, Key: key, Saved: c.Query().Has("saved"), Rota: manyDays(all, b.zone())}
	_, days := dayNumber(b.Start, b.End, c.Now())
	d.Fill = days > 1
	d.Made, _ = strconv.Atoi(c.Query().Get("made"))
	day := b.Start.Format(time.DateOnly)
	if len(all) > manySlots {
		day = pickDay(all, b.zone(), c.Query().Get("day"), c.Now())
		d.Days = dayViews(c, all, b.zone(), slotsPath(b.ID), day, nil)
		all = slotsOn(all, b.zone(), day)
	}
	if f == nil {
		f = c.NewForm().Set("start_date", day)
	}
	d.Form = f
	for i := range all {
		v := viewSlot(c, &all[i], b.Start.Location())
		v.Outside = all[i].End.After(b.End) || all[i].Start.Before(b.Start.Add(-setUp))
		v.Left = all[i].left(b.Start, c.Now())
		d.Slots = append(d.Slots, v)
	}
	c.Header().Set("Cache-Control", "no-store")
	return slotsPage.RenderForm(c, f, d)
}

func readSlot(f *web.Form) SlotInput {
	return SlotInput{
		Title: f.Line("title"), StartDate: f.Line("start_date"), StartTime: f.Line("start_time"),
		EndDate: f.Line("end_date"), EndTime: f.Line("end_time"), Capacity: f.Line("capacity"), Least: f.Line("least"), Closed: f.Has("closed", "1"),
		Version: f.Line("version"),
	}
}

func (w *Web) addSlot(c *web.Call) error {
	b, err := w.edits(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	key := f.Line("key")
	err = w.AddSlot(c.Context(), b.ID, key, b.Start, b.End, readSlot(f))
	if f.Accepts(err) {
		return w.showSlots(c, b, f, key)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(savedOn(b, f))
}

type slotData struct {
	Event  Brief
	Slot   slotView
	Form   *web.Form
	Closed []web.Choice
}

var slotPage = web.NewPage[slotData](pages, "pages/slot.html", "pages/slot_parts.html")

// slotOf is the slot of the address.
func (w *Web) slotOf(c *web.Call) (Brief, *Slot, error) {
	b, err := w.edits(c)
	if err != nil {
		return b, nil, err
	}
	all, err := w.Slots(c.Context(), b.ID)
	if err != nil {
		return b, nil, err
	}
	if s := slotByID(all, c.Param("slot")); s != nil {
		return b, s, nil
	}
	return b, nil, errNoSlot()
}

// slot is the form of one slot.
func (w *Web) slot(c *web.Call) error {
	b, s, err := w.slotOf(c)
	if err != nil {
		return err
	}
	from, to := s.Start.In(b.Start.Location()), s.End.In(b.Start.Location())
	f := c.NewForm().Set("version", s.version()).Set("title", s.Title).Set("start_date", from.Format(time.DateOnly)).Set("start_time", from.Format("15:04")).
		Set("end_date", to.Format(time.DateOnly)).Set("end_time", to.Format("15:04"))
	if s.Capacity > 0 {
		f.Set("capacity", strconv.Itoa(s.Capacity))
	}
	if s.Least > 0 {
		f.Set("least", strconv.Itoa(s.Least))
	}
	if s.Closed {
		f.Set("closed", "1")
	}
	return w.showSlot(c, b, s, f)
}

func (w *Web) showSlot(c *web.Call, b Brief, s *Slot, f *web.Form) error {
	c.Header().Set("Cache-Control", "no-store")
	return slotPage.RenderForm(c, f, slotData{
		Event: b, Slot: viewSlot(c, s, b.Start.Location()), Form: f,
		Closed: f.Choose("closed", []web.Choice{{Value: "1", Label: c.Locale.T("Nobody else can choose it")}}),
	})
}

func (w *Web) changeSlot(c *web.Call) error {
	b, s, err := w.slotOf(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.ChangeSlot(c.Context(), b.ID, s.ID, b.Start, b.End, readSlot(f))
	if f.Accepts(err) {
		return w.showSlot(c, b, s, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(savedOn(b, f))
}

// removeSlot is answered the same when it was removed already.
func (w *Web) removeSlot(c *web.Call) error {
	b, err := w.edits(c)
	if err != nil {
		return err
	}
	err = w.RemoveSlot(c.Context(), b.ID, c.Param("slot"))
	if err != nil && !fault.HasCode(err, "slot.not_found") {
		return err
	}
	return c.SeeOther(slotsPath(b.ID) + "?saved=1")
}

// calendar is what somebody chose, as a calendar: a span each.
func (w *Web) calendar(c *web.Call) error {
	b, rec, err := w.find(c)
	if err != nil {
		return err
	}
	place, err := w.place(c, b, rec)
	if err != nil {
		return err
	}
	if len(rec.Slots) == 0 && place.Known {
		return c.SeeOther(link(b.ID, c.Param("secret")) + "/event.ics")
	}
	if len(rec.Slots) == 0 {
		return c.SeeOther("/events/" + string(b.ID) + ".ics")
	}
	base, err := url.Parse(c.BaseURL())
	if err != nil {
		return fmt.Errorf("read the base address: %w", err)
	}
	var out bytes.Buffer
	iw := ical.NewWriter(&out, ical.Calendar{Name: b.Title, Host: base.Hostname(), Language: c.Locale.Tag()})
	for _, s := range rec.Slots {
		e := ical.Out{
			UID: s.ID + "@" + base.Hostname(), Stamp: c.Now(), Summary: b.Title + ": " + s.Title, Location: b.Where,
			URL: c.BaseURL() + "/events/" + string(b.ID), Status: "CONFIRMED", Start: s.Start, End: s.End,
			Zone: b.Start.Location().String(),
		}
		if s.State == Waiting {
			e.Status, e.Description = "TENTATIVE", c.Locale.T("You are waiting")
		}
		if b.State == "cancelled" {
			e.Status = "CANCELLED"
		}
		if b.Was != "" { // moved or postponed
			e.Description = strings.TrimSpace(e.Description + "\n\n" + b.Was)
		}
		place.in(c, &e)
		if err := iw.Event(e); err != nil {
			return fmt.Errorf("write calendar: %w", err)
		}
	}
	if err := iw.Close(); err != nil {
		return fmt.Errorf("write calendar: %w", err)
	}
	c.Header().Set("Cache-Control", "no-store")
	return c.Write(200, "text/calendar; charset=utf-8", out.Bytes())
}
