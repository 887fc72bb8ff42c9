package groups

import (
	"context"
	"fmt"
	"html/template"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// fakePlaces knows one Leipzig and three Springfields.
type fakePlaces struct{}

func (fakePlaces) Find(query string, limit int) []geo.Place {
	var out []geo.Place
	for _, p := range []geo.Place{
		{Name: "Leipzig", Country: "DE", Zone: "Europe/Berlin", Point: geo.Point{Lat: 51.34, Lon: 12.37}, Precision: geo.PrecisionLocality},
		{Name: "Springfield", Region: "MO", Country: "US", Zone: "America/Chicago", Point: geo.Point{Lat: 37.2, Lon: -93.3}, Precision: geo.PrecisionLocality},
		{Name: "Springfield", Region: "IL", Country: "US", Zone: "America/Chicago", Point: geo.Point{Lat: 39.8, Lon: -89.6}, Precision: geo.PrecisionLocality},
		{Name: "Springfield", Region: "IL", Country: "US", Zone: "America/Chicago", Point: geo.Point{Lat: 39.9, Lon: -89.6}, Precision: geo.PrecisionLocality},
	} {
		if q := geo.Fold(query); (q == geo.Fold(p.Name) || q == geo.Fold(p.Label())) && len(out) < limit {
			out = append(out, p)
		}
	}
	return out
}

// fakeInvitations keeps open links in memory; they outlive an undone
// transaction, which no test here relies on.
type fakeInvitations struct {
	mu   sync.Mutex
	n    int
	open map[id.Group][]Invitation
	by   map[string]id.Person
}

func (f *fakeInvitations) Invite(_ context.Context, tx *db.Tx, g id.Group, role authz.Role, by id.Person, ttl time.Duration, key string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	iid := fmt.Sprint("inv", f.n)
	f.open[g] = append(f.open[g], Invitation{iid, role, tx.Now().Add(ttl)})
	f.by[iid] = by
	return "secret-" + iid, nil
}

func (f *fakeInvitations) Open(_ context.Context, _ *db.Tx, g id.Group) ([]Invitation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Invitation(nil), f.open[g]...), nil
}

func (f *fakeInvitations) Revoke(_ context.Context, _ *db.Tx, g id.Group, iid string, _ id.Person) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, o := range f.open[g] {
		if o.ID == iid {
			f.open[g] = append(f.open[g][:i:i], f.open[g][i+1:]...)
			return true, nil
		}
	}
	return false, nil
}

func (f *fakeInvitations) RevokeBy(_ context.Context, _ *db.Tx, g id.Group, maker id.Person) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var left []Invitation
	for _, o := range f.open[g] {
		if f.by[o.ID] != maker {
			left = append(left, o)
		}
	}
	f.open[g] = left
	return nil
}

// heard collects audit and facts.
type heard struct {
	mu  sync.Mutex
	all []string
}

func (h *heard) add(s string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, s)
}

func (h *heard) Emit(_ context.Context, _ *db.Tx, f any) error {
	h.add(fmt.Sprintf("%T", f))
	return nil
}

func (h *heard) audit(_ context.Context, _ *db.Tx, _ id.Person, action, _ string) error {
	h.add(action)
	return nil
}

type fixture struct {
	*Service
	t     *testing.T
	clock *clock.Manual
	inv   *fakeInvitations
	heard *heard
	vault *seal.Vault
}

