package polls

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/clock"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/tally"
)

// chair is a seat of the coalition as the model knows it.
type chair struct {
	weight  int64
	frozen  bool // it has a seat in the poll
	vote    int  // -1 is none
	mandate bool // somebody has it now
}

// model is a proposal of a coalition and the polls about it, as plainly as possible.
type model struct {
	x       *fixture
	a       *alliance
	pid     ID
	state   State
	version int
	adopted bool
	chairs  []chair
	poll    PollID
	quorum  int64
	amend   string // the id of an amendment on the text as it is
	about   string // what the open poll is about: "proposal", "amendment" or "check"
	closes  time.Time
}

// tags make handles that no other run has.
var tags = id.NewSource(clock.System{}, nil)

func newModel(x *fixture) *model {
	m := &model{x: x, state: Draft, version: 1, a: x.coalition("-"+tags.New()[10:], 3, 2, 1)}
	for _, s := range x.seats[m.a.id] {
		m.chairs = append(m.chairs, chair{weight: int64(s.Weight), vote: -1, mandate: true})
	}
	pid, err := x.Create(m.ctx(), m.a.chair, x.groups[m.a.id].Handle, x.IDs.Secret(), benches())
	x.must(err)
	m.pid = pid
	return m
}

func (m *model) ctx() context.Context { return context.WithoutCancel(m.x.t.Context()) }

// want compares an answer with what the model expects.
func want(t *rapid.T, err error, ok bool, what string) {
	t.Helper()
	if err != nil && fault.Of(err) == nil {
		t.Fatalf("%s: %v", what, err)
	}
	if (err == nil) != ok {
		t.Fatalf("%s: %v, and it should %v", what, err, ok)
	}
}

func (m *model) isOpen() bool { return m.poll != "" && m.x.Clock.Now().Before(m.closes) }

func (m *model) edit(t *rapid.T) {
	in := benches()
	in.Body = rapid.StringMatching(`We build [a-z]{3,9} benches\.`).Draw(t, "body")
	err := m.x.Edit(m.ctx(), m.a.chair, string(m.pid), m.x.proposal(m.pid).Sequence, in)
	ok := m.state == Draft || m.state == Discussed
	want(t, err, ok, "edit")
	if ok && m.state == Discussed {
		m.version++
		m.amend = ""
	}
}

func (m *model) discuss(t *rapid.T) {
	want(t, m.x.Move(m.ctx(), m.a.chair, string(m.pid), doDiscuss), true, "discuss")
	if m.state == Draft {
		m.state = Discussed
	}
}

func (m *model) propose(t *rapid.T) {
	body := rapid.StringMatching(`We paint [a-z]{3,9} benches\.`).Draw(t, "amended")
	aid, err := m.x.Amend(m.ctx(), m.a.chair, string(m.pid), m.x.IDs.Secret(), AmendInput{Body: body, Why: "Because."})
	if f := fault.Of(err); f != nil && len(f.Fields) > 0 && f.Fields[0].Code == "proposal.same" {
		return
	}
	want(t, err, m.state == Discussed, "amend")
	if err == nil {
		m.amend = aid
	}
}

func (m *model) accept(t *rapid.T) {
	if m.amend == "" {
		return
	}
	err := m.x.Answer(m.ctx(), m.a.chair, string(m.pid), m.amend, doAccept)
	want(t, err, m.state == Discussed, "accept")
	if err == nil {
		m.version++
		m.amend = ""
	}
}

// opens opens a poll about the proposal, an amendment, or how it feels.
func (m *model) opens(t *rapid.T) {
	about := rapid.SampledFrom([]string{"proposal", "amendment", "check"}).Draw(t, "about")
	in := m.x.tomorrow(m.pid, byMajority)
	quorum := rapid.IntRange(0, 4).Draw(t, "quorum")
	in.Quorum = fmt.Sprint(quorum)
	switch about {
	case "amendment":
		if m.amend == "" {
			return
		}
		in.Amendment = m.amend
	case "check":
		in.Preset = byFeeling
	}
	n := 0
	for _, c := range m.chairs {
		if c.mandate {
			n += int(c.weight)
		}
	}
	poll, err := m.x.Opens(m.ctx(), m.a.chair, string(m.pid), m.x.IDs.Secret(), in)
	want(t, err, m.state == Discussed && n > 0 && (quorum <= n || about == "check"), "open "+about)
	if err != nil {
		return
	}
	m.quorum = int64(quorum)
	m.poll, m.about, m.state, m.closes = poll, about, Frozen, m.x.poll(poll).Closes
	for i := range m.chairs {
		m.chairs[i].frozen, m.chairs[i].vote = m.chairs[i].mandate, -1
	}
}

// seatOf is the seat of a chair in the open poll.
func (m *model) seatOf(n int) (seat int) {
	for i := range n {
		if m.chairs[i].frozen {
			seat++
		}
	}
	return seat
}

