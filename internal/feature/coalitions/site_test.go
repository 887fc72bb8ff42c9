package coalitions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// fakeGroups keeps groups in the real tables, as the feature of groups does.
type fakeGroups struct {
	ids  *id.Source
	left func(ctx context.Context, tx *db.Tx, f fact.MemberLeft) error
	over func(ctx context.Context, tx *db.Tx, f fact.GroupEnded) error
}

const selectGroups = "select id, handle, name, zone, suspended, ended_at > 0 from groups "

func scanGroup(scan func(...any) error) (Group, error) {
	var g Group
	return g, scan(&g.ID, &g.Handle, &g.Name, &g.Zone, &g.Suspended, &g.Ended)
}

func (fakeGroups) get(ctx context.Context, tx *db.Tx, column, value string) (Group, error) {
	g, err := one(db.Query(ctx, tx, selectGroups+"where "+column+" = $1", []any{value}, scanGroup))
	return g, absent(err)
}

func (f fakeGroups) ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error) {
	return f.get(ctx, tx, "id", string(g))
}

func (f fakeGroups) ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error) {
	return f.get(ctx, tx, "handle", handle)
}

func (f fakeGroups) ByIDs(ctx context.Context, tx *db.Tx, all []id.Group) (out []Group, err error) {
	for _, g := range all {
		x, err := f.ByID(ctx, tx, g)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (fakeGroups) Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error) {
	all, err := db.Column[authz.Role](ctx, tx, "select role from member where group_id = $1 and person_id = $2", string(g), string(p))
	if len(all) == 0 {
		return authz.None, err
	}
	return all[0], err
}

func (fakeGroups) Roles(ctx context.Context, tx *db.Tx, p id.Person) (map[id.Group]authz.Role, error) {
	out := map[id.Group]authz.Role{}
	err := tx.Each(ctx, "select group_id, role from member where person_id = $1", []any{string(p)}, func(scan func(...any) error) error {
		var g id.Group
		var r authz.Role
		err := scan(&g, &r)
		out[g] = r
		return err
	})
	return out, err
}

func (fakeGroups) Organizes(ctx context.Context, tx *db.Tx, p id.Person) ([]Group, error) {
	all, err := db.Query(ctx, tx, `select g.id, g.handle, g.name, g.zone, g.suspended, g.ended_at > 0 from groups g join member m on m.group_id = g.id
		where m.person_id = $1 and m.role <> 'member' order by g.name_folded`, []any{string(p)}, scanGroup)
	return slices.DeleteFunc(all, func(g Group) bool { return !g.acts() }), err
}

func (fakeGroups) Member(ctx context.Context, tx *db.Tx, g id.Group, handle string) (id.Person, error) {
	p, err := one(db.Column[id.Person](ctx, tx, "select p.id from person p join member m on m.person_id = p.id where m.group_id = $1 and p.handle = $2",
		string(g), handle))
	return p, absent(err)
}

func (f fakeGroups) Found(ctx context.Context, tx *db.Tx, in NewGroup, _ authz.Actor) (id.Group, error) {
	g := id.Group(f.ids.New())
	if in.Handle == "" || in.Name == "" {
		return "", fault.Invalid(fault.Field("handle", "handle.missing", "Choose a handle."))
	}
	if _, err := f.ByHandle(ctx, tx, in.Handle); err == nil {
		return "", fault.Invalid(fault.Field("handle", "group.handle_taken", "Another group has this handle. Choose another one."))
	}
	_, err := tx.Exec(ctx, `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
		values ($1, $2, $3, $3, '', '', '', 'Europe/Berlin', '', $4, $4, 0)`, string(g), in.Handle, in.Name, false)
	return g, err
}

func (fakeGroups) PlaceChoices(*web.Form, error) []web.Choice { return nil }

func (f fakeGroups) Close(ctx context.Context, tx *db.Tx, g id.Group) error {
	if _, err := tx.Exec(ctx, "update groups set ended_at = $2 where id = $1", string(g), clock.Micros(tx.Now())); err != nil {
		return err
	}
	return f.over(ctx, tx, fact.GroupEnded{Group: g, Ended: true})
}

func (fakeGroups) Seat(ctx context.Context, tx *db.Tx, g id.Group, p id.Person, r authz.Role) error {
	_, err := tx.Exec(ctx, `insert into member (group_id, person_id, role, since_day) values ($1, $2, $3, $4)
		on conflict (group_id, person_id) do update set role = excluded.role`, string(g), string(p), string(r), day.Of(tx.Now()))
	return err
}

func (f fakeGroups) Unseat(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	n, err := tx.Exec(ctx, "delete from member where group_id = $1 and person_id = $2", string(g), string(p))
	if err != nil || n == 0 {
		return err
	}
	return f.left(ctx, tx, fact.MemberLeft{Group: g, Person: p})
}

func (fakeGroups) Stewards(ctx context.Context, tx *db.Tx, g id.Group) (n int, err error) {
	err = tx.Get(ctx, "select count(*) from member where group_id = $1 and role = 'steward'", []any{string(g)}, &n)
	return n, err
}

func (fakeGroups) Others(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) ([]id.Person, error) {
	return db.Column[id.Person](ctx, tx, "select person_id from member where group_id = $1 and person_id <> $2", string(g), string(p))
}

// heard collects the mandates that ended, and how many seats the group had left when
// each was told.
type heard struct {
	mu    sync.Mutex
	ended []fact.MandateEnded
	left  []int
	bars  []string // what was decided in vain, and why
}

func (h *heard) Emit(ctx context.Context, tx *db.Tx, f any) error {
	if bar, ok := f.(fact.NotCarriedOut); ok {
		tx.OnCommit(func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.bars = append(h.bars, strings.TrimSpace(string(bar.Why)+" "+bar.Option))
		})
		return nil
	}
	x := f.(fact.MandateEnded)
	left, err := heldIn(ctx, tx, x.Coalition, x.Group)
	tx.OnCommit(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.ended, h.left = append(h.ended, x), append(h.left, len(left))
	})
	return err
}

