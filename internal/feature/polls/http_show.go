package polls

import (
	"strconv"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// commentView is a comment as its reader may see it: without names to the public.
type commentView struct {
	ID, Who, Text, Day, Hidden string
	TakenBack, Own             bool
	Answers                    []commentView
}

// Lines are what was said, cut at line breaks.
func (v commentView) Lines() []string { return cutLines(v.Text) }

// amendmentView is an amendment in the list of a proposal.
type amendmentView struct {
	URL, Who, Why, State, Day string
	Open                      bool
}

// pollView is a poll in the list of a proposal.
type pollView struct {
	URL, Kind, State, Until, ISO string
	Open                         bool
}

// found is what the pages of one proposal know.
type found struct {
	Proposal   Proposal
	Group      Group
	In         inside
	Campaign   Ref
	Versions   []Version
	Polls      []Poll
	Told       []toldPoll
	Amendments []amendmentView
	Talk       []commentView
	Next       string // of the discussion
}

// find reads a proposal with its discussion.
func (w *Web) find(c *web.Call, pid, after string) (found, error) {
	k, err := w.key(c.Context(), pid)
	if err != nil {
		return found{}, err
	}
	var f found
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		ctx := c.Context()
		f = found{}
		if f.Proposal, f.Group, f.In, err = w.load(ctx, tx, c.Actor(), pid); err != nil {
			return err
		}
		p := &f.Proposal
		if p.Campaign != "" {
			_, f.Campaign, err = w.Elsewhere.AboutCampaign(ctx, tx, p.Campaign)
			if err = known(err); err != nil {
				return err
			}
		}
		if f.Versions, err = versionsOf(ctx, tx, p.ID); err != nil {
			return err
		}
		if f.Told, err = toldOf(ctx, tx, p.ID); err != nil {
			return err
		}
		if f.Polls, err = pollsOf(ctx, tx, p.ID); err != nil || k == nil {
			return err
		}
		return w.talk(c, tx, k, &f, after)
	})
	return f, err
}

// talk opens what was said.
func (w *Web) talk(c *web.Call, tx *db.Tx, k *seal.Key, f *found, after string) error {
	ctx, pid := c.Context(), f.Proposal.ID
	amendments, err := amendmentsOf(ctx, tx, pid)
	if err != nil {
		return err
	}
	top, answers, err := threads(ctx, tx, pid, after, talkSize+1)
	if err != nil {
		return err
	}
	if len(top) > talkSize {
		top = top[:talkSize]
		f.Next = top[talkSize-1].ID
	}
	who := map[id.Person]string{}
	if f.In.role.AtLeast(authz.Member) {
		var all []id.Person
		for _, a := range amendments {
			all = append(all, a.Wrote)
		}
		for _, x := range append(append([]comment(nil), top...), answers...) {
			all = append(all, x.Wrote)
		}
		if who, err = w.People.Handles(ctx, tx, all); err != nil {
			return err
		}
	}
	for i := range amendments {
		v, err := amendmentOf(c.Locale, k, &f.Proposal, &amendments[i], who)
		if err != nil {
			return err
		}
		f.Amendments = append(f.Amendments, v)
	}
	at := map[string]int{}
	for i := range top {
		v, err := commentOf(c, k, &top[i], who)
		if err != nil {
			return err
		}
		at[top[i].ID] = len(f.Talk)
		f.Talk = append(f.Talk, v)
	}
	for i := range answers {
		v, err := commentOf(c, k, &answers[i], who)
		if err != nil {
			return err
		}
		if n, ok := at[answers[i].Parent]; ok {
			f.Talk[n].Answers = append(f.Talk[n].Answers, v)
		}
	}
	return nil
}

func commentOf(c *web.Call, k *seal.Key, x *comment, who map[id.Person]string) (commentView, error) {
	v := commentView{ID: x.ID, Who: who[x.Wrote], Day: c.Locale.DateShort(day.Time(x.Day)), Hidden: x.Hidden}
	if x.Hidden == takenBack {
		v.Hidden, v.TakenBack = "", true
	}
	if x.Hidden != "" {
		return v, nil
	}
	v.Own = !c.Actor().Visitor() && x.Wrote == c.Actor().Person
	s, err := openJSON[said](k, CommentTable, x.ID, x.Sealed)
	v.Text = s.Text
	return v, err
}

