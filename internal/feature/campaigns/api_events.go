package campaigns

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// apiEventTemplate is what the events of a campaign share.
type apiEventTemplate struct {
	Version     int    `json:"version" doc:"A change sends back the one that was read; 0 when there was none."`
	Title       string `json:"title" doc:"Empty: each event has its own. So with all members."`
	Kind        string `json:"kind" doc:"As of events."`
	Description string `json:"description" doc:"Markdown."`
	AccessNote  string `json:"access_note"`
	Bring       string `json:"bring" doc:"Markdown."`
}

type apiTemplateInput struct {
	Version     int    `json:"version" doc:"That which was read; 0 when there was none. When somebody changed it meanwhile, nothing is overwritten."`
	Title       string `json:"title,omitempty"`
	Kind        string `json:"kind,omitempty"`
	Description string `json:"description,omitempty" doc:"Markdown."`
	AccessNote  string `json:"access_note,omitempty"`
	Bring       string `json:"bring,omitempty" doc:"Markdown."`
}

// apiHost is an event as somebody proposes it who has no group.
type apiHost struct {
	Near    string `json:"near" doc:"Town or postcode."`
	Place   string `json:"place,omitempty"`
	Day     string `json:"day" format:"date" doc:"At the place."`
	Start   string `json:"start" doc:"10:00"`
	End     string `json:"end,omitempty" doc:"Two hours later when absent."`
	Note    string `json:"note,omitempty" doc:"For the organizers; sealed."`
	Contact string `json:"contact,omitempty" doc:"How they reach the host; sealed, and erased two weeks after the answer."`
}

type apiProposed struct {
	Secret string `json:"secret" doc:"Opens the answer. Whoever has it may read it; it is kept nowhere here."`
	URL    string `json:"url" doc:"The private page of the answer."`
	State  string `json:"state" enum:"waiting,accepted,refused"`
	Reason string `json:"reason,omitempty" doc:"Why not."`
	Event  string `json:"event,omitempty" doc:"Once it was accepted: the address of the event’s page."`
}

type apiHostLink struct {
	URL string `json:"url" doc:"To be opened in a browser, by whoever is to manage the event."`
}

type apiQueuedEvent struct {
	ID    string `json:"id"`
	URL   string `json:"url"`
	Title string `json:"title"`
	Group string `json:"group" doc:"Handle."`
}

type apiQueuedHost struct {
	ID   string  `json:"id"`
	Day  string  `json:"day" format:"date" doc:"On which it was proposed."`
	Host apiHost `json:"host"`
}

type apiQueue struct {
	Events []apiQueuedEvent `json:"events" nullable:"false" doc:"Of groups, oldest first."`
	Hosts  []apiQueuedHost  `json:"hosts" nullable:"false" doc:"Of people without a group, oldest first."`
}

// apiEventAnswer is what the owners say to an event.
type apiEventAnswer struct {
	Accept bool   `json:"accept"`
	Trust  bool   `json:"trust,omitempty" doc:"The next events of this group need no answer."`
	Reason string `json:"reason,omitempty" doc:"Why not: needed when it is not accepted."`
}

type apiHostAnswer struct {
	Accept bool   `json:"accept"`
	Group  string `json:"group,omitempty" doc:"Handle of the owner that takes the event as its own; needed when you speak for several."`
	Reason string `json:"reason,omitempty" doc:"Why not: needed when it is not accepted."`
}

type apiEntry struct {
	State  string `json:"state" enum:"waiting,accepted,refused"`
	Reason string `json:"reason,omitempty" doc:"Why not."`
}

type (
	apiTemplateChange struct {
		Handle string `path:"handle"`
		Body   apiTemplateInput
	}
	apiHostNew struct {
		Handle string `path:"handle"`
		Body   apiHost
	}
	apiSecretPath struct {
		Handle string `path:"handle"`
		Secret string `path:"secret"`
	}
	apiHostDecision struct {
		Handle string `path:"handle"`
		ID     string `path:"id"`
		Body   apiHostAnswer
	}
	apiEntryPath struct {
		Handle string `path:"handle"`
		Event  string `path:"event" doc:"Id."`
	}
	apiEventDecision struct {
		Handle string `path:"handle"`
		Event  string `path:"event" doc:"Id."`
		Body   apiEventAnswer
	}
)

