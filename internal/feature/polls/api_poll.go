package polls

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"convoke/internal/api"
	"convoke/internal/plaintext"
	"convoke/internal/record/tally"
	"convoke/internal/web"
)

// apiPoll is a poll as its page shows it.
type apiPoll struct {
	ID         string        `json:"id"`
	URL        string        `json:"url" doc:"Of its page."`
	Title      string        `json:"title"`
	Lang       string        `json:"lang" doc:"ISO 639."`
	Proposal   string        `json:"proposal" doc:"Address of what it is about."`
	Amendment  string        `json:"amendment,omitempty" doc:"Id of the change that it is about."`
	State      string        `json:"state" enum:"open,closed,counted,lost,called_off"`
	Decides    bool          `json:"decides" doc:"The proposal; else it is an opinion or about a change."`
	Preset     string        `json:"preset" enum:"consent,majority,two_thirds,approval,score,rank,ranks,strike,check"`
	Rules      apiPollRules  `json:"rules"`
	Options    []string      `json:"options" nullable:"false" doc:"As on the ballot."`
	Named      bool          `json:"named" doc:"By name of the groups; else it is secret."`
	ByGroups   bool          `json:"by_groups" doc:"Each member group decides in its own poll."`
	Early      bool          `json:"early" doc:"Organizers may close it before its time."`
	CodesFirst bool          `json:"codes_first,omitempty" doc:"Credentials are given out until it opens, and none afterwards."`
	Gate       string        `json:"gate" enum:"members,codes"`
	Weights    string        `json:"weights,omitempty" enum:"group,bands,delegates" doc:"How a coalition weighed votes when it opened: each group 1, each by its size, or each delegate 1."`
	Eligible   int           `json:"eligible" doc:"What all votes weigh together."`
	Text       string        `json:"text" doc:"What the record holds a hash of."`
	Salt       string        `json:"salt" doc:"Hexadecimal. SHA-256 of its bytes and the text is text_hash."`
	TextHash   string        `json:"text_hash" doc:"As in the manifest of the box."`
	Box        string        `json:"box" doc:"Its id in the public record."`
	BoxURL     string        `json:"box_url"`
	Opens      time.Time     `json:"opens"`
	Closes     time.Time     `json:"closes"`
	Zone       string        `json:"zone" doc:"IANA."`
	Cast       int64         `json:"cast" doc:"How many votes there are."`
	Trustees   string        `json:"trustees,omitempty" doc:"Address of those who keep it shut until the close."`
	Reason     string        `json:"reason,omitempty" doc:"Why it was called off."`
	Result     *apiPollCount `json:"result,omitempty" doc:"When it was counted."`
	Undone     []apiUndone   `json:"undone,omitempty" nullable:"false" doc:"What of the decision could not be carried out."`
}

type apiUndone struct {
	Code   string `json:"code" doc:"As that of the error with which it would have been refused, like proposal.no_seat."`
	Option string `json:"option,omitempty" doc:"The one for which it could not; all of it when absent."`
}

// apiPollRules are the rules of package tally, in whole numbers.
type apiPollRules struct {
	Method        string        `json:"method" enum:"consent,yesno,approval,score,schulze,stv,check"`
	Options       int           `json:"options"`
	Winners       int           `json:"winners,omitempty" doc:"How many win at most; one when absent."`
	Max           int           `json:"max,omitempty" doc:"The highest score or mark."`
	Quorum        int64         `json:"quorum,omitempty" doc:"Votes that must take part."`
	AgainstCounts bool          `json:"against_counts,omitempty" doc:"A no takes part in the quorum."`
	Support       int64         `json:"support,omitempty" doc:"Votes that must be in favour."`
	Share         *apiPollShare `json:"share,omitempty"`
	Blocks        int           `json:"blocks,omitempty" doc:"Blocks that stop a consent; one when absent."`
	Lots          []int         `json:"lots,omitempty" nullable:"false" doc:"Options in the order drawn: who stands earlier wins a tie."`
}

type apiPollShare struct {
	Num  int64 `json:"num"`
	Den  int64 `json:"den"`
	More bool  `json:"more,omitempty" doc:"More than that is needed."`
}

