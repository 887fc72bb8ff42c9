package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// organizer is somebody who can sign in.
type organizer struct{ handle, words string }

// setUp takes the one-time link of a new node and gives its first operator.
func setUp(t *testing.T, s *Instance) organizer {
	t.Helper()
	p := Browser(t, PageOptions{Base: s.URL})
	p.Goto(s.SetupLink(t))
	return p.answerSetUp(t)
}

func (p *Page) answerSetUp(t *testing.T) organizer {
	t.Helper()
	p.HasRole("heading", "Set up this server")
	p.Fill("Name of this place", "Leipzig together")
	p.Fill("Your handle", "robin")
	p.ClickRole("button", "Set up")
	p.hasStatus(t, 200)
	return p.writeDown(t)
}

// writeDown reads the page that shows the seven words.
func (p *Page) writeDown(t *testing.T) organizer {
	t.Helper()
	p.HasRole("heading", "Write these seven words down")
	o := organizer{p.Text("dl.kv dd b"), p.Text("#words")}
	if n := len(strings.Fields(o.words)); n != 7 {
		t.Fatalf("the passphrase has %d words: %q", n, o.words)
	}
	return o
}

// signIn signs the visitor in and leaves them on the page next.
func (p *Page) signIn(t *testing.T, o organizer, next string) {
	t.Helper()
	p.Goto("/sign-in?next=" + url.QueryEscape(next))
	p.Fill("Handle", o.handle)
	p.Fill("Passphrase", o.words)
	p.ClickRole("button", "Sign in")
	p.hasStatus(t, 200)
	if p.Path() != next {
		t.Fatalf("signing in leads to %s, want %s; it says:\n%s", p.Path(), next, p.body())
	}
}

// TestOrganizer is journey 3 as far as groups and events go, on an empty node:
// from the first link to a published event that others can join.
func TestOrganizer(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name               string
		noScript, postgres bool
	}{{"noscript", true, false}, {"script", false, false}, {"postgres", true, true}} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := Server(t, ServerOptions{Postgres: way.postgres})
			p := Browser(t, PageOptions{Base: s.URL, NoScript: way.noScript, Width: 390, Height: 844})
			robin := fromNothing(t, p, s)
			startGroup(t, p)
			event := publish(t, p)
			needsAsNumbers(t, p, event)
			posters(t, p, event)
			moveEvent(t, p, event)
			inviteMember(t, p, s)
			sessions(t, p, s, robin)
			shortWay(t, p)
			p.NoThirdParty(t)
			p.NoErrors(t)
		})
	}
}

// fromNothing sets the node up, signs out, and signs in with the seven words.
func fromNothing(t *testing.T, p *Page, s *Instance) organizer {
	t.Helper()
	link := s.SetupLink(t)
	p.Goto(link)
	p.sound(t)
	p.Fill("Name of this place", "Leipzig together")
	p.Fill("Your handle", "a b")
	p.ClickRole("button", "Set up")
	p.hasStatus(t, 422)
	p.refused(t, "Your handle")
	if p.Value("Name of this place") != "Leipzig together" {
		t.Error("the name was not kept")
	}
	p.sound(t)
	robin := p.answerSetUp(t)
	p.sound(t)
	p.ClickRole("link", "I have written them down")
	p.HasRole("button", "Sign out")
	p.sound(t)

	q := Browser(t, PageOptions{Base: s.URL, NoScript: p.o.NoScript})
	q.Goto(link)
	q.hasStatus(t, 410)
	q.HasRole("heading", "This link does not work any more")
	q.sound(t)

	p.ClickRole("button", "Sign out")
	p.HasText("You are signed out.")
	p.sound(t)
	p.Fill("Handle", robin.handle)
	p.Fill("Passphrase", "one two three four five six seven")
	p.ClickRole("button", "Sign in")
	p.hasStatus(t, 422)
	if p.Value("Handle") != robin.handle {
		t.Error("the handle was not kept")
	}
	p.sound(t)
	p.Fill("Passphrase", strings.ToUpper(robin.words))
	p.ClickRole("button", "Sign in")
	p.HasRole("heading", robin.handle)
	p.sound(t)
	return robin
}

