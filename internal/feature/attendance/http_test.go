package attendance_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// desk is the feature's pages on a real site.
type desk struct {
	*hall
	t      *testing.T
	site   *web.Site
	hidden map[id.Event]bool // events that nobody may know of
	known  map[id.Event]bool
	limit  error
	edits  bool // whoever asks may edit events
	brief  func(*attendance.Brief)
	asked  []string // what the limiter was asked
}

type nobody struct{}

func (nobody) Session(context.Context, string) (web.Session, bool, error) {
	return web.Session{}, false, nil
}

// Brief implements attendance.Events.
func (d *desk) Brief(_ *web.Call, e id.Event) (attendance.Brief, error) {
	if !d.known[e] || d.hidden[e] {
		return attendance.Brief{}, fault.NotFound("event.not_found", "There is no such event, or it is not public.")
	}
	b := attendance.Brief{
		ID: e, Title: "Riverside clean-up", Start: d.clock.Now().Add(eventIn), End: d.clock.Now().Add(eventIn + eventFor), Day: "9 May", When: "10:00", Where: "Old Bridge",
		State: "confirmed",
	}
	if d.brief != nil {
		d.brief(&b)
	}
	return b, nil
}

// Held implements attendance.Events.
func (d *desk) Held(c *web.Call, e id.Event) (attendance.Brief, error) {
	if !d.known[e] {
		return d.Brief(c, e)
	}
	was := d.hidden[e]
	d.hidden[e] = false
	defer func() { d.hidden[e] = was }()
	return d.Brief(c, e)
}

// Edits implements attendance.Events.
func (d *desk) Edits(c *web.Call, e id.Event) (attendance.Brief, error) {
	b, err := d.Brief(c, e)
	if err == nil && !d.edits {
		err = fault.Forbidden("authz.forbidden", "Your role does not allow this.")
	}
	return b, err
}

// Allow implements attendance.Limiter.
func (d *desk) Allow(bucket, subject string) (bool, time.Duration) {
	d.asked = append(d.asked, bucket+" "+subject)
	return d.limit == nil, 90 * time.Second
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	return newDeskOf(t, newHall(t, dbtest.SQLite(t), filepath.Join(t.TempDir(), "keys.db")))
}

func newDeskOf(t *testing.T, h *hall) *desk {
	t.Helper()
	d := &desk{hall: h, t: t, known: map[id.Event]bool{}, hidden: map[id.Event]bool{}}
	bundle, err := i18n.Load(true)
	if err != nil {
		t.Fatal(err)
	}
	d.site, err = web.New(web.Options{
		Clock: h.clock, IDs: h.ids, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Locales: bundle,
	}, nobody{})
	if err != nil {
		t.Fatal(err)
	}
	w := &attendance.Web{Service: h.Service, Events: d, Limiter: d, Mail: true, Client: func(*web.Call) string { return "corner" }}
	w.Mount(d.site)
	return d
}

// event publishes one with a capacity and returns the address of its form.
func (d *desk) event(capacity int) (fact.EventChanged, string) {
	d.t.Helper()
	c := d.publish(d.t, func(c *fact.EventChanged) { c.Capacity = capacity })
	d.known[c.Event] = true
	return c, "/events/" + string(c.Event) + "/attend"
}

type reply struct {
	code   int
	body   string
	header http.Header
}

func (d *desk) do(r *http.Request) reply {
	d.t.Helper()
	w := httptest.NewRecorder()
	d.site.ServeHTTP(w, r)
	if w.Code >= 500 {
		d.t.Errorf("%s %s: status %d", r.Method, r.URL, w.Code)
	}
	return reply{w.Code, w.Body.String(), w.Header()}
}

func (d *desk) request(method, path string, body io.Reader) *http.Request {
	r := httptest.NewRequestWithContext(d.t.Context(), method, "http://localhost"+path, body)
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

func (d *desk) get(path string) reply { d.t.Helper(); return d.do(d.request("GET", path, nil)) }

func (d *desk) post(path string, pairs ...string) reply {
	d.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return d.do(d.request("POST", path, strings.NewReader(v.Encode())))
}

// arrive fills in the form and returns the address of the private page.
func (d *desk) arrive(form string, pairs ...string) string {
	d.t.Helper()
	r := d.post(form, append([]string{"key", d.ids.Secret()}, pairs...)...)
	to, new := strings.CutSuffix(r.header.Get("Location"), "?new=1")
	if r.code != http.StatusSeeOther || !new || !strings.HasPrefix(to, form+"/") {
		d.t.Fatalf("%d to %q\n%s", r.code, r.header.Get("Location"), r.body)
	}
	return to
}

func (r reply) want(t *testing.T, code int, texts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("status %d, want %d", r.code, code)
	}
	for _, s := range texts {
		if !strings.Contains(r.body, s) {
			t.Errorf("no %q in\n%s", s, r.body)
		}
	}
	if !strings.Contains(r.header.Get("Cache-Control"), "no-store") {
		t.Errorf("Cache-Control %q", r.header.Get("Cache-Control"))
	}
}

