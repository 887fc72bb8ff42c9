package polls

import (
	"net/http"
	"strings"
	"time"

	"convoke/internal/api"
	"convoke/internal/fault"
	"convoke/internal/plaintext"
	"convoke/internal/web"
)

// ProposalItem is a proposal as lists show it. It is exported to be described as part
// of another type.
type ProposalItem struct {
	ID      string    `json:"id"`
	URL     string    `json:"url" doc:"Of its page."`
	Title   string    `json:"title"`
	Lang    string    `json:"lang" doc:"ISO 639."`
	State   string    `json:"state" enum:"draft,discussed,frozen,decided,withdrawn"`
	Adopted bool      `json:"adopted"`
	Updated time.Time `json:"updated"`
}

// apiProposal is a proposal as its page shows it.
type apiProposal struct {
	ProposalItem
	Group      apiProposalGroup    `json:"group"`
	Body       string              `json:"body" doc:"Markdown."`
	Options    []string            `json:"options" nullable:"false" doc:"To choose from; none is yes or no."`
	Public     bool                `json:"public" doc:"Everybody can read it."`
	Effect     string              `json:"effect" enum:",demand,met,step,halt,down,delegate,part,endorse,task,vote" doc:"What it does when it is adopted."`
	Version    int                 `json:"version" doc:"Of the text, the first is 1."`
	Sequence   int                 `json:"sequence" doc:"A change sends it back."`
	Created    time.Time           `json:"created"`
	Polls      []apiProposalPoll   `json:"polls" nullable:"false" doc:"The latest first."`
	Amendments []apiAmendment      `json:"amendments" nullable:"false"`
	Versions   []apiProposalEdit   `json:"versions" nullable:"false" doc:"Earlier texts, the first one first."`
	Comments   []apiProposalRemark `json:"comments" nullable:"false" doc:"The first page of the discussion, without names for who is not inside."`
	Next       string              `json:"next,omitempty" doc:"For the parameter after: more comments."`
}

type apiProposalGroup struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
}

type apiProposalPoll struct {
	ID     string    `json:"id"`
	URL    string    `json:"url"`
	State  string    `json:"state" enum:"open,closed,counted"`
	Closes time.Time `json:"closes"`
}

type apiAmendment struct {
	ID    string `json:"id"`
	URL   string `json:"url"`
	Why   string `json:"why"`
	State string `json:"state" doc:"In the reader's language."`
	Who   string `json:"who,omitempty" doc:"A handle, for members."`
}

type apiProposalEdit struct {
	Version int      `json:"version"`
	Title   string   `json:"title"`
	Body    string   `json:"body"`
	Options []string `json:"options,omitempty" nullable:"false"`
	Note    string   `json:"note" doc:"What was changed then."`
}

type apiProposalRemark struct {
	ID      string              `json:"id"`
	Text    string              `json:"text"`
	Who     string              `json:"who,omitempty" doc:"A handle, for members."`
	Hidden  string              `json:"hidden,omitempty" doc:"Why organizers hid it."`
	Answers []apiProposalAnswer `json:"answers,omitempty" nullable:"false"`
}

type apiProposalAnswer struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Who    string `json:"who,omitempty"`
	Hidden string `json:"hidden,omitempty"`
}

// apiProposalInput is a proposal as the form takes it.
type apiProposalInput struct {
	Title    string   `json:"title"`
	Body     string   `json:"body" doc:"Markdown: what exactly."`
	Lang     string   `json:"lang" doc:"ISO 639."`
	Options  []string `json:"options,omitempty" nullable:"false"`
	Effect   string   `json:"effect,omitempty" enum:",demand,met,step,halt,down,delegate,part,endorse,task,vote"`
	Subject  string   `json:"subject,omitempty" doc:"What the effect is done to, as the form asks for it."`
	Campaign string   `json:"campaign,omitempty" doc:"Handle."`
	Note     string   `json:"note,omitempty" doc:"For a change: what it is."`
	Sequence int      `json:"sequence,omitempty" doc:"For a change: that of the proposal as it was read."`
}

func (in *apiProposalInput) typed() Input {
	return Input{
		Title: plaintext.Line(in.Title), Body: plaintext.Text(in.Body), Lang: in.Lang, Options: plaintext.Text(join(in.Options)), Effect: in.Effect,
		Subject: plaintext.Line(in.Subject), Campaign: in.Campaign, Note: plaintext.Line(in.Note),
	}
}

