package attendance_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fact"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// hall is the feature without its pages, on one database, with a record of whom
// it told.
type hall struct {
	*attendance.Service
	db       *db.DB
	keys     *db.DB
	keysFile string
	vault    *seal.Vault
	clock    *clock.Manual
	ids      *id.Source
	told     *told
}

// told notes what was told once it was committed.
type told struct {
	mu        sync.Mutex
	promoted  []string // hashes, in order
	changed   int
	slots     []string // whose time has changed
	reminders []string
}

func (r *told) Promoted(_ context.Context, tx *db.Tx, _ id.Event, hash []byte) error {
	tx.OnCommit(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.promoted = append(r.promoted, string(hash))
	})
	return nil
}

func (r *told) Changed(_ context.Context, tx *db.Tx, _ fact.EventChanged) error {
	tx.OnCommit(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.changed++
	})
	return nil
}

func (r *told) PlaceChanged(context.Context, *db.Tx, id.Event) error { return nil }

func (r *told) SlotMoved(_ context.Context, tx *db.Tx, _ id.Event, slot string) error {
	tx.OnCommit(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.slots = append(r.slots, slot)
	})
	return nil
}

func (r *told) Remind(_ context.Context, tx *db.Tx, _ id.Event, what string, start time.Time) error {
	tx.OnCommit(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.reminders = append(r.reminders, what+" of "+start.Format(time.DateTime))
	})
	return nil
}

func (r *told) Named(context.Context, *db.Tx, id.Event) error { return nil }

func (r *told) Told(context.Context, *db.Tx, id.Event) error { return nil }

// take returns the hashes promoted since the last call.
func (r *told) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.promoted
	r.promoted = nil
	return p
}

// halls runs f on both engines.
func halls(t *testing.T, f func(t *testing.T, h *hall)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newHall(t, url(t), filepath.Join(t.TempDir(), "keys.db")))
		})
	}
}

// newHall opens the databases at url and keysFile, as one process would.
func newHall(t *testing.T, url, keysFile string) *hall {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	keys, err := db.Open(t.Context(), db.Options{
		URL: keysFile, Migrations: migrations.Keys, Clock: c, CacheKiB: 512, SecureDelete: true,
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
	h := &hall{db: dbtest.Open(t, url, c), keys: keys, keysFile: keysFile, clock: c, ids: id.NewSource(c, nil), told: &told{}}
	if h.vault, err = seal.Open(keys, seal.BootKey{7, 7, 7}, c); err != nil {
		t.Fatal(err)
	}
	h.Service = attendance.New(attendance.Deps{DB: h.db, Vault: h.vault, Entropy: rand.Reader, Notices: h.told, Facts: noFacts{}})
	return h
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Context() context.Context
}

const (
	eventIn  = 7 * 24 * time.Hour
	eventFor = 2 * time.Hour
)

// publish is an event a week from now, of which the roster is told.
func (h *hall) publish(t fataler, f func(*fact.EventChanged)) fact.EventChanged {
	t.Helper()
	c := fact.EventChanged{Event: id.Event(h.ids.New()), State: "confirmed", OpensTo: true, Start: h.clock.Now().Add(eventIn)}
	c.End = c.Start.Add(eventFor)
	if f != nil {
		f(&c)
	}
	h.insertEvent(t, c.Event)
	h.announce(t, c)
	return c
}

// insertEvent stores the row that a roster belongs to.
func (h *hall) insertEvent(t fataler, e id.Event) {
	t.Helper()
	err := h.db.Write(t.Context(), func(tx *db.Tx) error {
		var n int64
		if err := tx.Get(t.Context(), "select count(*) from event", nil, &n); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `insert into event (id, at_key, uid, title, description, description_html, kind, state, listed,
			starts_at, ends_at, zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes,
			access_no, access_note, capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at)
			values ($1, $2, '', 'Riverside clean-up', '', '', 'meeting', 'confirmed', true, 0, 0, 'UTC', false, 20260509, '', '', '', '', '',
			'', '', 'en', 0, 0, '', 0, '', '', '', '', 0, '', 0, 0)`, string(e), n+1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tell passes a change on, as the feature that owns events does.
func (h *hall) tell(ctx context.Context, c fact.EventChanged) error {
	return h.db.Write(ctx, func(tx *db.Tx) error { return h.EventChanged(ctx, tx, c) })
}

func (h *hall) announce(t fataler, c fact.EventChanged) {
	t.Helper()
	if err := h.tell(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// guest signs a party up and returns the secret.
func (h *hall) guest(t fataler, e id.Event, in attendance.Input) string {
	t.Helper()
	s := h.ids.Secret()
	if _, err := h.SignUp(t.Context(), e, s, in); err != nil {
		t.Fatal(err)
	}
	return s
}

// ledger is everything that is stored of one event's sign-ups.
type ledger struct {
	Capacity, Going, Waiting int
	Open                     bool
	Rows                     map[string]line // by hash
	Queue                    []string        // hashes of those who wait, in order
	Needs                    map[string]int
}

type line struct {
	State attendance.State
	Party int
}

func (h *hall) ledger(t fataler, e id.Event) ledger {
	t.Helper()
	var l ledger
	ctx := t.Context()
	err := h.db.Read(ctx, func(tx *db.Tx) error {
		l = ledger{Rows: map[string]line{}, Needs: map[string]int{}}
		if err := tx.Get(ctx, "select capacity, going, waiting, open from roster where event_id = $1", []any{string(e)},
			&l.Capacity, &l.Going, &l.Waiting, &l.Open); err != nil {
			return err
		}
		err := tx.Each(ctx, "select hash, state, party from attendance where event_id = $1 order by queue", []any{string(e)},
			func(scan func(...any) error) error {
				var hash []byte
				var r line
				if err := scan(&hash, &r.State, &r.Party); err != nil {
					return err
				}
				l.Rows[string(hash)] = r
				if r.State == attendance.Waiting {
					l.Queue = append(l.Queue, string(hash))
				}
				return nil
			})
		if err != nil {
			return err
		}
		return tx.Each(ctx, "select need, people from access_need where event_id = $1 and people <> 0", []any{string(e)},
			func(scan func(...any) error) error {
				var need string
				var n int
				if err := scan(&need, &n); err != nil {
					return err
				}
				l.Needs[need] = n
				return nil
			})
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// sums adds the rows up, to compare with the counters.
func (l ledger) sums() (going, waiting int) {
	for _, r := range l.Rows {
		if r.State == attendance.Going {
			going += r.Party
		} else {
			waiting += r.Party
		}
	}
	return going, waiting
}

// check holds the counters against the rows, and against the capacity.
func (l ledger) check(t fataler) {
	t.Helper()
	if g, w := l.sums(); g != l.Going || w != l.Waiting {
		t.Errorf("counters going %d waiting %d, rows %d and %d", l.Going, l.Waiting, g, w)
	}
	if l.Capacity > 0 && l.Going > l.Capacity {
		t.Errorf("%d people for %d places", l.Going, l.Capacity)
	}
}

// noFacts listens to nothing.
type noFacts struct{}

func (noFacts) Emit(context.Context, *db.Tx, any) error { return nil }
