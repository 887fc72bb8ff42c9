package pledges

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"convoke/internal/api"
	"convoke/internal/plaintext"
	"convoke/internal/record/box"
	"convoke/internal/web"
)

// PledgeItem is a pledge as lists show it. It is exported to be described as part of
// another type.
type PledgeItem struct {
	Slug     string    `json:"slug"`
	URL      string    `json:"url" doc:"Of its page."`
	Title    string    `json:"title"`
	Lang     string    `json:"lang" doc:"ISO 639."`
	Kind     string    `json:"kind" enum:"attend,strike,walk_out,boycott,withhold,host,bring,teach,drive"`
	State    string    `json:"state" enum:"draft,open,reached,missed,closed"`
	People   int       `json:"people" doc:"How many it takes, counting oneself; of each part where there are parts."`
	Personal bool      `json:"personal" doc:"Each who pledges says how many it takes for them; people is the goal then."`
	Deadline time.Time `json:"deadline" doc:"The last moment to pledge."`
}

// apiPledge is a pledge as its page shows it.
type apiPledge struct {
	PledgeItem
	Text      string             `json:"text" doc:"What the record holds a hash of: title, kind, parts and the text itself."`
	Salt      string             `json:"salt" doc:"Hexadecimal, empty for a draft. SHA-256 of its bytes and the text is text_hash."`
	TextHash  string             `json:"text_hash" doc:"As in the manifest of the box."`
	Gate      string             `json:"gate" enum:"email,members,paper,codes,browser" doc:"Who can pledge."`
	Box       string             `json:"box" doc:"Its id in the public record; empty for a draft."`
	BoxURL    string             `json:"box_url,omitempty"`
	Leaves    int64              `json:"leaves" doc:"Of the box."`
	Witnessed int64              `json:"witnessed" doc:"How many of them a quorum of other servers has cosigned."`
	Told      string             `json:"told,omitempty" doc:"People pledged on another server before the group moved: the day on which that server told these numbers."`
	Closes    time.Time          `json:"closes" doc:"Until when people can take it back, or say that they did it."`
	Zone      string             `json:"zone" doc:"IANA."`
	Pledged   int64              `json:"pledged" doc:"Who have pledged and not taken it back, whatever they wait for."`
	Withdrawn int64              `json:"withdrawn"`
	Done      int64              `json:"done" doc:"Who said that they did it."`
	Issued    int64              `json:"issued" doc:"Credentials that were given out: no more than these can have pledged."`
	Tallies   []apiPledgeTally   `json:"tallies" nullable:"false" doc:"All together, or each part."`
	Owners    []apiPledgeOwner   `json:"owners" nullable:"false"`
	Campaign  *apiPledgeRef      `json:"campaign,omitempty"`
	Event     *apiPledgeRef      `json:"event,omitempty"`
	Reached   []apiPledgeSuccess `json:"reached" nullable:"false" doc:"Never taken back."`
	Sequence  int                `json:"sequence" doc:"A change sends it back."`
	Updated   time.Time          `json:"updated"`
}

type apiPledgeTally struct {
	Label    string          `json:"label,omitempty" doc:"Of the place or group."`
	Pledged  uint64          `json:"pledged"`
	Standing uint64          `json:"standing" doc:"The largest k for which at least k pledges wait for k people or fewer."`
	Missing  uint64          `json:"missing" doc:"How many more it takes."`
	More     uint64          `json:"more" doc:"The least number of further people with whom others follow; 0 when nobody waits."`
	Follow   uint64          `json:"follow"`
	Curve    []apiPledgeStep `json:"curve" nullable:"false" doc:"How many wait for how many."`
}

type apiPledgeStep struct {
	Threshold uint64 `json:"threshold"`
	People    uint64 `json:"people"`
}

type apiPledgeOwner struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
}

type apiPledgeRef struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

type apiPledgeSuccess struct {
	Part   int       `json:"part" doc:"-1 for all together."`
	Label  string    `json:"label,omitempty"`
	People int       `json:"people" doc:"Who stood at that moment."`
	At     time.Time `json:"at"`
}

