package campaigns

import (
	"slices"
	"strings"
	"time"

	"convoke/internal/archive"
	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

// archivedCampaign is a campaign in the archive of a group that owns or endorses
// it. Owners and Endorsers are for reading only: they decide for themselves.
type archivedCampaign struct {
	ID         string             `json:"id"`
	Handle     string             `json:"handle"`
	Part       string             `json:"part"` // "owner" or "endorser"
	State      State              `json:"state"`
	Dates      []string           `json:"dates"` // 2026-11-28, or 2026-12-05/2026-12-26
	Picture    string             `json:"picture"`
	PictureAlt string             `json:"picture_alt"`
	Sequence   int                `json:"sequence"`
	Created    time.Time          `json:"created"`
	Updated    time.Time          `json:"updated"`
	Texts      []archivedText     `json:"texts"` // the original first
	Demands    []archivedDemand   `json:"demands"`
	Points     []archivedPoints   `json:"points"`    // of unity, in all versions
	Templates  []archivedTemplate `json:"templates"` // of its events, in all versions; for owners
	Endorsed   int                `json:"endorsed"`  // the version of the points that the group endorses; 0 is none
	Owners     []archivedGroup    `json:"owners"`
	Endorsers  []archivedGroup    `json:"endorsers"`
}

type archivedGroup struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
}

type archivedText struct {
	Language  string `json:"language"`
	Title     string `json:"title"`
	Statement string `json:"statement"`        // Markdown
	Credit    string `json:"credit,omitempty"` // who translated
	Older     bool   `json:"older,omitempty"`  // the original was changed since
}

type archivedDemand struct {
	Body      string           `json:"body"`
	Addressee string           `json:"addressee"`
	State     DemandState      `json:"state"`
	History   []archivedChange `json:"history"`
}

type archivedChange struct {
	State DemandState `json:"state"`
	Note  string      `json:"note"`
	Day   string      `json:"day"`
}

type archivedPoints struct {
	Version int    `json:"version"`
	Body    string `json:"body"` // Markdown
	Day     string `json:"day"`
}

type archivedTemplate struct {
	Version     int    `json:"version"`
	Title       string `json:"title"`
	Kind        string `json:"kind"`
	Description string `json:"description"` // Markdown
	AccessNote  string `json:"access_note"`
	Bring       string `json:"bring,omitempty"` // Markdown
}

// What a group is to a campaign in its archive.
const (
	partOwner    = "owner"
	partEndorser = "endorser"
)

// whole is a campaign with all that it says.
type whole struct {
	Campaign
	texts     []Text // further languages
	demands   []Demand
	points    []Points
	templates []Template
	endorsed  int
}

func archivedOf(w *whole, part string) archivedCampaign {
	c := &w.Campaign
	a := archivedCampaign{
		ID: string(c.ID), Handle: c.Handle, Part: part, State: c.State, Dates: []string{}, PictureAlt: c.Alt, Sequence: c.Sequence,
		Created: c.Created, Updated: c.Updated, Demands: []archivedDemand{}, Points: []archivedPoints{}, Templates: []archivedTemplate{},
		Endorsed: w.endorsed, Owners: []archivedGroup{}, Endorsers: []archivedGroup{},
	}
	for _, s := range c.Dates {
		d := day.ISO(s.First)
		if s.Last != s.First {
			d += "/" + day.ISO(s.Last)
		}
		a.Dates = append(a.Dates, d)
	}
	for _, t := range append([]Text{c.Text}, w.texts...) {
		a.Texts = append(a.Texts, archivedText{t.Lang, t.Title, t.Statement, t.Credit, t.older(&c.Text)})
	}
	for _, d := range w.demands {
		x := archivedDemand{d.Body, d.Addressee, d.State, []archivedChange{}}
		for _, h := range d.History {
			x.History = append(x.History, archivedChange{h.State, h.Note, day.ISO(h.Day)})
		}
		a.Demands = append(a.Demands, x)
	}
	for _, p := range w.points {
		a.Points = append(a.Points, archivedPoints{p.Version, p.Body, day.ISO(p.Day)})
	}
	for _, t := range w.templates {
		a.Templates = append(a.Templates, archivedTemplate{t.Version, t.Title, t.Kind, t.Description, t.AccessNote, t.Bring})
	}
	return a
}

// maxVersions bounds how often points and templates were changed.
const maxVersions = 500

