package alerts

import (
	"math"
	"slices"
	"strconv"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

type sendData struct {
	Form       *web.Form
	Network    Network
	Action     string
	Back       string
	Title      string
	Drill      bool
	Follows    bool
	Kinds      []web.Choice
	Categories []web.Choice // of drills
	Bases      []web.Choice
	Confidence []web.Choice
	Guidance   []web.Choice
	Cells      []web.Choice
	Lasts      []web.Choice
	Seen       []web.Choice
	Checks     []web.Choice
	// Of the second verifier.
	Draft    *draftLine
	Preview  []previewView
	Hash     string
	Own      bool
	Stale    bool // so that something else may be proposed in its place
	Reach    string
	Withdraw bool
	Latest   *alertView
	Went     []deliveryView // how that went
	Going    bool           // not all have been told yet
	Passed   bool           // on, so that it can be withdrawn only
}

type previewView struct {
	Lang, Name, Dir string
	Said
	Length int
}

var sendPage = web.NewPage[sendData](pages, "pages/send.html", "pages/parts.html")

// target is what is to be sent: about a case, behind a chain, or a new drill.
type target struct {
	n     *Network
	of    *Case
	last  *Alert
	draft *Draft
	drill bool
}

func (w *Web) target(c *web.Call) (t target, err error) {
	if err := c.RequireActor(); err != nil {
		return t, err
	}
	subject := c.Param("subject")
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		ctx := c.Context()
		if t.n, err = w.queueOf(ctx, tx, c.Actor(), c.Param("handle")); err != nil {
			return err
		}
		if t.draft, err = draftOf(ctx, tx, subject, tx.Now()); err != nil {
			return err
		}
		if t.draft != nil && t.draft.Network != t.n.ID {
			return web.ErrNotFound()
		}
		k, ok, err := caseByID(ctx, tx, t.n.ID, subject)
		if err != nil {
			return err
		}
		if ok {
			if k.Chain != "" {
				return fault.Conflict("alert.sent_already", "An alert about this case is out already. Update, correct or withdraw that.")
			}
			t.of = k
			return nil
		}
		a, ok, err := newestOf(ctx, tx, subject)
		if err != nil {
			return err
		}
		if ok && a.Network == t.n.ID {
			t.last, t.drill = a, a.Drill
			return nil
		}
		t.drill = c.Query().Get("drill") != "" || t.draft != nil && t.draft.Message.Drill
		if !t.drill {
			return web.ErrNotFound()
		}
		return nil
	})
	return t, err
}

func (w *Web) sendForm(c *web.Call) error {
	t, err := w.target(c)
	if err != nil {
		return err
	}
	return w.showSend(c, t, w.startForm(c, &t))
}

// startForm is filled with what is known: the case, what was said last, or what the first
// verifier proposes.
func (w *Web) startForm(c *web.Call, t *target) *web.Form {
	f := c.NewForm().Set("lasts", "120").Set("seen", "0").Set("basis", string(Seen)).Set("confidence", string(Certain))
	m := t.known()
	if m == nil {
		return f
	}
	f.Set("kind", string(m.Kind)).Set("category", m.Category).Set("cells", m.Cells...).Set("guidance", m.Guidance...)
	if m.Basis != "" {
		f.Set("basis", string(m.Basis)).Set("confidence", string(m.Confidence))
	}
	return f
}

func (t *target) known() *Message {
	switch {
	case t.draft != nil:
		return &t.draft.Message
	case t.last != nil:
		m := t.last.Message
		m.Kind = fact.AlertUpdate
		return &m
	case t.of != nil:
		k, _ := categoryOf(t.of.Category)
		return &Message{Kind: fact.AlertNew, Category: t.of.Category, Cells: []string{t.of.Cell.String()}, Guidance: k.Guidance[:min(2, len(k.Guidance))]}
	}
	return nil
}

// lasting are the choices of how long an alert is valid, in minutes.
func lasting() []int { return []int{30, 60, 120, 240, 480, 720} }

