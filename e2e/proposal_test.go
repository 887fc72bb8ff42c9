package e2e

import (
	"testing"
	"time"

	"convoke/internal/record/recounttest"
)

// TestProposal is the way of a proposal: drafted, discussed, changed word by word,
// opened with rules that a mistake does not lose, closed as was said beforehand, and
// read by everybody.
func TestProposal(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, noScript bool, o ServerOptions) {
		s := Server(t, o)
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
		p.Goto(s.SetupLink(t))
		p.answerSetUp(t)
		startGroup(t, p)
		p.Goto("/groups/canal-street")
		p.ClickRole("link", "Propose something")
		p.sound(t)
		p.Fill("Title", "Which tree we plant")
		p.Fill("Options to choose from (optional)", "Oak\nLime\nPear")
		p.refuses(t, "Save the draft", "What exactly is proposed")
		p.Fill("What exactly is proposed", "We plant **one tree** in autumn, where the old one stood.")
		p.ClickRole("button", "Save the draft")
		p.hasStatus(t, 200)
		p.HasText("A draft: only members of the group see this page.")
		p.sound(t)
		proposal := p.place()
		if got := fetch(t, p.absolute(proposal)).status; got != 404 {
			t.Errorf("others see a draft: %d", got)
		}
		p.ClickRole("button", "Put it up for discussion")
		p.ClickRole("button", "Let everybody read it")
		p.Fill("What you think", "A pear would feed us.")
		p.ClickRole("button", "Say it")
		p.HasText("A pear would feed us.")
		p.sound(t)
		p.Screenshot("proposal-320")
		p.ClickRole("link", "Propose a change")
		p.sound(t)
		p.Fill("The text as it should be", "We plant **two trees** in autumn, where the old one stood.")
		p.Fill("Why this is better", "There is room for two.")
		p.ClickRole("button", "Propose the change")
		p.HasRole("heading", "Which words change")
		p.sound(t)
		p.Screenshot("amendment-320")
		p.ClickRole("button", "Take it into the text")
		p.HasText("Accepted into the text")
		p.Goto(proposal)
		p.HasText("two trees")
		p.openVote(t)
		p.wide(t, s, proposal, noScript)
		recounttest.Target(t, s.URL)
	})
}

// openVote opens a vote with ranks, and closes it again.
func (p *Page) openVote(t *testing.T) {
	t.Helper()
	p.ClickRole("link", "Open a vote")
	p.sound(t)
	p.Screenshot("open-320")
	p.gathersTrustees(t)
	p.Fill("Last day to vote", time.Now().AddDate(0, 0, 3).Format(time.DateOnly))
	p.Fill("First day to vote (optional)", time.Now().AddDate(0, 0, 2).Format(time.DateOnly))
	p.Fill("Quorum: how many must take part (optional)", "most")
	p.refuses(t, "Open it for good", "Quorum: how many must take part (optional)")
	p.Fill("Quorum: how many must take part (optional)", "50%")
	p.Check("Organizers may close it before its time: Only if you say so now, and it stands on the page.", true)
	p.ClickRole("button", "Open it for good")
	p.hasStatus(t, 200)
	p.HasText("Quorum: 1 of 1 votes must take part, which is 100 %.")
	p.HasText("Organizers may close it before its time.")
	p.sound(t)
	p.Screenshot("poll-320")
	poll := p.place()
	p.HasText("Codes until, votes from")
	p.ClickRole("link", "Get my code")
	p.HasText("Voting begins on")
	p.sound(t)
	p.Goto(poll)
	p.ClickRole("link", "The box")
	p.HasText("There are 0 votes in the box.")
	p.sound(t)
	p.Goto(poll)
	p.callsOff(t)

	p.ClickRole("link", "Open a vote")
	p.Fill("Last day to vote", time.Now().AddDate(0, 0, 3).Format(time.DateOnly))
	p.Check("Organizers may close it before its time: Only if you say so now, and it stands on the page.", true)
	p.ClickRole("button", "Open it for good")
	p.hasStatus(t, 200)
	poll = p.place()
	p.ClickRole("button", "Close it now")
	p.comesBack(t, poll, "Not adopted.")
	p.sound(t)
	p.Screenshot("result-320")
	p.ClickRole("link", "All votes")
	p.sound(t)
}

// callsOff calls a vote off that has not begun, and goes back to its proposal.
func (p *Page) callsOff(t *testing.T) {
	t.Helper()
	p.HasText("Before voting begins they can only call it off, and must say why.")
	p.refuses(t, "Call the vote off", "Why")
	p.sound(t)
	p.Screenshot("call-off-320")
	p.Fill("Why", "There is no tree to be had before autumn.")
	p.ClickRole("button", "Call the vote off")
	p.hasStatus(t, 200)
	p.HasText("so nothing is decided")
	p.HasText("There is no tree to be had before autumn.")
	p.HasNoText("adopted")
	p.sound(t)
	p.Screenshot("called-off-320")
	p.ClickRole("link", "Which tree we plant")
	p.HasText("Called off")
	p.HasNoText("adopted")
}

// gathersTrustees begins a key that trustees make, and comes back to open a vote without.
func (p *Page) gathersTrustees(t *testing.T) {
	t.Helper()
	open := p.place()
	p.ClickRole("link", "With trustees, whoever runs it cannot look either")
	p.Fill("How many of them it takes to open the votes", "4")
	p.refuses(t, "Let them make a key", "How many of them it takes to open the votes")
	p.sound(t)
	p.Screenshot("trustees-begin-320")
	p.Fill("How many of them it takes to open the votes", "2")
	p.ClickRole("button", "Let them make a key")
	p.HasText("Waits for trustees to take their seats")
	p.sound(t)
	p.Screenshot("trustees-320")
	p.Fill("What your program printed", "nonsense")
	p.ClickRole("button", "Send it")
	p.hasStatus(t, 422)
	p.refused(t, "What your program printed")
	p.Goto(open)
}

// wide looks at the same pages in a large window, as a visitor.
func (p *Page) wide(t *testing.T, s *Instance, proposal string, noScript bool) {
	t.Helper()
	q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 1280, Height: 900})
	q.Goto(proposal)
	q.HasText("A pear would feed us.")
	q.HasText("Not adopted")
	q.sound(t)
	q.Screenshot("proposal-wide")
	q.ClickRole("link", "Vote")
	q.sound(t)
	q.Screenshot("result-wide")
	q.Goto("/proposals")
	q.HasText("Which tree we plant")
	q.sound(t)
	q.Screenshot("proposals-wide")
}
