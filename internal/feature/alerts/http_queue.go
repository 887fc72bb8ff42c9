package alerts

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

func (w *Web) mountQueue(site *web.Site) {
	site.Handle("GET /alerts/queue", w.queues)
	site.Handle("GET /alerts/queue/{handle}", w.queue)
	site.Handle("POST /alerts/queue/{handle}", w.handOver)
	site.Handle("GET /alerts/queue/{handle}/cases/{case}", w.caseForm)
	site.Handle("POST /alerts/queue/{handle}/cases/{case}", w.actCase)
	site.Handle("GET /alerts/queue/{handle}/cases/{case}/photos/{photo}", w.photo)
	site.Handle("GET /alerts/queue/{handle}/send/{subject}", w.sendForm)
	site.Handle("POST /alerts/queue/{handle}/send/{subject}", w.sendIt)
}

type queuesData struct{ Networks []Network }

var queuesPage = web.NewPage[queuesData](pages, "pages/queues.html")

// queues leads a verifier to their network, or lets them choose.
func (w *Web) queues(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	all, err := w.Verifying(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	if len(all) == 1 {
		return c.SeeOther(all[0].queue())
	}
	c.Header().Set("Cache-Control", "no-store")
	return queuesPage.Render(c, queuesData{all})
}

func (n *Network) queue() string { return "/alerts/queue/" + n.Handle }

type caseLine struct {
	URL, What, Where, Cell, Reports, Since, By string
	FirstHand, Member, Life                    bool
}

type draftLine struct{ URL, Title, By, Age string }

type queueData struct {
	Form    *web.Form
	Network Network
	Key     string
	Tabs    []tab
	Kinds   []tab
	Cases   []caseLine
	Drafts  []draftLine
	Alerts  []alertView
	Notes   []noteView
	OnCall  []string
	Next    string
	Drill   string
}

type tab struct {
	Href, Text string
	N          string
	Current    bool
}

type noteView struct{ Text, By, Age string }

var queuePageOf = web.NewPage[queueData](pages, "pages/queue.html", "pages/parts.html")

func (w *Web) queue(c *web.Call) error { return w.showQueue(c, c.NewForm()) }

// age is how long ago something was, in words.
func age(l *i18n.Locale, since time.Duration) string {
	if m := int(since.Minutes()); m < 60 {
		return l.N("{n} minute ago", "{n} minutes ago", max(m, 0))
	}
	return l.N("{n} hour ago", "{n} hours ago", int(since.Hours()))
}

func (w *Web) showQueue(c *web.Call, f *web.Form) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	state := State(c.Query().Get("state"))
	if state.name() == "" {
		state = Fresh
	}
	kind := c.Query().Get("category")
	skip, _ := strconv.Atoi(c.Query().Get("skip"))
	q, err := w.Queue(c.Context(), c.Actor(), c.Param("handle"), state, kind, skip)
	if err != nil {
		return err
	}
	l, now := c.Locale, c.Now()
	d := queueData{Form: f, Network: *q.Network, Key: c.NewKey(), Drill: q.queue() + "/send/" + c.NewKey() + "?drill=1"}
	for _, s := range []State{Fresh, Checking, Confirmed, Denied, Duplicate} {
		d.Tabs = append(d.Tabs, tab{q.queue() + "?state=" + string(s), l.T(s.name()), l.Number(int64(q.Counts[s])), s == state})
	}
	for _, code := range q.Categories {
		k, _ := categoryOf(code)
		d.Kinds = append(d.Kinds, tab{Href: fmt.Sprintf("%s?state=%s&category=%s", q.queue(), state, code), Text: l.T(k.Name), Current: code == kind})
	}
	for i := range q.Cases {
		d.Cases = append(d.Cases, w.caseLine(l, q.Network, &q.Cases[i], now))
	}
	if q.More {
		d.Next = fmt.Sprintf("%s?state=%s&category=%s&skip=%d", q.queue(), state, kind, skip+queuePage)
	}
	for i := range q.Drafts {
		x := &q.Drafts[i]
		d.Drafts = append(d.Drafts, draftLine{q.queue() + "/send/" + x.Subject, w.Said(l, q.Network, &x.Message, now).Title, x.Handle, age(l, now.Sub(x.Created))})
	}
	for _, x := range q.Notes {
		d.Notes = append(d.Notes, noteView{x.Text, x.Handle, age(l, now.Sub(x.At))})
	}
	for _, x := range q.Shifts {
		if !x.Start.After(now) {
			d.OnCall = append(d.OnCall, x.Handle)
		}
	}
	if err := w.current(c, q.Network, &d); err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return queuePageOf.RenderForm(c, f, d)
}

