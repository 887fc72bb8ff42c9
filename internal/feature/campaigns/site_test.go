package campaigns

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// fakeGroups are real rows, with organizers kept in memory.
type fakeGroups struct {
	mu  sync.Mutex
	all []Group
	org map[id.Person][]id.Group
}

func (f *fakeGroups) find(ok func(Group) bool) (Group, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.all {
		if ok(g) {
			return g, nil
		}
	}
	return Group{}, web.ErrNotFound()
}

func (f *fakeGroups) ByID(_ context.Context, _ *db.Tx, g id.Group) (Group, error) {
	return f.find(func(x Group) bool { return x.ID == g })
}

func (f *fakeGroups) ByHandle(_ context.Context, _ *db.Tx, h string) (Group, error) {
	return f.find(func(x Group) bool { return x.Handle == h })
}

func (f *fakeGroups) ByIDs(ctx context.Context, tx *db.Tx, all []id.Group) (map[id.Group]Group, error) {
	out := map[id.Group]Group{}
	for _, g := range all {
		if x, err := f.ByID(ctx, tx, g); err == nil {
			out[g] = x
		}
	}
	return out, nil
}

func (f *fakeGroups) Organizes(_ context.Context, _ *db.Tx, p id.Person) ([]Group, error) {
	var out []Group
	for _, g := range f.org[p] {
		if x, err := f.ByID(context.Background(), nil, g); err == nil && !x.Suspended {
			out = append(out, x)
		}
	}
	return out, nil
}

func (f *fakeGroups) suspend(g id.Group, yes bool) {
	f.change(g, func(x *Group) { x.Suspended = yes })
}

func (f *fakeGroups) change(g id.Group, do func(x *Group)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.all {
		if f.all[i].ID == g {
			do(&f.all[i])
		}
	}
}

// fakeEvents notes what it is told.
type fakeEvents struct {
	mu     sync.Mutex
	made   map[id.Event]Event
	joined map[id.Event]id.Campaign
	told   []Template
}

func (f *fakeEvents) About(_ context.Context, _ *db.Tx, _ authz.Actor, e id.Event) (Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if x, ok := f.made[e]; ok {
		return x, nil
	}
	return Event{}, web.ErrNotFound()
}

func (f *fakeEvents) Join(_ context.Context, _ *db.Tx, e id.Event, c id.Campaign, _ Template) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joined[e] = c
	return nil
}

func (f *fakeEvents) Leave(_ context.Context, _ *db.Tx, e id.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.joined, e)
	return nil
}

func (f *fakeEvents) Retell(_ context.Context, _ *db.Tx, _ id.Campaign, now Template) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, now)
	return nil
}

func (f *fakeEvents) CheckTemplate(t Template) error {
	if t.Kind == "nonsense" {
		return fault.Invalid(fault.Field("kind", "event.kind_unknown", "Choose what kind of event it is."))
	}
	return nil
}

func (f *fakeEvents) CheckHost(h Host, _ Campaign, _ Template) error {
	if h.Near == "" {
		return fault.Invalid(fault.Field("near", "event.place_missing", "Say in which town it is."))
	}
	return nil
}

func (f *fakeEvents) Create(ctx context.Context, tx *db.Tx, g id.Group, key string, h Host, _ Campaign, _ Template) (id.Event, error) {
	return f.put(ctx, tx, "e-"+key, g, h.Near)
}

func (f *fakeEvents) put(ctx context.Context, tx *db.Tx, name string, g id.Group, title string) (id.Event, error) {
	_, err := tx.Exec(ctx, `insert into event (id, at_key, group_id, uid, title, description, description_html, kind, state, listed, starts_at, ends_at,
		zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes, access_no, access_note,
		capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at) values
		($1, (select coalesce(max(at_key), 0) + 1 from event), $2, $1, $3, '', '', 'assembly', 'confirmed', $4, 0, 1, 'UTC', $5, 20260101,
		'', '', '', '', '', '', '', 'en', 0, 0, '', 0, '', '', '', '', 0, '', 1, 2)`, name, string(g), title, true, false)
	f.mu.Lock()
	defer f.mu.Unlock()
	e := id.Event(name)
	f.made[e] = Event{ID: e, Group: g, Title: title, When: dbtest.Now, Where: "Leipzig"}
	return e, err
}

type fixture struct {
	*Service
	t      *testing.T
	clock  *clock.Manual
	groups *fakeGroups
	events *fakeEvents
	vault  *seal.Vault
	audit  []string
	told   []any // facts
}

