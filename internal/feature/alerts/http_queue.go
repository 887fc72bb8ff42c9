package alerts

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"convoke/internal/db"
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
	site.Handle("POST /alerts/queue/{handle}/pass/{alert}", w.pass)
	site.Handle("POST /alerts/queue/{handle}/official/{warning}", w.reportOfficial)
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
	Alerts  []outLine
	Beside  []besideView
	// Official are warnings that hold within the area.
	Official []officialView
	Notes    []noteView
	OnCall   []string
	Next     string
	Drill    string
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
	switch m := int(since.Minutes()); {
	case m < 1:
		return l.T("just now")
	case m < 60:
		return l.N("{n} minute ago", "{n} minutes ago", m)
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
	if err := w.besides(c, q.Network, &d); err != nil {
		return err
	}
	if d.Official, err = w.officialWithin(c, q.Network); err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return queuePageOf.RenderForm(c, f, d)
}

// current adds what is out now, so that a mistake is two presses away from being taken
// back.
func (w *Web) current(c *web.Call, n *Network, d *queueData) error {
	var all []Alert
	var behind []source
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		drills, err := standing(c.Context(), tx, true, n.ID)
		if err != nil {
			return err
		}
		all, err = standing(c.Context(), tx, false, n.ID)
		all = append(all, drills...)
		if err != nil {
			return err
		}
		behind = make([]source, len(all))
		for i := range all {
			if behind[i], err = sourceOf(c.Context(), tx, n.ID, all[i].Chain); err != nil {
				return err
			}
		}
		return nil
	})
	l := c.Locale
	for i := range all {
		x := outLine{alertView: w.view(l, n, &all[i], c.Now())}
		x.URL = n.queue() + "/send/" + all[i].Chain
		if s := behind[i]; s.Case != "" {
			x.Case, x.Reports = n.queue()+"/cases/"+s.Case, l.N("{n} report", "{n} reports", s.Reports)
			if s.Added > 0 {
				x.Added = l.N("{n} addition by those who reported it", "{n} additions by those who reported it", s.Added)
			}
		}
		d.Alerts = append(d.Alerts, x)
	}
	return err
}

// outLine is what is out now, with what was reported of it.
type outLine struct {
	alertView
	Case, Reports, Added string
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
	if err := c.RequireActor(); err != nil {
		return err
	}
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
				going, err := w.going(c.Context(), tx, &all[i])
				if err != nil {
					return err
				}
				if going && all[i].ID != v.Case.ID {
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
	if c.Query().Get("small") != "" {
		if b, err = w.Pictures.Small(c, b); err != nil {
			return err
		}
	}
	kind := "image/jpeg"
	if len(b) > 1 && b[0] == 0x89 {
		kind = "image/png"
	}
	c.Header().Set("Cache-Control", "no-store")
	return c.Write(200, kind, b)
}
