package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestIntegrator is journey 11: somebody reads what programs can do, makes a
// token that allows little and ends, and writes a program with it. Deliveries of
// webhooks to a receiver on this machine are in internal/app: the real program
// sends to public addresses only.
func TestIntegrator(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, noScript bool, o ServerOptions) {
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
		p.Goto("/api")
		p.HasText("/api/v1/events?near=Leipzig")
		p.sound(t)
		p.ClickRole("link", "Your tokens")
		p.sound(t)
		p.refuses(t, "Make a token", "What for")
		p.Fill("What for", "our website")
		for _, scope := range []string{"See what you see", "Publish and change events", "Start, change and end groups"} {
			p.Check(scope, true)
		}
		p.Check("30 days", true)
		p.ClickRole("button", "Make a token")
		p.hasStatus(t, 200)
		p.sound(t)
		token := p.Text("#token")
		p.Goto("/me/tokens")
		p.HasNoText(token) // once
		p.HasText("Never")
		c := &client{t, s.URL + "/api/v1", token}
		if noScript {
			c.program(t, s)
		} else {
			c.ask(http.MethodGet, "/me", nil).want(t, 200, nil)
		}
		p.Goto("/me/tokens")
		p.HasNoText("Never")
		p.Goto("/groups/canal-street/webhooks")
		p.sound(t)
		if noScript {
			p.HasText("A test") // the ping that the program caused
			imports(t, s)
		}
	})
}

// client is a program with a token.
type client struct {
	t     *testing.T
	base  string
	token string
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends body as JSON; header holds names and values in turn.
func (c *client) ask(method, path string, body any, header ...string) answer {
	c.t.Helper()
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			c.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, bytes.NewReader(sent))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	f := send(c.t, r)
	return answer{f.status, f.header, []byte(f.body)}
}

func (a answer) want(t *testing.T, status int, out any) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			t.Fatalf("%v: %s", err, a.body)
		}
	}
	return a
}

// refused checks a problem, its code, and the pointers that it names.
func (a answer) refused(t *testing.T, status int, code string, pointers ...string) {
	t.Helper()
	var p struct {
		Code      string
		RequestID string `json:"request_id"`
		Errors    []struct{ Pointer, Detail string }
	}
	a.want(t, status, &p)
	if p.Code != code || p.RequestID == "" || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s, want %s", a.header.Get("Content-Type"), a.body, code)
	}
	for _, want := range pointers {
		if !strings.Contains(string(a.body), `"pointer":"`+want+`"`) {
			t.Errorf("nothing points to %s: %s", want, a.body)
		}
	}
}

// program does what the pages promise.
func (c *client) program(t *testing.T, s *Instance) {
	t.Helper()
	spec := fetch(t, s.URL+"/api/openapi.json")
	doc, err := openapi3.NewLoader().LoadFromData([]byte(spec.body))
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		t.Errorf("the description is not valid: %v", err)
	}
	day := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	var first struct{ ID string }
	for i := range 3 {
		body := map[string]any{
			"title": fmt.Sprintf("Planting %d", i+1), "kind": "mutual_aid", "state": "confirmed", "near": "Leipzig", "start_date": day, "start_time": fmt.Sprintf("1%d:00", i),
		}
		var e struct{ ID string }
		for range 2 { // the first answer was lost
			c.ask(http.MethodPost, "/groups/canal-street/events", body, "Idempotency-Key", fmt.Sprint("planting-", i)).want(t, 201, &e)
		}
		if i == 0 {
			first = e
		}
	}
	c.ask(http.MethodPost, "/groups/canal-street/events", map[string]any{"title": "", "kind": "mutual_aid", "state": "confirmed", "near": "Nowhereville", "start_date": "soon"},
		"Idempotency-Key", "planting-9").refused(t, 422, "form.invalid", "#/title", "#/near", "#/start_date")
	c.ask(http.MethodPost, "/campaigns", map[string]any{"handle": "x"}, "Idempotency-Key", "campaign-1").refused(t, 403, "token.scope")
	c.near(t)
	c.signUpTwice(t, first.ID)
	c.webhook(t)
}

