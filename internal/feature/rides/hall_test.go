package rides_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/rides"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// hall is the feature without its pages, on one database.
type hall struct {
	*rides.Service
	db    *db.DB
	vault *seal.Vault
	clock *clock.Manual
	ids   *id.Source
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
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
	c := clock.NewManual(dbtest.Now)
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
	h := &hall{db: dbtest.Open(t, url, c), clock: c, ids: id.NewSource(c, nil)}
	if h.vault, err = seal.Open(keys, seal.BootKey{7, 7, 7}, c); err != nil {
		t.Fatal(err)
	}
	h.Service = rides.New(rides.Deps{DB: h.db, IDs: h.ids, Entropy: rand.Reader, Keys: h, Holders: h, Places: gazetteer{}})
	return h
}

// Existing implements rides.Keys.
func (h *hall) Existing(ctx context.Context, e id.Event) (*seal.Key, error) {
	return h.vault.Existing(ctx, string(e))
}

// Key implements rides.Keys.
func (h *hall) Key(ctx context.Context, e id.Event) (*seal.Key, error) {
	return h.vault.Key(ctx, string(e))
}

// Holder implements rides.Holders.
func (h *hall) Holder(ctx context.Context, tx *db.Tx, e id.Event, secret string) (rides.Holder, error) {
	out := rides.Holder{Event: e, Hash: id.Hash(secret)}
	var state string
	err := tx.Get(ctx, "select state, party from attendance where event_id = $1 and hash = $2", []any{string(e), out.Hash}, &state, &out.Party)
	if errors.Is(err, db.ErrNoRows) {
		err = fault.NotFound("attendance.not_found", "This private link fits no sign-up.")
	}
	out.Going = state == "going"
	return out, err
}

// TakesSignUps implements rides.Holders.
func (h *hall) TakesSignUps(ctx context.Context, e id.Event) (bool, error) {
	n := 0
	err := h.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select count(*) from roster where event_id = $1", []any{string(e)}, &n)
	})
	return n > 0, err
}

// gazetteer knows a few towns on one road, ten kilometres apart, and a name that
// two of them have.
type gazetteer struct{}

var townNames = []string{"Millbrook", "Ashford", "Stonebridge", "Lakeview"}

func town(name string, at int) geo.Place {
	return geo.Place{
		Name: name, Country: "DE", Point: geo.Point{Lat: 50, Lon: 10 + float64(at)*.14}, Zone: "Europe/Berlin", Precision: geo.PrecisionLocality,
	}
}

// Find implements rides.Places.
func (gazetteer) Find(q string, _ int) []geo.Place {
	for i, n := range townNames {
		if q == n || q == town(n, i).Label() {
			return []geo.Place{town(n, i)}
		}
	}
	switch {
	case strings.HasPrefix(q, "Newtown"):
		other := town("Newtown", 9)
		other.Country = "FR"
		return []geo.Place{town("Newtown", 8), other}
	case q == "12345":
		return []geo.Place{{Name: "12345", Country: "DE", Point: geo.Point{Lat: 50, Lon: 10}, Precision: geo.PrecisionPostcode}}
	case q == "Saxony":
		return []geo.Place{{Name: "Saxony", Country: "DE", Precision: geo.PrecisionRegion}}
	}
	return nil
}

// Nearest implements rides.Places.
func (gazetteer) Nearest(geo.Point) (geo.Place, float64) { return town("Millbrook", 0), 1 }

const label = ", Germany"

