package assemblies

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// hall is the feature on one database, beside groups that are as simple as can be:
// a person's id is their handle.
type hall struct {
	*Service
	clock *clock.Manual
	vault *seal.Vault
	group Group
	roles map[id.Person]authz.Role
	facts []any
	parts []id.Group // of the group, while it is a coalition
	told  []told
}

// told is what the members of a group were told.
type told struct {
	group            id.Group
	key, title, body string
}

// fataler is a test, or one round of a property.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// halls runs f on both engines.
func halls(t *testing.T, f func(t *testing.T, h *hall)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newHall(t, url(t)))
		})
	}
}

func newHall(t *testing.T, url string) *hall {
	t.Helper()
	h := &hall{clock: clock.NewManual(dbtest.Now), roles: map[id.Person]authz.Role{
		"ann": authz.Steward, "bob": authz.Organizer, "cat": authz.Member, "dan": authz.Member,
	}}
	h.group = Group{ID: "01kqm8ymg00000000000000001", Handle: "riverside", Name: "Riverside Neighbours", Zone: "Europe/Berlin"}
	keys, err := db.Open(t.Context(), db.Options{
		URL: t.TempDir() + "/keys.db", Migrations: migrations.Keys, Clock: h.clock, CacheKiB: 512, SecureDelete: true, Log: webtest.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	if _, err := keys.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h.vault, err = seal.Open(keys, seal.BootKey{7}, h.clock); err != nil {
		t.Fatal(err)
	}
	h.Service = New(Deps{
		DB: dbtest.Open(t, url, h.clock), IDs: id.NewSource(h.clock, nil), Groups: h, Coalitions: h, Facts: h, Vault: h.vault, Locales: webtest.Locales(t),
		Audit: func(context.Context, *db.Tx, id.Person, string, string) error { return nil },
	})
	h.exec(t, `insert into groups (id, handle, name, name_folded, handle_look, name_look, about, about_html, place, zone, langs, suspended, sample, created_at)
		values ($1, 'riverside', 'Riverside Neighbours', '', '', '', '', '', '', 'Europe/Berlin', '', false, false, 0)`, string(h.group.ID))
	for _, p := range []string{"ann", "bob", "cat", "dan", "eve"} {
		h.exec(t, "insert into person (id, handle, pass, operator, suspended, locale, created_day) values ($1, $1, '', false, false, '', 0)", p)
	}
	return h
}

func (h *hall) exec(t fataler, q string, args ...any) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), q, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *hall) number(t fataler, q string, args ...any) (n int) {
	t.Helper()
	err := h.DB.Read(t.Context(), func(tx *db.Tx) error { return tx.Get(t.Context(), q, args, &n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ByID implements Groups.
func (h *hall) ByID(_ context.Context, _ *db.Tx, g id.Group) (Group, error) {
	if g != h.group.ID {
		return Group{}, web.ErrNotFound()
	}
	return h.group, nil
}

// ByHandle implements Groups.
func (h *hall) ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error) {
	if handle != h.group.Handle {
		return Group{}, web.ErrNotFound()
	}
	return h.ByID(ctx, tx, h.group.ID)
}

// Role implements Groups.
func (h *hall) Role(_ context.Context, _ *db.Tx, _ id.Group, p id.Person) (authz.Role, error) {
	return h.roles[p], nil
}

// Member implements Groups.
func (h *hall) Member(_ context.Context, _ *db.Tx, _ id.Group, handle string) (id.Person, error) {
	if h.roles[id.Person(handle)] == "" {
		return "", web.ErrNotFound()
	}
	return id.Person(handle), nil
}

// Organizes implements Groups.
func (h *hall) Organizes(_ context.Context, _ *db.Tx, p id.Person) ([]Group, error) {
	if h.roles[p].AtLeast(authz.Organizer) {
		return []Group{h.group}, nil
	}
	return nil, nil
}

// Notice implements Coalitions.
func (h *hall) Notice(context.Context, *db.Tx, id.Group) (int, bool, error) { return 0, false, nil }

// Members implements Coalitions.
func (h *hall) Members(context.Context, *db.Tx, id.Group) ([]id.Group, error) { return h.parts, nil }

// Tell implements Groups.
func (h *hall) Tell(_ context.Context, _ *db.Tx, g id.Group, key, title, body string) error {
	if !slices.ContainsFunc(h.told, func(x told) bool { return x.group == g && x.key == key }) {
		h.told = append(h.told, told{g, key, title, body})
	}
	return nil
}

// Emit implements Facts.
func (h *hall) Emit(_ context.Context, _ *db.Tx, f any) error {
	h.facts = append(h.facts, f)
	return nil
}

// tasks are those that were given so far, as "title owner day".
func (h *hall) tasks() (out []string) {
	for _, f := range h.facts {
		if t, ok := f.(fact.TaskGiven); ok {
			out = append(out, t.Title+" "+string(t.Owner)+" "+t.Until.UTC().Format(time.DateTime))
		}
	}
	return out
}

func actor(p string) authz.Actor { return authz.Actor{Person: id.Person(p), Handle: p} }

// plenary is an input that is accepted: on 9 May in Berlin, from 18:00.
func plenary() Input {
	return Input{
		Title: "Spring plenary", About: "We **meet**.", Lang: "en", Place: "Old school", OnlineURL: "https://meet.example.org/room", OnlineInside: true,
		Day: "2026-05-09", Start: "18:00", End: "20:00", Public: true, FirstFirst: true, Speak: "2",
	}
}

func (h *hall) draft(t fataler, in Input) ID {
	t.Helper()
	aid, err := h.Create(t.Context(), actor("bob"), "riverside", h.IDs.Secret(), in)
	if err != nil {
		t.Fatal(err)
	}
	return aid
}

func (h *hall) get(t fataler, aid ID) Assembly {
	t.Helper()
	a, _, err := h.Get(t.Context(), actor("ann"), aid)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// called is an assembly that was called, opened one that is under way.
func (h *hall) called(t fataler, in Input) ID {
	t.Helper()
	aid := h.draft(t, in)
	if err := h.Call(t.Context(), actor("bob"), aid, 0, false); err != nil {
		t.Fatal(err)
	}
	return aid
}

func (h *hall) opened(t fataler, in Input) ID {
	t.Helper()
	aid := h.called(t, in)
	h.run(t, aid, DoOpen)
	return aid
}

func (h *hall) item(t fataler, aid ID, title string, minutes int) {
	t.Helper()
	if err := h.AddItem(t.Context(), actor("bob"), aid, h.IDs.Secret(), "", ItemInput{Title: title, Minutes: strconv.Itoa(minutes)}); err != nil {
		t.Fatal(err)
	}
}

// act does one act of bob's on what he sees.
func (h *hall) act(t fataler, aid ID, do string) error {
	t.Helper()
	return h.Run(t.Context(), actor("bob"), aid, RunInput{Form: h.IDs.Secret(), Step: h.get(t, aid).Step, Do: do})
}

func (h *hall) run(t fataler, aid ID, do string) {
	t.Helper()
	if err := h.act(t, aid, do); err != nil {
		t.Fatalf("%s: %v", do, err)
	}
}

func (h *hall) raise(t fataler, aid ID, person, name string) error {
	t.Helper()
	return h.RaiseHand(t.Context(), aid, room{By: actor(person)}, h.IDs.Secret(), name)
}

func (h *hall) look(t fataler, aid ID, r room) Room {
	t.Helper()
	out, err := h.Look(t.Context(), aid, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// line is who speaks and who waits, as cat sees it: "Cat: Dan, Eve".
func (h *hall) line(t fataler, aid ID) string {
	t.Helper()
	r := h.look(t, aid, room{By: actor("cat")})
	s, _ := r.Stack.speaking()
	var names []string
	for _, x := range r.Stack.waiting(r.Assembly.FirstFirst) {
		names = append(names, x.Name)
	}
	return s.Name + ": " + strings.Join(names, ", ")
}

// agendaLine is the agenda as "a, b*, c", with a star at what is under way.
func (h *hall) agendaLine(t fataler, aid ID) string {
	t.Helper()
	var out []string
	for _, i := range h.look(t, aid, room{By: actor("cat")}).Agenda {
		s := i.Title
		if i.State == Now {
			s += "*"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func wantCode(t fataler, err error, code string) {
	t.Helper()
	e := fault.Of(err)
	if e == nil || e.Code != code && !fault.HasCode(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func noError(t fataler, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}