// mountEvents adds what has to do with the events of a campaign.
func (w *Web) mountEvents(a *api.API) {
	template := op(http.MethodGet, "/template", "getCampaignTemplate", "What the events of a campaign share", "")
	template.Scope, template.Open = api.Read, true
	api.Add(a, template, func(c *web.Call, in *apiPath) (apiEventTemplate, error) { return w.apiTemplate(c, in.Handle) })
	api.Add(a, op(http.MethodPut, "/template", "setCampaignTemplate", "Change what the events share",
		"Events that have said nothing of their own follow at once. Repeated, it makes one version."), w.apiSetTemplate)
	api.Add(a, op(http.MethodPut, "/events/{event}", "addToCampaign", "Propose an event for the campaign",
		"For organizers of the group that holds it. Events of owners and of groups that they trust are accepted at once."), w.apiPropose)
	api.Add(a, op(http.MethodPut, "/events/{event}/answer", "answerEvent", "Answer an event that was proposed",
		"For organizers of any owner. The first answer counts; what is answered is what counts."), w.apiDecide)
	api.Do(a, op(http.MethodDelete, "/events/{event}", "removeFromCampaign", "Take an event out of the campaign",
		"For organizers of any owner, and of the group that holds it. The event itself stays."),
		func(c *web.Call, in *apiEntryPath) error {
			eid, err := eventOf(in.Event)
			if err != nil {
				return err
			}
			return w.Remove(c.Context(), c.Actor(), in.Handle, eid)
		})
	host := op(http.MethodPost, "/proposals", "proposeHosting", "Propose an event without a group", "Anybody may. Repeated with its key, it is one proposal.")
	host.Status, host.Keyed, host.Open = http.StatusCreated, true, true
	api.Add(a, host, func(c *web.Call, in *apiHostNew) (apiProposed, error) { return w.apiHostNew(c, a, in) })
	answer := op(http.MethodGet, "/proposals/{secret}", "getProposal", "The answer to one’s own proposal", "")
	answer.Open = true
	api.Add(a, answer, func(c *web.Call, in *apiSecretPath) (apiProposed, error) {
		return w.apiProposal(c, in.Handle, in.Secret)
	})
	api.Add(a, op(http.MethodGet, "/proposals", "listProposals", "What waits for an answer", "For organizers of any owner. At most 50 of each sort; what is answered makes room."), w.apiQueue)
	api.Do(a, op(http.MethodPut, "/proposals/{id}/answer", "answerProposal", "Answer somebody without a group",
		"For organizers of any owner. An accepted one is published as an event of an owner. The first answer counts."),
		func(c *web.Call, in *apiHostDecision) error {
			if _, err := w.editable(c, in.Handle); err != nil {
				return err
			}
			return w.DecideHost(c.Context(), c.Actor(), in.Handle, in.ID, in.Body.Group, Decision{Accept: in.Body.Accept, Reason: oneText(c, in.Body.Reason)})
		})
	help := op(http.MethodPost, "/proposals/{secret}/help", "helpWithHosting", "The link with which a host manages their event",
		"For the holder of a proposal that was accepted. Repeated, it is the same link, which lets one person in, once.")
	help.Open = true
	api.Add(a, help, func(c *web.Call, in *apiSecretPath) (apiHostLink, error) {
		link, err := w.HelpLink(c.Context(), c.Actor(), in.Handle, in.Secret)
		c.Header().Set("Cache-Control", "no-store")
		return apiHostLink{c.BaseURL() + "/invitations/" + link}, err
	})
}

func eventOf(s string) (id.Event, error) {
	if !id.Valid(s) {
		return "", web.ErrNotFound()
	}
	return id.Event(s), nil
}

func (w *Web) apiTemplate(c *web.Call, handle string) (apiEventTemplate, error) {
	camp, _, err := w.read(c, c.Actor(), handle)
	if err != nil {
		return apiEventTemplate{}, err
	}
	var t Template
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		t, err = templateOf(c.Context(), tx, camp.ID, camp.Template)
		return err
	})
	return apiEventTemplate{t.Version, t.Title, t.Kind, t.Description, t.AccessNote, t.Bring}, err
}

func (w *Web) apiSetTemplate(c *web.Call, in *apiTemplateChange) (apiEventTemplate, error) {
	b := in.Body
	err := w.SetTemplate(c.Context(), c.Actor(), in.Handle, b.Version, Template{
		Title: oneLine(c, b.Title), Kind: b.Kind, Description: oneText(c, b.Description), AccessNote: oneText(c, b.AccessNote), Bring: oneText(c, b.Bring),
	})
	if err != nil {
		return apiEventTemplate{}, err
	}
	return w.apiTemplate(c, in.Handle)
}

func (w *Web) apiPropose(c *web.Call, in *apiEntryPath) (apiEntry, error) {
	eid, err := eventOf(in.Event)
	if err != nil {
		return apiEntry{}, err
	}
	if err := w.Propose(c.Context(), c.Actor(), in.Handle, eid); err != nil {
		return apiEntry{}, notBeside(c, err)
	}
	return w.apiEntry(c, eid)
}

