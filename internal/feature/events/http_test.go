package events_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/feature/events"
	"convoke/internal/geo/basemap"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// cookieIsName signs in whoever the cookie names.
type cookieIsName struct{}

func (cookieIsName) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: "s", Actor: authz.Actor{Person: id.Person(secret), Handle: secret}}, true, nil
}

type noMap struct{}

func (noMap) Draw(context.Context, io.Writer, basemap.Picture) error { return nil }
func (noMap) MaxZoom() int                                           { return 7 }
func (noMap) Credit() string                                         { return "" }

type noPictures struct{}

func (noPictures) Save(*web.Call, string) (string, error)                   { return "", nil }
func (noPictures) Get(*web.Call, string) ([]byte, string, error)            { return nil, "", web.ErrNotFound() }
func noPanel(*web.Call, *events.Event, events.Can) (events.Fragment, error) { return "", nil }

// pagesOf serves the feature's pages of a new database.
type pagesOf struct {
	*fixture
	t    *testing.T
	site *web.Site
}

func newPages(t *testing.T) *pagesOf {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	p := &pagesOf{t: t, fixture: setUp(t, dbtest.Open(t, dbtest.SQLite(t), c))}
	locales, err := i18n.Load(true)
	if err != nil {
		t.Fatal(err)
	}
	p.site, err = web.New(web.Options{
		Clock: c, IDs: id.NewSource(c, nil), Locales: locales, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}, cookieIsName{})
	if err != nil {
		t.Fatal(err)
	}
	p.db.OnTouch(p.site.Cache().Touch)
	(&events.Web{Service: p.Service, Map: noMap{}, Pictures: noPictures{}, Attend: noPanel}).Mount(p.site)
	return p
}

func (p *pagesOf) get(path string) *httptest.ResponseRecorder { return p.as("", path) }

func (p *pagesOf) as(person, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
	if person != "" {
		r.AddCookie(&http.Cookie{Name: "convoke", Value: person})
	}
	w := httptest.NewRecorder()
	p.site.ServeHTTP(w, r)
	return w
}