// current adds what is out now, so that a mistake is two presses away from being taken
// back.
func (w *Web) current(c *web.Call, n *Network, d *queueData) error {
	var all []Alert
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		drills, err := newest(c.Context(), tx, true, n.ID, 5)
		if err != nil {
			return err
		}
		all, err = newest(c.Context(), tx, false, n.ID, 20)
		all = append(all, drills...)
		return err
	})
	for i := range all {
		if v := w.view(c.Locale, n, &all[i], c.Now()); !v.Over {
			v.URL = n.queue() + "/send/" + all[i].Chain
			d.Alerts = append(d.Alerts, v)
		}
	}
	return err
}

func (w *Web) caseLine(l *i18n.Locale, n *Network, x *Case, now time.Time) caseLine {
	k, _ := categoryOf(x.Category)
	m := Message{Cells: []string{x.Cell.String()}}
	return caseLine{
		URL: n.queue() + "/cases/" + x.ID, What: l.T(k.Name), Where: w.where(l, &m), Cell: x.Cell.String(), Reports: l.N("{n} report", "{n} reports", x.Reports),
		Since: age(l, now.Sub(x.Created)), FirstHand: x.FirstHand > 0, Member: x.Members > 0, Life: k.Life,
	}
}

func (w *Web) handOver(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.Write(c.Context(), c.Actor(), c.Param("handle"), "", f.Line("key"), f.Text("note"))
	if f.Accepts(err) {
		return w.showQueue(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/alerts/queue/" + c.Param("handle"))
}

type reportView struct {
	Seen, Note, Place, Photo string
	More                     []string
	FirstHand, Member        bool
}

type caseData struct {
	Form             *web.Form
	Network          Network
	Key              string
	Case             caseLine
	State            string
	Claimer          string
	Open, Mine, Kept bool
	Reopen           bool
	Reports          []reportView
	Notes            []noteView
	Others           []web.Choice
	Send             string
	Draft            *draftLine
	Alert            string
	Left             int // reports that are not shown
	Checks           []string
	ClaimOther       bool
}

var casePage = web.NewPage[caseData](pages, "pages/case.html", "pages/parts.html")

func (w *Web) caseForm(c *web.Call) error { return w.showCase(c, c.NewForm()) }

func (w *Web) showCase(c *web.Call, f *web.Form) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	v, err := w.Case(c.Context(), c.Actor(), c.Param("handle"), c.Param("case"))
	if err != nil {
		return err
	}
	l, now := c.Locale, c.Now()
	k, _ := categoryOf(v.Category)
	d := caseData{
		Form: f, Network: *v.Network, Key: c.NewKey(), Case: w.caseLine(l, v.Network, &v.Case, now), State: l.T(v.State.name()), Claimer: v.Claimer, Open: v.State.open(),
		Mine: v.Mine, Kept: v.Kept, Reopen: v.State == Denied || v.State == Duplicate, Send: v.queue() + "/send/" + v.Case.ID, Left: max(v.Case.Reports-len(v.Reports), 0),
		ClaimOther: v.ClaimedBy != "" && !v.Mine && now.Sub(v.Claimed) < claimFor,
	}
	for _, x := range checks(k) {
		d.Checks = append(d.Checks, l.T(x))
	}
	if v.Chain != "" {
		d.Alert = "/alerts/" + v.Chain
	}
	for _, r := range v.Reports {
		x := reportView{Seen: stamp(l, r.Seen, v.Zone), Note: r.Note, Place: coordinates(r.Point), More: r.More, FirstHand: r.FirstHand, Member: r.Member}
		if r.Photo {
			x.Photo = d.Case.URL + "/photos/" + hex.EncodeToString(r.Hash)
		}
		d.Reports = append(d.Reports, x)
	}
	for _, x := range v.Notes {
		d.Notes = append(d.Notes, noteView{x.Text, x.Handle, age(l, now.Sub(x.At))})
	}
	if v.Draft != nil {
		d.Draft = &draftLine{d.Send, w.Said(l, v.Network, &v.Draft.Message, now).Title, v.Draft.Handle, age(l, now.Sub(v.Draft.Created))}
	}
	if d.Others, err = w.others(c, &v); err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return casePage.RenderForm(c, f, d)
}

// others are cases of which this one could be a duplicate: of the same kind.
func (w *Web) others(c *web.Call, v *CaseView) (out []web.Choice, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		out = nil
		for _, s := range []State{Fresh, Checking, Confirmed} {
			all, err := casesOf(c.Context(), tx, v.Network.ID, s, v.Category, 0, 20)
			if err != nil {
				return err
			}
			for i := range all {
				if all[i].ID != v.Case.ID {
					line := w.caseLine(c.Locale, v.Network, &all[i], c.Now())
					out = append(out, web.Choice{Value: all[i].ID, Label: line.Where + ", " + line.Since + " (" + line.Reports + ")"})
				}
			}
		}
		return nil
	})
	return out, err
}

