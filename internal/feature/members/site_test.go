package members

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/notify/notifytest"
	"convoke/internal/seal"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// fakeGroups reads members from the database; what it says of groups can be changed.
type fakeGroups struct{ all map[string]*Group }

func (f *fakeGroups) ByID(_ context.Context, _ *db.Tx, g id.Group) (Group, error) {
	if x := f.all[string(g)]; x != nil {
		return *x, nil
	}
	return Group{}, web.ErrNotFound()
}

func (f *fakeGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (Group, error) {
	return f.ByID(ctx, tx, id.Group(h))
}

func (f *fakeGroups) Member(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (r authz.Role, since int, err error) {
	err = tx.Get(ctx, "select role, since_day from member where group_id = $1 and person_id = $2", []any{string(g), string(p)}, &r, &since)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return r, since, err
}

func (f *fakeGroups) Stewards(ctx context.Context, tx *db.Tx, g id.Group) ([]id.Person, error) {
	return db.Column[id.Person](ctx, tx, "select person_id from member where group_id = $1 and role = 'steward' order by person_id", string(g))
}

func (f *fakeGroups) Stewarding(ctx context.Context, tx *db.Tx, p id.Person) ([]id.Group, error) {
	return db.Column[id.Group](ctx, tx, "select group_id from member where person_id = $1 and role = 'steward' order by group_id", string(p))
}

func (f *fakeGroups) Handles(ctx context.Context, tx *db.Tx, all []id.Person) (map[id.Person]string, error) {
	out := map[id.Person]string{}
	for _, p := range all {
		h, err := db.Column[string](ctx, tx, "select handle from person where id = $1", string(p))
		if err != nil {
			return nil, err
		}
		if len(h) > 0 {
			out[p] = h[0]
		}
	}
	return out, nil
}

func (f *fakeGroups) MakeSteward(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	_, err := tx.Exec(ctx, "update member set role = 'steward' where group_id = $1 and person_id = $2", string(g), string(p))
	return err
}

// addresses are those of everybody but ned.
type addresses struct{}

func (addresses) Reach(_ context.Context, p id.Person) (string, string, error) {
	if p == "ned" {
		return "", "", nil
	}
	return string(p) + "@example.org", "en", nil
}

// outbox keeps what is sent.
type outbox struct {
	mu  sync.Mutex
	all []notify.Message
}

func (o *outbox) Send(_ context.Context, m notify.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	m.Text = notifytest.Plain(m)
	o.all = append(o.all, m)
	return nil
}

// take returns and forgets what was sent, by address.
func (o *outbox) take() map[string]notify.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string]notify.Message{}
	for _, m := range o.all {
		out[m.To] = m
	}
	o.all = nil
	return out
}

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
	vault  *seal.Vault
	sent   *outbox
	mu     sync.Mutex
	audit  []string
	site   *web.Site
}

func newFixture(t *testing.T, url string) *fixture {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	d := dbtest.Open(t, url, c)
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
	f := &fixture{t: t, clock: c, groups: &fakeGroups{all: map[string]*Group{}}, sent: &outbox{}}
	if f.vault, err = seal.Open(keys, seal.BootKey{1}, c); err != nil {
		t.Fatal(err)
	}
	f.Web = &Web{New(Deps{
		DB: d, IDs: id.NewSource(c, nil), Entropy: rand.Reader, Vault: f.vault, Groups: f.groups, Jobs: job.New(d, c, webtest.Log(t)),
		Audit: func(_ context.Context, _ *db.Tx, by id.Person, action, subject string) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.audit = append(f.audit, string(by)+": "+action+" "+subject)
			return nil
		},
		Post:  &Post{Addresses: addresses{}, Sender: f.sent, Locales: webtest.Locales(t), BaseURL: "https://example.org"},
		First: func(context.Context, *db.Tx, id.Group) ([]string, error) { return []string{"Set up chairs"}, nil },
		Meetings: []NextMeeting{
			func(c *web.Call, _ id.Group) (Meeting, bool, error) {
				return Meeting{Title: "Later", URL: "/events/2", Start: c.Now().AddDate(0, 0, 9)}, true, nil
			},
			func(c *web.Call, _ id.Group) (Meeting, bool, error) {
				return Meeting{Title: "Open assembly", URL: "/assemblies/1", When: "tomorrow", Where: "Leipzig", Start: c.Now().AddDate(0, 0, 1)}, true, nil
			},
			func(*web.Call, id.Group) (Meeting, bool, error) { return Meeting{Title: "None"}, false, nil },
		},
	})}
	f.fill(d)
	f.site = webtest.New(t, c, sessions{})
	d.OnTouch(f.site.Cache().Touch)
	f.Mount(f.site)
	f.site.Handle("GET /panels", func(c *web.Call) error {
		a, err := f.GroupPanel(c, "riverside")
		if err == nil && !c.Actor().Visitor() {
			var b any
			b, err = f.MinePanel(c)
			_ = b
		}
		if err != nil {
			return err
		}
		return c.Write(200, "text/html; charset=utf-8", []byte("<main>"+string(a)+"</main>"))
	})
	return f
}

