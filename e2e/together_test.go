package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestTogether is what the coordinator of a coalition, its delegates and everybody else
// live through: three groups form a coalition, find one demand of nine by a ranked vote
// by name, during which a delegate is recalled, adopt a ladder, ask with a petition,
// hear nothing, walk out, and decide to stand down; and both programs count the record
// again.
func TestTogether(t *testing.T) {
	t.Parallel()
	run := func(name string, noScript bool, width int64, o ServerOptions) {
		t.Run(name, func(t *testing.T) {
			x := newTogether(t, noScript, width, o)
			x.meet()
			x.form()
			x.sendDelegates()
			x.demand()
			x.choose()
			x.recall()
			x.decided()
			x.petitions()
			x.writeLadder()
			x.whatIf()
			x.ask()
			x.walkOut()
			x.standDown()
			x.recounted()
		})
	}
	run("noscript", true, 320, ServerOptions{})
	run("script", false, 1280, ServerOptions{})
	run("postgres", true, 320, ServerOptions{Postgres: true})
}

// meet makes accounts and three groups.
func (x *together) meet() {
	x.robin = Browser(x.T, x.o)
	x.robin.Goto(x.setUp)
	x.robin.answerSetUp(x.T)
	x.follow(x.robin, "I have written them down")
	x.startsGroup(x.robin, "Canal Street Garden", "canal-street")
	x.kim = x.joins("kim")
	x.follow(x.kim, "I have written them down")
	x.startsGroup(x.kim, "Hill Gardeners", "hill")
	x.noor = x.joins("noor")
	x.follow(x.noor, "I have written them down")
	x.startsGroup(x.noor, "Harbour Kitchen", "harbour")

	x.follow(x.kim, "Invite")
	x.kim.Check("Member Sees drafts.", true)
	x.press(x.kim, "Make a link")
	link := x.kim.Text("#link")
	x.ana = x.joins("ana")
	x.ana.Goto(link)
	x.press(x.ana, "Join as ana")
	x.visitor = Browser(x.T, x.o)
	x.visitor.Goto("/")
}

func (x *together) startsGroup(p *Page, name, handle string) {
	x.Helper()
	x.follow(p, "Groups", "Start a group")
	p.Fill("Name", name)
	p.Fill("Handle", handle)
	p.Fill("Town (optional)", "Leipzig")
	x.press(p, "Start the group")
	p.HasRole("heading", name)
}

// form makes the coalition: one group starts it, one asks to come in, one is invited;
// both agree to the points of unity.
func (x *together) form() {
	p := x.robin
	x.follow(p, "Coalitions", "Start a coalition")
	p.Fill("Name of the coalition", "Valley Groups")
	p.Fill("Handle", "valley")
	p.Fill("Points of unity", "- We share the water.\n- We decide **together**.")
	x.press(p, "Start the coalition")
	p.HasText("1 group belongs to it.")

	x.follow(x.kim, "Groups", "Hill Gardeners", "Coalitions", "Valley Groups", "How this coalition works")
	x.kim.ClickRole("button", "Ask to come in")
	x.kim.hasStatus(x.T, 422)
	x.kim.HasText("agree to them for your group")
	x.kim.sound(x.T)
	x.kim.Check("My group agrees to the points of unity, version 1", true)
	x.press(x.kim, "Ask to come in")
	x.kim.HasText("The coalition has not answered yet.")

	p.Reload()
	x.press(p, "Let Hill Gardeners in")
	p.HasText("2 groups belong to it.")
	p.Fill("Handle of the group", "@harbour")
	x.press(p, "Invite")
	x.follow(x.noor, "Groups", "Harbour Kitchen", "Delegates", "Read what it agrees on")
	x.noor.HasText("Your group is invited.")
	x.noor.Check("My group agrees to the points of unity, version 1", true)
	x.press(x.noor, "Come in")
	x.follow(x.visitor, "Groups", "Valley Groups")
	x.says(x.visitor, "3 groups belong to it.")
	x.follow(x.visitor, "How this coalition works")
	x.visitor.HasText("We share the water.")
	x.shot(x.visitor, "coalition")
}

// sendDelegates: each of the two that came chooses a delegate, who accepts. The first
// group has one already.
func (x *together) sendDelegates() {
	x.appoint(x.kim, x.ana, "ana")
	x.appoint(x.noor, x.noor, "noor")
	x.follow(x.visitor, "Member groups and delegates")
	x.says(x.visitor, "3 delegates speak for them.")
	x.visitor.HasNoText("ana until")
	x.shot(x.visitor, "delegates")
}