// keyField and requestID match what differs between two answers that tell the
// same.
var (
	keyField  = regexp.MustCompile(`name="key" value="([0-9a-z]{26})"`)
	requestID = regexp.MustCompile(`\b[0-9a-z]{12}\b`)
)

func TestFormHasAFreshKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, form := d.event(0)
	seen := map[string]bool{}
	for range 5 {
		r := d.get(form)
		r.want(t, 200, "I’m coming")
		m := keyField.FindStringSubmatch(r.body)
		if m == nil || !id.ValidSecret(m[1]) || seen[m[1]] {
			t.Fatalf("key %q", m)
		}
		seen[m[1]] = true
		if r.header.Get("ETag") != "" {
			t.Error("a form with a secret has an ETag")
		}
	}
}

func TestErrorsAreBesideTheirFields(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(15)
	key := d.ids.Secret()
	for _, x := range []struct{ party, email, field, message string }{
		{"0", "", "party", "from 1 to 20"},
		{"21", "", "party", "from 1 to 20"},
		{"x", "", "party", "from 1 to 20"},
		{"", "", "party", "from 1 to 20"},
		{"99999999999999999999", "", "party", "from 1 to 20"},
		{"16", "", "party", "room for 15 people"},
		{"2", "someone", "email", "does not look like an e-mail address"},
		{"2", "a@b@example.org", "email", "does not look like an e-mail address"},
		{"<b>", "\"><script>@example.org", "email", "does not look like an e-mail address"},
	} {
		r := d.post(form, "key", key, "party", x.party, "email", x.email, "need", "childcare")
		r.want(t, 422, `id="`+x.field+`-error"`, x.message, `value="`+key+`"`, `value="childcare" checked`)
		if got := inputValue(r.body, "party"); got != x.party {
			t.Errorf("the party is %q, typed %q", got, x.party)
		}
		if got := inputValue(r.body, "email"); got != x.email {
			t.Errorf("the address is %q, typed %q", got, x.email)
		}
	}
	if l := d.ledger(t, c.Event); len(l.Rows) != 0 {
		t.Errorf("%+v", l)
	}
	// The same key still works once everything is right.
	d.post(form, "key", key, "party", " 2 ", "email", " someone@example.org ").want(t, 303)
	rec, err := d.Find(t.Context(), c.Event, key)
	want := attendance.Record{State: attendance.Going, Party: 2, Email: "someone@example.org"}
	if df := cmp.Diff(want, rec); df != "" || err != nil {
		t.Error(df, err)
	}
}

var inputTag = regexp.MustCompile(`<input id="(\w+)"[^>]*? value="([^"]*)"`)

func inputValue(body, name string) string {
	for _, m := range inputTag.FindAllStringSubmatch(body, -1) {
		if m[1] == name {
			return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&amp;", "&").Replace(m[2])
		}
	}
	return "(no such field)"
}

func TestSentTwiceIsOneSignUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(0)
	key := d.ids.Secret()
	for range 3 {
		r := d.post(form, "key", key, "party", "2")
		r.want(t, 303)
		if to := r.header.Get("Location"); to != form+"/"+key+"?new=1" {
			t.Errorf("to %q", to)
		}
	}
	if l := d.ledger(t, c.Event); l.Going != 2 || len(l.Rows) != 1 {
		t.Errorf("%+v", l)
	}
}

func TestBrokenRequests(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(0)
	absent := "/events/" + d.ids.New() + "/attend"
	for _, k := range []string{"", "x", strings.Repeat("z", 25), strings.Repeat("é", 13), strings.Repeat("U", 26)} {
		d.post(form, "key", k, "party", "1").want(t, 400)
	}
	d.post(form, "party", "1").want(t, 400)
	d.get(absent).want(t, 404)
	d.post(absent, "key", d.ids.Secret(), "party", "1").want(t, 404)
	d.get("/events/nonsense/attend").want(t, 404)
	d.post("/events/nonsense/attend", "key", d.ids.Secret(), "party", "1").want(t, 404)
	long := d.request("POST", form, strings.NewReader("party=1&key="+d.ids.Secret()+"&email="+strings.Repeat("a", 300<<10)))
	d.do(long).want(t, 413, "Nothing was recorded")
	chunked := d.request("POST", form, strings.NewReader("party=1&key="+d.ids.Secret()))
	chunked.ContentLength, chunked.TransferEncoding = -1, []string{"chunked"}
	d.do(chunked).want(t, 411)
	for name, value := range map[string]string{"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"} {
		foreign := d.request("POST", form, strings.NewReader("party=1&key="+d.ids.Secret()))
		foreign.Header.Set(name, value)
		d.do(foreign).want(t, 403, "another site")
	}
	strange := d.request("GET", form, nil)
	strange.Host = "elsewhere.example"
	d.do(strange).want(t, 421)
	latin := d.request("POST", form, strings.NewReader("party=1&key="+d.ids.Secret()+"&email=%ff%fe"))
	d.do(latin).want(t, 400)
	plain := d.request("POST", form, strings.NewReader("party=1"))
	plain.Header.Set("Content-Type", "text/plain")
	d.do(plain).want(t, 400)
	if l := d.ledger(t, c.Event); len(l.Rows) != 0 || d.keyCount(t) != 0 {
		t.Errorf("something was stored: %+v", l)
	}
}

