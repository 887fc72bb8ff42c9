package attendance_test

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
)

// nodes opens one installation as several processes do.
func nodes(t *testing.T, url string, n int) []*hall {
	keys := filepath.Join(t.TempDir(), "keys.db")
	var hs []*hall
	for range n {
		hs = append(hs, newHall(t, url, keys))
	}
	return hs
}

// crowds runs f with SQLite, and with two processes on one PostgreSQL.
func crowds(t *testing.T, f func(t *testing.T, hs []*hall)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, nodes(t, dbtest.SQLite(t), 1))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, nodes(t, dbtest.Postgres(t), 2))
	})
}

const (
	crowdSize = 300
	places    = 100
)

// arriveAll signs everybody up at once, each twice at the same time at
// different nodes, and returns what each was told.
func arriveAll(t *testing.T, hs []*hall, e id.Event) (secrets []string, party map[string]int) {
	t.Helper()
	party = map[string]int{}
	for i := range crowdSize {
		s := hs[0].ids.Secret()
		secrets, party[s] = append(secrets, s), 1+i%3
	}
	var wg sync.WaitGroup
	for i, s := range secrets {
		var answers [2]attendance.Record
		var one sync.WaitGroup
		one.Add(2)
		for k := range answers {
			wg.Go(func() {
				defer one.Done()
				var err error
				answers[k], err = hs[(i+k)%len(hs)].SignUp(t.Context(), e, s, attendance.Input{Party: party[s], Needs: []string{"seating"}})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			one.Wait()
			if answers[0].State != answers[1].State || answers[0].Party != answers[1].Party {
				t.Errorf("one form, two answers: %+v", answers)
			}
		})
	}
	wg.Wait()
	return secrets, party
}

// Three hundred parties for a hundred places at once: never one too many, every
// counter exact, a form sent twice counts once, and who cancels makes room for
// exactly those who come next.
func TestCrowd(t *testing.T) {
	t.Parallel()
	crowds(t, func(t *testing.T, hs []*hall) {
		h := hs[0]
		e := h.publish(t, func(c *fact.EventChanged) { c.Capacity = places })
		secrets, party := arriveAll(t, hs, e.Event)
		l := h.ledger(t, e.Event)
		l.check(t)
		total := 0
		for _, p := range party {
			total += p
		}
		if l.Going+l.Waiting != total || len(l.Rows) != crowdSize || l.Needs["seating"] != crowdSize {
			t.Fatalf("%d going and %d waiting of %d, %d rows, %v", l.Going, l.Waiting, total, len(l.Rows), l.Needs)
		}
		// Full but for what the party at the head of the line has no room in.
		if l.Going < places-2 || l.Going+l.Rows[l.Queue[0]].Party <= places {
			t.Errorf("%d going, and %d first in line", l.Going, l.Rows[l.Queue[0]].Party)
		}
		for _, h := range hs {
			if p := h.told.take(); len(p) != 0 {
				t.Errorf("%d promoted before anybody left", len(p))
			}
		}
		if d := cmp.Diff(l, arriveAgain(t, hs, e.Event, secrets)); d != "" {
			t.Fatalf("retries changed something:\n%s", d)
		}
		leaveAll(t, hs, e.Event, secrets, l)
	})
}

// arriveAgain sends every form once more, with other answers.
func arriveAgain(t *testing.T, hs []*hall, e id.Event, secrets []string) ledger {
	t.Helper()
	var wg sync.WaitGroup
	for i, s := range secrets {
		wg.Go(func() {
			in := attendance.Input{Party: 1 + i%7, Needs: []string{"captions"}}
			if _, err := hs[i%len(hs)].SignUp(t.Context(), e, s, in); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return hs[0].ledger(t, e)
}

// leaveAll lets 25 of those who go leave at once, and checks that the line
// moved up as far as there is room, in order.
func leaveAll(t *testing.T, hs []*hall, e id.Event, secrets []string, before ledger) {
	t.Helper()
	var wg sync.WaitGroup
	left := 0
	for i, s := range secrets {
		if before.Rows[string(id.Hash(s))].State != attendance.Going || left >= 25 {
			continue
		}
		left++
		wg.Go(func() {
			if err := hs[i%len(hs)].Cancel(t.Context(), e, s); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	after := hs[0].ledger(t, e)
	after.check(t)
	n := len(before.Queue) - len(after.Queue)
	if n <= 0 || !slices.Equal(before.Queue[n:], after.Queue) {
		t.Fatalf("the line is not what was behind the first %d", n)
	}
	if after.Going+after.Rows[after.Queue[0]].Party <= places {
		t.Errorf("%d going, and the next %d still wait", after.Going, after.Rows[after.Queue[0]].Party)
	}
	var told []string
	for _, h := range hs {
		told = append(told, h.told.take()...)
	}
	slices.Sort(told)
	want := slices.Sorted(slices.Values(before.Queue[:n]))
	if d := cmp.Diff(want, told); d != "" {
		t.Errorf("who was told:\n%s", d)
	}
}

// While people come and go, the organizer changes the capacity back and forth:
// what was promised is kept, and nothing is promised twice.
func TestCapacityChangesInTheRush(t *testing.T) {
	t.Parallel()
	crowds(t, func(t *testing.T, hs []*hall) {
		h := hs[0]
		e := h.publish(t, func(c *fact.EventChanged) { c.Capacity = 30 })
		var wg sync.WaitGroup
		for i := range 120 {
			wg.Go(func() {
				h, s := hs[i%len(hs)], hs[0].ids.Secret()
				if _, err := h.SignUp(t.Context(), e.Event, s, attendance.Input{Party: 1 + i%3}); err != nil {
					t.Error(err)
				}
				if i%4 == 0 {
					if err := h.Cancel(t.Context(), e.Event, s); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for i := range 20 {
			wg.Go(func() {
				c := e
				c.Capacity = 20 + i*2
				if err := hs[i%len(hs)].tell(t.Context(), c); err != nil && !isVeto(err) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		l := h.ledger(t, e.Event)
		l.check(t)
		if len(l.Rows) != 90 {
			t.Errorf("%d rows", len(l.Rows))
		}
		if len(l.Queue) > 0 && l.Going+l.Rows[l.Queue[0]].Party <= l.Capacity {
			t.Errorf("%d of %d going, and %d still wait", l.Going, l.Capacity, l.Rows[l.Queue[0]].Party)
		}
	})
}

func isVeto(err error) bool { return fault.HasCode(err, "attendance.capacity") }
