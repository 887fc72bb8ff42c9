package grants

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db/dbtest"
)

// What is asked on every page of somebody who is signed in reads no whole table.
func TestQueriesFollowIndexes(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	for q, args := range map[string][]any{
		selectKinds: {"e", "p", 0}, selectGrants: {"e", 0}, selectHeldBy: {"p", 0, 10}, deleteEnded: {0},
	} {
		if plan := dbtest.Plan(t, d, q, args...); strings.Contains(plan, "SCAN") {
			t.Errorf("%s\nreads a whole table:\n%s", q, plan)
		}
	}
}

// A line for each person and day, however many actions were noted, and accounts
// that are gone are not mixed with others.
func TestMergeLooks(t *testing.T) {
	t.Parallel()
	first, second := day.Time(20260602), day.Time(20260601)
	got := merge([]Noted{
		{first, ActLook, "mia", 3},
		{second, ActLook, "mia", 1},
		{second, ActLook, "", 2},
		{day.Time(20260603), ActAddress, "robin", 1},
		{first, ActAddress, "mia", 2},
		{second, ActAddress, "", 1},
	})
	want := []Look{{day.Time(20260603), "robin", 0, 1}, {first, "mia", 3, 2}, {second, "", 2, 1}, {second, "mia", 1, 0}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPlaceInTheList(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{
		"": false, "x": false, strings.Repeat("0", 32): true, strings.Repeat("F", 32): true, strings.Repeat("g", 32): false,
		strings.Repeat("0", 33): false, "' or 1=1 --": false,
	} {
		if got := parseHash(s) != nil; got != ok {
			t.Errorf("%q: %v, want %v", s, got, ok)
		}
	}
}

// Grants last as long as sign-ups, and wait for a postponed event's new date.
func TestEnds(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 6, 6, 18, 0, 0, 0, time.UTC)
	if got := ends(end, false); !got.Equal(end.AddDate(0, 0, 7)) {
		t.Error(got)
	}
	if got := ends(end, true); !got.Equal(end.AddDate(0, 0, 37)) {
		t.Error(got)
	}
}
