package e2e

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	permissions "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

const (
	keepThis   = "Keep this page on this device"
	removeThis = "Remove from this device"
)

// TestKeeping is about pages kept on a device, and their worker.
func TestKeeping(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{Demo: true})
	t.Run("SignedIn", func(t *testing.T) { keepsNothingOfAnAccount(t, s) })
	t.Run("Worker", func(t *testing.T) { workerWorks(t, s) })
	t.Run("Kept", func(t *testing.T) { keepsAnEvent(t, s) }) // stops the server
}

// keepsAnEvent: who keeps an event's page has it without a connection, nothing is
// stored that was not asked for, and what is removed is gone.
func keepsAnEvent(t *testing.T, s *Instance) {
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
	p.workerActs(t)
	if got := p.run(t, stored); !strings.Contains(got, path+" ") || strings.Contains(got, "sign-in") || strings.Contains(got, "/attend") {
		t.Errorf("kept: %s", got)
	}
	p.Goto("/events/kept")
	p.HasRole("link", "Open assembly")
	p.HasNoText("There is no connection")
	p.Axe(t)

	// A week after the event, by the clock of the copy.
	p.run(t, `caches.open("kept:`+path+`").then((c) => c.put("/sw.js?about", Response.json({ until: Date.now() - 1 })))`)
	p.Goto("/events")
	p.isGone(t)
	p.Goto(path)
	p.ClickRole("button", keepThis)
	p.HasRole("button", removeThis)

	s.Stop(t)
	p.Goto(path)
	p.HasRole("heading", "Open assembly")
	p.HasText("When")
	p.HasText("Access")
	p.HasText("There is no connection. This is the copy from:")
	if got := p.run(t, `getComputedStyle(document.documentElement).backgroundColor`); got != `"rgb(246, 241, 230)"` {
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
	p.isGone(t)
}

// isGone waits until neither a page nor the worker is left in the browser.
func (p *Page) isGone(t *testing.T) {
	t.Helper()
	const workers = `navigator.serviceWorker.getRegistrations().then((all) => all.length)`
	if !until(func() bool { return p.run(t, stored) == `""` && p.run(t, workers) == "0" }) {
		t.Errorf("the browser has %s and %s workers", p.run(t, stored), p.run(t, workers))
	}
}

// keepsNothingOfAnAccount: also when somebody signed in elsewhere since the page was
// loaded.
func keepsNothingOfAnAccount(t *testing.T, s *Instance) {
	o := setUp(t, s)
	p := Browser(t, PageOptions{Base: s.URL})
	path := p.sampleEvent(t)
	q := Browser(t, PageOptions{Base: s.URL})
	q.signIn(t, o, path)
	q.HasRole("heading", "Open assembly")
	q.lacksRole(t, "button", keepThis)
	cookies, err := ask(q, network.GetCookies, network.GetCookiesParams{})
	if err != nil || len(cookies.Cookies) != 1 {
		t.Fatalf("%v %v", cookies, err)
	}
	if _, err := ask(p, network.SetCookie, network.SetCookieParams{Name: cookies.Cookies[0].Name, Value: cookies.Cookies[0].Value, URL: s.URL}); err != nil {
		t.Fatal(err)
	}
	p.ClickRole("button", keepThis)
	p.HasText("The page could not be kept.")
	p.isGone(t)
}

// workerWorks: the worker shows what is pushed to it, and a message with the tag of
// an earlier one takes its place; it opens this site only; and it shows a copy only
// when the page itself does not come.
func workerWorks(t *testing.T, s *Instance) {
	p := Browser(t, PageOptions{Base: s.URL})
	path := p.sampleEvent(t)
	p.mayShow(t, permissions.PermissionSettingGranted)
	worker := p.registered(t)
	p.ClickRole("button", keepThis)
	p.HasRole("button", removeThis)
	p.workerActs(t)
	id := worker()
	shows := func(data, want string) {
		t.Helper()
		p.pushes(t, id, data, want)
	}
	shows(`{"title":"Heat","body":"Drink water.","url":"`+path+`","tag":"a1","lang":"en","dir":"ltr"}`, "Heat|Drink water.|a1|en|ltr|"+path)
	shows(`{"title":"Withdrawn","body":"It was a mistake.","url":"`+path+`","tag":"a1","lang":"en","dir":"ltr","renotify":true,"leave":"/leave/1","leaving":"Leave"}`, "Withdrawn|It was a mistake.|a1|en|ltr|"+path+"|again|Leave")
	shows(`not ours`, strings.TrimPrefix(s.URL, "http://")+"||||auto|")

	w := p.worker(t)
	const posted = `globalThis.fetch = (...asked) => (globalThis.asked = asked, Promise.resolve(new Response()));
		renew({ oldSubscription: { endpoint: "old" }, newSubscription: { endpoint: "new" } }).then(() => JSON.stringify(globalThis.asked ?? null))`
	if got := w(posted); got != "null" {
		t.Errorf("nobody left an address, and the worker sends %s", got)
	}
	shows(`{"title":"Heat is over","url":"`+path+`","tag":"a1","lang":"en","dir":"ltr","move":"/move/1"}`, "Heat is over||a1|en|ltr|"+path)
	if got := w(posted); !strings.HasPrefix(got, `["/move/1",{"method":"POST"`) || !strings.Contains(got, `{\"subscription\":{\"endpoint\":\"new\"}}`) {
		t.Errorf("a new subscription is sent as %s", got)
	}
	for to, want := range map[string]string{
		"/alerts/1": s.URL + "/alerts/1", "": s.URL + "/", "https://example.org/": s.URL + "/", "//example.org/x": s.URL + "/", "javascript:1": s.URL + "/",
	} {
		if got := w(`clients.matchAll = async () => []; clients.openWindow = async (to) => { globalThis.opened = to; }; go(` + strconv.Quote(to) + `).then(() => globalThis.opened)`); got != want {
			t.Errorf("a message that leads to %q opens %q", to, got)
		}
	}

	shown := func(fetch, then string) string {
		return w(`globalThis.fetch = ` + fetch + `; page(new Request("` + path + `"), "` + path + `").then(` + then + `)`)
	}
	if got := shown(`() => new Promise(() => {})`, `async (r) => (await r.text()).includes("Open assembly") ? "copy" : "none"`); got != "copy" {
		t.Errorf("when no answer comes the page shows: %s", got)
	}
	if got := shown(`async () => new Response("news")`, `(r) => r.text()`); got != "news" {
		t.Errorf("when an answer comes the page shows: %s", got)
	}
	if got := shown(`async () => new Response("", { status: 404 })`, `async () => String(await caches.has("kept:`+path+`"))`); got != "false" {
		t.Errorf("the event is gone, and its copy is there: %s", got)
	}
}

// mayShow lets the site show notifications, or not.
func (p *Page) mayShow(t *testing.T, setting permissions.PermissionSetting) {
	t.Helper()
	if _, err := ask(p, permissions.SetPermission, permissions.SetPermissionParams{
		Permission: &permissions.PermissionDescriptor{Name: "notifications"}, Setting: setting,
		Origin: p.o.Base, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	}); err != nil {
		t.Fatal(err)
	}
}

// pushes pushes a message to the worker until it shows what it should (title, body, tag,
// language, direction and address), since a slow machine closes notifications before
// anybody looks; there is one of each tag at most.
func (p *Page) pushes(t *testing.T, id serviceworker.RegistrationID, message, want string) {
	t.Helper()
	const all = `navigator.serviceWorker.getRegistration("/events").then((r) => r.getNotifications()).then((all) =>
		all.map((n) => [n.title, n.body, n.tag, n.lang, n.dir, n.data.url, ...n.renotify ? ["again"] : [], ...n.actions.map((a) => a.title)].join("|")).join("\n"))`
	var got string
	if !until(func() bool {
		if _, err := ask(p, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{Origin: p.o.Base, RegistrationID: id, Data: message}); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(p.run(t, all)), &got); err != nil {
			t.Fatal(err)
		}
		return slices.Contains(strings.Split(got, "\n"), want) && strings.Count(got, "|a1|") <= 1
	}) {
		t.Fatalf("shown is %q, not %q", got, want)
	}
}

// worker runs script in the worker of the page's site, and gives the text that it
// comes to.
func (p *Page) worker(t *testing.T) func(script string) string {
	t.Helper()
	all, err := chromedp.Targets(p.ctx)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(x *target.Info) bool { return x.Type == "service_worker" && x.URL == p.o.Base+"/sw.js" })
	if i < 0 {
		t.Fatal("the worker does not run")
	}
	ctx, cancel := chromedp.NewContext(p.ctx, chromedp.WithTargetID(all[i].TargetID))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	w := &Page{t: t, ctx: ctx, o: p.o}
	return func(script string) (text string) {
		t.Helper()
		v, err := w.evaluate(0, script)
		if err != nil {
			t.Fatal(err)
		}
		if len(v) > 0 && json.Unmarshal(v, &text) != nil {
			t.Fatalf("no text: %s", v)
		}
		return text
	}
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

// workerActs waits until the worker has taken up its work.
func (p *Page) workerActs(t *testing.T) {
	t.Helper()
	const state = `navigator.serviceWorker.getRegistration("/events").then((r) => r?.active?.state ?? "")`
	if !until(func() bool { return p.run(t, state) == `"activated"` }) {
		t.Fatal("the worker does not act")
	}
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
