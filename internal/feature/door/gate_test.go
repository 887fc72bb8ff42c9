package door

import (
	"bytes"
	"context"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/id"
)

// gate is the feature on one database, beside sign-ups that are as simple as can
// be.
type gate struct {
	*Service
	db    *db.DB
	clock *clock.Manual
	ids   *id.Source
}

// rows reads the sign-ups that the tests store.
type rows struct{}

func (rows) Between(ctx context.Context, tx *db.Tx, e id.Event, from, to []byte, limit int) ([]SignUp, error) {
	return db.Query(ctx, tx, "select hash, state, party from attendance where event_id = $1 and hash between $2 and $3 order by hash limit $4",
		[]any{string(e), from, to, limit}, func(scan func(...any) error) (SignUp, error) {
			var x SignUp
			var state string
			err := scan(&x.Hash, &state, &x.Party)
			x.Hash, x.Place, x.Times = bytes.Clone(x.Hash), state == "going", []string{"Morning shift"}
			return x, err
		})
}

func (rows) Expected(ctx context.Context, tx *db.Tx, e id.Event) (int, error) {
	var n int
	err := tx.Get(ctx, "select coalesce(sum(party), 0) from attendance where event_id = $1 and state = 'going'", []any{string(e)}, &n)
	return n, err
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Context() context.Context
}

func gates(t *testing.T, f func(t *testing.T, g *gate)) {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(c.Now())
			d := dbtest.Open(t, url(t), c)
			f(t, &gate{New(Deps{DB: d, SignUps: rows{}}), d, c, id.NewSource(c, nil)})
		})
	}
}

func (g *gate) write(t fataler, f func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := g.db.Write(t.Context(), func(tx *db.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// event begins in an hour and lasts two.
func (g *gate) event(t fataler) Event {
	t.Helper()
	e := Event{ID: id.Event(g.ids.New()), Title: "Open assembly", Start: g.clock.Now().Add(time.Hour), State: "confirmed"}
	e.End = e.Start.Add(2 * time.Hour)
	g.write(t, func(ctx context.Context, tx *db.Tx) error {
		var n int64
		if err := tx.Get(ctx, "select count(*) from event", nil, &n); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into event (id, at_key, uid, title, description, description_html, kind, state, listed,
			starts_at, ends_at, zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes,
			access_no, access_note, capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at)
			values ($1, $2, '', 'Open assembly', '', '', 'meeting', 'confirmed', true, 0, 0, 'UTC', false, 20260509, '', '', '', '', '',
			'', '', 'en', 0, 0, '', 0, '', '', '', '', 0, '', 0, 0)`, string(e.ID), n+1)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into roster (event_id, capacity, open, going, waiting, queue, starts_at, ends_at)
			values ($1, 0, $2, 0, 0, 0, 0, 0)`, string(e.ID), true)
		return err
	})
	return e
}

func (g *gate) door(t fataler, e Event, name string) string {
	t.Helper()
	secret := g.ids.Secret()
	if err := g.Add(t.Context(), e, secret, name); err != nil {
		t.Fatal(err)
	}
	return secret
}

// signUp stores one and returns its hash.
func (g *gate) signUp(t fataler, e Event, party int, state string) []byte {
	t.Helper()
	hash := id.Hash(g.ids.Secret())
	g.insert(t, e, hash, party, state)
	return hash
}

func (g *gate) insert(t fataler, e Event, hash []byte, party int, state string) {
	t.Helper()
	g.write(t, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "insert into attendance (event_id, hash, state, party, queue, sealed) values ($1, $2, $3, $4, 0, $5)",
			string(e.ID), hash, state, party, []byte{})
		return err
	})
}

// change is what happens when a sign-up gets another size or place.
func (g *gate) change(t fataler, e Event, hash []byte, party int, state string) {
	t.Helper()
	g.write(t, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "update attendance set party = $3, state = $4 where event_id = $1 and hash = $2", string(e.ID), hash, party, state)
		if err != nil {
			return err
		}
		return g.SignUpChanged(ctx, tx, fact.SignUpChanged{Event: e.ID, Hash: hash, Party: party, Place: state == "going"})
	})
}

// cancel is what happens when a sign-up is cancelled.
func (g *gate) cancel(t fataler, e Event, hash []byte) {
	t.Helper()
	g.write(t, func(ctx context.Context, tx *db.Tx) error {
		if err := g.SignUpCancelled(ctx, tx, fact.SignUpCancelled{Event: e.ID, Hash: hash}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "delete from attendance where event_id = $1 and hash = $2", string(e.ID), hash)
		return err
	})
}

// check checks in with a new key.
func (g *gate) check(t fataler, secret, code string) Outcome {
	t.Helper()
	return g.checkAs(t, secret, Tap{Key: g.ids.Secret(), Code: code})
}

func (g *gate) checkAs(t fataler, secret string, in Tap) Outcome {
	t.Helper()
	out, err := g.CheckIn(t.Context(), secret, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// came wants the totals of an event, and that they are the sums of its rows.
func (g *gate) came(t fataler, e Event, attended, walkIns int) Numbers {
	t.Helper()
	n, ok, err := g.Numbers(t.Context(), e.ID)
	if err != nil || !ok || n.Count != (Count{attended, walkIns}) {
		t.Fatalf("%+v, %v, %v; want %d and %d without sign-up", n, ok, err, attended, walkIns)
	}
	var sum Count
	for _, d := range n.Doors {
		sum.Attended, sum.WalkIns = sum.Attended+d.Attended, sum.WalkIns+d.WalkIns
	}
	if sum != n.Count {
		t.Fatalf("the doors counted %+v, the event %+v", sum, n.Count)
	}
	g.steady(t)
	return n
}

// steady wants no totals that differ from their rows.
func (g *gate) steady(t fataler) {
	t.Helper()
	var drifts []Drift
	err := g.db.Read(t.Context(), func(tx *db.Tx) (err error) {
		drifts, err = Drifts(t.Context(), tx)
		return err
	})
	if err != nil || len(drifts) > 0 {
		t.Fatalf("totals differ from the rows: %+v, %v", drifts, err)
	}
}
