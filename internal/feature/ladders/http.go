package ladders

import (
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"sync"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Limiter slows a flood.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Limiter Limiter
	// Client names the corner of the network that a request comes from, or "".
	Client func(c *web.Call) string

	ids sync.Map // of campaigns by handle, which never change
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /campaigns/{handle}/ladder", func(c *web.Call) error { return w.show(c, false) })
	site.Handle("GET /campaigns/{handle}/ladder.json", func(c *web.Call) error { return w.show(c, true) })
	site.Handle("GET /campaigns/{handle}/ladder/edit", w.editForm)
	site.Handle("GET /campaigns/{handle}/ladder/steps/{step}", w.stepForm)
	site.Handle("POST /campaigns/{handle}/ladder/steps/{step}", w.saveStep)
	site.Handle("GET /campaigns/{handle}/ladder/text", w.textForm)
	site.Handle("POST /campaigns/{handle}/ladder/text", w.saveText)
	site.Handle("GET /campaigns/{handle}/ladder/simulate", w.simulate)
	site.Handle("GET /campaigns/{handle}/ladder/publish", w.publishForm)
	site.Handle("POST /campaigns/{handle}/ladder/publish", w.publishIt)
	site.Handle("GET /campaigns/{handle}/ladder/act", w.actForm)
	site.Handle("POST /campaigns/{handle}/ladder/act", w.doAct)
	site.Handle("GET /campaigns/{handle}/ladder/declare", w.declareForm)
	site.Handle("POST /campaigns/{handle}/ladder/declare", w.declare)
	site.Handle("GET /campaigns/{handle}/ladder/news", w.newsForm)
	site.Handle("POST /campaigns/{handle}/ladder/news", w.subscribe)
	site.Handle("GET /campaigns/{handle}/ladder/news/{secret}", w.newsLink)
	site.Handle("POST /campaigns/{handle}/ladder/news/{secret}", w.followLink)
}

// pageTTL is short: numbers of petitions and pledges change all the time.
const pageTTL = time.Minute

// tags are those of the public page; found without asking the database once it was
// shown.
func (w *Web) tags(c *web.Call, handle string) ([]string, error) {
	if v, ok := w.ids.Load(handle); ok {
		return []string{"ladder:" + v.(string), "campaign:" + v.(string), "site"}, nil
	}
	var camp Campaign
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		camp, _, err = w.Campaigns.Find(c.Context(), tx, authz.Actor{}, handle)
		return err
	})
	if fault.Is(err, fault.KindNotFound) {
		return []string{"campaigns"}, nil
	}
	if err != nil {
		return nil, err
	}
	w.ids.Store(handle, string(camp.ID))
	return w.tags(c, handle)
}

// page is a ladder with what is known of its conditions.
type page struct {
	*Ladder
	Facts      Known
	Declarable map[string]bool
}

// load reads the ladder of the address: whole, for its page, with earlier versions and how
// far each condition is.
func (w *Web) load(c *web.Call, handle string, whole bool) (p page, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		if p.Ladder, err = w.find(c.Context(), tx, c.Actor(), handle); err != nil {
			return err
		}
		if err = w.history(c.Context(), tx, p.Ladder, whole); err != nil {
			return err
		}
		if whole {
			err = errors.Join(w.look(c.Context(), tx, c.Actor(), p.Ladder, p.plan()), w.name(c.Context(), tx, c.Actor(), p.Down))
		}
		if err != nil {
			return err
		}
		p.Facts = p.live(p.Published == nil, c.Now())
		p.Declarable, err = w.Declarable(c.Context(), tx, c.Actor(), p.Of.ID)
		return err
	})
	return p, err
}

type pastView struct{ Time, Title, State, Reason, Note string }

type versionView struct {
	N    int
	Day  string
	Note string
}

type showData struct {
	Campaign     Campaign
	URL          string
	Draft        bool // nothing is published
	Steps        []stepView
	Drawing      *drawing
	Down         *downView
	Agreed       string
	Next         []linkView // what is waited for
	Past         []pastView
	Versions     []versionView
	Hash, Record string
	Edit, Edits  bool
	Speak, News  bool
	Declare      bool
	Alone        bool // one group owns it
}

var showPage = web.NewPage[showData](pages, "pages/show.html", "pages/parts.html")