func (w *Web) showSend(c *web.Call, t target, f *web.Form) error {
	l, n := c.Locale, t.n
	d := sendData{
		Form: f, Network: *n, Action: n.queue() + "/send/" + c.Param("subject"), Back: n.queue(), Drill: t.drill, Follows: t.last != nil, Withdraw: t.last != nil,
		Bases: choices(l, f, "basis", []Basis{Seen, Official, Several}, basisName), Confidence: choices(l, f, "confidence", []Confidence{Certain, Likely}, confidenceName),
	}
	category := f.Line("category")
	if m := t.known(); m != nil && (category == "" || !t.drill) {
		category = m.Category
	}
	if t.drill && t.last == nil {
		d.Categories = w.categoryChoices(l, f, n.Categories, "")
		d.Action += "?drill=1"
	}
	if t.of != nil {
		d.Back = n.queue() + "/cases/" + t.of.ID
	}
	if t.last != nil {
		d.Kinds = choices(l, f, "kind", []fact.AlertKind{fact.AlertUpdate, fact.AlertCorrect, fact.AlertClear}, kindName)
		v := w.view(l, n, t.last, c.Now())
		d.Latest, d.Passed = &v, t.last.Passed != nil
		all, done, err := w.Deliveries(c.Context(), c.Actor(), n.Handle, t.last.ID)
		if err != nil {
			return err
		}
		d.Went, d.Going = deliveryViews(l, all), !done
	}
	k, _ := categoryOf(category)
	d.Title = l.T(k.Name)
	for _, g := range k.Guidance {
		d.Guidance = append(d.Guidance, web.Choice{Value: g, Label: l.T(guidance(g)), On: f.Has("guidance", g)})
	}
	if !t.drill {
		for i, x := range checks(k) {
			d.Checks = append(d.Checks, web.Choice{Value: strconv.Itoa(i), Label: l.T(x), On: f.Has("checked", strconv.Itoa(i))})
		}
	}
	d.Cells = w.cellChoices(c, n, f, &t)
	for _, m := range lasting() {
		x := web.Choice{Value: strconv.Itoa(m), On: f.Has("lasts", strconv.Itoa(m))}
		if x.Label = l.N("{n} hour", "{n} hours", m/60); m < 60 {
			x.Label = l.N("{n} minute", "{n} minutes", m)
		}
		d.Lasts = append(d.Lasts, x)
	}
	if t.draft != nil {
		if err := w.preview(c, &t, &d); err != nil {
			return err
		}
	}
	c.Header().Set("Cache-Control", "no-store")
	return sendPage.RenderForm(c, f, d)
}

// choices makes choices of codes and their names.
func choices[T ~string](l *i18n.Locale, f *web.Form, field string, all []T, name func(T) string) (out []web.Choice) {
	for _, x := range all {
		out = append(out, web.Choice{Value: string(x), Label: l.T(name(x)), On: f.Has(field, string(x))})
	}
	return out
}

// cellChoices are the cell that it is about and those around it, in the network's area.
func (w *Web) cellChoices(c *web.Call, n *Network, f *web.Form, t *target) (out []web.Choice) {
	var start []geo.GridCell
	if m := t.known(); m != nil {
		start = m.cells()
	} else {
		start = []geo.GridCell{geo.GridAt(n.Middle)}
	}
	all := slices.Clone(start)
	for _, x := range start {
		all = append(all, x.Around()...)
	}
	slices.SortFunc(all, func(a, b geo.GridCell) int {
		return int(1000 * (geo.Distance(start[0].Middle(), a.Middle()) - geo.Distance(start[0].Middle(), b.Middle())))
	})
	all = slices.Compact(all)
	_ = w.DB.Read(c.Context(), func(tx *db.Tx) error { // what cannot be read is asked again when it is sent
		out = nil
		for _, x := range all {
			in, err := watches(c.Context(), tx, n.ID, x)
			told := t.last != nil && slices.Contains(start, x) // also when the area is smaller since
			if err != nil || !in && !told || len(out) == maxCells {
				continue
			}
			on := f.Has("cells", x.String())
			out = append(out, web.Choice{Value: x.String(), Label: w.direction(c.Locale, start[0], x), Hint: x.String(), On: on})
		}
		return nil
	})
	return out
}

// direction says where a cell lies, as seen from the one in the middle.
func (w *Web) direction(l *i18n.Locale, from, to geo.GridCell) string {
	if from == to {
		return l.T("The middle cell")
	}
	a, b := from.Middle(), to.Middle()
	// East of it is to the right as far as a degree is long there.
	angle := math.Atan2(b.Lat-a.Lat, (b.Lon-a.Lon)*math.Cos(a.Lat*math.Pi/180))
	return l.T(compass(int(math.Round(angle/(math.Pi/4)))), "distance", l.Kilometers(geo.Distance(a, b)))
}