type (
	apiProposals struct {
		Group string `query:"group" doc:"Handle: of this group only, and for its members all that it has."`
		After string `query:"after" doc:"The member next of the page before."`
	}
	apiProposalPath struct {
		ID string `path:"id"`
	}
	apiProposalShow struct {
		ID    string `path:"id"`
		After string `query:"after" doc:"Comments after this one."`
	}
	apiPropose struct {
		Handle string `path:"handle"`
		Body   apiProposalInput
	}
	apiProposalChange struct {
		ID   string `path:"id"`
		Body apiProposalInput
	}
	apiProposalMove struct {
		ID   string `path:"id"`
		Body struct {
			Do string `json:"do" enum:"discuss,withdraw,publish,unpublish"`
		}
	}
	apiProposalSay struct {
		ID   string `path:"id"`
		Body struct {
			Text   string `json:"text"`
			Parent string `json:"parent,omitempty" doc:"The comment that it answers."`
		}
	}
	apiProposalHide struct {
		ID      string `path:"id"`
		Comment string `path:"comment"`
		Body    struct {
			Why string `json:"why,omitempty" doc:"Of an organizer; whoever wrote it needs none."`
		}
	}
	apiProposalAmend struct {
		ID   string `path:"id"`
		Body struct {
			Body    string   `json:"body" doc:"The whole text as it should be."`
			Options []string `json:"options,omitempty" nullable:"false"`
			Why     string   `json:"why"`
		}
	}
	apiProposalAmendment struct {
		ID        string `path:"id"`
		Amendment string `path:"amendment"`
		Body      struct {
			Do string `json:"do" enum:"accept,decline,retire"`
		}
	}
)

// MountAPI adds the operations on proposals and polls.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "proposals", Summary: summary, Doc: doc, Scope: api.Groups}
	}
	keyed := func(method, path, name, summary, doc string) api.Op {
		o := op(method, path, name, summary, doc)
		o.Keyed = true
		return o
	}
	list := op(http.MethodGet, "/proposals", "findProposals", "Find proposals", "The latest first.")
	list.Scope, list.Open = api.Read, true
	list.Cache = func(*web.Call) ([]string, time.Duration) { return []string{"proposals", "groups", "site"}, listTTL }
	api.Add(a, list, w.apiList)
	get := op(http.MethodGet, "/proposals/{id}", "readProposal", "One proposal", "With its discussion, amendments and polls.")
	get.Scope, get.Open = api.Read, true
	get.Cache = func(c *web.Call) ([]string, time.Duration) { return tagOf(c.Param("id")), pageTTL }
	api.Add(a, get, func(c *web.Call, in *apiProposalShow) (apiProposal, error) {
		return w.apiProposalAfter(c, in.ID, in.After)
	})
	create := keyed(http.MethodPost, "/groups/{handle}/proposals", "createProposal", "Draft a proposal", "For members of the group, or delegates of the coalition.")
	create.Status = http.StatusCreated
	api.Add(a, create, func(c *web.Call, in *apiPropose) (apiProposal, error) {
		key, err := a.Key(c)
		if err != nil {
			return apiProposal{}, err
		}
		pid, err := w.Create(c.Context(), c.Actor(), in.Handle, key, in.Body.typed())
		if err != nil {
			return apiProposal{}, keyReused(err)
		}
		c.Header().Set("Location", c.BaseURL()+"/api/v1/proposals/"+string(pid))
		return w.apiProposal(c, string(pid))
	})
	api.Add(a, op(http.MethodPut, "/proposals/{id}", "changeProposal", "Change a proposal", "For who wrote it, and for organizers."),
		func(c *web.Call, in *apiProposalChange) (apiProposal, error) {
			if err := w.Edit(c.Context(), c.Actor(), in.ID, in.Body.Sequence, in.Body.typed()); err != nil {
				return apiProposal{}, err
			}
			return w.apiProposal(c, in.ID)
		})
	api.Do(a, op(http.MethodPost, "/proposals/{id}/state", "moveProposal", "Put it up for discussion, withdraw it, or let everybody read it", ""),
		func(c *web.Call, in *apiProposalMove) error {
			return w.Move(c.Context(), c.Actor(), in.ID, in.Body.Do)
		})
	api.Do(a, keyed(http.MethodPost, "/proposals/{id}/comments", "sayToProposal", "Add to the discussion", "For members."),
		func(c *web.Call, in *apiProposalSay) error {
			key, err := a.Key(c)
			if err == nil {
				err = w.slow(c)
			}
			if err != nil {
				return err
			}
			return keyReused(w.Say(c.Context(), c.Actor(), in.ID, key, in.Body.Parent, plaintext.Text(in.Body.Text)))
		})
	api.Do(a, op(http.MethodPost, "/proposals/{id}/comments/{comment}/hide", "hideComment", "Hide a comment, or take one's own back", ""),
		func(c *web.Call, in *apiProposalHide) error {
			return w.Hide(c.Context(), c.Actor(), in.ID, in.Comment, plaintext.Line(in.Body.Why))
		})
	api.Do(a, keyed(http.MethodPost, "/proposals/{id}/amendments", "amendProposal", "Propose a changed text", "For members, while it is discussed."),
		func(c *web.Call, in *apiProposalAmend) error {
			key, err := a.Key(c)
			if err == nil {
				err = w.slow(c)
			}
			if err != nil {
				return err
			}
			_, err = w.Amend(c.Context(), c.Actor(), in.ID, key, AmendInput{
				Body: plaintext.Text(in.Body.Body), Options: plaintext.Text(join(in.Body.Options)), Why: plaintext.Text(in.Body.Why),
			})
			return keyReused(err)
		})
	api.Do(a, op(http.MethodPost, "/proposals/{id}/amendments/{amendment}", "answerAmendment", "Accept or decline a change, or take one's own back", ""),
		func(c *web.Call, in *apiProposalAmendment) error {
			return w.Answer(c.Context(), c.Actor(), in.ID, in.Amendment, in.Body.Do)
		})
	w.mountPollAPI(a)
}

