package polls

import (
	"errors"
	"html/template"
	"strconv"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/markdown"
	"convoke/internal/record/box"
	"convoke/internal/record/tally"
	"convoke/internal/web"
)

// foundPoll is what the pages of one poll know.
type foundPoll struct {
	Poll     Poll
	Proposal Proposal
	Group    Group
	In       inside
	Mine     []ownSeat
	Own      []Group // groups with a seat for which the reader may speak
	Seats    int
	Numbers  box.Numbers
	Trustees *TrusteeRun // of a poll that is kept shut
}

func (w *Web) findPoll(c *web.Call, pid string) (foundPoll, error) {
	var f foundPoll
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		ctx := c.Context()
		f = foundPoll{}
		if f.Poll, f.Proposal, f.Group, f.In, err = w.loadPoll(ctx, tx, c.Actor(), "id", pid); err != nil {
			return err
		}
		p := &f.Poll
		b, err := p.box()
		if err != nil {
			return err
		}
		if f.Numbers, err = w.Boxes.Numbers(ctx, tx, b); err != nil {
			return err
		}
		if !p.Named {
			r, ok, err := w.Trustees.Of(ctx, tx, b)
			if ok {
				f.Trustees = &r
			}
			return err
		}
		if f.Seats, err = seatCount(ctx, tx, p.ID); err != nil || c.Actor().Visitor() {
			return err
		}
		if f.Mine, err = w.seatsFor(ctx, tx, c.Actor(), p); err != nil {
			return err
		}
		all, err := w.Groups.Mine(ctx, tx, c.Actor().Person, true)
		if err != nil {
			return err
		}
		for _, g := range all {
			seats, err := seatsOfGroup(ctx, tx, p.ID, g.ID)
			if err != nil {
				return err
			}
			if len(seats) > 0 {
				f.Own = append(f.Own, g)
			}
		}
		return nil
	})
	return f, err
}

// sumView is one number of a result.
type sumView struct {
	Name   string
	N      int64
	Of     int64
	Winner bool
}

type pollData struct {
	Form                                 *web.Form
	Poll                                 Poll
	Proposal                             Proposal
	Group                                Group
	URL, About, State, Until, ISO, Opens string
	Rules                                []string
	Result, Rounds, Pairs, Ties, Undone  []string
	Sums                                 []sumView
	Winners                              string
	Adopted, Check, Ranks                bool
	Amendment                            string // address
	Take, Vote, Box, Ballots             string
	Cast                                 int64
	Seats                                int
	Mine                                 []ownSeat
	Bound                                bool
	Own                                  []Group
	Run, Remind, Early, CallOff          bool
	Counted                              string
	Trustees                             *TrusteeRun
	Keepers                              string
	Spoiled                              int           // locked votes that take part in nothing
	Text                                 template.HTML // that is voted on
	Begins                               string        // when votes are taken, as long as they are not
}

var pollPage = web.NewPage[pollData](pages, "pages/poll.html", "pages/parts.html")

// poll is the page of a poll, and the poll as .json.
func (w *Web) poll(c *web.Call) error {
	pid, format, err := split(c)
	if err != nil {
		return err
	}
	tags, err := w.pollTags(c, pid)
	if err != nil {
		return err
	}
	return c.Cached(tags, pageTTL, func() error {
		f, err := w.findPoll(c, pid)
		if err != nil {
			return err
		}
		switch p := &f.Poll; {
		case p.prepares(c.Now()):
			c.ShownUntil(p.Opens)
		case p.takes(c.Now()):
			c.ShownUntil(p.Closes)
		}
		if format == "json" {
			return writeJSON(c, apiPollOf(c, &f))
		}
		return w.pollPage(c, c.NewForm(), &f)
	})
}

func (w *Web) pollPage(c *web.Call, f *web.Form, p *foundPoll) error {
	d := pollDataOf(c, p)
	d.Form = f
	return pollPage.RenderForm(c, f, d)
}