// compass is a direction in words; eighth counts eighths of a turn from the east,
// counterclockwise, from -4 to 4.
func compass(eighth int) string {
	switch eighth {
	case -3:
		return i18n.Mark("{distance} south-west")
	case -2:
		return i18n.Mark("{distance} south")
	case -1:
		return i18n.Mark("{distance} south-east")
	case 0:
		return i18n.Mark("{distance} east")
	case 1:
		return i18n.Mark("{distance} north-east")
	case 2:
		return i18n.Mark("{distance} north")
	case 3:
		return i18n.Mark("{distance} north-west")
	}
	return i18n.Mark("{distance} west")
}

// preview shows the second verifier what goes out, in every language, and to how many.
func (w *Web) preview(c *web.Call, t *target, d *sendData) error {
	x, now := t.draft, c.Now()
	d.Draft = &draftLine{d.Action, w.Said(c.Locale, t.n, &x.Message, now).Title, x.Handle, age(c.Locale, now.Sub(x.Created))}
	d.Hash, d.Own = x.Hash(), x.By == c.Actor().Person
	for _, l := range w.locales(c) {
		said := w.Said(l, t.n, &x.Message, now)
		d.Preview = append(d.Preview, previewView{l.Tag(), l.Name(), l.Dir(), said, len([]rune(said.Short))})
	}
	return w.DB.Read(c.Context(), func(tx *db.Tx) error {
		waits, err := w.waits(c.Context(), tx, t.n, x)
		if err != nil {
			return err
		}
		d.Stale = !waits && !d.Own
		n, known, err := w.reach(c.Context(), tx, &x.Message, x.Subject)
		if known {
			d.Reach = fewer(c.Locale, n)
		}
		return err
	})
}

// locales are the languages in which everything is sent, the reader's first.
func (w *Web) locales(c *web.Call) []*i18n.Locale {
	out := []*i18n.Locale{c.Locale}
	if w.Locales == nil {
		return out
	}
	for _, l := range w.Locales.Locales() {
		if l.Tag() != c.Locale.Tag() {
			out = append(out, l)
		}
	}
	return out
}

// message reads what is to be sent from the form.
func (t *target) message(f *web.Form, now time.Time) Message {
	m := Message{
		Kind: fact.AlertNew, Drill: t.drill, Category: f.Line("category"), Basis: Basis(f.Line("basis")), Confidence: Confidence(f.Line("confidence")),
		Guidance: f.All("guidance"), Cells: f.All("cells"), Seen: now.Truncate(time.Minute).Unix(),
	}
	m.Lasts, _ = f.Int("lasts")
	slices.Sort(m.Cells)
	switch {
	case t.last != nil:
		m.Kind, m.Category, m.Seen = fact.AlertKind(f.Line("kind")), t.last.Category, t.last.Seen
		if m.Kind == fact.AlertClear {
			m.Lasts = min(m.Lasts, 120)
		}
	case t.of != nil:
		m.Category, m.Seen = t.of.Category, t.of.Seen.Unix()
	}
	return m
}

func (w *Web) sendIt(c *web.Call) error {
	t, err := w.target(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	ctx, by, h, subject := c.Context(), c.Actor(), c.Param("handle"), c.Param("subject")
	seen, checked := f.Has("seen_it", "1"), len(f.All("checked"))
	var sent string
	switch f.Line("do") {
	case "propose":
		err = w.Propose(ctx, by, h, subject, t.message(f, c.Now()), seen, checked)
	case "confirm":
		sent, err = w.Confirm(ctx, by, h, subject, f.Line("hash"), seen, checked)
	case "withdraw":
		sent, err = w.Withdraw(ctx, by, h, subject)
	default:
		err = errUnreadable()
	}
	if f.Accepts(err) {
		return w.showSend(c, t, f)
	}
	switch {
	case err != nil:
		return err
	case sent != "":
		return c.SeeOther("/alerts/" + sent)
	}
	return c.SeeOther(t.n.queue() + "/send/" + subject)
}