// vaultFor opens keys in a folder of their own.
func vaultFor(t *testing.T, c *clock.Manual) *seal.Vault {
	t.Helper()
	keys, err := db.Open(t.Context(), db.Options{
		URL: filepath.Join(t.TempDir(), "keys.db"), Migrations: migrations.Keys, Clock: c, CacheKiB: 512, SecureDelete: true, Log: webtest.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	if _, err := keys.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := seal.Open(keys, seal.BootKey{1}, c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newFixture(t *testing.T, d *db.DB, c *clock.Manual) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: c, heard: &heard{}, inv: &fakeInvitations{open: map[id.Group][]Invitation{}, by: map[string]id.Person{}}}
	f.vault = vaultFor(t, c)
	f.Service = New(Deps{
		Vault: f.vault,
		DB:    d, IDs: id.NewSource(c, nil), Places: fakePlaces{}, Fold: geo.Fold,
		Invitations: f.inv, Facts: f.heard, Audit: f.heard.audit, Prove: func(*web.Call, *web.Form) error { return nil },
	})
	return f
}

// each runs f on both engines.
func each(t *testing.T, f func(t *testing.T, x *fixture)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(dbtest.Now)
			url := ""
			if engine == "sqlite" {
				url = dbtest.SQLite(t)
			} else {
				url = dbtest.Postgres(t)
			}
			f(t, newFixture(t, dbtest.Open(t, url, c), c))
		})
	}
}

// person makes an account.
func (x *fixture) person(handle string) authz.Actor {
	x.t.Helper()
	p := id.Person(x.IDs.New())
	err := x.DB.Write(x.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(x.t.Context(), "insert into person (id, handle, pass, operator, suspended, locale, created_day) values ($1, $2, '', $3, $3, '', 0)",
			string(p), handle, false)
		return err
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return authz.Actor{Person: p, Handle: handle}
}

// group starts one.
func (x *fixture) group(by authz.Actor, handle, name string) id.Group {
	x.t.Helper()
	g, err := x.Create(x.t.Context(), CreateInput{Name: name, Handle: handle, Place: "Leipzig", Langs: []string{"de", "en"}, About: "**Hello**"}, by)
	if err != nil {
		x.t.Fatal(err)
	}
	return g
}

// join makes somebody a member.
func (x *fixture) join(g id.Group, by authz.Actor, role authz.Role) {
	x.t.Helper()
	err := x.DB.Write(x.t.Context(), func(tx *db.Tx) error { return x.Join(x.t.Context(), tx, g, by.Person, Admission{Role: string(role)}) })
	if err != nil {
		x.t.Fatal(err)
	}
}

// role asks the database.
func (x *fixture) role(g id.Group, by authz.Actor) (r authz.Role) {
	x.t.Helper()
	err := x.DB.Read(x.t.Context(), func(tx *db.Tx) error {
		var err error
		r, err = x.Role(x.t.Context(), tx, g, by.Person)
		return err
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return r
}

// fakeSessions signs in whoever sends a handle as the cookie.
type fakeSessions struct {
	mu     sync.Mutex
	actors map[string]authz.Actor
}

func (f *fakeSessions) Session(_ context.Context, secret string) (web.Session, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, ok := f.actors[secret]
	return web.Session{ID: secret, Actor: a}, ok, nil
}

// node is a running site with the feature's routes, on SQLite.
type node struct {
	*fixture
	site     *web.Site
	sessions *fakeSessions
}

func newNode(t *testing.T) *node {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	d := dbtest.Open(t, dbtest.SQLite(t), c)
	n := &node{fixture: newFixture(t, d, c), sessions: &fakeSessions{actors: map[string]authz.Actor{}}}
	n.Panels = []Panel{func(_ *web.Call, g id.Group) (template.HTML, error) {
		return template.HTML(`<p class="panel">` + string(g) + `</p>`), nil
	}}
	n.site = webtest.New(t, c, n.sessions)
	d.OnTouch(n.site.Cache().Touch)
	n.Mount(n.site)
	return n
}

func (n *node) browser() *webtest.Browser { return webtest.NewBrowser(n.t, n.site) }

// as is a browser of somebody who is signed in.
func (n *node) as(a authz.Actor) *webtest.Browser {
	n.sessions.mu.Lock()
	defer n.sessions.mu.Unlock()
	n.sessions.actors[a.Handle] = a
	return n.browser().WithSession(a.Handle)
}
