package ladders

import (
	"encoding/json"
	"net/http"
	"time"

	"convoke/internal/api"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/web"
)

// apiLadder is a ladder as its page shows it.
type apiLadder struct {
	Campaign string          `json:"campaign" doc:"Handle."`
	URL      string          `json:"url"`
	Version  int             `json:"version" doc:"0 for a draft."`
	Record   string          `json:"record,omitempty" doc:"Its name in the public record."`
	Text     string          `json:"text,omitempty" doc:"What the record holds a hash of, as canonical JSON."`
	Salt     string          `json:"salt,omitempty" doc:"Hexadecimal. SHA-256 of its bytes and the text is text_hash."`
	TextHash string          `json:"text_hash,omitempty"`
	Down     *apiLadderDown  `json:"down,omitempty" doc:"When the campaign has stood down."`
	Steps    []apiLadderStep `json:"steps" nullable:"false"`
	Moves    []apiLadderMove `json:"moves" nullable:"false" doc:"The newest first."`
	Versions []apiLadderPast `json:"versions" nullable:"false" doc:"The newest first."`
}

type apiLadderDown struct {
	Reason string    `json:"reason" enum:"met,decided"`
	Poll   string    `json:"poll,omitempty" doc:"Address of the vote that decided it, or that the last demand is met, where the reader may know of it."`
	At     time.Time `json:"at"`
}

type apiLadderPast struct {
	Version   int       `json:"version"`
	Note      string    `json:"note" doc:"What changed."`
	Published time.Time `json:"published"`
	TextHash  string    `json:"text_hash"`
}

type apiLadderMove struct {
	Step   string    `json:"step"`
	State  string    `json:"state" enum:"waiting,open,met,lapsed,halted"`
	Reason string    `json:"reason" enum:"gate,lapse,before,owners,decision,down"`
	Note   string    `json:"note,omitempty"`
	At     time.Time `json:"at"`
}

type apiLadderStep struct {
	Key    string          `json:"key"`
	Title  string          `json:"title"`
	Kind   string          `json:"kind" enum:"petition,pledge,poll,day_of_action,presence,walkout,strike,rent_strike,boycott,statement,delegation,election,other"`
	About  string          `json:"about" doc:"Markdown."`
	Link   string          `json:"link,omitempty"`
	After  []string        `json:"after" nullable:"false"`
	State  string          `json:"state" enum:"waiting,open,met,lapsed,halted"`
	Opened *time.Time      `json:"opened,omitempty"`
	Lapses *time.Time      `json:"lapses,omitempty"`
	Gate   []apiLadderLeaf `json:"gate" nullable:"false" doc:"Each condition, and how far it is."`
	Open   bool            `json:"gate_open" doc:"All conditions together."`
	Rule   json.RawMessage `json:"rule,omitempty" doc:"The gate as it was published."`
	MetBy  []apiLadderLeaf `json:"met_by" nullable:"false"`
	Met    json.RawMessage `json:"met_rule,omitempty"`
}

type apiLadderLeaf struct {
	Kind string `json:"kind" enum:"date,count,silence,refusal,decision,turnout,trigger,step"`
	Have int    `json:"have"`
	Need int    `json:"need"`
	Open bool   `json:"open"`
	// Since is when it became so.
	Since *time.Time `json:"since,omitempty"`
	Never bool       `json:"never,omitempty" doc:"It cannot happen any more."`
	Due   *time.Time `json:"due,omitempty" doc:"When it becomes so if nothing happens before: a date, or the end of the time for a reply."`
}