// Who holds a link of one event learns nothing at another: the answer is that
// for a link that never was.
func TestLinkOfAnotherEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, form := d.event(0)
	_, other := d.event(0)
	secret := d.arrive(form, "party", "2", "email", "someone@example.org")[len(form):]
	d.arrive(other, "party", "1")
	for _, tail := range []string{"", "/qr.png"} {
		d.get(form + secret + tail)
		there, never := d.get(other+secret+tail), d.get(other+"/"+d.ids.Secret()+tail)
		there.want(t, 404)
		if same(there.body) != same(never.body) || there.code != never.code {
			t.Errorf("%q tells more:\n%s\n%s", tail, there.body, never.body)
		}
	}
	there, never := d.post(other+secret, "party", "1"), d.post(other+"/"+d.ids.Secret(), "party", "1")
	there.want(t, 404)
	if same(there.body) != same(never.body) {
		t.Errorf("a change tells more:\n%s\n%s", there.body, never.body)
	}
	d.post(other+secret+"/cancel").want(t, 200)
	d.get(form+secret).want(t, 200, "someone@example.org")
}

// same takes out what differs at each request: its id, its address.
func same(body string) string {
	return requestID.ReplaceAllString(regexp.MustCompile(`[0-9a-z]{26}`).ReplaceAllString(body, "SECRET"), "ID")
}

func TestChangeAndCancel(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(3)
	mine := d.arrive(form, "party", "2", "need", "seating")
	d.get(mine+"?new=1").want(t, 200, "http://localhost"+mine, "You are coming")
	if r := d.get(mine); strings.Contains(r.body, "http://localhost"+mine) {
		t.Error("the link is shown again")
	}
	d.post(mine, "party", "4", "need", "seating").want(t, 422, "room for 3 people", `id="party-error"`)
	d.post(mine, "party", "x").want(t, 422, `id="party-error"`)
	d.post(mine, "party", "3", "need", "captions", "email", "someone@example.org").want(t, 303)
	d.get(mine).want(t, 200, `value="someone@example.org"`, `value="captions" checked`)
	waits := d.arrive(form, "party", "2")
	d.get(waits+"?new=1").want(t, 200, "You are waiting", "You are on the waiting list.")
	d.get(form).want(t, 200, "This event is full", "Wait for a place")
	for range 2 { // the second time as well
		d.post(mine+"/cancel").want(t, 200, "You are not coming")
	}
	d.get(mine).want(t, 404)
	d.get(waits).want(t, 200, "You are coming")
	if l := d.ledger(t, c.Event); l.Going != 2 || l.Waiting != 0 || len(l.Needs) != 0 {
		t.Errorf("%+v", l)
	}
}

func TestClosedEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(0)
	mine := d.arrive(form, "party", "2")
	c.OpensTo, c.Cancelled = false, true
	d.announce(t, c)
	d.get(form).want(t, 410, "closed")
	d.post(form, "key", d.ids.Secret(), "party", "1").want(t, 410, "Nothing was recorded")
	d.post(mine, "party", "1").want(t, 410)
	// A retry of what was recorded is answered as before, and one may still leave.
	d.post(form, "key", mine[len(form)+1:], "party", "2").want(t, 303)
	d.get(mine).want(t, 200)
	d.post(mine+"/cancel").want(t, 200)
}

// An event that became hidden takes no sign-ups, and does not tell that it is
// there.
func TestHiddenEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(0)
	d.hidden[c.Event] = true
	c.OpensTo = false // as events say when a group is suspended
	d.announce(t, c)
	absent := "/events/" + d.ids.New() + "/attend"
	for _, f := range []func(string) reply{
		d.get,
		func(to string) reply { return d.post(to, "key", d.ids.Secret(), "party", "1") },
		func(to string) reply { return d.post(to, "key", d.ids.Secret(), "party", "0") },
	} {
		hidden, never := f(form), f(absent)
		hidden.want(t, 404)
		if same(hidden.body) != same(never.body) {
			t.Errorf("it tells:\n%s\n%s", hidden.body, never.body)
		}
	}
	if l := d.ledger(t, c.Event); len(l.Rows) != 0 {
		t.Errorf("%+v", l)
	}
}

func TestTooOften(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c, form := d.event(0)
	d.limit = io.EOF
	r := d.post(form, "key", d.ids.Secret(), "party", "1")
	r.want(t, 429, "it will not count twice")
	if r.header.Get("Retry-After") != "90" || !strings.Contains(d.asked[0], "attend "+string(c.Event)+" corner") {
		t.Errorf("%v, %q", r.header, d.asked)
	}
	if l := d.ledger(t, c.Event); len(l.Rows) != 0 {
		t.Errorf("%+v", l)
	}
}
