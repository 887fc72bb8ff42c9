package turnout

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

type oneSession struct{}

func (oneSession) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: "s", Actor: authz.Actor{Person: id.Person(secret), Handle: secret}}, true, nil
}

// stubEvents knows one event, which began in 2024.
type stubEvents struct{ id id.Event }

func (s stubEvents) About(_ context.Context, _ *db.Tx, by authz.Actor, e id.Event) (About, authz.Subject, error) {
	if e != s.id {
		return About{}, authz.Subject{}, web.ErrNotFound()
	}
	var sub authz.Subject
	if by.Person == "org" {
		sub.Role = authz.Organizer
	}
	return About{Event: e, Title: "Harbour <day>", Spot: &Spot{20240105, "US", "IL"}, Start: day.Time(20240105)}, sub, nil
}

type stand struct {
	t    *testing.T
	db   *db.DB
	web  *Web
	site *web.Site
	e    id.Event
}

func newStand(t *testing.T) *stand {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	locales, err := i18n.Load(true)
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t: t, db: dbtest.Open(t, dbtest.SQLite(t), c), e: "01hzzzzzzzzzzzzzzzzzzzzzzz"}
	ids := id.NewSource(c, nil)
	s.web = &Web{New(Deps{DB: s.db, IDs: ids, Events: stubEvents{s.e}})}
	s.site, err = web.New(web.Options{Clock: c, IDs: ids, Locales: locales, Dev: true, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}, oneSession{})
	if err != nil {
		t.Fatal(err)
	}
	s.db.OnTouch(s.site.Cache().Touch)
	s.web.Mount(s.site)
	s.site.Handle("GET /panel", func(c *web.Call) error {
		h, err := s.web.Panel(c, s.e, c.Query().Get("add") != "")
		if err != nil {
			return err
		}
		return c.Write(200, "text/html", []byte(h))
	})
	err = s.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into event (seq, id, at_key, uid, title, description, description_html, kind, state, listed, starts_at,
			ends_at, zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes, access_no,
			access_note, capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at)
			values (1, $1, 1, '', '', '', '', 'rally', 'confirmed', $2, 0, 0, 'UTC', $2, 20240105, '', '', '', 'IL', 'US', 'none', '', '',
			0, 0, '', 0, '', '', '', '', 0, '', 0, 0)`, string(s.e), true)
		if err != nil {
			return err
		}
		return s.web.Set(t.Context(), tx, s.e, nil, &Spot{20240105, "US", "IL"}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stand) get(path, person string) (int, string) { return s.do("GET", path, person, nil) }

func (s *stand) do(method, path, person string, form url.Values) (int, string) {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if person != "" {
		r.AddCookie(&http.Cookie{Name: "convoke", Value: person})
	}
	w := httptest.NewRecorder()
	s.site.ServeHTTP(w, r)
	if l := w.Header().Get("Location"); l != "" {
		return w.Code, l
	}
	return w.Code, w.Body.String()
}

var keyField = regexp.MustCompile(`name="key" value="([^"]+)"`)