// apiPollCount is what the count said; the whole of it is in the record's files.
type apiPollCount struct {
	Adopted bool      `json:"adopted"`
	Winners []int     `json:"winners" nullable:"false" doc:"Indexes of options."`
	Order   []int     `json:"order" nullable:"false" doc:"All options, the best first."`
	Papers  int64     `json:"papers"`
	Weight  int64     `json:"weight"`
	Sums    []int64   `json:"sums" nullable:"false"`
	Reasons []string  `json:"reasons" nullable:"false" doc:"Why nothing is adopted."`
	Rounds  []string  `json:"rounds" nullable:"false" doc:"Each in words, in the reader's language."`
	Ties    []string  `json:"ties" nullable:"false"`
	Counted time.Time `json:"counted"`
}

// apiBallot is one vote that counts.
type apiBallot struct {
	Paper  string `json:"paper" doc:"Hexadecimal, as in the record."`
	Words  string `json:"words" doc:"In the reader's language."`
	Weight int64  `json:"weight"`
	Seat   int    `json:"seat" doc:"Of a poll by name, its place in the roll."`
	Name   string `json:"name,omitempty"`
	Salt   string `json:"salt,omitempty" doc:"Hexadecimal: opens the commitment of the seat in the roll."`
	Reason string `json:"reason,omitempty"`
}

type (
	apiOpenPoll struct {
		ID   string `path:"id"`
		Body apiPollOpening
	}
	apiPollAct struct {
		ID   string `path:"id"`
		Body struct {
			Do     string `json:"do" enum:"remind,close,call_off,own" doc:"Before voting begins, a poll that may be closed early can only be called off."`
			Group  string `json:"group,omitempty" doc:"For own: handle of the group that decides in its own poll."`
			Reason string `json:"reason,omitempty" doc:"For call_off: why, for everybody to read."`
		}
	}
	apiPollVote struct {
		ID   string `path:"id"`
		Body apiPollBallot
	}
	apiBallots struct {
		ID    string `path:"id"`
		After string `query:"after" doc:"The member next of the page before."`
	}
)

type apiPollOpening struct {
	Sequence  int      `json:"sequence" doc:"That of the proposal as it was read."`
	Amendment string   `json:"amendment,omitempty" doc:"Id of the change to vote on first."`
	Preset    string   `json:"preset" enum:"consent,majority,two_thirds,approval,score,rank,ranks,strike,check"`
	Quorum    string   `json:"quorum,omitempty" doc:"20, 50% or 2/3; more than that with > before it."`
	Support   string   `json:"support,omitempty"`
	Share     string   `json:"share,omitempty"`
	Blocks    int      `json:"blocks,omitempty"`
	Winners   int      `json:"winners,omitempty"`
	Day       string   `json:"day" doc:"2027-05-08, at the place of the group."`
	Time      string   `json:"time,omitempty" doc:"18:30; the end of the day when empty."`
	FromDay   string   `json:"from_day,omitempty" doc:"When voting begins, if credentials are given out before; at once when absent. Not by name."`
	FromTime  string   `json:"from_time,omitempty" doc:"The beginning of the day when empty."`
	Secrecy   string   `json:"secrecy,omitempty" enum:"named,secret" doc:"For delegates of a coalition."`
	Gate      string   `json:"gate,omitempty" enum:"members,codes" doc:"members when absent."`
	Codes     []string `json:"codes,omitempty" nullable:"false"`
	Early     bool     `json:"early,omitempty"`
	ByGroups  bool     `json:"by_groups,omitempty"`
	Trustees  string   `json:"trustees,omitempty" doc:"Id of those who keep it shut; they have made a key for this proposal."`
}

type apiPollBallot struct {
	Seat     *int   `json:"seat,omitempty" doc:"Where somebody speaks for several groups: its place in the roll; one's first seat when absent."`
	One      string `json:"one,omitempty" doc:"0 is yes or agree, 1 no or stand aside, 2 abstain or reservation, 3 block; of a temperature check the mark."`
	Each     []int  `json:"each,omitempty" nullable:"false" doc:"For each option its rank, its score, or 1 when it is approved; 0 is none."`
	Reason   string `json:"reason,omitempty" doc:"Of a block or a reservation. Published with the votes after the close."`
	Withdraw bool   `json:"withdraw,omitempty"`
}

