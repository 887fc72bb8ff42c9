package events_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fault"
	"convoke/internal/feature/events"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// places is the feature with a vault, on a clock that can be set.
type places struct {
	*fixture
	vault *seal.Vault
	clock *clock.Manual
}

func eachPlaces(t *testing.T, f func(t *testing.T, p *places)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(dbtest.Now)
			p := &places{fixture: setUp(t, dbtest.Open(t, url(t), c)), clock: c, vault: vaultOf(t, c)}
			p.Vault = p.vault
			f(t, p)
		})
	}
}

func vaultOf(t *testing.T, c clock.Clock) *seal.Vault {
	t.Helper()
	keys, err := db.Open(t.Context(), db.Options{
		URL: filepath.Join(t.TempDir(), "keys.db"), Migrations: migrations.Keys, Clock: c, CacheKiB: 512, SecureDelete: true,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
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
	v, err := seal.Open(keys, seal.BootKey{3, 2, 1}, c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func exactInput() events.ExactInput {
	return events.ExactInput{Address: "canary-mill 4", Directions: "Ring at canary-bell.", OnlineURL: "https://canary-call.example/a", Early: true}
}

// made is a new event of the group with an exact place.
func (p *places) made(t *testing.T, key string) id.Event {
	t.Helper()
	e, err := p.Create(t.Context(), olga, "g1", key, input())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetExact(t.Context(), olga, e, 0, exactInput()); err != nil {
		t.Fatal(err)
	}
	return e
}

func (p *places) exact(t *testing.T, e id.Event) events.ExactPlace {
	t.Helper()
	_, x, err := p.ExactOf(t.Context(), olga, e)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// rows counts the exact places of an event that are stored.
func (p *places) rows(t *testing.T, e id.Event) (n int) {
	t.Helper()
	err := p.db.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Get(t.Context(), "select count(*) from exact_place where event_id = $1", []any{string(e)}, &n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestExactPlaceOverwritesNothing(t *testing.T) {
	t.Parallel()
	eachPlaces(t, func(t *testing.T, p *places) {
		ctx := t.Context()
		e := p.made(t, "k")
		if x := p.exact(t, e); x.Address != "canary-mill 4" || x.Directions != "Ring at canary-bell." || x.OnlineURL != "https://canary-call.example/a" || !x.Early || x.Version != 1 {
			t.Errorf("%+v", x)
		}
		// The same form sent again changes and tells nothing.
		if err := p.SetExact(ctx, olga, e, 0, exactInput()); err != nil || p.facts.placed != 1 {
			t.Errorf("sent twice: %v, told %d times", err, p.facts.placed)
		}
		other := exactInput()
		other.Address = "canary-quay 9"
		if err := p.SetExact(ctx, olga, e, 0, other); !fault.HasCode(err, "event.changed_meanwhile") {
			t.Errorf("an old form: %v", err)
		}
		if err := p.SetExact(ctx, olga, e, 1, other); err != nil || p.facts.placed != 2 {
			t.Errorf("a change: %v, told %d times", err, p.facts.placed)
		}
		// Only when those who have a place see something else, they are told.
		other.ShowDate, other.ShowTime = "2026-05-09", "08:00"
		if err := p.SetExact(ctx, olga, e, 2, other); err != nil || p.facts.placed != 2 {
			t.Errorf("another hour: %v, told %d times", err, p.facts.placed)
		}
		for by, kind := range map[authz.Actor]fault.Kind{mia: fault.KindForbidden, otto: fault.KindForbidden, {}: fault.KindUnauthenticated} {
			if err := p.SetExact(ctx, by, e, 3, exactInput()); !fault.Is(err, kind) {
				t.Errorf("%q sets it: %v", by.Handle, err)
			}
			if _, x, err := p.ExactOf(ctx, by, e); !fault.Is(err, kind) || !x.Empty() {
				t.Errorf("%q reads it: %v", by.Handle, err)
			}
		}
		bad := exactInput()
		bad.OnlineURL = "ftp://a.example"
		if err := p.SetExact(ctx, olga, e, 3, bad); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("a bad address: %v", err)
		}
		if x := p.exact(t, e); x.Address != "canary-quay 9" || x.Version != 3 {
			t.Errorf("half stored: %+v", x)
		}
		// Taken back, nobody sees it; those who did are told, and it can come again.
		if err := p.SetExact(ctx, olga, e, 3, events.ExactInput{}); err != nil || p.facts.placed != 3 {
			t.Errorf("taken back: %v, told %d times", err, p.facts.placed)
		}
		if x := p.exact(t, e); !x.Empty() || x.Version != 4 {
			t.Errorf("taken back: %+v", x)
		}
		if _, _, h, err := p.ExactHeld(ctx, e, true); err != nil || h.Known {
			t.Errorf("taken back, a holder sees %+v, %v", h, err)
		}
		if err := p.SetExact(ctx, olga, e, 4, exactInput()); err != nil {
			t.Error(err)
		}
	})
}

// A draft can have an exact place, and nobody is told of it.
func TestExactPlaceOfADraft(t *testing.T) {
	t.Parallel()
	eachPlaces(t, func(t *testing.T, p *places) {
		in := input()
		in.State = events.Draft
		e, err := p.Create(t.Context(), olga, "g1", "k", in)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.SetExact(t.Context(), olga, e, 0, exactInput()); err != nil || p.facts.placed != 0 {
			t.Errorf("%v, told %d times", err, p.facts.placed)
		}
		if _, _, h, err := p.ExactHeld(t.Context(), e, true); err != nil || h.Known {
			t.Errorf("%+v, %v", h, err)
		}
		if err := p.SetExact(t.Context(), otto, e, 1, exactInput()); !fault.HasCode(err, "event.not_found") {
			t.Errorf("a stranger learns of the draft: %v", err)
		}
	})
}

// What is sealed for one event opens for no other.
func TestExactPlacesCannotBeSwapped(t *testing.T) {
	t.Parallel()
	eachPlaces(t, func(t *testing.T, p *places) {
		one, two := p.made(t, "k1"), p.made(t, "k2")
		err := p.db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `update exact_place set sealed = (select sealed from exact_place where event_id = $1) where event_id = $2`, string(one), string(two))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, x, err := p.ExactOf(t.Context(), olga, two); err == nil {
			t.Errorf("it opens elsewhere: %+v", x)
		}
	})
}

// Seven days after the event the key is destroyed and the row is gone; a
// postponed event waits thirty days longer for its new date.
func TestExactPlacesExpire(t *testing.T) {
	t.Parallel()
	eachPlaces(t, func(t *testing.T, p *places) {
		ctx := t.Context()
		held, late, back := p.made(t, "k1"), p.made(t, "k2"), p.made(t, "k3")
		in := input()
		in.State = events.Postponed
		if err := p.Update(ctx, olga, late, 0, in); err != nil {
			t.Fatal(err)
		}
		if err := p.SetExact(ctx, olga, back, 1, events.ExactInput{}); err != nil {
			t.Fatal(err)
		}
		end := time.Date(2026, 5, 9, 11, 0, 0, 0, time.UTC)
		check := func(when string, at time.Time, e id.Event, want bool) {
			t.Helper()
			p.clock.Set(at)
			if err := p.ExpireExact(ctx); err != nil {
				t.Fatal(err)
			}
			_, err := p.vault.Existing(ctx, events.ExactScope+string(e))
			if got := p.rows(t, e) == 1; got != want || (err == nil) != want {
				t.Errorf("%s: row %v, key %v; want %v", when, got, err, want)
			}
		}
		check("before", end.AddDate(0, 0, 7).Add(-time.Second), held, true)
		check("taken back, before", p.clock.Now(), back, true)
		check("after seven days", end.AddDate(0, 0, 7), held, false)
		check("taken back", p.clock.Now(), back, false)
		check("postponed, before", end.AddDate(0, 0, 37).Add(-time.Second), late, true)
		check("postponed, after", end.AddDate(0, 0, 37), late, false)
		if x := p.exact(t, held); !x.Empty() {
			t.Errorf("%+v", x)
		}
		if err := p.SetExact(ctx, olga, held, 0, exactInput()); !fault.HasCode(err, "place.erased") {
			t.Errorf("set again: %v", err)
		}
		// With another date the key stays destroyed.
		in.StartDate = "2026-09-09"
		if err := p.Update(ctx, olga, late, 1, in); err != nil {
			t.Fatal(err)
		}
		if err := p.SetExact(ctx, olga, late, 0, exactInput()); !fault.HasCode(err, "place.erased") {
			t.Errorf("set for another date: %v", err)
		}
	})
}

// Many expire in batches, and an attempt that broke off after the keys is
// finished by the next.
func TestExpiryOfExactPlacesIsFinished(t *testing.T) {
	t.Parallel()
	p := &places{clock: clock.NewManual(dbtest.Now)}
	p.fixture = setUp(t, dbtest.Open(t, dbtest.SQLite(t), p.clock))
	p.vault = vaultOf(t, p.clock)
	p.Vault = p.vault
	var all []id.Event
	for i := range 120 {
		all = append(all, p.made(t, "k"+string(rune('a'+i/26))+string(rune('a'+i%26))))
	}
	p.clock.Set(dbtest.Now.AddDate(1, 0, 0))
	if err := p.vault.Replay(t.Context(), []string{events.ExactScope + string(all[0])}); err != nil {
		t.Fatal(err)
	}
	if x := p.exact(t, all[0]); !x.Empty() {
		t.Errorf("without its key: %+v", x)
	}
	if err := p.ExpireExact(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if p.rows(t, e) != 0 {
			t.Fatalf("%s is left", e)
		}
	}
}

// A move voids the hour, unless everybody knows the place already.
func TestMovedEventKeepsItsExactPlaceBack(t *testing.T) {
	t.Parallel()
	eachPlaces(t, func(t *testing.T, p *places) {
		ctx := t.Context()
		e := p.made(t, "k")
		in := exactInput()
		in.Early, in.ShowDate, in.ShowTime = false, "2026-05-09", "08:00"
		if err := p.SetExact(ctx, olga, e, 1, in); err != nil {
			t.Fatal(err)
		}
		open := func(when string, want bool) {
			t.Helper()
			if _, _, h, err := p.ExactHeld(ctx, e, false); err != nil || h.Open != want || h.Empty() == want {
				t.Errorf("%s: %+v, %v", when, h, err)
			}
		}
		moved := input()
		moved.StartTime = "11:00"
		if err := p.Update(ctx, olga, e, 0, moved); err != nil {
			t.Fatal(err)
		}
		p.clock.Set(time.Date(2026, 5, 9, 6, 30, 0, 0, time.UTC))
		open("moved before the hour", false)
		if err := p.SetExact(ctx, olga, e, 2, in); err != nil {
			t.Fatal(err)
		}
		open("chosen again", true)
		moved.StartTime = "11:30"
		if err := p.Update(ctx, olga, e, 1, moved); err != nil {
			t.Fatal(err)
		}
		open("moved when everybody knows", true)
		moved.State = events.Cancelled
		if err := p.Update(ctx, olga, e, 2, moved); err != nil {
			t.Fatal(err)
		}
		open("cancelled", false)
	})
}

// The database holds nothing of it that can be read.
func TestExactPlaceIsStoredSealed(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(dbtest.Now)
	url := dbtest.SQLite(t)
	p := &places{fixture: setUp(t, dbtest.Open(t, url, c)), clock: c, vault: vaultOf(t, c)}
	p.Vault = p.vault
	e := p.made(t, "k")
	var kept []byte
	names, err := filepath.Glob(url + "*")
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, b...)
	}
	if err != nil || !bytes.Contains(kept, []byte(e)) {
		t.Fatalf("the search is blind: %v", err)
	}
	if bytes.Contains(kept, []byte("canary")) {
		t.Error("the exact place is stored plain")
	}
}

// exactJSON is what tests read of an exact place.
type exactJSON struct {
	Address, Directions string
	OnlineURL           string `json:"online_url"`
	Early               bool
	ShowFrom            string `json:"show_from"`
	Shown, Outdated     bool
	Version             int
}

func TestAPIExactPlace(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f, c := programs(t, d)
		f.Vault = vaultOf(t, clock.NewManual(dbtest.Now))
		e, err := f.Create(t.Context(), olga, "g1", "k", input())
		if err != nil {
			t.Fatal(err)
		}
		path := "/events/" + string(e) + "/place"
		organizer := c.As("olga")
		var got exactJSON
		organizer.Do("GET", path, nil).Want(200, &got)
		if got != (exactJSON{}) {
			t.Errorf("%+v", got)
		}
		body := map[string]any{
			"address": "Mill  Lane 4", "directions": "Second yard.", "online_url": "https://call.example/a", "early": true,
			"show_date": "2026-05-09", "show_time": "08:00",
		}
		a := organizer.Do("PUT", path, body).Want(200, &got)
		want := exactJSON{"Mill Lane 4", "Second yard.", "https://call.example/a", true, "2026-05-09T08:00+02:00", false, false, 1}
		if got != want || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%+v, %v", got, a.Header)
		}
		organizer.Do("PUT", path, body).Want(200, &got) // repeated
		if got.Version != 1 {
			t.Errorf("repeated: %+v", got)
		}
		organizer.Do("PUT", path, with(body, "address", "Quay 9")).Refused(409, "event.changed_meanwhile")
		organizer.Do("PUT", path, with(body, "version", 1, "show_date", "2026-05-10")).Refused(422, "form.invalid", "#/show_date", "place.after_end")
		c.As("mia").Do("GET", path, nil).Refused(403, "authz.forbidden")
		c.As("otto").Do("PUT", path, body).Refused(403, "authz.forbidden")
		c.Do("GET", path, nil).Refused(401, "token.missing")
		organizer.Do("GET", "/events/x/place", nil).Refused(404, "event.not_found")
		got = exactJSON{}
		organizer.Do("PUT", path, map[string]any{"version": 1}).Want(200, &got)
		if got != (exactJSON{Version: 2}) {
			t.Errorf("taken back: %+v", got)
		}
	})
}