// near lists the events around a point, page by page, and asks again.
func (c *client) near(t *testing.T) {
	t.Helper()
	anybody := &client{t, c.base, ""}
	const search = "/events?near=51.34,12.37&radius_km=25&limit=2"
	var titles []string
	after := ""
	for range 5 {
		var page struct {
			Items []struct{ Title string }
			Next  string
		}
		anybody.ask(http.MethodGet, search+"&after="+after, nil).want(t, 200, &page)
		for _, e := range page.Items {
			titles = append(titles, e.Title)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if got := strings.Join(titles, ", "); got != "Planting 1, Planting 2, Planting 3" {
		t.Errorf("around the point are %s", got)
	}
	a := anybody.ask(http.MethodGet, search, nil).want(t, 200, nil)
	again := anybody.ask(http.MethodGet, search, nil, "If-None-Match", a.header.Get("ETag")).want(t, 304, nil)
	if len(again.body) != 0 || a.header.Get("ETag") == "" {
		t.Errorf("what has not changed is sent again: %s", again.body)
	}
	anybody.ask(http.MethodGet, "/events?raduis_km=5", nil).refused(t, 422, "form.invalid", "#/raduis_km")
}

// signUpTwice sends one sign-up two times and cancels it.
func (c *client) signUpTwice(t *testing.T, event string) {
	t.Helper()
	anybody := &client{t, c.base, ""}
	path := "/events/" + event + "/attendance"
	var one, two struct{ Secret string }
	const key = "3f9a1c5e7b2d4f6081a3c5e7"
	anybody.ask(http.MethodPost, path, map[string]any{"party": 2}, "Idempotency-Key", key).want(t, 201, &one)
	anybody.ask(http.MethodPost, path, map[string]any{"party": 2}, "Idempotency-Key", key).want(t, 201, &two)
	var n struct{ Going int }
	anybody.ask(http.MethodGet, path, nil).want(t, 200, &n)
	if one != two || one.Secret == "" || n.Going != 2 {
		t.Errorf("two requests with one key: %+v, %+v, %d are coming", one, two, n.Going)
	}
	anybody.ask(http.MethodPost, path, map[string]any{"party": 3}, "Idempotency-Key", key).refused(t, 409, "api.key_reused")
	anybody.ask(http.MethodPost, path, map[string]any{"party": 2}).refused(t, 400, "api.key")
	anybody.ask(http.MethodDelete, path+"/"+one.Secret, nil).want(t, 204, nil)
	anybody.ask(http.MethodGet, path, nil).want(t, 200, &n)
	if n.Going != 0 {
		t.Errorf("%d are coming after it was cancelled", n.Going)
	}
}

// webhook is registered, and its ping stands in the list of what was sent.
func (c *client) webhook(t *testing.T) {
	t.Helper()
	const path = "/groups/canal-street/webhooks"
	hook := func(url string) map[string]any {
		return map[string]any{"url": url, "kinds": []string{"event.published"}}
	}
	for _, bad := range []string{"http://hooks.example.org/in", "https://127.0.0.1/in", "https://hooks.example.org:8443/in"} {
		c.ask(http.MethodPost, path, hook(bad), "Idempotency-Key", "hook-bad").refused(t, 422, "form.invalid", "#/url")
	}
	var h struct{ ID, Secret string }
	c.ask(http.MethodPost, path, hook("https://hooks.example.invalid/in"), "Idempotency-Key", "hook-001").want(t, 201, &h)
	if !strings.HasPrefix(h.Secret, "whsec_") {
		t.Errorf("the secret is %q", h.Secret)
	}
	var sent struct {
		Items []struct {
			Type string
			Body struct{ Type string }
		}
	}
	c.ask(http.MethodGet, path+"/"+h.ID+"/deliveries", nil).want(t, 200, &sent)
	if len(sent.Items) != 1 || sent.Items[0].Type != "ping" || sent.Items[0].Body.Type != "ping" {
		t.Errorf("%+v", sent)
	}
}

// imports takes the events of one node into another: looked at first, then for
// good, then once more.
func imports(t *testing.T, s *Instance) {
	t.Helper()
	for name, kind := range map[string]string{"events.csv": "events", "events.ics": "ics"} {
		fresh := filepath.Join(t.TempDir(), "node")
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(fetch(t, s.URL+"/"+name+"?near=Leipzig").body), 0o600); err != nil {
			t.Fatal(err)
		}
		type counts struct {
			New, Unchanged int
			DryRun         bool `json:"dry_run"`
		}
		take := func(flags ...string) counts {
			t.Helper()
			var report struct{ Summary counts }
			out := tool(t, fresh, append([]string{"import", kind, "--json", file}, flags...)...)
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			return report.Summary
		}
		for range 2 { // a look changes nothing
			if n := take("--dry-run"); n.New != 3 || n.Unchanged != 0 || !n.DryRun {
				t.Errorf("a look at %s: %+v", name, n)
			}
		}
		if n := take(); n.New != 3 {
			t.Errorf("%s: %+v", name, n)
		}
		if n := take("--dry-run"); n.New != 0 || n.Unchanged != 3 {
			t.Errorf("what is there already, %s: %+v", name, n)
		}
	}
}