func (in *apiPollOpening) typed() OpenInput {
	out := OpenInput{
		Sequence: in.Sequence, Amendment: in.Amendment, Preset: in.Preset, Quorum: in.Quorum, Support: in.Support, Share: in.Share, Day: in.Day, Time: in.Time, FromDay: in.FromDay, FromTime: in.FromTime,
		Secrecy: in.Secrecy, Gate: in.Gate, Codes: plaintext.Text(join(in.Codes)), Early: in.Early, ByGroups: in.ByGroups,
		Trustees: in.Trustees,
	}
	if in.Blocks != 0 {
		out.Blocks = strconv.Itoa(in.Blocks)
	}
	if in.Winners != 0 {
		out.Winners = strconv.Itoa(in.Winners)
	}
	if out.Gate == "" {
		out.Gate = "members"
	}
	return out
}

func (w *Web) mountPollAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "polls", Summary: summary, Doc: doc, Scope: api.Groups}
	}
	cached := func(c *web.Call) ([]string, time.Duration) {
		tags, err := w.pollTags(c, c.Param("id"))
		if err != nil {
			return []string{"proposals"}, 0
		}
		return tags, pageTTL
	}
	open := op(http.MethodPost, "/proposals/{id}/polls", "openPoll", "Open a poll", "For organizers. Nothing that it is decided by can be changed afterwards.")
	open.Status, open.Keyed = http.StatusCreated, true
	api.Add(a, open, func(c *web.Call, in *apiOpenPoll) (apiPoll, error) {
		key, err := a.Key(c)
		if err != nil {
			return apiPoll{}, err
		}
		pid, err := w.Opens(c.Context(), c.Actor(), in.ID, key, in.Body.typed())
		if err != nil {
			return apiPoll{}, keyReused(err)
		}
		c.Header().Set("Location", c.BaseURL()+"/api/v1/polls/"+string(pid))
		return w.apiPoll(c, string(pid))
	})
	get := op(http.MethodGet, "/polls/{id}", "getPoll", "One poll", "With its rules, and when it was counted its result.")
	get.Scope, get.Open, get.Cache = api.Read, true, cached
	api.Add(a, get, func(c *web.Call, in *apiProposalPath) (apiPoll, error) { return w.apiPoll(c, in.ID) })
	list := op(http.MethodGet, "/polls/{id}/ballots", "listBallots", "The votes of a poll", "None while it is open.")
	list.Scope, list.Open, list.Cache = api.Read, true, cached
	api.Add(a, list, w.apiBallots)
	api.Do(a, op(http.MethodPut, "/polls/{id}/vote", "voteByName", "Vote as a delegate", "In a poll by name. The last vote counts; sent again it changes nothing."), w.apiVote)
	api.Do(a, op(http.MethodPost, "/polls/{id}", "actOnPoll", "Remind everybody, close early, call off, or let one's group decide", ""),
		func(c *web.Call, in *apiPollAct) (err error) {
			switch in.Body.Do {
			case "remind":
				return w.Remind(c.Context(), c.Actor(), in.ID)
			case "close":
				return w.CloseEarly(c.Context(), c.Actor(), in.ID)
			case "call_off":
				return w.CallOff(c.Context(), c.Actor(), in.ID, plaintext.Line(in.Body.Reason))
			}
			_, err = w.Own(c.Context(), c.Actor(), in.ID, in.Body.Group)
			return err
		})
}

func (w *Web) apiPoll(c *web.Call, pid string) (apiPoll, error) {
	f, err := w.findPoll(c, pid)
	if err != nil {
		return apiPoll{}, err
	}
	return apiPollOf(c, &f), nil
}