// parse checks a row as strictly as the forms do.
func (a *archivedCampaign) parse(in *archive.Import, check func(Template) error) (whole, error) {
	var p parser
	w := whole{Campaign: Campaign{
		ID: id.Campaign(a.ID), Handle: handle.Fold(a.Handle), State: a.State, Alt: p.text("picture_alt", plaintext.Line(a.PictureAlt), maxTitle),
		Sequence: min(max(a.Sequence, 0), 1_000_000), Created: in.Moment(a.Created), Updated: in.Moment(a.Updated),
	}}
	if !id.Valid(a.ID) {
		p.fail("id", "campaign.id", "This is not an id.")
	}
	if f, bad := handles().Check(w.Handle); bad {
		p.fields = append(p.fields, f)
	}
	if a.State.Name() == "" {
		p.fail("state", "campaign.state", "Choose where the campaign stands.")
	}
	w.Dates = p.dates(strings.ReplaceAll(strings.Join(a.Dates, "\n"), "/", " "))
	for i, t := range a.Texts {
		x := p.textOf(plaintext.Line(t.Title), plaintext.Text(t.Statement), t.Language)
		if slices.ContainsFunc(w.texts, func(y Text) bool { return y.Lang == x.Lang }) || i > 0 && x.Lang == w.Text.Lang {
			p.fail("texts", "campaign.same_lang", "The campaign was written in this language. Change it on its own page.")
		}
		if p.credit(&x, t.Credit); t.Older {
			x.Of = "older" // the hash of no text
		} else if i > 0 {
			x.Of = w.Text.hash()
		}
		if i == 0 {
			w.Text = x
		} else {
			w.texts = append(w.texts, x)
		}
	}
	if len(a.Texts) == 0 {
		p.fail("texts", "campaign.no_title", "Give the campaign a title.")
	}
	p.archivedDemands(a.Demands, &w)
	p.archivedVersions(a, &w, check)
	return w, fault.Invalid(p.fields...)
}

func (p *parser) archivedDemands(all []archivedDemand, w *whole) {
	if len(all) > maxDemands {
		p.fail("demands", "demand.many", "A campaign has at most {n} demands.", "n", maxDemands)
	}
	for i, a := range all {
		d := Demand{
			Number: i + 1, Body: p.text("demands", plaintext.Line(a.Body), maxBody), Addressee: p.text("demands", plaintext.Line(a.Addressee), maxAddressee),
			State: a.State,
		}
		if d.Body == "" {
			p.fail("demands", "demand.no_body", "Write what you demand.")
		}
		if d.Addressee == "" {
			p.fail("demands", "demand.no_addressee", "Say of whom you demand it.")
		}
		if len(a.History) == 0 || len(a.History) > maxVersions || a.History[len(a.History)-1].State != a.State {
			p.fail("demands", "demand.history", "What happened to it does not lead to where it stands.")
		}
		for _, h := range a.History {
			day, ok := day.Read(h.Day)
			if !ok || h.State.Name() == "" {
				p.fail("demands", "demand.state", "Choose where the demand stands.")
			}
			d.History = append(d.History, Change{State: h.State, Note: p.text("demands", plaintext.Line(h.Note), maxNote), Day: day})
		}
		w.demands = append(w.demands, d)
	}
}

func (p *parser) archivedVersions(a *archivedCampaign, w *whole, check func(Template) error) {
	if len(a.Points) > maxVersions || len(a.Templates) > maxVersions {
		p.fail("points", "campaign.many_versions", "At most {n} versions, please.", "n", maxVersions)
		return
	}
	for i, x := range a.Points {
		t := Points{Version: x.Version, Body: plaintext.Text(x.Body)}
		t.HTML = p.markdown("points", t.Body)
		var ok bool
		if t.Day, ok = day.Read(x.Day); !ok || x.Version != i+1 || t.Body == "" {
			p.fail("points", "campaign.no_points", "Write what groups agree to when they endorse.")
		}
		w.points, w.Points = append(w.points, t), x.Version
	}
	for i, x := range a.Templates {
		t := Template{x.Version, plaintext.Line(x.Title), x.Kind, plaintext.Text(x.Description), plaintext.Text(x.AccessNote), plaintext.Text(x.Bring)}
		if x.Version != i+1 {
			p.fail("templates", "campaign.version", "There is no such version.")
		}
		if f := fault.Of(check(t)); f != nil {
			p.fields = append(p.fields, f.Fields...)
		}
		w.templates, w.Template = append(w.templates, t), x.Version
	}
	if w.endorsed = a.Endorsed; a.Endorsed < 0 || a.Endorsed > w.Points {
		p.fail("endorsed", "campaign.version", "There is no such version.")
	}
}