// keyReused says what [errUsed] says as programs know it.
func keyReused(err error) error {
	if fault.HasCode(err, "form.key_used") {
		return api.ErrKeyReused()
	}
	return err
}

func (w *Web) apiList(c *web.Call, in *apiProposals) (api.Page[ProposalItem], error) {
	page, _, next, err := w.List(c, in.Group, readCursor(in.After))
	if err != nil {
		return api.Page[ProposalItem]{}, err
	}
	out := make([]ProposalItem, len(page))
	for i := range page {
		out[i] = proposalItem(c.BaseURL(), &page[i])
	}
	return api.PageOf(out, next), nil
}

func proposalItem(base string, p *Proposal) ProposalItem {
	return ProposalItem{ID: string(p.ID), URL: base + urlOf(p), Title: p.Title, Lang: p.Lang, State: string(p.State), Adopted: p.Adopted, Updated: p.Updated}
}

func (w *Web) apiProposal(c *web.Call, pid string) (apiProposal, error) {
	return w.apiProposalAfter(c, pid, "")
}

func (w *Web) apiProposalAfter(c *web.Call, pid, after string) (apiProposal, error) {
	f, err := w.find(c, pid, after)
	if err != nil {
		return apiProposal{}, err
	}
	p, base := &f.Proposal, c.BaseURL()
	out := apiProposal{
		ProposalItem: proposalItem(base, p), Group: apiProposalGroup{f.Group.Handle, f.Group.Name}, Body: p.Body, Options: notNil(p.Options), Public: p.Public,
		Effect: string(p.Effect), Version: p.Version, Sequence: p.Sequence, Created: p.Created, Next: f.Next,
		Polls: []apiProposalPoll{}, Amendments: []apiAmendment{}, Versions: []apiProposalEdit{}, Comments: []apiProposalRemark{},
	}
	for i := range f.Polls {
		x := &f.Polls[i]
		out.Polls = append(out.Polls, apiProposalPoll{string(x.ID), base + x.url(), string(x.State), x.Closes})
	}
	for _, x := range f.Told { // where they were
		out.Polls = append(out.Polls, apiProposalPoll{x.ID, x.Record.URL(), string(x.state()), x.Closes})
	}
	for _, x := range f.Amendments {
		out.Amendments = append(out.Amendments, apiAmendment{x.URL[strings.LastIndexByte(x.URL, '/')+1:], base + x.URL, x.Why, x.State, x.Who})
	}
	for _, v := range f.Versions {
		out.Versions = append(out.Versions, apiProposalEdit{v.N, v.Title, v.Body, v.Options, v.Note})
	}
	for _, x := range f.Talk {
		r := apiProposalRemark{ID: x.ID, Text: x.Text, Who: x.Who, Hidden: x.Hidden}
		for _, y := range x.Answers {
			r.Answers = append(r.Answers, apiProposalAnswer{y.ID, y.Text, y.Who, y.Hidden})
		}
		out.Comments = append(out.Comments, r)
	}
	return out, nil
}

func notNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