// pollTags are those of a poll's public pages: the proposal's and the box's.
func (w *Web) pollTags(c *web.Call, pid string) ([]string, error) {
	var p Poll
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		p, err = pollBy(c.Context(), tx, "id", pid)
		return err
	})
	if isNone(err) {
		return []string{"proposals"}, nil
	}
	return append(tagOf(string(p.Proposal)), "box:"+p.Box, "box:"+p.Box+"~"), err
}

func pollDataOf(c *web.Call, f *foundPoll) pollData {
	l, p := c.Locale, &f.Poll
	d := pollData{
		Poll: *p, Proposal: f.Proposal, Group: f.Group, URL: p.url(), About: p.about(), State: pollStateName(l, p),
		Until: p.until(l), ISO: p.moment(), Opens: p.begins(l), Rules: ruleLines(l, p),
		Box: "/b/" + p.Box, Ballots: p.url() + "/ballots", Cast: f.Numbers.Counted, Seats: f.Seats, Mine: f.Mine, Own: f.Own,
		Check: p.Rules.Method == tally.Check,
	}
	d.Text, _ = markdown.Render(p.frozen().Body) // it was rendered before it was frozen
	if f.Trustees != nil {
		d.Trustees, d.Keepers = f.Trustees, keepers(l, f.Trustees)
		if p.State == Closed {
			d.State = l.T("Closed, waits for trustees")
		}
		if p.Result != nil {
			d.Spoiled = int(f.Numbers.Counted - p.Result.Papers)
		}
	}
	if p.Amendment != "" && f.Proposal.talks() {
		d.Amendment = p.about() + "/amendments/" + p.Amendment
	}
	open := p.takes(c.Now())
	if open && !p.Named {
		d.Take = "/b/" + p.Box + "/take"
	}
	switch {
	case p.prepares(c.Now()):
		d.Begins = d.Opens
	case p.CodesFirst && open:
		d.Take = "/b/" + p.Box + "/mine"
	}
	for _, s := range f.Mine {
		if open && s.Mandate != bound {
			d.Vote = p.url() + "/vote"
		}
		d.Bound = d.Bound || s.Mandate == bound
	}
	if !open {
		d.Own = nil
	}
	d.Run = authz.May(c.Actor(), authz.RunPoll, f.In.subject())
	d.Remind = d.Run && open && p.Gate != box.GateCodes && p.Reminded != day.Of(c.Now())
	d.Early = d.Run && open && p.Early
	if p.prepares(c.Now()) {
		d.Early, d.CallOff = false, d.Early
	}
	if p.Result == nil {
		return d
	}
	r := p.Result
	d.Adopted, d.Counted = r.Adopted, l.DateShort(p.Local(p.Counted))
	d.Result, d.Rounds, d.Pairs, d.Ties = resultLines(l, p), roundLines(l, p), pairLines(l, p), tieLines(l, p)
	d.Undone = undoneLines(l, p)
	if len(r.Rounds) == 0 {
		d.Rounds = nil
	}
	if several(r.Method) {
		d.Winners = names(p, r.Winners)
	}
	d.Ranks = r.Method == tally.Schulze || r.Method == tally.STV
	d.Sums = sumsOf(c, p)
	return d
}

func sumsOf(c *web.Call, p *Poll) (out []sumView) {
	r, all := p.Result, sums(c.Locale, p)
	won := map[int]bool{}
	for _, o := range r.Winners {
		won[o] = several(r.Method)
	}
	for i, n := range r.Sums {
		if i < len(all) {
			out = append(out, sumView{Name: all[i], N: n, Of: max(r.Weight, n, 1), Winner: won[i]})
		}
	}
	return out
}

// pollAct does what one of the page's buttons says.
func (w *Web) pollAct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	ctx, by, pid := c.Context(), c.Actor(), c.Param("id")
	switch f.Line("do") {
	case "remind":
		err = w.Remind(ctx, by, pid)
	case "close":
		err = w.CloseEarly(ctx, by, pid)
	case "call_off":
		err = w.CallOff(ctx, by, pid, f.Line("reason"))
	case "own":
		own, err := w.Own(ctx, by, pid, f.Line("group"))
		if err != nil {
			return err
		}
		return c.SeeOther("/proposals/" + string(own))
	default:
		err = fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	}
	if fault.Is(err, fault.KindInvalid) && f.Accepts(err) {
		p, err := w.findPoll(c, pid)
		if err != nil {
			return err
		}
		return w.pollPage(c, f, &p)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/polls/" + pid)
}

