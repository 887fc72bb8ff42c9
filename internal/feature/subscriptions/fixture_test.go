package subscriptions

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/seal"
)

// start is a Saturday at noon in Berlin.
var start = time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC)

// fakeAlerts says the id of an alert and nothing else.
type fakeAlerts struct {
	mu      sync.Mutex
	urgent  map[string]bool
	expires map[string]time.Time
}

func (f *fakeAlerts) Say(_ context.Context, _ *db.Tx, alert string, l *i18n.Locale) (Said, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Said{Title: alert, Short: alert, Lines: []string{l.Tag()}, Link: "https://alerts.example/" + alert, Urgent: f.urgent[alert], Expires: f.expires[alert]}, nil
}

func (f *fakeAlerts) Categories() []Category {
	return []Category{{"fire", "Fire"}, {"flood", "Flood"}, {"ice", "Ice"}}
}

// post is a message that somebody got.
type post struct {
	contact, alert string
	at             time.Time
	parcel         Parcel
}

// fakeChannel takes all messages, unless on says otherwise.
type fakeChannel struct {
	clock clock.Clock
	mu    sync.Mutex
	got   []post
	on    func(p Parcel) error // asked before it is taken
	after func(p Parcel) error // asked when it was taken
}

func (f *fakeChannel) Parse(typed string) (string, error) {
	if typed == "" || strings.Contains(typed, " ") {
		return "", fault.Invalid(fault.Field("contact", "test.contact", "This is no contact."))
	}
	return typed, nil
}

func (f *fakeChannel) Prepare(p Parcel) (func(context.Context) error, error) {
	return func(ctx context.Context) error {
		if f.on != nil {
			if err := f.on(p); err != nil {
				return err
			}
		}
		f.mu.Lock()
		f.got = append(f.got, post{p.Contact, p.Title, f.clock.Now(), p})
		f.mu.Unlock()
		if f.after != nil {
			return f.after(p)
		}
		return ctx.Err()
	}, nil
}

// take returns what came since the last time.
func (f *fakeChannel) take() []post {
	f.mu.Lock()
	defer f.mu.Unlock()
	got := f.got
	f.got = nil
	return got
}

type fixture struct {
	*Service
	t       testing.TB
	ctx     context.Context
	clock   *clock.Manual
	alerts  *fakeAlerts
	channel *fakeChannel
	jobs    *job.Queue
}

func each(t *testing.T, f func(t *testing.T, x *fixture)) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(start)
			f(t, newFixture(t, dbtest.Open(t, url(t), c), c))
		})
	}
}

var places = sync.OnceValues(geo.Load)

func newFixture(t testing.TB, d *db.DB, c *clock.Manual) *fixture {
	t.Helper()
	return newFixtureAt(t, d, c, t.TempDir())
}

// newFixtureAt has its keys in a folder.
func newFixtureAt(t testing.TB, d *db.DB, c *clock.Manual, dir string) *fixture {
	t.Helper()
	keys, err := db.Open(t.Context(), db.Options{URL: dir + "/keys.db", Migrations: migrations.Keys, Clock: c, SecureDelete: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keys.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := keys.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	vault, err := seal.Open(keys, seal.BootKey{1}, c)
	if err != nil {
		t.Fatal(err)
	}
	locales, err := i18n.Load(false)
	if err != nil {
		t.Fatal(err)
	}
	gazetteer, err := places()
	if err != nil {
		t.Fatal(err)
	}
	x := &fixture{t: t, ctx: t.Context(), clock: c, alerts: &fakeAlerts{urgent: map[string]bool{}, expires: map[string]time.Time{}}, channel: &fakeChannel{clock: c}}
	x.jobs = job.New(d, c, slog.New(slog.DiscardHandler))
	x.Service = New(Deps{
		DB: d, IDs: id.NewSource(c, nil), Clock: c, Entropy: rand.Reader, Jobs: x.jobs, Vault: vault, Places: gazetteer, Locales: locales,
		Alerts: x.alerts, BaseURL: "https://node.example",
		Ways: []Way{
			{Code: "test", Name: "Test", Label: "Contact", Type: "text", Channel: x.channel},
			{Code: "sms", Name: "Text message", Label: "Number", Type: "tel", Proof: ByCode, Channel: x.channel},
			{Code: "push", Name: "Browser", Label: "Keys", Type: "text", Proof: ByKeys, Channel: x.channel},
		},
	})
	return x
}

// cell is that of a town.
func cell(t testing.TB, name string) geo.GridCell {
	t.Helper()
	g, err := places()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := g.Lookup(name, "", "DE")
	if !ok {
		t.Fatalf("no place %s", name)
	}
	return geo.GridAt(p.Point)
}

// run does what is due, as the program does it every some seconds.
func (x *fixture) run() {
	x.t.Helper()
	if err := x.Due(x.ctx); err != nil {
		x.t.Fatal(err)
	}
	if _, err := x.jobs.RunPending(x.ctx); err != nil {
		x.t.Fatal(err)
	}
}

// secretOf is that of the link in a message.
func secretOf(p Parcel) string { return p.Manage[strings.LastIndex(p.Manage, "/")+1:] }

// join subscribes and confirms, and returns the secret.
func (x *fixture) join(in Choice) string {
	x.t.Helper()
	if in.Channel == "" {
		in.Channel = "test"
	}
	if _, err := x.Subscribe(x.ctx, in); err != nil {
		x.t.Fatal(err)
	}
	x.run()
	got := x.channel.take()
	if len(got) == 0 || got[len(got)-1].contact != in.Contact {
		x.t.Fatalf("%s was not asked: %v", in.Contact, got)
	}
	secret := secretOf(got[len(got)-1].parcel)
	if err := x.Confirm(x.ctx, secret); err != nil {
		x.t.Fatal(err)
	}
	return secret
}

// sent emits an alert and returns its id, which is its chain and its number.
func (x *fixture) sent(chain string, n int, kind fact.AlertKind, category string, lasts time.Duration, cells ...geo.GridCell) string {
	x.t.Helper()
	a := fact.AlertSent{Alert: fmt.Sprintf("%s/%d", chain, n), Chain: chain, Kind: kind, Category: category, Expires: x.clock.Now().Add(lasts)}
	for _, c := range cells {
		a.Cells = append(a.Cells, int64(c))
	}
	x.emit(a)
	return a.Alert
}

func (x *fixture) emit(a fact.AlertSent) {
	x.t.Helper()
	x.alerts.mu.Lock()
	x.alerts.expires[a.Alert] = a.Expires
	x.alerts.mu.Unlock()
	must(x.t, x.DB.Write(x.ctx, func(tx *db.Tx) error { return x.AlertSent(x.ctx, tx, a) }))
}

func (x *fixture) count(q string, args ...any) (n int) {
	x.t.Helper()
	if err := x.DB.Read(x.ctx, func(tx *db.Tx) error { return tx.Get(x.ctx, q, args, &n) }); err != nil {
		x.t.Fatal(err)
	}
	return n
}

var errLine = errors.New("the line broke")