// fill makes the group riverside with its members, and hill with eve.
func (x *fixture) fill(d *db.DB) {
	x.t.Helper()
	err := d.Write(x.t.Context(), func(tx *db.Tx) error {
		ctx := x.t.Context()
		for _, g := range []string{"riverside", "hill"} {
			x.groups.all[g] = &Group{ID: id.Group(g), Handle: g, Name: strings.ToUpper(g), Joining: "request"}
			_, err := tx.Exec(ctx, `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
				values ($1, $1, $1, $1, '', '', '', 'UTC', '', $2, $2, 0)`, g, false)
			if err != nil {
				return err
			}
		}
		for _, m := range []struct {
			who, group string
			role       authz.Role
			since      int
		}{
			{"sam", "riverside", authz.Steward, 20250101}, {"olga", "riverside", authz.Organizer, 20250101}, {"mia", "riverside", authz.Member, 20250101},
			{"ned", "riverside", authz.Member, 20260501}, {"eve", "hill", authz.Steward, 20250101},
		} {
			if _, err := tx.Exec(ctx, "insert into person (id, handle, pass, operator, suspended, locale, created_day) values ($1, $1, '', $2, $2, '', 0)", m.who, false); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "insert into member (group_id, person_id, role, since_day) values ($1, $2, $3, $4)", m.group, m.who, string(m.role), m.since); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
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

func (x *fixture) write(do func(tx *db.Tx) error) {
	x.t.Helper()
	if err := x.DB.Write(x.t.Context(), do); err != nil {
		x.t.Fatal(err)
	}
}

func (x *fixture) exec(q string, args ...any) {
	x.t.Helper()
	x.write(func(tx *db.Tx) error {
		_, err := tx.Exec(x.t.Context(), q, args...)
		return err
	})
}

func (x *fixture) count(q string, args ...any) (n int) {
	x.t.Helper()
	err := x.DB.Read(x.t.Context(), func(tx *db.Tx) error { return tx.Get(x.t.Context(), q, args, &n) })
	if err != nil {
		x.t.Fatal(err)
	}
	return n
}

func (x *fixture) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

// days lets some pass, with what runs by itself at their end.
func (x *fixture) days(n int) {
	x.t.Helper()
	x.clock.Add(time.Duration(n) * 24 * time.Hour)
	x.must(errors.Join(x.Tick(x.t.Context()), x.Expire(x.t.Context()), x.SendDigests(x.t.Context())))
	x.jobs()
}

func (x *fixture) jobs() {
	x.t.Helper()
	_, err := x.Jobs.RunPending(x.t.Context())
	x.must(err)
}

// noted are the audited actions since the last look.
func (x *fixture) noted() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := slices.Clone(x.audit)
	x.audit = nil
	return out
}

// told makes the news that the digest tells: of a group, on a day.
func told(g id.Group, on int, title string) News {
	return func(_ context.Context, in id.Group, from, until time.Time, _ *i18n.Locale) ([]Item, error) {
		if d := day.Time(on); in != g || d.Before(from) || !d.Before(until) {
			return nil, nil
		}
		return []Item{{Kind: i18n.Mark("New event"), Title: title, URL: "/events/1"}}, nil
	}
}
