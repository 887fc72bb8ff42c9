package petitions

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/notify/notifytest"
	"convoke/internal/print"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/tile"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// olga and olaf organize the group, mia is a member of it, otto a stranger.
var (
	olga = authz.Actor{Person: "olga", Handle: "olga"}
	olaf = authz.Actor{Person: "olaf", Handle: "olaf"}
	mia  = authz.Actor{Person: "mia", Handle: "mia"}
	otto = authz.Actor{Person: "otto", Handle: "otto"}
)

// fakeGroups knows one group.
type fakeGroups struct {
	suspended bool
	asked     atomic.Int64 // by id
}

func (f *fakeGroups) ByID(_ context.Context, _ *db.Tx, g id.Group) (Group, error) {
	f.asked.Add(1)
	return Group{ID: g, Handle: "riverside", Name: "Riverside Neighbours", Zone: "Europe/Berlin", Langs: []string{"en"}, Suspended: f.suspended}, nil
}

func (f *fakeGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (Group, error) {
	if h != "riverside" {
		return Group{}, web.ErrNotFound()
	}
	return f.ByID(ctx, tx, "g1")
}

func (*fakeGroups) Role(_ context.Context, _ *db.Tx, _ id.Group, p id.Person) (authz.Role, error) {
	return map[id.Person]authz.Role{"olga": authz.Organizer, "olaf": authz.Organizer, "mia": authz.Member}[p], nil
}

func (*fakeGroups) People(context.Context, *db.Tx, id.Group) ([]string, error) {
	return []string{"mia", "olaf", "olga"}, nil
}

// fakeCampaigns knows one campaign of the group and one of others.
type fakeCampaigns struct{}

func (fakeCampaigns) ByHandle(_ context.Context, _ *db.Tx, h string) (Campaign, error) {
	if h != "open-doors" && h != "of-others" {
		return Campaign{}, web.ErrNotFound()
	}
	return Campaign{ID: id.Campaign(h), Handle: h, Title: "Open doors"}, nil
}

func (f fakeCampaigns) ByID(ctx context.Context, tx *db.Tx, c id.Campaign) (Campaign, error) {
	return f.ByHandle(ctx, tx, string(c))
}

func (fakeCampaigns) Owns(_ context.Context, _ *db.Tx, c id.Campaign, _ id.Group) (bool, error) {
	return c == "open-doors", nil
}

// cookieIsName signs in whoever the cookie names.
type cookieIsName struct{}

func (cookieIsName) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: "s", Actor: authz.Actor{Person: id.Person(secret), Handle: secret}}, true, nil
}

// heard collects facts that were committed, and mail.
type heard struct {
	mu    sync.Mutex
	facts []any
	mail  []notify.Message
}

func (h *heard) Emit(_ context.Context, tx *db.Tx, f any) error {
	tx.OnCommit(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.facts = append(h.facts, f)
	})
	return nil
}

func (h *heard) Send(_ context.Context, m notify.Message) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	m.Text = notifytest.Plain(m)
	h.mail = append(h.mail, m)
	return nil
}

type never struct{}

func (never) Allow(string, string) (bool, time.Duration) { return true, 0 }

type stand struct {
	*Web
	*recordtest.Stand
	t      *testing.T
	boxes  *box.Boxes
	groups *fakeGroups
	heard  heard
	jobs   *job.Queue
	site   *web.Site
	ids    *id.Source
}

