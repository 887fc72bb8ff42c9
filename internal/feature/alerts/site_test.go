package alerts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fact"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
	"convoke/internal/seal"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// fakeGroups reads members from the database; what it says of groups can be changed.
type fakeGroups struct{ all map[id.Group]*Group }

func (f *fakeGroups) ByID(_ context.Context, _ *db.Tx, g id.Group) (Group, error) {
	if x := f.all[g]; x != nil {
		return *x, nil
	}
	return Group{}, web.ErrNotFound()
}

func (f *fakeGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (Group, error) {
	return f.ByID(ctx, tx, id.Group(h))
}

func (f *fakeGroups) Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (r authz.Role, err error) {
	err = tx.Get(ctx, "select role from member where group_id = $1 and person_id = $2", []any{string(g), string(p)}, &r)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return r, err
}

func (f *fakeGroups) MemberOf(ctx context.Context, tx *db.Tx, p id.Person, role authz.Role) (out []Group, err error) {
	for g, x := range f.all {
		r, got := f.Role(ctx, tx, g, p)
		if err = errors.Join(err, got); r.AtLeast(role) {
			out = append(out, *x)
		}
	}
	return out, err
}

func (f *fakeGroups) Member(ctx context.Context, tx *db.Tx, g id.Group, h string) (id.Person, error) {
	if r, err := f.Role(ctx, tx, g, id.Person(h)); err != nil || r == authz.None {
		return "", errors.Join(err, web.ErrNotFound())
	}
	return id.Person(h), nil
}

func (f *fakeGroups) Chain(ctx context.Context, tx *db.Tx, p id.Person) ([]Link, error) {
	var out []Link
	err := tx.Each(ctx, "select group_id from member where person_id = $1", []any{string(p)}, func(scan func(...any) error) error {
		var g string
		err := scan(&g)
		out = append(out, Link{Group: id.Group(g), Person: p})
		return err
	})
	for i := 0; i < len(out) && err == nil; i++ {
		var by string
		err = tx.Get(ctx, "select coalesce(vouched_by, '') from member where group_id = $1 and person_id = $2", []any{string(out[i].Group), string(out[i].Person)}, &by)
		if out[i].Root = by == ""; by != "" {
			out = append(out, Link{Group: out[i].Group, Person: id.Person(by)})
		}
	}
	return out, err
}

// places knows two towns, and coordinates.
type places struct{}

func town(name string, lat, lon float64) geo.Place {
	return geo.Place{Name: name, Country: "DE", Point: geo.Point{Lat: lat, Lon: lon}, Zone: "Europe/Berlin", Precision: geo.PrecisionLocality}
}

func (places) Find(q string, _ int) []geo.Place {
	var lat, lon float64
	switch q = strings.TrimSpace(q); {
	case strings.HasPrefix(q, "Leipzig"):
		return []geo.Place{town("Leipzig", 51.34, 12.37)}
	case strings.HasPrefix(q, "Halle"):
		return []geo.Place{town("Halle", 51.48, 11.97)}
	}
	if n, _ := fmt.Sscanf(q, "%f, %f", &lat, &lon); n == 2 {
		return []geo.Place{town("", lat, lon)}
	}
	return nil
}

func (p places) Named(q string, n int) []geo.Place {
	if n, _ := fmt.Sscanf(q, "%f, %f", new(float64), new(float64)); n == 2 || q == "Leipzig" || q == "Halle" {
		return p.Find(q, n)
	}
	return nil
}

// lines keeps the public record's.
type lines struct{ all []leaf.AlertLine }

func (l *lines) Append(_ context.Context, tx *db.Tx, log string, leaves ...[]byte) (int64, error) {
	for _, b := range leaves {
		x, err := leaf.DecodeAlert(b)
		if err != nil || log != record.NodeLog {
			return 0, fmt.Errorf("%s: %w", log, err)
		}
		a, err := leaf.ParseAlert(x.JSON)
		if err != nil {
			return 0, err
		}
		tx.OnCommit(func() { l.all = append(l.all, a) })
	}
	return 0, nil
}

// heard keeps what goes out to people.
type heard struct{ all []fact.AlertSent }

func (h *heard) Emit(_ context.Context, tx *db.Tx, f any) error {
	if x, ok := f.(fact.AlertSent); ok {
		tx.OnCommit(func() { h.all = append(h.all, x) })
	}
	return nil
}

func as(handle string) authz.Actor {
	if handle == "" {
		return authz.Actor{}
	}
	return authz.Actor{Person: id.Person(handle), Handle: handle}
}

// fixture is a node with the groups hill and river. Of hill ada is the steward, who let in
// bo and cy; bo let in dee, dee let in eve. fay came into river by herself and let in gus.
type fixture struct {
	*Web
	t      testing.TB
	clock  *clock.Manual
	groups *fakeGroups
	vault  *seal.Vault
	lines  lines
	heard  heard
	site   *web.Site
	ids    *id.Source
}

func newFixture(t testing.TB, d *db.DB, c *clock.Manual) *fixture {
	t.Helper()
	keys, err := db.Open(context.Background(), db.Options{
		URL: filepath.Join(t.TempDir(), "keys.db"), Migrations: migrations.Keys, Clock: c, CacheKiB: 512, SecureDelete: true, Log: webtest.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close() })
	if _, err := keys.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, clock: c, ids: id.NewSource(c, nil)}
	if f.vault, err = seal.Open(keys, seal.BootKey{1}, c); err != nil {
		t.Fatal(err)
	}
	f.groups = &fakeGroups{map[id.Group]*Group{}}
	for _, h := range []string{"hill", "river"} {
		f.groups.all[id.Group(h)] = &Group{ID: id.Group(h), Handle: h, Name: strings.ToUpper(h[:1]) + h[1:], Zone: "Europe/Berlin"}
	}
	f.Web = &Web{Service: New(Deps{
		DB: d, IDs: f.ids, Entropy: rand.Reader, Vault: f.vault, Groups: f.groups, Places: places{}, Record: &f.lines, Facts: &f.heard, Jobs: job.New(d, c, webtest.Log(t)),
		Nearest: func(p geo.Point) (string, float64) {
			return "Leipzig, Germany", geo.Distance(p, geo.Point{Lat: 51.34, Lon: 12.37})
		},
		Audit: func(context.Context, *db.Tx, id.Person, string, string) error { return nil },
	})}
	f.Limiter, f.Pictures, f.Client, f.Locales = everybody{}, asSent{}, func(*web.Call) string { return "" }, webtest.Locales(t)
	f.site = webtest.New(t, c, sessions{})
	d.OnTouch(f.site.Cache().Touch)
	f.Mount(f.site)
	for _, g := range []string{"hill", "river"} {
		f.exec(`insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
			values ($1, $1, $1, $1, '', '', '', 'UTC', '', $2, $2, 0)`, g, false)
	}
	for _, m := range []struct{ group, who, role, by string }{
		{"hill", "ada", "steward", ""}, {"hill", "bo", "member", "ada"}, {"hill", "cy", "member", "ada"}, {"hill", "dee", "member", "bo"}, {"hill", "eve", "member", "dee"},
		{"river", "fay", "steward", ""}, {"river", "gus", "member", "fay"},
	} {
		f.member(m.group, m.who, m.role, m.by)
	}
	return f
}