type fixture struct {
	*Service
	t      testing.TB
	clock  *clock.Manual
	groups fakeGroups
	heard  *heard
}

func newFixture(t testing.TB, d *db.DB, c *clock.Manual) *fixture {
	x := &fixture{t: t, clock: c, heard: &heard{}}
	ids := id.NewSource(c, nil)
	x.groups = fakeGroups{
		ids:  ids,
		left: func(ctx context.Context, tx *db.Tx, f fact.MemberLeft) error { return x.MemberLeft(ctx, tx, f) },
		over: func(ctx context.Context, tx *db.Tx, f fact.GroupEnded) error { return x.GroupEnded(ctx, tx, f) },
	}
	x.Service = New(Deps{
		DB: d, IDs: ids, Groups: x.groups, Facts: x.heard,
		Audit: func(context.Context, *db.Tx, id.Person, string, string) error { return nil },
	})
	return x
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

func (x *fixture) write(f func(tx *db.Tx) error) {
	x.t.Helper()
	if err := x.DB.Write(x.t.Context(), f); err != nil {
		x.t.Fatal(err)
	}
}

func (x *fixture) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *fixture) refused(err error, code string) {
	x.t.Helper()
	if !fault.HasCode(err, code) {
		x.t.Errorf("got %v, want %s", err, code)
	}
}

// person makes an account.
func (x *fixture) person(handle string) authz.Actor {
	x.t.Helper()
	a := authz.Actor{Person: id.Person(x.IDs.New()), Handle: handle}
	x.write(func(tx *db.Tx) error {
		_, err := tx.Exec(x.t.Context(), "insert into person (id, handle, pass, operator, suspended, locale, created_day) values ($1, $2, '', $3, $3, '', 0)",
			string(a.Person), handle, false)
		return err
	})
	return a
}

