package events_test

import (
	"context"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
	"convoke/internal/id"
)

// overFake is the group once it has ended its work.
type overFake struct{ groupsFake }

func (g overFake) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (events.Group, error) {
	out, err := g.groupsFake.ByID(ctx, tx, gid)
	out.Ended = true
	return out, err
}

// A group that has ended its work gets no further dates, and gets those that are
// near by then when it goes on.
func TestRollOfAnEndedGroup(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(dbtest.Now)
	f := setUp(t, dbtest.Open(t, dbtest.SQLite(t), c))
	f.repeat(t, f.make(t, tuesday()), "k1", events.RepeatInput{Unit: events.Months})
	n := len(f.all(t))
	f.Groups = overFake{}
	roll := func() int {
		t.Helper()
		c.Add(60 * 24 * time.Hour)
		if err := f.Roll(t.Context()); err != nil {
			t.Fatal(err)
		}
		return len(f.all(t))
	}
	if got := roll(); got != n {
		t.Errorf("%d dates, %d before the group ended", got, n)
	}
	f.Groups = groupsFake{}
	if got := roll(); got <= n {
		t.Errorf("%d dates after the group went on, %d before", got, n)
	}
}