func setUp(t *testing.T, r *recordtest.Stand) *stand {
	t.Helper()
	s := &stand{Stand: r, t: t, groups: &fakeGroups{}, ids: id.NewSource(r.Clock, nil)}
	s.boxes = box.New(box.Deps{DB: r.DB, Vault: r.Vault, Record: r.Record, Sets: keyset.New(r.DB, s.ids.New), Clock: r.Clock})
	t.Cleanup(s.boxes.Stop)
	locales := webtest.Locales(t)
	press := print.New(locales)
	s.jobs = job.New(r.DB, r.Clock, webtest.Log(t))
	s.Web = &Web{
		Service: New(Deps{
			DB: r.DB, IDs: s.ids, Vault: r.Vault, Clock: r.Clock, Groups: s.groups, Campaigns: fakeCampaigns{}, Boxes: s.boxes, Facts: &s.heard,
			Mail: &Mail{Jobs: s.jobs, Sender: &s.heard, Locales: locales, BaseURL: "https://node.example"},
		}),
		Limiter: never{}, Print: press, Client: func(*web.Call) string { return "" },
	}
	s.boxes.Listener = s.Service
	err := r.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
			values ('g1', 'riverside', 'r', 'r', '', '', '', '', '', $1, $1, 0)`, false)
		if err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), `insert into campaign (id, handle, form, title, lang, statement, statement_html, dates, first_day, last_day, picture,
			picture_alt, state, shown, points, template, sequence, created_at, updated_at)
			values ('open-doors', 'open-doors', 'f', 'Open doors', 'en', '', '', '', 0, 0, '', '', 'open', $1, 0, 0, 0, 0, 0)`, true)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.site = webtest.New(t, r.Clock, cookieIsName{})
	r.DB.OnTouch(s.site.Cache().Touch)
	s.Mount(s.site)
	s.site.Handle("GET /panel", func(c *web.Call) error {
		h, err := s.GroupPanel(c, "g1")
		if err != nil {
			return err
		}
		return c.Write(200, "text/html", []byte(h))
	})
	s.site.Handle("GET /after/{box}", func(c *web.Call) error {
		b, err := leaf.ParseID(c.Param("box"))
		if err != nil {
			return err
		}
		h, err := s.After(c, b)
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
	dir := t.TempDir()
	return setUp(t, recordtest.Open(t, dbtest.SQLite(t), filepath.Join(dir, "keys.db"), filepath.Join(dir, "head.json")))
}

func each(t *testing.T, f func(t *testing.T, s *stand)) {
	t.Helper()
	recordtest.Each(t, func(t *testing.T, r *recordtest.Stand) { f(t, setUp(t, r)) })
}

func (s *stand) visitor() *webtest.Browser { return webtest.NewBrowser(s.t, s.site) }

func (s *stand) as(a authz.Actor) *webtest.Browser { return s.visitor().WithSession(string(a.Person)) }

// some is an input that is accepted.
func some(title string) Input {
	return Input{
		Addressee: "The town council", Title: title, Markdown: "Keep it **open**.", Lang: "en", Stages: "2, 3", Gate: box.GateBrowser, Closes: "2026-06-01",
	}
}

// form is an input as a browser posts it.
func form(in Input, more ...string) []string {
	return append([]string{
		"addressee", in.Addressee, "title", in.Title, "markdown", in.Markdown, "lang", in.Lang, "stages", in.Stages, "gate", in.Gate,
		"opens", in.Opens, "closes", in.Closes, "campaign", in.Campaign, "slug", in.Slug,
	}, more...)
}

func (s *stand) draft(in Input) string {
	s.t.Helper()
	slug, err := s.Create(s.t.Context(), olga, "riverside", s.ids.Secret(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	return slug
}

func (s *stand) opened(in Input) string {
	s.t.Helper()
	slug := s.draft(in)
	s.must(s.OpenUp(s.t.Context(), olga, slug, 0, ""))
	return slug
}

func (s *stand) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) want(err error, code string) {
	s.t.Helper()
	if !fault.HasCode(err, code) && (fault.Of(err) == nil || fault.Of(err).Code != code) {
		s.t.Errorf("got %v, want %s", err, code)
	}
}

func (s *stand) get(slug string) Petition {
	s.t.Helper()
	var p Petition
	s.must(s.read(func(tx *db.Tx) (err error) {
		p, err = bySlug(s.t.Context(), tx, slug)
		return err
	}))
	return p
}

func (s *stand) read(f func(tx *db.Tx) error) error { return s.Stand.DB.Read(s.t.Context(), f) }

func (s *stand) count(q string, args ...any) (n int) {
	s.t.Helper()
	s.must(s.read(func(tx *db.Tx) error { return tx.Get(s.t.Context(), q, args, &n) }))
	return n
}

func (s *stand) numbers(slug string) (n box.Numbers) {
	s.t.Helper()
	s.must(s.read(func(tx *db.Tx) (err error) {
		n, err = s.boxes.Numbers(s.t.Context(), tx, s.get(slug).Box)
		return err
	}))
	return n
}

// credential is what somebody gets at an open gate; it gives out one.
func (s *stand) credential(slug string) *boxtest.Voter {
	s.t.Helper()
	i, err := s.boxes.Info(s.t.Context(), s.get(slug).Box)
	s.must(err)
	v, err := boxtest.Anybody(s.t.Context(), s.boxes, i, s.ids.Secret())
	s.must(err)
	return v
}

func (s *stand) cast(v *boxtest.Voter) {
	s.t.Helper()
	_, err := s.boxes.Cast(s.t.Context(), v.Box.ID, v.Signs())
	s.must(err)
}

func (s *stand) signed(slug string, n int) {
	s.t.Helper()
	for range n {
		s.cast(s.credential(slug))
	}
}

// notes are what the node's log says of a box, in order.
func (s *stand) notes(b leaf.ID) []string {
	s.t.Helper()
	var out []string
	s.must(s.read(func(tx *db.Tx) error {
		n, err := record.Size(s.t.Context(), tx, record.NodeLog)
		if err != nil {
			return err
		}
		f, err := record.File(s.t.Context(), tx, record.NodeLog, tile.Name{Level: tile.Entries, Width: int(n)})
		if err != nil {
			return err
		}
		all, err := tile.ReadEntries(f, int(n))
		for _, x := range all {
			if l, err := leaf.DecodeNote(x); err == nil && l.Box == b {
				out = append(out, string(l.JSON))
			}
		}
		return err
	}))
	return out
}

func (s *stand) say(md string) SayInput { return SayInput{Key: s.ids.Secret(), Markdown: md} }

func fieldNames(err error) []string {
	var out []string
	if e := fault.Of(err); e != nil {
		for _, f := range e.Fields {
			out = append(out, f.Name)
		}
	}
	return out
}