// group makes a group with an organizer and further members.
func (x *fixture) group(handle string, by authz.Actor, members ...authz.Actor) (g id.Group) {
	x.t.Helper()
	x.write(func(tx *db.Tx) error {
		ctx := x.t.Context()
		var err error
		if g, err = x.groups.Found(ctx, tx, NewGroup{Name: "The " + handle, Handle: handle}, by); err != nil {
			return err
		}
		if err := x.groups.Seat(ctx, tx, g, by.Person, authz.Steward); err != nil {
			return err
		}
		for _, m := range members {
			if err := x.groups.Seat(ctx, tx, g, m.Person, authz.Member); err != nil {
				return err
			}
		}
		return nil
	})
	return g
}

// valley is a coalition that a group starts.
func valley(group, handle string) Input {
	return Input{
		Settings: Settings{Weights: "group", Polls: "open", Entry: "apply", Seats: 3, Notice: 7},
		Group:    group, Band: 1, Name: "The " + handle, Handle: handle, Points: "We **share** the water.",
	}
}

// start makes a coalition of a group.
func (x *fixture) start(by authz.Actor, in Input) (handle string, c id.Group) {
	x.t.Helper()
	handle, err := x.Create(x.t.Context(), by, x.IDs.Secret(), in)
	x.must(err)
	return handle, x.id(handle)
}

func (x *fixture) id(handle string) (g id.Group) {
	x.t.Helper()
	x.write(func(tx *db.Tx) error {
		v, err := x.groups.ByHandle(x.t.Context(), tx, handle)
		g = v.ID
		return err
	})
	return g
}

// joins makes a group a member.
func (x *fixture) joins(group string, by authz.Actor, coalition string, host authz.Actor, band int) {
	x.t.Helper()
	x.must(x.Apply(x.t.Context(), by, coalition, group, Terms{Version: 1, Band: band}))
	x.must(x.Accept(x.t.Context(), host, coalition, group))
}

// sends appoints somebody, who accepts.
func (x *fixture) sends(group string, by authz.Actor, who authz.Actor, in AppointInput) string {
	x.t.Helper()
	in.Person = who.Handle
	did, err := x.Appoint(x.t.Context(), by, group, x.IDs.Secret(), in)
	x.must(err)
	x.must(x.Take(x.t.Context(), who, did))
	return did
}

// term is a mandate for a year in a coalition.
func (x *fixture) term(coalition string, seat int) AppointInput {
	return AppointInput{Coalition: coalition, Seat: seat, Mandate: Free, Day: x.clock.Now().AddDate(1, 0, 0).Format(time.DateOnly)}
}

// electorate is written as handle/seat/weight. All together weigh what is counted.
func (x *fixture) electorate(c id.Group) (out []string) {
	x.t.Helper()
	x.write(func(tx *db.Tx) error {
		all, err := x.Electorate(x.t.Context(), tx, c)
		out = nil
		sum := 0
		for _, s := range all {
			out = append(out, fmt.Sprintf("%s/%d/%d", s.Handle, s.Nth, s.Weight))
			sum += int(s.Weight)
		}
		n, failed := x.Weight(x.t.Context(), tx, c)
		if n != sum {
			x.t.Errorf("%v weigh %d, counted %d", out, sum, n)
		}
		return errors.Join(err, failed)
	})
	return out
}

func (x *fixture) role(g id.Group, a authz.Actor) (r authz.Role) {
	x.t.Helper()
	x.write(func(tx *db.Tx) (err error) {
		r, err = x.groups.Role(x.t.Context(), tx, g, a.Person)
		return err
	})
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
	n.site = webtest.New(t, c, n.sessions)
	d.OnTouch(n.site.Cache().Touch)
	(&Web{n.Service}).Mount(n.site)
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
