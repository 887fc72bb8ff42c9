package e2e

import (
	"bytes"
	"image"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
)

const cleanUp = "Riverside clean-up"

// participant is journey 1: somebody without an account comes to an event.
func participant(t *testing.T, s *Instance, noScript bool) {
	p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 390, Height: 844})
	// A browser as people have it: with a cache, which matters for going back.
	if _, err := ask(p, network.SetCacheDisabled, network.SetCacheDisabledParams{}); err != nil {
		t.Fatal(err)
	}
	event := findEvent(t, p)
	begin := whatItSays(t, p)

	p.ClickRole("link", "I’m coming")
	p.hasStatus(t, 200)
	p.sound(t)
	form := p.Path()
	key := p.Attr("input[name=key]", "value")
	p.Fill("How many are you?", "2")
	p.Check("A step-free way", true)
	p.ClickRole("button", "Keep my place")
	p.hasStatus(t, 200)
	p.HasText("Your place is kept.")
	p.HasText("2 people.")
	p.sound(t)
	link := p.Text("#link")
	if !strings.HasPrefix(link, s.URL+event+"/attend/") {
		t.Fatalf("the private link is %q", link)
	}
	calendarFile(t, p, begin)
	sentTwice(t, p, s.URL+form, key, link, event)

	// Another browser, with nothing but the link.
	q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript})
	q.Goto(link)
	q.HasRole("heading", "You are coming")
	q.has(t, 0, "#link") // it was shown once
	if q.Value("How many are you?") != "2" || !q.Checked("A step-free way") {
		t.Error("what was told is not kept")
	}
	q.sound(t)
	q.Fill("How many are you?", "1")
	q.ClickRole("button", "Save")
	q.HasText("Saved.")
	q.sound(t)
	p.comesBack(t, event, "1 is coming.")
	q.ClickRole("button", "I can’t come")
	q.HasRole("heading", "You are not coming")
	q.sound(t)
	p.comesBack(t, event, "Be the first.")
	q.Goto(link)
	q.hasStatus(t, 404)
	q.sound(t)

	for _, v := range []*Page{p, q} {
		if c := v.cookies(t); len(c) > 0 {
			t.Errorf("a visitor got the cookies %q", c)
		}
		v.NoThirdParty(t)
	}
}

// findEvent goes from the first page to the event and gives its path.
func findEvent(t *testing.T, p *Page) string {
	t.Helper()
	p.Goto("/")
	p.sound(t)
	p.Fill("Near", "Leipzig")
	p.ClickRole("button", "Find events")
	p.hasStatus(t, 200)
	u, err := url.Parse(p.URL())
	if err != nil || u.Path != "/events" || u.Query().Get("near") != "Leipzig" {
		t.Fatalf("Find events leads to %s", p.URL())
	}
	p.sound(t)
	p.ClickRole("link", cleanUp)
	p.hasStatus(t, 200)
	p.sound(t)
	return p.Path()
}

// whatItSays checks that the event page tells what one needs to decide, and
// gives when it begins.
func whatItSays(t *testing.T, p *Page) time.Time {
	t.Helper()
	begin, err := time.Parse("2006-01-02T15:04Z07:00", p.Attr("main time", "datetime"))
	if err != nil {
		t.Fatalf("the page's time: %v", err)
	}
	facts := p.Text("dl.facts")
	for _, want := range []string{
		begin.Format("Monday, January 2, 2006"), "10:00 AM–1:00 PM", "Berlin time (CE", // CET or CEST
		"Clara-Zetkin-Park, north gate", "Leipzig", "Step-free", "Step-free from the tram stop. Toilet 200 m away.",
		"Organized by Riverside Neighbours",
	} {
		if !strings.Contains(facts, want) {
			t.Errorf("the event does not say %q; it says:\n%s", want, facts)
		}
	}
	return begin
}

// calendarFile follows "Add to calendar".
func calendarFile(t *testing.T, p *Page, begin time.Time) {
	t.Helper()
	p.HasRole("link", "Add to calendar")
	f := fetch(t, p.absolute(p.Attr("a[href$='.ics']", "href")))
	if f.status != 200 || !strings.HasPrefix(f.header.Get("Content-Type"), "text/calendar") {
		t.Fatalf("the calendar file: %d %s", f.status, f.header.Get("Content-Type"))
	}
	for _, want := range []string{
		"BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n", ":" + cleanUp + "\r\n",
		"DTSTART;TZID=Europe/Berlin:" + begin.Format("20060102T150405") + "\r\n",
		"DTEND;TZID=Europe/Berlin:" + begin.Add(3*time.Hour).Format("20060102T150405") + "\r\n",
	} {
		if !strings.Contains(f.body, want) {
			t.Errorf("the calendar file has no %q:\n%s", want, f.body)
		}
	}
	if strings.Contains(f.body, "/attend/") {
		t.Error("the calendar file holds a private link")
	}
}

// sentTwice goes back and sends the form again, and then the same by a client
// that lost the answer: nobody is counted twice.
func sentTwice(t *testing.T, p *Page, form, key, link, event string) {
	t.Helper()
	p.Back()
	p.HasRole("heading", "I’m coming")
	if got := p.Attr("input[name=key]", "value"); got != key {
		t.Error("the form to which one goes back has another key")
	}
	p.Fill("How many are you?", "2")
	p.ClickRole("button", "Keep my place")
	if got := p.Text("#link"); got != link {
		t.Errorf("sending the form again gives the link %s, not %s", got, link)
	}
	p.Goto(form)
	fresh := p.Attr("input[name=key]", "value")
	if fresh == key {
		t.Error("two visits got one key")
	}
	p.Goto(event)
	for range 2 {
		f := post(t, form, url.Values{"key": {key}, "party": {"2"}, "need": {"step_free"}})
		if to := f.header.Get("Location"); f.status != 303 || !strings.HasPrefix(p.absolute(to), link) {
			t.Errorf("the second sending got %d to %q, want the same private link", f.status, to)
		}
	}
	p.comesBack(t, event, "2 are coming.")
}

// pocketCard prints the private page: the card goes to paper with its code.
func pocketCard(t *testing.T, s *Instance) {
	for _, noScript := range []bool{true, false} {
		q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript})
		q.Goto("/events?near=Leipzig")
		q.ClickRole("link", "Walk for a safe crossing")
		q.ClickRole("link", "I’m coming")
		q.ClickRole("button", "Keep my place")
		q.hasStatus(t, 200)
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Print: true, Width: 794, Height: 1123})
		p.Goto(q.URL())
		p.hasStatus(t, 200)
		raw, err := p.picture()
		if err != nil {
			t.Fatal(err)
		}
		pic, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if n := colours(pic); n < 3 {
			t.Errorf("the printed page has %d colours", n)
		}
		qr := fetch(t, p.absolute(p.Attr(".pocket-card img", "src")))
		code, err := png.Decode(strings.NewReader(qr.body))
		if err != nil || code.Bounds().Dx() < 100 || colours(code) < 2 {
			t.Errorf("the code is no picture: %v", err)
		}
		if w := p.Weight(t); w.Image < len(qr.body) {
			t.Errorf("the page did not load the code: %v", w)
		}
	}
}

// colours is how many different ones a picture has, counted up to 1000.
func colours(m image.Image) int {
	seen := map[[3]uint32]bool{}
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X && len(seen) < 1000; x++ {
			r, g, bl, _ := m.At(x, y).RGBA()
			seen[[3]uint32{r, g, bl}] = true
		}
	}
	return len(seen)
}
