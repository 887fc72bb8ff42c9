package petitions

import (
	"errors"
	"html/template"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/seal"
	"convoke/internal/version"
	"convoke/internal/web"
)

// stageView is a stage and the day on which it was reached.
type stageView struct {
	Goal    int
	Reached string
	ISO     string
}

type entryView struct {
	Day  string
	ISO  string
	HTML template.HTML
	URL  string
	Note string // of a batch: which
}

type commentView struct {
	Ref, Name, Text, Day string
	Reason               string
}

type showData struct {
	Petition   Petition
	Shown      Text // of the petition, or of a version
	Versions   version.Shown
	URL        string
	Group      Group
	Campaign   Campaign
	StateName  string
	GateName   string
	Count      int
	Declared   int
	Withdrawn  int
	Issued     int
	Max        int
	Stages     []stageView
	Opens      string // when it has not begun yet
	Closes     string
	Delivered  string
	WaitDays   int
	ReplyBy    string
	Delivery   *entryView
	Reply      *entryView
	Amendments []entryView
	Updates    []entryView
	Batches    []entryView // words on them
	Comments   []commentView
	More       bool // comments
	Box        string
	BoxURL     string     // where its record is
	Elsewhere  *elsewhere // nil for a petition of this server
	Text       struct{ Salt, Hash string }
	CanSign    bool
	CanEdit    bool
	Frozen     bool
	Waiting    int    // comments, for organizers
	Verify     string // the command
	Leaves     int    // of the box
	Witnessed  int
	FileName   string
	Notice     template.HTML
}

// elsewhere says where a petition was signed, and when that server told its numbers.
type elsewhere struct{ Host, Day string }

var showPage = web.NewPage[showData](pages, "pages/show.html", "pages/parts.html")

// known is what the tags of a page are made of.
type known struct{ id, box, group, campaign string }

// tags are those of a petition's public pages. Of what is not public there are
// none to know.
func (w *Web) tags(c *web.Call, slug string) ([]string, error) {
	k, ok, err := w.knownOf(c, slug)
	if !ok {
		return []string{"petitions"}, err
	}
	return []string{"petition:" + k.id, "box:" + k.box, "group:" + k.group, "record:" + record.NodeLog, "groups", "petitions", "site", "down:" + k.campaign}, nil
}

// knownOf is what never changes of a petition; found without asking the database
// once a page was shown. ok is false for what is not public.
func (w *Web) knownOf(c *web.Call, slug string) (k known, ok bool, err error) {
	if v, ok := w.known.Load(slug); ok {
		return v.(known), true, nil
	}
	var p Petition
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		p, err = bySlug(c.Context(), tx, slug)
		return err
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && p.State == Draft {
		return known{}, false, nil
	}
	if err != nil {
		return known{}, false, err
	}
	k = known{p.ID, p.Box.String(), string(p.Group), string(p.Campaign)}
	w.known.Store(slug, k)
	return k, true, nil
}

// page is what the page of a petition is made of.
type view struct {
	Found
	Numbers box.Numbers
	// Leaves of the box, and how many of them are Witnessed.
	Leaves, Witnessed int64
	Entries           []Entry
	Batches           []Batch
	Comments          []Comment
	Versions          []Version
	waiting           int
}

// shownComments is how many comments the page itself has room for.
const shownComments = 12

func (w *Web) view(c *web.Call, slug string) (v view, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		ctx := c.Context()
		v = view{}
		if v.Found, err = w.Get(ctx, tx, c.Actor(), slug); err != nil {
			return err
		}
		p := &v.Petition
		if v.Numbers, err = w.numbers(ctx, tx, p); err != nil {
			return err
		}
		if p.State != Draft && p.Elsewhere == nil {
			if v.Leaves, v.Witnessed, err = w.Boxes.Watched(ctx, tx, p.Box); err != nil {
				return err
			}
		}
		if v.Entries, err = entriesOf(ctx, tx, p.ID); err != nil {
			return err
		}
		if v.Versions, err = versionsOf(ctx, tx, p); err != nil {
			return err
		}
		if v.Batches, err = batchesOf(ctx, tx, p.ID); err != nil {
			return err
		}
		if v.Comments, err = commentsOf(ctx, tx, p.ID, shown, nil, shownComments+1); err != nil {
			return err
		}
		if authz.May(c.Actor(), authz.RunPetition, v.Subject) {
			v.waiting, err = countComments(ctx, tx, p.ID, waiting, 100)
		}
		return err
	})
	if err == nil {
		err = w.openComments(c, &v.Petition, &v.Comments)
	}
	return v, err
}

// openComments unseals; of what is erased just now there is nothing to show.
func (w *Web) openComments(c *web.Call, p *Petition, all *[]Comment) error {
	if len(*all) == 0 {
		return nil
	}
	k, err := w.Vault.Existing(c.Context(), p.scope())
	if errors.Is(err, seal.ErrDestroyed) {
		*all = nil
		return nil
	}
	if err != nil {
		return err
	}
	return unseal(k, p, *all)
}

