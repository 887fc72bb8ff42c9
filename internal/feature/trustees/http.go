package trustees

import (
	"embed"
	"encoding/base64"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Limiter bounds how often something is done.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, wait time.Duration)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Limiter Limiter
	// Client names the corner of the network a request comes from, coarsely, or "".
	Client func(c *web.Call) string
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /proposals/{id}/trustees", w.list)
	site.Handle("POST /proposals/{id}/trustees", w.begin)
	site.Handle("GET /trustees/{id}", w.show)
	site.Handle("POST /trustees/{id}", w.say)
}

// row is a run in the list of a proposal.
type row struct{ URL, Names, State string }

type listData struct {
	Form     *web.Form
	About    About
	Proposal string
	Key      string
	Runs     []row
}

var listPage = web.NewPage[listData](pages, "pages/list.html")

func (w *Web) list(c *web.Call) error {
	return w.listPage(c, c.NewForm().Set("trustees", "3").Set("need", "2"))
}

func (w *Web) listPage(c *web.Call, f *web.Form) error {
	d := listData{Form: f, Proposal: c.Param("id"), Key: c.NewKey()}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		if d.About, err = w.Proposals.About(c.Context(), tx, c.Actor(), d.Proposal, authz.RunPoll); err != nil {
			return err
		}
		all, err := runsOf(c.Context(), tx, d.Proposal)
		d.Runs = nil
		for _, r := range all {
			d.Runs = append(d.Runs, row{urlOf(r), names(c.Locale, r), c.Locale.T(r.state())})
		}
		return err
	})
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return listPage.RenderForm(c, f, d)
}

func (w *Web) begin(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	n, _ := f.Int("trustees")
	need, _ := f.Int("need")
	run, err := w.Begin(c.Context(), c.Actor(), c.Param("id"), f.Line("key"), n, need)
	if f.Accepts(err) {
		return w.listPage(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/trustees/" + run)
}

func urlOf(r *Run) string { return "/trustees/" + r.ID }

// state is where a run stands, as a text to be translated.
func (r *Run) state() string {
	if _, void := r.Void(); void {
		return i18n.Mark("Given up: a share was wrong")
	}
	switch {
	case r.Box != "":
		return i18n.Mark("Keeps a vote shut")
	case r.Done():
		return i18n.Mark("The key is made")
	case r.Stage() == sealed.KindJoin:
		return i18n.Mark("Waits for trustees to take their seats")
	case r.Stage() == sealed.KindDeal:
		return i18n.Mark("Waits for trustees to deal")
	}
	return i18n.Mark("Waits for trustees to check their shares")
}

// names lists those who have a seat.
func names(l *i18n.Locale, r *Run) string {
	var out []string
	for _, n := range r.Names() {
		if n == "" {
			n = l.T("nobody yet")
		}
		out = append(out, n)
	}
	return strings.Join(out, ", ")
}

// seat is one trustee on the page.
type seat struct {
	N              int
	Name, Identity string
	Done           bool // what is asked for now
}

type showData struct {
	Form       *web.Form
	URL, State string
	Box        string // the poll; "" while there is none
	About      *About // nil for who may not know of the proposal
	Seats      []seat
	Need       int
	Step       string // what comes next; "" is nothing
	Command    string // that does it
	Void       string // who dealt wrongly
	Hash       string // when the key is made
	Closed     bool
	Released   int
	Waits      bool // for messages or shares
}

var showPage = web.NewPage[showData](pages, "pages/show.html")

// show is the page of a run, and as .json what its trustees said.
func (w *Web) show(c *web.Call) error {
	run, format, dotted := strings.Cut(c.Param("id"), ".")
	if dotted && format != "json" {
		return web.ErrNotFound()
	}
	var r *Run
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		r, err = w.find(c.Context(), tx, run)
		return err
	})
	if err != nil {
		return err
	}
	if dotted {
		h := c.Header()
		h.Set("Cache-Control", "no-cache")
		h.Set("Access-Control-Allow-Origin", "*")
		return c.Write(200, "application/json", r.JSON())
	}
	return w.page(c, c.NewForm(), run)
}

func (w *Web) page(c *web.Call, f *web.Form, run string) error {
	var d showData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		r, err := w.find(c.Context(), tx, run)
		if err != nil {
			return err
		}
		d = showData{Form: f, Box: r.Box, URL: urlOf(r), State: c.Locale.T(r.state()), Need: int(r.Setup().Need)}
		about, err := w.Proposals.About(c.Context(), tx, c.Actor(), r.Proposal, "")
		if err == nil {
			d.About = &about
		} else if !fault.Is(err, fault.KindNotFound) {
			return err
		}
		return w.fill(c, tx, r, &d)
	})
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return showPage.RenderForm(c, f, d)
}

// fill says who has done what is asked for now.
func (w *Web) fill(c *web.Call, tx *db.Tx, r *Run, d *showData) error {
	gave := map[uint8]bool{}
	if r.Box != "" {
		b, err := leaf.ParseID(r.Box)
		if err != nil {
			return err
		}
		n, err := w.Boxes.Numbers(c.Context(), tx, b)
		if err != nil {
			return err
		}
		d.Closed = n.Closed
		all, err := w.Boxes.Released(c.Context(), tx, b)
		if err != nil {
			return err
		}
		for _, s := range all {
			gave[s.Seat] = true
		}
		d.Released = len(all)
	}
	d.Void, _ = r.Void()
	if r.Done() {
		d.Hash = r.HashText()
	}
	stage := r.Stage()
	d.Waits = stage != 0 || d.Closed && d.Released < int(r.Setup().Trustees)
	d.Step = map[sealed.Kind]string{sealed.KindJoin: "new", sealed.KindDeal: "deal", sealed.KindConfirm: "check"}[stage]
	if d.Closed {
		d.Step = "release"
	}
	d.Command = command(d.Step, r.Box, c.BaseURL(), urlOf(r))
	for n, name := range r.Names() {
		s := seat{N: n + 1, Name: name}
		at := uint8(n + 1)
		if j := r.Join(at); j != nil {
			s.Identity = base64.StdEncoding.EncodeToString(j.Identity[:])
		}
		s.Done = gave[at] || stage != 0 && r.Has(stage, at)
		d.Seats = append(d.Seats, s)
	}
	return nil
}

// command is what a trustee types next.
func command(step, box, site, page string) string {
	out := "convoke trustee " + step + " --secret FILE "
	switch step {
	case "new":
		out += "--seat N --name NAME "
	case "release":
		out += "--record " + site + " --box " + box + " "
	}
	return out + site + page + ".json"
}

func (w *Web) say(c *web.Call) error {
	run := c.Param("id")
	if err := w.slow(c); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.Say(c.Context(), run, f.Raw("message"))
	if f.Accepts(err) {
		return w.page(c, f, run)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/trustees/" + run)
}

func (w *Web) slow(c *web.Call) error {
	if ok, wait := w.Limiter.Allow("trustees", w.Client(c)); !ok {
		return fault.After(fault.RateLimited("trustees.often", "Very much was sent from your connection. Nothing was recorded. Please try again in a few minutes."), wait)
	}
	return nil
}