func moment2(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// leavesOf flattens how far a gate is.
func leavesOf(p Progress) []apiLadderLeaf {
	out := []apiLadderLeaf{}
	if p.Gate == nil {
		return out
	}
	if p.Of == nil {
		due := p.Due
		if p.Open || p.Never {
			due = time.Time{}
		}
		return append(out, apiLadderLeaf{p.Gate.kind(), p.Have, p.Need, p.Open, moment2(p.Since), p.Never, moment2(due)})
	}
	for _, x := range p.Of {
		out = append(out, leavesOf(x)...)
	}
	return out
}

func apiStepsOf(p *Plan, stand map[string]*Standing, known Known, now time.Time) []apiLadderStep {
	out := []apiLadderStep{}
	pub := p.public()
	for i := range pub.Steps {
		s := &pub.Steps[i]
		gate, met := Eval(s.Gate, known, now), Eval(s.MetBy, known, now)
		x := apiLadderStep{
			Key: s.Key, Title: s.Title, Kind: s.Kind, About: s.About, Link: s.Link, After: append([]string{}, s.After...), State: string(Waiting),
			Lapses: moment2(s.lapses()), Gate: leavesOf(gate), Open: gate.Open, MetBy: leavesOf(met),
		}
		if s.Gate != nil {
			x.Rule = json.RawMessage(s.Gate.String())
		}
		if s.MetBy != nil {
			x.Met = json.RawMessage(s.MetBy.String())
		}
		if y := stand[s.Key]; y != nil {
			x.State, x.Opened = string(y.State), moment2(y.Opened)
		}
		out = append(out, x)
	}
	return out
}

func apiOf(base string, p *page, now time.Time) apiLadder {
	out := apiLadder{Campaign: p.Of.Handle, URL: base + urlOf(&p.Of), Version: p.Version, Record: p.Name, Moves: []apiLadderMove{}, Versions: []apiLadderPast{}}
	if v := p.Published; v != nil {
		out.Text, out.Salt, out.TextHash = v.Text, v.Salt, v.Hash
		for _, v := range append([]Version{*v}, p.Earlier...) {
			out.Versions = append(out.Versions, apiLadderPast{v.Version, v.Note, v.Published, v.Hash})
		}
	}
	out.Steps = apiStepsOf(p.plan(), p.Stand, p.Facts, now)
	for _, m := range p.Past {
		out.Moves = append(out.Moves, apiLadderMove{m.Step, string(m.State), m.Reason, m.Note, m.At})
	}
	if p.Down != nil {
		out.Down = &apiLadderDown{Reason: p.Down.Reason, At: p.Down.At}
		if u := p.Down.url(); u != "" {
			out.Down.Poll = base + u
		}
	}
	return out
}

// apiLadderDraft is what organizers write.
type apiLadderDraft struct {
	Sequence  int                `json:"sequence" doc:"A change sends it back."`
	Published bool               `json:"published" doc:"This is what is published."`
	Plan      json.RawMessage    `json:"plan" doc:"The steps, as the text form takes them."`
	Problems  []apiLadderProblem `json:"problems" nullable:"false" doc:"What is in the way of publishing it."`
}

type apiLadderProblem struct {
	Name string `json:"name" doc:"As in step-KEY."`
	Code string `json:"code"`
	Text string `json:"text"`
}

type apiLadderText struct {
	Sequence int             `json:"sequence" doc:"That of the draft as it was read."`
	Plan     json.RawMessage `json:"plan" doc:"The steps, as the text form takes them."`
}

type apiLadderPublish struct {
	Sequence int    `json:"sequence" doc:"That of the draft as it was read."`
	Note     string `json:"note,omitempty" doc:"What changed; not of the first version."`
}

type apiLadderAct struct {
	Step  string `json:"step,omitempty" doc:"Key; none for the whole campaign."`
	Group string `json:"group" doc:"Handle of the owner for which it is said."`
	Do    string `json:"do" enum:"halt,resume,met,down,up"`
	Note  string `json:"note,omitempty"`
}

type apiLadderDone struct {
	Done bool `json:"done" doc:"False while another owner has to say so, too."`
}

type apiLadderDeclare struct {
	Trigger  string `json:"trigger" doc:"What has happened, as in the gate."`
	Declared bool   `json:"declared"`
}

type apiLadderIf struct {
	Until   time.Time          `json:"until"`
	Assumed []apiLadderAssumed `json:"assumed,omitempty" nullable:"false" doc:"What is not there does not happen."`
}

type apiLadderAssumed struct {
	Condition int       `json:"condition" doc:"Its place among the conditions of the draft that are neither dates nor steps, from 0."`
	Have      int       `json:"have,omitempty" doc:"As many as it takes, when absent."`
	At        time.Time `json:"at"`
}

type apiLadderOutcome struct {
	Moves []apiLadderMove `json:"moves" nullable:"false" doc:"The first first."`
	Steps []apiLadderStep `json:"steps" nullable:"false" doc:"As they stand in the end."`
}

type (
	apiPath struct {
		Handle string `path:"handle"`
	}
	apiTextIn struct {
		Handle string `path:"handle"`
		Body   apiLadderText
	}
	apiPublishIn struct {
		Handle string `path:"handle"`
		Body   apiLadderPublish
	}
	apiActIn struct {
		Handle string `path:"handle"`
		Body   apiLadderAct
	}
	apiDeclareIn struct {
		Handle string `path:"handle"`
		Body   apiLadderDeclare
	}
	apiIfIn struct {
		Handle string `path:"handle"`
		Body   apiLadderIf
	}
)

// MountAPI adds the operations on ladders.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: "/campaigns/{handle}/ladder" + path, ID: name, Tag: "ladders", Summary: summary, Doc: doc, Scope: api.Groups}
	}
	get := op(http.MethodGet, "", "getLadder", "A campaign's ladder", "Where it stands, what opens the next step, how far away that is, and what was decided when.")
	get.Scope, get.Open = api.Read, true
	get.Cache = func(c *web.Call) ([]string, time.Duration) {
		tags, err := w.tags(c, c.Param("handle"))
		if err != nil {
			return []string{"campaigns"}, 0
		}
		return tags, pageTTL
	}
	api.Add(a, get, func(c *web.Call, in *apiPath) (apiLadder, error) { return w.apiShow(c, in.Handle) })
	api.Add(a, op(http.MethodGet, "/draft", "getLadderDraft", "The draft of a ladder", "For organizers of a group that owns the campaign."),
		func(c *web.Call, in *apiPath) (apiLadderDraft, error) { return w.apiDraft(c, in.Handle) })
	api.Add(a, op(http.MethodPut, "/draft", "changeLadderDraft", "Write the draft of a ladder", "For organizers of a group that owns the campaign."),
		func(c *web.Call, in *apiTextIn) (apiLadderDraft, error) {
			if err := w.SaveText(c.Context(), c.Actor(), in.Handle, in.Body.Sequence, string(in.Body.Plan)); err != nil {
				return apiLadderDraft{}, err
			}
			return w.apiDraft(c, in.Handle)
		})
	api.Add(a, op(http.MethodPost, "/publish", "publishLadder", "Publish the draft of a ladder", "It cannot be changed afterwards: a change is a new version."),
		func(c *web.Call, in *apiPublishIn) (apiLadder, error) {
			if err := w.Publish(c.Context(), c.Actor(), in.Handle, in.Body.Sequence, in.Body.Note); err != nil {
				return apiLadder{}, err
			}
			return w.apiShow(c, in.Handle)
		})
	api.Add(a, op(http.MethodPost, "/simulate", "simulateLadder", "How the draft of a ladder would go", "If it were published now and things happened as assumed."), w.apiSimulate)
	api.Add(a, op(http.MethodPost, "/acts", "actOnLadder", "Halt a step, let it go on, say that it is met, or stand the campaign down",
		"To stop takes one owner, to go on two people of two owners, where more than one group owns the campaign."),
		func(c *web.Call, in *apiActIn) (apiLadderDone, error) {
			b := in.Body
			done, err := w.Act(c.Context(), c.Actor(), in.Handle, ActInput{Step: b.Step, Group: b.Group, Do: b.Do, Note: b.Note})
			return apiLadderDone{done}, err
		})
	api.Do(a, op(http.MethodPut, "/declared", "declareTrigger", "Declare that something has happened", "For its delegates."),
		func(c *web.Call, in *apiDeclareIn) error {
			return w.Declare(c.Context(), c.Actor(), in.Handle, in.Body.Trigger, in.Body.Declared)
		})
}

