package statements

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// olga organizes both groups, mia is a member of them, otto a stranger.
var (
	olga = authz.Actor{Person: "olga", Handle: "olga"}
	mia  = authz.Actor{Person: "mia", Handle: "mia"}
	otto = authz.Actor{Person: "otto", Handle: "otto"}
)

// fakeGroups knows two groups, by id and handle.
type fakeGroups struct{ suspended map[id.Group]bool }

func (f *fakeGroups) ByID(_ context.Context, _ *db.Tx, g id.Group) (Group, error) {
	x := Group{ID: g, Handle: "riverside", Name: "Riverside Neighbours", Zone: "Europe/Berlin", Langs: []string{"en", "de"}, Suspended: f.suspended[g]}
	if g == "g2" {
		x.Handle, x.Name = "harbour", "Harbour <Choir>"
	}
	return x, nil
}

func (f *fakeGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (Group, error) {
	g, ok := map[string]id.Group{"riverside": "g1", "harbour": "g2"}[h]
	if !ok {
		return Group{}, web.ErrNotFound()
	}
	return f.ByID(ctx, tx, g)
}

func (*fakeGroups) Role(_ context.Context, _ *db.Tx, _ id.Group, p id.Person) (authz.Role, error) {
	return map[id.Person]authz.Role{"olga": authz.Organizer, "mia": authz.Member}[p], nil
}

// fakeCampaigns knows one campaign, which the first group owns, and one of others.
type fakeCampaigns struct {
	hidden bool
	left   bool // the first group has
}

func (f *fakeCampaigns) ByHandle(_ context.Context, _ *db.Tx, h string) (Campaign, error) {
	if f.hidden || h != "open-doors" && h != "of-others" {
		return Campaign{}, web.ErrNotFound()
	}
	return Campaign{ID: id.Campaign("c-" + h), Handle: h, Title: "Open <doors>"}, nil
}

func (f *fakeCampaigns) ByID(ctx context.Context, tx *db.Tx, c id.Campaign) (Campaign, error) {
	return f.ByHandle(ctx, tx, strings.TrimPrefix(string(c), "c-"))
}

func (f *fakeCampaigns) Owns(_ context.Context, _ *db.Tx, c id.Campaign, g id.Group) (bool, error) {
	return c == "c-open-doors" && g == "g1" && !f.left, nil
}

// cookieIsName signs in whoever the cookie names.
type cookieIsName struct{}

func (cookieIsName) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: "s", Actor: authz.Actor{Person: id.Person(secret), Handle: secret}}, true, nil
}

// onePicture keeps whatever is sent.
type onePicture struct{}

func (onePicture) Save(c *web.Call, field string) (string, error) {
	f, _, err := c.R.FormFile(field)
	if err != nil {
		return "", nil
	}
	return "picturekey", f.Close()
}

// heard collects facts.
type heard struct {
	mu  sync.Mutex
	all []any
}

func (h *heard) Emit(_ context.Context, _ *db.Tx, f any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, f)
	return nil
}

type stand struct {
	*Web
	t      *testing.T
	clock  *clock.Manual
	groups *fakeGroups
	camps  *fakeCampaigns
	facts  heard
	site   *web.Site
	db     *db.DB
}

