package roles

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web/webtest"
)

// crew is the feature without its pages, on one database, with sign-ups and
// organizers that the tests say.
type crew struct {
	*Service
	db    *db.DB
	vault *seal.Vault
	clock *clock.Manual
	ids   *id.Source

	mu      sync.Mutex
	are     map[id.Person]bool // organizers of every event now
	closed  map[id.Event]bool
	draft   map[id.Event]bool
	told    []string // hashes
	audited []string
}

var ann, ben, cem = authz.Actor{Person: "ann"}, authz.Actor{Person: "ben"}, authz.Actor{Person: "cem"}

// Holder implements SignUps.
func (c *crew) Holder(ctx context.Context, tx *db.Tx, e id.Event, secret string) (Holder, error) {
	h := Holder{Hash: id.Hash(secret)}
	var state string
	err := tx.Get(ctx, "select state from attendance where event_id = $1 and hash = $2", []any{string(e), h.Hash}, &state)
	if errors.Is(err, db.ErrNoRows) {
		return h, fault.NotFound("attendance.not_found", "This private link fits no sign-up.")
	}
	h.Going = state == "going"
	return h, err
}

// HasPlace implements SignUps.
func (c *crew) HasPlace(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) (bool, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from attendance where event_id = $1 and hash = $2 and state = 'going'", []any{string(e), hash}, &n)
	return n == 1, err
}

// Open implements SignUps.
func (c *crew) Open(_ context.Context, _ *db.Tx, e id.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed[e] {
		return fault.Gone("attendance.over", "This event is over.")
	}
	return nil
}

// Check implements Organizers.
func (c *crew) Check(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) error {
	is, err := c.Are(ctx, tx, e, by.Person)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		return err
	case by.Visitor():
		return fault.Unauthenticated("authz.sign_in", "Please sign in first.")
	case !is:
		return fault.Forbidden("authz.forbidden", "Your role does not allow this.")
	case c.draft[e]:
		return fault.Conflict("roles.not_public", "This event is not public yet. Publish it first.")
	}
	return nil
}

// Are implements Organizers.
func (c *crew) Are(_ context.Context, _ *db.Tx, _ id.Event, p id.Person) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.are[p], nil
}

func (c *crew) set(p authz.Actor, organizer bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.are[p.Person] = organizer
}

// RoleChanged implements Teller.
func (c *crew) RoleChanged(_ context.Context, tx *db.Tx, _ id.Event, hash []byte) error {
	tx.OnCommit(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told = append(c.told, string(hash))
	})
	return nil
}

func (c *crew) takeTold() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.told
	c.told = nil
	return out
}

func (c *crew) audit(_ context.Context, tx *db.Tx, by id.Person, action, subject string) error {
	tx.OnCommit(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.audited = append(c.audited, string(by)+": "+action+" "+subject)
	})
	return nil
}

// crews runs f on both engines.
func crews(t *testing.T, f func(t *testing.T, c *crew)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newCrew(t, url(t)))
		})
	}
}