// add publishes an event on a day.
func (p *pagesOf) add(key, day string) id.Event {
	p.t.Helper()
	in := input()
	in.StartDate = day
	e, err := p.Create(p.t.Context(), olga, "g1", key, in)
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

func TestNextPageKeepsTheLimit(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for i := range 5 {
		p.add(fmt.Sprint("k", i), fmt.Sprintf("2026-06-%02d", i+1))
	}
	for _, path := range []string{"/events?limit=2", "/events.csv?limit=2"} {
		w := p.get(path)
		_, rest, ok := strings.Cut(w.Body.String(), `rel="next" href="`)
		to, _, _ := strings.Cut(strings.ReplaceAll(rest, "&amp;", "&"), `"`)
		if link := w.Header().Get("Link"); link != "" {
			to, _, ok = strings.Cut(strings.TrimPrefix(link, "<http://localhost"), ">")
		}
		if !ok || !strings.Contains(to, "limit=2") {
			t.Fatalf("%s leads to %q", path, to)
		}
		next := p.get(to).Body.String()
		if strings.HasPrefix(path, "/events.csv") {
			if got := strings.Count(next, "\r\n"); got != 3 {
				t.Errorf("%s has %d lines, want a header and two", to, got)
			}
		} else if got := strings.Count(next, "<article"); got != 2 {
			t.Errorf("%s has %d events, want 2", to, got)
		}
	}
}

// Who follows the header Link of a feed comes by every event once.
func TestFeedsLeadOnToTheEnd(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	var all []string
	for i := range 5 {
		all = append(all, string(p.add(fmt.Sprint("k", i), fmt.Sprintf("2026-06-%02d", i+1))))
	}
	for path, item := range map[string]string{
		"/events.ics": `(?m)^UID:(\w+)@`, "/events.csv": `(?m)/events/(\w+)`, "/events.atom": `<id>[^<]*/events/(\w+)</id>`,
		"/events.geojson": `"id":"(\w+)"`,
	} {
		each, leads := regexp.MustCompile(item), regexp.MustCompile(`^<http://localhost(/[^>]+)>; rel="next"$`)
		var got []string
		var sizes []int
		for next := path + "?limit=2&kind=mutual_aid"; next != ""; {
			if len(sizes) == 9 {
				t.Fatalf("%s never ends", path)
			}
			w := p.get(next)
			found := each.FindAllStringSubmatch(w.Body.String(), -1)
			sizes, next = append(sizes, len(found)), ""
			for _, m := range found {
				got = append(got, m[1])
			}
			if link := w.Header().Get("Link"); link != "" {
				m := leads.FindStringSubmatch(link)
				if m == nil || !strings.HasPrefix(m[1], path+"?") || !strings.Contains(m[1], "kind=mutual_aid") {
					t.Fatalf("%s leads to %q", path, link)
				}
				next = m[1]
			}
		}
		if !slices.Equal(got, all) || !slices.Equal(sizes, []int{2, 2, 1}) {
			t.Errorf("%s has %q in parts of %v, want %q", path, got, sizes, all)
		}
	}
}

func TestCalendarSaysWhatIsWrongWithTheMonth(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, month := range []string{"garbage", "2026-13", "1066-10", "2399-01"} {
		w := p.get("/calendar?month=" + month)
		if w.Code != 422 || !strings.Contains(w.Body.String(), "Write the month as year-month, such as 2026-11.") {
			t.Errorf("%s: %d %s", month, w.Code, w.Body)
		}
	}
	if w := p.get("/calendar?month=2026-06"); w.Code != 200 || !strings.Contains(w.Body.String(), "June 2026") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// What the map on an event's page loads has the event, also when it is over or
// a draft that only its group may see.
func TestMapOfAnEventHasTheEvent(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	in := input()
	in.State = events.Draft
	draft, err := p.Create(t.Context(), olga, "g1", "draft", in)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who    string
		e      id.Event
		public bool
	}{{"", p.add("past", "2026-01-02"), true}, {"", p.add("coming", "2026-06-02"), true}, {"mia", draft, false}} {
		page := p.as(c.who, "/events/"+string(c.e)).Body.String()
		_, rest, _ := strings.Cut(page, `data-src="`)
		src, _, _ := strings.Cut(rest, `"`)
		w := p.as(c.who, src+"?bbox=1,2,3,4")
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"coordinates":[12.3`) || !strings.Contains(w.Body.String(), string(c.e)) {
			t.Errorf("%q answers %d %s", src, w.Code, w.Body)
		}
		if got := p.get(src).Code == 200; got != c.public {
			t.Errorf("%s: visible to strangers: %v", src, got)
		}
	}
}

// Only a page with a map may do what the map library needs.
func TestContentPolicy(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	e := p.add("k", "2026-06-02")
	for path, hasMap := range map[string]bool{
		"/": true, "/events": true, "/events?near=Lima": true, "/events/" + string(e): true,
		"/calendar": false, "/events?when=past": false, "/events.geojson": false, "/events/absent": false,
	} {
		for range 2 { // the second time from the cache
			w := p.get(path)
			policy := w.Header().Get("Content-Security-Policy")
			if got := strings.Contains(w.Body.String(), "data-map"); got != hasMap {
				t.Errorf("%s has a map: %v", path, got)
			}
			if !strings.Contains(policy, "require-trusted-types-for 'script'") || strings.Contains(policy, "blob:") {
				t.Errorf("%s: %q", path, policy)
			}
			for _, part := range []string{"img-src 'self' data:", "worker-src 'self'", "trusted-types default"} {
				if strings.Contains(policy, part) != hasMap {
					t.Errorf("%s: %q", path, policy)
				}
			}
			if !hasMap && !strings.Contains(policy, "trusted-types 'none'") {
				t.Errorf("%s: %q", path, policy)
			}
		}
	}
}

// Whoever edits an event could bring it back into the lists.
func TestSuspendedGroupCannotBringItsEventsBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		e, err := f.Create(t.Context(), olga, "g1", "k", input())
		if err != nil {
			t.Fatal(err)
		}
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), "update event set listed = $1", false) // as GroupSuspended does
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		deps := f.Deps
		deps.Groups = groupsFake{suspended: true}
		s := events.New(deps)
		in := input()
		in.Title = "Back again"
		for what, err := range map[string]error{
			"update":  s.Update(t.Context(), olga, e, 0, in),
			"picture": s.SetPicture(t.Context(), olga, e, ""),
			"create":  func() error { _, err := s.Create(t.Context(), olga, "g1", "k2", in); return err }(),
		} {
			if !fault.Is(err, fault.KindForbidden) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if r, err := s.Search(t.Context(), events.Query{All: true, Limit: 10}); err != nil || len(r.Events) != 0 {
			t.Errorf("%d events are listed, %v", len(r.Events), err)
		}
	})
}
