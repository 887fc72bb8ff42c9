package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestPetition is the way of a petition: an organizer writes and opens it, visitors
// sign, one of them says why and is read first, it is handed over, waits in public,
// and is answered.
func TestPetition(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, noScript bool, o ServerOptions) {
		s := Server(t, o)
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
		p.Goto(s.SetupLink(t))
		p.answerSetUp(t)
		startGroup(t, p)
		petition := p.writePetition(t)

		// Two people sign, each in the way that their browser can.
		var codes []string
		var q *Page
		for range 2 {
			q = Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
			q.Goto(petition)
			q.sound(t)
			q.ClickRole("link", "Sign")
			codes = append(codes, q.takesPart(t, "Sign"))
		}
		q.Fill("Name that everybody can read (optional)", "Neighbour of the library")
		q.Fill("Comment (optional)", "I read there on Sundays. Write to me@example.org")
		q.ClickRole("button", "Send")
		q.hasStatus(t, 422)
		q.refused(t, "Comment (optional)")
		q.Fill("Comment (optional)", "I read there on Sundays.")
		q.ClickRole("button", "Send")
		q.HasText("The group looks at it before others can read it.")
		q.sound(t)
		mine := q.Path()
		q.comesBack(t, petition, "2 signatures")
		q.HasNoText("I read there on Sundays.")
		q.HasText("100")

		p.Goto(petition)
		p.ClickRole("link", "Names and comments")
		p.sound(t)
		p.HasText("Neighbour of the library")
		p.ClickRole("button", "Show")
		p.HasText("There are none just now.")
		q.comesBack(t, petition, "I read there on Sundays.")
		q.Goto(mine)
		q.HasText("Everybody can read it on the page of the petition.")

		// One takes the signature back.
		q.Goto(petition)
		q.ClickRole("link", "Look at or take back your signature")
		q.Fill("Your code", codes[0])
		q.Check("Take it back", true)
		q.ClickRole("button", "Go on")
		q.HasText("It was taken back, and does not count.")
		q.comesBack(t, petition, "1 signature")
		q.sound(t)

		p.answerPetition(t, q, petition)

		// What came of it can be counted again by anybody.
		q.ClickRole("link", "Download it, and count it in your browser")
		q.HasRole("heading", "Count it again")
		q.sound(t)
		if noScript {
			q.HasText("Counting in this page needs script")
			return
		}
		body := fetch(t, s.URL+q.Attr("a[download]", "href")).body
		q.recount(t, written(t, body))
		q.shows(t, "[data-right]")
		q.HasText("Counted (closed)")
		q.HasText("Count now 1")
		q.HasText("Taken back 1")
		q.sound(t)
	})
}

// writePetition makes a draft, after one that lacks something, and opens it.
func (p *Page) writePetition(t *testing.T) string {
	t.Helper()
	p.Goto("/groups/canal-street")
	p.ClickRole("link", "New petition")
	p.sound(t)
	p.Fill("What you ask for, in one line", "Keep the library open on Sundays")
	p.Fill("Whom you ask", "The town council")
	p.Fill("Text", "Ten to six, also in winter.")
	p.Check("Anybody, without proof: one person could sign more than once", true)
	p.Fill("Stages and goal", "")
	p.refuses(t, "Save", "Stages and goal")
	if got := p.Value("Text"); got != "Ten to six, also in winter." {
		t.Errorf("what was typed is lost: %q", got)
	}
	p.Fill("Stages and goal", "2, 100")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.HasText("A draft: only members of the group see it.")
	p.sound(t)
	petition := p.place()
	if got := fetch(t, p.absolute(petition)).status; got != 404 {
		t.Errorf("others see a draft: %d", got)
	}
	p.ClickRole("link", "Open for signing")
	p.sound(t)
	p.ClickRole("button", "Open for signing")
	p.hasStatus(t, 200)
	p.HasText("0 signatures")
	return petition
}

