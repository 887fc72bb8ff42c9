package rides

import (
	"time"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

// offerView is an offer on a page.
type offerView struct {
	ID, Town, Leaves, Datetime string
	Meeting, Note, Back        string
	Seats, Taken, Free         int
	Wheelchair, Bus, Moved     bool
	Left                       bool
	Km                         string
	Key                        string // for the form of a sentence

	Want   int  // how many seats the form begins with
	Failed bool // its form was refused
	Wrong  string
	Typed  string
}

func when(l *i18n.Locale, t time.Time) string { return l.DateShort(t) + ", " + l.Time(t) }

func viewOffer(c *web.Call, o *Offer, ev *Event) offerView {
	v := offerView{
		ID: o.ID, Town: o.Town.Label, Leaves: when(c.Locale, o.Leaves), Datetime: o.Leaves.Format("2006-01-02T15:04Z07:00"),
		Meeting: o.Meeting, Note: o.Note, Seats: o.Seats, Taken: o.Taken, Free: o.Free(),
		Wheelchair: o.Wheelchair, Bus: o.Bus, Moved: o.Moved, Left: !o.Leaves.After(c.Now()),
	}
	if !o.Back.IsZero() {
		v.Back = when(c.Locale, o.Back.In(ev.Start.Location()))
	}
	return v
}

type messageView struct{ Text, When string }

func viewMessages(c *web.Call, all []Message, t Town) []messageView {
	var out []messageView
	loc := zoneOf(t)
	for _, m := range all {
		for _, s := range sentences() {
			if s.code == m.Code {
				out = append(out, messageView{c.Locale.T(s.text), when(c.Locale, m.At.In(loc))})
			}
		}
	}
	return out
}

type riderView struct {
	Seats    int
	Code     string
	Messages []messageView
}

func viewRiders(c *web.Call, all []Rider, t Town) []riderView {
	var out []riderView
	for _, r := range all {
		out = append(out, riderView{r.Seats, r.Code, viewMessages(c, r.Messages, t)})
	}
	return out
}

type seatView struct {
	Offer        offerView
	Seats        int
	Code         string
	Changed      bool
	Theirs, Mine []messageView
}

func viewSeat(c *web.Call, s *Seat, ev *Event) seatView {
	v := seatView{
		Offer: viewOffer(c, &s.Offer, ev), Seats: s.Seats, Code: s.Code, Changed: s.Changed,
		Theirs: viewMessages(c, s.Theirs, s.Offer.Town), Mine: viewMessages(c, s.Mine, s.Offer.Town),
	}
	v.Offer.Key = c.NewKey()
	return v
}

type newsView struct{ Text, Reason string }

func viewNews(l *i18n.Locale, all []News) []newsView {
	var out []newsView
	for _, n := range all {
		v := newsView{Reason: n.Reason}
		switch n.What {
		case "withdrawn":
			v.Text = l.T("The ride from {town} was withdrawn. Your need is open again.", "town", n.Town)
		case "removed":
			v.Text = l.T("The organizers removed the ride from {town}. Your need is open again.", "town", n.Town)
		default:
			v.Text = l.T("The organizers removed your offer from {town}. They say why:", "town", n.Town)
		}
		out = append(out, v)
	}
	return out
}

type totalView struct {
	Town                  string
	Free, Offered, Wanted int
	Few                   bool // somebody looks for a seat, and Wanted does not say how many
}

// fewest is the smallest number of people who look for a seat that everybody may
// read. Fewer, in a small town, would point at one of them.
const fewest = 10

// publicTotals are those of towns as everybody may see them.
func publicTotals(l *i18n.Locale, all []Total) []totalView {
	out := viewTotals(l, all)
	for i := range out {
		if v := &out[i]; v.Wanted > 0 && v.Wanted < fewest {
			v.Wanted, v.Few = 0, true
		}
	}
	return out
}

// viewTotals orders towns by name.
func viewTotals(l *i18n.Locale, all []Total) []totalView {
	var out []totalView
	for _, t := range all {
		out = append(out, totalView{Town: t.Label, Free: t.Offered - t.Taken, Offered: t.Offered, Wanted: t.Wanted})
	}
	i18n.SortBy(l, out, func(v totalView) string { return v.Town })
	return out
}

func sayChoices(l *i18n.Locale) []web.Choice {
	var out []web.Choice
	for _, s := range sentences() {
		out = append(out, web.Choice{Value: s.code, Label: l.T(s.text)})
	}
	return out
}

// closedText is the message of a fault, "" for none.
func closedText(l *i18n.Locale, err error) string {
	if e := fault.Of(err); e != nil {
		return l.T(e.Msg, e.Args...)
	}
	return ""
}