// event is one a week from now, in the middle of the road.
func (h *hall) event(t fataler) *rides.Event {
	t.Helper()
	zone, err := geo.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	e := &rides.Event{
		ID: id.Event(h.ids.New()), Title: "Riverside clean-up", State: "confirmed", Start: h.clock.Now().AddDate(0, 0, 7).In(zone),
		Place: "Old Bridge", Point: geo.Point{Lat: 50, Lon: 10}, HasPoint: true,
	}
	e.End = e.Start.Add(2 * time.Hour)
	h.exec(t, `insert into event (id, at_key, uid, title, description, description_html, kind, state, listed,
		starts_at, ends_at, zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes,
		access_no, access_note, capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at)
		values ($1, (select count(*) + 1 from event), '', '', '', '', 'meeting', 'confirmed', true, 0, 0, 'UTC', false, 20260509, '', '', '', '', '',
		'', '', 'en', 0, 0, '', 0, '', '', '', '', 0, '', 0, 0)`, string(e.ID))
	h.exec(t, "insert into roster (event_id, capacity, open, going, waiting, queue, starts_at, ends_at) values ($1, 0, true, 0, 0, 0, $2, $3)",
		string(e.ID), clock.Micros(e.Start), clock.Micros(e.End))
	if _, err := h.Key(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	return e
}

func (h *hall) exec(t fataler, q string, args ...any) {
	t.Helper()
	err := h.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), q, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// guest signs a party up.
func (h *hall) guest(t fataler, e *rides.Event, party int, state string) string {
	t.Helper()
	s := h.ids.Secret()
	h.exec(t, "insert into attendance (event_id, hash, state, party, queue, sealed) values ($1, $2, $3, $4, 0, $5)",
		string(e.ID), id.Hash(s), state, party, []byte{1})
	return s
}

// cancel removes a sign-up as the feature that owns it does.
func (h *hall) cancel(t fataler, e *rides.Event, secret string) {
	t.Helper()
	err := h.db.WriteHot(t.Context(), string(e.ID), func(tx *db.Tx) error {
		if err := h.SignUpCancelled(t.Context(), tx, fact.SignUpCancelled{Event: e.ID, Hash: id.Hash(secret)}); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), "delete from attendance where event_id = $1 and hash = $2", string(e.ID), id.Hash(secret))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ride is an offer that is accepted: the morning before the event.
func ride(e *rides.Event, from, seats string) *rides.OfferInput {
	return &rides.OfferInput{
		From: from, Meeting: "Main station, north side", Date: e.Start.Format(time.DateOnly), Time: "06:30", Seats: seats,
	}
}

func (h *hall) arrange(t fataler, e *rides.Event, secret string, w rides.Wish) {
	t.Helper()
	if err := h.Arrange(t.Context(), e, secret, w); err != nil {
		t.Fatal(err)
	}
}

func (h *hall) mine(t fataler, e *rides.Event, secret string) rides.Mine {
	t.Helper()
	m, err := h.Mine(t.Context(), e, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// offer makes one and returns its id.
func (h *hall) offer(t fataler, e *rides.Event, secret, from, seats string) string {
	t.Helper()
	h.arrange(t, e, secret, rides.Wish{Offer: ride(e, from, seats)})
	return h.mine(t, e, secret).Offer.ID
}

func seats(offer string, n int) rides.Wish { return rides.Wish{Seats: map[string]int{offer: n}} }

// totals are those of towns: offered, taken, wanted.
func (h *hall) totals(t fataler, e *rides.Event) map[string][3]int {
	t.Helper()
	all, err := h.Totals(t.Context(), e.ID)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][3]int{}
	for _, x := range all {
		out[strings.TrimSuffix(x.Label, label)] = [3]int{x.Offered, x.Taken, x.Wanted}
	}
	return out
}

// drifts fails when a counter differs from the rows.
func (h *hall) drifts(t fataler) {
	t.Helper()
	err := h.db.Read(t.Context(), func(tx *db.Tx) error {
		d, err := rides.Drifts(t.Context(), tx)
		if len(d) > 0 {
			t.Errorf("counters differ from their rows: %v", d)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// refusedAs fails unless the error is a fault with the code, as a whole or of a
// field.
func refusedAs(t fataler, err error, code string) {
	t.Helper()
	e := fault.Of(err)
	if e == nil {
		t.Fatalf("error %v, want %s", err, code)
	}
	if e.Code == code {
		return
	}
	for _, f := range e.Fields {
		if f.Code == code {
			return
		}
	}
	t.Fatalf("fault %s %+v, want %s", e.Code, e.Fields, code)
}