func (s AmendmentState) name() string {
	switch s {
	case Proposed:
		return i18n.Mark("Proposed")
	case Voting:
		return i18n.Mark("Being voted on")
	case Accepted:
		return i18n.Mark("Accepted into the text")
	case Declined:
		return i18n.Mark("Declined")
	case Retired:
		return i18n.Mark("Taken back")
	}
	return ""
}

func amendmentOf(l *i18n.Locale, k *seal.Key, p *Proposal, a *amendment, who map[id.Person]string) (amendmentView, error) {
	w, err := openJSON[wanted](k, AmendmentTable, a.ID, a.Sealed)
	return amendmentView{
		URL: urlOf(p) + "/amendments/" + a.ID, Who: who[a.Wrote], Why: w.Why, State: l.T(a.State.name()), Day: l.DateShort(day.Time(a.Day)),
		Open: a.State == Proposed,
	}, err
}

type showData struct {
	Form                   *web.Form
	Proposal               Proposal
	Group                  Group
	URL, State, Effect     string
	Subject                string // what its effect is done to, as people can read it
	SubjectURL             string
	Campaign               Ref
	Until, Wrote           string
	Versions               []Version
	Changed                []string // the days of earlier versions
	Polls                  []pollView
	Told                   []toldView // on other servers
	Amendments             []amendmentView
	Talk                   []commentView
	Next, Key              string
	Edit, Run, Inside, Say bool
	Amend, Open            bool
	Own                    bool
	Erased                 string
}

var showPage = web.NewPage[showData](pages, "pages/show.html", "pages/parts.html")

// show is the page of a proposal, and the proposal as .json.
func (w *Web) show(c *web.Call) error {
	pid, format, err := split(c)
	if err != nil {
		return err
	}
	return c.Cached(tagOf(pid), pageTTL, func() error {
		if format == "json" {
			x, err := w.apiProposal(c, pid)
			if err != nil {
				return err
			}
			return writeJSON(c, x)
		}
		return w.showPage(c, pid, nil)
	}, "after")
}

// showPage shows a proposal; f is the form of what was just refused.
func (w *Web) showPage(c *web.Call, pid string, f *web.Form) error {
	x, err := w.find(c, pid, c.Query().Get("after"))
	if err != nil {
		return err
	}
	d, err := w.showOf(c, &x)
	if err != nil {
		return err
	}
	if f == nil {
		return showPage.Render(c, d)
	}
	d.Form = f
	c.Header().Set("Cache-Control", "no-store")
	return showPage.RenderForm(c, f, d)
}

func (w *Web) showOf(c *web.Call, x *found) (showData, error) {
	l, p, by := c.Locale, &x.Proposal, c.Actor()
	d := showData{
		Form: c.NewForm(), Proposal: *p, Group: x.Group, URL: urlOf(p), State: l.T(p.stateName()), Campaign: x.Campaign, Versions: x.Versions,
		Amendments: x.Amendments, Talk: x.Talk, Edit: p.open() && authz.May(by, authz.EditProposal, x.In.edits()),
		Run: authz.May(by, authz.RunPoll, x.In.subject()), Inside: authz.May(by, authz.SeeDraft, x.In.subject()),
		Say: p.talks() && authz.May(by, authz.Discuss, x.In.subject()), Own: x.In.wrote,
	}
	if d.Say || d.Run {
		d.Key = c.NewKey()
	}
	d.Amend = d.Say && p.State == Discussed
	d.Open = d.Run && p.State == Discussed
	for _, v := range x.Versions {
		d.Changed = append(d.Changed, l.DateShort(day.Time(v.Day)))
	}
	for i := range x.Polls {
		d.Polls = append(d.Polls, pollOf(l, &x.Polls[i]))
	}
	for i := range x.Told {
		d.Told = append(d.Told, x.Told[i].view(l))
	}
	if i := effectOf(p.Effect); i > 0 {
		d.Effect = l.T(effects[i].name)
	}
	if x.Next != "" {
		d.Next = d.URL + "?after=" + x.Next + "#talk"
	}
	if p.Ends > 0 {
		d.Erased = l.DateShort(day.Time(p.Ends))
	}
	return d, w.subjectOf(c, p, &d)
}

