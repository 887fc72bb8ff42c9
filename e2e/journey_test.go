package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/network"
)

// The journeys of people through the real program. Those that need events share
// one node with the sample, which takes seconds to load; its lifetime is that
// of TestSample. Journeys that would see each other's traces run one after the
// other, the rest side by side.

func TestSample(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{Demo: true, Env: []string{"CONVOKE_DEV=true", "CONVOKE_ONION=" + onionName}})
	w := survey(t, s, setUp(t, s))
	for name, run := range map[string]func(t *testing.T){
		"Participant": func(t *testing.T) {
			// Both count who comes to one event.
			inBothWays(t, func(t *testing.T, noScript bool) { participant(t, s, noScript) })
		},
		"Tor": func(t *testing.T) {
			inBothWays(t, func(t *testing.T, noScript bool) {
				overTor(t, s, noScript, seen{4, "tool library", "How to run a tool library", "Open assembly"})
			})
		},
		"Map":   func(t *testing.T) { openMaps(t, s) },
		"Card":  func(t *testing.T) { pocketCard(t, s) },
		"Print": func(t *testing.T) { onPaper(t, s) },
		"Pages": func(t *testing.T) { w.everyPage(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t)
		})
	}
}

// inBothWays runs a journey with scripts off and on, one after the other.
func inBothWays(t *testing.T, journey func(t *testing.T, noScript bool)) {
	for _, noScript := range []bool{true, false} {
		t.Run(fmt.Sprintf("noscript=%v", noScript), func(t *testing.T) { journey(t, noScript) })
	}
}

// onBothEngines runs a journey in both ways on SQLite, and without scripts on
// PostgreSQL, which is all that a script does not see. The options are those of
// the journey's own server.
func onBothEngines(t *testing.T, journey func(t *testing.T, noScript bool, o ServerOptions)) {
	inBothWays(t, func(t *testing.T, noScript bool) { journey(t, noScript, ServerOptions{}) })
	t.Run("postgres", func(t *testing.T) { journey(t, true, ServerOptions{Postgres: true}) })
}

// TestParticipantOnPostgres is journey 1 on the other engine, without scripts and
// without the sample, which takes a minute to load there.
func TestParticipantOnPostgres(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{Postgres: true})
	o := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	o.Goto(s.SetupLink(t))
	o.answerSetUp(t)
	startGroup(t, o)
	event := o.addEvent(t, cleanUp, time.Now().AddDate(0, 1, 0))
	p := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	if found := findEvent(t, p); found != event {
		t.Errorf("the search leads to %s", found)
	}
	p.ClickRole("link", "I’m coming")
	p.Fill("How many are you?", "2")
	p.Check("A step-free way", true)
	p.ClickRole("button", "Keep my place")
	p.HasText("Your place is kept.")
	link := p.Text("#link")
	p.comesBack(t, event, "2 are coming.")
	q := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	q.Goto(link)
	if q.Value("How many are you?") != "2" || !q.Checked("A step-free way") {
		t.Error("what was told is not kept")
	}
	q.Fill("How many are you?", "1")
	q.ClickRole("button", "Save")
	q.HasText("Saved.")
	p.comesBack(t, event, "1 is coming.")
	q.ClickRole("button", "I can’t come")
	q.HasRole("heading", "You are not coming")
	p.comesBack(t, event, "Be the first.")
}

// place is the path without what an answer to a form adds, such as "?saved=1".
func (p *Page) place() string {
	p.t.Helper()
	path, _, _ := strings.Cut(p.Path(), "?")
	return path
}

// sound is what must hold on every page that a journey comes through.
func (p *Page) sound(t *testing.T) {
	t.Helper()
	p.Axe(t)
	p.NoOverflow(t)
	p.NoThirdParty(t)
	p.NoErrors(t)
	p.has(t, 1, "h1")
}

// has waits until so many elements match a CSS selector.
func (p *Page) has(t *testing.T, want int, selector string) {
	t.Helper()
	var n int
	ok := until(func() bool {
		// A page that is being replaced has no root, or loses it: ask again.
		doc, err := ask(p, dom.GetDocument, dom.GetDocumentParams{})
		if err != nil {
			return false
		}
		all, err := ask(p, dom.QuerySelectorAll, dom.QuerySelectorAllParams{NodeID: doc.Root.NodeID, Selector: selector})
		n = len(all.NodeIDs)
		return err == nil && n == want
	})
	if !ok {
		t.Errorf("%s has %d of %s, want %d", p.URL(), n, selector, want)
	}
}

// status fails the test unless the page on show was answered so.
func (p *Page) hasStatus(t *testing.T, want int) {
	t.Helper()
	if got := p.Status(); got != want {
		t.Fatalf("%s answered %d, want %d; it says:\n%s", p.URL(), got, want, p.body())
	}
}

// cookies are the names of the cookies that this visitor has for the node.
func (p *Page) cookies(t *testing.T) []string {
	t.Helper()
	r, err := ask(p, network.GetCookies, network.GetCookiesParams{URLs: []string{p.o.Base}})
	if err != nil {
		t.Fatalf("read the cookies: %v", err)
	}
	var names []string
	for _, c := range r.Cookies {
		names = append(names, c.Name)
	}
	return names
}

// comesBack waits until the page, asked for again and again, says a text. Pages
// are rendered ahead, and a write is on them within a second.
func (p *Page) comesBack(t *testing.T, path, text string) {
	t.Helper()
	const tries = 40
	for range tries {
		p.Goto(path)
		if strings.Contains(p.body(), text) {
			return
		}
	}
	t.Fatalf("%s does not say %q after %d tries; it says:\n%s", path, text, tries, p.body())
}

// fetched is an answer to a plain client, without a browser.
type fetched struct {
	status int
	header http.Header
	body   string
}

// fetch asks for an address as a program would, following no redirect; edit
// may change the request.
func fetch(t *testing.T, address string, edit ...func(*http.Request)) fetched {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, r, edit...)
}

// post sends a form as a browser on the same site would.
func post(t *testing.T, address string, form url.Values) fetched {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(t, r)
}

func send(t *testing.T, r *http.Request, edit ...func(*http.Request)) fetched {
	t.Helper()
	for _, e := range edit {
		e(r)
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read %s: %v", r.URL, err)
	}
	return fetched{res.StatusCode, res.Header, string(body)}
}

// absolute makes an address of the node whole.
func (p *Page) absolute(path string) string {
	if strings.HasPrefix(path, "/") {
		return p.o.Base + path
	}
	return path
}
