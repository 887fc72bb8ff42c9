package tasks

import (
	"context"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/id"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// fakeGroups knows two groups, and who is what in the first.
type fakeGroups struct {
	groups map[string]Group
	roles  map[id.Person]authz.Role
}

func (f *fakeGroups) ByID(_ context.Context, _ *db.Tx, g id.Group) (Group, error) {
	return f.ByHandle(context.Background(), nil, string(g))
}

func (f *fakeGroups) ByHandle(_ context.Context, _ *db.Tx, h string) (Group, error) {
	if g, ok := f.groups[h]; ok {
		return g, nil
	}
	return Group{}, web.ErrNotFound()
}

func (f *fakeGroups) Role(_ context.Context, _ *db.Tx, g id.Group, p id.Person) (authz.Role, error) {
	if g != "riverside" {
		return authz.None, nil
	}
	return f.roles[p], nil
}

func (f *fakeGroups) Belongs(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (bool, error) {
	r, err := f.Role(ctx, tx, g, p)
	return r != authz.None, err
}

func (f *fakeGroups) Member(_ context.Context, _ *db.Tx, _ id.Group, h string) (id.Person, error) {
	if f.roles[id.Person(h)] != authz.None {
		return id.Person(h), nil
	}
	return "", web.ErrNotFound()
}

// sessions signs in whoever sends a handle as the cookie.
type sessions struct{}

func (sessions) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: secret, Actor: as(secret)}, true, nil
}

func as(handle string) authz.Actor { return authz.Actor{Person: id.Person(handle), Handle: handle} }

type fixture struct {
	*Web
	t      *testing.T
	clock  *clock.Manual
	groups *fakeGroups
	site   *web.Site
}

func newFixture(t *testing.T, url string) *fixture {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	d := dbtest.Open(t, url, c)
	f := &fixture{t: t, clock: c, groups: &fakeGroups{
		groups: map[string]Group{}, roles: map[id.Person]authz.Role{"sam": authz.Steward, "olga": authz.Organizer, "mia": authz.Member, "ned": authz.Member},
	}}
	f.Web = &Web{New(Deps{DB: d, IDs: id.NewSource(c, nil), Groups: f.groups})}
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for _, g := range []string{"riverside", "hill"} {
			f.groups.groups[g] = Group{ID: id.Group(g), Handle: g, Name: strings.ToUpper(g), Zone: "Europe/Berlin"}
			_, err := tx.Exec(t.Context(), `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
				values ($1, $1, $1, $1, '', '', '', 'UTC', '', $2, $2, 0)`, g, false)
			if err != nil {
				return err
			}
		}
		for _, p := range []string{"sam", "olga", "mia", "ned", "eve"} {
			_, err := tx.Exec(t.Context(), "insert into person (id, handle, pass, operator, suspended, locale, created_day) values ($1, $1, '', $2, $2, '', 0)", p, false)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.site = webtest.New(t, c, sessions{})
	d.OnTouch(f.site.Cache().Touch)
	f.Mount(f.site)
	f.site.Handle("GET /panels", func(c *web.Call) error {
		a, err := f.GroupPanel(c, "riverside")
		if err != nil {
			return err
		}
		b := a
		if !c.Actor().Visitor() {
			if b, err = f.MinePanel(c); err != nil {
				return err
			}
		}
		return c.Write(200, "text/html; charset=utf-8", []byte("<main>"+string(a)+"<hr>"+string(b)+"</main>"))
	})
	return f
}

// each runs f on both engines.
func each(t *testing.T, f func(t *testing.T, x *fixture)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newFixture(t, url(t)))
		})
	}
}

func (x *fixture) as(handle string) *webtest.Browser {
	b := webtest.NewBrowser(x.t, x.site)
	if handle == "" {
		return b
	}
	return b.WithSession(handle)
}

func (x *fixture) programs() *apitest.Client {
	site := webtest.New(x.t, x.clock, nil)
	x.MountAPI(apitest.Node(x.t, site))
	return apitest.New(x.t, site)
}

// add makes a task.
func (x *fixture) add(by, title string, mine bool) Task {
	x.t.Helper()
	t, err := x.Add(x.t.Context(), as(by), "riverside", Input{Key: x.IDs.Secret(), Title: title, Mine: mine})
	if err != nil {
		x.t.Fatal(err)
	}
	return t
}

func (x *fixture) act(by string, t Task, do Do, to string) (Task, error) {
	x.t.Helper()
	return x.Act(x.t.Context(), as(by), "riverside", t.ID, do, to)
}

func (x *fixture) write(do func(tx *db.Tx) error) {
	x.t.Helper()
	if err := x.DB.Write(x.t.Context(), do); err != nil {
		x.t.Fatal(err)
	}
}