// apiPledgeInput is a pledge as the form takes it.
type apiPledgeInput struct {
	Title    string   `json:"title"`
	Body     string   `json:"body" doc:"Markdown: what exactly."`
	Lang     string   `json:"lang" doc:"ISO 639."`
	Kind     string   `json:"kind" enum:"attend,strike,walk_out,boycott,withhold,host,bring,teach,drive"`
	Gate     string   `json:"gate" enum:"email,members,paper,codes,browser"`
	Split    string   `json:"split" enum:"all,place,group"`
	Parts    []string `json:"parts,omitempty" nullable:"false" doc:"Places, or handles of groups."`
	Personal bool     `json:"personal,omitempty"`
	People   int      `json:"people"`
	Day      string   `json:"day" doc:"2027-05-08, at the place of the group."`
	Time     string   `json:"time,omitempty" doc:"18:30; the end of the day when empty."`
	Campaign string   `json:"campaign,omitempty" doc:"Handle."`
	Event    string   `json:"event,omitempty" doc:"Id."`
	Sequence int      `json:"sequence,omitempty" doc:"For a change: that of the pledge as it was read."`
}

func (in *apiPledgeInput) typed() Input {
	rule := "same"
	if in.Personal {
		rule = "own"
	}
	var parts string
	for _, x := range in.Parts {
		parts += x + "\n"
	}
	return Input{
		Title: plaintext.Line(in.Title), Body: plaintext.Text(in.Body), Lang: in.Lang, Kind: in.Kind, Gate: in.Gate, Split: in.Split, Rule: rule,
		Parts:  plaintext.Text(parts),
		People: strconv.Itoa(in.People), Day: in.Day, Time: in.Time, Campaign: in.Campaign, Event: in.Event,
	}
}

type (
	apiList struct {
		When  string `query:"when" enum:"past" doc:"What is over; what can be joined when absent."`
		After string `query:"after" doc:"The member next of the page before."`
	}
	apiPath struct {
		Slug string `path:"slug"`
	}
	apiCreate struct {
		Handle string `path:"handle"`
		Body   apiPledgeInput
	}
	apiChange struct {
		Slug string `path:"slug"`
		Body apiPledgeInput
	}
	apiOpening struct {
		Slug string `path:"slug"`
		Body apiPledgeOpening
	}
	apiOwning struct {
		Slug string `path:"slug"`
		Body apiPledgeOwning
	}
)

type apiPledgeOpening struct {
	Sequence int      `json:"sequence" doc:"That of the pledge as it was read."`
	Codes    []string `json:"codes,omitempty" nullable:"false" doc:"For the gate codes: each lets one person pledge once."`
}

type apiPledgeOwning struct {
	Group string `json:"group" doc:"Handle."`
	Do    string `json:"do" enum:"ask,unask,join,leave"`
}

// MountAPI adds the operations on pledges.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "pledges", Summary: summary, Doc: doc, Scope: api.Groups}
	}
	list := op(http.MethodGet, "/pledges", "listPledges", "Find pledges", "The nearest deadline first.")
	list.Scope, list.Open = api.Read, true
	list.Cache = func(*web.Call) ([]string, time.Duration) { return []string{"pledges", "site"}, listTTL }
	api.Add(a, list, w.apiList)
	get := op(http.MethodGet, "/pledges/{slug}", "getPledge", "One pledge", "With its rule, where it stands, and what was reached.")
	get.Scope, get.Open = api.Read, true
	get.Cache = func(c *web.Call) ([]string, time.Duration) {
		tags, err := w.tags(c, c.Param("slug"))
		if err != nil {
			return []string{"pledges"}, 0
		}
		return tags, pageTTL
	}
	api.Add(a, get, func(c *web.Call, in *apiPath) (apiPledge, error) { return w.apiShow(c, in.Slug) })
	create := op(http.MethodPost, "/groups/{handle}/pledges", "createPledge", "Draft a pledge", "For organizers of the group.")
	create.Status, create.Keyed = http.StatusCreated, true
	api.Add(a, create, func(c *web.Call, in *apiCreate) (apiPledge, error) {
		key, err := a.Key(c)
		if err != nil {
			return apiPledge{}, err
		}
		slug, err := w.Create(c.Context(), c.Actor(), in.Handle, key, in.Body.typed())
		if err != nil {
			return apiPledge{}, err
		}
		c.Header().Set("Location", c.BaseURL()+"/api/v1/pledges/"+slug)
		return w.apiShow(c, slug)
	})
	api.Add(a, op(http.MethodPut, "/pledges/{slug}", "changePledge", "Change a draft", "For organizers of a group that owns it."),
		func(c *web.Call, in *apiChange) (apiPledge, error) {
			if err := w.Edit(c.Context(), c.Actor(), in.Slug, in.Body.Sequence, in.Body.typed()); err != nil {
				return apiPledge{}, err
			}
			return w.apiShow(c, in.Slug)
		})
	api.Add(a, op(http.MethodPost, "/pledges/{slug}/open", "openPledge", "Open a pledge", "Nothing in it can be changed afterwards."),
		func(c *web.Call, in *apiOpening) (apiPledge, error) {
			if err := w.Open(c.Context(), c.Actor(), in.Slug, in.Body.Sequence, strings.Join(in.Body.Codes, "\n")); err != nil {
				return apiPledge{}, err
			}
			return w.apiShow(c, in.Slug)
		})
	api.Do(a, op(http.MethodPost, "/pledges/{slug}/owners", "ownPledge", "Ask a group to own a pledge, answer, or leave", ""), w.apiOwn)
}