func newCrew(t *testing.T, url string) *crew {
	t.Helper()
	clk := clock.NewManual(dbtest.Now)
	keys, err := db.Open(t.Context(), db.Options{
		URL: filepath.Join(t.TempDir(), "keys.db"), Migrations: migrations.Keys, Clock: clk, CacheKiB: 512, SecureDelete: true, Log: webtest.Log(t),
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
	c := &crew{
		db: dbtest.Open(t, url, clk), clock: clk, ids: id.NewSource(clk, nil), closed: map[id.Event]bool{}, draft: map[id.Event]bool{},
		are: map[id.Person]bool{"ann": true, "ben": true, "cem": true},
	}
	if c.vault, err = seal.Open(keys, seal.BootKey{7, 7, 7}, clk); err != nil {
		t.Fatal(err)
	}
	c.Service = New(Deps{DB: c.db, Vault: c.vault, Entropy: rand.Reader, SignUps: c, Organizers: c, Audit: c.audit, Teller: c})
	for _, p := range []string{"ann", "ben", "cem"} {
		c.exec(t, "insert into person (id, handle, pass, operator, suspended, locale, created_day) values ($1, $1, '', false, false, '', 0)", p)
	}
	return c
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Context() context.Context
}

func (c *crew) exec(t fataler, q string, args ...any) {
	t.Helper()
	err := c.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), q, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *crew) number(t fataler, q string, args ...any) int {
	t.Helper()
	var n int
	if err := c.db.Read(t.Context(), func(tx *db.Tx) error { return tx.Get(t.Context(), q, args, &n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// event is one with a roster and a key, that needs these roles.
func (c *crew) event(t fataler, needs ...fact.RoleNeeded) id.Event {
	t.Helper()
	e := id.Event(c.ids.New())
	err := c.db.Write(t.Context(), func(tx *db.Tx) error {
		var n int64
		if err := tx.Get(t.Context(), "select count(*) from event", nil, &n); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `insert into event (id, at_key, uid, title, description, description_html, kind, state, listed,
			starts_at, ends_at, zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes,
			access_no, access_note, capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at)
			values ($1, $2, '', 'Riverside clean-up', '', '', 'meeting', 'confirmed', true, 0, 0, 'UTC', false, 20260509, '', '', '', '', '',
			'', '', 'en', 0, 0, '', 0, '', '', '', '', 0, '', 0, 0)`, string(e), n+1)
		if err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), `insert into roster (event_id, capacity, open, going, waiting, queue, starts_at, ends_at)
			values ($1, 0, true, 0, 0, 0, 0, 0)`, string(e))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.vault.Key(t.Context(), "event:"+string(e)); err != nil {
		t.Fatal(err)
	}
	if err := c.need(t.Context(), e, needs...); err != nil {
		t.Fatal(err)
	}
	return e
}

// need changes the programme of an event, as the feature that owns it does.
func (c *crew) need(ctx context.Context, e id.Event, needs ...fact.RoleNeeded) error {
	return c.db.Write(ctx, func(tx *db.Tx) error {
		return c.ProgrammeChanged(ctx, tx, fact.ProgrammeChanged{Event: e, Roles: needs, Field: "role_1_name"})
	})
}

func marshals(n int) fact.RoleNeeded {
	return fact.RoleNeeded{Code: "marshal", Field: "role_marshal_people", People: n}
}

// guest signs up and returns the secret.
func (c *crew) guest(t fataler, e id.Event) string {
	t.Helper()
	s := c.ids.Secret()
	c.exec(t, "insert into attendance (event_id, hash, state, party, queue, sealed) values ($1, $2, 'going', 1, 0, $3)",
		string(e), id.Hash(s), []byte{1})
	return s
}

// cancel removes a sign-up, as the feature that owns it does.
func (c *crew) cancel(t fataler, e id.Event, secret string) {
	t.Helper()
	hash := id.Hash(secret)
	err := c.db.WriteHot(t.Context(), string(e), func(tx *db.Tx) error {
		if err := c.SignUpCancelled(t.Context(), tx, fact.SignUpCancelled{Event: e, Hash: hash}); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), "delete from attendance where event_id = $1 and hash = $2", string(e), hash)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// helper signs up and offers to take a role.
func (c *crew) helper(t fataler, e id.Event, roles ...string) string {
	t.Helper()
	s := c.guest(t, e)
	if err := c.Offer(t.Context(), e, s, Input{Roles: roles}); err != nil {
		t.Fatal(err)
	}
	return s
}

func code(secret string) string { return id.Code(id.Hash(secret)) }

func (c *crew) confirm(t fataler, by authz.Actor, e id.Event, role, secret string) error {
	t.Helper()
	return c.Answer(t.Context(), by, e, role, code(secret), Answer{Confirm: true})
}

// stateOf is what the holder of a secret reads of one role; "" without an offer.
func (c *crew) stateOf(t fataler, e id.Event, secret, rid string) State {
	t.Helper()
	m, err := c.Mine(t.Context(), e, secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range m.Offers {
		if IDOf(o.Role) == rid {
			return o.State
		}
	}
	return ""
}

func (c *crew) drifts(t fataler) []Drift {
	t.Helper()
	var out []Drift
	err := c.db.Read(t.Context(), func(tx *db.Tx) (err error) {
		out, err = Drifts(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantCode(t fataler, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && !fault.HasCode(err, want) {
		t.Fatalf("error %v, want %q", err, want)
	}
}

func sqliteFile(t *testing.T) string { return dbtest.SQLite(t) }
