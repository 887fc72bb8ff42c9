package take

import (
	"embed"
	"time"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/notify"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Limiter slows a flood from one corner of the network; see package ratelimit.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Web is the pages.
type Web struct {
	Boxes    *box.Boxes
	Subjects Subjects
	// Sender sends the codes of e-mail gates; nil where no mail server is set up.
	Sender  notify.Sender
	Limiter Limiter
	// Client names the corner of the network a request comes from, coarsely, or "".
	Client func(c *web.Call) string
	// SiteName is what the mail says it comes from.
	SiteName func() string
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /record/recount", w.againAny)
	site.Handle("GET /b/{id}", w.again)
	site.Handle("GET /b/{id}/take", w.takeForm)
	site.Handle("POST /b/{id}/take", w.take)
	site.Handle("GET /b/{id}/mine", w.mineForm)
	site.Handle("POST /b/{id}/mine", w.mine)
	site.Handle("GET /b/{id}/paste", w.pasteForm)
	site.Handle("POST /b/{id}/paste", w.paste)
	site.Handle("GET /b/{id}/ticket.json", w.ticketFile)
	site.Handle("GET /b/{id}/offline.html", w.offline)
	site.Handle("GET /b/{id}/said/{key}", w.saidFile)
}

// call is a request about one box.
type call struct {
	*web.Call
	box  *box.Info
	what Subject
	// early says that codes are given out before the box opens.
	early bool
}

// find is the box of the address, when the reader may know of it and takes part in it
// here: by name one votes elsewhere.
func (w *Web) find(c *web.Call) (*call, error) {
	k, err := w.about(c)
	if err == nil && (k.box.Manifest.Takes == leaf.TakesVote || k.rules() != nil && k.what.Ballot == nil) {
		return nil, web.ErrNotFound()
	}
	return k, err
}

// about is [Web.find] of any box.
func (w *Web) about(c *web.Call) (*call, error) {
	b, err := leaf.ParseID(c.Param("id"))
	if err != nil {
		return nil, web.ErrNotFound()
	}
	s, err := w.Subjects.Subject(c, b)
	if err != nil {
		return nil, err
	}
	i, err := w.Boxes.Info(c.Context(), b)
	if err != nil {
		return nil, err
	}
	return &call{Call: c, box: i, what: s}, nil
}

// begin is nil while one can take a credential. It is not where those who vote were
// settled before: they have their codes.
func (w *Web) begin(k *call) (settled bool, err error) {
	if k.early, err = w.Boxes.Early(k.Context(), k.box); err != nil || k.early {
		return false, err
	}
	return k.box.Settled(w.Boxes.Clock.Now().Unix()), w.Boxes.Taking(k.Context(), k.box)
}

// sent is the box of the address and the form that somebody sent for it.
func (w *Web) sent(c *web.Call) (*call, *web.Form, error) {
	k, err := w.find(c)
	if err == nil {
		err = w.slow(c)
	}
	if err != nil {
		return nil, nil, err
	}
	f, err := c.Form()
	return k, f, err
}

func (w *Web) slow(c *web.Call) error {
	if ok, wait := w.Limiter.Allow("take", w.Client(c)); !ok {
		return fault.After(fault.RateLimited("take.often",
			"Very many requests came from your connection. Nothing was recorded. Please send this form again in a few minutes; it will not count twice."), wait)
	}
	return nil
}

// about is what all pages show.
type about struct {
	Form    *web.Form
	Subject Subject
	Path    string // of the box, as in /b/BID
	Gate    string
	Frozen  bool // nobody can be added to those who have taken a code
	Ask     *ask // nil where one signs
	Least   int  // how many statements wait for each other; up to 1, none does
	Ballot  *ballot
	Hint    string    // quorum, rule and time of a poll
	Early   bool      // codes are given out, and nothing is said before Opens
	Opens   time.Time // of a poll whose voters are settled before; zero otherwise
	// Lasting says that what was taken back cannot be said again.
	Lasting bool
	// Shut says that trustees keep votes shut.
	Shut bool
}

// ask is the questions of a pledge.
type ask struct {
	Form      *web.Form
	Do        string
	Lang      string
	Free      bool // each chooses a threshold
	Threshold int  // otherwise
	Suggested []int
	Parts     []web.Choice
}

func (k *call) about(f *web.Form) about {
	m := &k.box.Manifest
	a := about{
		Form: f, Subject: k.what, Path: "/b/" + k.box.ID.String(), Gate: k.box.Gate, Least: m.MinBatch,
		Ballot: k.ballot(f), Early: k.early, Lasting: m.Takes == leaf.TakesSign, Shut: k.shut(),
	}
	if m.Freeze {
		a.Opens = time.Unix(m.Opens, 0).UTC()
	}
	if k.what.Ballot != nil {
		a.Hint = k.what.Ballot.Hint
	}
	p := k.what.Pledge
	if k.box.Manifest.Type != leaf.PledgeTo || p == nil {
		return a
	}
	a.Ask = &ask{Form: f, Do: p.Do, Lang: k.what.Lang, Free: k.box.Manifest.Threshold == 0, Threshold: int(k.box.Manifest.Threshold)}
	for _, n := range p.Suggested {
		a.Ask.Suggested = append(a.Ask.Suggested, int(n))
	}
	if n := int(k.box.Manifest.Parts); n > 0 {
		a.Ask.Parts = append(a.Ask.Parts, web.Choice{Label: k.Locale.T("Please choose")})
		for x := range n {
			a.Ask.Parts = append(a.Ask.Parts, web.Choice{Value: itoa(x), Label: partName(p.Parts, x), On: f.Has("part", itoa(x))})
		}
	}
	return a
}

// shut says that trustees keep votes shut, and cannot have opened them yet.
func (k *call) shut() bool {
	m := &k.box.Manifest
	return m.Sealed != nil && k.Now().Unix() < m.Closes
}

// partName is the name of a place or group, or its number when the feature names
// fewer than the box has.
func partName(names []string, n int) string {
	if n < len(names) {
		return names[n]
	}
	return itoa(n + 1)
}

type gateData struct {
	about
	Mail    bool // this server can send e-mail
	SignIn  string
	Settled bool // nobody new can come: only a code helps
}

type mailedData struct{ about }

var (
	gatePage   = web.NewPage[gateData](pages, "pages/gate.html", "pages/parts.html")
	mailedPage = web.NewPage[mailedData](pages, "pages/mailed.html", "pages/parts.html")
)

func (w *Web) takeForm(c *web.Call) error {
	k, err := w.find(c)
	if err != nil {
		return err
	}
	settled, err := w.begin(k)
	if err != nil {
		return err
	}
	if settled {
		return w.settled(k)
	}
	return w.gate(k, c.NewForm())
}

// settled is the page for whoever comes after the voters were settled.
func (w *Web) settled(k *call) error {
	return gatePage.Render(k.Call, gateData{about: k.about(k.NewForm()), Settled: true})
}

// gate asks what the roll's gate asks; where that is nothing, it shows the ways.
func (w *Web) gate(k *call, f *web.Form) error {
	if !id.ValidSecret(f.Line("key")) {
		f.Set("key", k.NewKey())
	}
	d := gateData{about: k.about(f), Mail: w.Sender != nil, SignIn: "/b/" + k.box.ID.String() + "/take"}
	switch k.box.Gate {
	case box.GateBrowser:
		grant, err := w.Boxes.AdmitAnybody(k.Context(), k.box.Roll, f.Line("key"))
		if err != nil {
			return err
		}
		return w.ways(k, f, grant)
	case box.GateMembers:
		ref, ok, err := w.Subjects.Reference(k.Call, k.box.ID)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		grant, err := w.Boxes.AdmitMember(k.Context(), k.box.Roll, ref)
		if err != nil {
			return err
		}
		return w.ways(k, f, grant)
	}
	var err error
	if d.Frozen, err = w.Boxes.Frozen(k.Context(), k.box); err != nil {
		return err
	}
	return gatePage.RenderForm(k.Call, f, d)
}

// take is each step of taking part.
func (w *Web) take(c *web.Call) error {
	k, f, err := w.sent(c)
	if err != nil {
		return err
	}
	settled, err := w.begin(k)
	if err != nil {
		return err
	}
	if settled {
		return w.settled(k)
	}
	step := f.Line("step")
	switch {
	case step == "mail" && k.box.Gate == box.GateEmail:
		return w.mailed(k, f)
	case step == "code" && k.box.Gate == box.GateEmail:
		return w.confirm(k, f)
	case step == "code" && (k.box.Gate == box.GatePaper || k.box.Gate == box.GateCodes):
		return w.byCode(k, f)
	case step == "assist":
		return w.assisted(k, f)
	}
	return w.gate(k, f)
}

// byCode is the gate of those who were given a code.
func (w *Web) byCode(k *call, f *web.Form) error {
	grant, err := w.Boxes.AdmitCode(k.Context(), k.box.Roll, k.box.Gate, f.Line("code"))
	if f.Accepts(err) {
		return w.gate(k, f)
	}
	if err != nil {
		return err
	}
	return w.ways(k, f, grant)
}

// confirm is the second step of the e-mail gate.
func (w *Web) confirm(k *call, f *web.Form) error {
	grant, err := w.Boxes.ConfirmAddress(k.Context(), k.box.Roll, f.Line("pending"), f.Line("code"))
	if f.Accepts(err) {
		if fault.HasCode(err, "box.grant") {
			return w.gate(k, f.Set("code"))
		}
		return mailedPage.RenderForm(k.Call, f, mailedData{k.about(f)})
	}
	if err != nil {
		return err
	}
	return w.ways(k, f, grant)
}