// Emit implements Facts.
func (x *fixture) Emit(_ context.Context, _ *db.Tx, f any) error {
	x.told = append(x.told, f)
	return nil
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

func newFixture(t *testing.T, url string) *fixture {
	t.Helper()
	x := &fixture{
		t: t, clock: clock.NewManual(dbtest.Now), groups: &fakeGroups{org: map[id.Person][]id.Group{}},
		events: &fakeEvents{made: map[id.Event]Event{}, joined: map[id.Event]id.Campaign{}},
	}
	d := x.open(url, db.Options{Migrations: migrations.Main})
	keys := x.open(filepath.Join(t.TempDir(), "keys.db"), db.Options{Migrations: migrations.Keys, SecureDelete: true})
	var err error
	if x.vault, err = seal.Open(keys, seal.BootKey{1}, x.clock); err != nil {
		t.Fatal(err)
	}
	x.Service = New(Deps{
		DB: d, IDs: id.NewSource(x.clock, nil), Groups: x.groups, Events: x.events, Vault: x.vault, Facts: x,
		Audit: func(_ context.Context, _ *db.Tx, _ id.Person, action, _ string) error {
			x.audit = append(x.audit, action)
			return nil
		},
	})
	for _, h := range []string{"riverside", "hill", "harbour", "market"} {
		x.group(h)
	}
	return x
}

func (x *fixture) open(url string, o db.Options) *db.DB {
	x.t.Helper()
	o.URL, o.Clock, o.Log = url, x.clock, webtest.Log(x.t)
	d, err := db.Open(x.t.Context(), o)
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() {
		if err := d.Close(); err != nil {
			x.t.Error(err)
		}
	})
	if _, err := d.Migrate(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
	return d
}

func (x *fixture) write(f func(tx *db.Tx) error) {
	x.t.Helper()
	if err := x.DB.Write(x.t.Context(), f); err != nil {
		x.t.Fatal(err)
	}
}

// group makes a group with one organizer of the same name.
func (x *fixture) group(h string) {
	x.write(func(tx *db.Tx) error {
		_, err := tx.Exec(x.t.Context(), `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
			values ($1, $2, $2, $2, '', '', 'Leipzig, Germany', 'Europe/Berlin', 'en', $3, $3, 0)`, "g-"+h, h, false)
		return err
	})
	g := Group{ID: id.Group("g-" + h), Handle: h, Name: h, Place: "Leipzig, Germany"}
	x.groups.all = append(x.groups.all, g)
	x.groups.org[id.Person("p-"+h)] = []id.Group{g.ID}
}

// of is the organizer of a group.
func of(h string) authz.Actor { return authz.Actor{Person: id.Person("p-" + h), Handle: "p-" + h} }

func (x *fixture) key() string { return x.IDs.Secret() }

var careDay = Input{
	Handle: "day-of-care", Title: "Day of care", Statement: "We **care**.", Lang: "en", Dates: "2026-11-28\n2026-12-05 to 2026-12-26", State: Open,
}

// start makes a campaign that riverside owns.
func (x *fixture) start(in Input) string {
	x.t.Helper()
	h, err := x.Create(x.t.Context(), of("riverside"), "riverside", x.key(), in)
	if err != nil {
		x.t.Fatal(err)
	}
	return h
}

// event makes an event of a group.
func (x *fixture) event(name, group string) id.Event {
	x.t.Helper()
	var e id.Event
	x.write(func(tx *db.Tx) (err error) {
		e, err = x.events.put(x.t.Context(), tx, name, id.Group("g-"+group), "Clean-up")
		return err
	})
	return e
}

// see is the campaign as somebody sees it.
func (x *fixture) see(by authz.Actor, h string) (Campaign, error) {
	var c Campaign
	err := x.DB.Read(x.t.Context(), func(tx *db.Tx) (err error) {
		c, _, err = x.load(x.t.Context(), tx, by, h)
		return err
	})
	return c, err
}

func (x *fixture) owners(h string) map[id.Group]OwnerState {
	x.t.Helper()
	out := map[id.Group]OwnerState{}
	err := x.DB.Read(x.t.Context(), func(tx *db.Tx) error {
		c, err := campaignBy(x.t.Context(), tx, "handle", h)
		if err != nil {
			return err
		}
		all, err := ownersOf(x.t.Context(), tx, c.ID)
		for _, o := range all {
			out[o.Group] = o.State
		}
		return err
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return out
}

func (x *fixture) later(d time.Duration) { x.clock.Set(x.clock.Now().Add(d)) }

func (x *fixture) write2(f func(tx *db.Tx) error) error { return x.DB.Write(x.t.Context(), f) }

func keys(m map[id.Event]id.Campaign) []id.Event { return slices.Sorted(maps.Keys(m)) }