func setUp(t *testing.T, d *db.DB, c *clock.Manual) *stand {
	t.Helper()
	s := &stand{t: t, clock: c, groups: &fakeGroups{map[id.Group]bool{}}, camps: &fakeCampaigns{}, db: d}
	s.Web = &Web{New(Deps{DB: d, IDs: id.NewSource(c, nil), Groups: s.groups, Campaigns: s.camps, Facts: &s.facts}), onePicture{}}
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for g, h := range map[string]string{"g1": "riverside", "g2": "harbour"} {
			if _, err := tx.Exec(t.Context(), `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
				values ($1, $2, $2, $2, '', '', '', '', '', $3, $3, 0)`, g, h, false); err != nil {
				return err
			}
		}
		for _, h := range []string{"open-doors", "of-others"} {
			if _, err := tx.Exec(t.Context(), `insert into campaign (id, handle, form, title, lang, statement, statement_html, dates, first_day, last_day,
				picture, picture_alt, state, shown, points, template, sequence, created_at, updated_at)
				values ('c-' || $1, $1, $1, 'C', 'en', '', '', '', 0, 0, '', '', 'open', $2, 0, 0, 0, 0, 0)`, h, true); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.site = webtest.New(t, c, cookieIsName{})
	d.OnTouch(s.site.Cache().Touch)
	s.Mount(s.site)
	s.site.Handle("GET /panel", func(c *web.Call) error {
		h, err := s.GroupPanel(c, id.Group(c.Query().Get("g")))
		if err != nil {
			return err
		}
		return c.Write(200, "text/html", []byte(h))
	})
	s.site.Handle("GET /campaigns/{handle}", func(c *web.Call) error {
		h, err := s.CampaignPanel(c, id.Campaign("c-"+c.Param("handle")), c.Param("handle"))
		if err != nil {
			return err
		}
		return c.Write(200, "text/html", []byte(h))
	})
	return s
}

// onSQLite is a stand for what has nothing to do with the engine.
func onSQLite(t *testing.T) *stand {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	return setUp(t, dbtest.Open(t, dbtest.SQLite(t), c), c)
}

func each(t *testing.T, f func(t *testing.T, s *stand)) {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	dbtest.EachClock(t, c, func(t *testing.T, d *db.DB) { f(t, setUp(t, d, c)) })
}

func (s *stand) visitor() *webtest.Browser { return webtest.NewBrowser(s.t, s.site) }

func (s *stand) as(a authz.Actor) *webtest.Browser { return s.visitor().WithSession(string(a.Person)) }

// some is an input that is accepted.
func some(title string) Input {
	return Input{Title: title, Markdown: "We **say** so.", Lang: "en", Day: "2026-05-01", State: Published}
}

func (s *stand) publish(handle string, in Input) ID {
	s.t.Helper()
	sid, err := s.Create(s.t.Context(), olga, handle, s.IDs.Secret(), in)
	if err != nil {
		s.t.Fatalf("%s: %v", in.Title, err)
	}
	return sid
}

func (s *stand) get(by authz.Actor, sid ID) (Statement, error) {
	var f Found
	err := s.db.Read(s.t.Context(), func(tx *db.Tx) error {
		var err error
		f, err = s.Get(s.t.Context(), tx, by, sid)
		return err
	})
	return f.Statement, err
}

func (s *stand) titles(q Query) []string {
	s.t.Helper()
	q.Limit = max(q.Limit, 1)
	r, err := s.Find(s.t.Context(), q)
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for i := range r.Statements {
		out = append(out, r.Statements[i].In(q.Lang).Title)
	}
	return out
}

// suspend does what groups do: they change, and say so.
func (s *stand) suspend(g id.Group, yes bool) {
	s.t.Helper()
	s.groups.suspended[g] = yes
	err := s.db.Write(s.t.Context(), func(tx *db.Tx) error {
		return s.GroupSuspended(s.t.Context(), tx, fact.GroupSuspended{Group: g, Suspended: yes})
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// hide does what campaigns do when the last of their owners is suspended.
func (s *stand) hide(yes bool) {
	s.t.Helper()
	s.camps.hidden = yes
	err := s.db.Write(s.t.Context(), func(tx *db.Tx) error {
		tx.Touch("campaigns")
		return s.CampaignShown(s.t.Context(), tx, fact.CampaignShown{Campaign: "c-open-doors", Shown: !yes})
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func fieldNames(err error) []string {
	var out []string
	if e := fault.Of(err); e != nil {
		for _, f := range e.Fields {
			out = append(out, f.Name)
		}
	}
	return out
}

// form is an input as a browser posts it.
func form(in Input, more ...string) []string {
	return append([]string{
		"title", in.Title, "markdown", in.Markdown, "lang", in.Lang, "day", in.Day, "byline", in.Byline, "tags", in.Tags,
		"picture_alt", in.PictureAlt, "campaign", in.Campaign, "state", string(in.State),
	}, more...)
}

func asQuery(s string) url.Values {
	v, _ := url.ParseQuery(s)
	return v
}