func (w *Web) show(c *web.Call) error {
	slug, format := slugOf(c.Param("slug"))
	if format != "" && format != "json" {
		return errNone()
	}
	tags, err := w.tags(c, slug)
	if err != nil {
		return err
	}
	return c.Cached(tags, pageTTL, func() error {
		v, err := w.view(c, slug)
		if err != nil {
			return err
		}
		if format == "json" {
			return writeJSON(c, v.file(c.BaseURL()))
		}
		d, err := w.showData(c, &v)
		if err != nil {
			return err
		}
		if cid := v.Petition.Campaign; w.Notice != nil && cid != "" {
			if d.Notice, err = w.Notice(c, cid); err != nil {
				return err
			}
		}
		return showPage.Render(c, d)
	}, "lang")
}

func (w *Web) showData(c *web.Call, v *view) (showData, error) {
	l, p, n := c.Locale, &v.Petition, &v.Numbers
	zone := zoneOf(v.Group.Zone)
	said := func(d int) string {
		if d == 0 {
			return ""
		}
		return l.Date(day.Time(d))
	}
	d := showData{
		Petition: *p, URL: p.url(), Group: v.Group, Campaign: v.Campaign, StateName: p.State.name(l), GateName: gateName(l, p.Gate),
		Count: int(n.Counted), Declared: int(n.Declared), Withdrawn: int(n.Withdrawn), Issued: int(n.Issued), Max: int(p.reachable(n.Counted)), //nolint:gosec // bounded
		Closes: said(p.Closes), Delivered: said(p.Delivered), ReplyBy: said(p.ReplyBy), WaitDays: daysSince(p.Delivered, c.Now().In(zone)),
		CanEdit: authz.May(c.Actor(), authz.RunPetition, v.Subject), Waiting: v.waiting, FileName: "JSON",
		Leaves: int(v.Leaves), Witnessed: int(v.Witnessed),
		Frozen: n.Issued > 0 || n.Counted > 0 || n.Withdrawn > 0 || n.Declared > 0,
	}
	d.Versions = version.Show(c, p.url(), p.Text.Lang, p.Text.said(), metas(v.Versions))
	d.Versions.Counts, d.Shown = true, p.Text
	for i := range v.Versions {
		if x := &v.Versions[i]; x.Lang == d.Versions.Lang {
			d.Shown = x.Text
		}
	}
	if p.State != Draft {
		d.Box, d.BoxURL = p.Box.String(), "/b/"+p.Box.String()
		d.Verify = "convoke verify " + c.BaseURL() + d.BoxURL
		if e := p.Elsewhere; e != nil {
			d.Box, d.BoxURL, d.Verify = e.Box, e.URL(), "convoke verify "+e.URL()
			on, _ := day.Read(e.Day)
			d.Elsewhere = &elsewhere{Host: e.Host(), Day: said(on)}
		}
		h, err := p.hash()
		if err != nil {
			return d, err
		}
		d.Text.Salt, d.Text.Hash = p.Salt, h
	}
	if begin := day.At(max(p.Opens, 10101), zone); p.State == Open && begin.After(c.Now()) {
		d.Opens = said(p.Opens)
		c.ShownUntil(begin)
	}
	d.CanSign = p.State == Open && d.Opens == ""
	for _, g := range p.Stages {
		x := stageView{Goal: int(g)} //nolint:gosec // bounded
		for _, r := range n.Reached {
			if r.Goal == g {
				x.Reached, x.ISO = l.Date(r.At.In(zone)), r.At.In(zone).Format(time.DateOnly)
			}
		}
		d.Stages = append(d.Stages, x)
	}
	d.entries(v, said)
	for i, x := range v.Comments {
		if d.More = i == shownComments; d.More {
			break
		}
		d.Comments = append(d.Comments, viewOf(x, said))
	}
	return d, nil
}

func viewOf(x Comment, said func(int) string) commentView {
	return commentView{Ref: x.Ref(), Name: x.Name, Text: x.Text, Day: said(x.Day), Reason: x.Reason}
}

func (d *showData) entries(v *view, said func(int) string) {
	for i := range v.Entries {
		e := &v.Entries[i]
		x := entryView{Day: said(e.Day), ISO: day.ISO(e.Day), HTML: e.HTML, URL: e.URL, Note: e.Ref}
		switch e.Kind {
		case entryAmendment:
			d.Amendments = append(d.Amendments, x)
		case entryDelivery:
			d.Delivery = &x
		case entryReply:
			d.Reply = &x
		case entryUpdate:
			d.Updates = append([]entryView{x}, d.Updates...)
		case entryBatch:
			d.Batches = append(d.Batches, x)
		}
	}
	if len(d.Updates) > 5 {
		d.Updates = d.Updates[:5]
	}
}

// hash is that of the text as it stands in the record.
func (p *Petition) hash() (string, error) {
	text, err := p.Text.Canonical()
	if err != nil {
		return "", err
	}
	return hashOf(p.Salt, text)
}
