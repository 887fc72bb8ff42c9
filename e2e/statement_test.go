package e2e

import (
	"testing"
)

// TestStatement: an organizer publishes a text, adds a language, corrects a
// word, and takes it back; a visitor sees each step.
func TestStatement(t *testing.T) {
	t.Parallel()
	inBothWays(t, func(t *testing.T, noScript bool) {
		s := Server(t, ServerOptions{})
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
		q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 1280, Height: 900})
		p.Goto(s.SetupLink(t))
		p.answerSetUp(t)
		startGroup(t, p)
		path := writeStatement(t, p)
		q.Goto("/statements")
		q.sound(t)
		q.ClickRole("link", "Open the bridge")
		q.HasText("We say so.")
		q.sound(t)
		addSpanish(t, p, path)
		q.Goto(path)
		q.ClickRole("link", "Español")
		q.HasRole("heading", "Abrid el puente")
		q.sound(t)
		correct(t, p, path)
		q.Goto(path)
		q.HasText("The first word was wrong.")
		q.sound(t)
		p.ClickRole("link", "Edit")
		p.ClickRole("link", "Withdraw this statement")
		p.sound(t)
		p.Fill("Why", "We were told wrong.")
		p.ClickRole("button", "Withdraw")
		p.hasStatus(t, 200)
		q.Goto(path)
		q.HasText("This statement was withdrawn.")
		q.HasText("We were told wrong.")
		q.HasNoText("We all say so.")
		q.sound(t)
	})
}

// writeStatement publishes one, with a mistake first, and gives its path.
func writeStatement(t *testing.T, p *Page) string {
	t.Helper()
	p.ClickRole("link", "New statement")
	p.hasStatus(t, 200)
	p.sound(t)
	form := p.Path()
	p.Fill("Title", "Open the bridge")
	if !p.o.NoScript { // what was typed is kept when the page is left by mistake
		p.Fill("Keywords (optional)", "bridge, traffic")
		p.Goto("/statements")
		p.Goto(form)
		p.HasText("We kept what you typed.")
		if got := p.Value("Keywords (optional)"); got != "bridge, traffic" {
			t.Errorf("the keywords are %q", got)
		}
	}
	p.refuses(t, "Save", "Text")
	p.sound(t)
	p.Fill("Text", "We say **so**.")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.HasRole("heading", "Open the bridge")
	p.sound(t)
	return p.place()
}

func addSpanish(t *testing.T, p *Page, path string) {
	t.Helper()
	p.ClickRole("link", "Add a language")
	p.sound(t)
	p.Select("Language of this version", "Español")
	p.Fill("Title", "Abrid el puente")
	p.Fill("Text", "Lo decimos.")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.HasRole("heading", "Abrid el puente")
	p.sound(t)
	p.Goto(path)
}

// correct changes the text: first without a word about it, which is refused.
func correct(t *testing.T, p *Page, path string) {
	t.Helper()
	p.ClickRole("link", "Edit")
	p.sound(t)
	p.Fill("Text", "We all say so.")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 422)
	p.refused(t, "Correction")
	p.sound(t)
	p.Fill("Correction", "The first word was wrong.")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	if p.place() != path {
		t.Errorf("saving leads to %s", p.Path())
	}
	p.HasText("The first word was wrong.")
}