// notBeside answers what a form says beside the field of an event's address: here
// the address names it, so that it is absent or not one's own.
func notBeside(c *web.Call, err error) error {
	switch {
	case fault.HasCode(err, "campaign.no_event"):
		return web.ErrNotFound()
	case fault.HasCode(err, "campaign.not_yours"):
		return authz.Check(c.Actor(), authz.SpeakForGroup, authz.Subject{})
	}
	return err
}

func (w *Web) apiDecide(c *web.Call, in *apiEventDecision) (apiEntry, error) {
	eid, err := eventOf(in.Event)
	if err != nil {
		return apiEntry{}, err
	}
	if _, err := w.editable(c, in.Handle); err != nil {
		return apiEntry{}, err
	}
	d := Decision{Accept: in.Body.Accept, Trust: in.Body.Trust, Reason: oneText(c, in.Body.Reason)}
	if err := w.Decide(c.Context(), c.Actor(), in.Handle, eid, d); err != nil {
		return apiEntry{}, err
	}
	return w.apiEntry(c, eid)
}

// apiEntry is where an event stands, for whoever has just changed that.
func (w *Web) apiEntry(c *web.Call, eid id.Event) (apiEntry, error) {
	var e entry
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		e, err = entryOf(c.Context(), tx, eid)
		return err
	})
	return apiEntry{string(e.State), e.Reason}, err
}

func (w *Web) apiHostNew(c *web.Call, a *api.API, in *apiHostNew) (apiProposed, error) {
	secret, err := a.Key(c)
	if err != nil {
		return apiProposed{}, err
	}
	if err := w.limit(c); err != nil {
		return apiProposed{}, err
	}
	b := in.Body
	h := Host{
		Near: oneLine(c, b.Near), Place: oneLine(c, b.Place), Day: b.Day, Start: oneLine(c, b.Start), End: oneLine(c, b.End),
		Note: oneText(c, b.Note), Contact: oneLine(c, b.Contact),
	}
	if err := w.ProposeHost(c.Context(), c.Actor(), in.Handle, secret, h); err != nil {
		return apiProposed{}, err
	}
	if p, err := w.Answered(c.Context(), secret); err != nil {
		return apiProposed{}, err
	} else if p.Host != h {
		return apiProposed{}, api.ErrKeyReused()
	}
	return w.apiProposal(c, in.Handle, secret)
}

// limit bounds how often one corner of the network may propose.
func (w *Web) limit(c *web.Call) error {
	if ok, retry := w.Limiter.Allow("propose", w.Client(c)); !ok {
		return fault.After(fault.RateLimited("campaign.many_proposals", "Too many proposals come from your corner of the network. Please try again later."), retry)
	}
	return nil
}

func (w *Web) apiProposal(c *web.Call, handle, secret string) (apiProposed, error) {
	camp, _, err := w.read(c, c.Actor(), handle)
	if err != nil {
		return apiProposed{}, err
	}
	p, err := w.Answered(c.Context(), secret)
	if err != nil {
		return apiProposed{}, err
	}
	c.Header().Set("Cache-Control", "no-store")
	out := apiProposed{
		Secret: secret, URL: c.BaseURL() + "/campaigns/" + camp.Handle + "/proposals/" + secret, State: string(p.State), Reason: p.Reason,
	}
	if p.Event != "" {
		out.Event = c.BaseURL() + "/events/" + string(p.Event)
	}
	return out, nil
}

func (w *Web) apiQueue(c *web.Call, in *apiPath) (apiQueue, error) {
	q, err := w.Queue(c.Context(), c.Actor(), in.Handle)
	if err != nil {
		return apiQueue{}, err
	}
	out := apiQueue{Events: []apiQueuedEvent{}, Hosts: []apiQueuedHost{}}
	for _, p := range q.Proposals {
		h := p.Host
		out.Hosts = append(out.Hosts, apiQueuedHost{
			p.ID, day.ISO(p.Day), apiHost{h.Near, h.Place, h.Day, h.Start, h.End, h.Note, h.Contact},
		})
	}
	c.Header().Set("Cache-Control", "no-store")
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		for _, e := range q.Events {
			g, err := w.Groups.ByID(c.Context(), tx, e.Group)
			if err != nil {
				return err
			}
			out.Events = append(out.Events, apiQueuedEvent{string(e.ID), c.BaseURL() + "/events/" + string(e.ID), e.Title, g.Handle})
		}
		return nil
	})
	return out, err
}