// answerPetition hands a petition over and publishes the reply; q sees it move on the
// list of those who wait.
func (p *Page) answerPetition(t *testing.T, q *Page, petition string) {
	t.Helper()
	const title = "Keep the library open on Sundays"
	q.Goto("/petitions?state=waiting")
	q.HasNoText(title)
	p.Goto(petition)
	p.ClickRole("link", "It was handed over")
	p.sound(t)
	p.refuses(t, "Publish", "How it was handed over")
	p.Fill("How it was handed over", "At the town hall, by twenty of us.")
	p.ClickRole("button", "Publish")
	p.HasText("Handed over on")
	p.sound(t)
	q.comesBack(t, "/petitions?state=waiting", title)
	q.sound(t)
	q.comesBack(t, petition, "Waiting for a reply")
	if q.Count("a.button[href$='/take']") != 0 {
		t.Error("it can be signed still")
	}

	p.Goto(petition)
	p.ClickRole("link", "A reply came")
	p.Fill("The reply", "The library opens on Sundays from May.")
	p.ClickRole("button", "Publish")
	p.HasText("There is a reply.")
	p.sound(t)
	q.comesBack(t, petition, "The library opens on Sundays from May.")
	q.sound(t)
	q.Goto("/petitions?state=waiting")
	q.HasNoText(title)
	q.Goto("/petitions?state=answered")
	q.ClickRole("link", title)
	q.HasText("There is a reply.")
}

// takesPart goes on from the page with the ways, and gives the code.
func (p *Page) takesPart(t *testing.T, verb string) string {
	t.Helper()
	button, shown := verb, "#done-code"
	if p.o.NoScript {
		button, shown = verb+": let this server do it", "#code"
	}
	p.HasRole("button", button)
	p.sound(t)
	p.ClickRole("button", button)
	p.HasText("Thank you. It is in the record.")
	p.Axe(t)
	code := p.Text(shown)
	if !walletCode.MatchString(code) {
		t.Fatalf("the code is %q", code)
	}
	return code
}

// TestPledge is the way of a pledge in which each says how many it takes: nothing
// stands until enough people wait for no more than there are, and then it happens,
// and those who pledged say that they did it.
func TestPledge(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, noScript bool, o ServerOptions) {
		s := Server(t, o)
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
		p.Goto(s.SetupLink(t))
		p.answerSetUp(t)
		startGroup(t, p)
		p.Goto("/groups/canal-street")
		p.ClickRole("link", "Start a pledge")
		p.sound(t)
		p.Fill("Title", "Sunday at the library")
		p.Select("What people will do", "Bring something")
		p.Fill("What exactly", "A book to read aloud, on the first Sunday.")
		p.Check("Each who pledges says how many it takes for them", true)
		p.Fill("Last day to pledge", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
		p.Check("Everybody Nobody is asked anything, so somebody could pledge twice.", true)
		p.refuses(t, "Save the draft", "People")
		p.Fill("People", "3")
		p.ClickRole("button", "Save the draft")
		p.hasStatus(t, 200)
		p.HasText("A draft: only organizers")
		p.sound(t)
		pledge := p.place()
		p.ClickRole("link", "Open it")
		p.sound(t)
		p.ClickRole("button", "Open it for good")
		p.hasStatus(t, 200)
		p.HasText("0 of 3")

		var codes []string
		q := p
		for i, n := range []string{"2", "3", "3"} {
			q = Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
			q.Goto(pledge)
			if i == 2 {
				q.HasText("1 more who wait for at most 3 people")
				q.HasNoText("It happens")
			}
			q.sound(t)
			q.ClickRole("link", "Pledge")
			q.Fill("If so many people do it, with you", n)
			codes = append(codes, q.takesPart(t, "Pledge"))
		}
		q.comesBack(t, pledge, "It happens")
		q.HasText("3 stand now.")
		q.sound(t)
		q.Goto("/pledges")
		q.HasText("Sunday at the library")

		for range 2 { // once more changes nothing
			q.Goto(pledge)
			q.ClickRole("link", "Look at your pledge, change it or take it back")
			q.Fill("Your code", codes[0])
			q.Check("I did it", true)
			q.ClickRole("button", "Go on")
			q.HasText("You have said that you did it.")
		}
		q.comesBack(t, pledge, "Say that they did it 1")
		q.sound(t)

		// Reached is for good, also when somebody takes it back.
		q.ClickRole("link", "Look at your pledge, change it or take it back")
		q.Fill("Your code", strings.ToUpper(codes[1]))
		q.Check("Take it back", true)
		q.ClickRole("button", "Go on")
		q.HasText("It was taken back, and does not count.")
		q.comesBack(t, pledge, "Taken back 1")
		q.HasText("It happens")
		q.ClickRole("link", "Counted in the public record")
		q.HasRole("heading", "Count it again")
		q.sound(t)
	})
}