func (w *Web) apiShow(c *web.Call, handle string) (apiLadder, error) {
	p, err := w.load(c, handle, true)
	if err != nil {
		return apiLadder{}, err
	}
	return apiOf(c.BaseURL(), &p, c.Now()), nil
}

func (w *Web) apiDraft(c *web.Call, handle string) (out apiLadderDraft, err error) {
	out.Problems = []apiLadderProblem{}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		d, err := w.editable(c.Context(), tx, c.Actor(), handle)
		if err != nil {
			return err
		}
		out.Sequence, out.Published, out.Plan = d.Sequence, d.Published != nil && !d.edits(), json.RawMessage(d.Draft.JSON())
		fields, err := w.Problems(c.Context(), tx, d)
		for _, x := range fields {
			out.Problems = append(out.Problems, apiLadderProblem{x.Name, x.Code, c.Locale.T(x.Msg, x.Args...)})
		}
		return err
	})
	return out, err
}

func (w *Web) apiSimulate(c *web.Call, in *apiIfIn) (out apiLadderOutcome, err error) {
	var d *Ladder
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		if d, err = w.editable(c.Context(), tx, c.Actor(), in.Handle); err != nil {
			return err
		}
		return w.look(c.Context(), tx, c.Actor(), d, &d.Draft)
	})
	if err != nil {
		return out, err
	}
	if err := fault.Invalid(Check(&d.Draft, c.Now(), d.moved())...); err != nil {
		return out, err
	}
	known, atoms := Known{}, d.Draft.atoms()
	for _, x := range in.Body.Assumed {
		if x.Condition < 0 || x.Condition >= len(atoms) {
			return out, fault.Invalid(fault.Field("assumed", "ladder.condition", "The draft has no such condition."))
		}
		g := atoms[x.Condition]
		if x.Have == 0 {
			x.Have = g.need()
		}
		if x.Have >= g.need() {
			known[g.atom()] = Fact{Have: x.Have, Since: x.At.UTC()}
		}
	}
	until := in.Body.Until.UTC()
	moves, stand, known := d.simulate(known, c.Now(), until)
	out.Moves, out.Steps = []apiLadderMove{}, apiStepsOf(&d.Draft, stand, known, until)
	for _, m := range moves {
		out.Moves = append(out.Moves, apiLadderMove{m.Step, string(m.State), m.Reason, "", m.At})
	}
	return out, nil
}