// paperView is one ballot in words.
type paperView struct {
	Words, Name, Reason string
	Own                 string // address of the group's own poll, if that is where the reason is
	Weight              int64
}

type ballotsData struct {
	Poll       Poll
	URL, About string
	Until, ISO string
	Cast       int
	Open       bool
	Papers     []paperView
	Next, Box  string
	First      bool
	Shut       bool // nobody has opened them
	Weights    []string
}

var ballotsPage = web.NewPage[ballotsData](pages, "pages/ballots.html")

// ballotsPageSize is how many statements of the box one page looks at.
const ballotsPageSize = 100

// ballots is the public box in words: nothing of a poll that is open.
func (w *Web) ballots(c *web.Call) error {
	pid := c.Param("id")
	from, err := pageStart(c.Query().Get("from"))
	if err != nil {
		return err
	}
	tags, err := w.pollTags(c, pid)
	if err != nil {
		return err
	}
	return c.Cached(tags, pageTTL, func() error {
		f, err := w.findPoll(c, pid)
		if err != nil {
			return err
		}
		p := &f.Poll
		d := ballotsData{
			Poll: *p, URL: p.url(), About: p.about(), Until: p.until(c.Locale), ISO: p.moment(), Cast: int(f.Numbers.Counted),
			Open: p.State == Open, Box: "/b/" + p.Box,
			Shut: f.Trustees != nil && p.Result == nil && p.State != CalledOff, Weights: weightLine(c.Locale, p),
		}
		d.First = from == 0
		page, next, err := w.papers(c, p, from)
		if err != nil {
			return err
		}
		for _, x := range page {
			v := paperView{Words: paperWords(c.Locale, p, x.paper), Name: x.seat.Name, Reason: x.reason, Weight: x.weight}
			if i := strings.LastIndex(v.Reason, "/polls/"); x.seat.Carried && i >= 0 { // see [Service.blocked]
				v.Reason, v.Own = v.Reason[:i], v.Reason[i:]
			}
			d.Papers = append(d.Papers, v)
		}
		if next > 0 {
			d.Next = d.URL + "/ballots?from=" + strconv.FormatInt(next, 10)
		}
		return ballotsPage.Render(c, d)
	}, "from")
}

// ballot is one that counts.
type ballot struct {
	paper  []byte
	weight int64
	seat   PollSeat
	reason string
}

// pageStart reads where a page of the box begins. Nothing else is an address, so that
// nobody has the same page made again and again.
func pageStart(typed string) (int64, error) {
	from, err := strconv.ParseInt(typed, 10, 64)
	switch {
	case typed == "":
		return 0, nil
	case err != nil || from <= 0 || from%ballotsPageSize != 0 || strconv.FormatInt(from, 10) != typed:
		return 0, web.ErrNotFound()
	}
	return from, nil
}

// papers reads one page of ballots from the box.
func (w *Web) papers(c *web.Call, p *Poll, from int64) (out []ballot, next int64, err error) {
	b, err := p.box()
	if err != nil {
		return nil, -1, err
	}
	page, next, err := w.Boxes.Papers(c.Context(), b, from, ballotsPageSize)
	if errors.Is(err, box.ErrNoPage) {
		err = web.ErrNotFound()
	}
	if err != nil {
		return nil, next, err
	}
	seats := map[int]PollSeat{}
	if p.Named {
		err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
			seats, err = seatsAt(c.Context(), tx, p.ID, page)
			return err
		})
	}
	for _, x := range page {
		v := ballot{paper: x.Paper, weight: x.Weight, seat: seats[int(x.Seat)]}
		if x.Reason != nil {
			v.reason = x.Reason.Text
		}
		out = append(out, v)
	}
	return out, next, err
}