func (m *model) vote(t *rapid.T) {
	n := rapid.IntRange(0, len(m.chairs)-1).Draw(t, "who")
	if m.poll == "" {
		return
	}
	paper := rapid.IntRange(0, 2).Draw(t, "paper")
	if m.about == "check" {
		paper++
	}
	c := &m.chairs[n]
	err := m.x.votes(m.a.delegates[n], m.poll, m.seatOf(n), byte(paper))
	ok := m.isOpen() && c.frozen && c.mandate
	want(t, err, ok, "vote")
	if ok {
		c.vote = paper
	}
}

func (m *model) withdraw(t *rapid.T) {
	n := rapid.IntRange(0, len(m.chairs)-1).Draw(t, "who")
	if m.poll == "" {
		return
	}
	c := &m.chairs[n]
	err := m.x.Vote(m.ctx(), m.a.delegates[n], string(m.poll), VoteInput{Seat: m.seatOf(n), Withdraw: true})
	ok := m.isOpen() && c.frozen && c.mandate
	want(t, err, ok, "withdraw")
	if ok {
		c.vote = -1
	}
}

// recall ends a mandate, or gives it to somebody else.
func (m *model) recall(t *rapid.T) {
	n := rapid.IntRange(0, len(m.chairs)-1).Draw(t, "who")
	x, c := m.x, &m.chairs[n]
	if !c.mandate {
		d := x.person("next-" + tags.New()[10:])
		m.a.delegates[n] = d
		at := 0 // seats keep their order
		for i := range n {
			if m.chairs[i].mandate {
				at++
			}
		}
		x.seats[m.a.id] = slices.Insert(slices.Clone(x.seats[m.a.id]), at, Seat{
			ID: x.IDs.New(), Group: m.a.groups[n], GroupName: "g", Person: d.Person, Weight: uint32(c.weight), Mandate: "free",
		})
		c.mandate = true
		return
	}
	at := slices.IndexFunc(x.seats[m.a.id], func(s Seat) bool { return s.Group == m.a.groups[n] })
	x.recalled(m.a, at)
	c.mandate = false
	if m.isOpen() {
		c.vote = -1
	}
}

// over closes the open poll, counts it twice, and compares.
func (m *model) over(t *rapid.T) {
	if m.poll == "" {
		return
	}
	p := m.x.over(m.poll)
	if err := m.x.Count(m.ctx(), m.poll); err != nil {
		t.Fatalf("count again: %v", err)
	}
	var sums [3]int64
	papers, weight := int64(0), int64(0)
	for _, c := range m.chairs {
		if !c.frozen || c.vote < 0 {
			continue
		}
		papers, weight = papers+1, weight+c.weight
		if m.about != "check" {
			sums[c.vote] += c.weight
		}
	}
	adopted := m.about != "check" && sums[tally.Yes] > sums[tally.No] && weight-sums[tally.No] >= m.quorum
	if p.State != Counted || p.Result.Papers != papers || p.Result.Weight != weight || p.Result.Adopted != adopted {
		t.Fatalf("counted %+v, and it is %d papers of %d, adopted %v", p.Result, papers, weight, adopted)
	}
	m.state = Discussed
	switch m.about {
	case "proposal":
		m.state, m.adopted = Decided, adopted
		if told := m.told(); len(told) != 1 || told[0].Adopted != adopted {
			t.Fatalf("told %v", told)
		}
	case "amendment":
		if adopted {
			m.version++
		}
		m.amend = ""
	}
	m.poll = ""
}

// told are the facts about the poll.
func (m *model) told() (out []fact.PollDecided) {
	for _, f := range m.x.facts {
		if d, ok := f.(fact.PollDecided); ok && d.Poll == string(m.poll) {
			out = append(out, d)
		}
	}
	return out
}

// check compares the proposal with the model after each step.
func (m *model) check(t *rapid.T) {
	p := m.x.proposal(m.pid)
	if p.State != m.state || p.Version != m.version || p.Adopted != m.adopted {
		t.Fatalf("it is %s, text %d, adopted %v; it should be %s, %d, %v", p.State, p.Version, p.Adopted, m.state, m.version, m.adopted)
	}
}

// TestPollsModel drafts, changes, opens, votes, recalls and counts in any order.
func TestPollsModel(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, x *fixture) {
		rapid.Check(t, func(t *rapid.T) {
			m := newModel(x)
			t.Repeat(map[string]func(*rapid.T){
				"edit": m.edit, "discuss": m.discuss, "amend": m.propose, "accept": m.accept, "open": m.opens, "vote": m.vote, "withdraw": m.withdraw,
				"vote again": m.vote, "recall": m.recall, "over": m.over, "": m.check,
			})
		})
	})
}