func TestForm(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	path := "/events/" + string(s.e) + "/turnout/new"
	if code, to := s.get(path, ""); code != 303 || !strings.HasPrefix(to, "/sign-in?next=") {
		t.Errorf("a visitor: %d %s", code, to)
	}
	if code, _ := s.get(path, "somebody"); code != 403 {
		t.Errorf("somebody else: %d", code)
	}
	for _, p := range []string{"/events/01haaaaaaaaaaaaaaaaaaaaaaa/turnout/new", "/events/x/turnout/new"} {
		if code, _ := s.get(p, "org"); code != 404 {
			t.Errorf("%s: %d", p, code)
		}
	}
	code, body := s.get(path, "org")
	m := keyField.FindStringSubmatch(body)
	if code != 200 || m == nil || !strings.Contains(body, "Harbour &lt;day&gt;") {
		t.Fatalf("form: %d\n%s", code, body)
	}
	bad := url.Values{"key": {m[1]}, "low": {"many <b>"}, "high": {"7"}, "method": {"grid"}, "source_name": {"The Courier"}}
	code, body = s.do("POST", path, "org", bad)
	for _, want := range []string{`value="many &lt;b&gt;"`, m[1], `value="grid" checked`, "Write a whole number of people from 0 to 20,000,000.", `href="#low"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the form again lacks %s", want)
		}
	}
	if code != 422 {
		t.Errorf("bad input: %d", code)
	}
	good := url.Values{
		"key": {m[1]}, "low": {"1200"}, "high": {"1800"}, "words": {"over <a> thousand"}, "method": {"grid"},
		"source_name": {"The Courier"}, "source_url": {"https://example.org/report"},
	}
	for range 2 {
		if code, to := s.do("POST", path, "org", good); code != 303 || to != "/events/"+string(s.e)+"#turnout" {
			t.Fatalf("good input: %d %s", code, to)
		}
	}
	_, panel := s.get("/panel", "")
	if n := strings.Count(panel, "<li>"); n != 1 {
		t.Errorf("%d estimates after a retry", n)
	}
	for _, want := range []string{
		"1,200–1,800", "“over &lt;a&gt; thousand”", "Counted by area and density", `<a href="https://example.org/report" rel="nofollow noopener">The Courier</a>`,
		`<progress max="1800" value="1800">`, `<progress max="1800" value="1200">`, "One source says so.",
	} {
		if !strings.Contains(panel, want) {
			t.Errorf("the panel lacks %s:\n%s", want, panel)
		}
	}
}

func (s *stand) say(es ...Estimate) {
	s.t.Helper()
	at := &Spot{20240105, "US", "IL"}
	err := s.db.Write(s.t.Context(), func(tx *db.Tx) error { return s.web.Set(s.t.Context(), tx, s.e, at, at, es) })
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestPanel(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	if _, body := s.get("/panel", ""); body != "" {
		t.Errorf("without an estimate a visitor sees %s", body)
	}
	if _, body := s.get("/panel?add=1", ""); !strings.Contains(body, "/turnout/new") {
		t.Errorf("an organizer is not asked for an estimate: %s", body)
	}
	s.say(Estimate{Low: 3, High: 9, SourceURL: "javascript:x", SourceName: "Us"}, Estimate{Low: 20, High: 30, Method: "eye", SourceURL: "https://www.example.org/"})
	_, body := s.get("/panel", "")
	for _, want := range []string{"fewer than ten", "From the lowest to the highest: 3–30.", "2 sources, side by side", "www.example.org</a>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the panel lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "Us</a>") || strings.Contains(body, "javascript") || strings.Contains(body, `value="9"`) {
		t.Errorf("the panel shows what it must not:\n%s", body)
	}
}

func TestTotalsPage(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	_, body := s.get("/turnout", "")
	if !strings.Contains(body, "not known") || !strings.Contains(body, "This is not a census.") {
		t.Errorf("totals without an estimate:\n%s", body)
	}
	s.say(Estimate{Low: 1000, High: 2500}) // the cached page must change
	for path, wants := range map[string][]string{
		"/turnout":                           {"Jan 5, 2024", "1,000", "2,500", `href="/events?from=2024-01-05&amp;to=2024-01-05&amp;when=past"`, "/turnout?by=place"},
		"/turnout?by=place":                  {"Illinois", "January 2024", `/turnout?country=US&amp;month=2024-01&amp;region=IL"`},
		"/turnout?month=2024-01&country=us":  {"2,500"},
		"/turnout?month=2023-01":             {"Nothing found."},
		"/turnout?pseudo=en-XA":              {"<h1>"},
		"/turnout?country=%3Cscript%3E":      {"&lt;script&gt;"},
		"/turnout?limit=1&before=2024-01-06": {"2,500"},
	} {
		code, body := s.get(path, "")
		if code != 200 {
			t.Errorf("%s: %d", path, code)
		}
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q:\n%s", path, want, body)
			}
		}
	}
	for _, path := range []string{"/turnout?month=soon", "/turnout?limit=0", "/turnout?before=x", "/turnout?country=" + strings.Repeat("x", 200)} {
		if code, _ := s.get(path, ""); code != 422 {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	_, body := s.get("/turnout.json", "")
	if !strings.Contains(body, `"low":null`) {
		t.Errorf("no estimate is not null: %s", body)
	}
	s.say(Estimate{Low: 1000, High: 2500})
	_, body = s.get("/turnout.json?limit=1", "")
	var got jsonTotals
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Rows) != 1 || got.Rows[0].Day != "2024-01-05" || *got.Rows[0].High != 2500 || got.Note == "" {
		t.Errorf("%v\n%s", err, body)
	}
	_, body = s.get("/turnout.csv", "")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(rows) != 2 || strings.Join(rows[1], " ") != "2024-01-05 1 0 1000 2500" {
		t.Errorf("%v\n%s", err, body)
	}
	_, body = s.get("/turnout.csv?by=place", "")
	if !strings.Contains(body, "2024-01,US,IL,1,0,1000,2500") {
		t.Errorf("by place:\n%s", body)
	}
	if code, body := s.get("/turnout.json?month=soon", ""); code != 422 || !strings.Contains(body, `"turnout.month"`) {
		t.Errorf("%d %s", code, body)
	}
	if got := safeCell("=1+1"); got != "'=1+1" {
		t.Errorf("a formula stays %q", got)
	}
}

func FuzzParsePeople(f *testing.F) {
	for _, s := range []string{"1200", "1,200", "1 200", "1.5", "", "-3", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := parsePeople(s); ok && (n < 0 || n > maxPeople) {
			t.Errorf("%q is %d", s, n)
		}
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("month=2024-01&country=us&region=il&before=2024-01-02&limit=5")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		q, err := ParseQuery(v, pageSize)
		if err != nil {
			return
		}
		again, err := ParseQuery(q.Values(), pageSize)
		if err != nil || again.Values().Encode() != q.Values().Encode() {
			t.Errorf("%q is read as %q, then %q, %v", s, q.Values().Encode(), again.Values().Encode(), err)
		}
	})
}