// appoint chooses a delegate on the page of one's group where it belongs to the
// coalition, and has them accept.
func (x *together) appoint(p, who *Page, handle string) {
	x.Helper()
	group := "Hill Gardeners"
	if p == x.noor {
		group = "Harbour Kitchen"
	}
	x.follow(p, "Groups", group, "Delegates", "Choose a delegate")
	p.Fill("Handle of a member", handle)
	p.Fill("Last day", x.day(180))
	x.press(p, "Ask them")
	x.shot(p, "appointed")
	if who != p {
		x.follow(who, "Groups", group, "Delegates")
		x.press(who, "Accept this mandate")
		p.Reload()
	}
	p.HasText(handle + " until")
}

// demand starts a campaign of the coalition, puts nine demands forward, three a group,
// and merges two that say what others say.
func (x *together) demand() {
	p := x.robin
	x.follow(p, "Groups", "Valley Groups", "Start a campaign")
	p.Select("Your group", "Valley Groups")
	p.Fill("Title", "Clear water")
	p.Fill("Handle", "clear-water")
	x.press(p, "Start the campaign")
	x.follow(p, "Put a demand forward")
	x.putForward(p, "Canal Street Garden", "No waste in the river", "A well in each quarter", "Free tap water in schools")
	x.follow(x.kim, "Campaigns", "Clear water")
	x.says(x.kim, "3 demands are put forward")
	x.follow(x.kim, "3 demands are put forward")
	x.putForward(x.kim, "Hill Gardeners", "Keep waste out of the river", "Meters that we can read", "Repair the old pipes")
	x.follow(x.noor, "Campaigns", "Clear water")
	x.says(x.noor, "6 demands are put forward")
	x.follow(x.noor, "6 demands are put forward")
	x.putForward(x.noor, "Harbour Kitchen", "Open the books of the water board", "Wells for all quarters", "A council of water users")
	p.Reload()
	x.merge(p, 3, "Keep waste out of the river", "No waste in the river")
	x.merge(p, 6, "Wells for all quarters", "A well in each quarter")
	x.shot(p, "forward")
}

func (x *together) putForward(p *Page, group string, demands ...string) {
	x.Helper()
	for _, d := range demands {
		p.Select("As which group", group)
		p.Fill("What you demand", d)
		p.Fill("Of whom", "The water board")
		x.press(p, "Put it forward")
		p.HasText(d)
	}
}

// merge unfolds what stands below the n-th demand, and merges it into another.
func (x *together) merge(p *Page, n int, from, into string) {
	x.Helper()
	if err := p.click(p.at("It says the same as another one", n).Node); err != nil {
		x.Fatal(err)
	}
	p.Select("Merge it into", into)
	x.press(p, "Merge")
	p.HasText("Merged into it: " + from)
}

// choose drafts, discusses and opens a ranked vote by name on what is left.
func (x *together) choose() {
	p := x.robin
	x.follow(p, "Put them to the vote in Valley Groups")
	if got := p.Value("Options to choose from (optional)"); strings.Count(got, "\n") != 6 || strings.Contains(got, "Wells for all") {
		x.Errorf("to choose from are %q", got)
	}
	p.Fill("Title", "Our first demand")
	p.Fill("What exactly is proposed", "Which of these comes **first**?")
	x.press(p, "Save the draft")
	x.press(p, "Put it up for discussion")
	x.press(p, "Let everybody read it")
	x.opens(p)
	p.HasText("3 seats, by name")
	x.shot(p, "poll")
	x.follow(x.visitor, "Groups", "Valley Groups")
	x.says(x.visitor, "Our first demand")
	x.follow(x.visitor, "Our first demand", "Vote")
}

// opens opens the vote on a proposal, by name as is chosen beforehand, for three days.
func (x *together) opens(p *Page) {
	x.Helper()
	x.follow(p, "Open a vote")
	p.Fill("Last day to vote", x.day(3))
	x.shot(p, "open")
	x.press(p, "Open it for good")
	p.HasText("Nobody can change this, add a voter, or open it again.")
}

// votes goes from the groups to the poll, ranks or answers, looks, and confirms.
func (x *together) votes(p *Page, about string, answer func()) {
	x.Helper()
	x.follow(p, "Groups", "Valley Groups", about, "Vote", "Vote for your group")
	answer()
	x.shot(p, "vote")
	x.press(p, "Look at it before it counts")
	x.shot(p, "vote-review")
	x.press(p, "Yes, this is the vote")
}

// ranks ranks two demands.
func (x *together) ranks(p *Page, first, second string) {
	x.Helper()
	x.votes(p, "Our first demand", func() {
		p.Select(first, "1")
		p.Select(second, "2")
	})
}

const (
	pipes = "Repair the old pipes"
	books = "Open the books of the water board"
)