func apiPollOf(c *web.Call, f *foundPoll) apiPoll {
	p, base := &f.Poll, c.BaseURL()
	out := apiPoll{
		ID: string(p.ID), URL: base + p.url(), Title: p.Title, Lang: p.Lang, Proposal: base + p.about(), Amendment: p.Amendment, State: string(p.State),
		Decides: p.Decides, Preset: p.Preset, Rules: apiRulesOf(&p.Rules), Options: p.ballot(), Named: p.Named, ByGroups: p.ByGroups, Early: p.Early, CodesFirst: p.CodesFirst, Gate: p.Gate, Weights: p.Weights,
		Eligible: p.Eligible, Text: p.Body, Salt: p.Salt, TextHash: p.Hash, Box: p.Box, BoxURL: base + "/b/" + p.Box, Opens: p.Opens, Closes: p.Closes,
		Zone: p.Zone, Cast: f.Numbers.Counted,
	}
	if f.Trustees != nil {
		out.Trustees = base + "/trustees/" + f.Trustees.ID
	}
	if p.State == CalledOff {
		out.Reason = p.Why
	}
	for _, x := range p.Undone {
		why, option, _ := strings.Cut(x, " ")
		out.Undone = append(out.Undone, apiUndone{"proposal." + why, option})
	}
	if r := p.Result; r != nil {
		out.Result = &apiPollCount{
			Adopted: r.Adopted, Winners: r.Winners, Order: r.Order, Papers: r.Papers, Weight: r.Weight, Sums: r.Sums, Reasons: r.Reasons,
			Rounds: []string{}, Ties: append([]string{}, tieLines(c.Locale, p)...), Counted: p.Counted,
		}
		if len(r.Rounds) > 0 {
			out.Result.Rounds = roundLines(c.Locale, p)
		}
	}
	return out
}

func apiRulesOf(r *tally.Rules) apiPollRules {
	out := apiPollRules{
		Method: r.Method, Options: r.Options, Winners: r.Winners, Max: r.Max, Quorum: r.Quorum, AgainstCounts: r.AgainstCounts, Support: r.Support,
		Blocks: r.Blocks, Lots: r.Lots,
	}
	if r.Share != nil {
		out.Share = &apiPollShare{r.Share.Num, r.Share.Den, r.Share.More}
	}
	return out
}

func (w *Web) apiBallots(c *web.Call, in *apiBallots) (api.Page[apiBallot], error) {
	f, err := w.findPoll(c, in.ID)
	if err != nil {
		return api.Page[apiBallot]{}, err
	}
	from, err := pageStart(in.After)
	if err != nil {
		return api.Page[apiBallot]{}, err
	}
	page, next, err := w.papers(c, &f.Poll, from)
	if err != nil {
		return api.Page[apiBallot]{}, err
	}
	out := make([]apiBallot, len(page))
	for i, x := range page {
		out[i] = apiBallot{
			Paper: hex.EncodeToString(x.paper), Words: paperWords(c.Locale, &f.Poll, x.paper), Weight: x.weight, Seat: x.seat.N, Name: x.seat.Name,
			Salt: hex.EncodeToString(x.seat.Salt), Reason: x.reason,
		}
	}
	after := ""
	if next > 0 {
		after = strconv.FormatInt(next, 10)
	}
	return api.PageOf(out, after), nil
}

func (w *Web) apiVote(c *web.Call, in *apiPollVote) error {
	f, err := w.findPoll(c, in.ID)
	if err != nil {
		return err
	}
	v := VoteInput{Seat: -1, Reason: plaintext.Text(in.Body.Reason), Withdraw: in.Body.Withdraw}
	if in.Body.Seat != nil {
		v.Seat = *in.Body.Seat
	} else if len(f.Mine) > 0 {
		v.Seat = f.Mine[0].N
	}
	if _, err := w.voteLook(c.Context(), c.Actor(), in.ID, &v); err != nil {
		return err
	}
	if !v.Withdraw {
		t := Typed{One: in.Body.One}
		for _, n := range in.Body.Each {
			t.Each = append(t.Each, strconv.Itoa(n))
		}
		if v.Paper, _, err = t.read(&f.Poll); err != nil {
			return err
		}
	}
	return w.Vote(c.Context(), c.Actor(), in.ID, v)
}