func (w *Web) apiOwn(c *web.Call, in *apiOwning) error {
	ctx, by, slug, group := c.Context(), c.Actor(), in.Slug, in.Body.Group
	switch in.Body.Do {
	case "ask":
		return w.Ask(ctx, by, slug, group)
	case "unask":
		return w.Unask(ctx, by, slug, group)
	case "join":
		return w.Join(ctx, by, slug, group)
	}
	return w.Leave(ctx, by, slug, group)
}

func (w *Web) apiList(c *web.Call, in *apiList) (api.Page[PledgeItem], error) {
	page, more, err := w.List(c.Context(), in.When == "past", readCursor(in.After), pageSize)
	if err != nil {
		return api.Page[PledgeItem]{}, err
	}
	out := make([]PledgeItem, len(page))
	for i := range page {
		out[i] = pledgeItemOf(c.BaseURL(), &page[i])
	}
	next := ""
	if more {
		next = page[len(page)-1].cursor()
	}
	return api.PageOf(out, next), nil
}

func (w *Web) apiShow(c *web.Call, slug string) (apiPledge, error) {
	f, err := w.find(c, slug)
	if err != nil {
		return apiPledge{}, err
	}
	return apiOf(c.BaseURL(), &f), nil
}

func pledgeItemOf(base string, p *Pledge) PledgeItem {
	return PledgeItem{
		Slug: p.Slug, URL: base + urlOf(p), Title: p.Title, Lang: p.Lang, Kind: p.Kind, State: string(p.State), People: p.People,
		Personal: p.Personal, Deadline: p.Deadline,
	}
}

func apiOf(base string, f *found) apiPledge {
	p := &f.Pledge
	out := apiPledge{
		PledgeItem: pledgeItemOf(base, p), Text: p.Text(), Salt: p.Salt, TextHash: p.Hash, Gate: p.Gate, Box: p.Box, Closes: p.Closes(), Zone: p.Zone,
		Pledged: f.Count.Counted, Withdrawn: f.Count.Withdrawn, Done: f.Count.Done, Issued: f.Count.Issued, Leaves: f.Count.Leaves, Witnessed: f.Count.Witnessed,
		Tallies: []apiPledgeTally{}, Owners: []apiPledgeOwner{}, Reached: []apiPledgeSuccess{}, Sequence: p.Sequence, Updated: p.Updated,
	}
	if p.Box != "" {
		out.BoxURL = base + "/b/" + p.Box
	}
	if t := p.Told; t != nil {
		out.Box, out.BoxURL, out.Told = t.Box, t.URL(), t.Day
	}
	for i := range f.Count.Tallies {
		out.Tallies = append(out.Tallies, pledgeTallyOf(&f.Count.Tallies[i]))
	}
	for _, g := range f.Owners {
		out.Owners = append(out.Owners, apiPledgeOwner{g.Handle, g.Name})
	}
	for _, r := range p.Reached {
		x := apiPledgeSuccess{Part: r.Part, People: r.People, At: r.At}
		if r.Part != box.Whole && r.Part < len(p.Parts) {
			x.Label = p.Parts[r.Part].Label
		}
		out.Reached = append(out.Reached, x)
	}
	if f.Campaign.URL != "" {
		out.Campaign = &apiPledgeRef{f.Campaign.Title, base + f.Campaign.URL}
	}
	if f.Event.URL != "" {
		out.Event = &apiPledgeRef{f.Event.Title, base + f.Event.URL}
	}
	return out
}

func pledgeTallyOf(t *Tally) apiPledgeTally {
	out := apiPledgeTally{Label: t.Label, Pledged: t.Pledged, Standing: t.Standing, Missing: t.Missing, More: t.More, Follow: t.Follow, Curve: []apiPledgeStep{}}
	for _, s := range t.Steps {
		out.Curve = append(out.Curve, apiPledgeStep(s))
	}
	return out
}