// refused fails the test unless the form came back with a summary that has the
// keyboard, and a message beside the field.
func (p *Page) refused(t *testing.T, label string) {
	t.Helper()
	if !until(func() bool { _, ok := p.query(".error-summary:focus"); return ok }) {
		t.Errorf("the summary of errors on %s does not have the keyboard", p.URL())
	}
	c, _, attrs := p.field(label, "INPUT", "TEXTAREA", "SELECT")
	if attribute(attrs, "aria-invalid") != "true" {
		t.Errorf("%v on %s is not marked as wrong", c, p.URL())
	}
	name := attribute(attrs, "id")
	if text := p.Text("#" + name + "-error"); len(text) < 10 {
		t.Errorf("beside %v stands %q", c, text)
	}
	p.has(t, 1, `.error-summary a[href="#`+name+`"]`)
	if !strings.HasPrefix(p.Title(), "Error: ") {
		t.Errorf("the title is %q", p.Title())
	}
}

func startGroup(t *testing.T, p *Page) {
	t.Helper()
	p.Goto("/groups")
	p.sound(t)
	p.ClickRole("link", "Start a group")
	p.sound(t)
	p.Fill("Name", "")
	p.Fill("Handle", "canal-street")
	p.refuses(t, "Start the group", "Name")
	if p.Value("Handle") != "canal-street" {
		t.Error("the handle was not kept")
	}
	p.sound(t)
	p.Fill("Name", "Canal Street Garden")
	p.Fill("Town (optional)", "Leipzig")
	p.Fill("About the group (optional)", "We dig, plant and share.")
	p.ClickRole("button", "Start the group")
	p.hasStatus(t, 200)
	p.HasRole("heading", "Canal Street Garden")
	p.HasText("We dig, plant and share.")
	p.sound(t)
}