func (w *Web) show(c *web.Call, asJSON bool) error {
	handle := c.Param("handle")
	tags, err := w.tags(c, handle)
	if err != nil {
		return err
	}
	return c.Cached(tags, pageTTL, func() error {
		p, err := w.load(c, handle, true)
		if err != nil {
			return err
		}
		if asJSON {
			b, err := json.MarshalIndent(apiOf(c.BaseURL(), &p, c.Now()), "", "  ")
			if err != nil {
				return err
			}
			c.Header().Set("Access-Control-Allow-Origin", "*")
			return c.Write(http.StatusOK, "application/json", append(b, '\n'))
		}
		return showPage.Render(c, w.showOf(c, &p))
	})
}

func (w *Web) showOf(c *web.Call, p *page) showData {
	l := c.Locale
	d := showData{
		Campaign: p.Of, URL: urlOf(&p.Of), Draft: p.Published == nil, Edit: authz.May(c.Actor(), authz.EditCampaign, p.subject()), Edits: p.edits(),
		Speak: len(p.Speaks) > 0, News: w.newsOpen(p.Ladder), Declare: len(p.Declarable) > 0, Down: p.Down.view(l),
	}
	plan := p.plan()
	if !d.Draft {
		d.Hash, d.Record = p.Published.Hash, p.Name
	}
	say := words{l, p.Ladder, plan}
	for i := range plan.Steps {
		v := say.step(i, p.Facts, c.Now())
		d.Steps = append(d.Steps, v)
		if !d.Draft && v.State == Waiting && ready(&plan.Steps[i], p.Stand) {
			d.Next = append(d.Next, linkView{"#step-" + v.Key, v.Title})
		}
	}
	d.Drawing = draw(plan, d.Steps)
	for _, a := range p.Agreed {
		if a.Act == DoUp {
			d.Agreed = l.T(actName(a.Act))
		}
	}
	zone := plan.zone(nil)
	for _, x := range p.Past {
		d.Past = append(d.Past, pastView{at(l, x.At, zone), p.title(x.Step), l.T(x.State.name()), say.reason(&x.Move, p.step(x.Step)), x.Note})
	}
	if !d.Draft {
		for _, v := range append([]Version{*p.Published}, p.Earlier...) {
			d.Versions = append(d.Versions, versionView{v.Version, at(l, v.Published, zone), v.Note})
		}
	}
	return d
}

type panelData struct {
	URL   string
	Steps []stepView
	New   bool // the reader can begin one
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html", "pages/parts.html")

// CampaignPanel is where a campaign stands, on its page; to its organizers also where a
// ladder is begun.
func (w *Web) CampaignPanel(c *web.Call, handle string) (template.HTML, error) {
	p, err := w.load(c, handle, false)
	if fault.Is(err, fault.KindNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	d := panelData{URL: urlOf(&p.Of), New: p.Published == nil}
	if p.Published != nil {
		say := words{c.Locale, p.Ladder, &p.Published.Plan}
		for i := range p.Published.Plan.Steps {
			d.Steps = append(d.Steps, say.step(i, p.Facts, c.Now()))
		}
	}
	return panelPage.Fragment(c, d)
}

type noticeData struct {
	Down          *downView
	URL, Campaign string
}

var noticePage = web.NewPage[noticeData](pages, "pages/notice.html", "pages/parts.html")

// Notice says on the pages of a campaign, its events, petitions and pledges that it has
// stood down; "" while it goes on.
func (w *Web) Notice(c *web.Call, cid id.Campaign) (template.HTML, error) {
	var d noticeData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		down, err := downOf(c.Context(), tx, cid)
		if err != nil || down == nil {
			return err
		}
		camp, err := w.Campaigns.ByID(c.Context(), tx, cid)
		if fault.Is(err, fault.KindNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.name(c.Context(), tx, c.Actor(), down); err != nil {
			return err
		}
		d = noticeData{down.view(c.Locale), "/campaigns/" + camp.Handle, camp.Title}
		r, _, err := rowOf(c.Context(), tx, cid)
		if r.Version > 0 {
			d.URL = urlOf(&camp)
		}
		return err
	})
	if err != nil || d.Down == nil {
		return "", err
	}
	return noticePage.Fragment(c, d)
}
