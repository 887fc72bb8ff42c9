package e2e

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	permissions "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
)

const (
	keepThis   = "Keep this page on this device"
	removeThis = "Remove from this device"
)

// TestKeptOnTheDevice: who keeps an event's page has it without a connection,
// nothing is stored that was not asked for, and what is removed is gone.
func TestKeptOnTheDevice(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{Demo: true})
	plain := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	path := plain.sampleEvent(t)
	plain.lacksRole(t, "button", keepThis)

	p := Browser(t, PageOptions{Base: s.URL, Width: 320, Height: 640})
	p.Goto(path)
	p.HasRole("button", keepThis)
	if got := p.run(t, stored); got != `""` {
		t.Errorf("before anybody asked, the browser has %s", got)
	}
	p.ClickRole("button", keepThis)
	p.HasRole("button", removeThis)
	p.HasText("Kept on this device until")
	p.Axe(t)
	p.NoOverflow(t)
	p.NoThirdParty(t)
	p.NoErrors(t)
	p.run(t, `navigator.serviceWorker.getRegistration("/events").then((r) => new Promise((done) => {
		const look = () => r.active?.state === "activated" ? done() : setTimeout(look, 20);
		look();
	}))`)
	if got := p.run(t, stored); !strings.Contains(got, path+" ") || strings.Contains(got, "sign-in") || strings.Contains(got, "/attend") {
		t.Errorf("kept: %s", got)
	}
	p.Goto("/events/kept")
	p.HasRole("link", "Open assembly")
	p.HasNoText("There is no connection")
	p.Axe(t)

	s.Stop(t)
	p.Goto(path)
	p.HasRole("heading", "Open assembly")
	p.HasText("When")
	p.HasText("Access")
	p.HasText("There is no connection. This is the copy from:")
	if got := p.run(t, `getComputedStyle(document.querySelector("header.site")).display + document.styleSheets[0].cssRules.length`); got == `"block0"` {
		t.Errorf("the style is not kept: %s", got)
	}
	p.Goto("/events?q=anything")
	p.HasText("There is no connection, and the page that you asked for is not kept on this device.")
	p.ClickRole("link", "Open assembly")
	p.HasRole("heading", "Open assembly")
	p.ClickRole("button", removeThis)
	p.HasRole("button", keepThis)
	p.ClickRole("button", keepThis)
	p.HasText("The page could not be kept.")
	if !until(func() bool { return p.run(t, stored) == `""` }) {
		t.Errorf("after it was removed the browser has %s", p.run(t, stored))
	}
	if !until(func() bool {
		return p.run(t, `navigator.serviceWorker.getRegistrations().then((all) => all.length)`) == "0"
	}) {
		t.Error("the worker stays though nothing needs it")
	}
}

// TestPushedMessages: the worker shows what is pushed to it, and a message with the
// tag of an earlier one takes its place.
func TestPushedMessages(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{Demo: true})
	p := Browser(t, PageOptions{Base: s.URL})
	path := p.sampleEvent(t)
	c := chromedp.FromContext(p.ctx)
	if _, err := ask(p, permissions.SetPermission, permissions.SetPermissionParams{
		Permission: &permissions.PermissionDescriptor{Name: "notifications"}, Setting: permissions.PermissionSettingGranted,
		Origin: s.URL, BrowserContextID: c.BrowserContextID,
	}); err != nil {
		t.Fatal(err)
	}
	worker := p.registered(t)
	p.ClickRole("button", keepThis)
	p.HasRole("button", removeThis)
	id := worker()
	push := func(data string) {
		t.Helper()
		if _, err := ask(p, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{Origin: s.URL, RegistrationID: id, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(want string) {
		t.Helper()
		const all = `navigator.serviceWorker.getRegistration("/events").then((r) => r.getNotifications()).then((all) =>
			all.map((n) => [n.title, n.body, n.tag, n.lang, n.dir, n.data].join("|")).sort().join("\n"))`
		quoted, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if !until(func() bool { return p.run(t, all) == string(quoted) }) {
			t.Fatalf("shown is %s, not %s", p.run(t, all), quoted)
		}
	}
	push(`{"title":"Heat","body":"Drink water.","url":"` + path + `","tag":"a1","lang":"en","dir":"ltr"}`)
	shows("Heat|Drink water.|a1|en|ltr|" + path)
	push(`{"title":"Withdrawn","body":"It was a mistake.","url":"` + path + `","tag":"a1","lang":"en","dir":"ltr","renotify":true}`)
	shows("Withdrawn|It was a mistake.|a1|en|ltr|" + path)
	push(`not ours`)
	shows("Withdrawn|It was a mistake.|a1|en|ltr|" + path + "\n" + strings.TrimPrefix(s.URL, "http://") + "||||auto|")
}

// sampleEvent goes to an event of the sample that is to come.
func (p *Page) sampleEvent(t *testing.T) string {
	t.Helper()
	p.Goto("/events?near=Leipzig&q=assembly")
	p.ClickRole("link", "Open assembly")
	p.HasRole("heading", "Open assembly")
	return p.Path()
}

func (p *Page) lacksRole(t *testing.T, role, name string) {
	t.Helper()
	for _, c := range p.Controls(role) {
		if c.Name == name {
			t.Errorf("%s has a %s %q", p.URL(), role, name)
		}
	}
}

// stored lists everything in the caches of the site.
const stored = `caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((c) => c.keys())))).then((all) =>
	all.flat().map((r) => new URL(r.url).pathname + " ").join(""))`

// run gives what a script comes to in the page, as JSON.
func (p *Page) run(t *testing.T, script string) string {
	t.Helper()
	v, err := p.evaluate(0, script)
	if err != nil {
		t.Fatal(err)
	}
	return string(v)
}

// registered listens for the worker of the page's site; what it returns waits for
// its name.
func (p *Page) registered(t *testing.T) func() serviceworker.RegistrationID {
	t.Helper()
	var mu sync.Mutex
	var id serviceworker.RegistrationID
	if err := chromedp.Listen(p.ctx, func(ev any) {
		e, ok := ev.(*serviceworker.EventWorkerRegistrationUpdated)
		if !ok {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, r := range e.Registrations {
			if strings.HasPrefix(r.ScopeURL, p.o.Base) {
				id = r.RegistrationID
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(p, serviceworker.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return func() serviceworker.RegistrationID {
		t.Helper()
		var got serviceworker.RegistrationID
		if !until(func() bool { mu.Lock(); defer mu.Unlock(); got = id; return got != "" }) {
			t.Fatal("no worker was registered")
		}
		return got
	}
}