// recall: all three vote; the hill recalls its delegate, whose vote goes, and whom it
// chooses instead turns the outcome.
func (x *together) recall() {
	x.ranks(x.robin, pipes, books)
	x.ranks(x.ana, books, pipes)
	x.ranks(x.noor, books, pipes)
	x.says(x.visitor, "Votes until now 3")
	x.follow(x.kim, "Groups", "Hill Gardeners", "Delegates")
	x.press(x.kim, "Recall ana")
	x.kim.HasText("Nobody speaks for this group there.")
	x.says(x.visitor, "Votes until now 2")
	x.ana.Reload()
	x.ana.HasNoText("Vote for your group")
	x.appoint(x.kim, x.kim, "kim")
	x.ranks(x.kim, pipes, books)
	x.says(x.visitor, "Votes until now 3")
}

// decided: the vote closes when its time has come, everybody reads how it came out, and
// the campaign has a demand with the vote as its source.
func (x *together) decided() {
	x.clock.jump(4 * 24 * time.Hour)
	v := x.visitor
	x.says(v, "Adopted: "+pipes+".", "3 votes were cast")
	v.HasText("In pairs")
	x.shot(v, "result")
	x.follow(v, "All votes")
	for _, s := range []string{"Canal Street Garden", "Hill Gardeners", "Harbour Kitchen", "1. " + pipes + ", 2. " + books} {
		v.HasText(s)
	}
	x.shot(v, "ballots")
	x.follow(v, "Campaigns", "Clear water")
	x.says(v, pipes, "decided by a vote")
	x.shot(v, "campaign")
	x.follow(v, "decided by a vote")
	v.HasText("Adopted: " + pipes + ".")
}

// petitions: the coalition writes the petition of its campaign and opens it, and calls
// an event.
func (x *together) petitions() {
	p := x.robin
	x.follow(p, "Groups", "Valley Groups", "New petition")
	p.Fill("What you ask for, in one line", "Repair the old pipes this year")
	p.Fill("Whom you ask", "The water board")
	p.Fill("Text", "Every third litre is lost on the way.")
	p.Check("Anybody, without proof: one person could sign more than once", true)
	p.Fill("Stages and goal", "2, 100")
	p.Fill("Handle of a campaign that your group owns (optional)", "clear-water")
	x.press(p, "Save")
	x.follow(p, "Open for signing")
	x.press(p, "Open for signing")
	p.HasText("0 signatures")
	x.petition = p.place()
	x.follow(p, "Clear water", "Host an event", "New event of Valley Groups")
	p.Fill("Title", "Walk along the pipes")
	p.Fill("Town or postcode", "Leipzig")
	p.Fill("Day", x.day(40))
	p.Fill("Starts (optional)", "11:00")
	x.press(p, "Publish")
	p.HasRole("heading", "Walk along the pipes") // it is there before anybody goes on
}

// writeLadder writes three steps: the petition; a walkout if nobody answers it; a
// strike if enough people come.
func (x *together) writeLadder() {
	p := x.robin
	x.follow(p, "Campaigns", "Clear water", "Write how the campaign steps up or stands down", "Write the ladder")
	x.step(p, "Sign the petition", "petition", "Petition", "")
	p.ClickRole("DisclosureTriangle", "What people do then, and where")
	p.Fill("Address on this server (optional)", x.petition)
	p.ClickRole("DisclosureTriangle", "It is met when something has happened")
	p.openAt("A petition is signed, unanswered or refused", -1)
	p.Select("What has to happen", "People have signed it")
	p.Fill("Address of the petition", x.petition)
	p.Fill("How many people, if it is to be signed", "2")
	x.press(p, "Save")
	x.step(p, "Walk out", "walkout", "Walkout", "Sign the petition")
	p.ClickRole("DisclosureTriangle", "A petition is signed, unanswered or refused")
	p.Select("What has to happen", "It got no reply in time")
	p.Fill("Address of the petition", x.petition)
	x.press(p, "Save")
	x.step(p, "Strike for a day", "strike", "Strike", "Walk out")
	p.ClickRole("DisclosureTriangle", "People came")
	p.Select("What has to happen", "To all events of the campaign")
	p.Fill("How many people", "1000")
	x.press(p, "Save")
	x.shot(p, "ladder-edit")
}

// step begins a step, which comes after the last one unless one says otherwise.
func (x *together) step(p *Page, title, key, kind, after string) {
	x.Helper()
	x.follow(p, "Add a step")
	p.Fill("Title", title)
	p.Fill("Short name", key)
	p.Select("What it is", kind)
	if after != "" {
		p.HasRole("DisclosureTriangle", "Comes after: "+after)
	}
	x.shot(p, "step")
}