// subjectOf says what a proposal's effect is done to, as far as the reader may know.
func (w *Web) subjectOf(c *web.Call, p *Proposal, d *showData) error {
	switch p.Effect {
	case fact.EffectVote:
		if p.Subject != "" { // as it is of one that moved here
			d.SubjectURL = "/polls/" + p.Subject
		}
	case fact.EffectTask:
		owner, until := taskOf(p.Subject)
		if d.Inside {
			err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
				all, err := w.People.Handles(c.Context(), tx, []id.Person{owner})
				d.Subject = all[owner]
				return err
			})
			if err != nil {
				return err
			}
		}
		if until != "-" {
			d.Subject += " " + until
		}
	case fact.EffectPart:
		if p.Subject == "" {
			return nil
		}
		return w.DB.Read(c.Context(), func(tx *db.Tx) error {
			g, err := w.Groups.ByID(c.Context(), tx, id.Group(p.Subject))
			if !g.Suspended {
				d.Subject = g.Name
			}
			return known(err)
		})
	case fact.EffectMet:
		d.Subject = p.Subject
	case fact.EffectStep, fact.EffectHalt:
		_, d.Subject, _ = strings.Cut(p.Subject, "#")
	default:
	}
	return nil
}

func pollOf(l *i18n.Locale, p *Poll) pollView {
	v := pollView{URL: p.url(), Until: p.until(l), ISO: p.moment(), Open: p.State == Open, State: pollStateName(l, p)}
	switch {
	case p.Amendment != "":
		v.Kind = l.T("Vote on a change")
	case !p.Decides:
		v.Kind = l.T("Temperature check")
	default:
		v.Kind = l.T("Vote")
	}
	return v
}

func pollStateName(l *i18n.Locale, p *Poll) string {
	switch {
	case p.State == Open:
		return l.T("Open")
	case p.State == Lost:
		return l.T("Never opened")
	case p.State == CalledOff:
		return l.T("Called off before it began")
	case p.State == Closed:
		return l.T("Closed, being counted")
	case p.Amendment == "" && !p.Decides:
		return l.T("Counted")
	case p.Result != nil && p.Result.Adopted:
		return l.T("Adopted")
	}
	return l.T("Not adopted")
}

type amendData struct {
	Form        *web.Form
	Proposal    Proposal
	URL, Key    string
	WithOptions bool
	DraftKey    string
}

var amendPage = web.NewPage[amendData](pages, "pages/amend.html")

func (w *Web) amendPage(c *web.Call, f *web.Form, p *Proposal, key string) error {
	c.Header().Set("Cache-Control", "no-store")
	return amendPage.RenderForm(c, f, amendData{f, *p, urlOf(p), key, len(p.Options) > 0, "amend-" + string(p.ID) + "-" + strconv.Itoa(p.Version)})
}

func (w *Web) amendForm(c *web.Call) error {
	p, _, err := w.editable(c, authz.Discuss)
	if err != nil {
		return err
	}
	if p.State != Discussed {
		return fault.Conflict("proposal.no_amendments", "Changes can be proposed while a proposal is in discussion.")
	}
	f := c.NewForm().Set("body", p.Body).Set("options", join(p.Options))
	if from := c.Query().Get("from"); from != "" { // proposed on an older text, and now again
		x, err := w.amendmentFull(c, string(p.ID), from)
		if err != nil {
			return err
		}
		f.Set("body", x.wanted.Body).Set("options", join(x.wanted.Options)).Set("why", x.wanted.Why)
	}
	return w.amendPage(c, f, &p, c.NewKey())
}