// submitAsIs presses a button of a form that the browser itself would refuse to
// send, as an old browser does that does not know "required".
func (p *Page) submitAsIs(t *testing.T, button string) {
	t.Helper()
	for _, c := range p.Controls("textbox", "combobox", "spinbutton") {
		_, attrs := p.element(c.Node)
		for pair := 0; pair+1 < len(attrs); pair += 2 {
			if attrs[pair] == "required" {
				if err := p.removeAttribute(c.Node, "required"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	p.ClickRole("button", button)
}

// refuses sends a form with something wrong in one field, as it is.
func (p *Page) refuses(t *testing.T, button, label string) {
	t.Helper()
	p.submitAsIs(t, button)
	p.hasStatus(t, 422)
	p.refused(t, label)
}

// publish makes the first event, with mistakes first, and gives its path.
func publish(t *testing.T, p *Page) string {
	t.Helper()
	p.ClickRole("link", "New event")
	p.hasStatus(t, 200)
	p.sound(t)
	form := p.Path()
	day := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	p.Fill("Title", "Planting day")
	p.Fill("What it is about (optional)", "Bring **gloves**.")
	if !p.o.NoScript {
		draftSurvives(t, p, form)
	}
	p.Fill("Title", "")
	p.Fill("Day", day)
	p.Fill("Starts (optional)", "14:00")
	p.Fill("Ends (optional)", "16:00")
	p.Fill("How many people fit (optional)", "many")
	p.ClickRole("button", "Publish")
	p.hasStatus(t, 422)
	p.refused(t, "Title")
	p.refused(t, "How many people fit (optional)")
	for label, want := range map[string]string{
		"What it is about (optional)": "Bring **gloves**.", "Day": day, "Starts (optional)": "14:00", "How many people fit (optional)": "many",
	} {
		if got := p.Value(label); got != want && !dateShown(label, got) {
			t.Errorf("%s holds %q, want %q", label, got, want)
		}
	}
	p.sound(t)
	p.Fill("Title", "Planting day")
	p.Fill("How many people fit (optional)", "30")
	p.Fill("Place (optional)", "Garden gate")
	p.ClickRole("button", "Publish")
	p.hasStatus(t, 200)
	p.HasRole("heading", "Planting day")
	for _, want := range []string{"2:00 PM–4:00 PM", "Berlin time (CE", "Garden gate", "Canal Street Garden", "30 places are left."} {
		p.HasText(want)
	}
	p.sound(t)
	event := p.place()
	if !p.o.NoScript {
		p.Goto(form)
		if v := p.Value("Title"); v != "" {
			t.Errorf("the draft of a published event is still there: %q", v)
		}
	}
	q := Browser(t, PageOptions{Base: p.o.Base, NoScript: p.o.NoScript})
	q.Goto("/")
	q.ClickRole("link", "Planting day")
	if q.Path() != event {
		t.Errorf("the first page leads to %s", q.Path())
	}
	q.HasRole("link", "I’m coming")
	return event
}

// dateShown: the value of a date field for assistive technology is in the
// browser's own words.
func dateShown(label, got string) bool {
	return (label == "Day" || label == "Starts (optional)") && got != "" && !strings.Contains(got, "dd") && !strings.Contains(got, "--")
}

// draftSurvives closes the tab on a half-filled form and opens it again.
func draftSurvives(t *testing.T, p *Page, form string) {
	t.Helper()
	p.reopen(t)
	p.Goto(form)
	p.HasText("We kept what you typed.")
	if got := p.Value("Title"); got != "Planting day" {
		t.Errorf("the draft's title is %q", got)
	}
	p.sound(t)
}

// needsAsNumbers: somebody comes who needs something, and the organizer sees how
// many do, which nobody else sees.
func needsAsNumbers(t *testing.T, p *Page, event string) {
	t.Helper()
	q := Browser(t, PageOptions{Base: p.o.Base, NoScript: p.o.NoScript})
	q.Goto(event + "/attend")
	q.Fill("How many are you?", "2")
	q.Check("A step-free way", true)
	q.ClickRole("button", "Keep my place")
	q.HasText("Your place is kept.")
	q.comesBack(t, event, "2 are coming.")
	q.HasNoText("What people need")
	p.comesBack(t, event, "What people need")
	if got := p.Text(".attend dl.kv"); got != "A step-free way 2" && got != "A step-free way 1" {
		t.Errorf("the organizer reads %q", got)
	}
	p.sound(t)
}

// posters follows the link to what can be printed, and fetches all of it.
func posters(t *testing.T, p *Page, event string) {
	t.Helper()
	p.Goto(event)
	p.ClickRole("link", "Posters and share text")
	p.hasStatus(t, 200)
	p.sound(t)
	n := 0
	for _, c := range p.Controls("link") {
		_, attrs := p.element(c.Node)
		href, _, _ := strings.Cut(attribute(attrs, "href"), "#")
		if !strings.HasPrefix(href, event+"/") {
			continue
		}
		n++
		if f := fetch(t, p.absolute(href)); f.status != 200 {
			t.Errorf("%s answers %d", href, f.status)
		}
	}
	if n == 0 {
		t.Error("there is nothing to print")
	}
}

// shortWay counts the pages from "start a group" to a published event.
func shortWay(t *testing.T, p *Page) {
	t.Helper()
	var pages []string
	shown := func() {
		t.Helper()
		p.hasStatus(t, 200)
		pages = append(pages, p.place())
	}
	p.Goto("/groups/new")
	shown()
	p.Fill("Name", "Short Way Kitchen")
	p.Fill("Handle", "short-way")
	p.Fill("Town (optional)", "Leipzig")
	p.ClickRole("button", "Start the group")
	shown()
	p.ClickRole("link", "New event")
	shown()
	p.Fill("Title", "First soup")
	p.Fill("Day", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	p.Fill("Starts (optional)", "12:00")
	p.ClickRole("button", "Publish")
	shown()
	p.HasRole("heading", "First soup")
	if len(pages) > 4 {
		t.Errorf("from a group to an event one sees %q", pages)
	}
}

// moveEvent changes the time; the page tells old and new.
func moveEvent(t *testing.T, p *Page, event string) {
	t.Helper()
	p.Goto(event)
	p.ClickRole("link", "Edit")
	p.hasStatus(t, 200)
	p.sound(t)
	p.Fill("Starts (optional)", "15:00")
	p.Fill("Ends (optional)", "17:00")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	if p.place() != event {
		t.Errorf("saving leads to %s", p.Path())
	}
	for _, want := range []string{"This event was moved.", "Old time: ", "2:00 PM", "3:00 PM–5:00 PM"} {
		p.HasText(want)
	}
	p.sound(t)
	q := Browser(t, PageOptions{Base: p.o.Base, NoScript: true})
	q.comesBack(t, event, "This event was moved.")
}

// inviteMember gives a link to somebody in another browser, once.
func inviteMember(t *testing.T, p *Page, s *Instance) {
	t.Helper()
	p.Goto("/groups/canal-street/invitations")
	p.sound(t)
	p.Check("Organizer Publishes events.", true)
	p.ClickRole("button", "Make a link")
	p.hasStatus(t, 200)
	link := p.Text("#link")
	p.sound(t)
	p.Goto("/groups/canal-street")
	p.ClickRole("link", "Invite")
	p.HasRole("button", "Make a link")
	p.has(t, 0, "#link") // it was shown once

	q := Browser(t, PageOptions{Base: s.URL, NoScript: p.o.NoScript})
	q.Goto(link)
	q.HasRole("heading", "You are invited to Canal Street Garden")
	q.sound(t)
	q.Fill("Choose a handle", "sasha")
	q.ClickRole("button", "Join")
	q.hasStatus(t, 200)
	if o := q.writeDown(t); o.handle != "sasha" {
		t.Errorf("the handle is %q", o.handle)
	}
	q.sound(t)
	q.Goto("/groups/canal-street")
	q.HasText("Your role here: Organizer")
	q.HasRole("link", "New event")

	r := Browser(t, PageOptions{Base: s.URL, NoScript: p.o.NoScript})
	r.Goto(link)
	r.hasStatus(t, 410)
	r.HasRole("heading", "This link does not work any more")
}

// sessions ends the session of another browser.
func sessions(t *testing.T, p *Page, s *Instance, robin organizer) {
	t.Helper()
	q := Browser(t, PageOptions{Base: s.URL, NoScript: p.o.NoScript})
	q.signIn(t, robin, "/groups/mine")
	q.HasRole("button", "Sign out")
	q.sound(t)
	p.Goto("/me")
	p.has(t, 2, "tbody tr")
	p.sound(t)
	p.ClickRole("button", "End")
	p.has(t, 1, "tbody tr")
	q.Goto("/groups/mine")
	q.HasRole("heading", "Sign in")
	q.sound(t)
}

// reopen closes the visitor's tab and opens another in the same browser.
func (p *Page) reopen(t *testing.T) {
	t.Helper()
	parent, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	old := *p
	same := chromedp.FromContext(old.ctx).BrowserContextID
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithExistingBrowserContext(same))
	t.Cleanup(cancel)
	p.ctx, p.net = ctx, newRecorder()
	if err := p.prepare(); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	if _, err := ask(&old, page.Close, cdp.Empty{}); err != nil {
		t.Fatalf("close a tab: %v", err)
	}
}

// removeAttribute takes an attribute away from an element.
func (p *Page) removeAttribute(id cdp.BackendNodeID, name string) error {
	if _, err := ask(p, dom.GetDocument, dom.GetDocumentParams{}); err != nil {
		return err
	}
	ids, err := ask(p, dom.PushNodesByBackendIDsToFrontend,
		dom.PushNodesByBackendIDsToFrontendParams{BackendNodeIDs: []cdp.BackendNodeID{id}})
	if err != nil {
		return err
	}
	_, err = ask(p, dom.RemoveAttribute, dom.RemoveAttributeParams{NodeID: ids.NodeIDs[0], Name: name})
	return err
}