// whatIf tries the ladder before it is published.
func (x *together) whatIf() {
	p := x.robin
	x.follow(p, "What if?")
	p.fillAt("By this day (optional)", 0, x.day(2))
	x.press(p, "Show")
	p.HasText("So it would go")
	p.HasText("Walk out Waiting Strike for a day Waiting")
	p.Fill("Nobody replies by this day (optional)", x.day(9))
	x.press(p, "Show")
	p.HasText("Walk out Open Strike for a day Waiting")
	x.shot(p, "what-if")
	x.follow(p, "Back", "Publish")
	x.press(p, "Publish")
	p.HasText("Where it stands")
	v := x.visitor
	x.follow(v, "Campaigns", "Clear water")
	x.says(v, "Walk out")
	x.follow(v, "What opens the next step, and how far away it is")
	v.HasText("0 of 2; 2 more")
	v.HasText("Next: Walk out 1. Sign the petition") // and not the strike, which comes after it
	x.shot(v, "ladder")
}

// ask: somebody wants to hear of it, two sign, and the petition is handed over, with a
// day until which a reply is awaited.
func (x *together) ask() {
	v := x.visitor
	x.follow(v, "Tell me when a step opens")
	v.Fill("E-mail address", "mira@example.org")
	x.press(v, "Send me the link")
	v.Goto(x.mailed("mira", regexp.MustCompile(`https?://\S+/ladder/news/\S+`)))
	v.sound(x.T)
	x.press(v, "Yes, tell me")
	for range 2 {
		q := Browser(x.T, x.o)
		q.Goto("/")
		x.follow(q, "Petitions", "Repair the old pipes this year", "Sign")
		q.takesPart(x.T, "Sign")
	}
	x.follow(v, "Campaigns", "Clear water", "What opens the next step, and how far away it is")
	x.says(v, "Sign the petition Met")
	p := x.robin
	x.follow(p, "Petitions", "Repair the old pipes this year", "It was handed over")
	p.Fill("Day", x.day(0))
	p.Fill("How it was handed over", "At the board’s door, by thirty of us.")
	p.Fill("A reply is awaited until (optional)", x.day(5))
	x.press(p, "Publish")
	p.HasText("A reply is awaited until")
	x.shot(p, "handed-over")
}

// walkOut: before the day nothing moves; after it the walkout is open, and who asked
// to be told is told.
func (x *together) walkOut() {
	v := x.visitor
	x.clock.jump(4 * 24 * time.Hour)
	v.Reload()
	x.says(v, "Sign the petition Met Walk out Waiting Strike for a day Waiting")
	x.clock.jump(3 * 24 * time.Hour)
	x.says(v, "Sign the petition Met Walk out Open Strike for a day Waiting")
	x.shot(v, "ladder-open")
	x.mailed("mira", regexp.MustCompile("Open now: Walk out"))
	x.follow(v, "Petitions", "Waiting for a reply", "Repair the old pipes this year")
	x.says(v, "and none came.")
	x.shot(v, "petition-silent")
}

// standDown: the coalition decides that it is enough, and every page says so.
func (x *together) standDown() {
	p := x.robin
	x.follow(p, "Groups", "Valley Groups", "Propose something")
	if got := p.Value("Title") + p.Value("Options to choose from (optional)"); got != "" {
		x.Errorf("the form begins with %q, which was sent long ago", got)
	}
	p.Select("Group or coalition", "Valley Groups")
	p.Fill("Title", "We stop here")
	p.Fill("What exactly is proposed", "The board has promised the pipes. The campaign stands down.")
	p.Check("A campaign stands down", true)
	p.Fill("Handle of the campaign (optional)", "clear-water")
	x.press(p, "Save the draft")
	x.press(p, "Put it up for discussion")
	x.press(p, "Let everybody read it")
	x.opens(p)
	for _, q := range []*Page{x.robin, x.kim, x.noor} {
		x.votes(q, "We stop here", func() { q.Check("Yes", true) })
	}
	x.clock.jump(4 * 24 * time.Hour)
	v := x.visitor
	x.follow(v, "Groups", "Valley Groups")
	x.says(v, "We stop here")
	x.follow(v, "We stop here", "Vote")
	x.says(v, "Adopted.")
	const down = "This campaign has stood down on"
	x.follow(v, "Campaigns", "Clear water")
	x.says(v, down)
	x.shot(v, "campaign-down")
	x.follow(v, "Walk along the pipes")
	x.says(v, down)
	x.follow(v, "Clear water") // what says so leads to the ladder
	x.says(v, down, "Sign the petition Met Walk out Halted Strike for a day Halted")
	x.shot(v, "ladder-down")
	x.follow(v, "Petitions", "Waiting for a reply", "Repair the old pipes this year")
	x.says(v, down)
}