func (w *Web) amend(c *web.Call) error {
	p, _, err := w.editable(c, authz.Discuss)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := w.slow(c); err != nil {
		return err
	}
	aid, err := w.Amend(c.Context(), c.Actor(), string(p.ID), f.Line("key"), AmendInput{Body: f.Text("body"), Options: f.Text("options"), Why: f.Text("why")})
	if f.Accepts(err) {
		return w.amendPage(c, f, &p, f.Line("key"))
	}
	if err != nil {
		return err
	}
	return c.SeeOther(urlOf(&p) + "/amendments/" + aid)
}

// fullAmendment is one with all that its page shows.
type fullAmendment struct {
	amendment
	wanted   wanted
	proposal Proposal
	in       inside
	base     Text // what it changes
	who      string
}

func (w *Web) amendmentFull(c *web.Call, pid, aid string) (x fullAmendment, err error) {
	k, err := w.key(c.Context(), pid)
	if err != nil {
		return x, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		ctx := c.Context()
		if x.proposal, _, x.in, err = w.load(ctx, tx, c.Actor(), pid); err != nil {
			return err
		}
		a, ok, err := amendmentBy(ctx, tx, x.proposal.ID, aid)
		if err != nil {
			return err
		}
		if !ok || k == nil {
			return web.ErrNotFound()
		}
		x.amendment, x.base = a, x.proposal.Text
		if a.Base != x.proposal.Version {
			all, err := versionsOf(ctx, tx, x.proposal.ID)
			if err != nil {
				return err
			}
			for _, v := range all {
				if v.N == a.Base {
					x.base = v.Text
				}
			}
		}
		if x.wanted, err = openJSON[wanted](k, AmendmentTable, a.ID, a.Sealed); err != nil || !x.in.role.AtLeast(authz.Member) {
			return err
		}
		all, err := w.People.Handles(ctx, tx, []id.Person{a.Wrote})
		x.who = all[a.Wrote]
		return err
	})
	return x, err
}

type amendmentData struct {
	Proposal                   Proposal
	URL, Back, State, Who, Why string
	Open                       string // where it is put to the vote
	Again                      string // where it is proposed again on a newer text
	Body, Options              []Piece
	Older, Answer, Retire      bool
}

var amendmentPage = web.NewPage[amendmentData](pages, "pages/amendment.html", "pages/parts.html")

func (w *Web) amendment(c *web.Call) error {
	pid := c.Param("id")
	return c.Cached(tagOf(pid), pageTTL, func() error {
		x, err := w.amendmentFull(c, pid, c.Param("amendment"))
		if err != nil {
			return err
		}
		by, p := c.Actor(), &x.proposal
		live := x.State == Proposed && p.State == Discussed
		d := amendmentData{
			Proposal: *p, URL: urlOf(p) + "/amendments/" + x.ID, Back: urlOf(p), State: c.Locale.T(x.State.name()), Who: x.who, Why: x.wanted.Why,
			Body: diff(x.base.Body, x.wanted.Body), Older: live && x.Base != p.Version,
		}
		if len(x.base.Options)+len(x.wanted.Options) > 0 {
			d.Options = diff(join(x.base.Options), join(x.wanted.Options))
		}
		d.Answer = live && authz.May(by, authz.EditProposal, x.in.edits())
		d.Retire = live && !by.Visitor() && x.Wrote == by.Person
		if live && !d.Older && authz.May(by, authz.RunPoll, x.in.subject()) {
			d.Open = urlOf(p) + "/open?amendment=" + x.ID
		}
		if d.Older && authz.May(by, authz.Discuss, x.in.subject()) {
			d.Again = urlOf(p) + "/amend?from=" + x.ID
		}
		return amendmentPage.Render(c, d)
	})
}

func (w *Web) answer(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := w.Answer(c.Context(), c.Actor(), c.Param("id"), c.Param("amendment"), f.Line("do")); err != nil {
		return err
	}
	return c.SeeOther("/proposals/" + c.Param("id") + "/amendments/" + c.Param("amendment"))
}
