package polls

import (
	"strconv"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/web"
)

// optionView is one option of the ballot with what can be chosen for it.
type optionView struct {
	Field, Name string
	Choices     []web.Choice
	On          bool
}

type voteData struct {
	Form       *web.Form
	Poll       Poll
	URL, About string
	Until, ISO string
	Rules      []string
	Seats      []web.Choice // where somebody speaks for several groups
	Seat       string
	One        []web.Choice
	Options    []optionView
	Approve    bool
	Reason     bool
	Voted      bool
	Review     []string // what would be put in, in order
	Remarks    []string
	Kept       []web.Typed
}

var votePage = web.NewPage[voteData](pages, "pages/vote.html")

// mine is the poll of the address, for a delegate who votes in it by hand.
func (w *Web) mine(c *web.Call, f *web.Form) (x foundPoll, seat ownSeat, says []byte, err error) {
	if err := c.RequireActor(); err != nil {
		return x, seat, nil, err
	}
	if x, err = w.findPoll(c, c.Param("id")); err != nil {
		return x, seat, nil, err
	}
	n := -1
	if len(x.Mine) > 0 {
		n = x.Mine[0].N
	}
	if typed, ok := f.Int("seat"); ok {
		n = typed
	}
	b, err := x.Poll.box()
	if err != nil {
		return x, seat, nil, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		if seat, err = w.mySeat(c.Context(), tx, c.Actor(), &x.Poll, n); err == nil {
			says, err = w.Boxes.SeatSays(c.Context(), tx, b, uint32(seat.N))
		}
		return err
	})
	return x, seat, says, err
}

func (w *Web) votePage(c *web.Call, f *web.Form, x *foundPoll, seat ownSeat, d voteData) error {
	l, p := c.Locale, &x.Poll
	d.Form, d.Poll, d.URL, d.About, d.Until, d.ISO, d.Rules = f, *p, p.url(), p.about(), p.until(l), p.moment(), ruleLines(l, p)
	d.Seat, d.Voted = strconv.Itoa(seat.N), seat.Voted
	if len(x.Mine) > 1 {
		for _, s := range x.Mine {
			d.Seats = append(d.Seats, web.Choice{Value: strconv.Itoa(s.N), Label: s.Name, On: s.N == seat.N})
		}
	}
	switch p.Rules.Method {
	case tally.YesNo, tally.Consent:
		for i, name := range sums(l, p) {
			d.One = append(d.One, web.Choice{Value: strconv.Itoa(i), Label: name})
		}
		d.Reason = p.Rules.Method == tally.Consent
	case tally.Check:
		for i, name := range sums(l, p) {
			d.One = append(d.One, web.Choice{Value: strconv.Itoa(i + 1), Label: name})
		}
	default:
		d.Approve = p.Rules.Method == tally.Approval
		d.Options = optionsOf(l, f, p)
	}
	d.One = f.Choose("one", d.One)
	c.Header().Set("Cache-Control", "no-store")
	return votePage.RenderForm(c, f, d)
}

func optionsOf(l *i18n.Locale, f *web.Form, p *Poll) (out []optionView) {
	first, most := "", p.Rules.Options
	if p.Rules.Method == tally.Score {
		most = p.Rules.Max
	}
	for o, name := range p.ballot() {
		v := optionView{Field: "o" + strconv.Itoa(o), Name: name}
		v.On = f.Has(v.Field, "1")
		if p.Rules.Method == tally.Score {
			v.Choices = append(v.Choices, web.Choice{Value: "0", Label: l.Plain(0)})
		} else {
			v.Choices = append(v.Choices, web.Choice{Value: first, Label: l.T("No rank")})
		}
		for n := 1; n <= most; n++ {
			v.Choices = append(v.Choices, web.Choice{Value: strconv.Itoa(n), Label: l.Plain(n)})
		}
		v.Choices = f.Choose(v.Field, v.Choices)
		out = append(out, v)
	}
	return out
}

func (w *Web) voteForm(c *web.Call) error {
	f := c.NewForm().Set("seat", c.Query().Get("seat"))
	x, seat, says, err := w.mine(c, f)
	if err != nil {
		return err
	}
	if leaf.BodyKind(says) == leaf.SayBallot {
		fillBallot(f, &x.Poll, says[1:])
	}
	return w.votePage(c, f, &x, seat, voteData{})
}

// fillBallot is the form of a vote as it is.
func fillBallot(f *web.Form, p *Poll, paper []byte) {
	t := p.typed(paper)
	f.Set("one", t.One)
	for o, s := range t.Each {
		f.Set("o"+strconv.Itoa(o), s)
	}
}

func readTyped(f *web.Form, p *Poll) Typed {
	t := Typed{One: f.Line("one")}
	for o := range p.Rules.Options {
		t.Each = append(t.Each, f.Line("o"+strconv.Itoa(o)))
	}
	return t
}

// vote shows what would be put in, in order, and puts it in when that is confirmed.
func (w *Web) vote(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	x, seat, _, err := w.mine(c, f)
	if err != nil {
		return err
	}
	p := &x.Poll
	if f.Line("do") == "withdraw" {
		if err := w.Vote(c.Context(), c.Actor(), string(p.ID), VoteInput{Seat: seat.N, Withdraw: true}); err != nil {
			return err
		}
		return c.SeeOther(p.url())
	}
	typed := readTyped(f, p)
	paper, remarks, err := typed.read(p)
	in := VoteInput{Seat: seat.N, Paper: paper, Reason: f.Text("reason")}
	if err == nil {
		err = reasonable(p, &in)
	}
	if err == nil && f.Line("do") == "confirm" {
		if err = w.Vote(c.Context(), c.Actor(), string(p.ID), in); err == nil {
			return c.SeeOther(p.url())
		}
	}
	if f.Accepts(err) {
		return w.votePage(c, f, &x, seat, voteData{})
	}
	if err != nil || f.Line("do") == "change" {
		if err != nil {
			return err
		}
		return w.votePage(c, f, &x, seat, voteData{})
	}
	d := voteData{Review: reviewOf(c.Locale, p, paper), Kept: f.Rest("do")}
	for _, r := range remarks {
		d.Remarks = append(d.Remarks, c.Locale.T(r.Msg, r.Args...))
	}
	return w.votePage(c, f, &x, seat, d)
}

// reasonable says before the review what [Service.Vote] would refuse.
func reasonable(p *Poll, in *VoteInput) error {
	if p.Rules.Method != tally.Consent || in.Paper[0] != tally.Block {
		return nil
	}
	var bad parser
	if in.Reason == "" {
		bad.fail("reason", "poll.no_reason", "Say why you block: without a reason a block does not count.")
	}
	bad.long("reason", in.Reason, box.MaxReason)
	return fault.Invalid(bad.fields...)
}

// reviewOf is a paper in lines: ranks in their order, and what has none.
func reviewOf(l *i18n.Locale, p *Poll, paper []byte) (out []string) {
	if p.Rules.Method != tally.Schulze && p.Rules.Method != tally.STV {
		if p.Rules.Method == tally.Consent {
			return []string{sums(l, p)[paper[0]]}
		}
		return []string{paperWords(l, p, paper)}
	}
	for rank := 1; rank <= len(paper); rank++ {
		for o, at := range paper {
			if int(at) == rank {
				out = append(out, l.Plain(rank)+". "+p.option(o))
			}
		}
	}
	for o, at := range paper {
		if at == 0 {
			out = append(out, l.T("No rank: {name}", "name", p.option(o)))
		}
	}
	return out
}