func (w *Web) actCase(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	ctx, by, h, cid := c.Context(), c.Actor(), c.Param("handle"), c.Param("case")
	switch f.Line("do") {
	case "claim":
		err = w.Claim(ctx, by, h, cid)
	case "release":
		err = w.Release(ctx, by, h, cid)
	case "deny":
		err = w.Deny(ctx, by, h, cid)
	case "reopen":
		err = w.Reopen(ctx, by, h, cid)
	case "same":
		err = w.Same(ctx, by, h, cid, f.Line("of"))
	case "note":
		err = w.Write(ctx, by, h, cid, f.Line("key"), f.Text("note"))
	default:
		err = errUnreadable()
	}
	if f.Accepts(err) {
		return w.showCase(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/alerts/queue/" + h + "/cases/" + cid)
}

func (w *Web) photo(c *web.Call) error {
	hash, err := hex.DecodeString(c.Param("photo"))
	if err != nil {
		return web.ErrNotFound()
	}
	b, err := w.Photo(c.Context(), c.Actor(), c.Param("handle"), c.Param("case"), hash)
	if err != nil {
		return err
	}
	kind := "image/jpeg"
	if len(b) > 1 && b[0] == 0x89 {
		kind = "image/png"
	}
	c.Header().Set("Cache-Control", "no-store")
	return c.Write(200, kind, b)
}

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
	Reach    string
	Withdraw bool
	Latest   *alertView
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
		d.Latest = &v
	}
	k, _ := categoryOf(category)
	d.Title = l.T(k.Name)
	for _, g := range k.Guidance {
		d.Guidance = append(d.Guidance, web.Choice{Value: g, Label: l.T(guidance(g)), On: f.Has("guidance", g)})
	}
	if !t.drill {
		for i, x := range checks(k) {
			d.Checks = append(d.Checks, web.Choice{Value: strconv.Itoa(i), Label: l.T(x)})
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
			if in, err := watches(c.Context(), tx, n.ID, x); err != nil || !in || len(out) == maxCells {
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
	north, east := b.Lat-a.Lat, b.Lon-a.Lon
	var names []string
	if north > .005 {
		names = append(names, l.T("north"))
	} else if north < -.005 {
		names = append(names, l.T("south"))
	}
	if east > .005 {
		names = append(names, l.T("east"))
	} else if east < -.005 {
		names = append(names, l.T("west"))
	}
	return l.T("{distance} {direction}", "distance", l.Kilometers(geo.Distance(a, b)), "direction", strings.Join(names, "-"))
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