func (f *fixture) exec(q string, args ...any) {
	f.t.Helper()
	must(f.t, f.DB.Write(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(context.Background(), q, args...)
		return err
	}))
}

func (f *fixture) member(group, who, role, by string) {
	f.t.Helper()
	f.exec("insert into person (id, handle, pass, operator, suspended, locale, created_day) values ($1, $1, '', $2, $2, '', 0) on conflict do nothing", who, false)
	var from *string
	if by != "" {
		from = &by
	}
	f.exec("insert into member (group_id, person_id, role, since_day, vouched_by) values ($1, $2, $3, 20260101, $4)", group, who, role, from)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// network starts "near" for hill, with verifiers, and lets river run it, too.
func (f *fixture) network(verifiers ...string) {
	f.t.Helper()
	ctx := context.Background()
	must(f.t, f.Start(ctx, as("ada"), f.ids.Secret(), NetworkInput{
		Handle: "near", Name: "Near", Group: "hill", Area: "Leipzig; 8", Categories: []string{"fire", "weather", "road", "operation", "person"},
	}))
	must(f.t, f.Ask(ctx, as("ada"), "near", "river"))
	must(f.t, f.Answer(ctx, as("fay"), "near", "river", true))
	for _, v := range verifiers {
		group, by := "hill", "ada"
		if v == "fay" || v == "gus" {
			group, by = "river", "fay"
		}
		must(f.t, f.Name(ctx, as(by), "near", group, v))
	}
}

// report sends one and returns its secret.
func (f *fixture) report(by string, in ReportInput) (key string, err error) {
	key = f.ids.Secret()
	return key, f.Report(context.Background(), as(by), key, in)
}

func smoke() ReportInput {
	return ReportInput{Category: "fire", Place: "Leipzig", Ago: "0", FirstHand: "seen", Note: "Thick smoke over the market"}
}

// first is the case at the head of the queue.
func (f *fixture) first() *Case {
	f.t.Helper()
	q, err := f.Queue(context.Background(), as("ada"), "near", Fresh, "", 0)
	must(f.t, err)
	if len(q.Cases) == 0 {
		f.t.Fatal("nothing waits")
	}
	return &q.Cases[0]
}

// message is what could be sent about a case.
func (f *fixture) message(c *Case) Message {
	return Message{
		Kind: fact.AlertNew, Category: c.Category, Basis: Seen, Confidence: Certain, Guidance: []string{"away", "windows"}, Cells: []string{c.Cell.String()},
		Seen: f.clock.Now().Unix(), Lasts: 120,
	}
}

// send lets two verifiers send it, of whom the first has seen it.
func (f *fixture) send(subject string, m Message, first, second string) (string, error) {
	ctx := context.Background()
	if err := f.Propose(ctx, as(first), "near", subject, m, true, 3); err != nil {
		return "", err
	}
	var d *Draft
	must(f.t, f.DB.Read(ctx, func(tx *db.Tx) (err error) {
		d, err = draftOf(ctx, tx, subject, tx.Now())
		return err
	}))
	return f.Confirm(ctx, as(second), "near", subject, d.Hash(), false, 3)
}

func each(t *testing.T, do func(t *testing.T, f *fixture)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(dbtest.Now) // its own: both run at once
			do(t, newFixture(t, dbtest.Open(t, url(t), c), c))
		})
	}
}

type dbTx = db.Tx

func (f *fixture) ctx() context.Context { return context.Background() }

func advance(f *fixture, d time.Duration) { f.clock.Set(f.clock.Now().Add(d)) }

type sessions struct{}

func (sessions) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: secret, Actor: as(secret)}, true, nil
}

type everybody struct{}

func (everybody) Allow(string, string) (bool, time.Duration) { return true, 0 }

// asSent takes pictures as they are.
type asSent struct{}

func (asSent) Fresh(c *web.Call, field string) ([]byte, error) {
	f, _, err := c.R.FormFile(field)
	if err != nil {
		return nil, nil //nolint:nilerr // none was sent
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Small gives the first byte alone.
func (asSent) Small(_ *web.Call, pic []byte) ([]byte, error) { return pic[:1], nil }

// webPoint is one of many places around Leipzig.
func webPoint(i int) geo.Point {
	return geo.Point{Lat: 51.29 + float64(i%32)*.003, Lon: 12.30 + float64(i/32%32)*.004}
}
