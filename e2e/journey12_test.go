package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ukrainian is the beginning of a translation: two texts, of more than a thousand.
const ukrainian = `msgid ""
msgstr ""
"Language: uk\n"
"Plural-Forms: nplurals=3; plural=n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2;\n"

msgid "Groups"
msgstr "Групи"

msgid "Events"
msgstr "Події"
`

// TestTranslator is journey 12: a language that is hardly begun says so, somebody
// translates a text with all its plural forms from the page that says it, an
// operator accepts, and the running server says it to everybody.
func TestTranslator(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, noScript bool, o ServerOptions) {
		data := filepath.Join(t.TempDir(), "node")
		if err := os.MkdirAll(filepath.Join(data, "locales"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, "locales", "uk.po"), []byte(ukrainian), 0o600); err != nil {
			t.Fatal(err)
		}
		o.Data = data
		s := Server(t, o)
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
		p.Goto(s.SetupLink(t))
		p.answerSetUp(t)
		p.Goto("/groups/new")
		p.Fill("Name", "Canal Street Garden")
		p.Fill("Handle", "canal-street")
		p.Fill("Town (optional)", "Leipzig")
		p.ClickRole("button", "Start the group")
		p.hasStatus(t, 200)
		event := p.addEvent(t, "Planting day", time.Now().AddDate(0, 1, 0))
		comeAlong(t, s, event, "3")

		// A visitor reads Ukrainian, as far as there is any.
		q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 1280, Height: 900})
		q.Goto(event)
		q.ClickRole("button", "Українська")
		q.hasStatus(t, 200)
		q.HasRole("link", "Події")
		q.HasText("3 are coming.") // in English still
		if got := q.Attr("html", "lang"); got != "uk" {
			t.Errorf("the page is in %q", got)
		}
		q.sound(t)
		q.HasText("% translated: help")
		path := translatePlural(t, p, event)

		p.Goto("/translate/proposals")
		p.HasText("Прийдуть {n} людини.")
		p.sound(t)
		p.ClickRole("button", "Accept")
		p.HasText("Nothing waits for an answer.")
		q.comesBack(t, event, "Прийдуть 3 людини.")
		q.sound(t)
		q.Goto(path) // without an account, the list of texts can be read all the same
		if po := fetch(t, s.URL+"/translate/uk.po").body; !strings.Contains(po, "Прийдуть {n} людини.") {
			t.Error("the file to download lacks what was accepted")
		}
		versions(t, p, q)
	})
}

// comeAlong lets so many people come to an event.
func comeAlong(t *testing.T, s *Instance, event, party string) {
	t.Helper()
	page := fetch(t, s.URL+event+"/attend").body
	_, rest, _ := strings.Cut(page, `name="key" value="`)
	key, _, _ := strings.Cut(rest, `"`)
	if a := post(t, s.URL+event+"/attend", url.Values{"key": {key}, "party": {party}}); a.status != 303 {
		t.Fatalf("signing up is answered with %d: %s", a.status, a.body)
	}
}

// translatePlural finds a text on the list of its page and proposes all of its
// forms, after one that lacks a placeholder.
func translatePlural(t *testing.T, p *Page, event string) (path string) {
	t.Helper()
	p.Goto("/translate")
	p.sound(t)
	p.Goto("/translate/uk?page=" + url.QueryEscape(event))
	p.HasText("attendance/pages/panel.html") // where it is used
	p.sound(t)
	path = p.Path()
	p.ClickRole("link", "{n} is coming.")
	p.hasStatus(t, 200)
	p.sound(t)
	forms := []string{"Прийде {n} людина.", "Прийдуть людини.", "Прийде {n} людей."}
	labels := []string{"Українська, form 1", "Українська, form 2", "Українська, form 3"}
	for i, l := range labels {
		p.Fill(l, forms[i])
	}
	p.submitAsIs(t, "Propose the translation")
	p.hasStatus(t, 422)
	p.refused(t, labels[1])
	p.HasText("{n}")
	if got := p.Value(labels[2]); got != forms[2] {
		t.Errorf("what was typed is lost: %q", got)
	}
	p.sound(t)
	p.Fill(labels[1], "Прийдуть {n} людини.")
	p.ClickRole("button", "Preview")
	p.HasText("Прийде 31 людина.")
	p.sound(t)
	p.ClickRole("button", "Propose the translation")
	p.HasText("Thank you. An operator reads it")
	p.sound(t)
	return path
}

// versions adds Ukrainian to what organizers write themselves.
func versions(t *testing.T, p, q *Page) {
	t.Helper()
	p.Goto("/campaigns/new?group=canal-street")
	p.Fill("Title", "Day of care")
	p.Fill("Handle", "day-of-care")
	p.ClickRole("button", "Start the campaign")
	p.hasStatus(t, 200)
	p.ClickRole("link", "Languages")
	p.Select("Language", "Українська")
	p.Fill("Title (optional)", "День турботи")
	p.Fill("Statement (optional)", "Ми дбаємо.")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.HasRole("heading", "День турботи")
	p.sound(t)
	p.Goto("/groups/canal-street")
	p.ClickRole("link", "New statement")
	p.Fill("Title", "Open the bridge")
	p.Fill("Text", "We say so.")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	statement := p.place()
	p.ClickRole("link", "Add a language")
	p.Select("Language of this version", "Українська")
	p.Fill("Title", "Відкрийте міст")
	p.Fill("Text", "Так ми кажемо.")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.sound(t)

	// The visitor who reads Ukrainian gets both without asking.
	q.comesBack(t, "/campaigns/day-of-care", "День турботи")
	q.HasText("Ми дбаємо.")
	q.sound(t)
	q.comesBack(t, statement, "Так ми кажемо.")
	q.sound(t)
}
